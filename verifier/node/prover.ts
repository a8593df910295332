// SPDX-License-Identifier: GPL-3.0-or-later
// Proving in a child process: it stays warm between proofs, is killed when a proof is aborted or takes too long, and is
// started again after a crash. A child, because the field arithmetic below breaks in worker threads, and because a
// prover that runs out of memory must not take the node with it.
import { fork, type ChildProcess } from "node:child_process";
import { extname } from "node:path";
import { VerigradError, type Consequence } from "../errors.ts";
import type { Statement, WorkOptions } from "../proofs/types.ts";

export type ToWorker =
  | { readonly kind: "load"; readonly module: string; readonly name: string }
  | {
      readonly kind: "prove";
      readonly id: number;
      readonly directory: string;
      readonly context: string;
      readonly input: string;
      /** of a committed input */
      readonly salt: string | null;
    };

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "broken"; readonly message: string }
  | { readonly kind: "progress"; readonly id: number; readonly step: string; readonly fraction: number | null }
  | { readonly kind: "proved"; readonly id: number; readonly output: string; readonly seal: string }
  | {
      readonly kind: "failed";
      readonly id: number;
      readonly code: string;
      readonly message: string;
      readonly consequence: Consequence;
    };

export interface ProverOptions {
  /** URL of the module that exports the proof system, and under which name */
  readonly module: string;
  readonly name: string;
  /** heap of the child, MiB */
  readonly memoryMb: number;
  /** a proof that takes longer is killed */
  readonly timeoutMs: number;
}

export interface Prover {
  /**
   * Proves one statement; others wait their turn. Errors: what the proof system gives; PROVER_CRASHED (RETRY),
   * PROVER_TIMEOUT (RETRY), ABORTED.
   */
  prove(
    directory: string,
    statement: Statement,
    options?: WorkOptions,
  ): Promise<{ readonly output: Uint8Array; readonly seal: Uint8Array }>;
  /** Ends the child process. */
  close(): Promise<void>;
}

/** Opens a prover with one child process, started when it is first needed. */
export function openProver(options: ProverOptions): Prover {
  let child: ChildProcess | undefined;
  let nextId = 1;
  let queue: Promise<unknown> = Promise.resolve();

  const start = (): Promise<ChildProcess> =>
    new Promise((resolve, reject) => {
      const worker = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url);
      const started = fork(worker, [], {
        execArgv: [`--max-old-space-size=${options.memoryMb}`],
        serialization: "advanced",
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      const fail = (why: string): void => {
        started.kill("SIGKILL");
        reject(new VerigradError("PROVER_CRASHED", `the prover did not start: ${why}`, { consequence: "RETRY" }));
      };
      started.once("error", (error) => fail(error.message));
      started.once("exit", (code) => fail(`exit code ${code}`));
      started.on("message", (message: FromWorker) => {
        if (message.kind === "broken") fail(message.message);
        if (message.kind !== "ready") return;
        started.removeAllListeners();
        // SAFETY: a process that dies between two proofs may not be known to be dead when it is told of the next one. An error
        // that nobody hears would end the node.
        started.on("error", () => kill(started));
        started.once("exit", () => {
          if (child === started) child = undefined;
        });
        child = started;
        resolve(started);
      });
      started.send({ kind: "load", module: options.module, name: options.name } satisfies ToWorker);
    });

  const kill = (running: ChildProcess): void => {
    if (child === running) child = undefined;
    running.kill("SIGKILL");
  };

  const run: Prover["prove"] = async (directory, statement, work = {}) => {
    const running = child ?? (await start());
    // After the start: an abort in between would be heard by nobody.
    if (work.signal?.aborted === true) throw new VerigradError("ABORTED", "stopped before proving");
    const id = nextId++;
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        work.signal?.removeEventListener("abort", onAbort);
        running.off("message", onMessage);
        running.off("exit", onExit);
        settle();
      };
      const stop = (error: VerigradError): void => {
        finish(() => reject(error));
        kill(running);
      };
      const onAbort = (): void => stop(new VerigradError("ABORTED", "proving was stopped"));
      const onExit = (code: number | null, signal: string | null): void =>
        finish(() =>
          reject(
            new VerigradError("PROVER_CRASHED", `the prover ended (${signal ?? `exit code ${code}`}) while proving`, {
              consequence: "RETRY",
            }),
          ),
        );
      const onMessage = (message: FromWorker): void => {
        if (!("id" in message) || message.id !== id) return;
        if (message.kind === "progress") work.onProgress?.(message.step, message.fraction ?? undefined);
        if (message.kind === "proved") {
          const { output, seal } = message;
          finish(() => resolve({ output: Buffer.from(output, "base64"), seal: Buffer.from(seal, "base64") }));
        }
        if (message.kind === "failed") {
          const { code, message: text, consequence } = message;
          finish(() => reject(new VerigradError(code, text, { consequence })));
        }
      };
      const timer = setTimeout(
        () =>
          stop(
            new VerigradError("PROVER_TIMEOUT", `proving took longer than ${options.timeoutMs} ms`, {
              consequence: "RETRY",
            }),
          ),
        options.timeoutMs,
      );
      running.on("message", onMessage);
      running.once("exit", onExit);
      work.signal?.addEventListener("abort", onAbort, { once: true });
      running.send({
        kind: "prove",
        id,
        directory,
        context: statement.context.toString(),
        input: Buffer.from(statement.input).toString("base64"),
        salt: statement.salt?.toString() ?? null,
      } satisfies ToWorker);
    });
  };

  return {
    prove: (directory, statement, work) => {
      const result = queue.then(() => run(directory, statement, work));
      queue = result.catch(() => undefined);
      return result;
    },
    close: async () => {
      const running = child;
      if (running === undefined) return;
      const gone = new Promise((resolve) => running.once("exit", resolve));
      kill(running);
      await gone;
    },
  };
}
