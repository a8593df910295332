// SPDX-License-Identifier: GPL-3.0-or-later
// A program under construction: columns, equations over the cells of layouts, look-ups.
import { VerigradError } from "../../../errors.ts";
import { sizeOf } from "../../../tensor/spec.ts";
import {
  axesOf,
  bitsIn,
  coordinatesIn,
  factorOf,
  frameOf,
  isSingle,
  layOut,
  MAX_BITS,
  plainView,
  reframe,
  selectOf,
  uncovered,
  type Frame,
  type View,
} from "../layout.ts";
import {
  atR,
  atRho,
  ZERO,
  type Block,
  type Cells,
  type Column,
  type Factor,
  type Fraction,
  type LinearTerm,
  type Lookup,
  type OutputPort,
  type Program,
  type Term,
} from "../program.ts";
import type { Affine, Piece } from "./expressions.ts";
import { newTables, tableTerms, type PlacedTables, type Table, type Tables } from "./tables.ts";
import { newEvaluation, type Evaluation, type Integers, type Recipe } from "./witness.ts";

/** Most fractions of one help column: with more, the prover's messages have a degree more for every round. */
const FRACTIONS = 2;

/** A fraction whose table may not have its place yet. */
type PendingFraction = (placed: PlacedTables) => Fraction;

export interface Draft {
  readonly tables: Tables;
  /** A constant of the key. */
  pre(name: string, values: Float64Array | BigInt64Array | readonly bigint[], sizes: readonly number[]): View;
  /** A column that the prover commits to. */
  wit(name: string, sizes: readonly number[], recipe: Recipe): View;
  /** Σ pieces = 0 in every cell of the layout. Every piece fits it. */
  equation(sizes: readonly number[], pieces: readonly Piece[]): void;
  /** Σ pieces is the next output port. */
  output(sizes: readonly number[], pieces: readonly Piece[]): void;
  /** (index, value) is a row of the table in every real cell; `rows` are the honest indices. */
  lookup(sizes: readonly number[], table: Table, index: Affine, value: Affine | null, rows: Recipe): void;
  /** A fraction over 2^bits cells whose sum with all others is 0; `tag` comes after those of the tables. */
  fraction(bits: number, make: (tag: bigint) => Fraction, group: object): void;
  finish(): Program;
}

/** Linear terms of an affine sum over the cells of a frame, its constant left out. */
export const linearTerms = ({ parts }: Affine, frame: Frame, power: LinearTerm["power"]): LinearTerm[] =>
  parts.map(({ coefficient, view }) => ({ power, coefficient, value: factorOf(view, frame) as Factor }));

