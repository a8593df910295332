// SPDX-License-Identifier: GPL-3.0-or-later
// The window of Conv and of the pools: strides, dilations and padding as ONNX's attributes say.
import { sizeOf } from "../../tensor/spec.ts";
import { refuse, type NodeView } from "./types.ts";

/** A sliding window over the spatial axes, one entry an axis: what a convolution node takes. */
export interface Window {
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** The begin of every axis, then the end of every axis. */
  readonly pads: readonly number[];
  /** By how much the end of every axis is longer than the node's attributes say: a last window that leaves the input. */
  readonly beyond: readonly number[];
  readonly output: readonly number[];
}

/** Strides, dilations and pads of a convolution node are at most this. */
const MAX_STEP = 2 ** 24;

/** `length` integers of at least `least`. */
export function stepsOf(view: NodeView, name: string, length: number, least: number): readonly number[] {
  const steps = view.ints(name) ?? Array.from({ length }, () => least);
  const fits = (v: number): boolean => Number.isInteger(v) && v >= least && v <= MAX_STEP;
  if (steps.length !== length || !steps.every(fits))
    refuse(`attribute ${name} = [${steps}]; accepted: ${length} integers from ${least} to 2^24`);
  return steps;
}

/** Sizes of the spatial axes of input 0, which is [N, C, spatial]; refuses other than 1 to 3 of them. */
export function spatialOf(view: NodeView): readonly number[] {
  const { shape } = view.type(0);
  if (shape.length < 3 || shape.length > 5)
    refuse(`an input of shape [${shape}]; accepted: [N, C, 1 to 3 spatial axes]`);
  return shape.slice(2);
}

const MODES = ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"] as const;
type Mode = (typeof MODES)[number];

/** Attribute auto_pad. */
export function modeOf(view: NodeView): Mode {
  const attribute = view.attribute("auto_pad");
  const given = attribute === undefined ? "NOTSET" : attribute.kind === "string" ? attribute.value : attribute.kind;
  const mode = MODES.find((name) => name === given);
  return mode ?? refuse(`attribute auto_pad = ${given}; accepted: ${MODES.join(", ")}`);
}

/** Padding at both ends of an axis for auto_pad: SAME makes ceil(size / stride) windows, the odd pad at one end. */
function autoPad(mode: Mode, span: number, size: number, stride: number): [begin: number, end: number] {
  if (mode === "VALID") return [0, 0];
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + span - size);
  const less = Math.floor(total / 2);
  return mode === "SAME_UPPER" ? [less, total - less] : [total - less, less];
}

/** The window that a node's attributes give a kernel over input 0. Refuses one that is larger than the padded input. */
export function windowOf(view: NodeView, kernel: readonly number[]): Window {
  const input = spatialOf(view);
  const rank = input.length;
  if (kernel.length !== rank || !kernel.every((size) => Number.isInteger(size) && size >= 1))
    refuse(`a kernel [${kernel}] over [${input}]; accepted: one size an axis, at least 1`);
  const strides = stepsOf(view, "strides", rank, 1);
  const dilations = stepsOf(view, "dilations", rank, 1);
  const span = kernel.map((size, a) => (dilations[a] as number) * (size - 1) + 1);
  const mode = modeOf(view);
  const both = input.map((size, a) => autoPad(mode, span[a] as number, size, strides[a] as number));
  const pads =
    mode === "NOTSET"
      ? stepsOf(view, "pads", 2 * rank, 0)
      : [...both.map(([begin]) => begin), ...both.map(([, end]) => end)];
  const ceil = view.int("ceil_mode", 0) !== 0;
  const axes = input.map((size, a) => {
    const [begin, stride] = [pads[a] as number, strides[a] as number];
    const room = size + begin + (pads[rank + a] as number) - (span[a] as number);
    if (room < 0) refuse(`a window [${span}] larger than the padded input [${input}], pads [${pads}]`);
    const fitting = Math.floor(room / stride) + 1;
    // One more window may leave the input at its end, but it must begin inside, or in the padding before.
    const output = ceil && room % stride !== 0 && fitting * stride < size + begin ? fitting + 1 : fitting;
    return { output, beyond: Math.max(0, (output - 1) * stride - room) };
  });
  const beyond = axes.map((axis) => axis.beyond);
  const extended = pads.map((pad, i) => pad + (beyond[i - rank] ?? 0));
  return { input, kernel, strides, dilations, pads: extended, beyond, output: axes.map((axis) => axis.output) };
}

/** For every tap of the kernel, for every output position: the flat input position that it meets, or -1 for padding. */
export function tapsOf({ input, kernel, strides, dilations, pads, output }: Window): Int32Array[] {
  const positions = sizeOf(output);
  return Array.from({ length: sizeOf(kernel) }, (_, tap) =>
    Int32Array.from({ length: positions }, (_unused, position) => {
      let [k, o, at, stride] = [tap, position, 0, 1];
      for (let a = input.length - 1; a >= 0; a--) {
        const [taps, size, outs] = [kernel[a] as number, input[a] as number, output[a] as number];
        const i = (o % outs) * (strides[a] as number) + (k % taps) * (dilations[a] as number) - (pads[a] as number);
        if (i < 0 || i >= size) return -1;
        at += i * stride;
        stride *= size;
        k = Math.floor(k / taps);
        o = Math.floor(o / outs);
      }
      return at;
    }),
  );
}
