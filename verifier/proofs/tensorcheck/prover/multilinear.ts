// SPDX-License-Identifier: GPL-3.0-or-later
// Multilinear polynomials by their values on the cube (docs/spec/tensorcheck.md, sections 1 and 4). Every structured value is
// the extension of a table of small integers; here it is that table, by definition, and no formula.
import { VerigradError } from "../../../errors.ts";
import type { Axis, Cells, Coordinate, Factor } from "../program.ts";
import { coordinatesOf, ONE, ZERO } from "../program.ts";
import { mod } from "./field.ts";
import { SCALAR_FIELD as r } from "../../../tensor/packing.ts";

/** The points drawn so far; [t] is the coordinate of bit t. */
export interface Points {
  readonly rho: readonly bigint[];
  readonly r: readonly bigint[];
}

/** Cells as elements of F. */
export function elements(cells: Cells): bigint[] {
  return Array.from(cells as ArrayLike<number | bigint>, (v) => mod(BigInt(v)));
}

/** The polynomial of one variable less, its most significant one set to `value`. */
export function bindFirst(cells: readonly bigint[], value: bigint): bigint[] {
  const half = cells.length / 2;
  return Array.from({ length: half }, (_, i) => {
    const low = cells[i] as bigint;
    return mod(low + value * ((cells[i + half] as bigint) - low));
  });
}

/** The extension of `cells` at a point, most significant coordinate first. */
export function evaluate(cells: readonly bigint[], point: readonly bigint[]): bigint {
  return point.reduce<readonly bigint[]>((left, value) => bindFirst(left, value), cells)[0] as bigint;
}

/** eq(point, x) for every x of the cube; the point's most significant coordinate first. */
export function eqCells(point: readonly bigint[]): bigint[] {
  return point.reduce<bigint[]>(
    (cells, value) =>
      cells.flatMap((cell) => {
        const one = (cell * value) % r;
        return [mod(cell - one), one];
      }),
    [1n],
  );
}

/** t of r_t, or undefined for every other coordinate. */
export const variableOf = (coordinate: Coordinate): number | undefined => (coordinate < 0x40 ? coordinate : undefined);

/** The number that a coordinate stands for once its letter is drawn. */
export function coordinateValue(coordinate: Coordinate, points: Points): bigint {
  if (coordinate === ZERO) return 0n;
  if (coordinate === ONE) return 1n;
  const value = coordinate < 0x40 ? points.r[coordinate] : points.rho[coordinate - 0x40];
  if (value === undefined) throw new VerigradError("INTERNAL", `coordinate ${coordinate} is not drawn yet`);
  return value;
}

/** A padded tensor: zeros beyond each axis' size. */
export function padded(values: ArrayLike<number>, axes: readonly Axis[]): bigint[] {
  const cells = new Array<bigint>(2 ** bitsOf(axes)).fill(0n);
  for (let v = 0; v < values.length; v++) {
    let [rest, cell, stride] = [v, 0, 1];
    for (const { size, coordinates } of axes.toReversed()) {
      cell += (rest % size) * stride;
      rest = Math.floor(rest / size);
      stride *= 2 ** coordinates.length;
    }
    cells[cell] = mod(BigInt(values[v] as number));
  }
  return cells;
}

const bitsOf = (axes: readonly Axis[]): number => axes.reduce((sum, { coordinates }) => sum + coordinates.length, 0);

/** Where a factor's cells come from. */
export interface Sources {
  column(column: Extract<Factor, { kind: "column" }>["column"]): readonly bigint[];
  input(port: number): ArrayLike<number>;
}

/** A factor as cells and the coordinates that they are evaluated at, most significant first. */
export function factorCells(
  factor: Factor,
  sources: Sources,
): { readonly cells: readonly bigint[]; readonly coordinates: readonly Coordinate[] } {
  switch (factor.kind) {
    case "column":
      return { cells: sources.column(factor.column), coordinates: factor.coordinates };
    case "input":
      return {
        cells: padded(sources.input(factor.port), factor.axes),
        coordinates: factor.axes.flatMap(({ coordinates }) => coordinates),
      };
    case "select":
      return {
        cells: factor.axes.reduce<bigint[]>(
          (cells, { size, run }) =>
            cells.flatMap((cell) => Array.from({ length: 2 ** run.bits }, (_, i) => (i < size ? cell : 0n))),
          [1n],
        ),
        coordinates: factor.axes.flatMap(({ run }) => coordinatesOf(run)),
      };
    case "window": {
      const { positions, taps, size, stride, dilation, pad, p, k, q } = factor;
      const cells = new Array<bigint>(2 ** (p.bits + k.bits + q.bits)).fill(0n);
      for (let i = 0; i < positions; i++)
        for (let j = 0; j < taps; j++) {
          const index = stride * i + dilation * j - pad;
          if (index >= 0 && index < size) cells[(i * 2 ** k.bits + j) * 2 ** q.bits + index] = 1n;
        }
      return { cells, coordinates: [p, k, q].flatMap(coordinatesOf) };
    }
    case "pick": {
      const { entries, p, q } = factor;
      const cells = new Array<bigint>(2 ** (p.bits + q.bits)).fill(0n);
      entries.forEach((entry, i) => {
        if (entry >= 0) cells[i * 2 ** q.bits + entry] = 1n;
      });
      return { cells, coordinates: [p, q].flatMap(coordinatesOf) };
    }
    case "index":
      return {
        cells: Array.from({ length: 2 ** factor.run.bits }, (_, i) => BigInt(i)),
        coordinates: coordinatesOf(factor.run),
      };
    case "steps":
      return {
        cells: Array.from({ length: 2 ** factor.run.bits }, (_, i) =>
          mod(
            factor.steps.reduce(
              (sum, { bits, index, value }) => (Math.floor(i / 2 ** bits) === index ? sum + value : sum),
              0n,
            ),
          ),
        ),
        coordinates: coordinatesOf(factor.run),
      };
  }
}

/**
 * Σ cells · eq(·, coordinates) on the cube of r_{variables−1..0}, every other coordinate set to its number. Errors: INTERNAL for
 * an r_t that occurs twice, as the result would not be multilinear, and for one beyond the variables.
 */
export function onCube(
  cells: readonly bigint[],
  coordinates: readonly Coordinate[],
  variables: number,
  points: Points,
): bigint[] {
  const free = coordinates.map(variableOf).filter((t) => t !== undefined);
  if (new Set(free).size !== free.length || free.some((t) => t >= variables))
    throw new VerigradError("INTERNAL", "a value is no multilinear polynomial in its block's variables");
  const used = free.reduce((bits, t) => bits + 2 ** t, 0);
  const sums = new Map<number, bigint>();
  const visit = (place: number, index: number, target: number, weight: bigint): void => {
    if (weight === 0n) return;
    const coordinate = coordinates[place];
    if (coordinate === undefined) {
      sums.set(target, mod((sums.get(target) ?? 0n) + weight * (cells[index] as bigint)));
      return;
    }
    const t = variableOf(coordinate);
    const value = t === undefined ? coordinateValue(coordinate, points) : undefined;
    visit(place + 1, 2 * index, target, value === undefined ? weight : mod(weight * (1n - value)));
    visit(
      place + 1,
      2 * index + 1,
      t === undefined ? target : target + 2 ** t,
      value === undefined ? weight : mod(weight * value),
    );
  };
  visit(0, 0, 0, 1n);
  return Array.from({ length: 2 ** variables }, (_, x) => sums.get(x & used) ?? 0n);
}
