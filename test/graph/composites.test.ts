// SPDX-License-Identifier: GPL-3.0-or-later
// Composite operators whose integers are computed by hand, where onnxruntime cannot be asked.
import { expect } from "chai";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { onnxOf, type TestModel, type TestNode } from "../onnx/model.ts";
import { exactCalibration } from "./exact.ts";

/** The integers that a model with input x and output y gives, every exponent 0. */
function run(x: number[], nodes: TestNode[], constants: TestModel["constants"], input: number[]): number[] {
  const onnx = onnxOf({ nodes, inputs: { x }, outputs: ["y"], constants: constants ?? {} });
  const { graph } = compileModel(onnx, exactCalibration(onnx));
  return Array.from(execute(graph, [input])[0] ?? []);
}

describe("graph/composites", () => {
  it("a Split of which only the second part has a name, varying or constant", () => {
    const s = { dims: [3], values: [1, 2, 1], type: "int64" } as const;
    const split = (input: string): TestNode => ({ op: "Split", in: [input, "s"], out: ["", "y", ""] });
    expect(run([4], [split("x")], { s }, [5, 6, 7, 8])).to.deep.equal([6, 7]);
    const nodes: TestNode[] = [
      { op: "Split", in: ["c", "s"], out: ["", "p"] },
      { op: "Mul", in: ["x", "p"], out: ["y"] },
    ];
    const constants = { c: { dims: [3], values: [2, 3, 4] }, s: { dims: [2], values: [1, 2], type: "int64" } } as const;
    expect(run([2], nodes, constants, [10, 20])).to.deep.equal([30, 80]);
  });

  it("QuantizeLinear rounds halves up, saturates, and brings a coarse operand to integers", () => {
    const nodes: TestNode[] = [
      { op: "QuantizeLinear", in: ["x", "s", "z"], out: ["q"] },
      { op: "Cast", in: ["q"], out: ["y"], attributes: { to: 1 } },
    ];
    const constants = { s: { dims: [], values: [1] }, z: { dims: [], values: [10], type: "uint8" } } as const;
    const onnx = onnxOf({ nodes, inputs: { x: [4] }, outputs: ["y"], constants });
    const exact = exactCalibration(onnx);
    const at = (exponent: number, input: number[]): number[] => {
      const inputs = exact.inputs.map((entry) => ({ ...entry, exponent }));
      return Array.from(execute(compileModel(onnx, { ...exact, inputs }).graph, [input])[0] ?? []);
    };
    // 0.5, -0.5, 1.5 and -12.5 are halves: up to 1, 0, 2, -12; the last is then clamped to -10.
    expect(at(1, [1, -1, 3, -25])).to.deep.equal([11, 10, 12, 0]);
    expect(at(-2, [1, -2, 61, 62])).to.deep.equal([14, 2, 254, 255]);
  });
});
