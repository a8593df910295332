// SPDX-License-Identifier: GPL-3.0-or-later
// The error function: Taylor polynomials about the points i/64. With y(h) = erf'(c + h) = 2/sqrt(pi) exp(-(c + h)^2),
// y' = -2 (c + h) y gives the coefficients of y, (n+1) y[n+1] = -2c y[n] - 2 y[n-1].
import { add, divide, multiple, opposite, root, scale, shift, type Interval } from "./interval.ts";
import { exp } from "./elementary.ts";
import { precisionOf, type Precision } from "./precision.ts";
import { dyadic } from "./rational.ts";

const CENTRES_A_UNIT = 6; // 2^6
const GUARD = 16;

interface Centre {
  /** erf(c) */
  readonly erf: Interval;
  /** Integers p[n], with |erf(c + h) - erf(c) - h * (p[0] + p[1] h + ..)| <= error for |h| <= 2^-7 */
  readonly polynomial: readonly bigint[];
  readonly error: bigint;
  /** erf(c + 2^-6), from which the next centre starts. */
  readonly next: Interval;
}

const centresOf = new WeakMap<Precision, Centre[]>();

/** Centre i; all before it are made first. */
function centre(at: Precision, i: number): Centre {
  let centres = centresOf.get(at);
  if (centres === undefined) centresOf.set(at, (centres = []));
  while (centres.length <= i) {
    const before = centres.at(-1);
    centres.push(newCentre(at, centres.length, before === undefined ? { lo: 0n, hi: 0n } : before.next));
  }
  return centres[i] as Centre;
}

/** `erf` is erf(i/64) at GUARD more bits, as is the result's `next`. */
function newCentre(at: Precision, i: number, erf: Interval): Centre {
  const fine = precisionOf(at.bits + GUARD);
  const c = dyadic(BigInt(i), CENTRES_A_UNIT);
  const slope = scale(
    divide(
      exp(fine, { lo: -((BigInt(i) ** 2n * fine.one) >> 12n), hi: -((BigInt(i) ** 2n * fine.one) >> 12n) }),
      root(shift(fine.halfPi, 1), fine.bits),
      fine.bits,
    ),
    { num: 2n, den: 1n },
  );
  // |erf'(c + z)| <= 2/sqrt(pi) exp(1) < 3.1 for complex |z| <= 1, so by Cauchy's estimate |y[n]| < 3.1, and what
  // follows h^(N+1)/N * .. of the integrated series is below 4 |h|^(N+1): less than a unit for |h| <= 2^-6.
  const terms = Math.ceil((fine.bits + 2) / 6);
  const y: Interval[] = [slope];
  for (let n = 0; n + 1 < terms; n++) {
    const left = multiple(scale(y[n] as Interval, c), -2n);
    const sum = n === 0 ? left : add(left, multiple(y[n - 1] as Interval, -2n));
    y.push(scale(sum, { num: 1n, den: BigInt(n + 1) }));
  }
  const coefficients = y.map((a, n) => scale(a, { num: 1n, den: BigInt(n + 1) }));
  let step: Interval = { lo: 0n, hi: 0n };
  for (const a of coefficients.toReversed()) step = shift(add(step, a), -CENTRES_A_UNIT);
  // A coefficient's own width counts 2^-7(n+1) times; each of Horner's steps loses less than a unit, which counts 2^-7.
  const rounded = coefficients.map((a) => shift(a, -GUARD));
  const error = rounded.reduce((sum, { lo, hi }, n) => sum + ((hi - lo) >> BigInt(7 * (n + 1))) + 1n, 4n);
  return {
    erf: shift(erf, -GUARD),
    polynomial: rounded.map(({ lo }) => lo),
    error,
    next: add(add(erf, step), { lo: -1n, hi: 1n }),
  };
}

/** erf(x) */
export function erf(at: Precision, x: Interval): Interval {
  const { bits, one } = at;
  if (x.lo < 0n && x.hi <= 0n) return opposite(erf(at, opposite(x)));
  if (x.lo < 0n) return { lo: erf(at, { lo: x.lo, hi: x.lo }).lo, hi: erf(at, { lo: x.hi, hi: x.hi }).hi };
  const floor = x.lo >> BigInt(bits);
  if (floor * floor >= BigInt(bits)) return { lo: one - 1n, hi: one }; // erfc(x) <= exp(-x^2) < 2^-bits
  const s = BigInt(bits);
  const i = ((x.lo >> (s - BigInt(CENTRES_A_UNIT + 1))) + 1n) >> 1n;
  const c = centre(at, Number(i));
  const h = x.lo - (i << (s - BigInt(CENTRES_A_UNIT)));
  let sum = 0n;
  for (let n = c.polynomial.length - 1; n >= 0; n--) sum = ((sum * h) >> s) + (c.polynomial[n] as bigint);
  sum = (sum * h) >> s;
  // The slope is at most 2/sqrt(pi) < 2.
  const hi = c.erf.hi + sum + c.error + 2n * (x.hi - x.lo);
  return { lo: c.erf.lo + sum - c.error, hi: hi > one ? one : hi };
}
