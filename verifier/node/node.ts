// SPDX-License-Identifier: GPL-3.0-or-later
// The operator's node: watches the market, claims what pays and can be proven in time, proves it, settles it.
import type { ChainReader } from "../chain/client.ts";
import { contextOf, toBytes } from "../chain/hashes.ts";
import { calls, type Sender } from "../chain/transactions.ts";
import type { Hex } from "../chain/types.ts";
import { watch } from "../chain/watcher.ts";
import { VerigradError } from "../errors.ts";
import type { Hub } from "../hub/store.ts";
import type { Openings } from "../hub/openings.ts";
import type { ProofSystem } from "../proofs/types.ts";
import type { NodeConfig } from "./config.ts";
import { decide, NOT_ENOUGH_ETHER } from "./decide.ts";
import { CLAIM_GAS } from "./gas.ts";
import { applyEvents, rollBack } from "./intake.ts";
import { isRefused, openModels } from "./models.ts";
import { openOutbox } from "./outbox.ts";
import type { Prover } from "./prover.ts";
import { openProving, pauseAfter } from "./proving.ts";
import { openTrials } from "./trial.ts";
import { openViews } from "./view.ts";
import { witnessOf } from "./witness.ts";
import { FINAL, type Clock, type Job, type JobStore, type Logger } from "./types.ts";

