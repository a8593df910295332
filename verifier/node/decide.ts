// SPDX-License-Identifier: GPL-3.0-or-later
// The heart of the node, and pure: a job's record and the chain's state give the next step. Because nothing but these
// two is asked, a restart or a reorganisation needs no special case.
import { exposureOf, priceAt } from "../chain/hashes.ts";
import { TRANSACTION_GAS } from "../chain/transactions.ts";
import { MODE, type Address, type Hex, type JobRecord } from "../chain/types.ts";
import type { NodeConfig } from "./config.ts";
import type { Job } from "./types.ts";

/** What the chain and the node's own affairs say at one moment. */
export interface View {
  readonly job: JobRecord;
  /** seconds since 1970, by the newest block or by the clock, whichever is later: for deadlines */
  readonly now: bigint;
  /** time of the newest block: for prices, which rise, so that a fast clock does not promise one that is not paid yet */
  readonly blockTime: bigint;
  readonly account: Address;
  /** the account's stake in the request's token that backs no job, less what claims under way will take */
  readonly freeStake: bigint;
  readonly royaltyBps: number;
  /** gas of a settlement at the most, verification, output and callback included; null if no transaction has as much */
  readonly settlementGas: number | null;
  /** whether the model was tried: a proof of it was made and checked here, or the configuration asks for none */
  readonly tried: boolean;
  /** seconds that a proof of this model takes; a guess until it was tried */
  readonly provingSeconds: number;
  /** seconds that the proofs take which come before this one's */
  readonly queuedSeconds: number;
  /** what the model gives for this input, as far as it was asked */
  readonly output: Hex | null;
  /** why the model or this input cannot be proven here, and whether that may still change; null if it can */
  readonly refusal: { readonly reason: string; readonly final: boolean } | null;
  /** the circuit breaker: no new claims */
  readonly claimingStopped: boolean;
}

export type Step =
  | { readonly do: "wait"; readonly why: string }
  /** make a trial proof of the model first */
  | { readonly do: "try" }
  | { readonly do: "claim"; readonly settlementGas: number }
  | { readonly do: "prove" }
  | { readonly do: "submit" }
  | { readonly do: "end"; readonly status: "settled" | "dropped"; readonly reason: string };

/** What an operator who sees it has to do. */
export const NOT_ENOUGH_STAKE =
  "the bonded stake that backs no other job does not cover its collateral: bond more, with `verigrad node bond`";

/** Why a job is not claimed, rescued or disputed although it can be proven. */
export const OVER_TRANSACTION_GAS =
  "its verification, output and callback can take more gas than a transaction may have (EIP-7825)";

export const NOT_ENOUGH_ETHER = "the account's ether does not pay for settling it and what is claimed already";

const wait = (why: string): Step => ({ do: "wait", why });
const drop = (reason: string): Step => ({ do: "end", status: "dropped", reason });

/** The next step for a job. Never claims what cannot be proven in the window or what does not pay. */
export function decide(job: Job, view: View, config: NodeConfig): Step {
  switch (view.job.state) {
    case "None":
      return wait("the request is not on the chain (any more)");
    case "Cancelled":
      return drop("the requester cancelled it");
    case "Expired":
      return drop("it expired");
    case "Settled":
      if (job.settlement === null) return wait("settled; waiting for the event to be confirmed");
      return job.settlement.payee === view.account
        ? { do: "end", status: "settled", reason: "settled by this node" }
        : drop("settled by another");
    case "Requested":
      return decideRequested(job, view, config);
    case "Claimed":
      return decideClaimed(job, view, config);
    case "Proposed":
    case "Challenged":
      return decideProposed(job, view, config);
  }
}

function decideRequested(job: Job, view: View, config: NodeConfig): Step {
  const { request } = job;
  if (isOver(job, view, job.claim !== null)) return drop("its deadline has passed");
  // SAFETY: a claim that may still land is never forgotten, or its collateral would be lost unnoticed; nor is it sent
  // again once its job cannot be proven here any more.
  const claim: Step = { do: "claim", settlementGas: view.settlementGas ?? TRANSACTION_GAS };
  if (job.claim !== null) return view.refusal === null ? claim : wait(view.refusal.reason);
  const refusal = whyNotEver(job, view, config);
  if (refusal !== null) return drop(refusal);
  if (view.refusal !== null) return wait(view.refusal.reason);
  if (view.claimingStopped) return wait("claiming is stopped after too many failures in a row");

  if (view.now >= request.claimDeadline) {
    if (!config.rescue) return drop("nobody may claim it any more");
    // SAFETY: who has announced may cancel as soon as the output is seen, and keep both.
    if (view.job.since !== 0n) return drop("its cancellation is announced");
    return rescue(job, view, config, priceAt(request, view.blockTime));
  }
  const terms = termsFor(job, config);
  if (terms === undefined) return drop("its token is not one that this node takes");
  if (net(priceAt(request, request.claimDeadline - 1n), view.royaltyBps) < terms.minPrice)
    return drop("it never pays enough");
  // SAFETY: collateral is put at stake only where a proof is known to succeed on this machine, and its time is measured.
  if (!view.tried) return { do: "try" };
  if (needed(view, config, view.queuedSeconds) > request.proofWindow)
    return wait("too many proofs are queued before it");
  if (net(priceAt(request, view.blockTime), view.royaltyBps) < terms.minPrice)
    return wait("its price is still too low");
  if (view.freeStake < exposureOf(request)) return wait(NOT_ENOUGH_STAKE);
  return claim;
}

