// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts: products, and what is written in terms of other operators without a table.
import type { TestNode } from "../onnx/model.ts";
import { half, ints, node, ramp, type Case } from "./case.ts";

const swapLast = (rank: number): number[] => [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];

/** x times its own transpose, reshaped to `shape` first. */
const withItself = (name: string, x: number[]): Case => ({
  name,
  x,
  nodes: [
    { op: "Transpose", in: ["x"], out: ["t"], attributes: { perm: swapLast(x.length) } },
    node("MatMul", ["x", "t"]),
  ],
});

const PRODUCT_CASES: Case[] = [
  withItself("MatMul of activations", [2, 3]),
  withItself("MatMul of activations, batched", [2, 2, 3, 2]),
  {
    name: "MatMul of activations whose batches broadcast",
    x: [2, 1, 2, 3],
    nodes: [{ op: "Reshape", in: ["x", "s"], out: ["r"] }, node("MatMul", ["x", "r"])],
    constants: { s: ints(2, 3, 2) },
  },
  {
    name: "MatMul of a batch and one matrix of activations",
    x: [3, 2, 2],
    nodes: [{ op: "Slice", in: ["x", "zero", "one", "zero"], out: ["r"] }, node("MatMul", ["x", "r"])],
    constants: { zero: ints(0), one: ints(1) },
  },
  {
    name: "MatMul of vectors that vary",
    x: [4],
    nodes: [{ op: "Neg", in: ["x"], out: ["n"] }, node("MatMul", ["x", "n"])],
  },
  {
    name: "MatMul of a vector and matrices that vary",
    x: [2, 3, 3],
    nodes: [
      { op: "Slice", in: ["x", "s", "e", "a"], out: ["v"] },
      { op: "Reshape", in: ["v", "three"], out: ["r"] },
      node("MatMul", ["r", "x"]),
    ],
    constants: { s: ints(1, 2), e: ints(2, 3), a: ints(0, 1), three: ints(3) },
  },
  {
    name: "MatMul of matrices and a vector that vary",
    x: [2, 3],
    nodes: [
      { op: "Slice", in: ["x", "one", "two", "zero"], out: ["v"] },
      { op: "Reshape", in: ["v", "three"], out: ["r"] },
      node("MatMul", ["x", "r"]),
    ],
    constants: { zero: ints(0), one: ints(1), two: ints(2), three: ints(3) },
  },
  {
    name: "MatMul with a constant first factor and many columns",
    x: [3, 2],
    nodes: [node("MatMul", ["w", "x"])],
    constants: { w: ramp([4, 3]) },
  },
  {
    name: "MatMul with a constant first factor and a batch",
    x: [2, 2, 3, 2],
    nodes: [node("MatMul", ["w", "x"])],
    constants: { w: ramp([4, 3]) },
  },
  {
    name: "MatMul with a constant first vector and a batch",
    x: [2, 3, 2],
    nodes: [node("MatMul", ["w", "x"])],
    constants: { w: ramp([3]) },
  },
  {
    name: "MatMul with a batch of constants",
    x: [2, 3, 4],
    nodes: [node("MatMul", ["x", "w"])],
    constants: { w: ramp([2, 4, 2]) },
  },
  {
    name: "MatMul with a batch of constants that broadcasts",
    x: [2, 1, 3, 4],
    nodes: [node("MatMul", ["x", "w"])],
    constants: { w: ramp([3, 4, 2]) },
  },
  {
    name: "MatMul of a vector with a batch of constants",
    x: [4],
    nodes: [node("MatMul", ["x", "w"])],
    constants: { w: ramp([3, 4, 2]) },
  },
  {
    name: "MatMul with a batch of constants first",
    x: [2, 3, 2],
    nodes: [node("MatMul", ["w", "x"])],
    constants: { w: ramp([2, 4, 3]) },
  },
  {
    name: "MatMul of batches of constants folds",
    x: [2, 2, 2],
    nodes: [{ op: "MatMul", in: ["a", "b"], out: ["g"] }, node("Add", ["g", "x"])],
    constants: { a: ramp([2, 1, 2, 3]), b: ramp([2, 3, 2]) },
  },
  {
    name: "Gemm of activations, all attributes",
    x: [2, 3],
    nodes: [
      { op: "Neg", in: ["x"], out: ["n"] },
      { op: "Slice", in: ["x", "zero", "one", "zero"], out: ["row"] },
      node("Gemm", ["x", "n", "row"], { transA: 1, alpha: half, beta: { float: 4 } }),
    ],
    constants: { zero: ints(0), one: ints(1) },
    exponent: 1,
  },
  {
    name: "Gemm with transA, a constant second factor",
    x: [3, 2],
    nodes: [node("Gemm", ["x", "w"], { transA: 1, transB: 1, alpha: { float: -3 } })],
    constants: { w: ramp([4, 3]) },
  },
  {
    name: "Gemm with a constant first factor and a C of activations",
    x: [3, 2],
    nodes: [
      { op: "Slice", in: ["x", "zero", "one", "zero"], out: ["row"] },
      node("Gemm", ["w", "x", "row"], { transA: 1, alpha: { float: 2 } }),
    ],
    constants: { w: ramp([3, 4]), zero: ints(0), one: ints(1) },
  },
  {
    name: "Gemm of constants folds",
    x: [2, 2],
    nodes: [{ op: "Gemm", in: ["a", "b"], out: ["g"], attributes: { transA: 1 } }, node("Add", ["g", "x"])],
    constants: { a: ramp([3, 2]), b: ramp([3, 2]) },
  },
];

