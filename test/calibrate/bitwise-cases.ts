// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts: operators on the bits of integers.
import { ints, node, type Case } from "./case.ts";

const UINT8 = 2;
const INT64 = 7;

export const BITWISE_CASES: Case[] = [
  ...["BitwiseAnd", "BitwiseOr", "BitwiseXor"].flatMap((op): Case[] => [
    {
      name: `${op} of activations that broadcast`,
      x: [5, 1],
      inputType: INT64,
      nodes: [{ op: "Transpose", in: ["x"], out: ["t"] }, node(op, ["x", "t"])],
      opset: 18,
    },
    {
      name: `${op} with a wide constant`,
      x: [7],
      inputType: INT64,
      nodes: [node(op, ["c", "x"])],
      constants: { c: { dims: [], values: [-123456], type: "int64" } },
      opset: 18,
    },
    {
      name: `${op} with constants`,
      x: [4],
      inputType: INT64,
      nodes: [node(op, ["x", "c"])],
      constants: { c: ints(-7, 12, 0, 93) },
      opset: 18,
    },
    {
      name: `${op} of constants folds`,
      x: [2],
      inputType: INT64,
      nodes: [{ op, in: ["a", "b"], out: ["c"] }, node("Add", ["x", "c"])],
      constants: { a: ints(-1000000, 77777), b: ints(123456, -3) },
      opset: 18,
    },
  ]),
  { name: "BitwiseNot, signed", x: [7], inputType: INT64, nodes: [node("BitwiseNot", ["x"])], opset: 18 },
  {
    name: "BitwiseNot, unsigned",
    x: [7],
    inputType: UINT8,
    range: [0, 100],
    nodes: [node("BitwiseNot", ["x"])],
    opset: 18,
  },
];
