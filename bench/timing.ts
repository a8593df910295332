// SPDX-License-Identifier: GPL-3.0-or-later
// How the benchmarks measure, and on what.
import { cpus, loadavg } from "node:os";

/** A result and the milliseconds that it took. */
export async function timed<T>(work: () => T | Promise<T>): Promise<[T, number]> {
  const started = performance.now();
  const result = await work();
  return [result, performance.now() - started];
}

/** Of a sorted list the middle one; of an even number of values the upper of the two. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number;

/** Milliseconds to a tenth. */
export const round = (ms: number): number => Math.round(ms * 10) / 10;

/** Cores, Node and how busy the machine is now. */
export const machine = (): string =>
  `${cpus().length} cores, ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, load average ${loadavg()[0]?.toFixed(1)}`;
