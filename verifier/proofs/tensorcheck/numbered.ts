// SPDX-License-Identifier: GPL-3.0-or-later
// A program whose values have numbers (docs/spec/tensorcheck.md, section 2): what number.ts makes.
import type { Public, Structured } from "./bytes.ts";
import type { Placement } from "./place.ts";
import type { Column, Coordinate, Factor, OutputPort, Program } from "./program.ts";

/** In place of a value's number: the constant 1. */
export const CONSTANT = 0xffff;

/** An evaluation of a column, as an evaluation of a chunk: at (block, coordinates). */
export interface NumberedClaim {
  readonly column: Column;
  /** min(column.bits, n) */
  readonly bits: number;
  readonly block: number;
  /** the lower `bits` coordinates */
  readonly coordinates: readonly Coordinate[];
}

/** What sumcheck C opens: a chunk, or Σ_j eq(upper, j) · chunk_{chunk+j} where `upper` is not empty. */
export interface Entity {
  readonly chunk: number;
  /** bits of the folded column beyond n; none for a chunk */
  readonly upper: readonly Coordinate[];
  readonly claims: readonly NumberedClaim[];
}

/** Values are named by number, or CONSTANT. */
export interface NumberedTerm {
  readonly equation: number;
  readonly coefficient: bigint;
  readonly factors: readonly number[];
}

export interface NumberedLinearTerm {
  readonly power: number;
  readonly coefficient: bigint;
  readonly value: number;
  readonly mask: number;
}

export interface NumberedFraction {
  readonly numerator: number;
  readonly negative: boolean;
  readonly linear: readonly NumberedLinearTerm[];
}

export interface NumberedLookup {
  readonly equation: number;
  readonly help: number;
  readonly fractions: readonly NumberedFraction[];
}

export interface NumberedBlock {
  readonly name: string;
  readonly variables: number;
  readonly eq: boolean;
  readonly terms: readonly NumberedTerm[];
  readonly lookups: readonly NumberedLookup[];
}

/** A program whose values have numbers. Claims are 0, 1, … in the order of the entities, then publics, then structured. */
export interface NumberedProgram {
  readonly program: Program;
  readonly placement: Placement;
  /** rounds of sumcheck A */
  readonly K: number;
  /** coordinates of ρ */
  readonly R: number;
  /** degree of a round of sumcheck A */
  readonly D: number;
  readonly entities: readonly Entity[];
  /** the claims of all entities, in order */
  readonly claims: readonly NumberedClaim[];
  readonly publics: readonly Public[];
  readonly structured: readonly Structured[];
  /** what each number evaluates: claims with all their coordinates, publics, structured */
  readonly values: readonly Factor[];
  readonly blocks: readonly NumberedBlock[];
  readonly outputs: readonly OutputPort[];
}
