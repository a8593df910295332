// SPDX-License-Identifier: GPL-3.0-or-later
// What threads tell each other, and how each takes its tasks.
import type { KernelName, Kernels } from "./kernel.ts";

/** One call of a kernel. */
export type Task = readonly [kernel: KernelName, ...args: number[]];

export interface WorkerSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly next: Int32Array;
  readonly thread: number;
  readonly scratch: number;
}

export interface ToWorker {
  readonly tasks: readonly Task[];
}

export interface FromWorker {
  readonly results: readonly (readonly [index: number, result: number])[];
  readonly error?: string;
}

/** Runs tasks until none is left, one at each step; `next` counts those that any thread has taken. */
export function* runTasks(
  kernels: Kernels,
  next: Int32Array,
  tasks: readonly Task[],
  results: number[],
): Generator<void, void, void> {
  for (;;) {
    const index = Atomics.add(next, 0, 1);
    const task = tasks[index];
    if (task === undefined) return;
    const [kernel, ...args] = task;
    results[index] = kernels[kernel](...args);
    yield;
  }
}
