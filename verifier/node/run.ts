// SPDX-License-Identifier: GPL-3.0-or-later
// The node's loop: ticks until it is told to stop, backs off while the chain does not answer.
import { calls } from "../chain/transactions.ts";
import { VerigradError } from "../errors.ts";
import type { NodeConfig } from "./config.ts";
import { createNode, type NodeDependencies } from "./node.ts";

const MAX_BACKOFF_MS = 60_000;

/**
 * Runs a node until `signal` aborts, then stops gracefully: no new work, running proofs ended, all of it on record.
 * Rejects when something happened that a person must look at (consequence ESCALATE) or that nobody foresaw.
 */
export async function runNode(config: NodeConfig, deps: NodeDependencies, signal: AbortSignal): Promise<void> {
  await bondMissing(config, deps);
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

/** Bonds what the configuration wants at stake, as far as the balance on the market goes. Once: what slashes take stays gone. */
async function bondMissing(config: NodeConfig, { chain, sender, logger }: NodeDependencies): Promise<void> {
  for (const { token, bond = 0n } of config.tokens) {
    if (bond === 0n) continue;
    const missing = bond - (await chain.stakeOf(token, sender.address)).bonded;
    if (missing <= 0n) continue;
    const balance = await chain.balanceOf(token, sender.address);
    const amount = balance < missing ? balance : missing;
    if (amount > 0n) await sender.send(calls.bond(chain.deployment, token, amount));
    const fields = { token, bonded: amount.toString(), missing: (missing - amount).toString() };
    if (amount < missing) logger.warn(fields, "the balance on the market does not cover the stake that is wanted");
    else logger.info(fields, "stake bonded");
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
