// SPDX-License-Identifier: GPL-3.0-or-later
// What the values of a program are made of, in the engine's memory: integers in the order in which a block reads them.
import { VerigradError } from "../../../errors.ts";
import type { Integers, TensorcheckEngine, Vector } from "../engine/types.ts";
import { CONSTANT, type NumberedProgram } from "../numbered.ts";
import type { Cells, Column, Coordinate, Factor } from "../program.ts";
import { coordinatesOfFactor, ONE } from "../program.ts";
import { valuesOf } from "./blocks.ts";
import { arrange, combineRows, split, toVector, upload, type Parts, type SmallArray } from "./integers.ts";
import { coordinateValue, padded, variableOf, type Points } from "./multilinear.ts";
import { areDisjoint, spread, type Structured } from "./tables.ts";

interface Source {
  readonly parts: Parts<SmallArray>;
  readonly coordinates: readonly Coordinate[];
}

/** A polynomial in the r_t of `free`, ascending; bit j of an index is the variable free[j]. */
export interface Read {
  readonly free: readonly number[];
  readonly vector: Vector;
}

/** r_{variables−1..0}, ascending. */
export const allVariables = (variables: number): number[] => Array.from({ length: variables }, (_, t) => t);

export class Values {
  readonly #engine: TensorcheckEngine;
  readonly #numbered: NumberedProgram;
  /** what follows from the program alone, in the engine's memory, and what one proof adds, outside of it */
  readonly #kept = new Map<string, Parts<Integers>>();
  readonly #added = new Map<string, Parts<SmallArray>>();
  #isLoading = true;
  readonly #columns = new Map<Column, Parts<SmallArray>>();
  readonly #names = new Map<Column, string>();
  #witness: ReadonlyMap<Column, Cells> = new Map();
  #inputs: readonly ArrayLike<number>[] = [];

