// SPDX-License-Identifier: GPL-3.0-or-later
// Gemini and Shplonk (docs/spec/tensorcheck.md, section 3, Opening): f~(s) = y from the commitment to f.
import { SCALAR_FIELD as r } from "../../../tensor/packing.ts";
import { inverses, mod, powersOf } from "./field.ts";

/** f_0, …, f_{n−1}: f with its least significant variables set to s_0, s_1, …; f_j has 2^(n−j) coefficients. */
export function folds(f: readonly bigint[], s: readonly bigint[]): bigint[][] {
  const all = [[...f]];
  for (const value of s.slice(0, -1)) {
    const last = all.at(-1) as bigint[];
    all.push(
      Array.from({ length: last.length / 2 }, (_, i) => {
        const low = last[2 * i] as bigint;
        return mod(low + value * ((last[2 * i + 1] as bigint) - low));
      }),
    );
  }
  return all;
}

/** The value at x of the polynomial with these coefficients, the constant one first. */
export function horner(coefficients: readonly bigint[], x: bigint): bigint {
  let value = 0n;
  for (let i = coefficients.length - 1; i >= 0; i--) value = (value * x + (coefficients[i] as bigint)) % r;
  return value;
}

/** (f − f(x)) / (X − x): one coefficient less. */
function quotient(f: readonly bigint[], x: bigint): bigint[] {
  const result = new Array<bigint>(f.length - 1);
  let carry = 0n;
  for (let i = f.length - 1; i > 0; i--) {
    carry = (carry * x + (f[i] as bigint)) % r;
    result[i - 1] = mod(carry);
  }
  return result;
}

/** r_j = ζ^(2^j) for each of n folds. */
export function openingPoints(zeta: bigint, n: number): bigint[] {
  const points = [zeta];
  while (points.length < n) points.push(mod((points.at(-1) as bigint) ** 2n));
  return points;
}

/** Q = Σ_j ν^(2j) (f_j − f_j(r_j))/(X − r_j) + ν^(2j+1) (f_j − f_j(−r_j))/(X + r_j). */
export function firstQuotient(
  polynomials: readonly (readonly bigint[])[],
  points: readonly bigint[],
  nu: bigint,
): bigint[] {
  const weights = powersOf(nu, 2 * points.length);
  const result = new Array<bigint>((polynomials[0] as readonly bigint[]).length).fill(0n);
  polynomials.forEach((f, j) => {
    const x = points[j] as bigint;
    [x, -x].forEach((at, side) => {
      const weight = weights[2 * j + side] as bigint;
      quotient(f, at).forEach((c, i) => (result[i] = mod((result[i] as bigint) + weight * c)));
    });
  });
  return result;
}

/** W = (Q − Σ_j w_j f_j + k_0)/(X − z). Errors: PROVE_FAILED where a denominator is 0. */
export function secondQuotient(
  polynomials: readonly (readonly bigint[])[],
  first: readonly bigint[],
  points: readonly bigint[],
  nu: bigint,
  z: bigint,
): bigint[] {
  const weights = powersOf(nu, 2 * points.length);
  const denominators = inverses(points.flatMap((x) => [mod(z - x), mod(z + x)]));
  const numerator = [...first];
  polynomials.forEach((f, j) => {
    const near = (weights[2 * j] as bigint) * (denominators[2 * j] as bigint);
    const far = (weights[2 * j + 1] as bigint) * (denominators[2 * j + 1] as bigint);
    const w = mod(near + far);
    f.forEach((c, i) => (numerator[i] = mod((numerator[i] as bigint) - w * c)));
  });
  // k_0 changes the constant coefficient only, which division leaves in the remainder.
  return quotient(numerator, z);
}
