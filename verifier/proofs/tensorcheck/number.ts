// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers the values of a program (docs/spec/tensorcheck.md, section 2): what prover and key writer both read.
import { assertProgram, degreeOf, usedRho } from "./check-program.ts";
import { assertWithinLimits } from "./limits.ts";
import { CONSTANT, type Entity, type NumberedBlock, type NumberedClaim, type NumberedProgram } from "./numbered.ts";
import { paddedAxes, publicBytes, structuredBytes, type Public, type Structured } from "./bytes.ts";
import type { Place, Placement } from "./place.ts";
import type { Column, Coordinate, Factor, Program } from "./program.ts";

type ColumnFactor = Extract<Factor, { kind: "column" }>;

/** One value found in a program; its number is known when all are found. */
interface Found<F extends Factor> {
  readonly factor: F;
  number: number;
}

/** Values by identity: equal ones are one. */
class Finder {
  readonly #placement: Placement;
  readonly #byKey = new Map<string, Found<Factor>>();
  readonly #columns = new Map<Column, number>();
  /** claims of each entity, by the entity's key */
  readonly entities = new Map<string, { place: Place; upper: readonly Coordinate[]; claims: Found<ColumnFactor>[] }>();
  readonly publics: Found<Public>[] = [];
  readonly structured: Found<Structured>[] = [];

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  /** The value of a factor; null for the constant 1. */
  find(factor: Factor | undefined): Found<Factor> | null {
    if (factor === undefined) return null;
    if (factor.kind === "column") {
      return this.#once(this.#columnKey(factor), factor, (found) => this.#entityOf(factor).claims.push(found));
    }
    if (factor.kind === "input") {
      return this.#once(`input ${publicBytes(factor).join()}`, factor, (found) => this.publics.push(found));
    }
    if (factor.kind === "select" && paddedAxes(factor).length === 0) return null;
    return this.#once(`structured ${structuredBytes(factor).join()}`, factor, (found) => this.structured.push(found));
  }

  #once<F extends Factor>(key: string, factor: F, add: (found: Found<F>) => void): Found<Factor> {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const found = { factor, number: -1 };
    this.#byKey.set(key, found);
    add(found);
    return found;
  }

  #columnKey({ column, coordinates }: ColumnFactor): string {
    const id = this.#columns.get(column) ?? this.#columns.size;
    this.#columns.set(column, id);
    return `column ${id} ${coordinates.join()}`;
  }

  #entityOf({ column, coordinates }: ColumnFactor): { claims: Found<ColumnFactor>[] } {
    const place = this.#placement.places.get(column);
    if (place === undefined) throw new Error(`column "${column.name}" has no place`);
    const upper = coordinates.slice(0, Math.max(0, column.bits - this.#placement.n));
    const key = `${place.chunk} ${upper.join()}`;
    const entity = this.entities.get(key) ?? { place, upper, claims: [] };
    this.entities.set(key, entity);
    return entity;
  }
}

/**
 * Numbers a placed program: claims entity by entity (by chunk, folds of one column as they are first used), the claims of
 * an entity, publics and structured values as they are first used; the same evaluation twice is one value. Errors:
 * TENSORCHECK_TOO_LARGE beyond the limits of section 6; TENSORCHECK_PROGRAM_INVALID (ESCALATE) for a program that says
 * nothing, which would be a bug of the lowering.
 */
export function numberProgram(program: Program, placement: Placement): NumberedProgram {
  assertProgram(program);
  const finder = new Finder(placement);
  // Blocks are walked once; numbers are read when every value is known.
  const later = program.blocks.map((block) => {
    const terms = block.terms.map((term) => ({
      ...term,
      factors: term.factors.map((factor) => finder.find(factor)).filter((found) => found !== null),
    }));
    const lookups = block.lookups.map(({ equation, help, fractions }) => ({
      equation,
      help: finder.find({ kind: "column", column: help, coordinates: ownCoordinates(help) }),
      fractions: fractions.map(({ numerator, negative, linear }) => ({
        numerator: finder.find(numerator),
        negative,
        linear: linear.map(({ power, coefficient, value, mask }) => ({
          power,
          coefficient,
          value: finder.find(value),
          mask: finder.find(mask),
        })),
      })),
    }));
    return { block, terms, lookups };
  });

  const values: Factor[] = [];
  const number = (found: Found<Factor>): void => {
    found.number = values.push(found.factor) - 1;
  };
  // Sorting is stable: folds of one column stay in the order of their first use.
  const ordered = [...finder.entities.values()].sort((a, b) => a.place.chunk - b.place.chunk);
  const entities = ordered.map(({ place, upper, claims }): Entity => {
    claims.forEach(number);
    return { chunk: place.chunk, upper, claims: claims.map(({ factor }) => claimOf(factor, placement)) };
  });
  finder.publics.forEach(number);
  finder.structured.forEach(number);

  const numberOf = (found: Found<Factor> | null): number => found?.number ?? CONSTANT;
  const blocks = later.map(({ block: { name, variables, eq }, terms, lookups }): NumberedBlock => ({
    name,
    variables,
    eq,
    terms: terms.map((term) => ({ ...term, factors: term.factors.map(numberOf) })),
    lookups: lookups.map(({ equation, help, fractions }) => ({
      equation,
      help: numberOf(help),
      fractions: fractions.map((fraction) => ({
        ...fraction,
        numerator: numberOf(fraction.numerator),
        linear: fraction.linear.map((term) => ({ ...term, value: numberOf(term.value), mask: numberOf(term.mask) })),
      })),
    })),
  }));

  const numbered: NumberedProgram = {
    program,
    placement,
    K: Math.max(0, ...program.blocks.map((block) => block.variables)),
    R: usedRho(program),
    D: Math.max(2, ...program.blocks.map(degreeOf)),
    entities,
    claims: entities.flatMap((entity) => entity.claims),
    publics: finder.publics.map(({ factor }) => factor),
    structured: finder.structured.map(({ factor }) => factor),
    values,
    blocks,
    outputs: program.outputs,
  };
  assertWithinLimits(numbered);
  return numbered;
}

/** r_{bits−1}, …, r_0: where a block's own column is read. */
export const ownCoordinates = ({ bits }: Pick<Column, "bits">): Coordinate[] =>
  Array.from({ length: bits }, (_, i) => bits - 1 - i);

function claimOf({ column, coordinates }: ColumnFactor, { n, places }: Placement): NumberedClaim {
  const bits = Math.min(column.bits, n);
  const { block } = places.get(column) as Place;
  return { column, bits, block, coordinates: coordinates.slice(column.bits - bits) };
}
