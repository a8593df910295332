// SPDX-License-Identifier: GPL-3.0-or-later
// Operator's nodes on a test's chain, each with a prover process of its own.
import type { ChainReader } from "../../verifier/chain/client.ts";
import type { Sender } from "../../verifier/chain/transactions.ts";
import type { Hex } from "../../verifier/chain/types.ts";
import type { Openings } from "../../verifier/hub/openings.ts";
import type { Hub } from "../../verifier/hub/store.ts";
import { parseNodeConfig, type NodeConfig } from "../../verifier/node/config.ts";
import { memoryStore } from "../../verifier/node/memoryStore.ts";
import { createNode, type OperatorNode } from "../../verifier/node/node.ts";
import { openProver, type Prover } from "../../verifier/node/prover.ts";
import type { Clock, JobStore, Logger } from "../../verifier/node/types.ts";
import type { ProofSystem } from "../../verifier/proofs/types.ts";
import type { TestChain } from "./chain.ts";
import { mockProofs } from "./mock-proofs.ts";

/** Index of the account whose nodes these are. */
export const OPERATOR = 2;

export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Restored snapshots put the chain's time back; a clock that is never ahead of it lets the chain's time be the node's. */
export const chainsClock: Clock = { now: () => Date.now() - 86_400_000 };

export interface NodeOptions {
  readonly config?: Record<string, unknown>;
  readonly store?: JobStore;
  /** which of mock-proofs.ts its prover has */
  readonly system?: string;
  readonly hub?: Hub;
  readonly sender?: Sender;
  readonly proofSystem?: ProofSystem;
  readonly chain?: ChainReader;
  readonly clock?: Clock;
  readonly prover?: (opened: Prover) => Prover;
}

export interface TestNode {
  readonly node: OperatorNode;
  readonly store: JobStore;
  readonly prover: Prover;
  /** Status and reason of a job. */
  readonly statusOf: (jobId: Hex) => Promise<string>;
}

/** Nodes of account OPERATOR; `proving` is what their configuration says where a test does not say otherwise. */
export function nodesOn(
  place: () => { readonly chain: TestChain; readonly hub: Hub; readonly openings: Openings },
  proving: Readonly<Record<string, unknown>>,
) {
  const provers: Prover[] = [];
  const running: OperatorNode[] = [];

  const configOf = (change: Record<string, unknown> = {}): NodeConfig =>
    parseNodeConfig({
      models: "any",
      tokens: [{ token: place().chain.deployment.tokens[0], minPrice: 500, maxCollateral: 10_000 }],
      acceptInsecure: true,
      watch: { confirmations: 0 },
      ...change,
      proving: { ...proving, ...(change["proving"] as object | undefined) },
    });

  const openMock = (system = "mockProofs"): Prover => {
    const prover = openProver({
      module: new URL("./mock-proofs.ts", import.meta.url).href,
      name: system,
      memoryMb: 256,
      timeoutMs: 60_000,
    });
    provers.push(prover);
    return prover;
  };

  /** A node; everything it needs can be replaced. */
  const nodeWith = (options: NodeOptions = {}): TestNode => {
    const { chain, hub, openings } = place();
    const store = options.store ?? memoryStore();
    const opened = openMock(options.system);
    const prover = options.prover?.(opened) ?? opened;
    const node = createNode(configOf(options.config), {
      chain: options.chain ?? chain.chain,
      sender: options.sender ?? chain.senderOf(OPERATOR),
      store,
      hub: options.hub ?? hub,
      openings,
      proofSystem: options.proofSystem ?? mockProofs,
      prover,
      logger: quiet,
      clock: options.clock ?? chainsClock,
    });
    running.push(node);
    const statusOf = async (jobId: Hex): Promise<string> => {
      const job = await store.get(jobId);
      return job === null ? "unknown" : `${job.status}${job.reason === null ? "" : `: ${job.reason}`}`;
    };
    return { node, store, prover, statusOf };
  };

  return {
    configOf,
    nodeWith,
    openMock,
    /** Stops every node, and ends every prover process. */
    close: async (): Promise<void> => {
      await Promise.all(running.splice(0).map((node) => node.stop()));
      await Promise.all(provers.splice(0).map((prover) => prover.close()));
    },
  };
}

/** Ticks until nothing changes any more. */
export async function settle(node: OperatorNode, ticks = 6): Promise<void> {
  for (let i = 0; i < ticks; i++) {
    await node.tick();
    await node.idle();
  }
}
