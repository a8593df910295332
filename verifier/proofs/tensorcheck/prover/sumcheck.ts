// SPDX-License-Identifier: GPL-3.0-or-later
// The two sumchecks (docs/spec/tensorcheck.md, section 3), round by round and cell by cell.
import { bindFirst } from "./multilinear.ts";
import { inverse, mod, powersOf } from "./field.ts";

/** A polynomial f of multilinear polynomials in k variables. */
export interface Summand {
  readonly variables: number;
  /** of each polynomial, its 2^variables values on the cube */
  readonly polynomials: readonly (readonly bigint[])[];
  /** f from the polynomials' values in one point, in their order */
  at(values: readonly bigint[]): bigint;
}

/** Sends a round's coefficients, the linear one left out, and gets the challenge. */
export type Round = (coefficients: readonly bigint[]) => bigint;

const HALF = inverse(2n);

/**
 * Σ over the cube of all summands, `rounds` variables from the most significant down; a summand of fewer variables is
 * constant in those above its own, with 2^−(rounds − variables) before it. `degree` bounds that of every summand in a variable.
 */
export function sumcheckOfBlocks(summands: readonly Summand[], rounds: number, degree: number, round: Round): void {
  const halves = powersOf(HALF, rounds + 1);
  const coefficients = interpolation(degree);
  const states = summands.map((summand) => ({
    own: summand.variables,
    polynomials: summand.polynomials,
    at: (values: readonly bigint[]) => summand.at(values),
  }));
  for (let t = rounds - 1; t >= 0; t--) {
    const values = new Array<bigint>(degree + 1).fill(0n);
    for (const { own, polynomials, at } of states) {
      // Before its turn a summand gives half of its sum to either half of the cube, and so on.
      const weight = halves[rounds - Math.max(own, t)] as bigint;
      const sums = own > t ? roundValues(polynomials, at, degree) : sumOf(polynomials, own, at);
      for (let x = 0; x <= degree; x++) {
        values[x] = mod((values[x] as bigint) + weight * (sums[x % sums.length] as bigint));
      }
    }
    const [constant, , ...rest] = coefficients(values);
    const challenge = round([constant as bigint, ...rest]);
    for (const state of states) {
      if (state.own > t) state.polynomials = state.polynomials.map((cells) => bindFirst(cells, challenge));
    }
  }
}

/** Σ f over the cube, as a list of one. */
function sumOf(
  polynomials: readonly (readonly bigint[])[],
  variables: number,
  at: (values: readonly bigint[]) => bigint,
): bigint[] {
  let sum = 0n;
  for (let x = 0; x < 2 ** variables; x++) sum += at(polynomials.map((cells) => cells[x] as bigint));
  return [mod(sum)];
}

/** Σ over all variables but the first of f, that one set to 0, 1, …, degree. */
function roundValues(
  polynomials: readonly (readonly bigint[])[],
  at: (values: readonly bigint[]) => bigint,
  degree: number,
): bigint[] {
  const half = (polynomials[0] as readonly bigint[]).length / 2;
  const sums = new Array<bigint>(degree + 1).fill(0n);
  for (let i = 0; i < half; i++) {
    const values = polynomials.map((cells) => cells[i] as bigint);
    const slopes = polynomials.map((cells, p) => (cells[i + half] as bigint) - (values[p] as bigint));
    for (let x = 0; x <= degree; x++) {
      sums[x] = (sums[x] as bigint) + at(values.map((value, p) => mod(value + BigInt(x) * (slopes[p] as bigint))));
    }
  }
  return sums.map(mod);
}

/** From the values of a polynomial at 0, 1, …, degree to its coefficients. */
export function interpolation(degree: number): (values: readonly bigint[]) => bigint[] {
  const nodes = Array.from({ length: degree + 1 }, (_, x) => BigInt(x));
  // Lagrange's polynomials, by their coefficients.
  const bases = nodes.map((node) => {
    const others = nodes.filter((other) => other !== node);
    const scale = inverse(others.reduce((product, other) => product * (node - other), 1n));
    return others
      .reduce<bigint[]>(
        (poly, other) => [...poly, 0n].map((_, i) => (poly[i - 1] ?? 0n) - other * (poly[i] ?? 0n)),
        [1n],
      )
      .map((coefficient) => mod(coefficient * scale));
  });
  return (values) =>
    nodes.map((_, i) => mod(bases.reduce((sum, base, x) => sum + (base[i] as bigint) * (values[x] as bigint), 0n)));
}

/** E · P, both by their 2^n values on the cube. */
export interface Product {
  readonly weight: readonly bigint[];
  readonly cells: readonly bigint[];
}

/** Σ over the cube of Σ weight · cells: n rounds of degree 2. Returns each product's cells at the point of the challenges. */
export function sumcheckOfProducts(products: readonly Product[], n: number, round: Round): bigint[] {
  let states = products;
  for (let t = n - 1; t >= 0; t--) {
    const half = 2 ** t;
    let [constant, square] = [0n, 0n];
    for (const { weight, cells } of states) {
      for (let i = 0; i < half; i++) {
        const [e, p] = [weight[i] as bigint, cells[i] as bigint];
        constant += e * p;
        square += ((weight[i + half] as bigint) - e) * ((cells[i + half] as bigint) - p);
      }
    }
    const challenge = round([mod(constant), mod(square)]);
    states = states.map(({ weight, cells }) => ({
      weight: bindFirst(weight, challenge),
      cells: bindFirst(cells, challenge),
    }));
  }
  return states.map(({ cells }) => cells[0] as bigint);
}