  /** Uploads the key's integers, once and for all. */
  constructor(engine: TensorcheckEngine, numbered: NumberedProgram) {
    this.#engine = engine;
    this.#numbered = numbered;
    numbered.program.columns.forEach((column, i) => {
      this.#names.set(column, `column ${i}`);
      if (column.class !== "pre") return;
      this.#columns.set(column, split(column.cells as Cells));
      this.column(column);
    });
    for (const block of numbered.blocks) {
      for (const value of valuesOf(block)) {
        if (!this.#isKept(value)) continue;
        if (this.isOnCube(value)) this.onCube(value, block.variables);
        else if (this.factor(value).kind === "column") this.#split(value);
      }
      for (const { linear } of block.lookups.flatMap(({ fractions }) => fractions)) {
        for (const { value, mask } of linear) {
          const both = value !== CONSTANT && mask !== CONSTANT;
          if (both && this.#isKept(value) && this.#isKept(mask) && this.areDisjoint(value, mask)) {
            this.productOnCube(value, mask, block.variables);
          }
        }
      }
    }
    this.#isLoading = false;
  }

  /** Before each proof, under a mark of the engine to which it goes back after. */
  begin(witness: ReadonlyMap<Column, Cells>, inputs: readonly ArrayLike<number>[]): void {
    this.#witness = witness;
    this.#inputs = inputs;
  }

  /** Forgets what belongs to one proof. */
  end(): void {
    this.#added.clear();
    for (const column of this.#columns.keys()) if (column.class !== "pre") this.#columns.delete(column);
    this.begin(new Map(), []);
  }

  factor(value: number): Factor {
    return this.#numbered.values[value] as Factor;
  }

  /** The variables that a value reads. */
  variablesOf(value: number): number[] {
    return coordinatesOfFactor(this.factor(value))
      .map(variableOf)
      .filter((t) => t !== undefined);
  }

  areDisjoint(a: number, b: number): boolean {
    return areDisjoint(this.variablesOf(a), this.variablesOf(b));
  }

  /** Whether a value reads no ρ: its cells are integers. */
  isOnCube(value: number): boolean {
    return coordinatesOfFactor(this.factor(value)).every((coordinate) => coordinate < 0x40 || coordinate >= 0x80);
  }

  /** A pre or wit column as it lies. */
  column(column: Column): Parts<Integers> {
    return this.#once(this.#names.get(column) as string, () => this.cellsOf(column));
  }

  cellsOf(column: Column): Parts<SmallArray> {
    const known = this.#columns.get(column);
    if (known !== undefined) return known;
    const cells = this.#witness.get(column);
    if (cells === undefined || cells.length !== 2 ** column.bits) {
      throw new VerigradError("INTERNAL", `no 2^${column.bits} cells for column "${column.name}"`);
    }
    const parts = split(cells);
    this.#columns.set(column, parts);
    return parts;
  }

  /** The value's integers on the cube of a block's variables; it reads no ρ. */
  onCube(value: number, variables: number): Parts<Integers> {
    const name = `value ${value} on ${variables}`;
    const factor = this.factor(value);
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const cells = this.#added.get(name) ?? this.#cellsOnCube(value, variables);
    if (factor.kind === "column" && cells === this.#columns.get(factor.column)) return this.column(factor.column);
    return this.#once(name, () => cells);
  }

  /** value · mask, which share no variable, on the cube. */
  productOnCube(value: number, mask: number, variables: number): Parts<Integers> {
    return this.#once(`value ${value} times ${mask} on ${variables}`, () => {
      const [left, right] = [this.#cellsOnCube(value, variables), this.#cellsOnCube(mask, variables)];
      const cell = (parts: Parts<SmallArray>, i: number): bigint =>
        parts.reduce((sum, { scale, integers }) => sum + scale * BigInt(integers[i] as number), 0n);
      return split(Array.from({ length: 2 ** variables }, (_, i) => cell(left, i) * cell(right, i)));
    });
  }

  /** A column or input, every coordinate but the r_t set to its number: one product a cell. */
  async read(value: number, points: Points): Promise<Read> {
    const { parts, free, fixed } = this.#split(value);
    const vector = this.#engine.vector(2 ** free.length);
    const mark = this.#engine.mark();
    if (fixed.length === 0) await toVector(this.#engine, parts, vector);
    else {
      const weights = await this.#engine.eqTable(fixed.map((coordinate) => coordinateValue(coordinate, points)));
      await combineRows(this.#engine, vector, weights, parts);
    }
    this.#engine.release(mark);
    return { free, vector };
  }

  /** A column's integers as a matrix: columns by the variables of `low`, ascending from the lowest bit, rows by the rest. */
  matrix(
    value: number,
    low: readonly number[],
  ): { readonly parts: Parts<Integers>; readonly rows: readonly Coordinate[] } {
    const { parts, coordinates } = this.#source(value);
    const bit = (t: Coordinate): number => coordinates.length - 1 - coordinates.indexOf(t);
    const places = coordinates.map((_, place) => place).filter((place) => !low.includes(coordinates[place] as number));
    const order = [...low.map(bit), ...places.map((place) => coordinates.length - 1 - place).reverse()];
    return {
      parts: this.#arranged(value, parts, order),
      rows: places.map((place) => coordinates[place] as Coordinate),
    };
  }

  /** Integers with the free coordinates lowest, ascending, and the others above. */
  #split(value: number): { parts: Parts<Integers>; free: readonly number[]; fixed: readonly Coordinate[] } {
    const free = this.variablesOf(value).sort((a, b) => a - b);
    const { parts, rows } = this.matrix(value, free);
    return { parts, free, fixed: rows };
  }

  #arranged(value: number, parts: Parts<SmallArray>, order: readonly number[]): Parts<Integers> {
    const factor = this.factor(value);
    if (factor.kind === "column" && order.every((bit, t) => bit === t)) return this.column(factor.column);
    return this.#once(`value ${value} by ${order.join()}`, () => arrange(parts, order));
  }

  #cellsOnCube(value: number, variables: number): Parts<SmallArray> {
    const { parts, coordinates } = this.#source(value);
    const bits = coordinates.length - 1;
    const offset = coordinates.reduce((sum, at, place) => sum + (at === ONE ? 2 ** (bits - place) : 0), 0);
    const order = allVariables(variables).map((t) => {
      const place = coordinates.indexOf(t);
      return place < 0 ? null : bits - place;
    });
    return arrange(parts, order, offset);
  }

  #source(value: number): Source {
    const factor = this.factor(value);
    const coordinates = coordinatesOfFactor(factor);
    switch (factor.kind) {
      case "column":
        return { parts: this.cellsOf(factor.column), coordinates };
      case "input":
        return { parts: split(padded(this.#inputs[factor.port] as ArrayLike<number>, factor.axes)), coordinates };
      default:
        return { parts: split(structuredCells(factor)), coordinates };
    }
  }

  /** Whether a value follows from the program alone. */
  #isKept(value: number): boolean {
    const factor = this.factor(value);
    return factor.kind === "column" ? factor.column.class === "pre" : factor.kind !== "input";
  }

  /** Integers in the engine's memory: for good while loading, else where the caller's mark will release them. */
  #once(name: string, cells: () => Parts<SmallArray>): Parts<Integers> {
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const parts = this.#added.get(name) ?? cells();
    if (!this.#isLoading) this.#added.set(name, parts);
    const uploaded = upload(this.#engine, parts);
    if (this.#isLoading) this.#kept.set(name, uploaded);
    return uploaded;
  }
}

/** A polynomial over more variables than it reads. */
export function wide(engine: TensorcheckEngine, { free, vector }: Read, variables: readonly number[]): Vector {
  if (free.length === variables.length) return vector;
  return engine.fromBigints(spread({ free, cells: engine.toBigints(vector) }, variables));
}

/** The table that a structured value is the extension of. */
function structuredCells(factor: Structured): Cells {
  const cells = new Array<number>(2 ** coordinatesOfFactor(factor).length).fill(0);
  switch (factor.kind) {
    case "select": {
      const strides = factor.axes.map(
        (_, a) => 2 ** factor.axes.slice(a + 1).reduce((sum, { run }) => sum + run.bits, 0),
      );
      return Float64Array.from(cells, (_, i) =>
        factor.axes.every(({ size, run }, a) => Math.floor(i / (strides[a] as number)) % 2 ** run.bits < size) ? 1 : 0,
      );
    }
    case "index":
      return Float64Array.from(cells, (_, i) => i);
    case "steps": {
      const values = new Array<bigint>(cells.length).fill(0n);
      for (const { bits, index, value } of factor.steps) {
        for (let i = index * 2 ** bits; i < (index + 1) * 2 ** bits; i++) values[i] = (values[i] as bigint) + value;
      }
      return values;
    }
    case "window": {
      const { positions, taps, size, stride, dilation, pad, k, q } = factor;
      for (let i = 0; i < positions; i++)
        for (let j = 0; j < taps; j++) {
          const index = stride * i + dilation * j - pad;
          if (index >= 0 && index < size) cells[(i * 2 ** k.bits + j) * 2 ** q.bits + index] = 1;
        }
      return Float64Array.from(cells);
    }
    case "pick":
      factor.entries.forEach((entry, i) => {
        if (entry >= 0) cells[i * 2 ** factor.q.bits + entry] = 1;
      });
      return Float64Array.from(cells);
  }
}
