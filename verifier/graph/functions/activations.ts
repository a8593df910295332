// SPDX-License-Identifier: GPL-3.0-or-later
// Activations made of the exponential, the logarithm and the error function. All are written in exp(-|x|), so that
// nothing overflows and an enclosure never crosses the asymptote that the function itself does not reach: a value
// that lies beside a boundary of rounding by less than any precision can show is still decided.
import { log, exp, oneMinus, onePlus, square } from "./elementary.ts";
import { erf as encloseErf } from "./erf.ts";
import { erfFloat } from "./erf-float.ts";
import { divide, enclose, opposite, root, scale, shift, type Interval } from "./interval.ts";
import type { Precision } from "./precision.ts";
import { HALF, magnitude, negate, ONE, over, plus, times, ZERO, type Rational } from "./rational.ts";
import { parameter, type IrrationalFunction, type Values } from "./types.ts";

const isZero = ({ num }: Rational): boolean => num === 0n;
const isNegative = ({ num }: Rational): boolean => num < 0n;
const zeroAtZero = (x: Rational): Rational | undefined => (isZero(x) ? ZERO : undefined);

/** exp(-|x|), in [0, 1] */
function decay(at: Precision, x: Rational): Interval {
  const { lo, hi } = exp(at, enclose(negate(magnitude(x)), at.bits));
  return { lo, hi: hi > at.one ? at.one : hi };
}

/** 1 / (1 + exp(-x)) where t = exp(-|x|) */
function logistic(at: Precision, isNegative: boolean, t: Interval): Interval {
  const one = { lo: at.one, hi: at.one };
  return divide(isNegative ? t : one, onePlus(at, t), at.bits);
}

/** exp(x) - 1 for x <= 0 */
const decayMinusOne = (at: Precision, x: Rational): Interval => opposite(oneMinus(at, decay(at, x)));
/** The logistic function in doubles. */
const sigmoidFloat = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const softplusFloat = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** 1 / (1 + exp(-x)) */
export const sigmoid: IrrationalFunction = {
  parameters: [],
  rational: (x) => (isZero(x) ? HALF : undefined),
  enclose: (x, _, at) => logistic(at, isNegative(x), decay(at, x)),
  float: sigmoidFloat,
};

/** (exp(x) - exp(-x)) / (exp(x) + exp(-x)) */
export const tanh: IrrationalFunction = {
  parameters: [],
  rational: zeroAtZero,
  enclose(x, _, at) {
    const t = decay(at, times(x, { num: 2n, den: 1n }));
    const positive = oneMinus(at, shift(divide(t, onePlus(at, t), at.bits), 1));
    return isNegative(x) ? opposite(positive) : positive;
  },
  float: Math.tanh,
};

/** 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x */
export const erf: IrrationalFunction = {
  parameters: [],
  rational: zeroAtZero,
  enclose: (x, _, at) => encloseErf(at, enclose(x, at.bits)),
  float: erfFloat,
};

/** log(1 + exp(x)) */
export const softplus: IrrationalFunction = {
  parameters: [],
  rational: () => undefined,
  enclose(x, _, at) {
    const { lo, hi } = log(at, onePlus(at, decay(at, x)));
    const base = enclose(isNegative(x) ? ZERO : x, at.bits);
    return { lo: base.lo + lo, hi: base.hi + hi };
  },
  float: softplusFloat,
};

/** x * tanh(softplus(x)) */
export const mish: IrrationalFunction = {
  parameters: [],
  rational: zeroAtZero,
  enclose(x, _, at) {
    const t = decay(at, x);
    const squared = square(at, t);
    const double = shift(t, 1);
    if (isNegative(x)) {
      // tanh(log(1 + t)) = n / (n + 2), n = t^2 + 2t
      const n = { lo: squared.lo + double.lo, hi: squared.hi + double.hi };
      return scale(divide(n, { lo: n.lo + 2n * at.one, hi: n.hi + 2n * at.one }, at.bits), x);
    }
    // tanh(log(1 + 1/t)) = 1 - 2t^2 / (1 + 2t + 2t^2)
    const denominator = onePlus(at, { lo: double.lo + 2n * squared.lo, hi: double.hi + 2n * squared.hi });
    return scale(oneMinus(at, divide(shift(squared, 1), denominator, at.bits)), x);
  },
  float: (x) => x * Math.tanh(softplusFloat(x)),
};

