// SPDX-License-Identifier: GPL-3.0-or-later
// A thread of the engine: runs its share of each batch of tasks.
import { parentPort, workerData } from "node:worker_threads";
import { instantiateKernels } from "./kernel.ts";
import { runTasks, type FromWorker, type ToWorker, type WorkerSetup } from "./tasks.ts";

const { module, memory, next, thread, scratch } = workerData as WorkerSetup;
const kernels = instantiateKernels(module, memory, thread, scratch);

parentPort?.on("message", ({ tasks }: ToWorker) => {
  const taken: number[] = [];
  let reply: FromWorker;
  try {
    const steps = runTasks(kernels, next, tasks, taken);
    while (!steps.next().done);
    reply = { results: [...taken.entries()].filter(([, result]) => result !== undefined) };
  } catch (error) {
    reply = { results: [], error: String(error) };
  }
  parentPort?.postMessage(reply);
});
