// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts: reductions and cumulative sums.
import { ints, node, ramp, type Case } from "./case.ts";

const X = [2, 3, 4];

/** Axes as each operator set gives them: all by default, an attribute, an input from 13 (ReduceSum) or 18 on. */
const FORMS: readonly {
  name: string;
  attributes?: Record<string, number | number[]>;
  input?: number[];
  opset: number;
}[] = [
  { name: "all axes", opset: 11 },
  { name: "the last axis, dropped", attributes: { axes: [2], keepdims: 0 }, opset: 11 },
  { name: "outer axes, kept", attributes: { axes: [1, 0] }, opset: 11 },
  { name: "negative axes as input", input: [-2], opset: 18 },
  { name: "no axes", attributes: { noop_with_empty_axes: 1 }, input: [], opset: 18 },
];

const reductions = (op: string, x = X, range: readonly [number, number] = [-100, 100]): Case[] =>
  FORMS.map(({ name, attributes = {}, input, opset }) => ({
    name: `${op} of ${name}`,
    x,
    range,
    nodes: [node(op, input === undefined ? ["x"] : ["x", "a"], attributes)],
    ...(input === undefined ? {} : { constants: { a: ints(...input) } }),
    opset: op === "ReduceSum" && opset === 11 ? 12 : opset,
  }));

export const REDUCE_CASES: Case[] = [
  ...["ReduceSum", "ReduceMax", "ReduceMin", "ReduceSumSquare", "ReduceL1"].flatMap((op) => reductions(op)),
  ...reductions("ReduceMean", [2, 4, 8]),
  ...reductions("ReduceProd", [2, 2, 2], [-3, 3]),
  {
    name: "ReduceMax and ReduceMin of an odd number of rows",
    x: [2, 7],
    nodes: [
      { op: "ReduceMax", in: ["x"], out: ["a"], attributes: { axes: [1] } },
      { op: "ReduceMin", in: ["x"], out: ["b"], attributes: { axes: [0] } },
      node("Add", ["a", "b"]),
    ],
  },
  {
    name: "reductions of constants fold",
    x: [2, 3],
    nodes: [
      { op: "ReduceSum", in: ["c", "a"], out: ["s"] },
      { op: "ReduceMax", in: ["c"], out: ["m"], attributes: { axes: [1] } },
      { op: "ReduceMean", in: ["c"], out: ["n"], attributes: { axes: [0] } },
      { op: "CumSum", in: ["c", "a"], out: ["u"], attributes: { reverse: 1 } },
      { op: "Sum", in: ["x", "s", "m", "n", "u"], out: ["y"] },
    ],
    constants: { c: ramp([2, 3]), a: ints(0) },
    exponent: 1,
  },
  ...[0, 1].flatMap((exclusive) =>
    [0, 1].map((reverse): Case => ({
      name: `CumSum${exclusive === 1 ? ", exclusive" : ""}${reverse === 1 ? ", reverse" : ""}`,
      x: [2, 3, 2],
      nodes: [node("CumSum", ["x", "a"], { exclusive, reverse })],
      constants: { a: { dims: [], values: [-2], type: "int64" } },
    })),
  ),
  { name: "CumSum on the last axis", x: [2, 5], nodes: [node("CumSum", ["x", "a"])], constants: { a: ints(1) } },
];

/** Made of tables: calibrated, and then close to onnxruntime. */
export const TABLED_REDUCE_CASES: Case[] = [
  ...reductions("ReduceL2", X, [1, 4]).slice(1),
  ...reductions("ReduceLogSum", X, [1, 9]).slice(1, 3),
  ...reductions("ReduceLogSumExp", X, [-3, 3]).slice(1, 4),
];
