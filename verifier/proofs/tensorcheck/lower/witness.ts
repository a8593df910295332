// SPDX-License-Identifier: GPL-3.0-or-later
// How a prover fills the committed columns: integers that follow from the tensors of an execution.
import type { Values } from "../../../graph/execute.ts";
import type { Range } from "../../../graph/nodes/arithmetic.ts";
import { SCALAR_FIELD } from "../../../tensor/packing.ts";

/** Integers of a column without its pads: doubles where they are safe. */
export type Integers = Float64Array | readonly bigint[];

/** What a recipe reads: tensors of the execution, and other recipes' integers, each computed once. */
export interface Evaluation {
  tensor(id: number): Integers;
  of(recipe: Recipe): Integers;
}

/** Integers of known range that follow from an execution. */
export interface Recipe {
  readonly range: Range;
  evaluate(from: Evaluation): Integers;
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
export const isSafe = ({ lo, hi }: Range): boolean => lo >= -SAFE && hi <= SAFE;

/** An evaluation of one execution. */
export function newEvaluation(trace: readonly Values[]): Evaluation {
  const known = new Map<Recipe, Integers>();
  const evaluation: Evaluation = {
    tensor(id) {
      const values = trace[id] as Values;
      return values instanceof Float64Array ? values : Array.from(values);
    },
    of(recipe) {
      const found = known.get(recipe) ?? recipe.evaluate(evaluation);
      known.set(recipe, found);
      return found;
    },
  };
  return evaluation;
}

const toBigints = (values: Integers): readonly bigint[] =>
  values instanceof Float64Array ? Array.from(values, BigInt) : values;
const toDoubles = (values: Integers): Float64Array =>
  values instanceof Float64Array ? values : Float64Array.from(values, Number);

/** A tensor of the execution. */
export const tensorValues = (id: number, range: Range): Recipe => ({ range, evaluate: (from) => from.tensor(id) });

/** An operand of a sum of recipes; of a single value it counts for every one. */
export interface Part {
  readonly coefficient: bigint;
  readonly of: Recipe;
}

/** Σ coefficient · recipe + constant. */
export function combination(parts: readonly Part[], constant: bigint): Recipe {
  let [lo, hi] = [constant, constant];
  let magnitude = constant < 0n ? -constant : constant;
  for (const { coefficient, of } of parts) {
    const ends = [coefficient * of.range.lo, coefficient * of.range.hi] as const;
    lo += ends[0] < ends[1] ? ends[0] : ends[1];
    hi += ends[0] < ends[1] ? ends[1] : ends[0];
    for (const end of ends) magnitude += end < 0n ? -end : end;
  }
  const safe = magnitude <= SAFE;
  return {
    range: { lo, hi },
    evaluate(from) {
      const operands = parts.map((part) => from.of(part.of));
      const length = operands.reduce((most, { length }) => Math.max(most, length), 1);
      if (!safe) {
        const sum = new Array<bigint>(length).fill(constant);
        parts.forEach(({ coefficient }, k) => {
          const values = toBigints(operands[k] as Integers);
          const step = values.length === 1 ? 0 : 1;
          for (let i = 0; i < length; i++) sum[i] = (sum[i] as bigint) + coefficient * (values[i * step] as bigint);
        });
        return sum;
      }
      const sum = new Float64Array(length).fill(Number(constant));
      parts.forEach(({ coefficient }, k) => {
        const values = toDoubles(operands[k] as Integers);
        const step = values.length === 1 ? 0 : 1;
        const factor = Number(coefficient);
        for (let i = 0; i < length; i++) sum[i] = (sum[i] as number) + factor * (values[i * step] as number);
      });
      return sum;
    },
  };
}

/** floor(v / 2^from) mod 2^bits of values that are at least 0. */
export function digits(of: Recipe, from: number, bits: number): Recipe {
  const most = of.range.hi >> BigInt(from);
  const limit = (1n << BigInt(bits)) - 1n;
  return {
    range: { lo: 0n, hi: most < limit ? most : limit },
    evaluate(evaluation) {
      const values = evaluation.of(of);
      if (values instanceof Float64Array) {
        // Powers of two: both quotients are exact, and below 2^53 so is the difference.
        const [low, high] = [2 ** from, 2 ** bits];
        return values.map((v) => {
          const quotient = Math.floor(v / low);
          return quotient - Math.floor(quotient / high) * high;
        });
      }
      const part = values.map((v) => (v >> BigInt(from)) & limit);
      return bits <= 53 ? Float64Array.from(part, Number) : part;
    },
  };
}

/** Bits of 0..largest. */
export const bitLength = (largest: bigint): number => (largest === 0n ? 0 : largest.toString(2).length);

/** recipe + constant. */
export const shiftedBy = (of: Recipe, constant: bigint): Recipe => combination([{ coefficient: 1n, of }], constant);

/** The inverse of each value in the field, 0 of 0: with one inversion for all (Montgomery's trick). */
export const inverses = (of: Recipe): Recipe => ({
  range: { lo: 0n, hi: SCALAR_FIELD - 1n },
  evaluate(from) {
    const values: bigint[] = toBigints(from.of(of)).map((v) => ((v % SCALAR_FIELD) + SCALAR_FIELD) % SCALAR_FIELD);
    const before: bigint[] = [];
    let product = 1n;
    for (const v of values) {
      before.push(product);
      if (v !== 0n) product = (product * v) % SCALAR_FIELD;
    }
    let inverse = power(product, SCALAR_FIELD - 2n);
    for (let i = values.length - 1; i >= 0; i--) {
      const v = values[i] as bigint;
      if (v === 0n) continue;
      values[i] = (inverse * (before[i] as bigint)) % SCALAR_FIELD;
      inverse = (inverse * v) % SCALAR_FIELD;
    }
    return values;
  },
});

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let e = exponent, b = base; e > 0n; e >>= 1n) {
    if ((e & 1n) === 1n) result = (result * b) % SCALAR_FIELD;
    b = (b * b) % SCALAR_FIELD;
  }
  return result;
}

/** A function of each value, of a small range. */
export const mapped = (of: Recipe, range: Range, value: (v: number) => number): Recipe => ({
  range,
  // Of values beyond 2^53 only sign and magnitude are seen.
  evaluate: (evaluation) => toDoubles(evaluation.of(of)).map(value),
});

/** The entry at each index, exact also beyond 2^53. */
export const entriesAt = (of: Recipe, { lo, hi }: Range, entries: readonly bigint[]): Recipe => ({
  range: { lo, hi },
  evaluate(evaluation) {
    const indices = toDoubles(evaluation.of(of));
    return isSafe({ lo, hi })
      ? indices.map((i) => Number(entries[i]))
      : Array.from(indices, (i) => entries[i] as bigint);
  },
});
