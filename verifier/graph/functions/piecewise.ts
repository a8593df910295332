// SPDX-License-Identifier: GPL-3.0-or-later
// Functions with rational values: piecewise linear ones, roundings, remainders, Softsign, Reciprocal.
import {
  compare,
  floorOf,
  HALF,
  INFINITY,
  magnitude,
  minus,
  negate,
  ONE,
  over,
  plus,
  times,
  whole,
  ZERO,
  type Rational,
} from "./rational.ts";
import { parameter, type RationalFunction, type Values } from "./types.ts";

const clip = (x: Rational, lo: Rational, hi: Rational): Rational =>
  compare(x, lo) < 0 ? lo : compare(x, hi) > 0 ? hi : x;
const isNegative = ({ num }: Rational): boolean => num < 0n;

/** Toward zero. */
const truncate = (x: Rational): Rational => whole(x.num / x.den);

/** To the nearest integer, of two the even one. */
function roundHalfEven(x: Rational): Rational {
  const down = floorOf(x);
  const above = compare(minus(x, whole(down)), HALF);
  return whole(above > 0 || (above === 0 && down % 2n !== 0n) ? down + 1n : down);
}

function roundHalfEvenFloat(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
}

const plain = (value: (x: Rational) => Rational, float: (x: number) => number): RationalFunction => ({
  parameters: [],
  value,
  float,
});

export const abs = plain(magnitude, Math.abs);
export const sign = plain(({ num }) => whole(num > 0n ? 1n : num < 0n ? -1n : 0n), Math.sign);
export const floor = plain((x) => whole(floorOf(x)), Math.floor);
export const ceil = plain((x) => negate(whole(floorOf(negate(x)))), Math.ceil);
export const trunc = plain(truncate, Math.trunc);
export const round = plain(roundHalfEven, roundHalfEvenFloat);
export const softsign = plain(
  (x) => over(x, plus(ONE, magnitude(x))),
  (x) => x / (1 + Math.abs(x)),
);

/** 1/x; +infinity at 0 */
export const reciprocal = plain(
  (x) => (x.num === 0n ? INFINITY : over(ONE, x)),
  (x) => 1 / x,
);

const THREE = whole(3n);
/** x * clip((x + 3) / 6, 0, 1) */
export const hardSwish = plain(
  (x) => times(x, over(clip(plus(x, THREE), ZERO, whole(6n)), whole(6n))),
  (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
);

/** clip(alpha * x + beta, 0, 1) */
export const hardSigmoid: RationalFunction = {
  parameters: ["alpha", "beta"],
  value: (x, p) => clip(plus(times(parameter(p, "alpha"), x), parameter(p, "beta")), ZERO, ONE),
  float: (x, p) => Math.min(1, Math.max(0, parameter(p, "alpha") * x + parameter(p, "beta"))),
};

/** x where x >= 0, else alpha * x */
export const leakyRelu: RationalFunction = {
  parameters: ["alpha"],
  value: (x, p) => (isNegative(x) ? times(parameter(p, "alpha"), x) : x),
  float: (x, p) => (x < 0 ? parameter(p, "alpha") * x : x),
};

/** x where x > alpha, else 0 */
export const thresholdedRelu: RationalFunction = {
  parameters: ["alpha"],
  value: (x, p) => (compare(x, parameter(p, "alpha")) > 0 ? x : ZERO),
  float: (x, p) => (x > parameter(p, "alpha") ? x : 0),
};

/** x + bias where x < -lambd, x - bias where x > lambd, else 0 */
export const shrink: RationalFunction = {
  parameters: ["bias", "lambd"],
  value(x, p) {
    const [bias, lambd] = [parameter(p, "bias"), parameter(p, "lambd")];
    if (compare(x, negate(lambd)) < 0) return plus(x, bias);
    return compare(x, lambd) > 0 ? minus(x, bias) : ZERO;
  },
  float(x, p) {
    const [bias, lambd] = [parameter(p, "bias"), parameter(p, "lambd")];
    if (x < -lambd) return x + bias;
    return x > lambd ? x - bias : 0;
  },
};

const nonZeroDivisor = (p: Values<Rational>): string | undefined =>
  parameter(p, "divisor").num === 0n ? "the divisor is 0" : undefined;

/** x / divisor rounded toward 0 */
export const quotient: RationalFunction = {
  parameters: ["divisor"],
  refuse: nonZeroDivisor,
  value: (x, p) => truncate(over(x, parameter(p, "divisor"))),
  float: (x, p) => Math.trunc(x / parameter(p, "divisor")),
};

/** The remainder with the divisor's sign: x - divisor * floor(x / divisor) */
export const mod: RationalFunction = {
  parameters: ["divisor"],
  refuse: nonZeroDivisor,
  value(x, p) {
    const divisor = parameter(p, "divisor");
    return minus(x, times(divisor, whole(floorOf(over(x, divisor)))));
  },
  float(x, p) {
    const divisor = parameter(p, "divisor");
    const rest = x % divisor;
    return rest !== 0 && rest < 0 !== divisor < 0 ? rest + divisor : rest;
  },
};

/** The remainder with the sign of x: x - divisor * trunc(x / divisor) */
export const fmod: RationalFunction = {
  parameters: ["divisor"],
  refuse: nonZeroDivisor,
  value(x, p) {
    const divisor = parameter(p, "divisor");
    return minus(x, times(divisor, truncate(over(x, divisor))));
  },
  float: (x, p) => x % parameter(p, "divisor"),
};
