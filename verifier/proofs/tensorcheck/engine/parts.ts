// SPDX-License-Identifier: GPL-3.0-or-later
// How work is divided into tasks.
import { VerigradError } from "../../../errors.ts";
import { SCALAR_FIELD as r } from "../../points.ts";

/** Milliseconds of a product in either field, for estimates of what is worth sharing. */
export const MUL_MS = 7e-5;
/** Elements of a task at least. */
export const GRAIN = 2048;
/** Tasks a thread: several, so that a thread that is held up leaves its share to others. */
const TASKS = 4;

/** The elements from..from+count−1. */
export type Part = readonly [from: number, count: number];

/** 0..length−1 in parts of at least `grain`, a multiple of it but for the last; one empty part for length 0. */
export function partsOf(length: number, grain: number, threads: number): Part[] {
  if (grain >= length || threads === 1) return [[0, length]];
  const size = Math.ceil(length / (threads * TASKS) / grain) * grain;
  return Array.from({ length: Math.ceil(length / size) }, (_, i): Part => [
    i * size,
    Math.min(size, length - i * size),
  ]);
}

export const canonical = (value: bigint): bigint => (value >= 0n && value < r ? value : ((value % r) + r) % r);

/** base^exponent mod r */
export function power(base: bigint, exponent: number): bigint {
  let result = 1n;
  let square = canonical(base);
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * square) % r;
    square = (square * square) % r;
  }
  return result;
}

export const fault = (message: string): VerigradError => new VerigradError("ENGINE_ARGUMENT", message);
