// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts: operators on indices, constant or not.
import type { TestNode, TestTensor } from "../onnx/model.ts";
import { ints, node, ramp, type Case } from "./case.ts";

const FLOAT = 1;
const INT64 = 7;
const places = (dims: number[], ...values: number[]): TestTensor => ({ dims, values, type: "int64" });

/** x is [3, 4] of integers from `range`: i is x itself, d its numbers as floats. */
const runtime = (
  name: string,
  nodes: TestNode[],
  range: [number, number],
  constants: Case["constants"] = {},
): Case => ({
  name,
  x: [3, 4],
  inputType: INT64,
  range,
  nodes: [{ op: "Cast", in: ["x"], out: ["d"], attributes: { to: FLOAT } }, ...nodes],
  constants,
});

const LOOK_UPS: Case[] = [
  runtime("Gather from a table by index", [node("Gather", ["t", "x"])], [0, 4], { t: ramp([5, 2]) }),
  runtime("Gather from a table by index, negative ones too", [node("Gather", ["t", "x"], { axis: 1 })], [-5, 4], {
    t: ramp([2, 5, 3]),
  }),
  runtime("Gather from a table by negative indices only", [node("Gather", ["t", "x"])], [-5, -1], { t: ramp([5]) }),
  runtime(
    "Gather of integers gives indices again",
    [
      { op: "Gather", in: ["t", "x"], out: ["j"] },
      { op: "Gather", in: ["u", "x"], out: ["k"] },
      { op: "Gather", in: ["w", "j"], out: ["a"] },
      { op: "Gather", in: ["w", "k"], out: ["b"] },
      node("Sub", ["a", "b"]),
    ],
    [0, 4],
    { t: ints(3, 0, 2, 3, 1), u: ints(-1, -4, 2, 0, 0), w: ramp([4, 2]) },
  ),
  runtime("Gather from activations by index", [node("Gather", ["d", "x"], { axis: 1 })], [-4, 3]),
  runtime(
    "Gather from integers by index",
    [{ op: "Gather", in: ["x", "x"], out: ["g"] }, node("Gather", ["t", "g"])],
    [-3, 2],
    { t: ramp([3]) },
  ),
  runtime("GatherElements by index", [node("GatherElements", ["d", "x"], { axis: 1 })], [-4, 3]),
  runtime("GatherElements by index on the first axis", [node("GatherElements", ["d", "x"])], [0, 2]),
  runtime("GatherElements from a table", [node("GatherElements", ["t", "x"], { axis: 1 })], [0, 5], {
    t: ramp([4, 6]),
  }),
  runtime(
    "GatherElements from integers",
    [{ op: "GatherElements", in: ["t", "x"], out: ["j"] }, node("GatherElements", ["d", "j"], { axis: 1 })],
    [0, 2],
    { t: places([3, 4], 3, 2, 0, 1, 0, 0, -1, 3, 2, 2, 2, 2) },
  ),
];

const SCATTERS: Case[] = [
  ...["none", "add"].flatMap((reduction) => [
    runtime(
      `ScatterElements by index, several to one place, ${reduction}`,
      [{ op: "Mul", in: ["d", "f"], out: ["u"] }, node("ScatterElements", ["d", "x", "u"], { axis: 1, reduction })],
      [-4, 3],
      { f: ramp([3, 4]) },
    ),
    runtime(
      `ScatterElements by index, constant updates, ${reduction}`,
      [
        { op: "Slice", in: ["x", "one", "two", "ax"], out: ["i"] },
        node("ScatterElements", ["d", "i", "u"], { axis: 0, reduction }),
      ],
      [0, 2],
      { one: ints(1), two: ints(3), ax: ints(1), u: ramp([3, 2]) },
    ),
    runtime(
      `ScatterElements by index, one row of constant data, ${reduction}`,
      [
        { op: "Slice", in: ["x", "one", "two"], out: ["i"] },
        { op: "Slice", in: ["d", "one", "two"], out: ["u"] },
        node("ScatterElements", ["t", "i", "u"], { axis: 1, reduction }),
      ],
      [-6, 5],
      { one: ints(1), two: ints(2), t: ramp([2, 6]) },
    ),
  ]),
  runtime(
    "ScatterElements of integers gives indices again",
    [{ op: "ScatterElements", in: ["x", "x", "u"], out: ["i"], attributes: { axis: 1 } }, node("Gather", ["t", "i"])],
    [0, 3],
    { u: places([3, 4], 3, 2, 0, 1, 0, 0, 1, 3, 2, 2, 2, 2), t: ramp([4]) },
  ),
  ...["none", "add", "max", "min"].flatMap((reduction): Case[] => [
    {
      name: `ScatterElements at constant places, ${reduction}`,
      x: [3, 4],
      nodes: [node("ScatterElements", ["x", "i", "u"], { axis: 1, reduction })],
      constants: { i: places([2, 3], 0, -1, 3, 1, 1, 2), u: ramp([2, 3]) },
      opset: 18,
    },
    {
      name: `ScatterND of slices, ${reduction}`,
      x: [3, 4],
      nodes: [node("ScatterND", ["x", "i", "u"], { reduction })],
      constants: { i: places([3, 1], 1, -1, 1), u: ramp([3, 4]) },
      opset: 18,
    },
  ]),
  {
    name: "ScatterND of values into a constant",
    x: [2],
    nodes: [node("ScatterND", ["c", "i", "x"])],
    constants: { c: ramp([2, 2]), i: places([2, 2], 0, 1, -1, 0) },
  },
];

