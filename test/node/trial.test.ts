// SPDX-License-Identifier: GPL-3.0-or-later
// Trial proofs: what a machine cannot prove is found out before collateral depends on it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { ChainReader } from "../../verifier/chain/client.ts";
import { chainError } from "../../verifier/chain/errors.ts";
import { toHex } from "../../verifier/chain/hashes.ts";
import { calls, type Sender } from "../../verifier/chain/transactions.ts";
import type { Hex } from "../../verifier/chain/types.ts";
import { VerigradError } from "../../verifier/errors.ts";
import { openOpenings, type Openings } from "../../verifier/hub/openings.ts";
import { openHub, type Hub } from "../../verifier/hub/store.ts";
import { memoryStore } from "../../verifier/node/memoryStore.ts";
import type { Prover } from "../../verifier/node/prover.ts";
import { TRIAL_RUNS, TRIAL_WAITS, trialInput } from "../../verifier/node/trial.ts";
import type { JobStore } from "../../verifier/node/types.ts";
import { makeOpening, serializeOpening } from "../../verifier/proofs/commitment.ts";
import type { InputMode, Statement } from "../../verifier/proofs/types.ts";
import { decodeTensors } from "../../verifier/tensor/codec.ts";
import { TENSOR_TYPES, TYPE_INFO, type TensorSpec } from "../../verifier/tensor/spec.ts";
import { FUNDS, newTestChain, type TestChain } from "../helpers/chain.ts";
import { chainsClock, nodesOn, OPERATOR, settle } from "../helpers/nodes.ts";
import { MOCK_SELECTOR } from "../helpers/mock-proofs.ts";
import { mockPackageFiles, tinyGraph, writeFiles } from "../helpers/packages.ts";

const SETTLED = "settled: settled by this node";
const specs = tinyGraph().inputs.map(({ spec }) => spec);
const isTrial = ({ context }: Statement): boolean => context === 0n;

