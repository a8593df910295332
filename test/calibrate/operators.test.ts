// SPDX-License-Identifier: GPL-3.0-or-later
// Every operator and attribute against onnxruntime, on small integers: nothing is rounded, so results must be equal.
import { expect } from "chai";
import { loadFloatModel } from "../../verifier/calibrate/float-model.ts";
import { analyse } from "../../verifier/graph/analyse.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { interpret } from "../../verifier/graph/interpret.ts";
import { SUPPORTED_OPERATORS } from "../../verifier/graph/operators/registry.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { exactCalibration } from "../graph/exact.ts";
import { onnxOf, type TestNode, type TestTensor } from "../onnx/model.ts";
import { half, ints, node, ramp, type Case } from "./case.ts";
import { BITWISE_CASES } from "./bitwise-cases.ts";
import { COMPOSITE_CASES } from "./composite-cases.ts";
import { COMPARE_CASES } from "./compare-cases.ts";
import { CONV_CASES } from "./conv-cases.ts";
import { GATHER_CASES } from "./gather-cases.ts";
import { INEXACT_CASES } from "./inexact-cases.ts";
import { RANK_CASES } from "./rank-cases.ts";
import { RESIZE_CASES } from "./resize-cases.ts";
import { TABLE_CASES, UNARY_CASES } from "./unary-cases.ts";
import { REDUCE_CASES, TABLED_REDUCE_CASES } from "./reduce-cases.ts";
import { ML_CASES, REAL_CASES } from "./ml-cases.ts";
import { expectNear } from "../helpers/near.ts";

/** Operators that move values. Attributes of old opsets, inputs of new ones. */
const INDEX_CASES: Case[] = [
  { name: "Transpose", x: [2, 3, 4], nodes: [node("Transpose", ["x"], { perm: [1, 2, 0] })] },
  { name: "Transpose reverses by default", x: [2, 3], nodes: [node("Transpose", ["x"])] },
  {
    name: "Transpose of a constant folds",
    x: [3, 2],
    nodes: [{ op: "Transpose", in: ["c"], out: ["t"] }, node("Add", ["x", "t"])],
    constants: { c: ramp([2, 3]) },
  },
  { name: "Squeeze all", x: [1, 3, 1], nodes: [node("Squeeze", ["x"])] },
  { name: "Squeeze by attribute", x: [1, 3, 1], nodes: [node("Squeeze", ["x"], { axes: [-1] })], opset: 11 },
  { name: "Squeeze by input", x: [1, 3, 1], nodes: [node("Squeeze", ["x", "a"])], constants: { a: ints(0) } },
  { name: "Unsqueeze by attribute", x: [2, 3], nodes: [node("Unsqueeze", ["x"], { axes: [0, 2] })], opset: 7 },
  { name: "Unsqueeze by input", x: [2, 3], nodes: [node("Unsqueeze", ["x", "a"])], constants: { a: ints(-1, 0) } },
  {
    name: "Split in equal parts",
    x: [2, 6],
    nodes: [{ op: "Split", in: ["x"], out: ["a", "y", "b"], attributes: { axis: 1 } }],
  },
  {
    name: "Split by attribute",
    x: [5, 2],
    nodes: [{ op: "Split", in: ["x"], out: ["a", "y"], attributes: { split: [2, 3] } }],
    opset: 11,
  },
  {
    name: "Split by input, both parts used",
    x: [2, 4],
    nodes: [{ op: "Split", in: ["x", "s"], out: ["a", "b"], attributes: { axis: -1 } }, node("Add", ["a", "b"])],
    constants: { s: ints(2, 2) },
  },
  {
    name: "Split by num_outputs, the last smaller",
    x: [5],
    nodes: [{ op: "Split", in: ["x"], out: ["a", "y"], attributes: { num_outputs: 2 } }],
    opset: 18,
  },
  {
    name: "Slice of opset 7",
    x: [4, 5],
    nodes: [node("Slice", ["x"], { starts: [1, -3], ends: [3, 100], axes: [0, 1] })],
    opset: 7,
  },
  {
    name: "Slice with steps, also backwards",
    x: [4, 7],
    nodes: [node("Slice", ["x", "s", "e", "a", "t"])],
    constants: { s: ints(-1, 1), e: ints(-100, 6), a: ints(0, -1), t: ints(-2, 3) },
  },
  {
    name: "Slice without axes",
    x: [4, 5],
    nodes: [node("Slice", ["x", "s", "e"])],
    constants: { s: ints(2, 0), e: ints(2 ** 53, -1) },
  },
  {
    name: "Gather of rows, negative and repeated",
    x: [3, 2],
    nodes: [node("Gather", ["x", "i"])],
    constants: { i: { dims: [2, 2], values: [2, -3, 2, 1], type: "int64" } },
  },
  {
    name: "Gather of a single column drops the axis",
    x: [2, 3, 2],
    nodes: [node("Gather", ["x", "i"], { axis: 1 })],
    constants: { i: { dims: [], values: [-1], type: "int64" } },
  },
  {
    name: "Pad of opset 7, with a value and a crop",
    x: [3, 3],
    nodes: [node("Pad", ["x"], { pads: [1, -1, 0, 2], value: { float: 7 } })],
    opset: 7,
  },
  { name: "Pad by input", x: [2, 3], nodes: [node("Pad", ["x", "p"])], constants: { p: ints(0, 2, 1, 0) } },
  {
    name: "Pad with a value on one axis",
    x: [2, 3],
    nodes: [node("Pad", ["x", "p", "v", "a"])],
    constants: { p: ints(1, 2), v: { dims: [], values: [-5] }, a: ints(-1) },
    opset: 18,
  },
  {
    name: "Pad reflect",
    x: [3, 4],
    nodes: [node("Pad", ["x", "p"], { mode: "reflect" })],
    constants: { p: ints(2, 1, 1, 3) },
  },
  {
    name: "Pad edge",
    x: [3, 2],
    nodes: [node("Pad", ["x", "p"], { mode: "edge" })],
    constants: { p: ints(2, 3, 0, 1) },
  },
  { name: "Expand", x: [3, 1], nodes: [node("Expand", ["x", "s"])], constants: { s: ints(2, 1, 4) } },
  { name: "Tile", x: [2, 3], nodes: [node("Tile", ["x", "r"])], constants: { r: ints(2, 3) } },
];

