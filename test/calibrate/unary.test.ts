// SPDX-License-Identifier: GPL-3.0-or-later
// Operators by table against onnxruntime: half a step of the table's grid apart, and no more. And what needs no table.
import { expect } from "chai";
import { calibrate } from "../../verifier/calibrate/calibrate.ts";
import { loadFloatModel } from "../../verifier/calibrate/float-model.ts";
import { analyse } from "../../verifier/graph/analyse.ts";
import type { Calibration } from "../../verifier/graph/calibration.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { interpret } from "../../verifier/graph/interpret.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { circuitRefusals } from "../../verifier/proofs/groth16/emit.ts";
import { exactCalibration } from "../graph/exact.ts";
import { codeOf } from "../graph/codes.ts";
import { onnxOf, type TestNode } from "../onnx/model.ts";
import { node } from "./case.ts";
import { TABLE_CASES, UNARY_CASES, type TableCase } from "./unary-cases.ts";
import { expectNear } from "../helpers/near.ts";

const INPUT_EXPONENT = 9;
const OUTPUT_EXPONENT = 16;
const VALUES = 101;

/** The model of a case on values spread over its range, calibrated by hand. */
function built({ nodes, constants = {}, lo, hi, opset = 17 }: TableCase) {
  const onnx = onnxOf({ nodes, inputs: { x: [VALUES] }, outputs: ["y"], constants, opset });
  const base = exactCalibration(onnx);
  const [least, most] = [Math.ceil(lo * 2 ** INPUT_EXPONENT), Math.floor(hi * 2 ** INPUT_EXPONENT)];
  const calibration: Calibration = {
    ...base,
    inputs: [{ name: "x", type: "i16", exponent: INPUT_EXPONENT, lo: least, hi: most }],
    constants: base.constants.map((entry) => ({ ...entry, exponent: 12 })),
    tensors: base.tensors.map((entry) => ({ ...entry, exponent: 12 })),
    lookups: base.lookups.map((entry) => ({
      ...entry,
      exponent: OUTPUT_EXPONENT,
      input: { exponent: INPUT_EXPONENT, lo: least, hi: most },
    })),
  };
  const integers = Array.from({ length: VALUES }, (_, i) => Math.round(least + ((most - least) * i) / (VALUES - 1)));
  return { onnx, graph: compileModel(onnx, calibration).graph, integers };
}

describe("calibrate/unary: tables", () => {
  for (const example of TABLE_CASES) {
    it(example.name, async () => {
      const { onnx, graph, integers } = built(example);
      const reals = integers.map((q) => q * 2 ** -INPUT_EXPONENT);
      const model = parseModel(onnx);
      const float = await loadFloatModel(onnx, model, ["y"]);
      try {
        const [expected = new Float64Array()] = await float.run([reals]);
        const [interpreted = new Float64Array()] = interpret(model, analyse(model), [reals]);
        const [actual = new Float64Array()] = execute(graph, [integers]);
        const unit = 2 ** -(graph.outputs[0]?.spec.exponent ?? NaN);
        expected.forEach((v, i) => {
          const slack = 4e-6 * Math.max(1, Math.abs(v)); // onnxruntime's single precision
          expectNear(interpreted[i], v, slack, `interpreter at ${reals[i]}`);
          const { tolerance = 2 ** -(OUTPUT_EXPONENT + 1) } = example;
          expectNear((actual[i] as number) * unit, v, tolerance + slack, `at ${reals[i]}`);
        });
      } finally {
        await float.release();
      }
    });
  }

  it("are refused parameters that make no function", () => {
    const refused = (op: string, attributes: Parameters<typeof node>[2], opset = 20) =>
      codeOf(() =>
        analyse(
          parseModel(onnxOf({ nodes: [node(op, ["x"], attributes)], inputs: { x: [2] }, outputs: ["y"], opset })),
        ),
      );
    expect(refused("Celu", { alpha: { float: 0 } })).to.equal("ONNX_UNSUPPORTED");
    expect(refused("Elu", { alpha: { float: NaN } })).to.equal("ONNX_UNSUPPORTED");
    expect(refused("Elu", { alpha: 1 })).to.equal("ONNX_UNSUPPORTED");
    expect(refused("Gelu", { approximate: "sometimes" })).to.equal("ONNX_UNSUPPORTED");
    expect(refused("Clip", { min: { float: NaN } }, 7)).to.equal("ONNX_UNSUPPORTED");
    expect(refused("Shrink", { lambd: { float: -1 } })).to.equal("ONNX_UNSUPPORTED");
    expect(refused("HardSigmoid", { alpha: { float: Infinity } })).to.equal("ONNX_UNSUPPORTED");
    expect(refused("LeakyRelu", { alpha: { float: Infinity } })).to.equal("ONNX_UNSUPPORTED");
  });

  it("take the nearer end beyond the calibrated range of the operand", () => {
    const { onnx } = built({ name: "", nodes: [node("Tanh", ["x"])], lo: -4, hi: 4 });
    const base = exactCalibration(onnx);
    const lookups = base.lookups.map((entry) => ({ ...entry, exponent: 8, input: { exponent: 2, lo: -4, hi: 3 } }));
    const inputs = [{ name: "x", type: "i16", exponent: 4, lo: -64, hi: 64 }] as const;
    const { graph } = compileModel(onnx, { ...base, inputs, lookups });
    const x = new Float64Array(VALUES);
    x.set([-64, -17, -16, -1, 0, 2, 12, 13, 64]);
    expect(execute(graph, [x])[0]?.slice(0, 9)).to.deep.equal(
      Float64Array.of(-1, -1, -1, -0.0625, 0, 0.125, 0.75, 0.75, 0.75).map((v) =>
        Math.round(Math.tanh(Math.floor(v * 4 + 0.5) / 4) * 256),
      ),
    );
  });

  it("are calibrated: Sigmoid and Tanh between layers lose little", async () => {
    const weights = (seed: number, rows: number, columns: number) => ({
      dims: [rows, columns],
      values: Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 12.9898 + seed) * 1.5),
    });
    const onnx = onnxOf({
      nodes: [
        { op: "MatMul", in: ["x", "a"], out: ["h"] },
        { op: "Sigmoid", in: ["h"], out: ["s"] },
        { op: "MatMul", in: ["s", "b"], out: ["g"] },
        { op: "Tanh", in: ["g"], out: ["t"] },
        node("MatMul", ["t", "c"]),
      ],
      inputs: { x: [1, 6] },
      outputs: ["y"],
      constants: { a: weights(1, 6, 8), b: weights(2, 8, 8), c: weights(3, 8, 3) },
    });
    const samples = Array.from({ length: 40 }, (_, s) => [
      Array.from({ length: 6 }, (_, i) => Math.sin(s * 78.233 + i * 3.7) * 2),
    ]);
    const { relativeError, calibration } = await calibrate(onnx, samples, { target: "tensorcheck" });
    expect(relativeError).to.be.below(0.02);
    expect(calibration.lookups).to.have.length(2);
    const { graph } = compileModel(onnx, calibration);
    expect(graph.nodes.filter(({ op }) => op === "table")).to.have.length(2);
    expect(circuitRefusals(graph)).to.deep.equal([]);
  });
});

