// SPDX-License-Identifier: GPL-3.0-or-later
// Power series near 0 in BigInt fixed point, with proven bounds of what truncation loses.
import { add, multiply, subtract, type Interval } from "./interval.ts";

/**
 * Encloses a function at every argument in [h, h + 1] * 2^-bits, for 0 <= h <= 2^(bits - 8).
 *
 * Bounds: powers and terms are rounded down. One unit lost by h or by its square costs a power less than 1.02 units, so
 * a term, divided once more, is short by less than 2 (2.02 in expSeries); the first power that is truncated to 0, and
 * with it the whole tail, is below 2 units; and the unit that the argument may be above h is worth less than 1.02. With
 * n terms computed, 2n + 4 (3n + 5) bounds the sum of all these.
 */
export type Series = (h: bigint, bits: number) => Interval;

/** Sum of h^(2n+1) / (2n+1), with alternating signs or without. */
function oddPowers(h: bigint, bits: number, alternating: boolean): { sum: bigint; lost: bigint } {
  const s = BigInt(bits);
  const square = (h * h) >> s;
  let power = h;
  let sum = h;
  let n = 0n;
  while ((power = (power * square) >> s) > 0n) {
    n++;
    const term = power / (2n * n + 1n);
    sum += alternating && n % 2n === 1n ? -term : term;
  }
  return { sum, lost: 2n * n + 4n };
}

/** atanh(h) */
export const positiveOdd: Series = (h, bits) => {
  const { sum, lost } = oddPowers(h, bits, false);
  return { lo: sum, hi: sum + lost };
};

/** atan(h) */
export const alternatingOdd: Series = (h, bits) => {
  const { sum, lost } = oddPowers(h, bits, true);
  return { lo: sum - lost, hi: sum + lost };
};

/** exp(h) */
export const expSeries: Series = (h, bits) => {
  const s = BigInt(bits);
  let term = 1n << s;
  let sum = term;
  let n = 0n;
  while ((term = ((term * h) >> s) / (n + 1n)) > 0n) {
    n++;
    sum += term;
  }
  return { lo: sum, hi: sum + 3n * n + 5n };
};

/** Sum of (-1)^n h^(2n+k) / (2n+k)!, from its first term. */
function circular(first: bigint, k: bigint, h: bigint, bits: number): Interval {
  const s = BigInt(bits);
  const square = (h * h) >> s;
  let term = first;
  let sum = first;
  let n = 0n;
  while ((term = ((term * square) >> s) / ((2n * n + k + 1n) * (2n * n + k + 2n))) > 0n) {
    n++;
    sum += n % 2n === 1n ? -term : term;
  }
  const lost = 2n * n + 4n;
  return { lo: sum - lost, hi: sum + lost };
}

/** cos(h) */
export const cosSeries: Series = (h, bits) => circular(1n << BigInt(bits), 0n, h, bits);
/** sin(h) */
export const sinSeries: Series = (h, bits) => circular(h, 1n, h, bits);

/** A point of the unit circle. */
export interface Direction {
  readonly cos: Interval;
  readonly sin: Interval;
}

/** The direction of the sum of two angles. */
export const rotate = (a: Direction, b: Direction, bits: number): Direction => ({
  cos: subtract(multiply(a.cos, b.cos, bits), multiply(a.sin, b.sin, bits)),
  sin: add(multiply(a.sin, b.cos, bits), multiply(a.cos, b.sin, bits)),
});
