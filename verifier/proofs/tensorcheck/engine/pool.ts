// SPDX-License-Identifier: GPL-3.0-or-later
// Threads over one memory. A batch of tasks is sent to every worker; all take the next task from a shared counter, the caller's
// thread too. Workers are started for the first batch that is worth it. node:worker_threads are fine here: what
// breaks in them is ffjavascript, which starts workers of its own; these kernels are alone.
import { extname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { VerigradError } from "../../../errors.ts";
import { instantiateKernels, type Kernels } from "./kernel.ts";
import { runTasks, type FromWorker, type Task, type ToWorker, type WorkerSetup } from "./tasks.ts";

/** Milliseconds that a batch must be estimated to take before other threads are worth waking. */
const WORTHWHILE_MS = 0.5;

export class Pool {
  readonly threads: number;
  readonly #module: WebAssembly.Module;
  readonly #memory: WebAssembly.Memory;
  readonly #scratch: number;
  readonly #kernels: Kernels;
  readonly #next = new Int32Array(new SharedArrayBuffer(4));
  #workers: Worker[] = [];
  #running = false;
  #closed = false;
  /** rejects the batch that is running when the pool is closed */
  #abandon: ((reason: VerigradError) => void) | undefined;

  /** `scratch`: SCRATCH_BYTES for each thread, the caller's first. */
  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, threads: number, scratch: number) {
    this.threads = threads;
    this.#module = module;
    this.#memory = memory;
    this.#scratch = scratch;
    this.#kernels = instantiateKernels(module, memory, 0, scratch);
  }

  /** The caller's own kernels, for what is too small to share. */
  get kernels(): Kernels {
    this.#check();
    return this.#kernels;
  }

  /** Runs every task, in any order; their results in the order of the tasks. `ms` estimates the whole. */
  async run(tasks: readonly Task[], ms: number): Promise<number[]> {
    this.#check();
    const alone = this.threads === 1 || tasks.length === 1 || ms < WORTHWHILE_MS;
    this.#running = true;
    try {
      Atomics.store(this.#next, 0, 0);
      const results = new Array<number>(tasks.length).fill(0);
      if (alone) {
        await this.#share(tasks, results);
        return results;
      }
      const closed = new Promise<never>((_, reject) => (this.#abandon = reject));
      const workers = this.#start();
      const shares = workers.map((worker) => this.#reply(worker, { tasks }, results));
      // All have to end before the first error is reported: nothing may still write when the caller goes on.
      const ended = await Promise.race([Promise.allSettled([this.#share(tasks, results), ...shares]), closed]);
      for (const end of ended) if (end.status === "rejected") throw end.reason;
      return results;
    } finally {
      this.#running = false;
      this.#abandon = undefined;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#abandon?.(closedError());
    const workers = this.#workers;
    this.#workers = [];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #check(): void {
    if (this.#closed) throw closedError();
    if (this.#running) {
      throw new VerigradError("ENGINE_BUSY", "the engine was called while it worked: await each call");
    }
  }

  /** The caller's share; between two tasks other events get their turn. */
  async #share(tasks: readonly Task[], results: number[]): Promise<void> {
    const steps = runTasks(this.#kernels, this.#next, tasks, results);
    try {
      for (let first = true; !steps.next().done; first = false) {
        if (!first) await setImmediate();
        if (this.#closed) throw closedError();
      }
    } catch (cause) {
      if (cause instanceof VerigradError) throw cause;
      throw new VerigradError("ENGINE_KERNEL", "a kernel failed", { consequence: "ESCALATE", cause });
    }
  }

  #start(): Worker[] {
    while (this.#workers.length < this.threads - 1) {
      const workerData: WorkerSetup = {
        module: this.#module,
        memory: this.#memory,
        next: this.#next,
        thread: this.#workers.length + 1,
        scratch: this.#scratch,
      };
      const file = `./worker${extname(import.meta.filename)}`;
      const worker = new Worker(new URL(file, import.meta.url), { workerData });
      worker.unref(); // an engine left open keeps no process alive
      this.#workers.push(worker);
    }
    return this.#workers;
  }

  #reply(worker: Worker, batch: ToWorker, results: number[]): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const settle = (then: () => void): void => {
        worker.off("message", onMessage).off("error", onError).off("exit", onExit).unref();
        then();
      };
      const fail = (message: string, cause?: unknown): void =>
        settle(() => reject(new VerigradError("ENGINE_KERNEL", message, { consequence: "ESCALATE", cause })));
      const onMessage = (reply: FromWorker): void => {
        if (reply.error !== undefined) return fail(`a kernel failed: ${reply.error}`);
        for (const [index, result] of reply.results) results[index] = result;
        settle(resolve);
      };
      const onError = (cause: unknown): void => fail("a thread failed", cause);
      const onExit = (): void => fail("a thread ended");
      worker.on("message", onMessage).on("error", onError).on("exit", onExit).ref();
      worker.postMessage(batch);
    });
  }
}

const closedError = (): VerigradError =>
  new VerigradError("ENGINE_CLOSED", "the engine is closed", { consequence: "RETRY" });
