// SPDX-License-Identifier: GPL-3.0-or-later
// Comparisons keep the float model's meaning for every constant and every integer of the operand's range.
import { expect } from "chai";
import fc from "fast-check";
import { analyse } from "../../verifier/graph/analyse.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { interpret } from "../../verifier/graph/interpret.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { onnxOf, type TestModel, type TestNode } from "../onnx/model.ts";
import { exactCalibration } from "./exact.ts";

const LO = -12;
const HI = 12;
const grid = Array.from({ length: HI - LO + 1 }, (_, i) => LO + i);
const scalar = (value: number) => ({ dims: [], values: [value] });

/** The graph of nodes from x to y, x on `grid` at an exponent. */
function compileOnGrid(nodes: TestNode[], constants: NonNullable<TestModel["constants"]>, exponent = 0) {
  const onnx = onnxOf({ nodes, inputs: { x: [grid.length] }, outputs: ["y"], constants });
  const exact = exactCalibration(onnx);
  const inputs = exact.inputs.map((input) => ({ ...input, exponent, lo: LO, hi: HI }));
  return { model: parseModel(onnx), graph: compileModel(onnx, { ...exact, inputs }).graph };
}

const RELATIONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  Equal: (a, b) => a === b,
};

/** Constants on the grid, between two of its points, next to one in float32, and beyond every accumulator. */
const threshold = fc.oneof(
  fc.integer({ min: -14, max: 14 }),
  fc.integer({ min: -448, max: 448 }).map((v) => v / 32),
  fc.integer({ min: -14, max: 14 }).map((v) => v * (1 + 2 ** -23)),
  fc.constantFrom(-Infinity, Infinity, -3e38, 3e38, 0, -0),
);

describe("graph/operators: comparisons", () => {
  for (const [op, holds] of Object.entries(RELATIONS)) {
    it(`${op} with a constant means the same at every exponent`, () => {
      fc.assert(
        fc.property(threshold, fc.integer({ min: -2, max: 7 }), fc.boolean(), (given, exponent, first) => {
          const c = Math.fround(given * 2 ** -exponent);
          const inputs = first ? ["c", "x"] : ["x", "c"];
          const { graph } = compileOnGrid([{ op, in: inputs, out: ["y"] }], { c: scalar(c) }, exponent);
          const expected = grid.map((q) => {
            const x = q * 2 ** -exponent;
            return (first ? holds(c, x) : holds(x, c)) ? 1 : 0;
          });
          expect([...(execute(graph, [grid])[0] ?? [])]).to.deep.equal(expected);
        }),
        { numRuns: 60 },
      );
    });
  }

  it("logic keeps booleans between 0 and 1, however deep", () => {
    const nodes: TestNode[] = [{ op: "Less", in: ["x", "c"], out: ["b0"] }];
    for (let i = 0; i < 12; i++)
      nodes.push({
        op: ["Or", "Xor", "And"][i % 3] as string,
        in: [`b${i}`, i < 3 ? "b0" : `b${i - 2}`],
        out: [`b${i + 1}`],
      });
    nodes.push({ op: "Not", in: ["b12"], out: ["y"] });
    const { graph } = compileOnGrid(nodes, { c: scalar(3) });
    expect(graph.tensors.at(-1)).to.include({ lo: 0n, hi: 1n });
  });
});

describe("graph/operators: Where", () => {
  const minusInfinity = [-Infinity, -3.4028234663852886e38];

  for (const mask of minusInfinity) {
    it(`takes ${mask} for -128, in floating point and in integers`, () => {
      const nodes: TestNode[] = [
        { op: "Less", in: ["x", "c"], out: ["b"] },
        { op: "Where", in: ["b", "mask", "x"], out: ["y"] },
      ];
      const { model, graph } = compileOnGrid(nodes, { c: scalar(3), mask: scalar(mask) });
      const expected = Float64Array.from(grid, (q) => (q < 3 ? -128 : q));
      expect(execute(graph, [grid])[0]).to.deep.equal(expected);
      expect(interpret(model, analyse(model), [grid])[0]).to.deep.equal(expected);
    });
  }
});
