// SPDX-License-Identifier: GPL-3.0-or-later
// Composite operators whose integers are computed by hand, where onnxruntime cannot be asked.
import { expect } from "chai";
import { analyse } from "../../verifier/graph/analyse.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { interpret } from "../../verifier/graph/interpret.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
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

  it("recurrent cells with the batch first are those with time first, moved", () => {
    const [time, batch, inputs, hidden] = [3, 2, 2, 2];
    const real = (...dims: number[]) => ({
      dims,
      values: Array.from({ length: dims.reduce((p, d) => p * d, 1) }, (_, i) => Math.sin(i + dims.length)),
    });
    for (const [op, gates] of [
      ["LSTM", 4],
      ["GRU", 3],
      ["RNN", 1],
    ] as const) {
      const constants = {
        w: real(2, gates * hidden, inputs),
        r: real(2, gates * hidden, hidden),
        h: real(batch, 2, hidden),
      };
      const outputs = op === "LSTM" ? ["y", "h1", "c1"] : ["y", "h1"];
      const attributes = { hidden_size: hidden, direction: "bidirectional" };
      const states = op === "LSTM" ? ["h", "h"] : ["h"];
      const cell = {
        op,
        in: ["x", "w", "r", "", "", ...states],
        out: outputs,
        attributes: { ...attributes, layout: 1 },
      };
      const moved = (from: string, to: string, perm: number[]): TestNode => ({
        op: "Transpose",
        in: [from],
        out: [to],
        attributes: { perm },
      });
      const around: TestNode[] = [
        moved("x", "xt", [1, 0, 2]),
        moved("h", "ht", [1, 0, 2]),
        {
          op,
          in: ["xt", "w", "r", "", "", ...states.map((name) => `${name}t`)],
          out: outputs.map((name) => `${name}t`),
          attributes,
        },
        moved("yt", "y", [2, 0, 1, 3]),
        ...outputs.slice(1).map((name) => moved(`${name}t`, name, [1, 0, 2])),
      ];
      const [first, second] = [[cell], around].map((nodes) => {
        const model = parseModel(onnxOf({ nodes, inputs: { x: [batch, time, inputs] }, outputs, constants }));
        return interpret(model, analyse(model), [real(batch, time, inputs).values]);
      });
      expect(first?.map((values) => values.length)).to.deep.equal([24, 8, 8].slice(0, outputs.length));
      expect(first).to.deep.equal(second);
    }
  });
});