const convTranspose = (
  name: string,
  x: number[],
  w: number[],
  attributes: TestNode["attributes"] = {},
  bias?: number,
): Case => ({
  name: `ConvTranspose ${name}`,
  x,
  nodes: [node("ConvTranspose", bias === undefined ? ["x", "w"] : ["x", "w", "c"], attributes)],
  constants: { w: ramp(w), ...(bias === undefined ? {} : { c: ramp([bias]) }) },
});

const CONV_TRANSPOSE_CASES: Case[] = [
  convTranspose("2-D", [2, 2, 3, 4], [2, 3, 2, 3], {}, 3),
  convTranspose("1-D with strides, output_padding and pads", [1, 2, 5], [2, 3, 4], {
    strides: [3],
    output_padding: [2],
    pads: [2, 1],
  }),
  convTranspose("with groups and dilations", [1, 4, 3, 3], [4, 2, 2, 3], {
    group: 2,
    dilations: [2, 1],
    strides: [1, 2],
    kernel_shape: [2, 3],
  }),
  convTranspose("that cuts all of a kernel", [1, 1, 4], [1, 1, 3], { pads: [2, 3] }),
  convTranspose("3-D", [1, 1, 2, 2, 2], [1, 2, 2, 2, 2], { strides: [2, 1, 2] }, 2),
  convTranspose("to an output_shape", [1, 1, 3, 3], [1, 1, 3, 3], { strides: [2, 2], output_shape: [6, 5] }),
  ...["SAME_UPPER", "SAME_LOWER", "VALID"].map((mode) =>
    convTranspose(`auto_pad ${mode}`, [1, 1, 3, 4], [1, 1, 4, 2], { auto_pad: mode, strides: [2, 1] }),
  ),
  ...["SAME_UPPER", "SAME_LOWER"].map((mode) =>
    convTranspose(`auto_pad ${mode} with an odd pad`, [1, 1, 3], [1, 1, 5], { auto_pad: mode, strides: [2] }),
  ),
  ...["SAME_UPPER", "SAME_LOWER", "NOTSET"].map((mode) =>
    convTranspose(`output_shape, auto_pad ${mode}`, [1, 1, 3], [1, 1, 3], {
      auto_pad: mode,
      strides: [2],
      output_shape: [6],
    }),
  ),
];

const pool = (op: string, name: string, x: number[], attributes: TestNode["attributes"]): Case => ({
  name: `${op} ${name}`,
  x,
  nodes: [node(op, ["x"], attributes)],
  opset: 19,
  exponent: 4,
});

/** Windows of 4 taps of which 1, 2 or 4 meet the input: all factors are exact. */
const POOL_CASES: Case[] = [
  pool("AveragePool", "that does not count its padding", [2, 2, 4, 4], { kernel_shape: [2, 2], pads: [1, 1, 1, 1] }),
  pool("AveragePool", "1-D, ceil_mode", [1, 2, 5], { kernel_shape: [2], strides: [2], ceil_mode: 1 }),
  pool("AveragePool", "ceil_mode, padding counted", [1, 1, 5, 5], {
    kernel_shape: [2, 2],
    strides: [2, 2],
    pads: [0, 0, 0, 0],
    ceil_mode: 1,
    count_include_pad: 1,
  }),
  pool("AveragePool", "ceil_mode and pads, padding counted", [1, 1, 6], {
    kernel_shape: [4],
    strides: [3],
    pads: [1, 1],
    ceil_mode: 1,
    count_include_pad: 1,
  }),
  pool("AveragePool", "ceil_mode whose last window would begin in the padding", [1, 1, 3], {
    kernel_shape: [2],
    strides: [2],
    pads: [1, 1],
    ceil_mode: 1,
  }),
  pool("AveragePool", "SAME_LOWER", [1, 1, 5, 4], {
    kernel_shape: [2, 1],
    auto_pad: "SAME_LOWER",
  }),
  pool("MaxPool", "ceil_mode", [1, 2, 5, 6], { kernel_shape: [3, 2], strides: [3, 4], ceil_mode: 1 }),
  pool("MaxPool", "ceil_mode and pads", [1, 1, 6], { kernel_shape: [3], strides: [2], pads: [1, 1], ceil_mode: 1 }),
];

