// SPDX-License-Identifier: GPL-3.0-or-later
// What the node has signed, until it is in the chain. A transaction is signed, written down, then broadcast. One that is not
// included for a while gives its place to one with the same nonce and higher fees: of all that share a nonce one is included at
// the most, so nothing is ever done twice.
import type { Call, Receipt, Sender, SignedTransaction } from "../chain/transactions.ts";
import { VerigradError } from "../errors.ts";
import { FINAL, type Clock, type Job, type JobStore, type Logger } from "./types.ts";

/** How long a transaction may be without a receipt before its bytes are broadcast again. */
export const REBROADCAST_MS = 30_000;

/** How long one whose turn it is may be without a receipt before another is signed in its place. */
export const REPLACE_MS = 60_000;

export interface Outbox {
  /**
   * Brings a job's transaction to the chain, a step at each call. Once it is included the chain's state says what it did; one that
   * reverted counts as a failure, after `maxFailures` of which the job is set aside, and may be sent anew.
   * Errors: those of Sender.sign and Sender.broadcast, but for TX_NONCE_USED.
   */
  transact(job: Job, field: "claim" | "fulfil", call: Call): Promise<void>;
  /** Says that a job has ended, whatever of it is not included yet. */
  abandon(job: Job): void;
  /** Once a tick: uses up the nonce of what ended jobs have left behind, where all that comes after has to wait for it. */
  tidy(): Promise<void>;
  /** After a reorganisation: what was included may have to be broadcast again. */
  forget(): void;
}

export function openOutbox(deps: {
  readonly sender: Sender;
  readonly store: JobStore;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly maxFailures: number;
  readonly update: (job: Job, change: Partial<Job>) => Promise<Job>;
}): Outbox {
  const { sender, store, logger, clock, maxFailures, update } = deps;
  /** By hash; a restart forgets them. Since when it is a transaction's turn, and when it was broadcast last. */
  const turnSince = new Map<string, number>();
  const broadcastAt = new Map<string, number>();
  /** Of ended jobs, by nonce; null until what the store has of former runs is known. */
  let leftBehind: Map<number, SignedTransaction> | null = null;

  const receiptOf = async ({ hash, replaced }: SignedTransaction): Promise<Receipt | null> => {
    for (const each of [hash, ...replaced]) {
      const receipt = await sender.receipt(each);
      if (receipt !== null) return receipt;
    }
    return null;
  };

  /** Whether it is this transaction's turn, and was for a while: what waits behind another is helped by no fee. */
  const isStuck = async ({ hash, nonce }: SignedTransaction): Promise<boolean> => {
    if ((await sender.includedCount()) !== nonce) {
      turnSince.delete(hash);
      return false;
    }
    const since = turnSince.get(hash) ?? clock.now();
    turnSince.set(hash, since);
    return clock.now() - since >= REPLACE_MS;
  };

  const broadcast = async (signed: SignedTransaction, what: object): Promise<void> => {
    if ((broadcastAt.get(signed.hash) ?? -Infinity) > clock.now() - REBROADCAST_MS) return;
    await sender.broadcast(signed);
    broadcastAt.set(signed.hash, clock.now());
    logger.info({ ...what, transaction: signed.hash, nonce: signed.nonce }, "transaction sent");
  };

  const done = ({ hash, replaced }: SignedTransaction): void => {
    for (const each of [hash, ...replaced]) {
      turnSince.delete(each);
      broadcastAt.delete(each);
    }
  };

  const transact: Outbox["transact"] = async (job, field, call) => {
    let current = job;
    let signed = job[field];
    if (signed === null) {
      signed = await sender.sign(call);
      current = await update(job, { [field]: signed, status: field === "claim" ? "claiming" : "submitting" });
    }
    leftBehind?.delete(signed.nonce);
    const receipt = await receiptOf(signed);
    if (receipt !== null) {
      done(signed);
      if (receipt.ok) return;
      const failures = job.failures + 1;
      const status = failures < maxFailures ? "open" : "setAside";
      await update(current, { [field]: null, failures, status, reason: `${field} was included and reverted` });
      return;
    }
    if (await isStuck(signed)) {
      const next = await sender.replace(signed, call);
      if (next !== null) {
        logger.warn({ jobId: job.jobId, call: field, nonce: signed.nonce }, "not included: higher fees are offered");
        current = await update(current, { [field]: next });
        signed = next;
        turnSince.set(next.hash, clock.now());
      }
    }
    try {
      await broadcast(signed, { jobId: job.jobId, call: field });
    } catch (error) {
      if (!(error instanceof VerigradError) || error.code !== "TX_NONCE_USED") throw error;
      done(signed);
      await update(current, { [field]: null });
    }
  };

  const leave = (into: Map<number, SignedTransaction>, { claim, fulfil }: Job): void => {
    for (const signed of [claim, fulfil]) if (signed !== null) into.set(signed.nonce, signed);
  };

  const tidy = async (): Promise<void> => {
    if (leftBehind === null) {
      leftBehind = new Map();
      for (const job of await store.list()) if (FINAL.includes(job.status)) leave(leftBehind, job);
    }
    if (leftBehind.size === 0) return;
    const included = await sender.includedCount();
    for (const [nonce, signed] of leftBehind) {
      if (nonce >= included) continue;
      leftBehind.delete(nonce);
      done(signed);
    }
    const next = leftBehind.get(included);
    if (next === undefined || !(await isStuck(next))) return;
    // SAFETY: a settlement behind it would be late, and cost its collateral. What it was signed for is over.
    const nothing = await sender.replace(next, null);
    if (nothing !== null) {
      leftBehind.set(included, nothing);
      turnSince.set(nothing.hash, clock.now());
    }
    try {
      await broadcast(nothing ?? next, { call: "nothing" });
    } catch (error) {
      if (!(error instanceof VerigradError) || error.code !== "TX_NONCE_USED") throw error;
    }
  };

  return {
    transact,
    abandon: (job) => {
      // SAFETY: the next one to be signed asks the chain for its nonce, for these may never be included.
      if (job.claim !== null || job.fulfil !== null) sender.release();
      if (leftBehind !== null) leave(leftBehind, job);
    },
    tidy,
    forget: () => broadcastAt.clear(),
  };
}
