// SPDX-License-Identifier: GPL-3.0-or-later
// The sliding window of a convolution: which input position each of its taps meets at each output position.
import { malformed } from "./arithmetic.ts";
import type { Matrix } from "./kernels.ts";
import type { NodeBase } from "./types.ts";

/** One spatial axis: tap k at output position o meets input position o * stride + k * dilation - begin. */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
}

/** Strides, dilations and pads are at most this: products stay far below 2^53. */
const MAX_STEP = 2 ** 24;

/** The axes of a window, one a spatial dimension. Errors: GRAPH_MALFORMED, also where the output would be empty. */
export function windowOf(
  node: NodeBase,
  input: readonly number[],
  kernel: readonly number[],
  parameters: { strides: readonly number[]; dilations: readonly number[]; pads: readonly number[] },
): Axis[] {
  const { strides, dilations, pads } = parameters;
  const rank = input.length;
  const isStep = (least: number) => (v: number) => Number.isInteger(v) && v >= least && v <= MAX_STEP;
  if (strides.length !== rank || !strides.every(isStep(1))) throw malformed(node, "bad strides");
  if (dilations.length !== rank || !dilations.every(isStep(1))) throw malformed(node, "bad dilations");
  if (pads.length !== 2 * rank || !pads.every(isStep(0))) throw malformed(node, "bad pads");
  return input.map((size, a) => {
    const [stride, dilation, begin] = [strides[a], dilations[a], pads[a]] as [number, number, number];
    const taps = kernel[a] as number;
    const span = size + begin + (pads[rank + a] as number) - dilation * (taps - 1);
    if (span < 1) throw malformed(node, "the window is larger than the padded input");
    return { input: size, output: Math.floor((span - 1) / stride) + 1, kernel: taps, stride, dilation, begin };
  });
}

/** Output positions [first, end) at which tap k meets the input, not padding; first = end for none. */
function positionsOf({ input, output, stride, dilation, begin }: Axis, k: number): [number, number] {
  const offset = begin - k * dilation;
  const first = Math.max(0, Math.ceil(offset / stride));
  return [first, Math.max(first, Math.min(output, Math.floor((input - 1 + offset) / stride) + 1))];
}

/** How often a tap meets the input: at every output position, at some, or at none. */
export const ALWAYS = 0;
export const SOMETIMES = 1;
export const NEVER = 2;

/** ALWAYS, SOMETIMES or NEVER for every tap of the kernel, row-major. */
export function tapClasses(axes: readonly Axis[]): Uint8Array {
  return axes.reduce((outer, axis) => {
    const own = Uint8Array.from({ length: axis.kernel }, (_, k) => {
      const [first, end] = positionsOf(axis, k);
      if (first >= end) return NEVER;
      return first === 0 && end === axis.output ? ALWAYS : SOMETIMES;
    });
    // The classes are ordered: a tap meets the input as rarely as on the axis where it does so most rarely.
    return Uint8Array.from({ length: outer.length * axis.kernel }, (_, i) =>
      Math.max(outer[Math.floor(i / axis.kernel)] as number, own[i % axis.kernel] as number),
    );
  }, Uint8Array.of(ALWAYS));
}

const POINT: Axis = { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, begin: 0 };

/**
 * Writes patches as the columns of a matrix: row (c, tap), column j holds what the tap meets in channel c at output
 * position `start + j`, and 0 for padding. Channel c of x begins at `from + c * (size of the spatial axes)`.
 */
export function fillPatches(
  to: Matrix,
  x: Float64Array,
  from: number,
  channels: number,
  axes: readonly Axis[],
  start: number,
  columns: number,
): void {
  const [az, ay, ax] = [POINT, POINT, ...axes].slice(-3) as [Axis, Axis, Axis];
  const inside = Array.from({ length: ax.kernel }, (_, k) => positionsOf(ax, k));
  const values = to.values;
  let row = to.at;
  for (let c = 0; c < channels; c++) {
    for (let kz = 0; kz < az.kernel; kz++) {
      for (let ky = 0; ky < ay.kernel; ky++) {
        for (let kx = 0; kx < ax.kernel; kx++) {
          const [first, end] = inside[kx] as [number, number];
          values.fill(0, row, row + columns);
          // One line of the output at a time: its positions meet a line of the input, or padding.
          for (let done = 0; done < columns;) {
            const ox = (start + done) % ax.output;
            const line = (start + done - ox) / ax.output;
            const oy = line % ay.output;
            const iy = oy * ay.stride + ky * ay.dilation - ay.begin;
            const iz = ((line - oy) / ay.output) * az.stride + kz * az.dilation - az.begin;
            const run = Math.min(ax.output - ox, columns - done);
            if (iy >= 0 && iy < ay.input && iz >= 0 && iz < az.input) {
              const at = from + ((c * az.input + iz) * ay.input + iy) * ax.input + kx * ax.dilation - ax.begin;
              const target = row + done - ox;
              const stop = Math.min(end, ox + run);
              for (let o = Math.max(first, ox); o < stop; o++) values[target + o] = x[at + o * ax.stride] as number;
            }
            done += run;
          }
          row += to.stride;
        }
      }
    }
  }
}
