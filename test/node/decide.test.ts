// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { ZERO_ADDRESS, type Address, type JobRecord } from "../../verifier/chain/types.ts";
import { parseNodeConfig, type NodeConfig } from "../../verifier/node/config.ts";
import { decide, NOT_ENOUGH_STAKE, OVER_TRANSACTION_GAS, type View } from "../../verifier/node/decide.ts";
import type { Job } from "../../verifier/node/types.ts";
import { codeOf } from "../helpers/errors.ts";
import { sampleJob, sampleRequest, TOKEN } from "../helpers/jobs.ts";

const US: Address = `0x${"aa".repeat(20)}`;
const THEM: Address = `0x${"bb".repeat(20)}`;
const valid = { models: "any", tokens: [{ token: TOKEN, minPrice: 95, maxCollateral: 50 }] };
const config = parseNodeConfig({ ...valid, proving: { expectedSeconds: 60, safetyFactor: 2, submitSeconds: 60 } });
const rescuing: NodeConfig = { ...config, rescue: true };

const requested: JobRecord = {
  state: "Requested",
  since: 0n,
  claimer: ZERO_ADDRESS,
  price: 0n,
  challenger: ZERO_ADDRESS,
  proofSystem: THEM,
  termsIndex: 0,
  outputLength: 6,
};
const claimedBy = (claimer: Address): JobRecord => ({
  ...requested,
  state: "Claimed",
  claimer,
  price: 150n,
  since: 1500n,
});
const view: View = {
  job: requested,
  now: 1500n,
  blockTime: 1500n,
  account: US,
  freeStake: 50n,
  royaltyBps: 500,
  settlementGas: 400_000,
  queuedSeconds: 0,
  tried: true,
  provingSeconds: 60,
  output: null,
  refusal: null,
  claimingStopped: false,
};
const job = sampleJob(1);
const signed = { hash: job.jobId, nonce: 0, raw: "0x", replaced: [] } as const;
const TOO_MUCH = "dropped: it asks for too much collateral";
const proven: Job = { ...job, proof: { output: "0x", seal: "0x" } };

