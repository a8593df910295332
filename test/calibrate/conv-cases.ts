// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts: windows, normalization over channels, reductions.
import { node, ramp, type Case } from "./case.ts";

export const CONV_CASES: Case[] = [
  {
    name: "Conv 2-D",
    x: [1, 2, 4, 5],
    nodes: [node("Conv", ["x", "w", "c"])],
    constants: { w: ramp([3, 2, 2, 3]), c: ramp([3]) },
  },
  {
    name: "Conv 2-D with strides, pads, dilations, and a batch",
    x: [2, 2, 5, 6],
    nodes: [node("Conv", ["x", "w"], { strides: [2, 1], pads: [1, 0, 2, 1], dilations: [1, 2], kernel_shape: [3, 2] })],
    constants: { w: ramp([2, 2, 3, 2]) },
  },
  {
    name: "Conv with groups",
    x: [1, 4, 3, 3],
    nodes: [node("Conv", ["x", "w", "c"], { group: 2, pads: [1, 1, 1, 1] })],
    constants: { w: ramp([6, 2, 2, 2]), c: ramp([6]) },
  },
  {
    name: "Conv depthwise",
    x: [1, 3, 3, 3],
    nodes: [node("Conv", ["x", "w"], { group: 3 })],
    constants: { w: ramp([3, 1, 2, 2]) },
  },
  {
    name: "Conv 1-D",
    x: [1, 2, 7],
    nodes: [node("Conv", ["x", "w", "c"], { strides: [2], pads: [2, 1] })],
    constants: { w: ramp([3, 2, 3]), c: ramp([3]) },
  },
  { name: "Conv 3-D", x: [1, 1, 3, 3, 3], nodes: [node("Conv", ["x", "w"])], constants: { w: ramp([2, 1, 2, 2, 2]) } },
  ...["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"].flatMap((mode): Case[] => [
    {
      name: `Conv auto_pad ${mode}`,
      x: [1, 1, 5, 4],
      nodes: [node("Conv", ["x", "w"], { auto_pad: mode })],
      constants: { w: ramp([1, 1, 2, 4]) },
    },
    {
      name: `Conv auto_pad ${mode}, strides`,
      x: [1, 1, 7, 6],
      nodes: [node("Conv", ["x", "w"], { auto_pad: mode, strides: [3, 2] })],
      constants: { w: ramp([1, 1, 4, 3]) },
    },
  ]),
  {
    name: "Conv of constants folds",
    x: [1, 2, 2, 2],
    nodes: [
      { op: "Conv", in: ["a", "w", "c"], out: ["f"], attributes: { pads: [0, 0, 1, 1] } },
      node("Add", ["x", "f"]),
    ],
    constants: { a: ramp([1, 1, 2, 2], 5), w: ramp([2, 1, 2, 2]), c: ramp([2]) },
  },
  ...[
    [2, 3],
    [2, 3, 4],
    [1, 3, 2, 2],
  ].map((x): Case => ({
    name: `BatchNormalization of rank ${x.length}`,
    x,
    nodes: [node("BatchNormalization", ["x", "scale", "b", "mean", "var"], { epsilon: { float: 0.25 } })],
    constants: { scale: ramp([3]), b: ramp([3], 5), mean: ramp([3], 9), var: { dims: [3], values: [0.75, 3.75, 0] } },
    exponent: 2,
  })),
  {
    name: "AveragePool",
    x: [1, 2, 4, 5],
    nodes: [node("AveragePool", ["x"], { kernel_shape: [2, 2], strides: [2, 1] })],
    exponent: 2,
  },
  {
    name: "AveragePool that counts its padding",
    x: [2, 2, 5],
    nodes: [node("AveragePool", ["x"], { kernel_shape: [4], pads: [1, 2], count_include_pad: 1, ceil_mode: 0 })],
    exponent: 2,
  },
  { name: "GlobalAveragePool", x: [2, 3, 2, 4], nodes: [node("GlobalAveragePool", ["x"])], exponent: 3 },
  { name: "MaxPool", x: [1, 2, 4, 6], nodes: [node("MaxPool", ["x"], { kernel_shape: [2, 2], strides: [2, 2] })] },
  {
    name: "MaxPool with pads, dilations and an odd window",
    x: [2, 2, 7, 5],
    nodes: [node("MaxPool", ["x"], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], dilations: [2, 1] })],
  },
  {
    name: "MaxPool SAME_UPPER, ceil_mode without effect",
    x: [1, 1, 5],
    nodes: [node("MaxPool", ["x"], { kernel_shape: [2], auto_pad: "SAME_UPPER", ceil_mode: 1 })],
  },
  { name: "MaxPool of one tap", x: [1, 2, 5], nodes: [node("MaxPool", ["x"], { kernel_shape: [1], strides: [2] })] },
  { name: "GlobalMaxPool", x: [2, 3, 3, 2], nodes: [node("GlobalMaxPool", ["x"])] },
  {
    name: "pools of constants fold",
    x: [1, 2, 2, 2],
    nodes: [
      { op: "MaxPool", in: ["a"], out: ["m"], attributes: { kernel_shape: [2, 2], pads: [0, 0, 1, 1] } },
      { op: "GlobalAveragePool", in: ["a"], out: ["g"] },
      { op: "Add", in: ["m", "g"], out: ["s"] },
      node("Add", ["x", "s"]),
    ],
    constants: { a: ramp([1, 2, 2, 2], 5) },
    exponent: 2,
  },
];
