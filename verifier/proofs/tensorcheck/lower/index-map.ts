// SPDX-License-Identifier: GPL-3.0-or-later
// Index maps that go axis by axis: transpositions, slices, pads, repetitions, concatenations.
import { sizeOf } from "../../../tensor/spec.ts";

/** An axis of the result: of each of its indices, the index of the source's axis that is read, −1 where nothing is. */
export interface DigitMap {
  readonly size: number;
  /** null where the value does not depend on the index, but for the entries −1 */
  readonly source: number | null;
  readonly entries: Int32Array;
}

/** Value (i_0, i_1, …) of the result is the source's at the index that `digits` give, `base` on the other axes. */
export interface AxisMaps {
  readonly digits: readonly DigitMap[];
  readonly sourceSizes: readonly number[];
  readonly base: readonly number[];
}

/** What one axis of the result adds to the flat index in the source; null where nothing is read. */
interface Digit {
  readonly size: number;
  readonly offsets: readonly (number | null)[];
}

/**
 * The maps of a gather from one source, `indices` being flat ones into it or −1; null where no axis-by-axis maps give
 * them. At least one index is not −1.
 */
export function axisMaps(
  indices: Int32Array,
  shape: readonly number[],
  sourceShape: readonly number[],
): AxisMaps | null {
  const reference = indices.findIndex((index) => index >= 0);
  const base = indices[reference] as number;
  const whole = digitsOf(indices, shape, reference);
  if (whole === null) return null;
  const digits: Digit[] = [];
  for (const digit of whole) {
    const parts = splitDigit(digit, base, sourceShape);
    if (parts === null) return null;
    digits.push(...parts);
  }
  const sourceSizes = refine(digits, base, sourceShape);
  if (sourceSizes === null) return null;
  const maps = digits.map((digit) => mapOf(digit, base, sourceSizes));
  if (maps.includes(null)) return null;
  const used = (maps as DigitMap[]).flatMap(({ source }) => (source === null ? [] : [source]));
  if (new Set(used).size !== used.length) return null;
  return { digits: maps as DigitMap[], sourceSizes, base: indexOf(base, sourceSizes) };
}

/** The index of each axis. */
function indexOf(flat: number, sizes: readonly number[]): number[] {
  let rest = flat;
  return sizes
    .toReversed()
    .map((size) => {
      const index = rest % size;
      rest = (rest - index) / size;
      return index;
    })
    .reverse();
}

/** The indices as a sum of what each axis adds to the reference's; null where they are none. */
function digitsOf(indices: Int32Array, shape: readonly number[], reference: number): Digit[] | null {
  const base = indices[reference] as number;
  const at = indexOf(reference, shape);
  let stride = indices.length;
  const digits = shape.map((size, a): Digit => {
    stride /= size;
    const origin = reference - (at[a] as number) * stride;
    const offsets = Array.from({ length: size }, (_, i) => {
      const index = indices[origin + i * stride] as number;
      return index < 0 ? null : index - base;
    });
    return { size, offsets };
  });
  const counter = shape.map(() => 0);
  for (const index of indices) {
    let sum: number | null = base;
    for (let a = 0; a < shape.length; a++) {
      const offset = (digits[a] as Digit).offsets[counter[a] as number] as number | null;
      sum = sum === null || offset === null ? null : sum + offset;
    }
    if ((sum ?? -1) !== index) return null;
    for (let a = shape.length - 1; a >= 0; a--) {
      if (++(counter[a] as number[][number]) < (shape[a] as number)) break;
      counter[a] = 0;
    }
  }
  return digits;
}

/** The axes of the source at which an offset changes the index. */
function axesTouched({ offsets }: Digit, base: number, sizes: readonly number[]): Set<number> {
  const origin = indexOf(base, sizes);
  const touched = new Set<number>();
  for (const offset of offsets) {
    if (offset === null) continue;
    indexOf(base + offset, sizes).forEach((index, j) => {
      if (index !== origin[j]) touched.add(j);
    });
  }
  return touched;
}

/** An axis of the result as axes that each touch one axis of the source: the largest inner part first. */
function splitDigit(digit: Digit, base: number, sourceShape: readonly number[]): Digit[] | null {
  const { size, offsets } = digit;
  if (axesTouched(digit, base, sourceShape).size <= 1) return [digit];
  const flat = Int32Array.from(offsets, (offset) => (offset === null ? -1 : base + offset));
  const reference = offsets.indexOf(0);
  for (let inner = Math.floor(size / 2); inner >= 2; inner--) {
    if (size % inner !== 0) continue;
    const parts = digitsOf(flat, [size / inner, inner], reference) as [Digit, Digit] | null;
    if (parts === null || axesTouched(parts[1], base, sourceShape).size > 1) continue;
    const outer = splitDigit(parts[0], base, sourceShape);
    if (outer !== null) return [...outer, parts[1]];
  }
  return null;
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/** The source's axes, split so that several axes of the result may read what was one; null where no split can do. */
function refine(digits: readonly Digit[], base: number, sourceShape: readonly number[]): number[] | null {
  const strides = sourceShape.map((_, j) => sizeOf(sourceShape.slice(j + 1)));
  const readers: number[][] = sourceShape.map(() => []);
  for (const digit of digits) {
    const [axis] = axesTouched(digit, base, sourceShape);
    if (axis === undefined) continue;
    const step = digit.offsets.reduce<number>((divisor, offset) => gcd(divisor, offset ?? 0), 0);
    (readers[axis] as number[]).push(step / (strides[axis] as number));
  }
  const sizes: number[] = [];
  for (const [j, steps] of readers.entries()) {
    let rest = sourceShape[j] as number;
    if (steps.length > 1) {
      for (const step of steps.toSorted((a, b) => b - a)) {
        if (rest % step !== 0) return null;
        sizes.push(rest / step);
        rest = step;
      }
    }
    sizes.push(rest);
  }
  return sizes;
}

/** Null where a digit touches several axes. */
function mapOf(digit: Digit, base: number, sourceSizes: readonly number[]): DigitMap | null {
  const touched = [...axesTouched(digit, base, sourceSizes)];
  if (touched.length > 1) return null;
  const [source = null] = touched;
  const entries = Int32Array.from(digit.offsets, (offset) =>
    offset === null ? -1 : source === null ? 0 : (indexOf(base + offset, sourceSizes)[source] as number),
  );
  return { size: digit.size, source, entries };
}
