// SPDX-License-Identifier: GPL-3.0-or-later
// The node's loop: ticks until it is told to stop, backs off while the chain does not answer.
import { VerigradError } from "../errors.ts";
import type { NodeConfig } from "./config.ts";
import { createNode, type NodeDependencies } from "./node.ts";

const MAX_BACKOFF_MS = 60_000;

/**
 * Runs a node until `signal` aborts, then stops gracefully: no new work, running proofs ended, all of it on record.
 * Rejects when something happened that a person must look at (consequence ESCALATE) or that nobody foresaw.
 */
export async function runNode(config: NodeConfig, deps: NodeDependencies, signal: AbortSignal): Promise<void> {
  const node = createNode(config, deps);
  deps.logger.info({ account: deps.sender.address, market: deps.chain.deployment.market }, "node started");
  let troubles = 0;
  try {
    while (!signal.aborted) {
      try {
        await node.tick();
        troubles = 0;
      } catch (error) {
        if (!(error instanceof VerigradError) || error.consequence !== "RETRY") throw error;
        troubles++;
        deps.logger.warn({ code: error.code, error: error.message, troubles }, "the chain has to wait");
      }
      await sleep(Math.min(config.watch.pollMs * 2 ** troubles, Math.max(MAX_BACKOFF_MS, config.watch.pollMs)), signal);
    }
  } finally {
    await node.stop();
    await deps.prover.close();
    deps.logger.info({}, "node stopped");
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
