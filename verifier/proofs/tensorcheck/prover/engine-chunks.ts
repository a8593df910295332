// SPDX-License-Identifier: GPL-3.0-or-later
// Columns, chunks and entities in the engine's memory: commitments, evaluations, what sumcheck C runs over.
import type { Points as Bases, TensorcheckEngine, Vector } from "../engine/types.ts";
import type { Entity, NumberedClaim, NumberedProgram } from "../numbered.ts";
import type { Column, ColumnClass } from "../program.ts";
import type { G1Point } from "../../points.ts";
import { addMultiple, combineRows, toVector, type SmallArray } from "./integers.ts";
import { coordinateValue, type Points } from "./multilinear.ts";
import type { Values } from "./values.ts";

/** Widest integers whose commitment costs what their digits cost. */
const MOST_PARTS = 2;

export class Chunks {
  readonly #engine: TensorcheckEngine;
  readonly #numbered: NumberedProgram;
  readonly #values: Values;
  readonly #size: number;
  /** number of the first chunk of a class */
  readonly #first: Readonly<Record<ColumnClass, number>>;
  /** the columns of at most n bits of each chunk, and the larger ones where they begin */
  readonly #columns = new Map<number, Column[]>();
  #helps: Vector;

  constructor(engine: TensorcheckEngine, numbered: NumberedProgram, values: Values) {
    const { n, chunks, places } = numbered.placement;
    this.#engine = engine;
    this.#numbered = numbered;
    this.#values = values;
    this.#size = 2 ** n;
    this.#first = { pre: 0, wit: chunks.pre, help: chunks.pre + chunks.wit };
    for (const [column, { chunk }] of places) {
      this.#columns.set(chunk, [...(this.#columns.get(chunk) ?? []), column]);
    }
    this.#helps = { address: 0, length: 0 };
  }

  /** Before each proof: room for the help chunks, all 0. */
  begin(): void {
    this.#helps = this.#engine.vector(this.#numbered.placement.chunks.help * this.#size);
    this.#engine.fill(this.#helps, 0n);
  }

  /** Where a help column lies. */
  help(column: Column): Vector {
    const start = this.#start(column) - this.#first.help * this.#size;
    return this.#engine.slice(this.#helps, start, start + 2 ** column.bits);
  }

  /** Commitments of the chunks of a class, one after the other. */
  async commitments(name: "wit" | "help", bases: Bases): Promise<G1Point[]> {
    const points: G1Point[] = [];
    for (let i = 0; i < this.#numbered.placement.chunks[name]; i++) {
      const mark = this.#engine.mark();
      points.push(await (name === "help" ? this.#engine.msm(bases, this.#helpChunk(i)) : this.#commitWit(i, bases)));
      this.#engine.release(mark);
    }
    return points;
  }

  /** What a claim evaluates, at its point. */
  async evaluate(
    { column, bits, coordinates }: NumberedClaim,
    upper: Entity["upper"],
    points: Points,
  ): Promise<bigint> {
    const engine = this.#engine;
    const at = [...upper, ...coordinates].map((coordinate) => coordinateValue(coordinate, points));
    const mark = engine.mark();
    let value: bigint;
    if (column.class === "help") value = await engine.evaluateMultilinear(this.help(column), at);
    else {
      // Half of the coordinates pick among rows, so that both tables of eq are small.
      const low = Math.ceil((bits + upper.length) / 2);
      const row = engine.vector(2 ** low);
      const rows = await engine.eqTable(at.slice(0, at.length - low));
      await combineRows(engine, row, rows, this.#values.column(column));
      value = await engine.dot(row, await engine.eqTable(at.slice(at.length - low)));
    }
    engine.release(mark);
    return value;
  }

  /** out += factor · P_e, for an entity e. */
  async addEntity(out: Vector, factor: bigint, entity: Entity, points: Points): Promise<void> {
    const engine = this.#engine;
    const { chunk, upper } = entity;
    const mark = engine.mark();
    const rows = await engine.eqTable(
      upper.map((coordinate) => coordinateValue(coordinate, points)),
      factor,
    );
    if (chunk >= this.#first.help) {
      for (const [j, weight] of engine.toBigints(rows).entries()) {
        await engine.axpy(out, weight, this.#helpChunk(chunk - this.#first.help + j));
      }
    } else if (upper.length > 0) {
      await combineRows(engine, out, rows, this.#values.column((entity.claims[0] as NumberedClaim).column), true);
    } else {
      for (const column of this.#columns.get(chunk) ?? []) {
        const start = this.#start(column) - chunk * this.#size;
        const cells = engine.slice(out, start, start + 2 ** column.bits);
        await addMultiple(engine, cells, factor, this.#values.column(column));
      }
    }
    engine.release(mark);
  }

  /** Index of a column's first cell among all chunks' cells. */
  #start(column: Column): number {
    const { chunk, block } = this.#numbered.placement.places.get(column) as { chunk: number; block: number };
    return chunk * this.#size + block * 2 ** column.bits;
  }

  #helpChunk(i: number): Vector {
    return this.#engine.slice(this.#helps, i * this.#size, (i + 1) * this.#size);
  }

  async #commitWit(i: number, bases: Bases): Promise<G1Point> {
    const chunk = this.#first.wit + i;
    const from = chunk * this.#size;
    const covering = this.#witColumns().filter((column) => {
      const start = this.#start(column);
      return start < from + this.#size && from < start + 2 ** column.bits;
    });
    const all = covering.map((column) => ({ column, parts: this.#values.cellsOf(column), start: this.#start(column) }));
    const cells = new Float64Array(this.#size);
    if (all.every(({ parts }) => parts.length <= MOST_PARTS)) {
      for (const { parts, start } of all) {
        const [low, high] = parts;
        for (
          let at = Math.max(start, from);
          at < Math.min(start + (low?.integers.length ?? 0), from + this.#size);
          at++
        ) {
          const cell = (array: SmallArray | undefined): number => array?.[at - start] ?? 0;
          cells[at - from] = cell(low?.integers) + cell(high?.integers) * 2 ** 31;
        }
      }
      const isSmall = cells.every((v) => v === (v | 0));
      if (isSmall) return this.#engine.msmIntegers(bases, this.#engine.integers(Int32Array.from(cells)));
      // A sum that is no safe integer may have been rounded.
      if (cells.every(Number.isSafeInteger)) return this.#engine.msmIntegers(bases, this.#engine.integers(cells));
    }
    const vector = this.#engine.vector(this.#size);
    this.#engine.fill(vector, 0n);
    for (const { column, start } of all) {
      const whole = this.#engine.vector(2 ** column.bits);
      await toVector(this.#engine, this.#values.column(column), whole);
      const [low, high] = [Math.max(start, from), Math.min(start + whole.length, from + this.#size)];
      this.#engine.copy(
        this.#engine.slice(vector, low - from, high - from),
        this.#engine.slice(whole, low - start, high - start),
      );
    }
    return this.#engine.msm(bases, vector);
  }

  #witColumns(): Column[] {
    return this.#numbered.program.columns.filter((column) => column.class === "wit");
  }
}
