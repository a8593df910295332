// SPDX-License-Identifier: GPL-3.0-or-later
// Integers, ranges and shapes: what the ops' derivations and evaluations share.
import { VerigradError } from "../../errors.ts";
import { sizeOf } from "../../tensor/spec.ts";
import type { Constant, NodeBase, Operand } from "./types.ts";

/** A closed interval of integers. */
export interface Range {
  readonly lo: bigint;
  readonly hi: bigint;
}

export const abs = (v: bigint): bigint => (v < 0n ? -v : v);
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Largest absolute value of a range. */
export function magnitudeOf({ lo, hi }: Range): bigint {
  return max(abs(lo), abs(hi));
}

/** Smallest range that holds all of these; there is at least one. */
export function unionOf(ranges: readonly Range[]): Range {
  return { lo: ranges.map(({ lo }) => lo).reduce(min), hi: ranges.map(({ hi }) => hi).reduce(max) };
}

/** Range of the product of a value of a and a value of b that do not depend on each other. */
export function productRange(a: Range, b: Range): Range {
  const corners = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
  return { lo: corners.reduce(min), hi: corners.reduce(max) };
}

/** (z + 2^(shift-1)) >> shift, rounding half up, without the clamp. */
export function roundShift(z: bigint, shift: number): bigint {
  return shift === 0 ? z : (z + (1n << BigInt(shift - 1))) >> BigInt(shift);
}

/** A node for people: the ONNX nodes it came from, and its op. */
export const describe = (node: NodeBase): string => `"${node.from.join(" + ")}" (${node.op})`;

/** A malformed node: its shapes or parameters do not fit together. */
export function malformed(node: NodeBase, why: string): VerigradError {
  return new VerigradError("GRAPH_MALFORMED", `node ${describe(node)}: ${why}`, {
    data: { node: describe(node), why },
  });
}

/** Equality of shapes. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Shape of an element-wise node: all operands have it or a single value. Errors: GRAPH_MALFORMED. */
export function elementwiseShape(
  node: NodeBase,
  operands: readonly Pick<Operand, "shape">[],
  shape = (operands.find((x) => sizeOf(x.shape) !== 1) ?? operands[0])?.shape ?? [],
): readonly number[] {
  if (operands.some((x) => sizeOf(x.shape) !== 1 && !sameShape(x.shape, shape)))
    throw malformed(node, "operands' shapes differ");
  return shape;
}

/** Least and greatest value of a constant. */
export function constantRange({ values }: Pick<Constant, "values">): Range {
  let lo = values[0] as number | bigint;
  let hi = lo;
  for (const value of values) {
    if (value < lo) lo = value;
    else if (value > hi) hi = value;
  }
  return { lo: BigInt(lo), hi: BigInt(hi) };
}

/** Value i of a constant; 0 of none. */
export const constantAt = (constant: Constant | null, i: number): bigint =>
  constant === null ? 0n : BigInt(constant.values[i] as number | bigint);

/** Sums of the positive and of the negative values of a class. */
export type SignedSums = readonly [positive: bigint, negative: bigint];

/**
 * For each of `count` classes, the signed sums of the values at [start, start + length) that belong to it; the class of
 * value i is `classes[i % classes.length]`, counted from `start`.
 */
export function signedSums(
  { values }: Pick<Constant, "values">,
  start: number,
  length: number,
  classes: Uint8Array = Uint8Array.of(0),
  count = 1,
): SignedSums[] {
  const period = classes.length;
  // Doubles are exact here: 2^21 values of at most 2^31 each.
  if (values instanceof Float64Array && length <= 2 ** 21) {
    const totals = new Float64Array(count);
    const absolutes = new Float64Array(count);
    for (let i = start, k = 0; i < start + length; i++) {
      const value = values[i] as number;
      const c = classes[k] as number;
      totals[c] = (totals[c] as number) + value;
      absolutes[c] = (absolutes[c] as number) + Math.abs(value);
      if (++k === period) k = 0;
    }
    return Array.from(totals, (total, c) => {
      const absolute = absolutes[c] as number;
      return [BigInt((absolute + total) / 2), BigInt((total - absolute) / 2)];
    });
  }
  const sums = new Array<bigint>(2 * count).fill(0n);
  for (let i = start; i < start + length; i++) {
    const value = BigInt(values[i] as number | bigint);
    const at = 2 * (classes[(i - start) % period] as number) + (value < 0n ? 1 : 0);
    sums[at] = (sums[at] as bigint) + value;
  }
  return Array.from({ length: count }, (_, c) => [sums[2 * c] as bigint, sums[2 * c + 1] as bigint]);
}

/** Range of a sum of weights times values of `x`, each weight on its own. */
export function weightedRange([positive, negative]: SignedSums, x: Range): Range {
  return { lo: positive * x.lo + negative * x.hi, hi: positive * x.hi + negative * x.lo };
}

/** Integers as doubles; the caller knows that those that count are below 2^53. */
export function toDoubles(values: Float64Array | BigInt64Array): Float64Array {
  if (values instanceof Float64Array) return values;
  const doubles = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) doubles[i] = Number(values[i]);
  return doubles;
}

/** Integers as 64-bit integers. */
export function toIntegers(values: Float64Array | BigInt64Array): BigInt64Array {
  if (values instanceof BigInt64Array) return values;
  const integers = new BigInt64Array(values.length);
  for (let i = 0; i < values.length; i++) integers[i] = BigInt(values[i] as number);
  return integers;
}
