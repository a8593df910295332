// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { newGraphBuilder } from "../../../verifier/graph/builder.ts";
import { executeTrace } from "../../../verifier/graph/execute.ts";
import type { IntegerGraph } from "../../../verifier/graph/types.ts";
import { assertProgram } from "../../../verifier/proofs/tensorcheck/check-program.ts";
import { lowerGraph, tensorcheckRefusals } from "../../../verifier/proofs/tensorcheck/lower/index.ts";
import { arbitraryCase, randomInputs } from "../../graph/arbitraries.ts";
import { fullGraph } from "../../graph/full-graph.ts";
import { loadDigits } from "../../helpers/circuit-digits.ts";
import { codeOf } from "../../helpers/errors.ts";
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

  it("clamps to the same ends share one table, whatever their shifts", () => {
    const builder = newGraphBuilder();
    const input = builder.addInput("x", { shape: [4], type: "i16", exponent: 0, lo: -2000, hi: 2000 });
    const outputs = [1, 2, 3].map((shift) => {
      const node = { kind: "lookup", op: "requantize", from: ["relu"], input, shift, lo: 0n, hi: 200n } as const;
      return {
        name: `${shift}`,
        tensor: builder.addNode(node, { name: `${shift}`, exponent: -shift }),
        type: "u8" as const,
      };
    });
    const { program, assignment } = prepare(builder.finish(outputs), [[-2000, -1, 200, 2000]], 12);
    // x >> 1 lies in -1000..1000: 2^11 rows around 0.
    expect(program.columns.find(({ name }) => name === "values of tables")?.bits).to.equal(11);
    expect(failuresOf(program, assignment)).to.deep.equal([]);
  });

  it("refuses tensors whose pads take too many cells, naming the node", async () => {
    const builder = newGraphBuilder();
    const shape = [9, 9, 9, 9, 9, 9, 9];
    const input = builder.addInput("x", { shape, type: "i8", exponent: 0, lo: 0, hi: 1 });
    const node = { kind: "lookup", op: "isZero", from: ["huge"], input } as const;
    const tensor = builder.addNode(node, { name: "y", exponent: 0 });
    const graph = builder.finish([{ name: "y", tensor, type: "u8" }]);
    expect(tensorcheckRefusals(graph).map(({ node: name }) => name)).to.deep.equal(["huge"]);
    expect(await codeOf(() => lowerGraph(graph, { tableBits: 8 }))).to.equal("TENSORCHECK_UNSUPPORTED");
  });
});
