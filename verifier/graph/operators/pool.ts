// SPDX-License-Identifier: GPL-3.0-or-later
// Pools. An average is a convolution with the constant 1/n; a maximum picks the window's taps and compares in pairs.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import { MAX_TENSOR_VALUES } from "../ranges.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import { convolutionOperator, type Convolution } from "./conv.ts";
import { intsOf, spatialOf, tapsOf, windowOf, type Window } from "./conv-window.ts";
import { refuse, type Lowering, type NodeView, type Operator } from "./types.ts";

/** A window of more taps than this is refused: each is a node, and so is each comparison. */
const MAX_TAPS = 4096;

const kernelOf = (view: NodeView): readonly number[] =>
  intsOf(view, "kernel_shape") ?? refuse("attribute kernel_shape is missing");

/** The window that is all of the spatial axes. */
function wholeWindow(view: NodeView): Window {
  const input = spatialOf(view);
  const ones = input.map(() => 1);
  return {
    input,
    kernel: input,
    strides: ones,
    dilations: ones,
    pads: [...input, ...input].map(() => 0),
    output: ones,
  };
}

/** Every channel is a picture of its own, so that all share the same kernel [1, 1, kernel]. */
function average(view: NodeView, window: Window): Convolution {
  const [batch, channels] = view.type(0).shape as [number, number];
  const count = sizeOf(window.kernel);
  if (count > MAX_TENSOR_VALUES) refuse(`a window [${window.kernel}]; accepted: up to 2^24 taps`);
  return {
    inputShape: [batch * channels, 1, ...window.input],
    window,
    group: 1,
    outs: 1,
    weights: new Float64Array(count).fill(1 / count),
    bias: null,
    outputShape: [batch, channels, ...window.output],
  };
}

export const AveragePool = convolutionOperator((view) => {
  const window = windowOf(view, kernelOf(view));
  if (view.int("count_include_pad", 0) === 0 && window.pads.some((pad) => pad > 0))
    refuse("attribute count_include_pad = 0 with padding; accepted: 1, or no padding");
  return average(view, window);
});

export const GlobalAveragePool = convolutionOperator((view) => average(view, wholeWindow(view)));

/** For every tap, for every output position, the position of the input that it reads; padding never wins. */
function picks(window: Window): Int32Array[] {
  const taps = tapsOf(window);
  // A tap on padding reads what the first tap on the input of the same window reads: the maximum is the same.
  const inside = taps.reduce((first, tap) => first.map((at, o) => (at >= 0 ? at : (tap[o] as number))));
  if (inside.some((at) => at < 0)) refuse("a window that lies in the padding only; accepted: each meets the input");
  return taps.map((tap) => tap.map((at, o) => (at >= 0 ? at : (inside[o] as number))));
}

/** max(a, b) = b + relu(a - b), exact; the ranges of a and b are proven, so that the clamp only acts below. */
function addMax(lowering: Lowering, a: TensorId, b: TensorId, name: string, from: readonly string[]): TensorId {
  const { builder } = lowering;
  const { exponent } = builder.tensors[a] as GraphTensor;
  const output = { name, exponent };
  const sum = (inputs: readonly TensorId[], multipliers: readonly bigint[]): TensorId =>
    builder.addNode({ kind: "linear", op: "weightedSum", from, inputs, multipliers, constant: null }, output);
  const difference = sum([a, b], [1n, -1n]);
  const { hi } = builder.tensors[difference] as GraphTensor;
  const clamp = { shift: 0, lo: 0n, hi: hi > 0n ? hi : 0n };
  const relu = builder.addNode({ kind: "lookup", op: "requantize", from, input: difference, ...clamp }, output);
  return sum([b, relu], [1n, 1n]);
}

/** The maximum over a window; exact, without parameters. */
const maxPool = (windowOfView: (view: NodeView) => Window): Operator => ({
  infer(view) {
    const { type, shape } = view.type(0);
    const window = windowOfView(view);
    if (view.node.outputs.slice(1).some((name) => name !== "")) refuse("output Indices; accepted: unused");
    if (sizeOf(window.kernel) > MAX_TAPS) refuse(`a window [${window.kernel}]; accepted: up to ${MAX_TAPS} taps`);
    if (sizeOf(window.kernel) * sizeOf(window.output) > MAX_TENSOR_VALUES)
      refuse(`a window [${window.kernel}] at [${window.output}] positions; accepted: up to 2^24 taps in all`);
    picks(window);
    return [{ type, shape: [...shape.slice(0, 2), ...window.output] }];
  },

  fold(view) {
    const { type, shape, values } = view.constant(0) as FloatTensor;
    const window = windowOfView(view);
    const taps = picks(window);
    const [size, positions] = [sizeOf(window.input), sizeOf(window.output)];
    const outputShape = [...shape.slice(0, 2), ...window.output];
    const y = Float64Array.from({ length: sizeOf(outputShape) }, (_, i) => {
      const from = Math.floor(i / positions) * size;
      return taps.reduce(
        (most, tap) => Math.max(most, values[from + (tap[i % positions] as number)] as number),
        -Infinity,
      );
    });
    return [{ type, shape: outputShape, values: y }];
  },

  lower(view, lowering) {
    const window = windowOfView(view);
    const { id, tensor } = lowering.input(0);
    const name = view.node.outputs[0] as string;
    const from = [view.node.name];
    const [size, positions] = [sizeOf(window.input), sizeOf(window.output)];
    const shape = [...tensor.shape.slice(0, 2), ...window.output];
    const { exponent } = tensor;
    let level = picks(window).map((tap) => {
      const at = (_: unknown, i: number): number => Math.floor(i / positions) * size + (tap[i % positions] as number);
      const indices = makeConstant(shape, Float64Array.from({ length: sizeOf(shape) }, at));
      const node = { kind: "index", op: "gather", from, inputs: [id], indices, fill: 0n } as const;
      return lowering.builder.addNode(node, { name, exponent });
    });
    while (level.length > 1) {
      const pairs = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => level.slice(2 * i, 2 * i + 2));
      level = pairs.map(([a, b]) =>
        b === undefined ? (a as TensorId) : addMax(lowering, a as TensorId, b, name, from),
      );
    }
    return level[0] as TensorId;
  },
});

export const MaxPool = maxPool((view) => windowOf(view, kernelOf(view)));

export const GlobalMaxPool = maxPool(wholeWindow);
