// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks over the cells of a layout: their denominators φ, their helps, and their part of sumcheck A. Whatever is linear becomes
// one vector, so that a row costs what its look-ups and products cost.
import type { RoundTerm, TensorcheckEngine, Vector } from "../engine/types.ts";
import { CONSTANT, type NumberedBlock, type NumberedFraction, type NumberedLookup } from "../numbered.ts";
import { mod, power } from "./field.ts";
import { addMultiple, toVector } from "./integers.ts";
import { type Points } from "./multilinear.ts";
import { DenseSummand, type Summand } from "./summand.ts";
import { tableOf } from "./tables.ts";
import { allVariables, wide, type Values } from "./values.ts";

/** φ = Σ vector · mask: one vector without a mask, and one for each mask that shares variables with what it masks. */
type Phi = readonly { readonly mask: number; readonly vector: Vector }[];

interface PreparedLookup {
  readonly lookup: NumberedLookup;
  readonly phis: readonly Phi[];
  /** cells of the help column, which stay as they are */
  readonly help: Vector;
}

/** A block with look-ups once β and γ are drawn. */
export interface PreparedBlock {
  readonly block: NumberedBlock;
  readonly lookups: readonly PreparedLookup[];
}

/** The block's φ, and its help columns written to `helpOf`. */
export async function prepareLookups(
  engine: TensorcheckEngine,
  values: Values,
  block: NumberedBlock,
  { beta, gamma }: { readonly beta: bigint; readonly gamma: bigint },
  helpOf: (lookup: NumberedLookup) => Vector,
): Promise<PreparedBlock> {
  const { variables } = block;
  const lookups: PreparedLookup[] = [];
  for (const lookup of block.lookups) {
    const phis: Phi[] = [];
    for (const { linear } of lookup.fractions) {
      phis.push(await phiOf(engine, values, linear, variables, beta, gamma));
    }
    const help = helpOf(lookup);
    engine.fill(help, 0n);
    const mark = engine.mark();
    for (const [j, { numerator, negative }] of lookup.fractions.entries()) {
      const part = await inverseOf(engine, values, phis[j] as Phi, variables);
      if (numerator !== CONSTANT) await engine.mul(part, part, await cellsOf(engine, values, numerator, variables));
      if (negative) await engine.sub(help, help, part);
      else await engine.add(help, help, part);
      engine.release(mark);
    }
    lookups.push({ lookup, phis, help });
  }
  return { block, lookups };
}

/** γ − Σ β^power · coefficient · value · mask. */
async function phiOf(
  engine: TensorcheckEngine,
  values: Values,
  linear: NumberedFraction["linear"],
  variables: number,
  beta: bigint,
  gamma: bigint,
): Promise<Phi> {
  const plain = engine.vector(2 ** variables);
  engine.fill(plain, gamma);
  const masked: { mask: number; vector: Vector }[] = [];
  for (const { power: exponent, coefficient, value, mask } of linear) {
    const factor = mod(-power(beta, BigInt(exponent)) * coefficient);
    const names = [value, mask].filter((name) => name !== CONSTANT);
    const [first, second] = names;
    if (first === undefined) await engine.addScalar(plain, plain, factor);
    else if (second === undefined) await addMultiple(engine, plain, factor, values.onCube(first, variables));
    else if (values.areDisjoint(first, second)) {
      await addMultiple(engine, plain, factor, values.productOnCube(first, second, variables));
    } else {
      const vector = engine.vector(2 ** variables);
      engine.fill(vector, 0n);
      await addMultiple(engine, vector, factor, values.onCube(first, variables));
      masked.push({ mask: second, vector });
    }
  }
  return [{ mask: CONSTANT, vector: plain }, ...masked];
}

/** 1/φ in every cell, in a vector of its own. */
async function inverseOf(engine: TensorcheckEngine, values: Values, phi: Phi, variables: number): Promise<Vector> {
  const sum = engine.vector(2 ** variables);
  engine.fill(sum, 0n);
  for (const { mask, vector } of phi) {
    const mark = engine.mark();
    const cells = mask === CONSTANT ? vector : await cellsOf(engine, values, mask, variables);
    if (mask !== CONSTANT) await engine.mul(cells, cells, vector);
    await engine.add(sum, sum, cells);
    engine.release(mark);
  }
  await engine.invert(sum, sum);
  return sum;
}

async function cellsOf(engine: TensorcheckEngine, values: Values, value: number, variables: number): Promise<Vector> {
  const out = engine.vector(2 ** variables);
  await toVector(engine, values.onCube(value, variables), out);
  return out;
}

/** The block's part of sumcheck A. Overwrites the φ. */
export async function rowSummand(
  engine: TensorcheckEngine,
  values: Values,
  { block, lookups }: PreparedBlock,
  points: Points,
  alphas: readonly bigint[],
): Promise<Summand> {
  return new Rows(engine, values, block, points, alphas).summand(lookups);
}

class Rows {
  readonly #engine: TensorcheckEngine;
  readonly #values: Values;
  readonly #block: NumberedBlock;
  readonly #points: Points;
  readonly #alphas: readonly bigint[];
  readonly #vectors: Vector[] = [];
  readonly #ofValue = new Map<number, number>();
  /** vectors that gather whatever has the same other factors, by those */
  readonly #gathered = new Map<string, { readonly index: number; readonly factors: readonly number[] }>();

