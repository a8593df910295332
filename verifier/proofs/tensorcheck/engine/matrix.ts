// SPDX-License-Identifier: GPL-3.0-or-later
// Field elements times integer matrices, as tasks.
import { fault, partsOf } from "./parts.ts";
import type { Task } from "./tasks.ts";
import type { Integers, IntegerType, MatrixOptions, Vector } from "./types.ts";

const WIDTHS: Partial<Record<IntegerType, number>> = { int8: 1, int16: 2, int32: 4 };
/** Milliseconds of one byte of one integer, and of a weight's digits. */
const BYTE_MS = 1e-6;
const WEIGHT_MS = 2e-4;
/** Outputs that share the digits of the weights in a kernel. */
const GRAIN = 64;

export interface MatrixShape {
  readonly rows: number;
  readonly columns: number;
  /** out of rows, a sum over columns; otherwise the other way round */
  readonly transposed: boolean;
}

/** The tasks of out (+)= w·M or M·w, each with a part of the outputs. */
export function matrixTasks(
  out: Vector,
  w: Vector,
  m: Integers,
  shape: MatrixShape,
  options: MatrixOptions,
  threads: number,
): { tasks: Task[]; ms: number } {
  const width = WIDTHS[m.type];
  if (width === undefined) throw fault(`matrices are of int8, int16 or int32, not ${m.type}`);
  const { first = 0, rowStride = shape.columns, columnStride = 1, accumulate = false } = options;
  for (const step of [first, rowStride, columnStride]) {
    if (!Number.isSafeInteger(step) || step < 0) throw fault(`no index or stride of a matrix: ${step}`);
  }
  const last = first + (shape.rows - 1) * rowStride + (shape.columns - 1) * columnStride;
  if (shape.rows > 0 && shape.columns > 0 && last >= m.length) {
    throw fault(`a matrix of ${m.length} integers has no index ${last}`);
  }
  const [outStride, sumStride] = shape.transposed ? [rowStride, columnStride] : [columnStride, rowStride];
  const tasks = partsOf(out.length, GRAIN, threads).map(([from, count]): Task => [
    "frMatrix",
    out.address + 32 * from,
    count,
    w.address,
    w.length,
    m.address + (first + from * outStride) * width,
    width,
    outStride * width,
    sumStride * width,
    accumulate ? 1 : 0,
  ]);
  return { tasks, ms: w.length * (out.length * width * BYTE_MS + tasks.length * WEIGHT_MS) };
}