/** x / (1 + exp(-alpha * x)) */
export const swish: IrrationalFunction = {
  parameters: ["alpha"],
  rational: (x, p) => (isZero(x) || isZero(parameter(p, "alpha")) ? times(x, HALF) : undefined),
  enclose(x, p, at) {
    const inner = times(parameter(p, "alpha"), x);
    return scale(logistic(at, isNegative(inner), decay(at, inner)), x);
  },
  float: (x, p) => x * sigmoidFloat(parameter(p, "alpha") * x),
};

/** x / 2 * (1 + erf(x / sqrt(2))) */
export const gelu: IrrationalFunction = {
  parameters: [],
  rational: zeroAtZero,
  enclose(x, _, at) {
    const rootHalf = root({ lo: at.one >> 1n, hi: at.one >> 1n }, at.bits);
    return scale(onePlus(at, encloseErf(at, scale(rootHalf, x))), times(x, HALF));
  },
  float: (x) => 0.5 * x * (1 + erfFloat(x * Math.SQRT1_2)),
};

const CUBIC: Rational = { num: 44_715n, den: 1_000_000n };

/** x / 2 * (1 + tanh(u)), u = sqrt(2 / pi) * (x + 0.044715 x^3) */
export const geluTanh: IrrationalFunction = {
  parameters: [],
  rational: zeroAtZero,
  enclose(x, _, at) {
    // (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u)), and 2u = 2 sqrt(1 / halfPi) * |..|
    const inner = times(magnitude(x), plus(ONE, times(CUBIC, times(x, x))));
    const factor = root(divide({ lo: at.one, hi: at.one }, at.halfPi, at.bits), at.bits);
    const t = exp(at, opposite(scale(factor, times(inner, { num: 2n, den: 1n }))));
    return scale(logistic(at, isNegative(x), t), x);
  },
  float: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
};

/** x where x >= 0, else alpha * (exp(x) - 1) */
export const elu: IrrationalFunction = {
  parameters: ["alpha"],
  rational: (x, p) => (isZero(parameter(p, "alpha")) && isNegative(x) ? ZERO : isNegative(x) ? undefined : x),
  enclose: (x, p, at) => scale(decayMinusOne(at, x), parameter(p, "alpha")),
  float: (x, p) => (x < 0 ? parameter(p, "alpha") * Math.expm1(x) : x),
};

/** gamma * x where x > 0, else gamma * alpha * (exp(x) - 1) */
export const selu: IrrationalFunction = {
  parameters: ["alpha", "gamma"],
  rational(x, p) {
    if (!isNegative(x)) return times(parameter(p, "gamma"), x);
    return isZero(product(p)) ? ZERO : undefined;
  },
  enclose: (x, p, at) => scale(decayMinusOne(at, x), product(p)),
  float: (x, p) => parameter(p, "gamma") * (x < 0 ? parameter(p, "alpha") * Math.expm1(x) : x),
};
const product = (p: Values<Rational>): Rational => times(parameter(p, "alpha"), parameter(p, "gamma"));

/** max(0, x) + min(0, alpha * (exp(x / alpha) - 1)) */
export const celu: IrrationalFunction = {
  parameters: ["alpha"],
  refuse: (p) => (parameter(p, "alpha").num <= 0n ? "alpha is not above 0" : undefined),
  rational: (x) => (isNegative(x) ? undefined : x),
  enclose: (x, p, at) => scale(decayMinusOne(at, over(x, parameter(p, "alpha"))), parameter(p, "alpha")),
  float: (x, p) => Math.max(0, x) + Math.min(0, parameter(p, "alpha") * Math.expm1(x / parameter(p, "alpha"))),
};