describe("trial proofs of the operator's node", () => {
  let root: string;
  let chain: TestChain;
  let hub: Hub;
  let openings: Openings;
  let modelId: Hex;
  let other: Hex;
  let cid: string;
  let snapshot: { restore(): Promise<void> };
  const nodes = nodesOn(() => ({ chain, hub, openings }), {});
  const { nodeWith } = nodes;

  const newModel = async (salt: number, inputMode: InputMode = "PUBLIC"): Promise<{ modelId: Hex; cid: string }> => {
    const files = mockPackageFiles({ salt, inputMode });
    await writeFiles(join(root, `package-${salt}`), files);
    await hub.add(join(root, `package-${salt}`));
    return chain.registerModel(files);
  };
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-trial-"));
    chain = await newTestChain();
    hub = await openHub(join(root, "hub"));
    openings = openOpenings(join(root, "openings"));
    ({ modelId, cid } = await newModel(1));
    ({ modelId: other } = await newModel(2));
  });
  beforeEach(async () => {
    snapshot = await chain.networkHelpers.takeSnapshot();
  });
  afterEach(async () => {
    await snapshot.restore();
    await nodes.close();
  });
  after(async () => {
    await chain.close();
    await rm(root, { recursive: true });
  });

  let nonce = 0n;
  const ask = async (of: Hex, proofWindow = 1200n): Promise<Hex> =>
    chain.submitRequest(await chain.makeRequest(of, { nonce: ++nonce, proofWindow }));
  /** A job that this account has claimed already. */
  const claimed = async (of: Hex): Promise<Hex> => {
    const request = await chain.makeRequest(of, { nonce: ++nonce });
    const jobId = await chain.submitRequest(request);
    await chain.senderOf(OPERATOR).send(calls.claim(chain.deployment, request), { pollMs: 1 });
    return jobId;
  };
  const transactions = (): Promise<number> =>
    chain.ethers.provider.getTransactionCount(chain.accounts[OPERATOR]?.address as string);

  const never = new Promise<void>(() => undefined);
  const aborted = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      const stop = (): void => reject(new VerigradError("ABORTED", "proving was stopped"));
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop);
    });
  /** Notes what a prover is asked for, and lets `before` delay it or fail in its place. */
  const watched = (before: (statement: Statement) => Promise<void> = async () => undefined) => {
    const asked: Statement[] = [];
    const prover = (opened: Prover): Prover => ({
      ...opened,
      prove: async (directory, statement, work) => {
        asked.push(statement);
        await Promise.race([before(statement), aborted(work?.signal as AbortSignal)]);
        return opened.prove(directory, statement, work);
      },
    });
    return { asked, prover, kinds: () => asked.map((statement) => (isTrial(statement) ? "trial" : "job")) };
  };
  /** A promise that the test resolves. */
  const newGate = (): { readonly opened: Promise<void>; readonly open: () => void } => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    return { opened, open: () => open() };
  };
  /** A clock that a test moves on, in seconds. */
  const newClock = () => {
    let seconds = 0;
    return {
      now: () => chainsClock.now() + 1000 * seconds,
      set: (to: number) => void (seconds = to),
      get: () => seconds,
    };
  };

  it("claims nothing before a random input of the model was proven, once a model", async () => {
    const gate = newGate();
    const { asked, prover, kinds } = watched(() => gate.opened);
    const { node, statusOf } = nodeWith({ prover });
    const before = await transactions();
    const jobs = [await ask(modelId), await ask(modelId)];
    await node.tick();
    expect(await statusOf(jobs[0] as Hex)).to.equal(`open: ${TRIAL_WAITS}`);
    await node.tick();
    await node.tick();
    for (const jobId of jobs) expect(await statusOf(jobId)).to.equal(`open: ${TRIAL_RUNS}`);
    expect(await transactions()).to.equal(before);
    expect(kinds()).to.deep.equal(["trial"]);
    expect(asked[0]?.input).to.deep.equal(trialInput(modelId, specs));
    gate.open();
    await node.idle();
    await settle(node, 8);
    for (const jobId of jobs) expect(await statusOf(jobId)).to.equal(SETTLED);
    expect(kinds()).to.deep.equal(["trial", "job", "job"]);
  });

  it("measures nothing with a clock that is set back meanwhile", async () => {
    const clock = newClock();
    const { prover } = watched(async (statement) => {
      if (isTrial(statement)) clock.set(-3_600);
    });
    const { node, statusOf } = nodeWith({ prover, clock });
    const jobId = await ask(modelId, 30n); // less than what is kept for the settlement alone
    await settle(node, 6);
    expect(await statusOf(jobId)).to.equal("dropped: its proof window is too short");
  });

  it("makes no proof again that ended in the middle of a tick", async () => {
    const gate = newGate();
    const { kinds, prover } = watched(() => gate.opened);
    const memory = memoryStore();
    let during = false;
    const store: JobStore = {
      ...memory,
      list: async (filter) => {
        const list = await memory.list(filter);
        if (during) {
          during = false;
          gate.open();
          await node.idle(); // as long as a tick's other jobs may take
        }
        return list;
      },
    };
    const { node, statusOf } = nodeWith({ prover, store, config: { proving: { trial: false } } });
    const own = await claimed(modelId);
    await node.tick();
    expect(await statusOf(own)).to.equal("proving");
    during = true;
    await settle(node, 6);
    expect(kinds()).to.deep.equal(["job"]);
    expect(await statusOf(own)).to.equal(SETTLED);
  });

  it("claims at once where the configuration asks for no trial", async () => {
    const { kinds, prover } = watched();
    const { node, statusOf } = nodeWith({ prover, config: { proving: { trial: false } } });
    const jobId = await ask(modelId);
    await node.tick();
    expect(await statusOf(jobId)).to.equal("claiming");
    await settle(node);
    expect(kinds()).to.deep.equal(["job"]);
  });

  it("takes the trial's time for its guess, and promises less after a slower proof only", async () => {
    for (const expectedSeconds of [1, 80_000]) {
      const clock = newClock();
      const times = [100, 20, 0];
      const { prover } = watched(async () => clock.set(clock.get() + (times.shift() as number)));
      const { node, statusOf } = nodeWith({ prover, clock, config: { proving: { expectedSeconds } } });
      const before = await transactions();
      // 100 seconds and a little, twice, and 60 to submit
      const short = await ask(modelId, 250n);
      await settle(node);
      expect(await statusOf(short)).to.equal("dropped: its proof window is too short");
      expect(await transactions()).to.equal(before);
      const enough = await ask(modelId, 270n);
      await settle(node);
      expect(await statusOf(enough)).to.equal(SETTLED);
      // The mean of 100 and 20, which is more than 20: twice, and 60 to submit
      const shorter = await ask(modelId, 170n);
      const again = await ask(modelId, 190n);
      await settle(node);
      expect(await statusOf(shorter)).to.equal("dropped: its proof window is too short");
      expect(await statusOf(again)).to.equal(SETTLED);
    }
  });

  it("never claims for a model whose trials crash, each made later than the one before; it costs no collateral", async () => {
    const clock = newClock();
    const { kinds, prover } = watched();
    const { node, statusOf } = nodeWith({ system: "crashingProofs", prover, clock });
    const before = await transactions();
    const jobId = await ask(modelId);
    for (const [at, proofs] of [
      [0, 1],
      [9, 1],
      [11, 2],
      [50, 2],
      [60, 3],
    ] as const) {
      clock.set(at);
      await settle(node, 3);
      expect(kinds().length, `after ${at} s`).to.equal(proofs);
      expect(await statusOf(jobId)).to.match(proofs < 3 ? /^open: .* failed \(PROVER_CRASHED\)/ : /^dropped: /);
    }
    expect(await statusOf(jobId)).to.equal("dropped: its trial proof failed here (PROVER_CRASHED)");
    const next = await ask(modelId);
    clock.set(10_000);
    await settle(node, 3);
    expect(await statusOf(next)).to.equal("dropped: its trial proof failed here (PROVER_CRASHED)");
    expect(kinds().length).to.equal(3);
    expect(await transactions()).to.equal(before);
    const { bonded, exposure } = await chain.chain.stakeOf(
      chain.deployment.tokens[0] as Hex,
      chain.accounts[OPERATOR]?.address as Hex,
    );
    expect([bonded, exposure]).to.deep.equal([FUNDS, 0n]);
  });

  it("claims once a trial that had failed for want of a moment succeeds", async () => {
    const clock = newClock();
    const { kinds, prover } = watched();
    const { node, statusOf } = nodeWith({ system: "flakyProofs", prover, clock });
    const jobId = await ask(modelId);
    await settle(node, 3);
    expect(await statusOf(jobId)).to.match(/^open: .* failed \(PROVER_CRASHED\)/);
    clock.set(10);
    await settle(node, 7);
    expect(await statusOf(jobId)).to.equal(SETTLED);
    expect(kinds()).to.deep.equal(["trial", "trial", "job"]);
    await rm(join(root, "hub/packages", `${cid}.crashed`));
  });

  for (const system of ["lyingProofs", "unsoundProofs"]) {
    it(`never claims for a model whose trial its own checks refuse (${system})`, async () => {
      const { kinds, prover } = watched();
      const { node, statusOf } = nodeWith({ system, prover });
      const before = await transactions();
      const jobId = await ask(modelId);
      await settle(node);
      expect(await statusOf(jobId)).to.equal("dropped: its trial proof failed here (PROVE_FAILED)");
      expect(await transactions()).to.equal(before);
      expect(kinds(), "it would fail again").to.deep.equal(["trial"]);
    });
  }

  /** A chain whose verifier of trials is another; it notes what it is asked for. */
  const chainWith = (verdict: ChainReader["verify"]) => {
    const asked: Parameters<ChainReader["verify"]>[] = [];
    const verify: ChainReader["verify"] = async (...args) => {
      asked.push(args);
      return verdict(...args);
    };
    return { asked, chain: { ...chain.chain, verify } };
  };

  it("asks the chain whether a trial's proof holds, with no more gas than a market gives it", async () => {
    const { asked, chain: asking } = chainWith((...args) => chain.chain.verify(...args));
    const { node, statusOf } = nodeWith({ chain: asking });
    const jobId = await ask(modelId);
    await settle(node, 8);
    expect(await statusOf(jobId)).to.equal(SETTLED);
    expect(asked.length, "for the trial, not for the job").to.equal(1);
    const [[at, claim, gas]] = asked as [Parameters<ChainReader["verify"]>];
    expect(at).to.equal(await chain.chain.proofSystem(MOCK_SELECTOR));
    expect([claim.context, claim.input]).to.deep.equal([0n, toHex(trialInput(modelId, specs))]);
    expect(gas).to.equal(Number(await chain.market.getFunction("MAX_VERIFY_GAS")()));
  });

  for (const verdict of ["OutOfGas", "InvalidProof"]) {
    it(`never claims for a model whose trial the chain refuses (${verdict})`, async () => {
      const { kinds, prover } = watched();
      const { node, statusOf } = nodeWith({ prover, chain: chainWith(async () => verdict).chain });
      const before = await transactions();
      const jobs = [await ask(modelId), await ask(modelId)];
      await settle(node, 8);
      for (const jobId of jobs) {
        expect(await statusOf(jobId)).to.equal("dropped: its trial proof failed here (PROVE_FAILED)");
      }
      expect(await transactions()).to.equal(before);
      expect(kinds(), "it would be refused again").to.deep.equal(["trial"]);
    });
  }

  it("makes a trial again where the chain could not be asked, and claims nothing before it was", async () => {
    const clock = newClock();
    const { kinds, prover } = watched();
    let answers = false;
    const { asked, chain: silent } = chainWith(async (...args) => {
      if (answers) return chain.chain.verify(...args);
      throw chainError(Object.assign(new Error("no answer"), { code: "TIMEOUT" }));
    });
    const { node, statusOf } = nodeWith({ prover, clock, chain: silent });
    const before = await transactions();
    const jobId = await ask(modelId);
    await settle(node, 4);
    expect(await statusOf(jobId)).to.match(/^open: .* failed \(CHAIN_UNREACHABLE\)/);
    expect(await transactions()).to.equal(before);
    answers = true;
    clock.set(11);
    await settle(node, 8);
    expect(await statusOf(jobId)).to.equal(SETTLED);
    expect(kinds()).to.deep.equal(["trial", "trial", "job"]);
    expect(asked.length).to.equal(2);
  });

  it("starts no trial beside a proof of what is claimed, however slowly that is written down", async () => {
    const gate = newGate();
    const { asked, kinds, prover } = watched((statement) => (isTrial(statement) ? Promise.resolve() : gate.opened));
    const memory = memoryStore();
    const slow: JobStore = {
      ...memory,
      put: async (job) => {
        if (job.status === "proving") await new Promise((resolve) => setTimeout(resolve, 200));
        return memory.put(job);
      },
    };
    const { node, statusOf } = nodeWith({ store: slow, prover });
    const own = await claimed(modelId);
    const alike = await ask(modelId);
    const waiting = await ask(other);
    for (let i = 0; i < 4; i++) {
      await node.tick();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(kinds()).to.deep.equal(["job"]);
    expect(await statusOf(waiting)).to.equal(`open: ${TRIAL_WAITS}`);
    gate.open();
    await node.idle();
    await settle(node, 12);
    for (const jobId of [own, alike, waiting]) expect(await statusOf(jobId)).to.equal(SETTLED);
    const trials = asked.filter(isTrial).map(({ input }) => input);
    expect(trials, "none of what was proven meanwhile").to.deep.equal([trialInput(other, specs)]);
  });

  it("starts no trial while a signed claim may land, and sends that claim without one", async () => {
    const real = chain.senderOf(OPERATOR);
    let lost = true;
    const sender: Sender = { ...real, broadcast: async (signed) => (lost ? undefined : real.broadcast(signed)) };
    const store = memoryStore();
    const own = await ask(modelId);
    const before = nodeWith({ store, sender, config: { proving: { trial: false } } });
    await settle(before.node, 2);
    expect(await before.statusOf(own)).to.equal("claiming");
    const waiting = await ask(other);
    const { kinds, prover } = watched();
    const clock = newClock();
    const { node, statusOf } = nodeWith({ store, sender, prover, clock });
    await settle(node, 3);
    expect(kinds()).to.deep.equal([]);
    expect(await statusOf(waiting)).to.equal(`open: ${TRIAL_WAITS}`);
    lost = false;
    clock.set(31); // broadcast again, not given up
    await settle(node, 10);
    expect(await statusOf(own)).to.equal(SETTLED);
    expect(await statusOf(waiting)).to.equal(SETTLED);
    expect(kinds()).to.deep.equal(["job", "trial", "job"]);
  });

  it("is held back by no job that it holds back, nor by one that is proven", async () => {
    const real = chain.senderOf(OPERATOR);
    const silent: Sender = { ...real, broadcast: async () => undefined };
    const own = await claimed(modelId);
    // As a restart may find them: a claim that was overtaken, a proof broken off, a failure.
    const begun = { claiming: await ask(other), proving: await ask(other), open: await ask(other) } as const;
    const poor = { ...silent, affords: async () => false };
    const before = nodeWith({ sender: poor, config: { proving: { trial: false } } });
    await settle(before.node, 1);
    expect(await before.statusOf(own)).to.equal("proven");
    const { store } = before;
    for (const [status, jobId] of Object.entries(begun) as [keyof typeof begun, Hex][]) {
      const job = await store.get(jobId);
      if (job === null) throw new Error("not seen");
      await store.put({ ...job, status, failures: 1 });
    }
    const ready = await store.get(own);
    if (ready === null) throw new Error("not seen");
    await store.put({ ...ready, claim: { hash: own, nonce: 0, raw: "0x", replaced: [] } });
    const { kinds, prover } = watched();
    const { node, statusOf } = nodeWith({ store, sender: silent, prover });
    await settle(node, 3);
    expect(await statusOf(own)).to.match(/^submitting/);
    expect(kinds()).to.deep.equal(["trial"]);
    for (const jobId of Object.values(begun)) expect(await statusOf(jobId)).to.match(/^claiming/);
  });

  it("breaks a trial off when a claimed job needs the prover, and makes it again; that is no failure", async function () {
    this.timeout(30_000);
    let hanging = true;
    const { kinds, prover } = watched((statement) => (hanging && isTrial(statement) ? never : Promise.resolve()));
    const { node, statusOf } = nodeWith({ prover, config: { proving: { maxFailures: 1 } } });
    const waiting = await ask(other);
    await node.tick();
    await node.tick();
    expect(await statusOf(waiting)).to.equal(`open: ${TRIAL_RUNS}`);
    const own = await claimed(modelId);
    await settle(node, 1); // would wait for the trial for ever
    hanging = false;
    await settle(node, 8);
    expect(await statusOf(own)).to.equal(SETTLED);
    expect(await statusOf(waiting)).to.equal(SETTLED);
    expect(kinds()).to.deep.equal(["trial", "job", "trial", "job"]);
  });

  it("counts a running trial among the proofs that come before a new claim's", async () => {
    let hanging = false;
    const { prover } = watched((statement) => (hanging && isTrial(statement) ? never : Promise.resolve()));
    const { node, statusOf } = nodeWith({ prover, config: { proving: { expectedSeconds: 100 } } });
    const first = await ask(modelId);
    await settle(node);
    expect(await statusOf(first)).to.equal(SETTLED);
    hanging = true;
    await ask(other);
    await node.tick();
    const tight = await ask(modelId, 200n); // enough without the trial: twice some seconds, and 60
    await node.tick();
    expect(await statusOf(tight)).to.equal("open: too many proofs are queued before it");
    const wide = await ask(modelId);
    await node.tick();
    expect(await statusOf(wide)).to.equal("claiming");
  });

  it("makes one trial at a time", async () => {
    const gates = [newGate(), newGate()];
    let at = 0;
    const { asked, kinds, prover } = watched(async (statement) => {
      if (isTrial(statement)) await gates[at++]?.opened;
    });
    const { node, statusOf } = nodeWith({ prover });
    const jobs = [await ask(modelId), await ask(other)];
    for (let i = 0; i < 4; i++) await node.tick();
    expect(kinds()).to.deep.equal(["trial"]);
    expect(await statusOf(jobs[0] as Hex)).to.equal(`open: ${TRIAL_RUNS}`);
    expect(await statusOf(jobs[1] as Hex)).to.equal(`open: ${TRIAL_WAITS}`);
    for (const gate of gates) gate.open();
    await node.idle();
    await settle(node, 12);
    for (const jobId of jobs) expect(await statusOf(jobId)).to.equal(SETTLED);
    const trials = asked.filter(isTrial).map(({ input }) => input);
    expect(trials).to.deep.equal([trialInput(modelId, specs), trialInput(other, specs)]);
  });

  it("proves what was claimed before a restart without a trial; its proof is as good as one", async () => {
    const { kinds, prover } = watched();
    const { node, statusOf } = nodeWith({ prover });
    const own = await claimed(modelId);
    await settle(node);
    expect(await statusOf(own)).to.equal(SETTLED);
    const next = await ask(modelId);
    await settle(node);
    expect(await statusOf(next)).to.equal(SETTLED);
    expect(kinds()).to.deep.equal(["job", "job"]);
  });

  it("proves what is claimed even of a model whose trial failed", async () => {
    const { kinds, prover } = watched(async (statement) => {
      if (isTrial(statement)) throw new VerigradError("PROVE_FAILED", "no");
    });
    const { node, statusOf } = nodeWith({ prover });
    const refused = await ask(modelId);
    await settle(node, 3);
    expect(await statusOf(refused)).to.match(/^dropped: its trial proof failed here/);
    const own = await claimed(modelId);
    await settle(node);
    expect(await statusOf(own)).to.equal(SETTLED);
    expect(kinds()).to.deep.equal(["trial", "job"]);
  });

  it("tries models of committed inputs with a commitment of its own, under a salt of its own", async () => {
    const { modelId: committed } = await newModel(3, "COMMITTED");
    const opening = await makeOpening(specs, Uint8Array.of(1, 2, 3, 4));
    const salts: unknown[] = [];
    for (let run = 0; run < 2; run++) {
      const { asked, kinds, prover } = watched();
      const { node, statusOf } = nodeWith({ prover });
      const change = { inputMode: 1 as const, input: opening.commitment, nonce: ++nonce };
      const jobId = await chain.submitRequest(await chain.makeRequest(committed, change));
      await openings.add(specs, serializeOpening(opening), jobId);
      await settle(node, 8);
      expect(await statusOf(jobId)).to.equal(SETTLED);
      expect(kinds()).to.deep.equal(["trial", "job"]);
      salts.push(asked[0]?.salt);
    }
    expect(salts[0]).to.be.a("bigint");
    expect(salts[0]).to.not.equal(salts[1]);
  });

  it("is ended by stopping the node, which starts no other", async function () {
    this.timeout(20_000);
    const { kinds, prover } = watched();
    const { node, statusOf } = nodeWith({ system: "hangingProofs", prover, config: { proving: { maxFailures: 1 } } });
    const jobId = await ask(modelId);
    await node.tick();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await node.stop();
    expect(kinds()).to.deep.equal(["trial"]);
    expect(await statusOf(jobId), "being stopped is no failure").to.equal(`open: ${TRIAL_WAITS}`);
    await node.tick();
    expect(kinds()).to.deep.equal(["trial"]);
  });

  it("is not begun when the node is stopped in the middle of a tick", async () => {
    const { kinds, prover } = watched();
    const memory = memoryStore();
    let waits = false;
    const store: JobStore = {
      ...memory,
      put: async (job) => {
        waits ||= job.reason === TRIAL_WAITS;
        return memory.put(job);
      },
      list: async (filter) => {
        if (waits) await node.stop();
        return memory.list(filter);
      },
    };
    const { node } = nodeWith({ store, prover });
    await ask(modelId);
    await node.tick();
    await node.idle();
    expect(waits).to.equal(true);
    expect(kinds()).to.deep.equal([]);
  });
});

