// SPDX-License-Identifier: GPL-3.0-or-later
// Convolutions, pools and reductions: what is refused, and integers computed by hand.
import { expect } from "chai";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import type { Calibration } from "../../verifier/graph/calibration.ts";
import { onnxOf, type TestModel, type TestNode } from "../onnx/model.ts";
import { errorOf } from "./codes.ts";
import { exactCalibration } from "./exact.ts";

/** Compiles one node from x to y. */
function compileNode(
  x: number[],
  node: Partial<TestNode>,
  constants: TestModel["constants"] = {},
  change: (calibration: Calibration) => Calibration = (calibration) => calibration,
) {
  const nodes = [{ op: "Conv", in: ["x", "w"], out: ["y"], ...node }];
  const onnx = onnxOf({ nodes, inputs: { x }, outputs: ["y"], constants });
  return compileModel(onnx, change(exactCalibration(onnx))).graph;
}

/** Each of these is ONNX_UNSUPPORTED, and its reason says why. */
function expectRefusals(
  cases: [why: RegExp, x: number[], node: Partial<TestNode>, constants?: TestModel["constants"]][],
) {
  for (const [why, x, node, constants] of cases) {
    const error = errorOf(() => compileNode(x, node, constants));
    expect(error.code, String(why)).to.equal("ONNX_UNSUPPORTED");
    expect(error.message).to.match(why);
  }
}

const zeros = (...dims: number[]) => ({
  dims,
  values: Array.from({ length: dims.reduce((p, d) => p * d, 1) }, () => 0),
});

describe("graph/lower: Conv", () => {
  it("is one node, its bias at input + weight exponent", () => {
    const constants = { w: { dims: [1, 1, 2], values: [0.5, -1.5] }, c: { dims: [1], values: [0.25] } };
    const graph = compileNode([1, 1, 3], { in: ["x", "w", "c"], attributes: { pads: [1, 0] } }, constants, (exact) => ({
      ...exact,
      inputs: exact.inputs.map((input) => ({ ...input, exponent: 3 })),
      constants: [{ name: "y", exponent: 2, bits: 3 }],
    }));
    expect(graph.nodes).to.have.length(1);
    expect(graph.tensors[1]).to.deep.include({ shape: [1, 1, 3], exponent: 5 });
    // Weights 2 and -6, clamped to -4; bias 0.25 * 2^5 = 8; windows [0, 8], [8, 16], [16, 24].
    expect(execute(graph, [[8, 16, 24]])[0]).to.deep.equal(Float64Array.of(8 - 32, 8 + 16 - 64, 8 + 32 - 96));
  });

  it("refuses what it cannot mean, naming attribute or input", () => {
    const w = zeros(2, 3, 2, 2);
    const x = [1, 3, 4, 4];
    const with_ = (attributes: TestNode["attributes"] = {}): Partial<TestNode> => ({ attributes });
    expectRefusals([
      [/input W depends on the inputs/, x, { in: ["x", "x"] }],
      [/input B depends on the inputs/, x, { in: ["x", "w", "x"] }, { w }],
      [/input B of 3 values; accepted: 2/, x, { in: ["x", "w", "c"] }, { w, c: zeros(3) }],
      [/weights: has a NaN/, x, {}, { w: { ...w, values: w.values.map(() => NaN) } }],
      [/accepted: \[N, C, 1 to 3 spatial axes\]/, [3, 4], {}, { w }],
      [/a kernel \[2\] over \[4,4\]/, x, {}, { w: zeros(2, 3, 2) }],
      [/attribute group = 2/, x, with_({ group: 2 }), { w }],
      [/attribute group = 0/, x, with_({ group: 0 }), { w }],
      [/attribute kernel_shape = \[3,3\]/, x, with_({ kernel_shape: [3, 3] }), { w }],
      [/attribute strides = \[0,1\]/, x, with_({ strides: [0, 1] }), { w }],
      [/attribute strides = \[1\]/, x, with_({ strides: [1] }), { w }],
      [/attribute strides is of kind int/, x, with_({ strides: 1 }), { w }],
      [/attribute dilations = \[1,16777217\]/, x, with_({ dilations: [1, 2 ** 24 + 1] }), { w }],
      [/attribute pads = \[-1,0,0,0\]/, x, with_({ pads: [-1, 0, 0, 0] }), { w }],
      [/attribute auto_pad = SAME;/, x, with_({ auto_pad: "SAME" }), { w }],
      [/a window \[5,2\] larger than the padded input/, x, with_({ dilations: [4, 1] }), { w }],
    ]);
  });
});