const scalar = (value: number): TestTensor => ({ dims: [], values: [value] });

const ELEMENTWISE_CASES: Case[] = [
  {
    name: "Add of activations that broadcast",
    x: [2, 3],
    nodes: [
      { op: "Slice", in: ["x", "s", "e", "s"], out: ["column"] },
      { op: "Transpose", in: ["x"], out: ["t"] },
      { op: "Unsqueeze", in: ["t", "a"], out: ["u"] },
      node("Add", ["u", "column"]),
    ],
    constants: { s: ints(1), e: ints(2), a: ints(1) },
  },
  { name: "Sub a constant", x: [2, 3], nodes: [node("Sub", ["x", "c"])], constants: { c: ramp([3]) } },
  { name: "Sub from a constant", x: [2, 3], nodes: [node("Sub", ["c", "x"])], constants: { c: ramp([2, 1]) } },
  {
    name: "Sub of activations",
    x: [2, 3],
    nodes: [{ op: "MatMul", in: ["x", "w"], out: ["h"] }, node("Sub", ["x", "h"])],
    constants: { w: ramp([3, 3]) },
  },
  {
    name: "Sub of constants folds",
    x: [2, 3],
    nodes: [{ op: "Sub", in: ["a", "b"], out: ["c"] }, node("Add", ["x", "c"])],
    constants: { a: ramp([2, 1]), b: ramp([3]) },
  },
  { name: "Neg", x: [2, 3], nodes: [node("Neg", ["x"])] },
  { name: "Mul by a scalar", x: [2, 3], nodes: [node("Mul", ["x", "c"])], constants: { c: scalar(-12) } },
  { name: "Mul by zero", x: [2, 3], nodes: [node("Mul", ["x", "c"])], constants: { c: scalar(0) } },
  { name: "Mul a channel", x: [2, 3, 2], nodes: [node("Mul", ["c", "x"])], constants: { c: ramp([3, 1]) } },
  { name: "Mul each value", x: [2, 3], nodes: [node("Mul", ["x", "c"])], constants: { c: ramp([2, 3]) } },
  {
    name: "Mul by a constant that skips an axis",
    x: [2, 3, 2],
    nodes: [node("Mul", ["x", "c"])],
    constants: { c: ramp([2, 1, 2]) },
  },
  { name: "Mul broadcasts its input", x: [3, 1], nodes: [node("Mul", ["x", "c"])], constants: { c: ramp([2, 1, 4]) } },
  { name: "Mul of a single value", x: [1], nodes: [node("Mul", ["x", "c"])], constants: { c: ramp([2, 3]) } },
  { name: "Mul by one value of higher rank", x: [3], nodes: [node("Mul", ["x", "c"])], constants: { c: ramp([1, 1]) } },
  { name: "Mul itself", x: [2, 3], nodes: [node("Mul", ["x", "x"])] },
  {
    name: "Mul of activations that broadcast",
    x: [3, 1],
    nodes: [{ op: "Transpose", in: ["x"], out: ["t"] }, node("Mul", ["x", "t"])],
  },
  {
    name: "Div by constants, exact",
    x: [2, 3],
    nodes: [node("Div", ["x", "c"])],
    constants: { c: { dims: [3], values: [-2, 0.25, 1] } },
    exponent: 1,
  },
  {
    name: "Div of integer constants truncates",
    x: [2, 3],
    nodes: [
      { op: "Div", in: ["a", "b"], out: ["q"] },
      { op: "Mul", in: ["q", "o"], out: ["s"] },
      { op: "Neg", in: ["s"], out: ["n"] },
      node("Reshape", ["x", "n"]),
    ],
    constants: { a: ints(-7, 5), b: ints(2, -2), o: ints(1, 1) },
  },
];

