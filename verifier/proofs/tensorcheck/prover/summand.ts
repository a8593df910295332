// SPDX-License-Identifier: GPL-3.0-or-later
// Parts of sumcheck A on the engine: each knows its own claim, its polynomial in the next variable, and how to bind it.
import type { RoundTerm, TensorcheckEngine, Vector } from "../engine/types.ts";
import { inverse, mod } from "./field.ts";
import { horner } from "./opening.ts";
import { interpolation } from "./sumcheck.ts";

export interface Summand {
  readonly variables: number;
  /** Σ over the cube of the variables that are not bound */
  readonly claim: bigint;
  /** The coefficients of the polynomial in the most significant variable that is not bound. */
  round(): Promise<readonly bigint[]>;
  bind(challenge: bigint): Promise<void>;
}

/** A summand of no variables. */
export const constantSummand = (value: bigint): Summand => ({
  variables: 0,
  claim: mod(value),
  round: () => Promise.resolve([mod(value)]),
  bind: () => Promise.resolve(),
});

/** common · Σ terms + Σ plain, over vectors of 2^variables cells. */
export interface DenseParts {
  readonly vectors: readonly Vector[];
  readonly terms: readonly RoundTerm[];
  readonly common?: number;
  /** vectors that add as they are, without `common` */
  readonly plain?: readonly number[];
}

/** Terms that the engine takes at once, their factors numbered among the vectors that they use. */
interface Group {
  readonly used: readonly number[];
  readonly terms: readonly RoundTerm[];
}

/** As many as the engine takes in a round, and a few less. */
const MOST_VECTORS = 200;
const HALF = inverse(2n);

/** Terms in their order, cut where they use too many vectors together; `common` is the first of each group. */
function groupsOf({ terms, common }: DenseParts): Group[] {
  const groups: { used: number[]; terms: RoundTerm[] }[] = [];
  for (const { coefficient, factors } of terms) {
    const last = groups.at(-1);
    const isFull = last === undefined || new Set([...last.used, ...factors]).size > MOST_VECTORS;
    const group = isFull ? { used: common === undefined ? [] : [common], terms: [] } : last;
    if (isFull) groups.push(group);
    const numbered = factors.map((index) => {
      const known = group.used.indexOf(index);
      return known >= 0 ? known : group.used.push(index) - 1;
    });
    group.terms.push({ coefficient, factors: numbered });
  }
  return groups;
}

/** Vectors over the whole cube. They are overwritten. */
export class DenseSummand implements Summand {
  readonly variables: number;
  claim = 0n;
  readonly #engine: TensorcheckEngine;
  readonly #parts: DenseParts;
  readonly #degree: number;
  readonly #groups: readonly Group[];
  #vectors: readonly Vector[];
  #polynomial: readonly bigint[] = [];

  private constructor(engine: TensorcheckEngine, variables: number, parts: DenseParts) {
    this.variables = variables;
    this.#engine = engine;
    this.#parts = parts;
    this.#vectors = parts.vectors;
    this.#groups = groupsOf(parts);
    const common = parts.common === undefined ? 0 : 1;
    const plain = (parts.plain ?? []).length > 0 ? 1 : 0;
    this.#degree = Math.max(1, plain, ...parts.terms.map(({ factors }) => factors.length + common));
  }

  static async create(engine: TensorcheckEngine, variables: number, parts: DenseParts): Promise<DenseSummand> {
    const summand = new DenseSummand(engine, variables, parts);
    if (variables > 0) await summand.#begin();
    else summand.claim = mod(summand.#value());
    return summand;
  }

  async round(): Promise<readonly bigint[]> {
    if (this.#polynomial.length === 0) {
      const [zero = 0n, ...others] = await this.#values(this.#degree);
      this.#polynomial = interpolation(this.#degree)([zero, mod(this.claim - zero), ...others]);
    }
    return this.#polynomial;
  }

  async bind(challenge: bigint): Promise<void> {
    this.claim = horner(await this.round(), challenge);
    this.#polynomial = [];
    this.#vectors = await this.#engine.bind(this.#vectors, challenge);
  }

  /** A vector's value once all variables are bound. */
  boundValue(index: number): bigint {
    return this.#engine.get(this.#vectors[index] as Vector, 0);
  }

  /** The first round's polynomial from one value more than its degree asks for: the claim follows from it. */
  async #begin(): Promise<void> {
    const degree = this.#degree;
    const [zero = 0n, ...others] = await this.#values(degree + 1);
    const values = [zero, 0n, ...others];
    // The (degree + 1)-th difference of a polynomial of this degree is 0: Σ (−1)^i binomial(degree + 1, i) f(i) = 0.
    let [sum, binomial] = [0n, 1n];
    values.forEach((value, i) => {
      sum += i % 2 === 0 ? binomial * value : -binomial * value;
      binomial = (binomial * BigInt(degree + 1 - i)) / BigInt(i + 1);
    });
    const one = mod(sum * inverse(BigInt(degree + 1)));
    this.claim = mod(zero + one);
    this.#polynomial = interpolation(degree)([zero, one, ...others.slice(0, degree - 1)]);
  }

  /** Values at X = 0, 2, 3, …, degree. */
  async #values(degree: number): Promise<bigint[]> {
    const { common, plain = [] } = this.#parts;
    const sums = new Array<bigint>(degree).fill(0n);
    for (const { used, terms } of this.#groups) {
      const vectors = used.map((index) => this.#vectors[index] as Vector);
      const values = await this.#engine.round({
        vectors,
        terms,
        degree,
        ...(common === undefined ? {} : { common: 0 }),
      });
      values.forEach((value, i) => (sums[i] = (sums[i] as bigint) + value));
    }
    for (let from = 0; from < plain.length; from += MOST_VECTORS) {
      const vectors = plain.slice(from, from + MOST_VECTORS).map((index) => this.#vectors[index] as Vector);
      const terms = vectors.map((_, i) => ({ coefficient: 1n, factors: [i] }));
      const [zero = 0n, two = 0n] = await this.#engine.round({ vectors, terms, degree: 2 });
      const slope = (two - zero) * HALF;
      sums.forEach((sum, i) => (sums[i] = sum + zero + slope * BigInt(i === 0 ? 0 : i + 1)));
    }
    return sums.map(mod);
  }

  /** Where there is no variable: the value of the one cell. */
  #value(): bigint {
    const { terms, common, plain = [] } = this.#parts;
    const at = (index: number): bigint => this.#engine.get(this.#vectors[index] as Vector, 0);
    const sum = terms.reduce(
      (total, { coefficient, factors }) =>
        total + factors.reduce((product, factor) => mod(product * at(factor)), coefficient),
      0n,
    );
    return plain.reduce((total, index) => total + at(index), (common === undefined ? 1n : at(common)) * mod(sum));
  }
}