describe("the node's decision", () => {
  it("claims what pays and can be proven in time", () => {
    expect(decide(job, view, config)).to.deep.equal({ do: "claim", settlementGas: 400_000 });
  });

  /** One thing off at a time: [what, view, job, expected] */
  const cases: [string, Partial<View>, Partial<Job["request"]>, string][] = [
    ["price below the minimum, rising", { blockTime: 1000n, royaltyBps: 1000 }, {}, "wait: its price is still too low"],
    ["a price that never suffices", { royaltyBps: 9000 }, {}, "dropped: it never pays enough"],
    ["too little free stake", { freeStake: 49n }, {}, `wait: ${NOT_ENOUGH_STAKE}`],
    ["more collateral than allowed", { freeStake: 99n }, { collateral: 51n }, TOO_MUCH],
    ["a window one second too short", {}, { proofWindow: 179n }, "dropped: its proof window is too short"],
    ["a queue too long for the window", { queuedSeconds: 120 }, {}, "wait: too many proofs are queued before it"],
    ["a token that nobody asked for", {}, { token: THEM }, "dropped: its token is not one that this node takes"],
    [
      "a price that only a fast clock sees",
      { now: 1999n, blockTime: 1000n, royaltyBps: 1000 },
      {},
      "wait: its price is still too low",
    ],
    [
      "a callback that costs more gas than allowed",
      {},
      { callbackGas: 500_001n },
      "dropped: its callback asks for too much gas",
    ],
    ["what no transaction could settle", { settlementGas: null }, {}, `dropped: ${OVER_TRANSACTION_GAS}`],
    [
      "an optimistic job",
      { freeStake: 250n },
      { mode: 1, collateral: 0n },
      "dropped: it is optimistic, and this node is not told to take such jobs",
    ],
    ["a mode to come", {}, { mode: 2 }, "dropped: its mode is not served"],
    ["the claim deadline", { now: 2000n }, {}, "dropped: nobody may claim it any more"],
    ["the deadline", { now: 4000n }, {}, "dropped: its deadline has passed"],
    ["a model that is refused", { refusal: { reason: "no", final: true } }, {}, "dropped: no"],
    ["a package that may still come", { refusal: { reason: "soon", final: false } }, {}, "wait: soon"],
    ["an untried model", { tried: false }, {}, "try"],
    ["an untried model, whatever the guess is", { tried: false, provingSeconds: 9999, queuedSeconds: 9999 }, {}, "try"],
    [
      "an untried model while breaker is open",
      { tried: false, claimingStopped: true },
      {},
      "wait: claiming is stopped after too many failures in a row",
    ],
    ["an untried model for what never pays", { tried: false, royaltyBps: 9000 }, {}, "dropped: it never pays enough"],
    ["an open breaker", { claimingStopped: true }, {}, "wait: claiming is stopped after too many failures in a row"],
    [
      "a job that is not there",
      { job: { ...requested, state: "None" } },
      {},
      "wait: the request is not on the chain (any more)",
    ],
    ["a cancelled job", { job: { ...requested, state: "Cancelled" } }, {}, "dropped: the requester cancelled it"],
    ["an expired job", { job: { ...requested, state: "Expired" } }, {}, "dropped: it expired"],
    ["another's claim", { job: claimedBy(THEM) }, {}, "dropped: claimed by another"],
  ];
  for (const [what, change, request, expected] of cases) {
    it(`does not claim: ${what}`, () => {
      const step = decide({ ...job, request: { ...sampleRequest, ...request } }, { ...view, ...change }, config);
      const shown =
        step.do === "wait" ? `wait: ${step.why}` : step.do === "end" ? `${step.status}: ${step.reason}` : step.do;
      expect(shown).to.equal(expected);
    });
  }

  it("takes an optimistic job where it is told to, if stake covers collateral and bond", () => {
    const optimistic = { ...config, optimistic: true };
    const bonded: Job = { ...job, request: { ...sampleRequest, mode: 1, collateral: 20n, proposerBond: 30n } };
    expect(decide(bonded, { ...view, freeStake: 50n }, optimistic).do).to.equal("claim");
    expect(decide(bonded, { ...view, freeStake: 49n }, optimistic)).to.deep.equal({
      do: "wait",
      why: NOT_ENOUGH_STAKE,
    });
    const dear: Job = { ...bonded, request: { ...bonded.request, proposerBond: 31n } };
    expect(decide(dear, { ...view, freeStake: 99n }, optimistic)).to.include({ do: "end", reason: TOO_MUCH.slice(9) });
  });

  it("claims at the last second and in the shortest window that are allowed", () => {
    expect(decide(job, { ...view, now: 1999n }, config).do).to.equal("claim");
    const shortest = { ...job, request: { ...sampleRequest, proofWindow: 180n } };
    expect(decide(shortest, view, config).do).to.equal("claim");
  });

  it("never forgets a claim that may still land, until the deadline", () => {
    const claiming = { ...job, claim: signed };
    for (const change of [{ now: 2500n }, { claimingStopped: true }, { tried: false }]) {
      expect(decide(claiming, { ...view, ...change }, config).do).to.equal("claim");
    }
    const refused = { ...view, refusal: { reason: "no", final: true } };
    expect(decide(claiming, refused, config).do, "kept, but not sent again").to.equal("wait");
    expect(decide(claiming, { ...view, now: 4000n }, config).do, "by a clock that is ahead").to.equal("claim");
    expect(decide(claiming, { ...view, now: 4000n, blockTime: 4000n }, config).do).to.equal("end");
  });

  it("proves, then submits, what it has claimed, also late, tried or not, but not after the deadline", () => {
    for (const [i, now] of [1500n, 1799n, 1800n, 3999n].entries()) {
      const own = { ...view, job: claimedBy(US), now, tried: i % 2 === 0 };
      expect(decide(job, own, config).do).to.equal("prove");
      expect(decide(proven, own, config).do).to.equal("submit");
    }
    const late = { ...view, job: claimedBy(US), now: 4000n };
    expect(decide(proven, late, config).do, "by a clock that is ahead").to.equal("submit");
    expect(decide(proven, { ...late, blockTime: 4000n }, config).do).to.equal("end");
  });

  it("does not show an output to a requester who may cancel at once", () => {
    const late = { ...view, now: 2000n };
    const announced = { ...late, job: { ...requested, since: 1200n } };
    for (const candidate of [job, proven]) {
      expect(decide(candidate, late, rescuing).do).to.be.oneOf(["prove", "submit"]);
      expect(decide(candidate, announced, rescuing)).to.deep.include({
        do: "end",
        reason: "its cancellation is announced",
      });
    }
  });

  it("waits with its own claim for a package or a check that is still to come, and submits what is proven", () => {
    const own = { ...view, job: claimedBy(US), refusal: { reason: "soon", final: false } };
    expect(decide(job, own, config)).to.deep.equal({ do: "wait", why: "soon" });
    expect(decide(proven, own, config).do).to.equal("submit");
  });

  it("rescues only when told to, after the window, and while there is time", () => {
    const theirs = { ...view, job: claimedBy(THEM) };
    expect(decide(job, { ...theirs, now: 1799n }, rescuing).do).to.equal("wait");
    expect(decide(job, { ...theirs, now: 1800n }, rescuing).do).to.equal("prove");
    expect(decide(proven, { ...theirs, now: 1800n }, rescuing).do).to.equal("submit");
    expect(decide(job, { ...theirs, now: 3821n }, rescuing).do).to.equal("end");
    expect(decide(job, { ...view, now: 2000n }, rescuing).do, "unclaimed").to.equal("prove");
    const untried = { tried: false, now: 2000n };
    expect(decide(job, { ...view, ...untried }, rescuing).do, "nothing is at stake").to.equal("prove");
    expect(decide(job, { ...theirs, ...untried }, rescuing).do, "nothing is at stake").to.equal("prove");
    const tooDear = { ...theirs, now: 1800n, settlementGas: null };
    expect(decide(job, tooDear, rescuing)).to.include({ do: "end", reason: OVER_TRANSACTION_GAS });
    const own = { ...view, job: claimedBy(US), settlementGas: null };
    expect(decide(job, own, rescuing).do, "a bound is no reason to give up what is claimed").to.equal("prove");
  });

  describe("proposals", () => {
    const disputing: NodeConfig = { ...config, dispute: true };
    const record: JobRecord = { ...claimedBy(THEM), state: "Proposed" };
    const challenged: JobRecord = { ...record, state: "Challenged", challenger: US };
    const proposedJob: Job = {
      ...job,
      request: { ...sampleRequest, mode: 1, proposerBond: 200n, challengerBond: 100n, challengeWindow: 600n },
      proposal: { output: "0x01", position: job.requestedAt },
    };
    const seen: View = { ...view, job: record, output: "0x02" };
    const shown = (of: Job, at: View, by = disputing): string => {
      const step = decide(of, at, by);
      return step.do === "wait" ? `wait: ${step.why}` : step.do === "end" ? `${step.status}: ${step.reason}` : step.do;
    };

    it("proves against a wrong proposal until its challenge window is over, and submits", () => {
      expect(shown(proposedJob, seen)).to.equal("prove");
      expect(shown({ ...proposedJob, proof: proven.proof }, { ...seen, now: 2099n })).to.equal("submit");
      expect(shown({ ...proposedJob, proof: proven.proof }, { ...seen, now: 2100n })).to.match(/^wait: the time/);
      expect(shown(proposedJob, { ...seen, now: 1920n })).to.equal("prove");
      expect(shown(proposedJob, { ...seen, now: 1921n })).to.equal("wait: too little time is left to dispute it");
    });

    it("leaves a right proposal alone, and defends it when it is challenged", () => {
      const right = { ...seen, output: "0x01" } as const;
      expect(shown(proposedJob, right)).to.equal("wait: its proposal is right");
      expect(shown(proposedJob, { ...right, job: challenged })).to.equal("prove");
      const poor = { ...proposedJob, request: { ...proposedJob.request, challengerBond: 94n } };
      expect(shown(poor, { ...right, job: challenged })).to.equal("dropped: to dispute it never pays enough");
      expect(shown(proposedJob, { ...right, job: challenged, now: 1800n })).to.match(/^wait: the time/);
    });

    it("does nothing unless told to, unasked, unconfirmed, unpaid or for what it could not rebuild", () => {
      expect(shown(proposedJob, seen, config)).to.match(/^dropped: .* does not dispute$/);
      expect(shown({ ...proposedJob, proposal: null }, seen)).to.match(/^wait: .* confirmed$/);
      expect(shown(proposedJob, { ...seen, output: null })).to.match(/^wait: .* confirmed$/);
      expect(shown(proposedJob, { ...seen, royaltyBps: 9000 })).to.equal("dropped: to dispute it never pays enough");
      const elsewhere = { ...proposedJob, request: { ...proposedJob.request, token: THEM } };
      expect(shown(elsewhere, seen)).to.equal("dropped: to dispute it never pays enough");
      expect(shown(proposedJob, { ...seen, refusal: { reason: "no", final: true } })).to.equal("dropped: no");
      expect(shown(proposedJob, { ...seen, refusal: { reason: "soon", final: false } })).to.equal("wait: soon");
      const greedy = { ...proposedJob, request: { ...proposedJob.request, callbackGas: 500_001n } };
      expect(shown(greedy, seen)).to.equal("dropped: its callback asks for too much gas");
      expect(shown(proposedJob, { ...seen, settlementGas: null })).to.equal(`dropped: ${OVER_TRANSACTION_GAS}`);
    });
  });

  it("believes in a settlement when the market's event says who was paid", () => {
    const settled = { ...view, job: { ...claimedBy(US), state: "Settled" as const } };
    expect(decide(proven, settled, config).do).to.equal("wait");
    const paid = (payee: Address): Job => ({ ...proven, settlement: { payee, position: job.requestedAt } });
    expect(decide(paid(US), settled, config)).to.include({ do: "end", status: "settled" });
    expect(decide(paid(THEM), settled, config)).to.include({ do: "end", status: "dropped" });
  });

  it("whatever it is told, claims only open jobs, in time, that it can afford, and that pay", () => {
    const anything = fc.record({
      now: fc.bigInt({ min: 0n, max: 5000n }),
      freeStake: fc.bigInt({ min: 0n, max: 100n }),
      royaltyBps: fc.integer({ min: 0, max: 10_000 }),
      blockTime: fc.bigInt({ min: 0n, max: 5000n }),
      queuedSeconds: fc.nat(300),
      provingSeconds: fc.integer({ min: 1, max: 400 }),
      tried: fc.boolean(),
      job: fc.constantFrom(requested, claimedBy(US), claimedBy(THEM), { ...requested, state: "Cancelled" as const }),
    });
    fc.assert(
      fc.property(anything, fc.boolean(), (change, rescue) => {
        const seen = { ...view, ...change };
        if (decide(job, seen, { ...config, rescue }).do !== "claim") return;
        const price =
          seen.blockTime >= 2000n
            ? 200n
            : 100n + (100n * (seen.blockTime > 1000n ? seen.blockTime - 1000n : 0n)) / 1000n;
        expect(seen.job.state).to.equal("Requested");
        expect(seen.tried).to.equal(true);
        expect(seen.now < 2000n).to.equal(true);
        expect(seen.freeStake >= 50n).to.equal(true);
        expect(price - (price * BigInt(seen.royaltyBps)) / 10_000n >= 95n).to.equal(true);
        expect((seen.provingSeconds + seen.queuedSeconds) * 2 + 60 <= 300).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the node's configuration", () => {
  it("takes a valid one and refuses it with any one field broken", async () => {
    expect(config.watch.pollMs).to.equal(2000);
    const broken: Record<string, unknown>[] = [
      { models: [] },
      { models: ["0x12"] },
      { tokens: [] },
      { tokens: [{ token: TOKEN, minPrice: -1, maxCollateral: 1 }] },
      { tokens: [{ token: TOKEN, minPrice: 1.5, maxCollateral: 1 }] },
      { tokens: [{ token: TOKEN, minPrice: 1 }] },
      { acceptInsecure: "yes" },
      { watch: { pollMs: 0 } },
      { watch: { confirmation: 1 } },
      { proving: { safetyFactor: 0.5 } },
      { breakerFailures: 0 },
      { unknown: 1 },
    ];
    for (const change of broken) {
      expect(await codeOf(() => parseNodeConfig({ ...valid, ...change })), JSON.stringify(change)).to.equal(
        "CONFIG_INVALID",
      );
    }
  });
});