const SHAPE_CASES: Case[] = [
  {
    name: "Concat on an inner axis, one operand twice",
    x: [2, 3],
    nodes: [{ op: "Neg", in: ["x"], out: ["n"] }, node("Concat", ["x", "n", "x"], { axis: -1 })],
  },
  {
    name: "Concat with constants",
    x: [2, 3],
    nodes: [node("Concat", ["a", "x", "b"], { axis: 0 })],
    constants: { a: ramp([1, 3]), b: ramp([2, 3]) },
  },
  {
    name: "Concat aligns exponents",
    x: [1, 3],
    nodes: [{ op: "Add", in: ["x", "c"], out: ["h"] }, node("Concat", ["x", "h"], { axis: 1 })],
    constants: { c: { dims: [3], values: [0.5, 1, -0.5] } },
    exponent: 1,
  },
  {
    name: "a flatten written as Shape, Gather, Unsqueeze, Concat, Reshape",
    x: [2, 3, 2],
    nodes: [
      { op: "Relu", in: ["x"], out: ["r"] },
      { op: "Shape", in: ["r"], out: ["s"] },
      { op: "Gather", in: ["s", "zero"], out: ["n"], attributes: { axis: 0 } },
      { op: "Unsqueeze", in: ["n", "axes"], out: ["u"] },
      { op: "Concat", in: ["u", "rest"], out: ["t"], attributes: { axis: 0 } },
      node("Reshape", ["r", "t"]),
    ],
    constants: { zero: { dims: [], values: [0], type: "int64" }, axes: ints(0), rest: ints(-1) },
  },
  {
    name: "Shape from start to end, ConstantOfShape",
    x: [2, 3, 4],
    nodes: [
      { op: "Shape", in: ["x"], out: ["s"], attributes: { start: 1, end: -1 } },
      { op: "ConstantOfShape", in: ["s"], out: ["c"], attributes: { value: { dims: [1], values: [7] } } },
      { op: "Unsqueeze", in: ["c", "a"], out: ["u"] },
      node("Add", ["x", "u"]),
    ],
    constants: { a: ints(1) },
  },
  {
    name: "Range backwards as indices",
    x: [5, 2],
    nodes: [{ op: "Range", in: ["a", "b", "d"], out: ["i"] }, node("Gather", ["x", "i"])],
    constants: {
      a: { dims: [], values: [4], type: "int64" },
      b: { dims: [], values: [-1], type: "int64" },
      d: { dims: [], values: [-2], type: "int64" },
    },
  },
];

