// SPDX-License-Identifier: GPL-3.0-or-later
// exp, log, atan, sin and cos on intervals: argument reduction by tables (Muller, Elementary Functions, chapter 11),
// then series. Each takes the working precision first.
import {
  add,
  ceilShift,
  divide,
  LIMIT,
  multiple,
  multiply,
  opposite,
  shift,
  subtract,
  type Interval,
} from "./interval.ts";
import { precisionOf, STEP, type Precision } from "./precision.ts";
import { bitLength } from "./rational.ts";
import { alternatingOdd, cosSeries, expSeries, positiveOdd, rotate, sinSeries, type Direction } from "./series.ts";

/** An interval this much narrower than 1 is evaluated at one end only. */
const THIN = 16n;

/** exp(EXP_MAX) lies between 2^1477 and 2^1478 = 2^LIMIT. */
const EXP_MAX = 1024n;

const width = ({ lo, hi }: Interval): bigint => hi - lo;
const point = (v: bigint): Interval => ({ lo: v, hi: v });

/** exp(x); beyond EXP_MAX it stays as it is there. */
export function exp(at: Precision, x: Interval): Interval {
  const { bits, one, ln2 } = at;
  if (width(x) > one >> THIN) return { lo: exp(at, point(x.lo)).lo, hi: exp(at, point(x.hi)).hi };
  if (x.lo >= EXP_MAX * one) return { lo: one << BigInt(LIMIT - 1), hi: one << BigInt(LIMIT) };
  if (x.hi < -BigInt(bits) * one) return { lo: 0n, hi: 1n }; // below 2^-bits
  let k = x.lo / ln2.hi - (x.lo < 0n ? 1n : 0n);
  let r = subtract(x, multiple(ln2, k));
  if (r.lo < 0n) r = subtract(x, multiple(ln2, --k));
  // exp(x) = 2^k * exp(i/256) * exp(h) * exp(v), with r.lo = i/256 + h and v in [0, width]
  const i = r.lo >> BigInt(bits - STEP);
  const h = r.lo - (i << BigInt(bits - STEP));
  const product = multiply(at.exp[Number(i)] as Interval, expSeries(h, bits), bits);
  // exp(v) <= 1 + 2v as v <= 1, and the product is below 2.1
  return shift({ lo: product.lo, hi: product.hi + 5n * width(r) + 1n }, Number(k));
}

/** log(m * 2^-s) for an integer m > 0. */
export function logOf(at: Precision, m: bigint, s: number): Interval {
  const { bits } = at;
  const top = bitLength(m) - 1;
  // m = 2^top * y, 1 <= y < 2; y = c (1 + z) / (1 - z), c = 1 + i/256, z = (y - c) / (y + c)
  const i = top >= STEP ? (m >> BigInt(top - STEP)) - 256n : (m << BigInt(STEP - top)) - 256n;
  const c = (256n + i) << BigInt(top);
  const z = (((m << 8n) - c) << BigInt(bits)) / ((m << 8n) + c);
  const logY = add(at.log[Number(i)] as Interval, shift(positiveOdd(z, bits), 1));
  return add(logY, multiple(at.ln2, BigInt(top - s)));
}

/** log(x) for x >= 1, where its slope is at most 1. */
export function log(at: Precision, x: Interval): Interval {
  const { lo, hi } = logOf(at, x.lo, at.bits);
  return { lo, hi: hi + width(x) };
}

/** atan(x) */
export function atan(at: Precision, x: Interval): Interval {
  const { bits, one } = at;
  if (x.lo < 0n && x.hi <= 0n) return opposite(atan(at, opposite(x)));
  if (x.lo < 0n) return { lo: atan(at, point(x.lo)).lo, hi: atan(at, point(x.hi)).hi };
  if (x.lo > one) return subtract(at.halfPi, atan(at, divide(point(one), x, bits)));
  // atan(m) = atan(i/256) + atan((m - i/256) / (1 + m i/256)), and its slope is at most 1
  const m = x.lo;
  const i = m >> BigInt(bits - STEP);
  const z = (((m << 8n) - (i << BigInt(bits))) << BigInt(bits)) / ((one << 8n) + i * m);
  const { lo, hi } = add(at.atan[Number(i)] as Interval, alternatingOdd(z, bits));
  return { lo, hi: hi + width(x) };
}

/** cos(x) and sin(x) of a thin interval. */
export function direction(at: Precision, x: Interval): Direction {
  const { bits } = at;
  if (x.hi < 0n) {
    const { cos, sin } = direction(at, opposite(x));
    return { cos, sin: opposite(sin) };
  }
  // Whole quarter turns are taken off with as many more bits of pi as they have.
  const quarters = x.lo / at.halfPi.lo;
  const extra = quarters < 256n ? 0 : 64 * Math.ceil((bitLength(quarters) + 1) / 64);
  const { halfPi } = precisionOf(bits + extra);
  let turns = (x.lo << BigInt(extra)) / halfPi.hi;
  let r = subtract(shift(x, extra), multiple(halfPi, turns));
  if (r.lo < 0n) r = subtract(shift(x, extra), multiple(halfPi, --turns));
  r = shift(r, -extra);
  const i = r.lo >> BigInt(bits - STEP);
  const h = r.lo - (i << BigInt(bits - STEP));
  const near = { cos: cosSeries(h, bits), sin: sinSeries(h, bits) };
  const { cos, sin } = rotate(at.circle[Number(i)] as Direction, near, bits);
  // Slopes are at most 1.
  const widen = ({ lo, hi }: Interval): Interval => ({ lo: lo - width(r), hi: hi + width(r) });
  return turned({ cos: widen(cos), sin: widen(sin) }, turns & 3n);
}

/** The direction a number of quarter turns further. */
function turned({ cos, sin }: Direction, quarters: bigint): Direction {
  if (quarters === 0n) return { cos, sin };
  return turned({ cos: opposite(sin), sin: cos }, quarters - 1n);
}

/** 1 + x for an interval. */
export const onePlus = ({ one }: Precision, x: Interval): Interval => ({ lo: one + x.lo, hi: one + x.hi });
/** 1 - x for an interval. */
export const oneMinus = ({ one }: Precision, x: Interval): Interval => ({ lo: one - x.hi, hi: one - x.lo });
/** x^2 for x >= 0. */
export const square = ({ bits }: Precision, { lo, hi }: Interval): Interval => ({
  lo: (lo * lo) >> BigInt(bits),
  hi: ceilShift(hi * hi, BigInt(bits)),
});
