// SPDX-License-Identifier: GPL-3.0-or-later
// Known answers of the integer graph: bytes, hashes and outputs that must not change, for they are on chain.
import { hexToBytes } from "@noble/hashes/utils.js";
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { execute } from "../../verifier/graph/execute.ts";
import { OPS } from "../../verifier/graph/nodes/registry.ts";
import { parseGraph, serializeGraph } from "../../verifier/graph/serialize.ts";
import { fullGraph } from "./full-graph.ts";
import { referenceTrace } from "./reference.ts";

interface Vector {
  readonly graph: string;
  readonly weights: string;
  readonly graphHash: string;
  readonly weightsHash: string;
  readonly inputs: number[][];
  readonly outputs: number[][];
}

const vectorOf = (name: string): Vector =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8")) as Vector;

describe("graph: known answers", () => {
  for (const name of ["graph-linear", "graph-nodes"]) {
    it(name, () => {
      const vector = vectorOf(name);
      const json = new TextEncoder().encode(vector.graph);
      const weights = hexToBytes(vector.weights.slice(2));
      const graph = parseGraph(json, weights);
      const { graphHash, weightsHash } = vector;
      expect(serializeGraph(graph)).to.deep.equal({ json, weights, graphHash, weightsHash });
      expect(execute(graph, vector.inputs).map((values) => [...values])).to.deep.equal(vector.outputs);
      const reference = referenceTrace(graph, vector.inputs);
      expect(graph.outputs.map(({ tensor }) => reference[tensor]?.map(Number))).to.deep.equal(vector.outputs);
    });
  }

  it("graph-nodes has every op, and is what the builder makes today", () => {
    const { graphHash, weightsHash } = vectorOf("graph-nodes");
    expect(serializeGraph(fullGraph())).to.include({ graphHash, weightsHash });
    expect(new Set(fullGraph().nodes.map(({ op }) => op))).to.deep.equal(new Set(OPS));
  });
});
