// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { drawModel, escapeXml } from "../../verifier/graph/draw.ts";
import type { InspectedNode } from "../../verifier/graph/inspect.ts";
import { layOut, type Box } from "../../verifier/graph/layout.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { onnxOf, PERCEPTRON } from "../onnx/model.ts";

/** Acyclic graphs: each box reads earlier ones. */
const graphs = fc
  .array(fc.tuple(fc.integer({ min: 10, max: 200 }), fc.array(fc.nat(), { maxLength: 3 })), { maxLength: 40 })
  .map((list) =>
    list.map(([width, reads], i): Box => ({ width, reads: i === 0 ? [] : [...new Set(reads.map((r) => r % i))] })),
  );

describe("graph/layout", () => {
  it("edges go down, boxes do not overlap, everything is inside", () => {
    fc.assert(
      fc.property(graphs, (boxes) => {
        const { boxes: places, edges, width, height } = layOut(boxes);
        expect(places).to.have.length(boxes.length);
        expect(edges).to.have.length(boxes.reduce((sum, { reads }) => sum + reads.length, 0));
        for (const { from, to, points } of edges) {
          expect(boxes[to]?.reads).to.include(from);
          expect(points[0]).to.deep.equal(places[from]);
          expect(points.at(-1)).to.deep.equal(places[to]);
          for (let i = 1; i < points.length; i++) expect(points[i]?.y).to.be.greaterThan(points[i - 1]?.y as number);
        }
        places.forEach(({ x, y }, i) => {
          const half = (boxes[i] as Box).width / 2;
          expect(x - half).to.be.at.least(0);
          expect(x + half).to.be.at.most(width);
          expect(y).to.be.within(0, height);
          for (let k = 0; k < i; k++) {
            const other = places[k] as (typeof places)[number];
            if (other.y !== y) continue;
            expect(Math.abs(other.x - x)).to.be.at.least(half + (boxes[k] as Box).width / 2 - 1); // rounded centers
          }
        });
      }),
      { numRuns: 200 },
    );
  });

  it("a chain is one straight line, and a long one takes no time", () => {
    const chain = Array.from({ length: 4000 }, (_, i): Box => ({ width: 60, reads: i === 0 ? [] : [i - 1] }));
    const { boxes } = layOut(chain);
    expect(new Set(boxes.map(({ x }) => x)).size).to.equal(1);
    // Each box reads all before it: millions of waypoints, if there were any.
    const dense = Array.from({ length: 500 }, (_, i): Box => ({ width: 60, reads: [...Array(i).keys()] }));
    expect(layOut(dense).edges).to.have.length((500 * 499) / 2);
  }).timeout(20_000);
});

describe("graph/draw", () => {
  const model = parseModel(onnxOf(PERCEPTRON));
  const nodeOf = (node: (typeof model.nodes)[number], change: Partial<InspectedNode> = {}): InspectedNode => ({
    ...{ name: node.name, operator: node.operator, status: "compiled", inputs: node.inputs, kinds: ["linear"] },
    outputs: node.outputs.map((name) => ({ name, type: "float32", shape: [1, 2], range: null })),
    ...{ parameters: 0, macs: 6, requantizations: 0, tableEntries: 0, cost: {} },
    ...change,
  });

  it("draws each node that counts, inputs, outputs and what connects them", () => {
    const nodes = model.nodes.map((node, i) => nodeOf(node, i === 3 ? { status: "dropped" } : {}));
    const svg = drawModel(model, { nodes, outputs: ["y"] });
    const titles = [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map((match) => match[1]);
    expect(titles).to.deep.equal(["x", "fc1", "relu", "fc2", "y"]);
    expect(svg.match(/<path /g)).to.have.length(4);
    expect(svg)
      .to.match(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*>/)
      .and.to.match(/<\/svg>\n$/);
    expect(svg).to.contain("[1,2] 6 MACs");
  });

  it("a name can inject nothing: no markup, no attribute, no character that XML lacks", () => {
    const hostile = `</title><script>alert(1)</script>"' onload='x' &amp; ]]> \ufffe\ud800`;
    fc.assert(
      fc.property(fc.oneof(fc.constant(hostile), fc.string({ unit: "binary" })), (name) => {
        const nodes = model.nodes.map((node) => nodeOf(node, { name, operator: name }));
        const svg = drawModel(model, { nodes, outputs: ["p"] });
        const plain = drawModel(model, {
          nodes: model.nodes.map((node) => nodeOf(node, { name: "n", operator: "n" })),
          outputs: ["p"],
        });
        const tags = (text: string): string[] =>
          [...text.matchAll(/<[^>]*/g)].map((m) => m[0].replace(/"[^"]*"/g, '""'));
        expect(tags(svg)).to.deep.equal(tags(plain));
        expect(escapeXml(name)).to.not.match(/[<>"']|&(?!#\d+;)|[\0-\x08\ufffe\uffff]/);
      }),
      { numRuns: 100, examples: [[hostile]] },
    );
  });
});
