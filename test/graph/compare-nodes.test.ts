// SPDX-License-Identifier: GPL-3.0-or-later
// Maxima and minima as operators lower them: aligned exponents, reductions of any length in n - 1 comparisons.
import { expect } from "chai";
import fc from "fast-check";
import { newGraphBuilder } from "../../verifier/graph/builder.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { addMaximum, addMinimum, addReduction } from "../../verifier/graph/operators/compare-nodes.ts";
import { sizeOf } from "../../verifier/tensor/spec.ts";

const LABEL = { from: "node", name: "y" };

describe("graph/operators: maximum and minimum", () => {
  it("align exponents to the finer one, and broadcast a single value", () => {
    const builder = newGraphBuilder();
    const spec = { type: "i8", lo: -10, hi: 10 } as const;
    const a = builder.addInput("a", { ...spec, shape: [3], exponent: 0 });
    const b = builder.addInput("b", { ...spec, shape: [1], exponent: 2 });
    const graph = builder.finish([
      { name: "max", tensor: addMaximum(builder, a, b, LABEL), type: "i8" },
      { name: "min", tensor: addMinimum(builder, b, a, LABEL), type: "i8" },
    ]);
    expect(graph.outputs.map(({ spec: { exponent, lo, hi } }) => [exponent, lo, hi])).to.deep.equal([
      [2, -10, 40],
      [2, -40, 10],
    ]);
    const [most, least] = execute(graph, [[-2, 1, 10], [5]]).map((values) => [...values]);
    expect(most).to.deep.equal([5, 5, 40]);
    expect(least).to.deep.equal([-8, 4, 5]);
  });

  it("reduce the first axis of any length, with one comparison less than it has rows", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("maximum", "minimum"),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom([], [1], [3], [2, 2]),
        fc.infiniteStream(fc.integer({ min: -100, max: 100 })),
        (op, rows, rest, stream) => {
          const builder = newGraphBuilder();
          const shape = [rows, ...rest];
          const inner = sizeOf(rest);
          const input = builder.addInput("x", { shape, type: "i8", exponent: 0, lo: -100, hi: 100 });
          const graph = builder.finish([{ name: "y", tensor: addReduction(builder, op, input, LABEL), type: "i8" }]);
          const values = [...stream.take(rows * inner)];
          const best = op === "maximum" ? Math.max : Math.min;
          const expected = Array.from({ length: inner }, (_, i) => best(...values.filter((_, k) => k % inner === i)));
          expect([...(execute(graph, [values])[0] ?? [])]).to.deep.equal(expected);
          expect(graph.outputs[0]?.spec.shape).to.deep.equal(rest.length === 0 ? [1] : rest);
          const comparisons = graph.nodes.filter((node) => node.op === op).map((node) => graph.tensors[node.output]);
          expect(comparisons.reduce((sum, tensor) => sum + sizeOf(tensor?.shape ?? []), 0)).to.equal(
            (rows - 1) * inner,
          );
        },
      ),
    );
  });
});
