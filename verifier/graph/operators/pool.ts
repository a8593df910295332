// SPDX-License-Identifier: GPL-3.0-or-later
// Pools. An average is a convolution with the constant 1/n; a maximum gathers the window's taps and compares halves of them.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import { MAX_TENSOR_VALUES } from "../ranges.ts";
import { addReduction } from "./compare-nodes.ts";
import { convolutionOperator, type Convolution } from "./conv.ts";
import { multiply, scaled } from "./expressions.ts";
import { spatialOf, tapsOf, windowOf, type Window } from "./conv-window.ts";
import {
  int,
  ints,
  refuse,
  type Choice,
  type Composite,
  type Expansion,
  type NodeView,
  type Operator,
} from "./types.ts";

/** A window of more taps than this is refused. */
const MAX_TAPS = 4096;

const kernelOf = (view: NodeView): readonly number[] =>
  view.ints("kernel_shape") ?? refuse("attribute kernel_shape is missing");

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
    beyond: input.map(() => 0),
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

/** How many values each window is the mean of, by its position: those inside, or the padding of the attributes too. */
function counts({ input, kernel, strides, dilations, pads, beyond, output }: Window, padded: boolean): Float64Array {
  return input.reduce((all, size, a) => {
    const [begin, end] = [pads[a] as number, (pads[input.length + a] as number) - (beyond[a] as number)];
    const [least, most] = padded ? [-begin, size + end] : [0, size];
    const own = Float64Array.from({ length: output[a] as number }, (_, o) => {
      const first = o * (strides[a] as number) - begin;
      const step = dilations[a] as number;
      const from = Math.max(0, Math.ceil((least - first) / step));
      const to = Math.min(kernel[a] as number, Math.ceil((most - first) / step));
      return Math.max(0, to - from);
    });
    return Float64Array.from({ length: all.length * own.length }, (_, i) => {
      return (all[Math.floor(i / own.length)] as number) * (own[i % own.length] as number);
    });
  }, Float64Array.of(1));
}

const FullAverage = convolutionOperator((view) => average(view, windowOf(view, kernelOf(view))));

/** The mean over whole windows, padding counted as 0. */
function meanOf(expansion: Expansion, x: string, { kernel, strides, dilations, pads }: Window): string {
  const attributes = {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints(pads),
    count_include_pad: int(1),
  };
  return expansion.node("AveragePool", [x], attributes);
}

/** Windows that meet padding: the mean over whole windows, padding counted as 0, times taps / count at each position. */
const PartialAverage: Composite = {
  expand(view, expansion) {
    const window = windowOf(view, kernelOf(view));
    const size = sizeOf(window.kernel);
    const count = counts(window, view.int("count_include_pad", 0) !== 0);
    if (count.includes(0)) refuse("a window that lies in the padding only; accepted: each meets the input");
    const mean = meanOf(expansion, view.node.inputs[0] as string, window);
    const factor = expansion.constant(
      count.map((n) => size / n),
      window.output,
    );
    expansion.output(0, expansion.node("Mul", [mean, factor]));
  },
};

export const AveragePool: Choice = (view) => {
  const window = windowOf(view, kernelOf(view));
  const size = sizeOf(window.kernel);
  if (size > MAX_TENSOR_VALUES || window.pads.every((pad) => pad === 0)) return FullAverage;
  const whole = counts(window, view.int("count_include_pad", 0) !== 0).every((count) => count === size);
  return whole ? FullAverage : PartialAverage;
};

export const GlobalAveragePool = convolutionOperator((view) => average(view, wholeWindow(view)));

/** The norm of each window: sum(|x|) or sqrt(sum(x^2)); padding is 0. */
const normPool = (windowOfView: (view: NodeView) => Window): Composite => ({
  expand(view, expansion) {
    const window = windowOfView(view);
    const p = view.int("p", 2);
    if (p !== 1 && p !== 2) refuse(`attribute p = ${p}; accepted: 1, 2`);
    const x = view.node.inputs[0] as string;
    const terms = p === 1 ? expansion.node("Abs", [x]) : multiply(expansion, x, x);
    const sum = scaled(expansion, meanOf(expansion, terms, window), sizeOf(window.kernel));
    expansion.output(0, p === 1 ? sum : expansion.node("Sqrt", [sum]));
  },
});

export const LpPool = normPool((view) => windowOf(view, kernelOf(view)));

export const GlobalLpPool = normPool(wholeWindow);

/** For every tap, for every output position, the position of the input that it reads; padding never wins. */
function picks(window: Window): Int32Array[] {
  const taps = tapsOf(window);
  // A tap on padding reads what the first tap on the input of the same window reads: the maximum is the same.
  const inside = taps.reduce((first, tap) => first.map((at, o) => (at >= 0 ? at : (tap[o] as number))));
  if (inside.some((at) => at < 0)) refuse("a window that lies in the padding only; accepted: each meets the input");
  return taps.map((tap) => tap.map((at, o) => (at >= 0 ? at : (inside[o] as number))));
}

/** The maximum over a window; exact, without parameters. */
const maxPool = (windowOfView: (view: NodeView) => Window): Operator => ({
  infer(view) {
    const { type, shape } = view.type(0);
    const window = windowOfView(view);
    if (view.node.outputs.slice(1).some((name) => name !== "")) refuse("output Indices; accepted: unused");
    if (sizeOf(window.kernel) > MAX_TAPS) refuse(`a window [${window.kernel}]; accepted: up to ${MAX_TAPS} taps`);
    const outputShape = [...shape.slice(0, 2), ...window.output];
    if (sizeOf(window.kernel) * sizeOf(outputShape) > MAX_TENSOR_VALUES)
      refuse(`a window [${window.kernel}] at [${outputShape}] positions; accepted: up to 2^24 taps in all`);
    picks(window);
    return [{ type, shape: outputShape }];
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
    const from = view.node.name;
    const [inputSize, positions] = [sizeOf(window.input), sizeOf(window.output)];
    const shape = [...tensor.shape.slice(0, 2), ...window.output];
    const taps = picks(window);
    const size = sizeOf(shape);
    const indices = new Float64Array(taps.length * size);
    taps.forEach((tap, k) => {
      for (let i = 0; i < size; i++)
        indices[k * size + i] = Math.floor(i / positions) * inputSize + (tap[i % positions] as number);
    });
    const node = { kind: "index", op: "gather", from: [from], inputs: [id], fill: 0n } as const;
    const { exponent } = tensor;
    const gathered = lowering.builder.addNode(
      { ...node, indices: makeConstant([taps.length, ...shape], indices) },
      { name, exponent },
    );
    return addReduction(lowering.builder, "maximum", gathered, { from, name });
  },
});

export const MaxPool = maxPool((view) => windowOf(view, kernelOf(view)));

export const GlobalMaxPool = maxPool(wholeWindow);
