// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import { executeTrace } from "../../../verifier/graph/execute.ts";
import type { IntegerGraph } from "../../../verifier/graph/types.ts";
import { lowerGraph } from "../../../verifier/proofs/tensorcheck/lower/index.ts";
import { perceptron, integers } from "../../helpers/circuit-models.ts";
import { failuresOf } from "./ideal.ts";

function prepare(graph: IntegerGraph, inputs: readonly ArrayLike<number>[], tableBits: number) {
  const program = lowerGraph(graph, { tableBits });
  const trace = executeTrace(graph, inputs);
  const outputs = graph.outputs.map(({ tensor }) => trace[tensor] as Float64Array);
  return { program, trace, assignment: { cells: program.witness(trace), inputs, outputs } };
}

describe("tensorcheck: lowering", () => {
  it("a perceptron's honest witness satisfies its program", () => {
    const graph = perceptron([13, 6, 5], { shift: 9 });
    const draw = integers(3);
    const { program, assignment } = prepare(graph, [Float64Array.from({ length: 13 }, () => draw(0, 16))], 12);
    expect(failuresOf(program, assignment)).to.deep.equal([]);
  });
});
