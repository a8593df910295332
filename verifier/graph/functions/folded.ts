// SPDX-License-Identifier: GPL-3.0-or-later
// Functions of constants, the same on any machine: Math's functions differ in their last bits between engines, and what
// is folded becomes weights.
import { evaluate } from "./evaluate.ts";
import { functionOf, type FunctionName } from "./registry.ts";
import { tableOf, whyRefused } from "./table.ts";
import type { Values } from "./types.ts";

/** What engines may be off by, relative to a value: far more than any is. */
const SLACK = 2 ** -40;
/** Significant bits of a value that is computed exactly. */
const BITS = 50;

const scratch = new DataView(new ArrayBuffer(8));

/** The double as q * 2^-exponent, q odd or 0. */
function dyadicOf(v: number): { q: bigint; exponent: number } {
  scratch.setFloat64(0, v);
  const bits = scratch.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  let q = (bits & (2n ** 52n - 1n)) + (biased === 0 ? 0n : 2n ** 52n);
  let exponent = 1075 - Math.max(1, biased);
  for (; q !== 0n && q % 2n === 0n; q /= 2n) exponent--;
  if (q === 0n) exponent = 0;
  return { q: v < 0 ? -q : q, exponent };
}

/** floor(log2 |v|) of a normal double. */
function exponentOf(v: number): number {
  scratch.setFloat64(0, v);
  return ((scratch.getUint32(0) >>> 20) & 0x7ff) - 1023;
}

/**
 * f(x) as a float32; rational functions as they are. Where what Math gives lies so close to the middle of two float32
 * that another engine could round it to the other one, the value is computed exactly.
 */
export function folded(name: FunctionName, parameters: Values<number>, x: number): number {
  const v = evaluate(name, parameters, x);
  if ("value" in functionOf(name)) return v;
  const rounded = Math.fround(v);
  if (!Number.isFinite(rounded) || Number.isNaN(v)) return v;
  const same = [1 - SLACK, 1 + SLACK].every((share) => Math.fround(v * share) === rounded);
  if (same || whyRefused(name, parameters) !== undefined) return rounded;
  const { q, exponent } = dyadicOf(x);
  // A little more than v, so that the middle below a power of two has the exponent of that power.
  const to = BITS - exponentOf(v * (1 + 2 ** -20));
  if ([exponent, to].some((e) => e < -128 || e > 127) || q > 2n ** 62n || q < -(2n ** 62n)) return rounded;
  const input = { exponent, lo: q, hi: q };
  const [entry = 0n] = tableOf(name, parameters, input, { exponent: to, lo: -(2n ** 62n), hi: 2n ** 62n });
  return Math.fround(Number(entry) * 2 ** -to);
}

/** base^exponent in floating point, as folded. */
export const foldedPower = (base: number, exponent: number): number =>
  exponent === 2 ? base * base : folded("pow", { exponent }, base);