const CASES: Case[] = [
  ...CONV_CASES,
  ...ML_CASES,
  ...COMPARE_CASES,
  ...GATHER_CASES,
  ...BITWISE_CASES,
  ...RANK_CASES,
  ...RESIZE_CASES,
  ...REDUCE_CASES,
  ...COMPOSITE_CASES,
  ...UNARY_CASES,
  { name: "Gemm", x: [2, 3], nodes: [node("Gemm", ["x", "w", "c"])], constants: { w: ramp([3, 4]), c: ramp([4]) } },
  { name: "Gemm without C", x: [2, 3], nodes: [node("Gemm", ["x", "w"])], constants: { w: ramp([3, 4]) } },
  {
    name: "Gemm transB",
    x: [2, 3],
    nodes: [node("Gemm", ["x", "w", "c"], { transB: 1 })],
    constants: { w: ramp([4, 3]), c: ramp([1, 4]) },
  },
  {
    name: "Gemm alpha, beta",
    x: [1, 3],
    nodes: [node("Gemm", ["x", "w", "c"], { alpha: { float: -3 }, beta: { float: 2 } })],
    constants: { w: ramp([3, 4]), c: ramp([4]) },
  },
  {
    name: "Gemm transA, one row",
    x: [3, 1],
    nodes: [node("Gemm", ["x", "w"], { transA: 1 })],
    constants: { w: ramp([3, 4]) },
  },
  {
    name: "Gemm transA, one column",
    x: [1, 3],
    nodes: [node("Gemm", ["x", "w"], { transA: 1 })],
    constants: { w: ramp([1, 4]) },
  },
  {
    name: "Gemm with C a column",
    x: [2, 3],
    nodes: [node("Gemm", ["x", "w", "c"])],
    constants: { w: ramp([3, 4]), c: ramp([2, 1]) },
  },
  {
    name: "Gemm with a full C",
    x: [2, 3],
    nodes: [node("Gemm", ["x", "w", "c"])],
    constants: { w: ramp([3, 4]), c: ramp([2, 4]) },
  },
  {
    name: "Gemm with a scalar C",
    x: [2, 3],
    nodes: [node("Gemm", ["x", "w", "c"])],
    constants: { w: ramp([3, 4]), c: { dims: [], values: [5] } },
  },
  {
    name: "Gemm with a constant first factor",
    x: [3, 1],
    nodes: [node("Gemm", ["w", "x", "c"])],
    constants: { w: ramp([4, 3]), c: ramp([4, 1]) },
  },
  {
    name: "Gemm with a constant first factor, both transposed",
    x: [1, 3],
    nodes: [node("Gemm", ["w", "x"], { transA: 1, transB: 1 })],
    constants: { w: ramp([3, 4]) },
  },
  {
    name: "Gemm of constants folds",
    x: [2, 4],
    nodes: [
      { op: "Gemm", in: ["a", "b", "c"], out: ["g"], attributes: { transA: 1, alpha: { float: 2 } } },
      node("Add", ["x", "g"]),
    ],
    constants: { a: ramp([3, 2]), b: ramp([3, 4]), c: ramp([4]) },
  },
  { name: "MatMul", x: [2, 3], nodes: [node("MatMul", ["x", "w"])], constants: { w: ramp([3, 4]) } },
  { name: "MatMul of rank 3", x: [2, 2, 3], nodes: [node("MatMul", ["x", "w"])], constants: { w: ramp([3, 4]) } },
  { name: "MatMul with a vector", x: [2, 3], nodes: [node("MatMul", ["x", "w"])], constants: { w: ramp([3]) } },
  { name: "MatMul of a vector", x: [3], nodes: [node("MatMul", ["x", "w"])], constants: { w: ramp([3, 4]) } },
  { name: "MatMul of vectors", x: [3], nodes: [node("MatMul", ["x", "w"])], constants: { w: ramp([3]) } },
  {
    name: "MatMul with a constant first factor",
    x: [3, 1],
    nodes: [node("MatMul", ["w", "x"])],
    constants: { w: ramp([4, 3]) },
  },
  {
    name: "MatMul with a constant first factor and a vector",
    x: [3],
    nodes: [node("MatMul", ["w", "x"])],
    constants: { w: ramp([4, 3]) },
  },
  {
    name: "MatMul with a constant first vector",
    x: [3],
    nodes: [node("MatMul", ["w", "x"])],
    constants: { w: ramp([3]) },
  },
  {
    name: "MatMul of constants folds",
    x: [2, 2],
    nodes: [{ op: "MatMul", in: ["a", "b"], out: ["g"] }, node("Add", ["g", "x"])],
    constants: { a: ramp([2, 3]), b: ramp([3, 2]) },
  },
  { name: "Add a bias", x: [2, 3], nodes: [node("Add", ["x", "c"])], constants: { c: ramp([3]) } },
  {
    name: "Add, constant first, higher rank",
    x: [2, 3],
    nodes: [node("Add", ["c", "x"])],
    constants: { c: ramp([1, 2, 3]) },
  },
  { name: "Add a scalar", x: [2, 3], nodes: [node("Add", ["x", "c"])], constants: { c: { dims: [], values: [-4] } } },
  { name: "Add to a single value", x: [1, 1], nodes: [node("Add", ["x", "c"])], constants: { c: ramp([2, 3]) } },
  { name: "Add itself", x: [2, 3], nodes: [node("Add", ["x", "x"])] },
  {
    name: "Add activations of other ranks",
    x: [2, 3],
    nodes: [{ op: "Reshape", in: ["x", "s"], out: ["r"] }, node("Add", ["r", "x"])],
    constants: { s: ints(1, 2, 3) },
  },
  {
    name: "Add constants folds",
    x: [2, 3],
    nodes: [{ op: "Add", in: ["a", "b"], out: ["c"] }, node("Add", ["x", "c"])],
    constants: { a: ramp([2, 1]), b: ramp([3]) },
  },
  {
    name: "a skip connection",
    x: [1, 3],
    nodes: [
      { op: "MatMul", in: ["x", "w"], out: ["h"] },
      { op: "Relu", in: ["h"], out: ["r"] },
      node("Add", ["r", "x"]),
    ],
    constants: { w: ramp([3, 3]) },
  },
  { name: "Relu", x: [2, 3], nodes: [node("Relu", ["x"])] },
  {
    name: "Relu of a constant folds",
    x: [3],
    nodes: [{ op: "Relu", in: ["c"], out: ["r"] }, node("Add", ["x", "r"])],
    constants: { c: ramp([3]) },
  },
  { name: "Flatten", x: [2, 3, 2], nodes: [node("Flatten", ["x"])] },
  { name: "Flatten axis 0", x: [2, 3, 2], nodes: [node("Flatten", ["x"], { axis: 0 })] },
  { name: "Flatten axis -1", x: [2, 3, 2], nodes: [node("Flatten", ["x"], { axis: -1 })] },
  { name: "Flatten axis 3", x: [2, 3, 2], nodes: [node("Flatten", ["x"], { axis: 3 })] },
  { name: "Reshape with 0 and -1", x: [2, 3, 2], nodes: [node("Reshape", ["x", "s"])], constants: { s: ints(0, -1) } },
  {
    name: "Reshape by a Constant node",
    x: [2, 3],
    nodes: [{ op: "Constant", in: [], out: ["s"], attributes: { value: ints(3, 2) } }, node("Reshape", ["x", "s"])],
  },
  {
    name: "Reshape by value_ints",
    x: [2, 3],
    nodes: [{ op: "Constant", in: [], out: ["s"], attributes: { value_ints: [6] } }, node("Reshape", ["x", "s"])],
  },
  {
    name: "a Constant of value_float",
    x: [2, 3],
    nodes: [{ op: "Constant", in: [], out: ["c"], attributes: { value_float: { float: 3 } } }, node("Add", ["x", "c"])],
  },
  {
    name: "Reshape of a constant folds",
    x: [3, 2],
    nodes: [{ op: "Reshape", in: ["c", "s"], out: ["r"] }, node("Add", ["x", "r"])],
    constants: { c: ramp([6]), s: ints(3, -1) },
  },
  {
    name: "Cast to float64 and back",
    x: [2, 3],
    nodes: [{ op: "Cast", in: ["x"], out: ["d"], attributes: { to: 11 } }, node("Cast", ["d"], { to: 1 })],
  },
  {
    name: "Cast of a constant truncates",
    x: [3],
    nodes: [
      { op: "Cast", in: ["c"], out: ["i"], attributes: { to: 7 } },
      { op: "Cast", in: ["i"], out: ["f"], attributes: { to: 1 } },
      node("Add", ["x", "f"]),
    ],
    constants: { c: { dims: [3], values: [1.5, -1.5, 2.75] } },
  },
  { name: "Identity", x: [2, 3], nodes: [{ op: "Identity", in: ["x"], out: ["i"] }, node("Relu", ["i"])] },
  { name: "Dropout at inference", x: [2, 3], nodes: [node("Dropout", ["x"])], opset: 13 },
  ...INDEX_CASES,
  ...ELEMENTWISE_CASES,
  ...SHAPE_CASES,
  { name: "Dropout of opset 7", x: [2, 3], nodes: [node("Dropout", ["x"], { ratio: half })], opset: 7 },
];

