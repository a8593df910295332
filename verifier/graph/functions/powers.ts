// SPDX-License-Identifier: GPL-3.0-or-later
// exp, log, roots and powers.
import { exp as encloseExp, logOf } from "./elementary.ts";
import { enclose, opposite, root, scale, type Interval } from "./interval.ts";
import type { Precision } from "./precision.ts";
import {
  bitLength,
  compare,
  INFINITY,
  magnitude,
  negate,
  ONE,
  over,
  rationalRoot,
  whole,
  ZERO,
  type Rational,
} from "./rational.ts";
import { parameter, type IrrationalFunction } from "./types.ts";

const isZero = ({ num }: Rational): boolean => num === 0n;

/** odd * 2^twos: a dyadic number in lowest terms. */
interface Dyadic {
  readonly odd: bigint;
  readonly twos: number;
}

/** The only such form of a dyadic number other than 0. */
function lowestTerms({ num, den }: Rational): Dyadic {
  const trailing = (v: bigint): number => bitLength(v & -v) - 1;
  const twos = trailing(num);
  return { odd: num >> BigInt(twos), twos: twos - trailing(den) };
}

/** 2^k; beyond 2^±4096 all powers count as infinite, or as the least. */
function powerOfTwo(k: bigint): Rational {
  if (k > 4096n) return INFINITY;
  const shift = k < -4096n ? 4096n : k < 0n ? -k : k;
  return k < 0n ? { num: 1n, den: 1n << shift } : whole(1n << shift);
}

/** Most bits of a power that is written out. No larger one is a multiple of 2^-128 that a table could hold. */
const MAX_POWER_BITS = 1 << 13;
/** 3^(2^6) has more than 64 bits: no odd number that is not 1 is a 2^6th power of a rational number. */
const MAX_ROOTS = 6;

/**
 * x^c for dyadic x > 0 where it is rational and a table could tell it from an irrational number, else undefined. For c = a / 2^b with a
 * odd, x^c is rational just where x is a 2^b-th power.
 */
function rationalPower(x: Rational, c: Rational): Rational | undefined {
  if (isZero(c) || compare(x, ONE) === 0) return ONE;
  const { odd: a, twos: cTwos } = lowestTerms(c);
  let { odd, twos } = lowestTerms(x);
  if (odd === 1n) {
    const k = BigInt(twos) * a;
    if (cTwos >= 0) return powerOfTwo(k << BigInt(cTwos));
    return lowestTerms(whole(k)).twos >= -cTwos ? powerOfTwo(k >> BigInt(-cTwos)) : undefined;
  }
  if (-cTwos > MAX_ROOTS) return undefined;
  for (let b = 0; b < -cTwos; b++) {
    const next = rationalRoot(whole(odd));
    if (next === undefined || twos % 2 !== 0) return undefined;
    odd = next.num;
    twos /= 2;
  }
  const power = a << BigInt(Math.max(0, cTwos));
  const steps = power < 0n ? -power : power;
  if (steps * BigInt(bitLength(odd) + Math.abs(twos)) > BigInt(MAX_POWER_BITS)) return undefined;
  const base = twos >= 0 ? whole(odd << BigInt(twos)) : { num: odd, den: 1n << BigInt(-twos) };
  const positive = { num: base.num ** steps, den: base.den ** steps };
  return power < 0n ? over(ONE, positive) : positive;
}

/** x^c for dyadic x > 0 */
function enclosePower(at: Precision, x: Rational, c: Rational): Interval {
  return encloseExp(at, scale(logDyadic(at, x), c));
}

const logDyadic = (at: Precision, { num, den }: Rational): Interval => logOf(at, num, bitLength(den) - 1);

/** e^x */
export const exp: IrrationalFunction = {
  parameters: [],
  rational: (x) => (isZero(x) ? ONE : undefined),
  enclose: (x, _, at) => encloseExp(at, enclose(x, at.bits)),
  float: Math.exp,
};

/** The natural logarithm; -infinity for x <= 0 */
export const log: IrrationalFunction = {
  parameters: [],
  rational(x) {
    if (x.num <= 0n) return negate(INFINITY);
    return compare(x, ONE) === 0 ? ZERO : undefined;
  },
  enclose: (x, _, at) => logDyadic(at, x),
  float: Math.log,
};

/** The square root; 0 for x < 0 */
export const sqrt: IrrationalFunction = {
  parameters: [],
  rational(x) {
    if (x.num <= 0n) return ZERO;
    return rationalPower(x, { num: 1n, den: 2n });
  },
  enclose: (x, _, at) => root(enclose(x, at.bits), at.bits),
  float: Math.sqrt,
};

/** 1 / sqrt(x); +infinity for x <= 0 */
export const rsqrt: IrrationalFunction = {
  parameters: [],
  rational(x) {
    if (x.num <= 0n) return INFINITY;
    return rationalPower(x, { num: -1n, den: 2n });
  },
  enclose: (x, _, at) => root(enclose(over(ONE, x), at.bits), at.bits),
  float: (x) => 1 / Math.sqrt(x),
};

const isInteger = (x: Rational): boolean => x.num % x.den === 0n;
const isOddInteger = (x: Rational): boolean => isInteger(x) && (x.num / x.den) % 2n !== 0n;

/** x^exponent. At 0 with a negative exponent +infinity; below 0 with a fractional exponent as at 0. */
export const pow: IrrationalFunction = {
  parameters: ["exponent"],
  rational(x, p) {
    const exponent = parameter(p, "exponent");
    if (isZero(exponent)) return ONE;
    if (isZero(x) || (x.num < 0n && !isInteger(exponent))) return exponent.num > 0n ? ZERO : INFINITY;
    const power = rationalPower(magnitude(x), exponent);
    return power !== undefined && x.num < 0n && isOddInteger(exponent) ? negate(power) : power;
  },
  enclose(x, p, at) {
    const exponent = parameter(p, "exponent");
    const power = enclosePower(at, magnitude(x), exponent);
    return x.num < 0n && isOddInteger(exponent) ? opposite(power) : power;
  },
  float: (x, p) => x ** parameter(p, "exponent"),
};

/** base^x for base > 0 */
export const exponential: IrrationalFunction = {
  parameters: ["base"],
  refuse: (p) => (parameter(p, "base").num <= 0n ? "base is not above 0" : undefined),
  rational: (x, p) => rationalPower(parameter(p, "base"), x),
  enclose: (x, p, at) => enclosePower(at, parameter(p, "base"), x),
  float: (x, p) => parameter(p, "base") ** x,
};
