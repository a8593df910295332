// SPDX-License-Identifier: GPL-3.0-or-later
// Where the values of tensors lie in columns, and at which coordinates a block reads them (docs/spec/tensorcheck.md,
// section 7, Layouts).
import { coordinatesOf, coordinatesOfFactor } from "./program.ts";
import type { Axis, Cells, Column, Coordinate, Factor, Run } from "./program.ts";

/** Bits of an axis of this size: ⌈log2 size⌉. */
export const bitsOf = (size: number): number => (size <= 1 ? 0 : 32 - Math.clz32(size - 1));

export const isPowerOfTwo = (size: number): boolean => size === 2 ** bitsOf(size);

/** Bits of a layout: of all its axes. */
export const bitsIn = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + bitsOf(size), 0);

/**
 * Most bits of a column, pads included; a witness has as many cells as all values of a graph. A layout with more pads than that
 * of the tensor's shape may pass it.
 */
export const MAX_BITS = { pre: 28, wit: 26 } as const;

/** Whether a layout holds one value only. */
export const isSingle = (sizes: readonly number[]): boolean => sizes.every((size) => size === 1);

/** An axis of a frame: its size, and the coordinates at which a block or an equation reads it. */
export interface FrameAxis {
  readonly size: number;
  readonly run: Run;
}

/** A layout with coordinates: the cells that a block runs over, or the point of an equation. Most significant first. */
export type Frame = readonly FrameAxis[];

/** The frame of a layout at coordinates low, low + 1, …, the last axis lowest. */
export function frameOf(sizes: readonly number[], low: Coordinate): Frame {
  let next = low;
  return sizes
    .toReversed()
    .map((size) => {
      const run = { low: next, bits: bitsOf(size) };
      next += run.bits;
      return { size, run };
    })
    .reverse();
}

/**
 * The same cells with axes of other sizes, row-major: an axis splits where its inner part is a power of two, and two
 * axes merge where the inner one is. Null where the cells of that layout lie elsewhere. A single value lies anywhere.
 */
export function reframe(frame: Frame, sizes: readonly number[]): Frame | null {
  if (isSingle(sizes)) return frameOf(sizes, 0);
  const left = [...frame];
  let rest: FrameAxis = { size: 1, run: { low: 0, bits: 0 } };
  const axes: FrameAxis[] = [];
  for (const size of sizes.toReversed()) {
    let need = size;
    let run: Run = { low: 0, bits: 0 };
    while (need > 1) {
      while (rest.size === 1) {
        const next = left.pop();
        if (next === undefined) return null;
        rest = next;
      }
      const part = Math.min(need, rest.size);
      // What is taken from one of two unequal sizes leaves whole bits only if it is a power of two.
      if (need !== rest.size && (!isPowerOfTwo(part) || need % part !== 0 || rest.size % part !== 0)) return null;
      if (run.bits > 0 && rest.run.low !== run.low + run.bits) return null;
      const bits = bitsOf(part);
      run = { low: run.bits > 0 ? run.low : rest.run.low, bits: run.bits + bits };
      rest = { size: rest.size / part, run: { low: rest.run.low + bits, bits: rest.run.bits - bits } };
      need /= part;
    }
    axes.unshift({ size, run });
  }
  return rest.size === 1 && left.every((axis) => axis.size === 1) ? axes : null;
}

/** Axes merged where that moves no cell, and without those of size 1: equal lists are equal layouts. */
export function canonical(sizes: readonly number[]): number[] {
  const merged: number[] = [];
  for (const size of sizes) {
    const before = merged.at(-1);
    if (size === 1) continue;
    if (before !== undefined && isPowerOfTwo(size)) merged[merged.length - 1] = before * size;
    else merged.push(size);
  }
  return merged;
}

/** What a view reads. A public input has no layout of its own: `sizes` are the axes that the verifier evaluates it by. */
export type Source =
  | { readonly kind: "column"; readonly column: Column }
  | { readonly kind: "input"; readonly port: number; readonly sizes: readonly number[] };

/** An axis of a view: `at` is its lowest bit in the index of the source's cells, null where the value repeats. */
export interface ViewAxis {
  readonly size: number;
  readonly at: number | null;
}

/**
 * A tensor as it lies in a column or input: value i, row-major over the axes, is the cell that has each axis's index at
 * its bits. Cells beyond an axis's size hold 0 in honest witnesses.
 */
export interface View {
  readonly source: Source;
  readonly axes: readonly ViewAxis[];
  /** Bits of the source that are the same for every value: by bit, null where an axis decides. */
  readonly fixed: readonly (Coordinate | null)[];
}

/** The sizes of a view's axes. */
export const sizesOf = (view: View): number[] => view.axes.map(({ size }) => size);

/** A source of this layout, seen as it is. */
export function plainView(source: Source, sizes: readonly number[]): View {
  const axes = frameOf(sizes, 0).map(({ size, run }) => ({ size, at: run.low }));
  return { source, axes, fixed: new Array<null>(bitsIn(sizes)).fill(null) };
}

/** Whether a view is of a whole public input: it can have any axes. */
const isPlainInput = ({ source, axes, fixed }: View): boolean =>
  source.kind === "input" &&
  sizesEqual(source.sizes, axes) &&
  fixed.every((bit) => bit === null) &&
  frameOf(source.sizes, 0).every(({ size, run }, a) => size === 1 || axes[a]?.at === run.low);

const sizesEqual = (sizes: readonly number[], axes: readonly ViewAxis[]): boolean =>
  sizes.length === axes.length && sizes.every((size, a) => size === axes[a]?.size);