  constructor(
    engine: TensorcheckEngine,
    values: Values,
    block: NumberedBlock,
    points: Points,
    alphas: readonly bigint[],
  ) {
    this.#engine = engine;
    this.#values = values;
    this.#block = block;
    this.#points = points;
    this.#alphas = alphas;
  }

  async summand(lookups: readonly PreparedLookup[]): Promise<Summand> {
    const { variables, terms } = this.#block;
    const rho = this.#points.rho.slice(0, variables).reverse();
    const common = this.#add(await this.#engine.eqTable(rho));
    for (const { equation, coefficient, factors } of terms) {
      await this.#addTerm(mod((this.#alphas[equation] as bigint) * coefficient), factors);
    }
    const products: RoundTerm[] = [];
    const plain: number[] = [];
    for (const prepared of lookups) {
      const help = this.#engine.vector(2 ** variables);
      this.#engine.copy(help, prepared.help);
      plain.push(this.#add(help));
      products.push(...(await this.#lookupTerms(prepared, plain.at(-1) as number)));
    }
    const linear = [...this.#gathered.values()].map(({ index, factors }) => ({
      coefficient: 1n,
      factors: [...factors, index],
    }));
    return DenseSummand.create(this.#engine, variables, {
      vectors: this.#vectors,
      terms: [...linear, ...products],
      common,
      plain,
    });
  }

  #add(vector: Vector): number {
    return this.#vectors.push(vector) - 1;
  }

  /** A value's cells, made once. */
  async #indexOf(value: number): Promise<number> {
    const known = this.#ofValue.get(value);
    if (known !== undefined) return known;
    const { variables } = this.#block;
    const index = this.#add(
      this.#values.isOnCube(value)
        ? await cellsOf(this.#engine, this.#values, value, variables)
        : await this.#read(value),
    );
    this.#ofValue.set(value, index);
    return index;
  }

  /** Cells of a value that reads ρ. */
  async #read(value: number): Promise<Vector> {
    const all = allVariables(this.#block.variables);
    const factor = this.#values.factor(value);
    if (factor.kind === "column" || factor.kind === "input") {
      return wide(this.#engine, await this.#values.read(value, this.#points), all);
    }
    const { free, cells } = tableOf(factor, this.#points);
    return wide(this.#engine, { free, vector: this.#engine.fromBigints(cells) }, all);
  }

  /** The vector that is multiplied by `factors` in the end. */
  #gather(factors: readonly number[]): Vector {
    const sorted = [...factors].sort((a, b) => a - b);
    const name = sorted.join();
    const known = this.#gathered.get(name);
    if (known !== undefined) return this.#vectors[known.index] as Vector;
    const vector = this.#engine.vector(2 ** this.#block.variables);
    this.#engine.fill(vector, 0n);
    this.#gathered.set(name, { index: this.#add(vector), factors: sorted });
    return vector;
  }

  /** weight · Π factors; all but one decide where it is gathered, columns rather than structured values being that one. */
  async #addTerm(weight: bigint, factors: readonly number[]): Promise<void> {
    const main =
      factors.find((value) => this.#values.isOnCube(value) && this.#values.factor(value).kind === "column") ??
      factors.find((value) => this.#values.isOnCube(value));
    const at = factors.findIndex((value) => value === main);
    const others: number[] = [];
    for (const [i, value] of factors.entries()) if (i !== at) others.push(await this.#indexOf(value));
    const into = this.#gather(others);
    if (main === undefined) await this.#engine.addScalar(into, into, weight);
    else await addMultiple(this.#engine, into, weight, this.#values.onCube(main, this.#block.variables));
  }

  /** α^c (h · Π_j φ_j − Σ_j ± num_j · Π_{i≠j} φ_i). */
  async #lookupTerms({ lookup, phis }: PreparedLookup, help: number): Promise<RoundTerm[]> {
    const weight = this.#alphas[lookup.equation] as bigint;
    // Products of φ: lists of factors, as an index a vector.
    const indexed: number[][][] = [];
    for (const phi of phis) {
      const sums: number[][] = [];
      for (const { mask, vector } of phi) {
        const index = this.#add(vector);
        sums.push(mask === CONSTANT ? [index] : [index, await this.#indexOf(mask)]);
      }
      indexed.push(sums);
    }
    const productWithout = (skipped: number): number[][] =>
      indexed
        .filter((_, j) => j !== skipped)
        .reduce<number[][]>((lists, sums) => lists.flatMap((list) => sums.map((more) => [...list, ...more])), [[]]);

    const terms = productWithout(-1).map((list) => ({ coefficient: weight, factors: [help, ...list] }));
    for (const [j, { numerator, negative }] of lookup.fractions.entries()) {
      const coefficient = mod(negative ? weight : -weight);
      const rest = productWithout(j);
      const [only] = rest;
      if (rest.length === 1 && only !== undefined && only.length === 1) {
        // One φ is left: it can be gathered with all that have this numerator.
        const into = this.#gather(numerator === CONSTANT ? [] : [await this.#indexOf(numerator)]);
        await this.#engine.axpy(into, coefficient, this.#vectors[only[0] as number] as Vector);
      } else if (rest.length === 1 && only?.length === 0) {
        await this.#addTerm(coefficient, numerator === CONSTANT ? [] : [numerator]);
      } else {
        const first = numerator === CONSTANT ? [] : [await this.#indexOf(numerator)];
        terms.push(...rest.map((list) => ({ coefficient, factors: [...first, ...list] })));
      }
    }
    return terms;
  }
}
