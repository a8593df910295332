// SPDX-License-Identifier: GPL-3.0-or-later
// Integer constants of the graph in their canonical form: the narrowest width that holds every value.
import { VerigradError } from "../errors.ts";
import { sizeOf } from "../tensor/spec.ts";
import type { Constant } from "./nodes/types.ts";

const WIDTHS = [1, 2, 4, 8] as const;

/** Narrowest of 1, 2, 4, 8 bytes that holds the range in two's complement. Errors: GRAPH_ACCUMULATOR_OVERFLOW. */
export function widthOf(lo: bigint, hi: bigint): Constant["width"] {
  const width = WIDTHS.find((w) => lo >= -(1n << BigInt(8 * w - 1)) && hi < 1n << BigInt(8 * w - 1));
  if (width === undefined) throw new VerigradError("GRAPH_ACCUMULATOR_OVERFLOW", "a constant does not fit 64 bits");
  return width;
}

/** A constant in canonical form. `values` are integers; width 8 is held as BigInt64Array, the others as Float64Array. */
export function makeConstant(shape: readonly number[], values: ArrayLike<number> | ArrayLike<bigint>): Constant {
  if (values.length !== sizeOf(shape)) throw new VerigradError("GRAPH_MALFORMED", "constant: shape and values differ");
  const width = narrowestWidth(values);
  const held =
    width === 8
      ? BigInt64Array.from(values as ArrayLike<number>, (v: number | bigint) => BigInt(v))
      : Float64Array.from(values as ArrayLike<number>, (v: number | bigint) => Number(v) + 0); // + 0: no negative zero
  return { shape: [...shape], width, values: held };
}

/** Width that the canonical form gives to these values. */
export function narrowestWidth(values: ArrayLike<number> | ArrayLike<bigint>): Constant["width"] {
  if (values.length === 0) throw new VerigradError("GRAPH_MALFORMED", "constant: no values");
  let lo = values[0] as number | bigint;
  let hi = lo;
  for (let i = 1; i < values.length; i++) {
    const value = values[i] as number | bigint;
    if (value < lo) lo = value;
    else if (value > hi) hi = value;
  }
  return widthOf(BigInt(lo), BigInt(hi));
}

/** Appends the constant's bytes at `offset`: each value at its width, big-endian two's complement. */
export function writeConstant(constant: Constant, view: DataView, offset: number): void {
  const { values, width } = constant;
  for (let i = 0; i < values.length; i++) {
    const at = offset + i * width;
    const value = values[i] as number | bigint;
    if (width === 1) view.setInt8(at, Number(value));
    else if (width === 2) view.setInt16(at, Number(value));
    else if (width === 4) view.setInt32(at, Number(value));
    else view.setBigInt64(at, BigInt(value));
  }
}

/** Reads a constant's values; the caller has checked that they lie inside the view. */
export function readConstant(
  shape: readonly number[],
  width: Constant["width"],
  view: DataView,
  offset: number,
): Constant {
  const length = sizeOf(shape);
  if (width === 8) {
    const values = BigInt64Array.from({ length }, (_, i) => view.getBigInt64(offset + 8 * i));
    return { shape, width, values };
  }
  const values = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const at = offset + i * width;
    values[i] = width === 1 ? view.getInt8(at) : width === 2 ? view.getInt16(at) : view.getInt32(at);
  }
  return { shape, width, values };
}
