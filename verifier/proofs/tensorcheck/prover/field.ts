// SPDX-License-Identifier: GPL-3.0-or-later
// Arithmetic in F, BN254's scalar field, on BigInts: slow, and easy to be sure of.
import { SCALAR_FIELD } from "../../../tensor/packing.ts";
import { VerigradError } from "../../../errors.ts";

const r = SCALAR_FIELD;

/** The integer v as an element of F. */
export function mod(v: bigint): bigint {
  const rest = v % r;
  return rest < 0n ? rest + r : rest;
}

/** base^exponent, exponent >= 0. */
export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = mod(base), left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % r;
    square = (square * square) % r;
  }
  return result;
}

/** 1, base, base^2, ..., count of them. */
export function powersOf(base: bigint, count: number): bigint[] {
  const powers: bigint[] = [];
  for (let value = 1n; powers.length < count; value = (value * base) % r) powers.push(value);
  return powers;
}

/** 1/v. Errors: PROVE_FAILED for 0, which a challenge hits with a probability below 2^-200. */
export function inverse(v: bigint): bigint {
  if (mod(v) === 0n) throw new VerigradError("PROVE_FAILED", "a denominator is zero");
  let [high, low, s, t] = [r, mod(v), 0n, 1n];
  while (low > 1n) {
    const quotient = high / low;
    [high, low, s, t] = [low, high - quotient * low, t, s - quotient * t];
  }
  return mod(t);
}

/** The inverse of each value, for one inversion and three products a value. Errors: PROVE_FAILED for 0. */
export function inverses(values: readonly bigint[]): bigint[] {
  const products: bigint[] = [];
  let product = 1n;
  for (const value of values) {
    products.push(product);
    product = (product * value) % r;
  }
  let left = inverse(product);
  const result = new Array<bigint>(values.length);
  for (let i = values.length - 1; i >= 0; i--) {
    result[i] = (left * (products[i] as bigint)) % r;
    left = (left * (values[i] as bigint)) % r;
  }
  return result;
}

/** eq(a, b) of two numbers of F: 1 where both are the same bit, 0 where they are different bits. */
export const eq = (a: bigint, b: bigint): bigint => mod(1n - a - b + 2n * a * b);
