// SPDX-License-Identifier: GPL-3.0-or-later
// Arithmetic of F and the polynomials eq (docs/spec/tensorcheck.md, section 1). Elements are bigints in 0..r−1.
import { SCALAR_FIELD as r } from "../../points.ts";

export { SCALAR_FIELD } from "../../points.ts";

/** v mod r, in 0..r−1 for any integer v. */
export function mod(v: bigint): bigint {
  const rest = v % r;
  return rest < 0n ? rest + r : rest;
}

/** 1/v by the extended Euclidean algorithm; null for 0. */
export function inverse(v: bigint): bigint | null {
  let [a, b, s, t] = [r, mod(v), 0n, 1n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b, s, t] = [b, a - quotient * b, t, s - quotient * t];
  }
  return a === 1n ? mod(s) : null;
}

/** 1, v, v^2, … up to v^(count − 1). */
export function powers(v: bigint, count: number): bigint[] {
  const list = Array.from({ length: count }, () => 1n);
  for (let i = 1; i < count; i++) list[i] = ((list[i - 1] as bigint) * v) % r;
  return list;
}

export const product = (factors: readonly bigint[]): bigint => factors.reduce((left, right) => (left * right) % r, 1n);

/** eq(a, b) = a b + (1 − a)(1 − b) = 1 − a − b + 2 a b, a product over coordinates of points. */
export function eq(a: readonly bigint[], b: readonly bigint[]): bigint {
  return product(a.map((x, t) => mod(1n - x - (b[t] as bigint) + 2n * x * (b[t] as bigint))));
}

/** eq of an integer's bits and a point; the integer is below 2^point.length. */
export function eqIndex(index: number, point: readonly bigint[]): bigint {
  const last = point.length - 1;
  // By division: >> takes 32 bits only.
  return product(point.map((x, i) => (Math.floor(index / 2 ** (last - i)) % 2 === 1 ? x : mod(1n - x))));
}

/** eqIndex(i, point) for all i < 2^point.length. */
function eqAll(point: readonly bigint[]): bigint[] {
  let table = [1n];
  for (const x of point) table = table.flatMap((v) => [mod(v - v * x), (v * x) % r]);
  return table;
}

const TABLE_BITS = 10;

/**
 * eqIndex(i, point) for many i: tables of ten bits each, so that a point of many coordinates costs no memory. The point is
 * the most significant coordinate first.
 */
export class EqTable {
  /** the least significant first */
  readonly #tables: bigint[][] = [];

  constructor(point: readonly bigint[]) {
    for (let end = point.length; end > 0; end -= TABLE_BITS) {
      this.#tables.push(eqAll(point.slice(Math.max(0, end - TABLE_BITS), end)));
    }
  }

  at(index: number): bigint {
    let value = 1n;
    for (const table of this.#tables) {
      const entry = table[index % table.length] as bigint;
      value = value === 1n ? entry : (value * entry) % r;
      index = Math.floor(index / table.length);
    }
    return value;
  }
}