describe("graph/lower: normalization and pools", () => {
  it("BatchNormalization folds its parameters into a scale and a shift a channel", () => {
    const channel = (...values: number[]) => ({ dims: [2], values });
    const graph = compileNode(
      [1, 2, 1, 2],
      { op: "BatchNormalization", in: ["x", "s", "b", "m", "v"], attributes: { epsilon: { float: 1 } } },
      { s: channel(6, -4), b: channel(1, 2), m: channel(10, -3), v: channel(8, 3) },
    );
    // Scales 6 / sqrt(9) = 2 and -4 / sqrt(4) = -2; shifts 1 - 10 * 2 = -19 and 2 - (-3) * (-2) = -4.
    expect(graph.nodes.map(({ op }) => op)).to.deep.equal(["reshape", "convolution", "reshape"]);
    expect(execute(graph, [[1, 2, 3, 4]])[0]).to.deep.equal(Float64Array.of(-17, -15, -10, -12));
  });

  it("MaxPool is exact at the ends of the input's range, and needs no calibration", () => {
    const graph = compileNode([1, 1, 4], { op: "MaxPool", in: ["x"], attributes: { kernel_shape: [4] } });
    for (let i = 0; i < 4; i++) {
      const x = [-100, -100, -100, -100];
      expect(execute(graph, [x])[0]).to.deep.equal(Float64Array.of(-100));
      x[i] = 100;
      expect(execute(graph, [x])[0]).to.deep.equal(Float64Array.of(100));
    }
  });

  it("refuses what they cannot mean, naming attribute, input or output", () => {
    const x = [1, 3, 4, 4];
    const c = zeros(3);
    const pool = (attributes: NonNullable<TestNode["attributes"]>, op = "MaxPool", out = ["y"]): Partial<TestNode> => ({
      op,
      in: ["x"],
      out,
      attributes,
    });
    const batchNorm = (inputs: string[], attributes: TestNode["attributes"] = {}, out = ["y"]): Partial<TestNode> => ({
      op: "BatchNormalization",
      in: inputs,
      out,
      attributes,
    });
    const huge = [2 ** 24, 2 ** 24];
    const around = [...huge, ...huge];
    const all = ["x", "c", "c", "c", "c"];
    expectRefusals([
      [/attribute kernel_shape is missing/, x, pool({})],
      [/output Indices/, x, pool({ kernel_shape: [2, 2] }, "MaxPool", ["y", "i"])],
      [/lies in the padding only/, x, pool({ kernel_shape: [1, 1], pads: [1, 0, 0, 0] })],
      [/up to 4096 taps/, [1, 1, 80, 80], pool({ kernel_shape: [80, 80] })],
      [/positions; accepted: up to 2\^24 taps/, x, pool({ kernel_shape: [1, 1], pads: around })],
      [
        /a window .*; accepted: up to 2\^24 taps/,
        x,
        pool({ kernel_shape: huge, pads: around, count_include_pad: 1 }, "AveragePool"),
      ],
      [
        /lies in the padding only/,
        x,
        pool({ kernel_shape: [2, 2], pads: [0, 0, 2, 0], strides: [1, 1] }, "AveragePool"),
      ],
      [/accepted: \[N, C, 1 to 3 spatial axes\]/, [1, 3], pool({}, "GlobalAveragePool")],
      [/accepted: \[N, C, 1 to 3 spatial axes\]/, [1, 3], pool({}, "GlobalMaxPool")],
      [/input mean is missing or depends/, x, batchNorm(["x", "c", "c", "x", "c"]), { c }],
      [/input scale of 2 values; accepted: 3/, x, batchNorm(all), { c: zeros(2) }],
      [/attribute training_mode = 1/, x, batchNorm(all, { training_mode: 1 }), { c }],
      [/attribute spatial = 0/, x, batchNorm(all, { spatial: 0 }), { c }],
      [/outputs after the first/, x, batchNorm(all, {}, ["y", "m"]), { c }],
      [/weights: has a NaN or infinite/, x, batchNorm(all, { epsilon: { float: 0 } }), { c }],
      [/accepted: \[N, C, \.\.\]/, [3], batchNorm(all), { c }],
    ]);
  });
});
