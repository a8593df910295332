// SPDX-License-Identifier: GPL-3.0-or-later
// Exact rational numbers, with an infinity at each end: what functions are tabulated from, and what they are where
// their values are rational.

/** num / den with den > 0, not necessarily in lowest terms; den = 0 is an infinity of num's sign. */
export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

export const ZERO: Rational = { num: 0n, den: 1n };
export const ONE: Rational = { num: 1n, den: 1n };
export const HALF: Rational = { num: 1n, den: 2n };
export const INFINITY: Rational = { num: 1n, den: 0n };

/** An integer as a rational number. */
export const whole = (num: bigint): Rational => ({ num, den: 1n });

/** q * 2^-exponent. */
export const dyadic = (q: bigint, exponent: number): Rational =>
  exponent >= 0 ? { num: q, den: 1n << BigInt(exponent) } : { num: q << BigInt(-exponent), den: 1n };

/** The exact value of a finite double. */
export function ofDouble(v: number): Rational {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, v);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const magnitude = biased === 0 ? fraction : fraction | (1n << 52n);
  return dyadic(bits >> 63n === 0n ? magnitude : -magnitude, 1075 - Math.max(biased, 1));
}

// Arithmetic on finite numbers.
export const negate = ({ num, den }: Rational): Rational => ({ num: -num, den });
export const magnitude = ({ num, den }: Rational): Rational => ({ num: num < 0n ? -num : num, den });
export const plus = (a: Rational, b: Rational): Rational =>
  a.den === b.den ? { num: a.num + b.num, den: a.den } : { num: a.num * b.den + b.num * a.den, den: a.den * b.den };
export const minus = (a: Rational, b: Rational): Rational => plus(a, negate(b));
export const times = (a: Rational, b: Rational): Rational => ({ num: a.num * b.num, den: a.den * b.den });
/** a / b for b != 0. */
export const over = (a: Rational, b: Rational): Rational =>
  b.num < 0n ? { num: -a.num * b.den, den: -a.den * b.num } : { num: a.num * b.den, den: a.den * b.num };

/** The sign of a - b. */
export function compare(a: Rational, b: Rational): -1 | 0 | 1 {
  const [left, right] = [a.num * b.den, b.num * a.den];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** floor(a / b) for b > 0. */
export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a < 0n && quotient * b !== a ? quotient - 1n : quotient;
}

/** ceil(a / b) for b > 0. */
export const ceilDivide = (a: bigint, b: bigint): bigint => -floorDivide(-a, b);

/** floor(v). */
export const floorOf = ({ num, den }: Rational): bigint => floorDivide(num, den);

/** floor(v * 2^exponent + 1/2). */
export function roundHalfUp({ num, den }: Rational, exponent: number): bigint {
  const [a, b] = exponent >= 0 ? [num << BigInt(exponent), den] : [num, den << BigInt(-exponent)];
  return floorDivide(2n * a + b, 2n * b);
}

/** Bits of |v|: 0 for 0. */
export const bitLength = (v: bigint): number => (v === 0n ? 0 : (v < 0n ? -v : v).toString(2).length);

/** floor(sqrt(v)) for v >= 0 (Newton's method from above; Cohen, A Course in Computational Algebraic Number Theory, 1.7.1). */
export function squareRoot(v: bigint): bigint {
  if (v < 2n) return v;
  let root = 1n << BigInt((bitLength(v) + 1) >> 1);
  for (;;) {
    const next = (root + v / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** sqrt(v) for v >= 0 with numerator and denominator coprime, where it is rational. */
export function rationalRoot({ num, den }: Rational): Rational | undefined {
  const [a, b] = [squareRoot(num), squareRoot(den)];
  return a * a === num && b * b === den ? { num: a, den: b } : undefined;
}
