// SPDX-License-Identifier: GPL-3.0-or-later
// Interval arithmetic in BigInt fixed point: every operation rounds outward, so that what it returns encloses the exact
// result for all values that its operands enclose (Moore, Interval Analysis, 1966).
import { ceilDivide, floorDivide, squareRoot, type Rational } from "./rational.ts";

/** All numbers v with lo <= v * 2^bits <= hi, for the number of bits that is computed with. */
export interface Interval {
  readonly lo: bigint;
  readonly hi: bigint;
}

/** No table has values as large as 2^LIMIT: what may be larger need not be told apart. */
export const LIMIT = 1478;

/** a * 2^-s rounded up. */
export const ceilShift = (a: bigint, s: bigint): bigint => -(-a >> s);

export const add = (a: Interval, b: Interval): Interval => ({ lo: a.lo + b.lo, hi: a.hi + b.hi });
export const subtract = (a: Interval, b: Interval): Interval => ({ lo: a.lo - b.hi, hi: a.hi - b.lo });
export const opposite = ({ lo, hi }: Interval): Interval => ({ lo: -hi, hi: -lo });
/** a * 2^s, s of either sign. */
export const shift = ({ lo, hi }: Interval, s: number): Interval =>
  s >= 0 ? { lo: lo << BigInt(s), hi: hi << BigInt(s) } : { lo: lo >> BigInt(-s), hi: ceilShift(hi, BigInt(-s)) };
/** a times an integer. */
export const multiple = ({ lo, hi }: Interval, k: bigint): Interval =>
  k >= 0n ? { lo: lo * k, hi: hi * k } : { lo: hi * k, hi: lo * k };

/** a times an exact rational number. */
export function scale(a: Interval, { num, den }: Rational): Interval {
  const { lo, hi } = multiple(a, num);
  return { lo: floorDivide(lo, den), hi: ceilDivide(hi, den) };
}

/** An exact rational number at `bits` bits. */
export function enclose({ num, den }: Rational, bits: number): Interval {
  const scaled = num << BigInt(bits);
  const lo = floorDivide(scaled, den);
  return { lo, hi: lo * den === scaled ? lo : lo + 1n };
}

export function multiply(a: Interval, b: Interval, bits: number): Interval {
  const s = BigInt(bits);
  if (a.lo >= 0n && b.lo >= 0n) return { lo: (a.lo * b.lo) >> s, hi: ceilShift(a.hi * b.hi, s) };
  const products = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
  let lo = products[0] as bigint;
  let hi = lo;
  for (const product of products) {
    if (product < lo) lo = product;
    else if (product > hi) hi = product;
  }
  return { lo: lo >> s, hi: ceilShift(hi, s) };
}

/** a / b; where b holds 0, all numbers up to 2^LIMIT. */
export function divide(a: Interval, b: Interval, bits: number): Interval {
  if (b.hi < 0n) return divide(opposite(a), opposite(b), bits);
  const s = BigInt(bits);
  if (b.lo <= 0n) {
    const limit = 1n << (s + BigInt(LIMIT));
    return { lo: -limit, hi: limit };
  }
  return {
    lo: floorDivide(a.lo << s, a.lo >= 0n ? b.hi : b.lo),
    hi: ceilDivide(a.hi << s, a.hi >= 0n ? b.lo : b.hi),
  };
}

/** sqrt(a) for a >= 0. */
export function root({ lo, hi }: Interval, bits: number): Interval {
  const s = BigInt(bits);
  const least = squareRoot(lo << s);
  if (lo === hi) return { lo: least, hi: least * least === lo << s ? least : least + 1n };
  return { lo: least, hi: squareRoot(hi << s) + 1n };
}
