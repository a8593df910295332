// SPDX-License-Identifier: GPL-3.0-or-later
// From the market's events to job records. Applying the same events again changes nothing.
import type { MarketEvent } from "../chain/events.ts";
import type { Address } from "../chain/types.ts";
import type { Job, JobStore } from "./types.ts";

/** Adds requested jobs, notes what was proposed for them and who settled them. */
export async function applyEvents(store: JobStore, events: readonly MarketEvent[], account: Address): Promise<void> {
  for (const event of events) {
    const job = await store.get(event.jobId);
    if (event.name === "JobRequested") {
      // A job that a reorganisation took away and brought back stands elsewhere on the chain, and is open again.
      if (job === null) {
        await store.put({
          jobId: event.jobId,
          request: event.request,
          requestedAt: event.position,
          status: "open",
          reason: null,
          failures: 0,
          proposal: null,
          claim: null,
          proof: null,
          fulfil: null,
          settlement: null,
          endedAt: null,
        });
      } else if (job.requestedAt.blockHash !== event.position.blockHash) {
        await store.put({ ...job, requestedAt: event.position });
      }
    } else if (event.name === "JobClaimed" && event.claimer === account && job?.status === "dropped") {
      // SAFETY: a claim of ours that landed after all is never left alone: its collateral is at stake.
      await store.put({ ...job, status: "open", reason: null, endedAt: null });
    } else if (event.name === "JobProposed" && job !== null) {
      // A job that was of no interest so far may be one to dispute.
      const again: Partial<Job> = job.status === "dropped" ? { status: "open", reason: null, endedAt: null } : {};
      await store.put({ ...job, ...again, proposal: { output: event.output, position: event.position } });
    } else if (event.name === "JobSettled" && job !== null) {
      await store.put({ ...job, settlement: { payee: event.payee, position: event.position } });
    }
  }
}

/**
 * Forgets what blocks above `block` said. Jobs that ended there are looked at again: the chain's state decides whether
 * they go on. Proofs are kept: they stay valid.
 */
export async function rollBack(store: JobStore, block: number): Promise<void> {
  for (const job of await store.list()) {
    const unsettled = job.settlement !== null && job.settlement.position.blockNumber > block;
    const unproposed = job.proposal !== null && job.proposal.position.blockNumber > block;
    const reopened = (job.status === "settled" || job.status === "dropped") && (job.endedAt ?? 0) > block;
    if (!unsettled && !unproposed && !reopened) continue;
    await store.put({
      ...job,
      settlement: unsettled ? null : job.settlement,
      proposal: unproposed ? null : job.proposal,
      status: reopened ? "open" : job.status,
      reason: reopened ? "the chain was reorganised" : job.reason,
      endedAt: reopened ? null : job.endedAt,
    });
  }
}