export interface NodeDependencies {
  readonly chain: ChainReader;
  readonly sender: Sender;
  readonly store: JobStore;
  readonly hub: Hub;
  /** of committed inputs, as they are delivered */
  readonly openings: Openings;
  readonly proofSystem: ProofSystem;
  readonly prover: Prover;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface OperatorNode {
  /** Reads what is new and takes each open job one step on. Proofs go on in the background. */
  tick(): Promise<void>;
  /** Resolves when no proof is running, be it a trial. */
  idle(): Promise<void>;
  /** Stops proofs, waits for what is being written, closes nothing that it was given. */
  stop(): Promise<void>;
}

/** Whether something was signed or proven for a job. */
const isStaked = (job: Job): boolean => job.status !== "open" || job.claim !== null || job.failures > 0;

/** Whether a proof is still to come that a claim depends on. */
const awaitsProof = (job: Job): boolean => job.claim !== null && job.proof === null;

/** How long one tick looks at jobs with nothing at stake; the rest have their turn in the next. */
const WAITING_MS = 5_000;

export function createNode(config: NodeConfig, deps: NodeDependencies): OperatorNode {
  const { chain, sender, store, openings, logger, clock } = deps;
  const { deployment } = chain;
  const abort = new AbortController();
  const models = openModels(config, deps);
  const prove = openProving({ ...deps, models });
  const trials = openTrials(config, { ...deps, models, prove }, abort.signal);
  const views = openViews(config, deps, models, trials);
  const proving = new Map<Hex, { readonly done: Promise<void>; readonly abort: AbortController }>();
  /** of jobs whose proof failed: when it may be tried again */
  const retryAt = new Map<Hex, number>();
  /** of waiting jobs: the number of the last look at each */
  const lookedAt = new Map<Hex, number>();
  let looks = 0;
  /** of what was claimed here, at the most */
  const gasToSettle = new Map<Hex, number>();
  let failuresInRow = 0;
  /** the circuit breaker: stays open until a restart */
  let claimingStopped = false;
  /** the newest block that was read */
  let block = 0;

  const update = async (job: Job, change: Partial<Job>): Promise<Job> => {
    const next = { ...job, ...change };
    await store.put(next);
    if (FINAL.includes(next.status)) outbox.abandon(next);
    if (next.status !== job.status) {
      logger.info({ jobId: job.jobId, from: job.status, to: next.status, reason: next.reason }, "job moved");
    }
    return next;
  };

  const outbox = openOutbox({ sender, store, logger, clock, update, maxFailures: config.proving.maxFailures });

  /** Counts a failure; after enough of them the job is set aside and, so that it costs no bond, its model too. */
  const failed = async (job: Job, error: VerigradError): Promise<void> => {
    const failures = job.failures + 1;
    failuresInRow++;
    claimingStopped ||= failuresInRow >= config.breakerFailures;
    logger.warn({ jobId: job.jobId, code: error.code, failures, error: error.message }, "job failed");
    const reason = `${error.code}: ${error.message}`;
    if (failures < config.proving.maxFailures && error.consequence !== "ESCALATE") {
      retryAt.set(job.jobId, clock.now() + pauseAfter(failures));
      await update(job, { failures, reason, proof: null, status: "open" });
      return;
    }
    models.poison(job.request.modelId, `its proofs failed here (${error.code})`);
    await update(job, { failures, reason, status: "setAside", endedAt: block });
  };

  const proveJob = async (job: Job, signal: AbortSignal): Promise<void> => {
    const { jobId, request } = job;
    const model = await models.find(request.modelId);
    if (isRefused(model)) throw new VerigradError("MODEL_NOT_SERVED", model.reason);
    const witness = await witnessOf(model, job, openings);
    if (isRefused(witness)) throw new VerigradError("PROVE_FAILED", witness.reason);
    const context = contextOf(deployment.chainId, deployment.market, jobId, sender.address);
    const proof = await prove(model, { context, ...witness }, toBytes(request.input), {
      signal,
      onProgress: (step, fraction) => logger.debug({ jobId, step, fraction }, "proving"),
    });
    const current = (await store.get(jobId)) ?? job;
    await update(current, { proof, status: "proven", reason: null });
  };

  const startProving = (job: Job): void => {
    if (abort.signal.aborted) return;
    trials.giveWay();
    const own = new AbortController();
    const signal = AbortSignal.any([abort.signal, own.signal]);
    const done = (async () => {
      const current = await update(job, { status: "proving", reason: null });
      try {
        await proveJob(current, signal);
      } catch (error) {
        if (signal.aborted) return; // the chain, looked at again, says what becomes of the job
        const known = error instanceof VerigradError ? error : undefined;
        await failed(current, known ?? new VerigradError("PROVE_FAILED", String(error), { cause: error }));
      }
    })()
      .catch((error: unknown) => logger.error({ jobId: job.jobId, error: String(error) }, "job could not be written"))
      .finally(() => proving.delete(job.jobId));
    proving.set(job.jobId, { done, abort: own });
  };

  const submit = async (job: Job): Promise<void> => {
    const { proof, request } = job;
    if (proof === null) return;
    const call = calls.fulfil(deployment, request, sender.address, proof.output, proof.seal);
    try {
      // sign() simulates: nothing is sent that would not settle.
      await outbox.transact(job, "fulfil", call);
      failuresInRow = 0;
    } catch (error) {
      if (!(error instanceof VerigradError) || error.code !== "CHAIN_REVERTED") throw error;
      // A changed state is the next tick's matter; a refused proof is ours.
      const name = String(error.data["error"]);
      if (["WrongState", "JobDeadlinePassed", "NotClaimer", "WindowOver"].includes(name)) return;
      await failed(job, error);
    }
  };

  /** SAFETY: a claim that the account's ether cannot settle, beside those that are open, would cost its collateral. */
  const affords = async (job: Job, settlementGas: number): Promise<boolean> => {
    if (job.claim !== null) return true;
    const claimed = (await store.list({ open: true })).filter((other) => other.claim !== null);
    const others = claimed.map(({ jobId }) => gasToSettle.get(jobId) ?? settlementGas);
    gasToSettle.set(job.jobId, settlementGas);
    return sender.affords(others.reduce((sum, gas) => sum + gas, CLAIM_GAS + settlementGas));
  };

  const claim = async (job: Job, settlementGas: number): Promise<void> => {
    try {
      if (!(await affords(job, settlementGas))) {
        if (job.reason !== NOT_ENOUGH_ETHER) await update(job, { reason: NOT_ENOUGH_ETHER });
        return;
      }
      await outbox.transact(job, "claim", calls.claim(deployment, job.request));
    } catch (error) {
      if (!(error instanceof VerigradError) || error.code !== "CHAIN_REVERTED") throw error;
      const name = String(error.data["error"]);
      logger.info({ jobId: job.jobId, error: name }, "claim refused");
      // What the chain's state explains (somebody was faster) is seen at the next tick; the rest will not go away.
      if (!["WrongState", "ClaimTooLate", "InsufficientStake"].includes(name)) {
        await update(job, { status: "dropped", reason: `the market refuses the claim: ${name}`, endedAt: block });
      }
    }
  };

  const advance = async (job: Job, now: bigint, blockTime: bigint): Promise<void> => {
    const running = proving.get(job.jobId);
    if (running !== undefined) {
      const { state } = await chain.job(job.jobId);
      // Somebody else settled it, or it ended: the proof has no use any more.
      if (state === "Settled" || state === "Cancelled" || state === "Expired") running.abort.abort();
      return;
    }
    const step = decide(job, await views.of(job, { now, blockTime, claimingStopped }), config);
    switch (step.do) {
      case "wait":
        // A claim that is held back must not hold back the transactions after it.
        if (job.status === "claiming") sender.release();
        if (job.reason !== step.why && job.status === "open") await update(job, { reason: step.why });
        return;
      case "try": {
        const reason = trials.want(job.request.modelId);
        if (job.reason !== reason) await update(job, { reason });
        return;
      }
      case "claim":
        return claim(job, step.settlementGas);
      case "prove":
        if (clock.now() < (retryAt.get(job.jobId) ?? 0)) return;
        return startProving(job);
      case "submit":
        return submit(job);
      case "end":
        views.forget(job.jobId);
        lookedAt.delete(job.jobId);
        retryAt.delete(job.jobId);
        gasToSettle.delete(job.jobId);
        await update(job, { status: step.status, reason: step.reason, endedAt: block });
    }
  };

  const read = async (): Promise<{ now: bigint; blockTime: bigint }> => {
    for (;;) {
      const step = await watch(chain, await store.cursor(), config.watch);
      if (step.rolledBackTo !== null) {
        logger.warn({ block: step.rolledBackTo }, "the chain was reorganised");
        await rollBack(store, step.rolledBackTo);
        outbox.forget();
      }
      await applyEvents(store, step.events, sender.address);
      block = step.head.number;
      // Only now: after a crash in between the same events come again, and change nothing.
      await store.setCursor(step.cursor);
      // A head that lags behind the wall clock must not make a deadline look further away than it is.
      const now = BigInt(Math.max(step.head.timestamp, Math.floor(clock.now() / 1000)));
      if (!step.behind || abort.signal.aborted) return { now, blockTime: BigInt(step.head.timestamp) };
    }
  };

  /** What fails for now is logged, and taken up at the next tick. */
  const patiently = async (what: object, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof VerigradError) || error.consequence === "ESCALATE") throw error;
      logger.warn({ ...what, code: error.code, error: error.message }, "has to wait");
    }
  };

  const idle = async (): Promise<void> => {
    await Promise.all([trials.idle(), ...[...proving.values()].map(({ done }) => done)]);
  };

  return {
    tick: async () => {
      const { now, blockTime } = await read();
      // SAFETY: what has collateral at stake comes first, and the rest in portions, so that a flood of requests cannot make it
      // late.
      const open = await store.list({ open: true });
      const [staked, waiting] = [open.filter(isStaked), open.filter((job) => !isStaked(job))];
      // Each has its turn: those that were looked at longest ago come first.
      waiting.sort((a, b) => (lookedAt.get(a.jobId) ?? 0) - (lookedAt.get(b.jobId) ?? 0));
      const until = clock.now() + WAITING_MS;
      for (const [i, job] of [...staked, ...waiting].entries()) {
        if (abort.signal.aborted) return;
        if (i >= staked.length) {
          if (clock.now() >= until && i > staked.length) break;
          lookedAt.set(job.jobId, ++looks);
        }
        // Anew: a proof may have ended since.
        await patiently({ jobId: job.jobId }, async () => advance((await store.get(job.jobId)) ?? job, now, blockTime));
      }
      await patiently({}, () => outbox.tidy());
      // SAFETY: a trial may take long, and must not delay a proof that a claim depends on.
      if (proving.size === 0 && !(await store.list({ open: true })).some(awaitsProof)) trials.start();
    },
    idle,
    stop: () => {
      abort.abort();
      return idle();
    },
  };
}
