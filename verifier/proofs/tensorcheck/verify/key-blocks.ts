// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks of a key, the polynomials that sumcheck A sums (docs/spec/tensorcheck.md, sections 2 and 5).
import { check, REASON, type Bounds, type Reader } from "./reader.ts";

/** The number that stands for the constant 1 in place of a value. */
export const CONSTANT_ONE = 0xffff;

/** The number of a value: claims, then publics, then structured; or CONSTANT_ONE. */
export type ValueIndex = number;

/** coefficient · Π factors, in equation `equation`. */
export interface Term {
  readonly equation: number;
  readonly coefficient: bigint;
  readonly factors: readonly ValueIndex[];
}

/** β^power · coefficient · value · mask. */
export interface LinearTerm {
  readonly power: number;
  readonly coefficient: bigint;
  readonly value: ValueIndex;
  readonly mask: ValueIndex;
}

/** ± numerator / (γ − Σ linear). */
export interface Fraction {
  readonly numerator: ValueIndex;
  readonly negative: boolean;
  readonly linear: readonly LinearTerm[];
}

/** help = Σ fractions. */
export interface Lookup {
  readonly equation: number;
  readonly help: ValueIndex;
  readonly fractions: readonly Fraction[];
}

/** A polynomial in r_{variables−1..0}. */
export interface Block {
  readonly variables: number;
  readonly eq: boolean;
  readonly terms: readonly Term[];
  readonly lookups: readonly Lookup[];
}

/** A block over `values` values. */
export function readBlock(reader: Reader, { K, R }: Bounds, values: number): Block {
  reader.piece(2);
  const variables = reader.uint(1);
  const eq = readFlag(reader);
  check(variables <= K && (!eq || variables <= R), REASON.BLOCK, "a block of more variables than were drawn");
  const terms = reader.list(2, () => readTerm(reader, values));
  const count = reader.uint(2);
  check(eq || count === 0, REASON.BLOCK, "look-ups without eq");
  return { variables, eq, terms, lookups: Array.from({ length: count }, () => readLookup(reader, values)) };
}

function readValue(reader: Reader, values: number): ValueIndex {
  const index = reader.uint(2);
  check(index < values || index === CONSTANT_ONE, REASON.VALUE, `no value ${index}`);
  return index;
}

function readFlag(reader: Reader): boolean {
  const flag = reader.uint(1);
  check(flag <= 1, REASON.BLOCK, "a flag is neither 0 nor 1");
  return flag === 1;
}

function readEquation(reader: Reader): number {
  const equation = reader.uint(2);
  check(equation >= 1, REASON.BLOCK, "equation 0");
  return equation;
}

function readTerm(reader: Reader, values: number): Term {
  const equation = readEquation(reader);
  const coefficient = reader.coefficient();
  const count = reader.uint(1);
  reader.piece(2 * count);
  return { equation, coefficient, factors: Array.from({ length: count }, () => readValue(reader, values)) };
}

function readLookup(reader: Reader, values: number): Lookup {
  reader.piece(5);
  const equation = readEquation(reader);
  const help = readValue(reader, values);
  const count = reader.uint(1);
  check(count >= 1 && count <= 3, REASON.BLOCK, "a look-up has 1 to 3 fractions");
  return { equation, help, fractions: Array.from({ length: count }, () => readFraction(reader, values)) };
}

function readFraction(reader: Reader, values: number): Fraction {
  reader.piece(4);
  const numerator = readValue(reader, values);
  const negative = readFlag(reader);
  return { numerator, negative, linear: reader.list(1, () => readLinearTerm(reader, values)) };
}

function readLinearTerm(reader: Reader, values: number): LinearTerm {
  const power = reader.uint(1);
  check(power <= 3, REASON.BLOCK, "a power of β beyond 3");
  const coefficient = reader.coefficient();
  reader.piece(4);
  return { power, coefficient, value: readValue(reader, values), mask: readValue(reader, values) };
}
