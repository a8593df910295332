// SPDX-License-Identifier: GPL-3.0-or-later
// Gathers that go axis by axis: an axis of the result is bits of the source's index, or a sum over an axis of the source.
import type { TensorId } from "../../../graph/types.ts";
import { NOTHING } from "../bytes.ts";
import { bitsIn, bitsOf, factorOf, frameOf, refineView, type Frame, type FrameAxis, type View } from "../layout.ts";
import { atR, ONE, ZERO, type Coordinate, type Factor, type Origin, type Run } from "../program.ts";
import type { Contraction } from "./expressions.ts";
import { axisMaps, type AxisMaps, type DigitMap } from "./index-map.ts";
import type { Lowering } from "./lowering.ts";

const NO_BITS: Run = { low: 0, bits: 0 };

/** What a gather reads of one of its operands. */
export interface PartRead {
  readonly id: TensorId;
  /** of the operand in the sequence of all */
  readonly start: number;
  /** of each value of the result, its index in this operand, or −1 */
  readonly own: Int32Array;
}

/** How a gather reads one operand. */
export interface AxisRead {
  /** axes of the result */
  readonly sizes: readonly number[];
  /** which of them need a sum over an axis of the source, or a mask where nothing is read */
  readonly summed: readonly { readonly axis: number; readonly map: DigitMap; readonly size: number }[];
  /** the operand: an axis for each of the result, those that are summed of one value; then the axes that are summed */
  readonly view: View;
}

/** Null where the indices do not go axis by axis, or across the operand's layout, or are none that a key can say. */
export function readAxes(lowering: Lowering, { id, own }: PartRead, shape: readonly number[]): AxisRead | null {
  const maps = axisMaps(own, shape, lowering.tensor(id).shape);
  if (maps === null) return null;
  const source = refineView(lowering.view(id), maps.sourceSizes);
  if (source === null) return null;
  const fixed = [...source.fixed];
  const fix = (j: number, index: number, from = 0, to = bitsOf(maps.sourceSizes[j] as number)): void => {
    const at = source.axes[j]?.at ?? null;
    if (at === null) return;
    for (let t = from; t < to; t++) fixed[at + t] = constant(Math.floor(index / 2 ** t) % 2);
  };
  const read = new Set(maps.digits.map((digit) => digit.source));
  maps.base.forEach((index, j) => {
    if (!read.has(j)) fix(j, index);
  });
  const summed: AxisRead["summed"][number][] = [];
  const axes = maps.digits.map((map, axis) => {
    const { size, source: j, entries } = map;
    const low = lowBit(maps, map);
    if (low === null) {
      summed.push({ axis, map, size: j === null ? 1 : (maps.sourceSizes[j] as number) });
      return { size, at: null };
    }
    const at = j === null ? null : (source.axes[j]?.at ?? null);
    if (j === null || at === null) return { size, at: null };
    fix(j, entries[0] as number, 0, low);
    fix(j, entries[0] as number, low + bitsOf(size));
    return { size, at: at + low };
  });
  if (summed.some(({ map }) => map.entries.includes(NOTHING))) return null;
  const sums = summed.map(({ map, size }) => ({
    size,
    at: map.source === null ? null : (source.axes[map.source]?.at ?? null),
  }));
  return {
    sizes: maps.digits.map(({ size }) => size),
    summed,
    view: { source: source.source, axes: [...axes, ...sums], fixed },
  };
}

const constant = (bit: number): Coordinate => (bit === 1 ? ONE : ZERO);

/** The lowest bit of the source axis's index that is the result's, the others being fixed; null where it is not so. */
function lowBit({ sourceSizes }: AxisMaps, { size, source, entries }: DigitMap): number | null {
  if (entries.includes(-1)) return null;
  if (source === null) return 0;
  const axis = sourceSizes[source] as number;
  const [first, second] = entries as unknown as [number, number];
  const stride = second - first;
  const low = bitsOf(stride);
  if (stride !== 2 ** low || entries.some((entry, i) => entry !== first + i * stride)) return null;
  if (first % 2 ** (low + bitsOf(size)) >= stride) return null;
  // The pads of the result's axis must be pads of the source's.
  const hasPads = size !== 2 ** bitsOf(size);
  return hasPads && first + size * stride < axis ? null : low;
}

/** The result as a sum over the axes of the source that its own axes pick from. */
export function sumRead(origin: Origin, { sizes, summed, view }: AxisRead): Contraction {
  const inner = frameOf(
    summed.map(({ size }) => size),
    atR(0),
  );
  return {
    origin,
    sizes,
    variables: bitsIn(summed.map(({ size }) => size)),
    factors: (at) => [
      factorOf(view, [...at, ...inner]) as Factor,
      ...summed.map(({ axis, map, size }, k) =>
        pickOf(map.entries, at[axis] as FrameAxis, inner[k] as FrameAxis, size),
      ),
    ],
  };
}

/** 1 where the operand is read, else 0. */
export const regionRead = (origin: Origin, { sizes, summed }: AxisRead): Contraction => ({
  origin,
  sizes,
  variables: 0,
  factors: (at: Frame) =>
    summed
      .filter(({ map }) => map.entries.includes(-1))
      .map(({ axis, map }) => {
        const entries = map.entries.map((entry) => Math.min(entry, 0));
        return { kind: "pick", entries, p: (at[axis] as FrameAxis).run, q: NO_BITS };
      }),
});

/** Which index of the source's axis each index of the result's reads: as a window of one tap where its steps are even. */
function pickOf(entries: Int32Array, { run: p }: FrameAxis, { run: q }: FrameAxis, size: number): Factor {
  const first = entries.findIndex((entry) => entry >= 0);
  const next = entries[first + 1] ?? -1;
  const stride = next < 0 ? 1 : next - (entries[first] as number);
  const pad = first * stride - (entries[first] as number);
  // SAFETY: a key holds a pad of 32 bits, signed.
  const isEven =
    stride > 0 && Math.abs(pad) < 2 ** 31 && entries.every((entry, i) => entry === windowIndex(i * stride - pad, size));
  if (!isEven) return { kind: "pick", entries, p, q };
  return { kind: "window", positions: entries.length, taps: 1, size, stride, dilation: 1, pad, p, k: NO_BITS, q };
}

const windowIndex = (index: number, size: number): number => (index >= 0 && index < size ? index : -1);