const PICKS: Case[] = [
  {
    name: "GatherElements at constant places",
    x: [3, 4],
    nodes: [node("GatherElements", ["x", "i"], { axis: 1 })],
    constants: { i: places([2, 3], 0, -1, 3, 1, 1, 2) },
  },
  {
    name: "GatherND of slices",
    x: [3, 2, 2],
    nodes: [node("GatherND", ["x", "i"])],
    constants: { i: places([2, 2, 1], 2, 0, -1, 1) },
  },
  {
    name: "GatherND of values, in batches",
    x: [2, 3, 4],
    nodes: [node("GatherND", ["x", "i"], { batch_dims: 1 })],
    constants: { i: places([2, 2, 2], 0, 1, 2, -1, 1, 0, -3, 3) },
  },
  {
    name: "Compress on an axis",
    x: [2, 4],
    nodes: [{ op: "Cast", in: ["c"], out: ["b"], attributes: { to: 9 } }, node("Compress", ["x", "b"], { axis: -1 })],
    constants: { c: ints(0, 1, 1) },
  },
  {
    name: "Compress flat",
    x: [2, 3],
    nodes: [{ op: "Cast", in: ["c"], out: ["b"], attributes: { to: 9 } }, node("Compress", ["x", "b"])],
    constants: { c: ints(0, 1, 0, 0, 1) },
  },
  ...[0, 1].flatMap((upper) =>
    [-1, 0, 2].map((k): Case => ({
      name: `Trilu ${upper === 1 ? "upper" : "lower"}, k = ${k}`,
      x: [2, 3, 4],
      nodes: [node("Trilu", ["x", "k"], { upper })],
      constants: { k: places([], k) },
    })),
  ),
  { name: "Trilu without k", x: [3, 3], nodes: [node("Trilu", ["x"])] },
  ...["DCR", "CRD"].map((mode): Case => ({
    name: `DepthToSpace ${mode}`,
    x: [2, 8, 2, 3],
    nodes: [node("DepthToSpace", ["x"], { blocksize: 2, mode })],
  })),
  { name: "SpaceToDepth", x: [2, 3, 4, 6], nodes: [node("SpaceToDepth", ["x"], { blocksize: 2 })] },
  {
    name: "NonZero, EyeLike and Size are constants",
    x: [3, 4],
    nodes: [
      { op: "EyeLike", in: ["x"], out: ["e"], attributes: { k: -1 } },
      { op: "EyeLike", in: ["x"], out: ["f"], attributes: { k: 2, dtype: INT64 } },
      { op: "NonZero", in: ["f"], out: ["z"] },
      { op: "Slice", in: ["z", "one", "two"], out: ["columns"] },
      { op: "Squeeze", in: ["columns", "zero"], out: ["i"] },
      { op: "Size", in: ["x"], out: ["n"] },
      { op: "Cast", in: ["n"], out: ["m"], attributes: { to: FLOAT } },
      { op: "Add", in: ["x", "e"], out: ["s"] },
      { op: "Add", in: ["s", "m"], out: ["t"] },
      node("Gather", ["t", "i"], { axis: 1 }),
    ],
    constants: { zero: ints(0), one: ints(1), two: ints(2) },
  },
  {
    name: "operators on indices fold",
    x: [2, 2],
    nodes: [
      { op: "GatherElements", in: ["c", "i"], out: ["a"], attributes: { axis: 1 } },
      { op: "ScatterElements", in: ["a", "i", "a"], out: ["b"], attributes: { axis: 1 } },
      { op: "GatherND", in: ["b", "i"], out: ["g"] },
      { op: "Unsqueeze", in: ["g", "zero"], out: ["u"] },
      { op: "ScatterND", in: ["b", "i", "g"], out: ["d"] },
      { op: "Trilu", in: ["d"], out: ["t"] },
      { op: "Sum", in: ["x", "t", "u"], out: ["y"] },
    ],
    constants: { c: ramp([2, 4]), i: places([2, 2], 1, 0, 0, 1), zero: ints(0) },
  },
];

export const GATHER_CASES: Case[] = [...LOOK_UPS, ...SCATTERS, ...PICKS];
