// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts for functions of one value that need no table: equal to onnxruntime on small integers.
// And cases of unary.test.ts for those that do.
import { half, ints, node, ramp, type Case } from "./case.ts";
import type { TestModel, TestNode, TestTensor } from "../onnx/model.ts";

const scalar = (value: number): TestTensor => ({ dims: [], values: [value] });
const quarter = { float: 0.25 };

/** x / 4, so that there is something to round: all fractions of a quarter, both signs. */
const quarters = (op: string): Case => ({
  name: `${op} of quarters`,
  x: [3, 31],
  nodes: [{ op: "Mul", in: ["x", "c"], out: ["q"] }, node(op, ["q"])],
  constants: { c: scalar(0.25) },
  exponent: 2,
});

const UINT8 = { inputType: 2, range: [0, 31] } as const;

/** A constant of another integer type than the test writes. */
const cast = (name: string, from: string, to: number): TestNode => ({
  op: "Cast",
  in: [from],
  out: [name],
  attributes: { to },
});

export const UNARY_CASES: Case[] = [
  { name: "Abs", x: [2, 3], nodes: [node("Abs", ["x"])] },
  { name: "Abs of what is not negative", x: [2, 3], nodes: [node("Abs", ["x"])], range: [0, 50] },
  { name: "Sign", x: [7, 29], nodes: [node("Sign", ["x"])] },
  { name: "LeakyRelu", x: [2, 3], nodes: [node("LeakyRelu", ["x"], { alpha: quarter })], exponent: 2 },
  { name: "LeakyRelu above 1", x: [2, 3], nodes: [node("LeakyRelu", ["x"], { alpha: { float: 3 } })] },
  { name: "LeakyRelu below 0", x: [2, 3], nodes: [node("LeakyRelu", ["x"], { alpha: { float: -6 } })], exponent: -1 },
  { name: "LeakyRelu of 0", x: [2, 3], nodes: [node("LeakyRelu", ["x"], { alpha: { float: 0 } })], exponent: 5 },
  { name: "PRelu, one slope", x: [2, 3], nodes: [node("PRelu", ["x", "s"])], constants: { s: scalar(-3) } },
  {
    name: "PRelu, a slope a channel",
    x: [2, 3, 2],
    nodes: [node("PRelu", ["x", "s"])],
    constants: { s: { dims: [3, 1], values: [0.25, -2, 0] } },
    exponent: 2,
  },
  {
    name: "PRelu, slopes that vary",
    x: [2, 3],
    nodes: [{ op: "Neg", in: ["x"], out: ["n"] }, node("PRelu", ["x", "n"])],
  },
  { name: "Clip", x: [2, 3], nodes: [node("Clip", ["x", "l", "h"])], constants: { l: scalar(-20), h: scalar(33) } },
  { name: "Clip without max", x: [2, 3], nodes: [node("Clip", ["x", "l"])], constants: { l: scalar(-20) } },
  { name: "Clip without min", x: [2, 3], nodes: [node("Clip", ["x", "", "h"])], constants: { h: scalar(-20) } },
  { name: "Clip without bounds", x: [2, 3], nodes: [node("Clip", ["x"])] },
  {
    name: "Clip whose min is above max",
    x: [2, 3],
    nodes: [node("Clip", ["x", "l", "h"])],
    constants: { l: scalar(20), h: scalar(-3) },
  },
  {
    name: "Clip at infinities",
    x: [2, 3],
    nodes: [node("Clip", ["x", "l", "h"])],
    constants: { l: scalar(-3.4028234663852886e38), h: scalar(3.4028234663852886e38) },
  },
  {
    name: "Clip of doubles at bounds beyond single precision",
    x: [2, 3],
    nodes: [
      { op: "Cast", in: ["x"], out: ["d"], attributes: { to: 11 } },
      { op: "Clip", in: ["d", "l", "h"], out: ["c"] },
      node("Cast", ["c"], { to: 1 }),
    ],
    constants: {
      l: { dims: [], values: [-1.5e308], type: "float64" },
      h: { dims: [], values: [1.5e308], type: "float64" },
    },
    exponent: 6,
  },
  {
    name: "Clip by attributes",
    x: [2, 3],
    nodes: [node("Clip", ["x"], { min: { float: -7 }, max: { float: 8 } })],
    opset: 10,
  },
  { name: "Clip by one attribute", x: [2, 3], nodes: [node("Clip", ["x"], { max: { float: 8 } })], opset: 7 },
  {
    name: "Clip of a constant folds",
    x: [3],
    nodes: [{ op: "Clip", in: ["c", "l", "h"], out: ["r"] }, node("Add", ["x", "r"])],
    constants: { c: ramp([3]), l: scalar(-2), h: scalar(4) },
  },
  {
    name: "HardSigmoid",
    x: [3, 7],
    nodes: [node("HardSigmoid", ["x"], { alpha: { float: 2 ** -5 }, beta: half })],
    exponent: 5,
  },
  { name: "ThresholdedRelu", x: [2, 9], nodes: [node("ThresholdedRelu", ["x"], { alpha: { float: 13 } })] },
  {
    name: "ThresholdedRelu, a fraction, below 0",
    x: [2, 9],
    nodes: [node("ThresholdedRelu", ["x"], { alpha: { float: -33.5 } })],
  },
  {
    name: "ThresholdedRelu beyond every value",
    x: [2, 9],
    nodes: [node("ThresholdedRelu", ["x"], { alpha: { float: 1e30 } })],
  },
  { name: "Shrink", x: [2, 9], nodes: [node("Shrink", ["x"], { lambd: { float: 20 } })] },
  {
    name: "Shrink with a bias",
    x: [2, 9],
    nodes: [node("Shrink", ["x"], { lambd: { float: 20.5 }, bias: { float: 2.5 } })],
    exponent: 1,
  },
  ...["Floor", "Ceil", "Round"].map(quarters),
  { name: "Floor of integers", x: [2, 3], nodes: [node("Floor", ["x"])] },
  {
    name: "Cast to an integer drops the fraction",
    x: [3, 31],
    nodes: [{ op: "Mul", in: ["x", "c"], out: ["q"] }, cast("i", "q", 6), node("Cast", ["i"], { to: 1 })],
    constants: { c: scalar(0.25) },
    exponent: 2,
  },
  {
    name: "Cast to narrower integers that hold the range",
    x: [2, 3],
    nodes: [cast("i", "x", 7), cast("b", "i", 3), node("Cast", ["b"], { to: 1 })],
  },
  {
    name: "BitShift to the right",
    x: [31],
    nodes: [cast("k", "c", 2), cast("s", "k", 2), node("BitShift", ["x", "s"], { direction: "RIGHT" })],
    constants: { c: { dims: [], values: [2], type: "int64" } },
    ...UINT8,
  },
  {
    name: "BitShift to the left",
    x: [31],
    nodes: [cast("s", "c", 2), node("BitShift", ["x", "s"], { direction: "LEFT" })],
    constants: { c: { dims: [], values: [3], type: "int64" } },
    ...UINT8,
  },
  {
    name: "BitShift of constants folds, and wraps",
    x: [2],
    nodes: [
      cast("s", "c", 2),
      cast("a", "d", 2),
      { op: "BitShift", in: ["a", "s"], out: ["v"], attributes: { direction: "LEFT" } },
      cast("f", "v", 1),
      node("Add", ["x", "f"]),
    ],
    constants: { c: { dims: [], values: [3], type: "int64" }, d: ints(200, 7) },
  },
  ...[
    ["by 8", 8],
    ["by -7, with a table", -7],
  ].map(([name, divisor]): Case => ({
    name: `Div of integers ${name}`,
    x: [3, 31],
    nodes: [node("Div", ["x", "c"])],
    constants: { c: { dims: [], values: [divisor as number], type: "int64" } },
    inputType: 7,
  })),
  ...[7, -7].map((divisor): Case => ({
    name: `Mod of integers by ${divisor}`,
    x: [3, 31],
    nodes: [node("Mod", ["x", "c"])],
    constants: { c: { dims: [1], values: [divisor], type: "int64" } },
    inputType: 7,
  })),
  {
    name: "Mod with fmod",
    x: [3, 31],
    nodes: [node("Mod", ["x", "c"], { fmod: 1 })],
    constants: { c: scalar(-6) },
  },
  ...[1, 2, 3, 4].map((exponent): Case => ({
    name: `Pow ${exponent}`,
    x: [2, 3],
    nodes: [node("Pow", ["x", "c"])],
    constants: { c: scalar(exponent) },
    range: [-30, 30],
  })),
  {
    name: "Pow of constants folds",
    x: [2, 2],
    nodes: [{ op: "Pow", in: ["a", "b"], out: ["p"] }, node("Add", ["x", "p"])],
    constants: { a: { dims: [2, 1], values: [2, 9] }, b: { dims: [2], values: [3, 0] } },
  },
];

