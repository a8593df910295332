// SPDX-License-Identifier: GPL-3.0-or-later
// What the node has signed, until it is in the chain. A transaction is signed, written down, then broadcast. Where it is not
// included for a while, another with its nonce and higher fees takes its place: of all that share a nonce one is included at the
// most, so nothing is ever done twice. A settlement is raised; a claim never is, since what it promised at its price may not hold at
// a higher one: it gives its place to a transaction that does nothing, and the job is looked at anew.
import type { Call, Receipt, Sender, SignedTransaction } from "../chain/transactions.ts";
import { VerigradError } from "../errors.ts";
import { FINAL, type Clock, type Job, type JobStore, type Logger } from "./types.ts";

/** How long a transaction may be without a receipt before its bytes are broadcast again. */
export const REBROADCAST_MS = 30_000;

/** How long it may be without one before another is signed in its place. */
export const REPLACE_MS = 60_000;

type Field = "claim" | "fulfil";
const FIELDS: readonly Field[] = ["claim", "fulfil"];

export interface Outbox {
  /**
   * Brings a job's transaction to the chain, a step at each call. Once it is included the chain's state says what it did; one that
   * reverted counts as a failure, after `maxFailures` of which the job is set aside, and may be sent anew.
   * Errors: those of Sender.sign and Sender.broadcast, but for TX_NONCE_USED.
   */
  transact(job: Job, field: Field, call: Call): Promise<void>;
  /** Says that a job has ended, whatever of it is not included yet. */
  abandon(job: Job): void;
  /**
   * At the end of a tick: uses up the nonces of claims that are not included, and of what nobody asks for any more, since all that
   * was signed later waits for them; then forgets them.
   */
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
  /** By hash, since this process knows of it; when it was broadcast last. */
  const seenAt = new Map<string, number>();
  const broadcastAt = new Map<string, number>();
  /** Hashes of what is included and did what it was for. */
  const confirmed = new Set<string>();
  /** By nonce: when a settlement was asked for last, and what was signed to do nothing. */
  const wantedAt = new Map<number, number>();
  const fillers = new Map<number, SignedTransaction>();
  /** Of ended jobs, by nonce; null until what the store has of them is known. */
  let leftBehind: Map<number, SignedTransaction> | null = null;

  /** Milliseconds since; a clock that was set back begins anew. */
  const since = <K>(times: Map<K, number>, key: K): number => {
    const now = clock.now();
    const time = times.get(key);
    if (time !== undefined && time <= now) return now - time;
    times.set(key, now);
    return 0;
  };
  const isOld = ({ hash }: SignedTransaction): boolean => since(seenAt, hash) >= REPLACE_MS;
  const isWanted = (nonce: number): boolean => wantedAt.has(nonce) && since(wantedAt, nonce) < REPLACE_MS;

  const receiptOf = async ({ hash, replaced }: SignedTransaction): Promise<Receipt | null> => {
    for (const each of [hash, ...replaced]) {
      const receipt = await sender.receipt(each);
      if (receipt !== null) return receipt;
    }
    return null;
  };

  const broadcast = async (signed: SignedTransaction, what: object): Promise<void> => {
    if (broadcastAt.has(signed.hash) && since(broadcastAt, signed.hash) < REBROADCAST_MS) return;
    await sender.broadcast(signed);
    broadcastAt.set(signed.hash, clock.now());
    logger.info({ ...what, transaction: signed.hash, nonce: signed.nonce }, "transaction sent");
  };

  const done = ({ hash, replaced, nonce }: SignedTransaction): void => {
    wantedAt.delete(nonce);
    for (const each of [hash, ...replaced]) {
      seenAt.delete(each);
      broadcastAt.delete(each);
      confirmed.delete(each);
    }
  };

  /** What a settlement that is not included is to be replaced with, if anything. */
  const raised = async (signed: SignedTransaction, call: Call): Promise<SignedTransaction | null> => {
    try {
      return await sender.replace(signed, call, (await sender.includedCount()) === signed.nonce);
    } catch (error) {
      // What the chain says of one that may be included at any moment is no verdict on it.
      if (error instanceof VerigradError && error.code === "CHAIN_REVERTED") return null;
      throw error;
    }
  };

