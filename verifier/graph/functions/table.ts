// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of functions, correctly rounded: the same integers on any machine (docs/spec/functions.md).
import { VerigradError } from "../../errors.ts";
import type { Interval } from "./interval.ts";
import { precisionOf, type Precision } from "./precision.ts";
import { bitLength, dyadic, ofDouble, roundHalfUp, type Rational } from "./rational.ts";
import { functionOf, type FunctionName } from "./registry.ts";
import type { RealFunction, Values } from "./types.ts";

/** Integers q in [lo, hi] that stand for q * 2^-exponent. */
export interface Grid {
  readonly exponent: number;
  readonly lo: bigint;
  readonly hi: bigint;
}

/** Most entries of a table, and the least and largest exponent of a tensor. */
const MAX_ENTRIES = 2n ** 16n;
const [MIN_EXPONENT, MAX_EXPONENT] = [-128, 127];
/** Bits beyond those of the result with which a value is first tried: hardly one in 2^30 stays undecided. */
const GUARD = 40;
/** No value is this close to a boundary of rounding unless it lies on it, which `rational` has excluded. */
const MAX_BITS = 1 << 14;

const invalid = (name: FunctionName, why: string): VerigradError =>
  new VerigradError("FUNCTION_INVALID", `function ${name}: ${why}`, { data: { function: name, why } });

/** Why a function refuses parameters: it takes just its own, neither NaN nor extreme. Undefined if it takes them. */
export function whyRefused(name: FunctionName, parameters: Values<number>): string | undefined {
  const { parameters: names, refuse } = functionOf(name);
  const given = Object.keys(parameters);
  if (given.length !== names.length || names.some((key) => !Object.hasOwn(parameters, key)))
    return `parameters [${given.join(", ")}] given; accepted: [${names.join(", ")}]`;
  const extreme = names.find((key) => isExtreme(parameters[key] as number));
  if (extreme !== undefined)
    return `parameter ${extreme} is ${parameters[extreme]}; accepted: 0, or a magnitude of 2^-64 to 2^64`;
  return refuse?.(exactly(parameters));
}

/** Beyond these magnitudes values lie closer to boundaries of rounding than is worth a thousand bits. */
const isExtreme = (v: number): boolean => v !== 0 && !(Math.abs(v) >= 2 ** -64 && Math.abs(v) <= 2 ** 64);

const exactly = (parameters: Values<number>): Values<Rational> =>
  Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, ofDouble(value)]));

function assertGrid(name: FunctionName, what: string, { exponent, lo, hi }: Grid): void {
  const allowed = Number.isInteger(exponent) && exponent >= MIN_EXPONENT && exponent <= MAX_EXPONENT;
  if (!allowed) throw invalid(name, `the ${what}'s exponent ${exponent} is outside of -128..127`);
  if (lo > hi) throw invalid(name, `the ${what}'s interval is empty`);
  if (lo < -(2n ** 63n) || hi >= 2n ** 63n) throw invalid(name, `the ${what}'s interval exceeds 64 bits`);
}

/**
 * floor(f(q * 2^-input.exponent) * 2^output.exponent + 1/2), clamped to [output.lo, output.hi], for q = input.lo ..
 * input.hi. Exact: every entry is decided in interval arithmetic, with more bits until it is (Ziv, ACM TOMS 17, 1991).
 * Outside of its domain a function has the values of docs/spec/functions.md.
 * Errors: FUNCTION_INVALID for parameters or grids that are refused; FUNCTION_UNDECIDED (ESCALATE), which would be a bug.
 */
export function tableOf(name: FunctionName, parameters: Values<number>, input: Grid, output: Grid): bigint[] {
  const why = whyRefused(name, parameters);
  if (why !== undefined) throw invalid(name, why);
  assertGrid(name, "input", input);
  assertGrid(name, "output", output);
  const size = input.hi - input.lo + 1n;
  if (size > MAX_ENTRIES) throw invalid(name, `a table of ${size} entries; accepted: at most 2^16`);
  const f = functionOf(name);
  const exact = exactly(parameters);
  const bits = firstBits(input, output);
  return Array.from({ length: Number(size) }, (_, i) =>
    entry(name, f, dyadic(input.lo + BigInt(i), input.exponent), exact, output, bits),
  );
}

/** Precision of the first try: absolute, for the result; and with every argument exact. */
function firstBits(input: Grid, output: Grid): number {
  const widest = ({ lo, hi }: Grid): number => Math.max(bitLength(lo), bitLength(hi));
  const argument = Math.max(0, widest(input) - input.exponent);
  const needed = Math.max(widest(output), output.exponent + argument, 0) + GUARD;
  return 32 * Math.ceil(Math.max(needed, input.exponent) / 32);
}

function entry(
  name: FunctionName,
  f: RealFunction,
  x: Rational,
  parameters: Values<Rational>,
  output: Grid,
  bits: number,
): bigint {
  const value = "value" in f ? f.value(x, parameters) : f.rational(x, parameters);
  if (value !== undefined) return clampRational(value, output);
  const { enclose } = f as Extract<RealFunction, { enclose: unknown }>;
  return decide(name, (at) => enclose(x, parameters, at), output, bits);
}

const clamp = (q: bigint, { lo, hi }: Grid): bigint => (q < lo ? lo : q > hi ? hi : q);

function clampRational(value: Rational, output: Grid): bigint {
  if (value.den === 0n) return value.num > 0n ? output.hi : output.lo;
  return clamp(roundHalfUp(value, output.exponent), output);
}

/**
 * The clamped rounding of an irrational value, given its enclosures. As it lies on no boundary of rounding, an enclosure
 * may end on one. Errors: FUNCTION_UNDECIDED if the enclosures never become narrow.
 */
export function decide(
  name: FunctionName,
  enclose: (at: Precision) => Interval,
  output: Grid,
  firstBits: number,
): bigint {
  for (let bits = firstBits; bits <= MAX_BITS; bits *= 2) {
    const { lo, hi } = enclose(precisionOf(bits));
    const drop = BigInt(bits - output.exponent);
    const half = 1n << (drop - 1n);
    const least = clamp((lo + half) >> drop, output);
    if (least === clamp((hi + half - 1n) >> drop, output)) return least;
  }
  throw new VerigradError("FUNCTION_UNDECIDED", `function ${name}: a value is undecided at ${MAX_BITS} bits`, {
    consequence: "ESCALATE",
    data: { function: name },
  });
}