function decideClaimed(job: Job, view: View, config: NodeConfig): Step {
  const { request } = job;
  const own = view.job.claimer === view.account;
  if (isOver(job, view, own)) return drop("its deadline has passed");
  if (own) {
    // Also when the window is over: whoever proves it now is paid, and part of the slashed collateral comes back.
    if (job.proof !== null) return { do: "submit" };
    // What may still come (a package, a key under examination) is waited for: it is no failed proof.
    if (view.refusal?.final === false) return wait(view.refusal.reason);
    return { do: "prove" };
  }
  if (!config.rescue) return drop("claimed by another");
  const refusal = whyNotEver(job, view, config);
  if (refusal !== null) return drop(refusal);
  if (view.refusal !== null) return wait(view.refusal.reason);
  if (view.now < view.job.since + request.proofWindow) return wait("claimed by another, who still has time");
  return rescue(job, view, config, view.job.price);
}

/** SAFETY: a clock that is ahead, be it for one tick, must not give up what has collateral at stake: the chain's time decides. */
function isOver({ request }: Job, { now, blockTime }: View, staked: boolean): boolean {
  return (staked ? blockTime : now) >= request.deadline;
}

/** A proposal that a proof decides about: overturned if it is wrong; upheld, against a challenge, if it is right. */
function decideProposed(job: Job, view: View, config: NodeConfig): Step {
  const { request, proposal } = job;
  if (!config.dispute) return drop("an output was proposed for it, and this node does not dispute");
  if (view.refusal !== null) return view.refusal.final ? drop(view.refusal.reason) : wait(view.refusal.reason);
  if (proposal === null || view.output === null)
    return wait("an output was proposed; waiting for the event to be confirmed");
  const challenged = view.job.state === "Challenged";
  const right = proposal.output.toLowerCase() === view.output.toLowerCase();
  if (right && !challenged) return wait("its proposal is right");

  const terms = termsFor(job, config);
  // What the proof earns for sure; shares of slashed bonds come on top.
  const gain = right ? request.challengerBond : net(view.job.price, view.royaltyBps);
  if (terms === undefined || gain < terms.minPrice) return drop("to dispute it never pays enough");
  if (request.callbackGas > BigInt(config.maxCallbackGas)) return drop("its callback asks for too much gas");
  if (view.settlementGas === null) return drop(OVER_TRANSACTION_GAS);
  const end = view.job.since + (challenged ? request.proofWindow : request.challengeWindow);
  if (view.now >= end) return wait("the time to dispute its proposal is over");
  if (job.proof !== null) return { do: "submit" };
  if (view.now + needed(view, config, view.queuedSeconds) > end) return wait("too little time is left to dispute it");
  return { do: "prove" };
}

/** A job that the first valid proof settles. Nothing is at stake but the work. */
function rescue(job: Job, view: View, config: NodeConfig, price: bigint): Step {
  const terms = termsFor(job, config);
  if (terms === undefined || net(price, view.royaltyBps) < terms.minPrice) return drop("it never pays enough");
  if (job.proof !== null) return { do: "submit" };
  if (view.now + needed(view, config, view.queuedSeconds) > job.request.deadline)
    return drop("too little time is left to prove it");
  return { do: "prove" };
}

/** Reasons that no later block takes away. */
function whyNotEver(job: Job, view: View, config: NodeConfig): string | null {
  const { request } = job;
  if (request.mode === MODE.OPTIMISTIC && !config.optimistic)
    return "it is optimistic, and this node is not told to take such jobs";
  if (request.mode === MODE.ATTESTED) return "its mode is not served";
  if (view.refusal?.final === true) return view.refusal.reason;
  const terms = termsFor(job, config);
  if (terms === undefined) return "its token is not one that this node takes";
  if (exposureOf(request) > terms.maxCollateral) return "it asks for too much collateral";
  if (request.callbackGas > BigInt(config.maxCallbackGas)) return "its callback asks for too much gas";
  if (view.settlementGas === null) return OVER_TRANSACTION_GAS;
  if (view.tried && needed(view, config, 0) > request.proofWindow) return "its proof window is too short";
  return null;
}

/** Seconds to prove it, after those queued before it, and to settle, with the margins of the configuration. */
function needed(view: View, config: NodeConfig, queuedSeconds: number): bigint {
  const { safetyFactor, submitSeconds } = config.proving;
  return BigInt(Math.ceil((view.provingSeconds + queuedSeconds) * safetyFactor + submitSeconds));
}

function termsFor(job: Job, config: NodeConfig) {
  return config.tokens.find(({ token }) => token.toLowerCase() === job.request.token.toLowerCase());
}

/** A price after royalty, as the market computes it. */
function net(price: bigint, royaltyBps: number): bigint {
  return price - (price * BigInt(royaltyBps)) / 10_000n;
}