export function newDraft(): Draft {
  const columns: Column[] = [];
  const recipes = new Map<Column, { readonly sizes: readonly number[]; readonly recipe: Recipe }>();
  const cellBlocks = new Map<number, { readonly terms: Term[]; readonly fractions: PendingFraction[] }>();
  const contractions: Block[] = [];
  const outputs: OutputPort[] = [];
  const lookedUp: { readonly table: Table; readonly cells: number; readonly rows: Recipe }[] = [];
  const groups = new Map<object, number>();
  const tables = newTables();
  let equations = 0;

  const cellBlock = (bits: number) => {
    const block = cellBlocks.get(bits) ?? { terms: [], fractions: [] };
    cellBlocks.set(bits, block);
    return block;
  };

  const sizedColumn = (of: keyof typeof MAX_BITS, name: string, sizes: readonly number[]): Omit<Column, "cells"> => {
    const bits = bitsIn(sizes);
    if (bits <= MAX_BITS[of]) return { class: of, name, bits };
    const why = `column "${name}" has 2^${bits} cells with pads, above 2^${MAX_BITS[of]}`;
    throw new VerigradError("TENSORCHECK_TOO_LARGE", why);
  };

  const emit = (sizes: readonly number[], pieces: readonly Piece[]): number => {
    const equation = ++equations;
    const cells = frameOf(sizes, atR(0));
    const point = frameOf(sizes, atRho(0));
    for (const piece of pieces) {
      const { coefficient } = piece;
      if (coefficient === 0n) continue;
      if (piece.kind === "product") {
        const factors = piece.views.map((view) => factorOf(view, cells) as Factor);
        const select = selectOf(uncovered(cells, factors));
        cellBlock(bitsIn(sizes)).terms.push({
          equation,
          coefficient,
          factors: select === null ? factors : [...factors, select],
        });
        continue;
      }
      const { origin, variables, sizes: own } = piece.contraction;
      const at = reframe(point, own) as Frame;
      const factors = piece.contraction.factors(at);
      const select = selectOf(uncovered(isSingle(own) ? point : at, factors));
      assertMultilinear(origin.node, select === null ? factors : [...factors, select]);
      const term = { equation, coefficient, factors: select === null ? factors : [...factors, select] };
      contractions.push({ name: origin.node, origin, variables, eq: false, terms: [term], lookups: [] });
    }
    return equation;
  };

  const draft: Draft = {
    tables,
    pre(name, values, sizes) {
      const column: Column = { ...sizedColumn("pre", name, sizes), cells: layOut(values, sizes) };
      columns.push(column);
      return plainView({ kind: "column", column }, sizes);
    },
    wit(name, sizes, recipe) {
      const column: Column = sizedColumn("wit", name, sizes);
      columns.push(column);
      recipes.set(column, { sizes, recipe });
      return plainView({ kind: "column", column }, sizes);
    },
    equation: (sizes, pieces) => void emit(sizes, pieces),
    output(sizes, pieces) {
      outputs.push({ equation: emit(sizes, pieces), axes: axesOf(frameOf(sizes, atRho(0))) });
    },
    lookup(sizes, table, index, value, rows) {
      const frame = frameOf(sizes, atR(0));
      const select = selectOf(frame);
      lookedUp.push({ table, cells: sizeOf(sizes), rows });
      cellBlock(bitsIn(sizes)).fractions.push((placed) => ({
        ...(select === null ? {} : { numerator: select }),
        negative: false,
        linear: [
          { power: 0, coefficient: placed.tag(table) },
          { power: 1, coefficient: BigInt(placed.firstRow(table)) + index.constant },
          ...linearTerms(index, frame, 1),
          ...(value === null
            ? []
            : [{ power: 2, coefficient: value.constant } as const, ...linearTerms(value, frame, 2)]),
        ].filter(({ coefficient }) => coefficient !== 0n) as LinearTerm[],
      }));
    },
    fraction(bits, make, group) {
      const number = groups.get(group) ?? groups.size + 1;
      groups.set(group, number);
      cellBlock(bits).fractions.push((placed) => make(BigInt(placed.steps.length + number)));
    },
    finish() {
      const placed = tables.place();
      let multiplicities: Column | null = null;
      if (!tables.isEmpty) {
        multiplicities = { class: "wit", name: "multiplicities", bits: placed.bits };
        columns.push(multiplicities);
        const values = placed.values === null ? null : valueTerm(draft, placed, placed.values);
        const coordinates = Array.from({ length: placed.bits }, (_, i) => atR(placed.bits - 1 - i));
        const numerator: Factor = { kind: "column", column: multiplicities, coordinates };
        cellBlock(placed.bits).fractions.push(() => ({
          numerator,
          negative: true,
          linear: tableTerms(placed, values),
        }));
      }
      const blocks = [...cellBlocks]
        .sort(([a], [b]) => b - a)
        .map(([variables, { terms, fractions }]): Block => {
          const lookups = grouped(fractions.map((make) => make(placed))).map((together): Lookup => {
            const help: Column = { class: "help", name: `sums of fractions ${equations}`, bits: variables };
            columns.push(help);
            return { equation: ++equations, help, fractions: together };
          });
          return { name: `cells of ${variables} bits`, variables, eq: true, terms, lookups };
        });
      return {
        columns,
        blocks: [...contractions, ...blocks],
        outputs,
        equations,
        witness(trace) {
          const evaluation = newEvaluation(trace);
          const cells = new Map<Column, Cells>();
          for (const [column, { sizes, recipe }] of recipes) {
            const values = evaluation.of(recipe);
            if (values.length !== sizeOf(sizes)) throw mistaken(`column ${column.name} has ${values.length} values`);
            cells.set(column, layOut(values, sizes));
          }
          if (multiplicities !== null) cells.set(multiplicities, count(evaluation, placed));
          return cells;
        },
      };
    },
  };
  return draft;

  /** How often each row of the tables is looked up. */
  function count(evaluation: Evaluation, placed: PlacedTables): Cells {
    const counts = new Float64Array(2 ** placed.bits);
    for (const { table, cells, rows } of lookedUp) {
      const first = placed.firstRow(table);
      const values: Integers = evaluation.of(rows);
      const each = values.length === 1 ? cells : 1;
      for (let i = 0; i < values.length; i++) {
        const row = Number(values[i]);
        if (!(row >= 0 && row < 2 ** table.bits)) throw mistaken(`a look-up of row ${row} of ${2 ** table.bits}`);
        counts[first + row] = (counts[first + row] as number) + each;
      }
    }
    return layOut(counts, [counts.length]);
  }
}

/** The functions' values, as the table block reads them: 0 on the rows beyond. */
function valueTerm(draft: Draft, placed: PlacedTables, values: NonNullable<PlacedTables["values"]>): LinearTerm {
  const view = draft.pre("values of tables", values.cells, [2 ** values.bits]);
  const value = factorOf(view, frameOf([2 ** values.bits], atR(0))) as Factor;
  const beyond = placed.bits - values.bits;
  if (beyond === 0) return { power: 2, coefficient: 1n, value };
  const mask: Factor = { kind: "select", axes: [{ size: 1, run: { low: atR(values.bits), bits: beyond } }] };
  return { power: 2, coefficient: 1n, value, mask };
}

/** Fractions of the same cells, by as many as one help column sums. */
const grouped = (fractions: readonly Fraction[]): Fraction[][] =>
  Array.from({ length: Math.ceil(fractions.length / FRACTIONS) }, (_, i) =>
    fractions.slice(i * FRACTIONS, (i + 1) * FRACTIONS),
  );

/** SAFETY: a product of two factors at the same ρ is not the extension of the product of their values. */
function assertMultilinear(name: string, factors: readonly Factor[]): void {
  const atPoint = factors.flatMap(coordinatesIn).filter((coordinate) => coordinate >= atRho(0) && coordinate < ZERO);
  if (new Set(atPoint).size !== atPoint.length) throw mistaken(`${name} has two factors at one coordinate of ρ`);
}

/** SAFETY: the range analysis or a recipe would be wrong. */
const mistaken = (what: string): VerigradError =>
  new VerigradError("INTERNAL", `tensorcheck's lowering: ${what}`, { consequence: "ESCALATE", data: { what } });
