// SPDX-License-Identifier: GPL-3.0-or-later
// Structured values that read ρ (docs/spec/tensorcheck.md, section 4) as small tables of numbers of F.
import type { Factor, Run } from "../program.ts";
import { coordinatesOf } from "../program.ts";
import { mod } from "./field.ts";
import { coordinateValue, eqCells, factorCells, onCube, variableOf, type Points } from "./multilinear.ts";

/** A multilinear polynomial in the r_t of `free`, ascending; bit j of a cell's index is the variable free[j]. */
export interface Table {
  readonly free: readonly number[];
  readonly cells: readonly bigint[];
}

export type Structured = Exclude<Factor, { kind: "column" | "input" }>;

/** The cells' indices in a table of the variables `free`, for each cell of one of `variables`, which has all of them. */
export function indicesIn(free: readonly number[], variables: readonly number[]): Int32Array {
  const indices = new Int32Array(2 ** variables.length);
  variables.forEach((t, bit) => {
    const place = free.indexOf(t);
    const step = place < 0 ? 0 : 2 ** place;
    for (let i = 0; i < 2 ** bit; i++) indices[2 ** bit + i] = (indices[i] as number) + step;
  });
  return indices;
}

/** The same polynomial over more variables. */
export const spread = ({ free, cells }: Table, variables: readonly number[]): bigint[] =>
  Array.from(indicesIn(free, variables), (index) => cells[index] as bigint);

/** Whether no variable is in both. */
export const areDisjoint = (a: readonly number[], b: readonly number[]): boolean => !a.some((t) => b.includes(t));

/** The product of polynomials that share no variable, which is multilinear again. */
export function productOf(tables: readonly Table[]): Table {
  const free = tables.flatMap((table) => table.free).sort((a, b) => a - b);
  const indices = tables.map((table) => indicesIn(table.free, free));
  const cells = Array.from({ length: 2 ** free.length }, (_, i) => {
    let product = 1n;
    for (const [t, { cells }] of tables.entries()) {
      const cell = cells[(indices[t] as Int32Array)[i] as number] as bigint;
      if (cell === 0n) return 0n;
      product = product === 1n ? cell : mod(product * cell);
    }
    return product;
  });
  return { free, cells };
}

/** A structured value with every coordinate but the r_t set to its number; no r_t twice. */
export function tableOf(factor: Structured, points: Points): Table {
  if (factor.kind === "window") {
    const { positions, taps, size, stride, dilation, pad, p, k, q } = factor;
    return sparse([p, k, q], points, (add) => {
      for (let i = 0; i < positions; i++)
        for (let j = 0; j < taps; j++) {
          const index = stride * i + dilation * j - pad;
          if (index >= 0 && index < size) add([i, j, index]);
        }
    });
  }
  if (factor.kind === "pick") {
    return sparse([factor.p, factor.q], points, (add) => {
      factor.entries.forEach((entry, i) => {
        if (entry >= 0) add([i, entry]);
      });
    });
  }
  const noColumns = {
    column: () => [],
    input: () => [],
  };
  const { cells, coordinates } = factorCells(factor, noColumns);
  const free = coordinates
    .map(variableOf)
    .filter((t) => t !== undefined)
    .sort((a, b) => a - b);
  // As if its variables were r_0, r_1, …
  const renamed = coordinates.map((coordinate) => {
    const t = variableOf(coordinate);
    return t === undefined ? coordinate : free.indexOf(t);
  });
  return { free, cells: onCube(cells, renamed, free.length, points) };
}

/** Σ over some index tuples, one index a run, of Π eq(run, index). */
function sparse(
  runs: readonly Run[],
  points: Points,
  each: (add: (indices: readonly number[]) => void) => void,
): Table {
  const weights = runs.map((run) =>
    variableOf(run.low) === undefined || run.bits === 0
      ? eqCells(coordinatesOf(run).map((coordinate) => coordinateValue(coordinate, points)))
      : null,
  );
  const free = runs.flatMap((run, a) => (weights[a] === null ? coordinatesOf(run) : [])).sort((a, b) => a - b);
  const cells = new Array<bigint>(2 ** free.length).fill(0n);
  each((indices) => {
    let [cell, weight] = [0, 1n];
    indices.forEach((index, a) => {
      const fixed = weights[a];
      if (fixed === null || fixed === undefined) cell += index * 2 ** free.indexOf((runs[a] as Run).low);
      else if (fixed.length > 1)
        weight = weight === 1n ? (fixed[index] as bigint) : mod(weight * (fixed[index] as bigint));
    });
    cells[cell] = (cells[cell] as bigint) + weight;
  });
  return { free, cells: cells.map(mod) };
}