/** The same view with axes of other sizes; null where they lie across its own. */
export function refineView(view: View, sizes: readonly number[]): View | null {
  if (view.source.kind === "input" && isPlainInput(view)) return plainView({ ...view.source, sizes }, sizes);
  // Bits of axes that repeat have no place: they are told apart by lying beyond all others.
  const beyond = frameOf(sizesOf(view), REPEATED);
  const frame = view.axes.map(({ size, at }, a): FrameAxis => ({
    size,
    run: at === null ? (beyond[a] as FrameAxis).run : { low: at, bits: bitsOf(size) },
  }));
  const axes = reframe(frame, sizes);
  if (axes === null) return null;
  return { ...view, axes: axes.map(({ size, run }) => ({ size, at: run.low >= REPEATED ? null : run.low })) };
}

const REPEATED = 1 << 10;

/** A view's value at a frame that holds the same values in the same order, or a single value anywhere; else null. */
export function factorOf(view: View, frame: Frame): Factor | null {
  const { source } = view;
  const sizes = sizesOf(view);
  // A public input lies as its reader wants: the verifier has all of its values.
  if (source.kind === "input" && isPlainInput(view) && !isSingle(sizes))
    return { kind: "input", port: source.port, axes: axesOf(frame) };
  const aligned = reframe(frame, sizes);
  if (aligned === null) return null;
  const byBit = [...view.fixed];
  aligned.forEach(({ run }, a) => {
    const { at } = view.axes[a] as ViewAxis;
    if (at !== null) for (let t = 0; t < run.bits; t++) byBit[at + t] = run.low + t;
  });
  const coordinates = byBit.reverse() as Coordinate[];
  if (source.kind === "column") return { kind: "column", column: source.column, coordinates };
  let from = 0;
  const axes = source.sizes.map((size) => ({ size, coordinates: coordinates.slice(from, (from += bitsOf(size))) }));
  return { kind: "input", port: source.port, axes };
}

/** The cells of a source by a frame of the view's axes, in the source's order where the view holds all of them. */
export function ownFrame(view: View): Frame {
  const runs = view.axes.map(({ size, at }) => ({ size, run: { low: at ?? 0, bits: bitsOf(size) } }));
  const isWhole =
    view.axes.every(({ size, at }) => size === 1 || at !== null) && view.fixed.every((bit) => bit === null);
  return isWhole ? runs : frameOf(sizesOf(view), 0);
}

/** The axes of a frame, for an input or output tensor. */
export const axesOf = (frame: Frame): Axis[] =>
  frame.filter(({ size }) => size > 1).map(({ size, run }) => ({ size, coordinates: coordinatesOf(run) }));

/** The axes that have pads. */
export const paddedAxes = (frame: Frame): Frame => frame.filter(({ size }) => !isPowerOfTwo(size));

/** The polynomial that is 1 on the real cells of these axes and 0 on their pads; null where there are no pads. */
export function selectOf(frame: Frame): Factor | null {
  const axes = paddedAxes(frame).map(({ size, run }) => ({ size, run }));
  return axes.length === 0 ? null : { kind: "select", axes };
}

/** The axes with pads at which none of the factors is 0 in an honest witness. */
export function uncovered(frame: Frame, factors: readonly Factor[]): Frame {
  const covered = new Set(factors.flatMap(coordinatesIn));
  return paddedAxes(frame).filter(({ run }) => !coordinatesOf(run).every((at) => covered.has(at)));
}

/** The coordinates of a factor that is 0 in an honest witness on the pads of the axes that they belong to. */
export const coordinatesIn = (factor: Factor): readonly Coordinate[] =>
  factor.kind === "index" || factor.kind === "steps" ? [] : coordinatesOfFactor(factor);

/** Calls back with each value's cell, in row-major order of the axes. */
export function eachCell(sizes: readonly number[], visit: (cell: number, value: number) => void): void {
  const merged = canonical(sizes);
  const inner = merged.at(-1) ?? 1;
  const outer = merged.slice(0, -1);
  const shifts = frameOf(merged, 0).map(({ run }) => run.low);
  const index = outer.map(() => 0);
  const rows = outer.reduce((product, size) => product * size, 1);
  for (let row = 0, value = 0; row < rows; row++) {
    let base = 0;
    for (let a = 0; a < outer.length; a++) base += (index[a] as number) * 2 ** (shifts[a] as number);
    for (let i = 0; i < inner; i++) visit(base + i, value++);
    for (let a = outer.length - 1; a >= 0; a--) {
      if (++(index[a] as number) < (outer[a] as number)) break;
      index[a] = 0;
    }
  }
}

const FITS = [
  [Int8Array, 7],
  [Int16Array, 15],
  [Int32Array, 31],
  [Float64Array, 53],
] as const;

/** Values laid out with pads of 0, in the narrowest array that holds them. */
export function layOut(values: Float64Array | BigInt64Array | readonly bigint[], sizes: readonly number[]): Cells {
  const length = 2 ** bitsIn(sizes);
  if (values instanceof Float64Array) {
    let most = 0;
    for (const v of values) most = Math.max(most, v < 0 ? -v - 1 : v);
    const [Type] = FITS.find(([, bits]) => most < 2 ** bits) ?? [Float64Array];
    const cells = new Type(length);
    eachCell(sizes, (cell, i) => (cells[cell] = values[i] as number));
    return cells;
  }
  const cells = new Array<bigint>(length).fill(0n);
  eachCell(sizes, (cell, i) => (cells[cell] = values[i] as bigint));
  return cells;
}
