// SPDX-License-Identifier: GPL-3.0-or-later
// Events in order, once each, from a chain that may reorganise itself: a cursor of block hashes finds the place where
// the chain forked, and the caller is told to forget what came after it.
import { VerigradError } from "../errors.ts";
import type { ChainReader } from "./client.ts";
import type { MarketEvent } from "./events.ts";
import type { BlockRef, Hex } from "./types.ts";

/** The blocks up to which events were handed out; the last is where reading goes on. Plain data, to be persisted. */
export interface Cursor {
  readonly checkpoints: readonly { readonly number: number; readonly hash: Hex }[];
}

export const EMPTY_CURSOR: Cursor = { checkpoints: [] };

export interface WatchStep {
  /** Blocks above this number are no longer those that were seen: forget what they brought. Null if none changed. */
  readonly rolledBackTo: number | null;
  readonly events: readonly MarketEvent[];
  readonly cursor: Cursor;
  readonly head: BlockRef;
  /** Whether there is more to read at once. */
  readonly behind: boolean;
}

export interface WatchOptions {
  /** Blocks on top of an event before it is handed out (0: at once). */
  readonly confirmations: number;
  /** Blocks in one query. */
  readonly maxRange: number;
}

/** How many checkpoints are kept: a fork deeper than these starts again at the deployment's block. */
const KEPT = 256;

/**
 * Reads on from a cursor. Calling it again with the same cursor gives the same events, so a caller persists the
 * events' effects first and the cursor after. Errors: as ChainReader; CHAIN_INCONSISTENT (RETRY) when the chain moved
 * while it was read.
 */
export async function watch(chain: ChainReader, cursor: Cursor, options: WatchOptions): Promise<WatchStep> {
  const head = await chain.head();
  const { kept, rolledBack } = await commonPart(chain, cursor);
  const last = kept.at(-1)?.number ?? chain.deployment.fromBlock - 1;
  const rolledBackTo = rolledBack ? last : null;
  const end = Math.min(head.number - options.confirmations, last + options.maxRange);
  if (end <= last) return { rolledBackTo, events: [], cursor: { checkpoints: kept }, head, behind: false };

  const before = await chain.block(end);
  const events = await chain.marketEvents(last + 1, end);
  const after = await chain.block(end);
  // SAFETY: equal hashes mean that no block up to `end` changed between the two reads.
  if (before === null || before.hash !== after?.hash) {
    throw new VerigradError("CHAIN_INCONSISTENT", "the chain was reorganised while it was read", {
      consequence: "RETRY",
    });
  }
  const checkpoints = [...kept, { number: end, hash: before.hash }].slice(-KEPT);
  return {
    rolledBackTo,
    events,
    cursor: { checkpoints },
    head,
    behind: end < head.number - options.confirmations,
  };
}

/** The checkpoints that are still on the chain. */
async function commonPart(chain: ChainReader, cursor: Cursor) {
  const kept = [...cursor.checkpoints];
  let rolledBack = false;
  for (let last = kept.at(-1); last !== undefined; last = kept.at(-1)) {
    const now = await chain.block(last.number);
    if (now?.hash === last.hash) break;
    kept.pop();
    rolledBack = true;
  }
  return { kept, rolledBack };
}