  const transact: Outbox["transact"] = async (job, field, call) => {
    let current = job;
    let signed = job[field];
    if (signed === null) {
      signed = await sender.sign(call);
      current = await update(job, { [field]: signed, status: field === "claim" ? "claiming" : "submitting" });
    }
    if (field === "fulfil") wantedAt.set(signed.nonce, clock.now());
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
    if (fillers.has(signed.nonce)) return; // its place is taken
    if (isOld(signed)) {
      if (field === "claim") return; // tidy() sees to it
      const next = await raised(signed, call);
      if (next !== null) {
        logger.warn({ jobId: job.jobId, call: field, nonce: signed.nonce }, "not included: higher fees are offered");
        current = await update(current, { [field]: next });
        signed = next;
        seenAt.set(next.hash, clock.now());
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

  const leave = (into: Map<number, SignedTransaction>, job: Job): void => {
    for (const field of FIELDS) {
      const signed = job[field];
      if (signed !== null) into.set(signed.nonce, signed);
    }
  };

  /** Brings a transaction that does nothing to the chain in this one's place. */
  const fill = async (signed: SignedTransaction, included: number): Promise<void> => {
    const { nonce } = signed;
    const filler = fillers.get(nonce);
    if (filler === undefined || isOld(filler)) {
      const next = await sender.replace(filler ?? signed, null, nonce === included);
      if (next !== null) {
        logger.warn({ nonce }, "not included, and not asked for any more: its nonce is used up");
        fillers.set(nonce, next);
        seenAt.set(next.hash, clock.now());
      }
    }
    const now = fillers.get(nonce) ?? (nonce === included ? signed : undefined);
    if (now === undefined) return;
    try {
      await broadcast(now, { call: "nothing" });
    } catch (error) {
      if (!(error instanceof VerigradError) || error.code !== "TX_NONCE_USED") throw error;
    }
  };

  /** Takes out of an open job what its nonce was used without: decisions rest on what is under way. */
  const clear = async (job: Job, field: Field, signed: SignedTransaction): Promise<void> => {
    if (confirmed.has(signed.hash) || job.status === "proving" || isWanted(signed.nonce)) return;
    const receipt = await receiptOf(signed);
    if (receipt?.ok === true) return void confirmed.add(signed.hash);
    if (receipt === null && !isOld(signed)) return; // one part of an RPC may lag behind another
    done(signed);
    await update(job, { [field]: null, ...(job.status === "claiming" ? { status: "open" } : {}) });
  };

  const tidy = async (): Promise<void> => {
    if (leftBehind === null) {
      leftBehind = new Map();
      for (const job of await store.list()) if (FINAL.includes(job.status)) leave(leftBehind, job);
    }
    const open = await store.list({ open: true });
    const waiting = new Map(leftBehind);
    for (const job of open) leave(waiting, job);
    if (waiting.size === 0) return;

    const included = await sender.includedCount();
    for (const [nonce, signed] of [...waiting].sort(([a], [b]) => a - b)) {
      if (nonce < included) {
        fillers.delete(nonce);
        if (leftBehind.delete(nonce)) done(signed);
      } else if (!isWanted(nonce) && isOld(signed)) {
        // SAFETY: a settlement behind it would be late, and cost its collateral.
        await fill(signed, included).catch((error: unknown) => {
          if (!(error instanceof VerigradError) || error.consequence === "ESCALATE") throw error;
          logger.warn({ nonce, code: error.code, error: error.message }, "its nonce could not be used up");
        });
      }
    }
    for (const job of open)
      for (const field of FIELDS) {
        const signed = job[field];
        if (signed !== null && signed.nonce < included) await clear(job, field, signed);
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
    forget: () => {
      broadcastAt.clear();
      confirmed.clear();
      leftBehind = null;
    },
  };
}
