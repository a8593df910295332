// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of composites.test.ts: operators that round, since they look values up.
import type { TestModel, TestNode, TestTensor } from "../onnx/model.ts";
import { half, node, ramp } from "./case.ts";

export interface InexactCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, number[]>>;
  readonly nodes: TestNode[];
  readonly constants?: NonNullable<TestModel["constants"]>;
  readonly opset?: number;
  /** Outputs (default y). */
  readonly outputs?: string[];
  /** Declared range of every input (default -2 to 2). */
  readonly range?: readonly [number, number];
  /** Largest error of the integers, as a share of the largest float output (default 0.01). */
  readonly tolerance?: number;
}

const one = (
  op: string,
  name: string,
  x: number[],
  rest: Partial<InexactCase> & { attributes?: TestNode["attributes"]; in?: string[] } = {},
): InexactCase => {
  const { attributes = {}, in: more = [], ...others } = rest;
  return { name: `${op}${name}`, inputs: { x }, nodes: [node(op, ["x", ...more], attributes)], ...others };
};

/** Real constants between -1 and 1 that differ from place to place. */
const real = (dims: number[], seed = 1): TestTensor => ({ dims, values: ramp(dims, seed).values.map((v) => v / 9) });
const axis = (value: number) => ({ attributes: { axis: value } });

const NORMALIZATION_CASES: InexactCase[] = [
  one("Softmax", "", [2, 5]),
  one("Softmax", " over an inner axis", [2, 3, 2], axis(1)),
  one("Softmax", " of opset 11: all axes from 1 on are one", [2, 3, 2], { opset: 11 }),
  one("Softmax", " of opset 11 over axis 0", [2, 3], { opset: 11, ...axis(0) }),
  one("Softmax", " of large values", [1, 4], { range: [-60, 60] }),
  one("Softmax", " of one value", [3, 1]),
  one("LogSoftmax", "", [2, 5]),
  one("LogSoftmax", " of opset 11", [2, 3, 2], { opset: 11, ...axis(1) }),
  one("LayerNormalization", "", [3, 6], { in: ["s", "b"], constants: { s: real([6]), b: real([6], 4) } }),
  {
    ...one("LayerNormalization", " over two axes, all outputs", [2, 2, 3], { in: ["s"], ...axis(1) }),
    nodes: [
      {
        op: "LayerNormalization",
        in: ["x", "s"],
        out: ["y", "mean", "inverse"],
        attributes: { axis: 1, epsilon: half },
      },
    ],
    constants: { s: real([2, 3]) },
    outputs: ["y", "mean", "inverse"],
  },
  one("InstanceNormalization", "", [2, 2, 3, 2], { in: ["s", "b"], constants: { s: real([2]), b: real([2], 4) } }),
  one("GroupNormalization", " of opset 21", [1, 4, 3], {
    in: ["s", "b"],
    constants: { s: real([4]), b: real([4], 5) },
    attributes: { num_groups: 2 },
    opset: 21,
  }),
  one("GroupNormalization", " of opset 18", [2, 4, 3], {
    in: ["s", "b"],
    constants: { s: real([2]), b: real([2], 5) },
    attributes: { num_groups: 2 },
    opset: 18,
  }),
  one("RMSNormalization", "", [2, 4], { in: ["s"], constants: { s: real([4]) }, opset: 23 }),
  one("MeanVarianceNormalization", "", [2, 2, 2, 2]),
  one("MeanVarianceNormalization", " over one axis", [3, 4], { attributes: { axes: [1] } }),
  one("LpNormalization", "", [3, 4]),
  one("LpNormalization", " p = 1, axis 0", [3, 4], { attributes: { p: 1, axis: 0 } }),
];

const QUOTIENT_CASES: InexactCase[] = [
  {
    name: "Div of activations",
    inputs: { x: [2, 3], d: [3] },
    nodes: [
      { op: "Mul", in: ["d", "d"], out: ["s"] },
      { op: "Add", in: ["s", "one"], out: ["p"] },
      node("Div", ["x", "p"]),
    ],
    constants: { one: { dims: [], values: [1] } },
  },
  {
    name: "Div of a constant",
    inputs: { x: [2, 3] },
    nodes: [node("Div", ["c", "x"])],
    constants: { c: real([2, 1], 3) },
    range: [0.5, 3],
  },
  {
    name: "Pow -1",
    inputs: { x: [6] },
    nodes: [node("Pow", ["x", "c"])],
    constants: { c: { dims: [], values: [-1] } },
    range: [0.5, 3],
  },
  {
    name: "Pow 1/2",
    inputs: { x: [6] },
    nodes: [node("Pow", ["x", "c"])],
    constants: { c: { dims: [], values: [0.5] } },
    range: [0, 3],
  },
  {
    name: "a layer normalization as exporters spell it",
    inputs: { x: [2, 6] },
    nodes: [
      { op: "ReduceMean", in: ["x"], out: ["m"], attributes: { axes: [-1] } },
      { op: "Sub", in: ["x", "m"], out: ["d"] },
      { op: "Pow", in: ["d", "two"], out: ["d2"] },
      { op: "ReduceMean", in: ["d2"], out: ["v"], attributes: { axes: [-1] } },
      { op: "Add", in: ["v", "epsilon"], out: ["ve"] },
      { op: "Sqrt", in: ["ve"], out: ["s"] },
      node("Div", ["d", "s"]),
    ],
    constants: { two: { dims: [], values: [2] }, epsilon: { dims: [], values: [1e-5] } },
  },
];

const [T, B, I, H] = [3, 2, 2, 2];
const GATES = { LSTM: 4, GRU: 3, RNN: 1 } as const;