/** An operator that is tabulated, on the part of the real line where onnxruntime has a value. */
export interface TableCase {
  readonly name: string;
  readonly nodes: TestNode[];
  readonly constants?: TestModel["constants"];
  readonly lo: number;
  readonly hi: number;
  readonly opset?: number;
  /** What calibrated constants cost, beside half a step of the table. */
  readonly tolerance?: number;
}

const table = (op: string, lo: number, hi: number, attributes: TestNode["attributes"] = {}, opset = 17): TableCase => ({
  name: `${op} ${JSON.stringify(attributes)}`,
  nodes: [node(op, ["x"], attributes)],
  lo,
  hi,
  opset,
});

const power = (base: string, exponent: string, c: number, lo: number, hi: number): TableCase => ({
  name: `Pow ${base} ${exponent} ${c}`,
  nodes: [node("Pow", [base, exponent])],
  constants: { c: scalar(c) },
  lo,
  hi,
});

export const TABLE_CASES: TableCase[] = [
  table("Acos", -1, 1),
  table("Acosh", 1, 8),
  table("Asin", -1, 1),
  table("Asinh", -8, 8),
  table("Atan", -8, 8),
  table("Atanh", -0.99, 0.99),
  table("Celu", -6, 6),
  table("Celu", -6, 6, { alpha: { float: 2.5 } }),
  table("Cos", -8, 8),
  table("Cosh", -4, 4),
  table("Elu", -6, 6),
  table("Elu", -6, 6, { alpha: { float: 0.3 } }),
  table("Erf", -4, 4),
  table("Exp", -8, 4),
  table("Gelu", -6, 6, {}, 20),
  table("Gelu", -6, 6, { approximate: "none" }, 20),
  table("Gelu", -6, 6, { approximate: "tanh" }, 20),
  { ...table("HardSwish", -4, 4), tolerance: 2 ** -9 }, // no table: two products
  table("Log", 0.1, 8),
  table("Mish", -6, 6, {}, 18),
  table("Reciprocal", 0.125, 8),
  table("Selu", -6, 6),
  table("Selu", -6, 6, { alpha: { float: 1.25 }, gamma: { float: 0.5 } }),
  table("Sigmoid", -8, 8),
  table("Sin", -8, 8),
  table("Sinh", -4, 4),
  table("Softplus", -8, 8),
  table("Swish", -6, 6, {}, 24),
  table("Swish", -6, 6, { alpha: { float: -1.5 } }, 24),
  table("Softsign", -8, 8),
  table("Sqrt", 0, 8),
  table("Tan", -1.5, 1.5),
  table("Tanh", -6, 6),
  power("x", "c", 0.5, 0, 8),
  power("x", "c", -1.5, 0.5, 8),
  power("x", "c", 5, -3, 3),
  power("c", "x", 2.5, -4, 4),
];
