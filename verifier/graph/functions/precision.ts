// SPDX-License-Identifier: GPL-3.0-or-later
// What elementary functions need at one working precision: constants and tables at the points i / 256, made when first
// asked for. All are differences of neighbours, summed up at GUARD more bits and rounded outward.
import { add, multiply, shift, type Interval } from "./interval.ts";
import {
  alternatingOdd,
  cosSeries,
  expSeries,
  positiveOdd,
  rotate,
  sinSeries,
  type Direction,
  type Series,
} from "./series.ts";

/** Arguments are reduced to below 2^-STEP by tables at the multiples of 2^-STEP. */
export const STEP = 8;
const POINTS = 1 << STEP;
const GUARD = 16;

export interface Precision {
  /** A number v is held as v * 2^bits. */
  readonly bits: number;
  readonly one: bigint;
  /** log(1 + i/256), i = 0..256 */
  readonly log: readonly Interval[];
  /** atan(i/256), i = 0..256 */
  readonly atan: readonly Interval[];
  /** exp(i/256), i = 0..181: up to above log 2 */
  readonly exp: readonly Interval[];
  /** cos(i/256) and sin(i/256), i = 0..404: up to above pi/2 */
  readonly circle: readonly Direction[];
  readonly ln2: Interval;
  readonly halfPi: Interval;
}

const known = new Map<number, Precision>();

/** The precision of `bits` bits. The same object every time: it is a pure function of `bits`. */
export function precisionOf(bits: number): Precision {
  let precision = known.get(bits);
  if (precision === undefined) known.set(bits, (precision = newPrecision(bits)));
  return precision;
}

function newPrecision(bits: number): Precision {
  const fine = bits + GUARD;
  const outward = (a: Interval): Interval => shift(a, -GUARD);
  const lazy = <T>(make: () => T): (() => T) => {
    let made: T | undefined;
    return () => (made ??= make());
  };
  /** f(0), f(1/256) .. f(count/256) from f(0) = 0 and differences. */
  const sums = (count: number, difference: (i: bigint) => Interval): Interval[] => {
    let sum: Interval = { lo: 0n, hi: 0n };
    const out = [sum];
    for (let i = 0n; i < BigInt(count); i++) out.push((sum = add(sum, difference(i))));
    return out.map(outward);
  };
  const quotient = (num: bigint, den: bigint, series: Series): Interval => series((num << BigInt(fine)) / den, fine);
  const n = BigInt(POINTS);

  // log((n+i+1)/(n+i)) = 2 atanh(1/(2(n+i)+1))
  const log = lazy(() => sums(POINTS, (i) => shift(quotient(1n, 2n * (n + i) + 1n, positiveOdd), 1)));
  // atan((i+1)/n) - atan(i/n) = atan(n/(n^2 + i(i+1)))
  const atan = lazy(() => sums(POINTS, (i) => quotient(n, n * n + i * (i + 1n), alternatingOdd)));
  const exp = lazy(() => {
    const factor = expSeries(1n << BigInt(fine - STEP), fine);
    let power: Interval = { lo: 1n << BigInt(fine), hi: 1n << BigInt(fine) };
    return Array.from({ length: 182 }, (_, i) => (i === 0 ? power : (power = multiply(power, factor, fine)))).map(
      outward,
    );
  });
  const circle = lazy(() => {
    const h = 1n << BigInt(fine - STEP);
    const turn = { cos: cosSeries(h, fine), sin: sinSeries(h, fine) };
    let at = { cos: { lo: 1n << BigInt(fine), hi: 1n << BigInt(fine) }, sin: { lo: 0n, hi: 0n } };
    return Array.from({ length: 405 }, (_, i) => (i === 0 ? at : (at = rotate(at, turn, fine)))).map(
      ({ cos, sin }) => ({ cos: outward(cos), sin: outward(sin) }),
    );
  });
  return {
    bits,
    one: 1n << BigInt(bits),
    get log() {
      return log();
    },
    get atan() {
      return atan();
    },
    get exp() {
      return exp();
    },
    get circle() {
      return circle();
    },
    get ln2() {
      return log()[POINTS] as Interval;
    },
    get halfPi() {
      return shift(atan()[POINTS] as Interval, 1);
    },
  };
}