const power = (exponent: number, dims: number[] = []): Case => ({
  name: `Pow ${exponent}${dims.length === 0 ? "" : ` of shape [${dims}]`}`,
  x: [2, 3],
  nodes: [node("Pow", ["x", "c"])],
  constants: { c: { dims, values: Array.from({ length: dims.reduce((p, d) => p * d, 1) }, () => exponent) } },
});

const POWER_CASES: Case[] = [
  ...[0, 1, 2, 3].map((exponent) => power(exponent)),
  {
    name: "Pow 4 of values whose powers float32 holds",
    x: [3],
    nodes: [{ op: "Slice", in: ["x", "one", "three"], out: ["s"] }, node("Pow", ["s", "c"])],
    constants: { c: { dims: [], values: [4] }, one: ints(1), three: ints(3) },
  },
  power(2, [3]),
  power(2, [1, 1, 1]),
  power(1, [2, 2, 3]),
  power(0, [2, 2, 3]),
];

/** Integers that a type holds, as a tensor of that type. */
const bytes = (...values: number[]) => ({ dims: [values.length], values, type: "uint8" as const });
const single = (value: number) => ({ dims: [], values: [value] });

const QUANTIZE_CASES: Case[] = [
  {
    name: "QuantizeLinear saturates, DequantizeLinear, with a zero point",
    x: [2, 3],
    nodes: [{ op: "QuantizeLinear", in: ["x", "s", "z"], out: ["q"] }, node("DequantizeLinear", ["q", "t", "z"])],
    constants: { s: single(0.5), z: { dims: [], values: [100], type: "uint8" }, t: single(4) },
    exponent: 1,
  },
  {
    name: "QuantizeLinear of one scale an index of an axis, without a zero point",
    x: [2, 3],
    nodes: [
      { op: "QuantizeLinear", in: ["x", "s"], out: ["q"], attributes: { axis: -1 } },
      node("DequantizeLinear", ["q", "t"]),
    ],
    constants: { s: { dims: [3], values: [1, 0.5, 0.25] }, t: single(2) },
    exponent: 2,
  },
  {
    name: "QuantizeLinear with the scale 1 and a zero point that varies not",
    x: [2, 3],
    nodes: [{ op: "QuantizeLinear", in: ["x", "s", "z"], out: ["q"] }, node("Cast", ["q"], { to: 1 })],
    constants: { s: { dims: [3], values: [1, 1, 1] }, z: bytes(7, 7, 7) },
  },
  {
    name: "DequantizeLinear of constants folds, each zero point its own",
    x: [2, 3],
    nodes: [
      { op: "DequantizeLinear", in: ["c", "s", "z"], out: ["f"], attributes: { axis: 0 } },
      node("Mul", ["x", "f"]),
    ],
    constants: {
      c: { dims: [2, 3], values: [0, 5, 9, 200, 255, 30], type: "uint8" },
      s: { dims: [2], values: [2, 0.5] },
      z: bytes(3, 128),
    },
    exponent: 1,
  },
  {
    name: "QuantizeLinear of constants folds, halves to even",
    x: [4],
    nodes: [
      { op: "QuantizeLinear", in: ["c", "s"], out: ["q"] },
      { op: "CastLike", in: ["q", "x"], out: ["f"] },
      node("Mul", ["x", "f"]),
    ],
    constants: { c: { dims: [4], values: [0.5, 1.5, 2.5, 300] }, s: single(1) },
  },
];

/** x and constants or x itself, by an equation. */
const einsum = (equation: string, x: number[], w?: number[]): Case => ({
  name: `Einsum ${equation}${w === undefined ? "" : " with a constant"}`,
  x,
  nodes: [node("Einsum", equation.includes(",") ? ["x", w === undefined ? "x" : "w"] : ["x"], { equation })],
  constants: w === undefined ? {} : { w: ramp(w) },
});

const EINSUM_CASES: Case[] = [
  einsum("ij->ji", [2, 3]),
  einsum("i j k -> k i", [2, 3, 2]),
  einsum("ij->", [2, 3]),
  einsum("ij,jk->ik", [2, 3], [3, 4]),
  einsum("ij,jk", [2, 3], [3, 4]),
  einsum("ij,kj->ki", [2, 3], [4, 3]),
  einsum("bhid,bhjd->bhij", [1, 2, 3, 2]),
  einsum("bij,bjk->bik", [2, 3, 2], [2, 2, 2]),
  einsum("ij,ij->ij", [2, 3]),
  einsum("ij,ij->", [2, 3], [2, 3]),
  einsum("i,j->ji", [3], [2]),
  einsum("ijk,l->il", [2, 3, 2], [3]),
  einsum("BnI,OI->nBO", [2, 1, 3], [4, 3]),
];

export const COMPOSITE_CASES: Case[] = [
  ...EINSUM_CASES,
  ...QUANTIZE_CASES,
  ...PRODUCT_CASES,
  ...CONV_TRANSPOSE_CASES,
  ...POOL_CASES,
  ...POWER_CASES,
];
