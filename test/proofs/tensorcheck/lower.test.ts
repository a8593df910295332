// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { executeTrace } from "../../../verifier/graph/execute.ts";
import type { IntegerGraph } from "../../../verifier/graph/types.ts";
import { assertProgram } from "../../../verifier/proofs/tensorcheck/check-program.ts";
import { lowerGraph } from "../../../verifier/proofs/tensorcheck/lower/index.ts";
import { arbitraryCase, randomInputs } from "../../graph/arbitraries.ts";
import { fullGraph } from "../../graph/full-graph.ts";
import { loadDigits } from "../../helpers/circuit-digits.ts";
import { integers } from "../../helpers/circuit-models.ts";
import { failuresOf } from "./ideal.ts";

/** A program with its honest witness. */
function prepare(graph: IntegerGraph, inputs: readonly ArrayLike<number>[], tableBits: number) {
  const program = lowerGraph(graph, { tableBits });
  assertProgram(program);
  const trace = executeTrace(graph, inputs);
  const outputs = graph.outputs.map(({ tensor }) => trace[tensor] as Float64Array);
  return { program, trace, assignment: { cells: program.witness(trace), inputs, outputs } };
}

describe("tensorcheck: lowering", () => {
  it("the honest witness of examples/digits satisfies its program", () => {
    const { graph, samples } = loadDigits();
    const { program, assignment } = prepare(graph, samples[0] as readonly Float64Array[], 9);
    expect(failuresOf(program, assignment)).to.deep.equal([]);
  });

  for (const tableBits of [6, 10])
    it(`so does that of a graph with every op, with tables of ${tableBits} bits`, () => {
      const graph = fullGraph();
      const { program, assignment } = prepare(graph, randomInputs(graph, integers(3)), tableBits);
      expect(failuresOf(program, assignment)).to.deep.equal([]);
    });

  it("so does that of any graph, on any input", () => {
    fc.assert(
      fc.property(arbitraryCase, fc.integer({ min: 5, max: 9 }), ({ graph, draw }, tableBits) => {
        const { program, assignment } = prepare(graph, randomInputs(graph, draw), tableBits);
        expect(failuresOf(program, assignment)).to.deep.equal([]);
      }),
      { numRuns: 60 },
    );
  });
});
