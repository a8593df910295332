// SPDX-License-Identifier: GPL-3.0-or-later
// What a decision about a job is made from, read from the chain, the store and the model.
import type { ChainReader } from "../chain/client.ts";
import { exposureOf, toHex } from "../chain/hashes.ts";
import type { Sender } from "../chain/transactions.ts";
import type { Hex, JobRecord } from "../chain/types.ts";
import type { Openings } from "../hub/openings.ts";
import type { NodeConfig } from "./config.ts";
import type { View } from "./decide.ts";
import { settlementGas } from "./gas.ts";
import { isRefused, type Models, type Refused, type ServedModel } from "./models.ts";
import type { Trials } from "./trial.ts";
import type { Job, JobStore } from "./types.ts";
import { witnessOf } from "./witness.ts";

export interface Views {
  /** A job and its surroundings now. Errors: those of the chain, RETRY ones of the hub. */
  of(job: Job, moment: Pick<View, "now" | "blockTime" | "claimingStopped">): Promise<View>;
  /** Says that a job is over: what it was computed for is forgotten. */
  forget(jobId: Hex): void;
}

export function openViews(
  config: NodeConfig,
  deps: {
    readonly chain: ChainReader;
    readonly sender: Sender;
    readonly store: JobStore;
    readonly openings: Openings;
  },
  models: Models,
  trials: Trials,
): Views {
  const { chain, sender, store, openings } = deps;
  /** what the graph gives for a job's input, so that waiting jobs cost no execution at each tick */
  const executed = new Map<Hex, Uint8Array | string>();

  /** Seconds of the proofs that are claimed or under way, each by its own model's time. */
  const secondsOf = async (jobs: readonly Job[]): Promise<number> => {
    let sum = 0;
    for (const { request } of jobs) {
      const model = await models.find(request.modelId);
      sum += isRefused(model) ? config.proving.expectedSeconds : model.provingSeconds;
    }
    return sum;
  };

  /** Why a job cannot be proven here, or what its output is. An opening is looked at again each time: without it no claim. */
  const examine = async (
    job: Job,
    { state, claimer }: JobRecord,
    model: ServedModel | Refused,
  ): Promise<Pick<View, "refusal" | "output">> => {
    if (isRefused(model)) return { refusal: model, output: null };
    const poisoned = models.poisoned(job.request.modelId);
    // SAFETY: one job whose proofs fail must not cost the collateral of all others of its model.
    if (poisoned !== null && claimer !== sender.address)
      return { refusal: { reason: poisoned, final: true }, output: null };
    const proposed = state === "Proposed" || state === "Challenged";
    const toDo = state === "Requested" || (state === "Claimed" && job.proof === null) || proposed;
    if (!toDo) return { refusal: null, output: null };
    const witness = await witnessOf(model, job, openings);
    if (isRefused(witness)) return { refusal: witness, output: null };
    const asked = proposed ? config.dispute : state === "Requested" && job.claim === null;
    if (!asked) return { refusal: null, output: null };
    const output = executed.get(job.jobId) ?? models.execute(model, witness.input);
    executed.set(job.jobId, output);
    if (typeof output === "string") return { refusal: { reason: output, final: true }, output: null };
    return { refusal: null, output: toHex(output) };
  };

  const of: Views["of"] = async (job, moment) => {
    const record = await chain.job(job.jobId);
    const model = await models.find(job.request.modelId);
    const others = (await store.list({ open: true })).filter((other) => other.jobId !== job.jobId);
    const claiming = others.filter((other) => other.status === "claiming");
    const taken = claiming
      .filter(({ request }) => request.token === job.request.token)
      .reduce((sum, { request }) => sum + exposureOf(request), 0n);
    const { bonded, exposure } = await chain.stakeOf(job.request.token, sender.address);
    return {
      ...moment,
      job: record,
      account: sender.address,
      freeStake: bonded - exposure - taken,
      royaltyBps:
        record.state === "None" ? 0 : (await chain.settlementTerms(job.request.modelId, record.termsIndex)).royaltyBps,
      queuedSeconds:
        trials.seconds() +
        (await secondsOf(others.filter(({ status }) => status === "claiming" || status === "proving"))),
      settlementGas: isRefused(model) ? 0 : settlementGas(job.request, record.outputLength, model.verification),
      tried: !config.proving.trial || (!isRefused(model) && model.proven),
      provingSeconds: isRefused(model) ? config.proving.expectedSeconds : model.provingSeconds,
      ...(await examine(job, record, model)),
    };
  };

  return { of, forget: (jobId) => void executed.delete(jobId) };
}