describe("the input of a trial", () => {
  const idOf = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;

  it("follows from the model's id", () => {
    expect(trialInput(idOf(1), specs)).to.deep.equal(trialInput(idOf(1), specs));
    const many: TensorSpec[] = [{ shape: [64], type: "u8", exponent: 0, lo: 0, hi: 255 }];
    expect(trialInput(idOf(1), many)).to.not.deep.equal(trialInput(idOf(2), many));
  });

  it("takes every value of every declared range about as often as any other", () => {
    const narrow = TENSOR_TYPES.map((type): TensorSpec => {
      const { lo } = TYPE_INFO[type];
      return { shape: [50, 20], type, exponent: 0, lo: lo + 1, hi: lo + 4 };
    });
    const seen = decodeTensors(narrow, trialInput(idOf(3), narrow)).map((values, i) =>
      [1, 2, 3, 4].map((step) => values.filter((v) => v === (narrow[i] as TensorSpec).lo - 1 + step).length),
    );
    for (const counts of seen) for (const count of counts) expect(count, String(seen)).to.be.within(190, 310);
    expect(new Set(seen.map(String)).size, "no tensor repeats another").to.equal(seen.length);
    const wide: TensorSpec[] = [{ shape: [1000], type: "i32", exponent: 0, ...{ lo: -(2 ** 31), hi: 2 ** 31 - 1 } }];
    const [values] = decodeTensors(wide, trialInput(idOf(4), wide));
    expect(values?.filter((value) => value < 0).length).to.be.within(400, 600);
    expect(Math.max(...(values ?? []))).to.be.greaterThan(2 ** 31 * 0.95);
    expect(Math.min(...(values ?? []))).to.be.lessThan(-(2 ** 31) * 0.95);
  });
});
