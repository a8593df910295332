// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts: products, and what is written in terms of other operators without a table.
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

export const COMPOSITE_CASES: Case[] = [...PRODUCT_CASES];