describe("calibrate/operators: integers equal onnxruntime", () => {
  for (const {
    name,
    x,
    nodes,
    constants = {},
    opset = 17,
    mlOpset = 3,
    exponent = 0,
    inputType = 1,
    range = [-100, 100],
  } of CASES) {
    it(name, async () => {
      const onnx = onnxOf({ nodes, inputs: { x }, outputs: ["y"], constants, opset, mlOpset, inputType });
      const calibration = exactCalibration(onnx);
      const [lo, hi] = range;
      const { graph } = compileModel(onnx, {
        ...calibration,
        inputs: calibration.inputs.map((entry) => ({ ...entry, lo, hi })),
        constants: calibration.constants.map((entry) => ({ ...entry, exponent })),
        tensors: calibration.tensors.map((entry) => ({ ...entry, exponent })),
      });
      const scale = 2 ** (graph.outputs[0]?.spec.exponent ?? NaN);
      const size = x.reduce((p, d) => p * d, 1);
      const input = Array.from({ length: size }, (_, i) => ((i * 53 + 11) % (hi - lo + 1)) + lo);
      const model = parseModel(onnx);
      const float = await loadFloatModel(onnx, model, ["y"]);
      try {
        const [expected = new Float64Array()] = await float.run([input]);
        const [interpreted = new Float64Array()] = interpret(model, analyse(model), [input]);
        const tolerance = 1e-5 * Math.max(1, ...expected.map(Math.abs)); // onnxruntime computes in single precision
        expect(interpreted.length).to.equal(expected.length);
        interpreted.forEach((v, i) => expectNear(v, expected[i] as number, tolerance, "interpreter"));
        expect(execute(graph, [input])[0]).to.deep.equal(expected.map((v) => v * scale + 0));
      } finally {
        await float.release();
      }
    });
  }

  it("every supported operator has a case", () => {
    const covered = new Set(
      [
        ...[...CASES, ...TABLE_CASES, ...TABLED_REDUCE_CASES, ...INEXACT_CASES].flatMap(({ nodes }) => nodes),
        ...REAL_CASES.map((real) => real.node),
      ].map(({ op, domain }) => (domain === undefined ? op : `${domain}.${op}`)),
    );
    expect([...covered].sort()).to.deep.equal([...SUPPORTED_OPERATORS].sort());
  });

  it("feeds int64 and double inputs, and sizes a symbolic batch", async () => {
    for (const [inputType, cast] of [
      [7, 1],
      [11, 1],
      [6, 1],
      [2, 1],
    ] as const) {
      const nodes: TestNode[] = [
        { op: "Cast", in: ["x"], out: ["f"], attributes: { to: cast } },
        node("MatMul", ["f", "w"]),
      ];
      const onnx = onnxOf({
        nodes,
        inputs: { x: ["batch", 3] },
        inputType,
        outputs: ["y"],
        constants: { w: ramp([3, 2]) },
      });
      const float = await loadFloatModel(onnx, parseModel(onnx), ["y"]);
      const { graph } = compileModel(onnx, exactCalibration(onnx));
      expect(await float.run([[1, 2, 3]])).to.deep.equal(execute(graph, [[1, 2, 3]]));
      await float.release();
    }
  });
});
