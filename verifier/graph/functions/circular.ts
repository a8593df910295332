// SPDX-License-Identifier: GPL-3.0-or-later
// Circular and hyperbolic functions and their inverses.
import { atan as encloseAtan, direction, exp, log, onePlus } from "./elementary.ts";
import { add, divide, enclose, opposite, root, scale, shift, subtract, type Interval } from "./interval.ts";
import type { Precision } from "./precision.ts";
import {
  compare,
  INFINITY,
  magnitude,
  minus,
  negate,
  ONE,
  over,
  plus,
  times,
  ZERO,
  type Rational,
} from "./rational.ts";
import type { IrrationalFunction } from "./types.ts";

type Enclosure = (x: Rational, at: Precision) => Interval;

const isZero = ({ num }: Rational): boolean => num === 0n;
const isNegative = ({ num }: Rational): boolean => num < 0n;
const unit = ({ one }: Precision): Interval => ({ lo: one, hi: one });

/** A function without parameters that has one rational value: `value` at 0. */
const circular = (value: Rational, float: (x: number) => number, enclosure: Enclosure): IrrationalFunction => ({
  parameters: [],
  rational: (x) => (isZero(x) ? value : undefined),
  enclose: (x, _, at) => enclosure(x, at),
  float,
});

/** f(x) = -f(-x), from its enclosure for x > 0. */
const odd =
  (positive: Enclosure): Enclosure =>
  (x, at) =>
    isNegative(x) ? opposite(positive(negate(x), at)) : positive(x, at);

const turn: (x: Rational, at: Precision) => ReturnType<typeof direction> = (x, at) =>
  direction(at, enclose(x, at.bits));

export const sin = circular(ZERO, Math.sin, (x, at) => turn(x, at).sin);
export const cos = circular(ONE, Math.cos, (x, at) => turn(x, at).cos);
export const tan = circular(ZERO, Math.tan, (x, at) => {
  const { cos, sin } = turn(x, at);
  return divide(sin, cos, at.bits);
});
export const atan = circular(ZERO, Math.atan, (x, at) => encloseAtan(at, enclose(x, at.bits)));

/** asin(x) = 2 atan(x / (1 + sqrt(1 - x^2))); outside of [-1, 1] as at the nearer end */
const encloseAsin = odd((x, at) => {
  if (compare(x, ONE) >= 0) return at.halfPi;
  const cosine = root(enclose(minus(ONE, times(x, x)), at.bits), at.bits);
  return shift(encloseAtan(at, scale(divide(unit(at), onePlus(at, cosine), at.bits), x)), 1);
});
export const asin = circular(ZERO, Math.asin, encloseAsin);

/** acos(x) = pi/2 - asin(x); outside of [-1, 1] as at the nearer end */
export const acos: IrrationalFunction = {
  parameters: [],
  rational: (x) => (compare(x, ONE) >= 0 ? ZERO : undefined),
  enclose: (x, _, at) => subtract(at.halfPi, encloseAsin(x, at)),
  float: Math.acos,
};

const growth = (x: Rational, at: Precision): { up: Interval; down: Interval } => {
  const up = exp(at, enclose(magnitude(x), at.bits));
  return { up, down: divide(unit(at), up, at.bits) };
};

export const sinh = circular(
  ZERO,
  Math.sinh,
  odd((x, at) => {
    const { up, down } = growth(x, at);
    return shift(subtract(up, down), -1);
  }),
);
export const cosh = circular(ONE, Math.cosh, (x, at) => {
  const { up, down } = growth(x, at);
  return shift(add(up, down), -1);
});

/** log(x + sqrt(x^2 + s)) for x > 0 */
const logOfSum = (x: Rational, s: Rational, at: Precision): Interval =>
  log(at, add(enclose(x, at.bits), root(enclose(plus(times(x, x), s), at.bits), at.bits)));

export const asinh = circular(
  ZERO,
  Math.asinh,
  odd((x, at) => logOfSum(x, ONE, at)),
);

/** 0 for x < 1 */
export const acosh: IrrationalFunction = {
  parameters: [],
  rational: (x) => (compare(x, ONE) <= 0 ? ZERO : undefined),
  enclose: (x, _, at) => logOfSum(x, negate(ONE), at),
  float: Math.acosh,
};

/** log((1 + x) / (1 - x)) / 2; an infinity of the sign of x where |x| >= 1 */
export const atanh: IrrationalFunction = {
  parameters: [],
  rational(x) {
    if (compare(magnitude(x), ONE) >= 0) return isNegative(x) ? negate(INFINITY) : INFINITY;
    return isZero(x) ? ZERO : undefined;
  },
  enclose: (x, _, at) => odd((v) => shift(log(at, enclose(over(plus(ONE, v), minus(ONE, v)), at.bits)), -1))(x, at),
  float: Math.atanh,
};
