// SPDX-License-Identifier: GPL-3.0-or-later
// ConvTranspose: zeros between the input's positions, then a convolution with the kernel turned around.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { sameShape } from "../ranges.ts";
import { modeOf, spatialOf, stepsOf } from "./conv-window.ts";
import { integerList, reshape } from "./expressions.ts";
import { int, ints, refuse, type Composite, type Expansion, type NodeView } from "./types.ts";

interface Transposed {
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Positions cut from both ends of an axis of the full output (negative: zeros added). */
  readonly begin: readonly number[];
  readonly output: readonly number[];
}

/** Sizes as ONNX's ConvTranspose defines them. */
function transposedOf(view: NodeView, kernel: readonly number[]): Transposed {
  const input = spatialOf(view);
  const rank = input.length;
  const strides = stepsOf(view, "strides", rank, 1);
  const dilations = stepsOf(view, "dilations", rank, 1);
  const extra = stepsOf(view, "output_padding", rank, 0);
  const mode = modeOf(view);
  const wanted = view.ints("output_shape");
  if (wanted !== undefined && wanted.length !== rank)
    refuse(`attribute output_shape = [${wanted}]; accepted: one size a spatial axis`);
  const pads = stepsOf(view, "pads", 2 * rank, 0);
  const axes = input.map((size, a) => {
    const stride = strides[a] as number;
    const full =
      stride * (size - 1) + (extra[a] as number) + ((kernel[a] as number) - 1) * (dilations[a] as number) + 1;
    const target = wanted?.[a] ?? (mode.startsWith("SAME") ? size * stride : undefined);
    if (target === undefined) {
      const [begin, end] = mode === "VALID" ? [0, 0] : [pads[a] as number, pads[rank + a] as number];
      return { begin, output: full - begin - end };
    }
    // What the output is shorter by is cut from both ends, the odd position as auto_pad says.
    const total = Math.max(0, full - target);
    const begin = mode === "SAME_UPPER" ? Math.floor(total / 2) : total - Math.floor(total / 2);
    return { begin, output: target };
  });
  const output = axes.map((axis) => axis.output);
  if (!output.every((size) => Number.isInteger(size) && size >= 1)) refuse(`an output of spatial shape [${output}]`);
  return { input, kernel, strides, dilations, begin: axes.map((axis) => axis.begin), output };
}

/** Weights [C, M / group, kernel] as those of a convolution, [M, C / group, kernel], each axis of the kernel reversed. */
function turned({ shape, values }: FloatTensor, group: number): { shape: number[]; values: Float64Array } {
  const [ins, outs] = shape as [number, number];
  const taps = sizeOf(shape.slice(2));
  const groupIns = ins / group;
  const result = new Float64Array(values.length);
  for (let c = 0; c < ins; c++) {
    const g = Math.floor(c / groupIns);
    for (let m = 0; m < outs; m++) {
      const from = (c * outs + m) * taps;
      const to = ((g * outs + m) * groupIns + (c % groupIns)) * taps;
      for (let k = 0; k < taps; k++) result[to + taps - 1 - k] = values[from + k] as number;
    }
  }
  return { shape: [group * outs, groupIns, ...shape.slice(2)], values: result };
}

/** The input with stride - 1 zeros after each position of each axis. */
function spread(expansion: Expansion, x: string, shape: readonly number[], strides: readonly number[]): string {
  if (strides.every((stride) => stride === 1)) return x;
  const [batch, channels, ...input] = shape as [number, number, ...number[]];
  const columns = reshape(expansion, x, [batch, channels, ...input.flatMap((size) => [size, 1])]);
  const after = [0, 0, ...strides.flatMap((stride) => [0, stride - 1])];
  const padded = expansion.node("Pad", [columns, integerList(expansion, [...after.map(() => 0), ...after])]);
  return reshape(expansion, padded, [batch, channels, ...input.map((size, a) => size * (strides[a] as number))]);
}

export const ConvTranspose: Composite = {
  expand(view, expansion) {
    const [x, , b] = view.node.inputs as [string, string, string?];
    const { shape } = view.type(0);
    const w = view.type(1).shape;
    const weights = view.constant(1) ?? refuse("input W depends on the inputs; accepted: a constant");
    const group = view.int("group", 1);
    if (w.length !== shape.length || !(group >= 1) || w[0] !== shape[1] || (w[0] as number) % group !== 0)
      refuse(`attribute group = ${group} for an input of shape [${shape}] and weights of shape [${w}]`);
    const kernel = w.slice(2);
    const given = view.ints("kernel_shape") ?? kernel;
    if (!sameShape(given, kernel)) refuse(`attribute kernel_shape = [${given}] for weights of shape [${w}]`);
    const { input, strides, dilations, begin, output } = transposedOf(view, kernel);
    // Position o of the output is tap span - 1 - begin + o of the spread input, once that has `span` zeros before it.
    const span = kernel.map((size, a) => (size - 1) * (dilations[a] as number));
    const before = span.map((size, a) => size - (begin[a] as number));
    const after = output.map(
      (size, a) => size + (span[a] as number) - (before[a] as number) - (input[a] as number) * (strides[a] as number),
    );
    const pads = integerList(expansion, [0, 0, ...before, 0, 0, ...after]);
    const padded = expansion.node("Pad", [spread(expansion, x, shape, strides), pads]);
    const conv = turned(weights, group);
    const inputs = [padded, expansion.constant(conv.values, conv.shape), ...(b === undefined || b === "" ? [] : [b])];
    expansion.output(0, expansion.node("Conv", inputs, { group: int(group), dilations: ints(dilations) }));
  },
};