describe("calibrate/unary: what is piecewise linear takes no table, and everything has a circuit", () => {
  const tabulated = /with a table|^Mod /;
  for (const { name, x, nodes, constants = {}, opset = 17, inputType = 1, range = [-100, 100] } of UNARY_CASES) {
    it(name, () => {
      const onnx = onnxOf({ nodes, inputs: { x }, outputs: ["y"], constants, opset, inputType });
      const base = exactCalibration(onnx);
      const inputs = base.inputs.map((entry) => ({ ...entry, lo: range[0], hi: range[1] }));
      const { graph } = compileModel(onnx, { ...base, inputs });
      expect(graph.nodes.some(({ op }) => op === "table")).to.equal(tabulated.test(name));
      expect(circuitRefusals(graph)).to.deep.equal([]);
    });
  }

  it("integers that do not fit: narrowing and shifts are refused, fractions saturate", () => {
    const compiled = (nodes: TestNode[], inputType: number, lo: number, hi: number) => {
      const onnx = onnxOf({
        nodes,
        inputs: { x: [2] },
        outputs: ["y"],
        inputType,
        constants: { c: { dims: [], values: [4], type: "int64" } },
      });
      const inputs = [{ name: "x", type: "i16", exponent: 0, lo, hi }] as const;
      return compileModel(onnx, { ...exactCalibration(onnx), inputs }).graph;
    };
    const [int64, uint8, int8] = [7, 2, 3];
    const narrow = [node("Cast", ["x"], { to: int8 })];
    expect(execute(compiled(narrow, int64, -128, 127), [[-128, 127]])[0]).to.deep.equal(Float64Array.of(-128, 127));
    expect(codeOf(() => compiled(narrow, int64, -129, 127))).to.equal("ONNX_UNSUPPORTED");
    expect(codeOf(() => compiled(narrow, int64, 0, 128))).to.equal("ONNX_UNSUPPORTED");
    expect(execute(compiled(narrow, 1, -300, 300), [[-300, 300]])[0]).to.deep.equal(Float64Array.of(-128, 127));
    const left: TestNode[] = [
      { op: "Cast", in: ["c"], out: ["k"], attributes: { to: uint8 } },
      node("BitShift", ["x", "k"], { direction: "LEFT" }),
    ];
    expect(compiled(left, uint8, 0, 15).outputs[0]?.spec.exponent).to.equal(-4);
    expect(codeOf(() => compiled(left, uint8, 0, 16))).to.equal("ONNX_UNSUPPORTED");
  });

  it("Clip of a coarse grid at fractions keeps them, and rounds and clips in one look-up on a fine one", () => {
    const onnx = onnxOf({
      nodes: [node("Clip", ["x"], { min: { float: -0.5 }, max: { float: 2.25 } })],
      inputs: { x: [4] },
      outputs: ["y"],
      opset: 10,
    });
    const base = exactCalibration(onnx);
    const graphAt = (inputExponent: number, exponent: number) =>
      compileModel(onnx, {
        ...base,
        inputs: base.inputs.map((entry) => ({ ...entry, exponent: inputExponent })),
        tensors: base.tensors.map((entry) => ({ ...entry, exponent, bits: 8 })),
      }).graph;
    const coarse = graphAt(0, 6);
    expect(execute(coarse, [[-3, 1, 2, 3]])[0]).to.deep.equal(Float64Array.of(-32, 64, 128, 144));
    const fine = graphAt(5, 2);
    expect(execute(fine, [[-100, 3, 4, 100]])[0]).to.deep.equal(Float64Array.of(-2, 0, 1, 9));
    expect(fine.nodes.map(({ op }) => op)).to.deep.equal(["requantize"]);
  });
});