interface Recurrence {
  readonly directions?: 1 | 2;
  readonly attributes?: TestNode["attributes"];
  /** Inputs after X, W, R: any of B, the initial states and P. */
  readonly more?: readonly string[];
  readonly outputs?: string[];
}

function recurrent(op: keyof typeof GATES, name: string, given: Recurrence = {}): InexactCase {
  const { directions = 1, attributes = {}, more = ["b"], outputs = ["y"] } = given;
  const rows = GATES[op] * H;
  const state = [directions, B, H];
  return {
    name: `${op} ${name}`,
    inputs: { x: [T, B, I] },
    nodes: [{ op, in: ["x", "w", "r", ...more], out: outputs, attributes: { hidden_size: H, ...attributes } }],
    constants: {
      w: real([directions, rows, I]),
      r: real([directions, rows, H], 6),
      b: real([directions, 2 * rows], 3),
      h: real(state, 8),
      c: real(state, 2),
      p: real([directions, 3 * H], 5),
      zero: { dims: state, values: new Array<number>(directions * B * H).fill(0) },
      lengths: { dims: [B], values: [T, T], type: "int32" },
    },
    outputs: outputs.filter((output) => output !== ""),
    tolerance: 0.02,
  };
}

const RECURRENT_CASES: InexactCase[] = [
  recurrent("LSTM", "with all outputs", { outputs: ["y", "h1", "c1"] }),
  recurrent("LSTM", "without bias, states given, only the last", { more: ["", "", "h", "c"], outputs: ["", "h1"] }),
  recurrent("LSTM", "backwards, with peepholes and lengths", {
    attributes: { direction: "reverse" },
    more: ["b", "lengths", "h", "c", "p"],
    outputs: ["y", "", "c1"],
  }),
  recurrent("LSTM", "with peepholes, gates coupled, states of zeros", {
    attributes: { input_forget: 1 },
    more: ["b", "", "zero", "zero", "p"],
  }),
  recurrent("LSTM", "gates coupled, other activations", {
    attributes: {
      input_forget: 1,
      activations: { strings: ["HardSigmoid", "Softsign", "ScaledTanh"] },
      activation_alpha: { floats: [0.25, 1.5] },
      activation_beta: { floats: [0.5, 0.75] },
    },
  }),
  recurrent("LSTM", "both ways", {
    directions: 2,
    attributes: { direction: "bidirectional" },
    more: ["b", "", "h", "c"],
    outputs: ["y", "h1", "c1"],
  }),
  recurrent("GRU", "with all outputs", { outputs: ["y", "h1"] }),
  recurrent("GRU", "linear before reset", { attributes: { linear_before_reset: 1 }, more: ["b", "", "h"] }),
  recurrent("GRU", "linear before reset, from zeros, backwards", {
    attributes: { linear_before_reset: 1, direction: "reverse" },
  }),
  recurrent("GRU", "linear before reset without bias", { attributes: { linear_before_reset: 1 }, more: [] }),
  recurrent("GRU", "both ways", {
    directions: 2,
    attributes: { direction: "bidirectional" },
    more: ["b", "", "h"],
    outputs: ["y", "h1"],
  }),
  recurrent("RNN", "with all outputs", { outputs: ["y", "h1"] }),
  recurrent("RNN", "both ways, an activation each", {
    directions: 2,
    attributes: {
      direction: "bidirectional",
      activations: { strings: ["Relu", "Affine"] },
      activation_alpha: { floats: [0.5] },
      activation_beta: { floats: [0.25] },
    },
    more: ["b", "", "h"],
  }),
];

/** Of queries, keys and values with their own inputs; masks are constants. */
const attention = (
  name: string,
  q: number[],
  kv: number[],
  attributes: TestNode["attributes"] = {},
  mask?: TestTensor,
): InexactCase => ({
  name: `Attention ${name}`,
  inputs: { q, k: kv, v: kv },
  nodes: [node("Attention", ["q", "k", "v", ...(mask === undefined ? [] : ["mask"])], attributes)],
  constants: mask === undefined ? {} : { mask },
  opset: 23,
  tolerance: 0.02,
});

const ATTENTION_CASES: InexactCase[] = [
  attention("of rank 4", [1, 2, 3, 2], [1, 2, 4, 2]),
  attention("causal, of rank 3, heads of keys shared", [1, 3, 8], [1, 3, 4], {
    q_num_heads: 4,
    kv_num_heads: 2,
    is_causal: 1,
  }),
  attention(
    "with scale, softcap and a mask that is added",
    [1, 1, 2, 2],
    [1, 1, 2, 2],
    { scale: half, softcap: { float: 2 } },
    {
      dims: [2, 2],
      values: [0, -1, 0.5, -Infinity],
    },
  ),
];

const POOL_CASES: InexactCase[] = [
  one("LpPool", " of p = 2, with pads and strides", [1, 2, 4, 4], {
    attributes: { kernel_shape: [2, 3], pads: [1, 1, 0, 1], strides: [2, 1] },
  }),
  one("LpPool", " of p = 1, 1-D", [2, 1, 5], { attributes: { kernel_shape: [3], p: 1 } }),
  one("GlobalLpPool", "", [2, 2, 3, 3]),
  one("GlobalLpPool", " of p = 1", [1, 2, 4], { attributes: { p: 1 } }),
];

export const INEXACT_CASES: InexactCase[] = [
  ...POOL_CASES,
  ...ATTENTION_CASES,
  ...NORMALIZATION_CASES,
  ...QUOTIENT_CASES,
  ...RECURRENT_CASES,
];
