// SPDX-License-Identifier: GPL-3.0-or-later
// All tables that a program looks up, in one block of rows (docs/spec/tensorcheck.md, section 7, Tables).
import { bitsOf } from "../layout.ts";
import type { LinearTerm, Run } from "../program.ts";
import type { Integers } from "./witness.ts";

/** A table of 2^bits rows: of a range, or of a function of the row. Its identity is the object. */
export interface Table {
  readonly bits: number;
  /** one a row; null for a range, whose rows hold nothing */
  readonly values: Integers | null;
}

export interface Tables {
  /** Whether nothing was looked up yet. */
  readonly isEmpty: boolean;
  /** Rows 0..2^bits − 1. */
  range(bits: number): Table;
  /** A function of 0..values.length − 1; the rows beyond repeat the last entry. Equal functions are one table. */
  function(values: Float64Array | BigInt64Array | readonly bigint[]): Table;
  /** Where every table stands, once all are known. */
  place(): PlacedTables;
}

export interface PlacedTables {
  /** of all rows together */
  readonly bits: number;
  /** of the functions' rows, which come first; the cells of their column */
  readonly values: { readonly bits: number; readonly cells: Integers } | null;
  firstRow(table: Table): number;
  /** 1, 2, …: distinct */
  tag(table: Table): bigint;
  /** The tag of each row. */
  readonly steps: readonly { readonly bits: number; readonly index: number; readonly value: bigint }[];
}

export function newTables(): Tables {
  const ranges = new Map<number, Table>();
  const functions = new Map<string, Table>();
  return {
    get isEmpty() {
      return ranges.size + functions.size === 0;
    },
    range(bits) {
      const table = ranges.get(bits) ?? { bits, values: null };
      ranges.set(bits, table);
      return table;
    },
    function(values) {
      const bits = bitsOf(values.length);
      const last = values.at(-1) as number | bigint;
      const entries: readonly (number | bigint)[] = Array.from({ length: 2 ** bits }, (_, i) => values[i] ?? last);
      const key = entries.join();
      const isSafe = entries.every((v) => Number.isSafeInteger(Number(v)));
      const rows = isSafe ? Float64Array.from(entries, Number) : entries.map(BigInt);
      const table = functions.get(key) ?? { bits, values: rows };
      functions.set(key, table);
      return table;
    },
    place() {
      const largestFirst = (tables: Iterable<Table>): Table[] => [...tables].sort((a, b) => b.bits - a.bits);
      const first = new Map<Table, number>();
      let end = 0;
      const put = (table: Table): void => {
        const size = 2 ** table.bits;
        const at = Math.ceil(end / size) * size;
        first.set(table, at);
        end = at + size;
      };
      const withValues = largestFirst(functions.values());
      withValues.forEach(put);
      const valueBits = bitsOf(end);
      largestFirst(ranges.values()).forEach(put);
      const order = [...first.keys()];
      const firstRow = (table: Table): number => first.get(table) as number;
      const tag = (table: Table): bigint => BigInt(order.indexOf(table) + 1);
      return {
        bits: bitsOf(end),
        values: withValues.length === 0 ? null : { bits: valueBits, cells: join(withValues, 2 ** valueBits, firstRow) },
        firstRow,
        tag,
        steps: order.map((table) => ({
          bits: table.bits,
          index: firstRow(table) / 2 ** table.bits,
          value: tag(table),
        })),
      };
    },
  };
}

function join(tables: readonly Table[], length: number, firstRow: (table: Table) => number): Integers {
  const cells = new Array<number | bigint>(length).fill(0);
  for (const table of tables)
    table.values?.forEach((value: number | bigint, i: number) => (cells[firstRow(table) + i] = value));
  return cells.some((v) => typeof v === "bigint") ? cells.map(BigInt) : Float64Array.from(cells, Number);
}

/** γ − what a row says: tag, row and value, as powers of β. */
export function tableTerms(placed: PlacedTables, values: LinearTerm | null): LinearTerm[] {
  const run: Run = { low: 0, bits: placed.bits };
  return [
    { power: 0, coefficient: 1n, value: { kind: "steps", run, steps: placed.steps } },
    { power: 1, coefficient: 1n, value: { kind: "index", run } },
    ...(values === null ? [] : [values]),
  ];
}
