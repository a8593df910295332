// SPDX-License-Identifier: GPL-3.0-or-later
// Trial proofs: before its first claim for a model the node proves a random input of it. What this machine lacks (memory,
// a tool, time) is then known before any collateral depends on it.
import { shake256 } from "@noble/hashes/sha3.js";
import type { ChainReader } from "../chain/client.ts";
import { toBytes, toHex } from "../chain/hashes.ts";
import type { Hex } from "../chain/types.ts";
import { VerigradError } from "../errors.ts";
import { makeOpening } from "../proofs/commitment.ts";
import { encodeTensors } from "../tensor/codec.ts";
import { sizeOf, type TensorSpec } from "../tensor/spec.ts";
import type { ProofSystem } from "../proofs/types.ts";
import type { NodeConfig } from "./config.ts";
import { MAX_VERIFY_GAS } from "./gas.ts";
import { isRefused, type Models, type ServedModel } from "./models.ts";
import { pauseAfter, type Proof, type Prove } from "./proving.ts";
import type { Clock, Logger } from "./types.ts";

export const TRIAL_WAITS = "a trial proof of its model comes first, once no claimed job may need the prover";
export const TRIAL_RUNS = "a trial proof of its model is being made";

/** No job's. */
const TRIAL_CONTEXT = 0n;

export interface Trials {
  /** Wants a model to be tried, and says how far that is. */
  want(modelId: Hex): string;
  /** Starts the trial that was wanted first, unless one is running. Call it only while no job may need the prover. */
  start(): void;
  /** Breaks a running trial off, to be made again when it is wanted again: a job needs the prover. */
  giveWay(): void;
  /** Seconds that the running trial takes, by the configured guess; 0 if there is none. */
  seconds(): number;
  /** Resolves when no trial is running. */
  idle(): Promise<void>;
}

/** Trials end when `stopped` aborts. */
export function openTrials(
  { proving }: NodeConfig,
  deps: {
    readonly chain: ChainReader;
    readonly proofSystem: ProofSystem;
    readonly models: Models;
    readonly prove: Prove;
    readonly logger: Logger;
    readonly clock: Clock;
  },
  stopped: AbortSignal,
): Trials {
  const { chain, proofSystem, models, prove, logger, clock } = deps;
  const wanted = new Set<Hex>();
  const failed = new Map<Hex, { readonly failures: number; readonly code: string; readonly retryAt: number }>();
  let running: { readonly modelId: Hex; readonly done: Promise<void>; readonly abort: AbortController } | null = null;

  /**
   * SAFETY: what verifying costs is foretold by a bound; here the chain itself says whether the market's gas is enough, and whether
   * its verifier agrees with the one here, before collateral depends on either.
   */
  const holdsOnChain = async ({ setup }: ServedModel, claimed: Uint8Array, proof: Proof): Promise<void> => {
    const at = await chain.proofSystem(proofSystem.selector);
    const claim = { keyHash: setup.keyHash, context: TRIAL_CONTEXT, input: toHex(claimed), ...proof };
    const refusal = await chain.verify(at, claim, MAX_VERIFY_GAS);
    if (refusal === null) return;
    throw new VerigradError("PROVE_FAILED", `the chain refuses the proof: ${refusal}`, { consequence: "ESCALATE" });
  };

  const attempt = async (modelId: Hex, signal: AbortSignal): Promise<void> => {
    const model = await models.find(modelId);
    if (isRefused(model) || model.proven) return;
    logger.info({ modelId }, "trial proof started");
    const { statement, claimed } = await trialOf(modelId, model);
    const onProgress = (step: string, fraction?: number): void => logger.debug({ modelId, step, fraction }, "trial");
    const onChain = (proof: Proof): Promise<void> => holdsOnChain(model, claimed, proof);
    await prove(model, statement, claimed, { signal, onProgress }, onChain);
    logger.info({ modelId, seconds: model.provingSeconds }, "trial proof holds");
  };

  const onFailure = (modelId: Hex, error: unknown): void => {
    const known = error instanceof VerigradError ? error : new VerigradError("PROVE_FAILED", String(error));
    const { code, message, consequence } = known;
    const failures = (failed.get(modelId)?.failures ?? 0) + 1;
    logger.warn({ modelId, code, failures, error: message }, "trial proof failed");
    if (consequence === "RETRY" && failures < proving.maxFailures) {
      failed.set(modelId, { failures, code, retryAt: clock.now() + pauseAfter(failures) });
    } else models.poison(modelId, `its trial proof failed here (${code})`);
  };

  return {
    want: (modelId) => {
      if (running?.modelId === modelId) return TRIAL_RUNS;
      const failure = failed.get(modelId);
      if (failure !== undefined && clock.now() < failure.retryAt)
        return `the trial proof of its model failed (${failure.code}) and is made again later`;
      wanted.add(modelId);
      return TRIAL_WAITS;
    },
    start: () => {
      const [modelId] = wanted;
      if (running !== null || modelId === undefined || stopped.aborted) return;
      wanted.delete(modelId);
      const abort = new AbortController();
      const signal = AbortSignal.any([stopped, abort.signal]);
      const done = attempt(modelId, signal)
        .catch((error: unknown) => {
          if (!signal.aborted) onFailure(modelId, error);
        })
        .finally(() => (running = null));
      running = { modelId, done, abort };
    },
    giveWay: () => running?.abort.abort(),
    seconds: () => (running === null ? 0 : proving.expectedSeconds),
    idle: async () => running?.done,
  };
}

/** What a trial proves, under a context that is no job's. */
async function trialOf(modelId: Hex, { package: { manifest, inputSpecs } }: ServedModel) {
  const input = trialInput(modelId, inputSpecs);
  if (manifest.inputMode === "PUBLIC") return { statement: { context: TRIAL_CONTEXT, input }, claimed: input };
  const { commitment, salt } = await makeOpening(inputSpecs, input);
  return { statement: { context: TRIAL_CONTEXT, input, salt }, claimed: toBytes(commitment) };
}

/**
 * Canonical bytes of an input that follows from the model's id, each value uniform in its declared range: zeros might be
 * proven faster than what jobs ask for.
 */
export function trialInput(modelId: Hex, specs: readonly TensorSpec[]): Uint8Array {
  const count = specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const random = shake256(toBytes(modelId), { dkLen: 4 * count });
  const words = new DataView(random.buffer, random.byteOffset);
  let at = 0;
  const draw = ({ lo, hi, shape }: TensorSpec): Float64Array =>
    Float64Array.from({ length: sizeOf(shape) }, () => {
      const word = words.getUint32(4 * at++);
      return lo + Math.floor((word / 2 ** 32) * (hi - lo + 1));
    });
  return encodeTensors(specs, specs.map(draw));
}
