// SPDX-License-Identifier: GPL-3.0-or-later
// Where columns lie: blocks of chunks of 2^n cells (docs/spec/tensorcheck.md, section 1).
import { VerigradError } from "../../errors.ts";
import type { Column, ColumnClass, Program } from "./program.ts";

/** Classes in the order in which chunks are numbered. */
export const COLUMN_CLASSES: readonly ColumnClass[] = ["pre", "wit", "help"];

/** A column of d <= n bits is block `block` of its chunk, in units of 2^d cells; a larger one begins chunk `chunk`. */
export interface Place {
  readonly chunk: number;
  readonly block: number;
}

export interface Placement {
  /** a chunk has 2^n cells */
  readonly n: number;
  /** number of chunks of each class; pre chunks have the first numbers, then wit, then help */
  readonly chunks: Readonly<Record<ColumnClass, number>>;
  readonly places: ReadonlyMap<Column, Place>;
}

/** Limits of docs/spec/tensorcheck.md, section 6. */
export const MAX_CHUNK_BITS = 18;
const MAX_CHUNKS = 0xffff;

/**
 * Places every column: class by class, the largest first, columns of one size in the program's order, nothing between:
 * so that every block begins at a multiple of its size. Errors: TENSORCHECK_TOO_LARGE for more than 65,535 chunks.
 */
export function placeColumns({ columns }: Pick<Program, "columns">, n: number): Placement {
  if (!Number.isInteger(n) || n < 1 || n > MAX_CHUNK_BITS) throw new RangeError(`a chunk has no 2^${n} cells`);
  const places = new Map<Column, Place>();
  const chunks: Record<ColumnClass, number> = { pre: 0, wit: 0, help: 0 };
  let first = 0;
  for (const name of COLUMN_CLASSES) {
    // Array.prototype.sort is stable.
    const ordered = columns.filter((column) => column.class === name).sort((a, b) => b.bits - a.bits);
    let cells = 0;
    for (const column of ordered) {
      const chunk = first + Math.floor(cells / 2 ** n);
      places.set(column, { chunk, block: (cells % 2 ** n) / 2 ** column.bits });
      cells += 2 ** column.bits;
    }
    chunks[name] = Math.ceil(cells / 2 ** n);
    first += chunks[name];
  }
  if (first > MAX_CHUNKS) {
    throw new VerigradError("TENSORCHECK_TOO_LARGE", `${first} chunks of 2^${n} cells are more than ${MAX_CHUNKS}`);
  }
  return { n, chunks, places };
}
