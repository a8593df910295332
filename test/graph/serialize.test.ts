// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { VerigradError } from "../../verifier/errors.ts";
import { parseGraph, serializeGraph } from "../../verifier/graph/serialize.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { arbitraryCase, randomInputs } from "./arbitraries.ts";
import { fullGraph } from "./full-graph.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);

/** "ok" or the VerigradError's code; anything else thrown fails the test. */
function outcome(json: Uint8Array, weights: Uint8Array): string {
  try {
    parseGraph(json, weights);
    return "ok";
  } catch (error) {
    if (error instanceof VerigradError) return error.code;
    throw error;
  }
}

const REFUSALS = ["GRAPH_MALFORMED", "GRAPH_ACCUMULATOR_OVERFLOW", "GRAPH_OUTPUT_RANGE", "TENSOR_SPEC_INVALID"];

describe("graph/serialize", () => {
  it("reads back what it wrote: same graph, same bytes, same outputs", () => {
    fc.assert(
      fc.property(arbitraryCase, ({ graph, draw }) => {
        const { json, weights, graphHash, weightsHash } = serializeGraph(graph);
        const again = parseGraph(json, weights);
        expect(again).to.deep.equal(graph);
        expect(serializeGraph(again)).to.deep.equal({ json, weights, graphHash, weightsHash });
        const inputs = randomInputs(graph, draw);
        expect(execute(again, inputs)).to.deep.equal(execute(graph, inputs));
      }),
      { numRuns: 150 },
    );
  });

  it("is canonical JSON: sorted keys, no white space", () => {
    const { json } = serializeGraph(fullGraph());
    const sorted = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(sorted)
        : value !== null && typeof value === "object"
          ? Object.fromEntries(
              Object.entries(value)
                .sort(([a], [b]) => (a < b ? -1 : 1))
                .map(([k, v]) => [k, sorted(v)]),
            )
          : value;
    expect(text(json)).to.equal(JSON.stringify(sorted(JSON.parse(text(json)))));
  });

  it("refuses every form that is not canonical", () => {
    const { json, weights } = serializeGraph(fullGraph());
    const source = text(json);
    expect(outcome(json, weights)).to.equal("ok");
    const forms: Record<string, string> = {
      "white space": source.replace("{", "{ "),
      "trailing newline": `${source}\n`,
      "byte order mark": `\ufeff${source}`,
      "unknown key": source.replace('{"format"', '{"extra":1,"format"'),
      "duplicate key": source.replace('{"format"', '{"format":"x","format"'),
      "key order": source.replace(/"exponent":(-?\d+),"hi":(-?\d+)/, '"hi":$2,"exponent":$1'),
      "number as exponent form": source.replace(/"shift":3/, '"shift":3e0'),
      "small integer as string": source.replace(/"shift":3/, '"shift":"3"'),
      "control character in a name": source.replace(/"name":"/, '"name":"\\n'),
      "other format": source.replace("graph.v1", "graph.v2"),
      "not JSON": source.slice(1),
      null: "null",
      "deep nesting": "[".repeat(100_000),
    };
    for (const [name, form] of Object.entries(forms)) {
      expect(form, name).not.to.equal(source);
      expect(outcome(utf8(form), weights), name).to.equal("GRAPH_MALFORMED");
    }
    expect(outcome(json, weights.subarray(1)), "weights short").to.equal("GRAPH_MALFORMED");
    expect(outcome(json, Uint8Array.of(...weights, 0)), "weights long").to.equal("GRAPH_MALFORMED");
    expect(outcome(Uint8Array.of(0xff, ...json), weights), "not UTF-8").to.equal("GRAPH_MALFORMED");
  });

  it("refuses a changed integer anywhere in graph.json, unless it makes another well-formed graph", () => {
    const { json, weights } = serializeGraph(fullGraph());
    const source = text(json);
    for (const match of source.matchAll(/(?<=[:,[])-?\d+(?=[,\]}])/g)) {
      for (const value of ["-1", "9007199254740991", String(Number(match[0]) + 1)]) {
        const changed = utf8(source.slice(0, match.index) + value + source.slice(match.index + match[0].length));
        const result = outcome(changed, weights);
        if (result === "ok") expect(serializeGraph(parseGraph(changed, weights)).json).to.deep.equal(changed);
        else expect(REFUSALS).to.include(result);
      }
    }
  });

  it("refuses ranges that are not the proven ones", () => {
    const graph = fullGraph();
    const { json, weights } = serializeGraph(graph);
    const source = JSON.parse(text(json)) as { tensors: { lo: number; hi: number }[] };
    for (let id = graph.inputs.length; id < source.tensors.length; id++) {
      const tensors = source.tensors.map((tensor, i) => (i === id ? { ...tensor, hi: Number(tensor.hi) + 1 } : tensor));
      expect(outcome(utf8(JSON.stringify({ ...source, tensors })), weights), `tensor ${id}`).to.equal(
        "GRAPH_MALFORMED",
      );
    }
  });

  it("refuses nodes without effect and constants wider than they need to be", () => {
    const graph = fullGraph();
    const [first] = graph.tensors;
    if (first === undefined) throw new Error("a graph has tensors");
    const dead = { kind: "index", op: "reshape", from: ["dead"], input: 0, output: graph.tensors.length } as const;
    const withDead = { ...graph, nodes: [...graph.nodes, dead], tensors: [...graph.tensors, first] };
    expect(() => serializeGraph(withDead)).to.throw(VerigradError, /"dead" has no effect/);
    const nodes = graph.nodes.map((node) =>
      node.op === "fullyConnected" ? { ...node, weights: { ...node.weights, width: 4 as const } } : node,
    );
    expect(() => serializeGraph({ ...graph, nodes })).to.throw(VerigradError, /not the narrowest/);
  });

  it("never allocates what a hostile header claims", () => {
    const { json, weights } = serializeGraph(fullGraph());
    const source = text(json);
    for (const huge of ["[16777216,16777216]", "[9007199254740991]", "[4294967296,4294967296,4294967296]"]) {
      const hostile = source.replaceAll(/"shape":\[[\d,]+\]/g, `"shape":${huge}`);
      expect(REFUSALS).to.include(outcome(utf8(hostile), weights));
    }
  });

  it("random byte flips are refused or give another graph, and nothing but a VerigradError is thrown", () => {
    const { json, weights } = serializeGraph(fullGraph());
    fc.assert(
      fc.property(fc.nat(json.length - 1), fc.nat(255), fc.nat(weights.length - 1), fc.nat(255), (i, a, j, b) => {
        const hostileJson = json.slice();
        const hostileWeights = weights.slice();
        hostileJson[i] = a;
        hostileWeights[j] = b;
        for (const [g, w] of [
          [hostileJson, weights],
          [json, hostileWeights],
        ] as const) {
          expect(["ok", ...REFUSALS]).to.include(outcome(g, w));
        }
      }),
      { numRuns: 400 },
    );
  });
});
