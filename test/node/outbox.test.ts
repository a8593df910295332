// SPDX-License-Identifier: GPL-3.0-or-later
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Transaction } from "ethers";
import {
  calls,
  type Call,
  type Receipt,
  type Sender,
  type SignedTransaction,
} from "../../verifier/chain/transactions.ts";
import type { Hex } from "../../verifier/chain/types.ts";
import { VerigradError } from "../../verifier/errors.ts";
import { openOpenings } from "../../verifier/hub/openings.ts";
import { openHub } from "../../verifier/hub/store.ts";
import { parseNodeConfig } from "../../verifier/node/config.ts";
import { memoryStore } from "../../verifier/node/memoryStore.ts";
import { createNode, type OperatorNode } from "../../verifier/node/node.ts";
import { openOutbox, REBROADCAST_MS, REPLACE_MS, type Outbox } from "../../verifier/node/outbox.ts";
import { openProver, type Prover } from "../../verifier/node/prover.ts";
import type { Job, JobStore, Logger } from "../../verifier/node/types.ts";
import { newTestChain, type TestChain } from "../helpers/chain.ts";
import { codeOf } from "../helpers/errors.ts";
import { sampleJob } from "../helpers/jobs.ts";
import { mockProofs } from "../helpers/mock-proofs.ts";
import { mockPackageFiles, writeFiles } from "../helpers/packages.ts";

const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const call: Call = { to: `0x${"11".repeat(20)}`, data: "0x", what: "claim" };

describe("what a node has signed", () => {
  let now: number;
  let included: number;
  let next: number;
  let receipts: Map<string, Receipt>;
  let sent: Hex[];
  let store: JobStore;
  /** What replace() signs instead: null says that enough is offered. */
  let replaces: boolean;
  let refused: VerigradError | null;

  const hashOf = (nonce: number, version: number): Hex =>
    `0x${nonce.toString(16).padStart(32, "0")}${version.toString(16).padStart(32, "0")}`;
  const include = ({ hash }: Pick<SignedTransaction, "hash">, ok = true): void => {
    receipts.set(hash, { hash, ok, blockNumber: 1, gasUsed: 1n });
    included++;
  };
  const fake = (): Sender => {
    const unused = (): never => expect.fail("not asked for");
    return {
      address: call.to,
      simulate: unused,
      sign: async () => ({ hash: hashOf(next, 0), nonce: next++, raw: "0x", replaced: [] }),
      replace: async ({ hash, nonce, replaced }, what) => {
        if (!replaces) return null;
        return {
          hash: hashOf(nonce, replaced.length + 1),
          nonce,
          raw: what === null ? "0x00" : "0x",
          replaced: [...replaced, hash],
        };
      },
      includedCount: async () => included,
      affords: unused,
      broadcast: async ({ hash }) => {
        if (refused !== null) throw refused;
        sent.push(hash);
      },
      release: () => undefined,
      receipt: async (hash) => receipts.get(hash) ?? null,
      signTypedData: unused,
      wait: unused,
      send: unused,
      close: unused,
    };
  };
  const open = (): Outbox =>
    openOutbox({
      sender: fake(),
      store,
      logger: quiet,
      clock: { now: () => now },
      maxFailures: 2,
      update: async (job, change) => {
        await store.put({ ...job, ...change });
        return { ...job, ...change };
      },
    });
  const jobOf = async (id: number): Promise<Job> => (await store.get(sampleJob(id).jobId)) ?? sampleJob(id);
  const claim = async (outbox: Outbox, id = 1): Promise<SignedTransaction | null> => {
    await outbox.transact(await jobOf(id), "claim", call);
    return (await jobOf(id)).claim;
  };

  beforeEach(() => {
    [now, included, next, receipts, sent, replaces, refused] = [1e12, 7, 7, new Map(), [], true, null];
    store = memoryStore();
  });

  it("is broadcast once, again after a while, and replaced when it is not included although it is its turn", async () => {
    const outbox = open();
    const first = await claim(outbox);
    await claim(outbox);
    expect(sent).to.deep.equal([hashOf(7, 0)]);
    now += REBROADCAST_MS;
    await claim(outbox);
    expect(sent).to.deep.equal([hashOf(7, 0), hashOf(7, 0)]);
    now += REPLACE_MS - REBROADCAST_MS - 1;
    expect(await claim(outbox), "not yet").to.deep.equal(first);
    now += 1;
    const second = await claim(outbox);
    expect(second).to.deep.include({ hash: hashOf(7, 1), nonce: 7, replaced: [hashOf(7, 0)] });
    expect(sent.at(-1)).to.equal(hashOf(7, 1));
    now += REPLACE_MS - 1;
    expect(await claim(outbox), "the new one has its time, too").to.deep.equal(second);
    now += 1;
    expect((await claim(outbox))?.replaced).to.deep.equal([hashOf(7, 0), hashOf(7, 1)]);
  });

  it("is written down before it is broadcast, also in another's place", async () => {
    const outbox = open();
    refused = new VerigradError("CHAIN_UNREACHABLE", "no answer", { consequence: "RETRY" });
    expect(await codeOf(claim(outbox))).to.equal("CHAIN_UNREACHABLE");
    expect((await jobOf(1)).claim?.hash).to.equal(hashOf(7, 0));
    expect(await codeOf(claim(outbox))).to.equal("CHAIN_UNREACHABLE");
    now += REPLACE_MS;
    expect(await codeOf(claim(outbox))).to.equal("CHAIN_UNREACHABLE");
    expect((await jobOf(1)).claim?.hash).to.equal(hashOf(7, 1));
    refused = null;
    await claim(outbox);
    expect(sent).to.deep.equal([hashOf(7, 1)]);
  });

  it("is not replaced while another has to be included before it, however long that takes", async () => {
    const outbox = open();
    next = 8;
    const first = await claim(outbox);
    for (let i = 0; i < 3; i++) {
      now += REPLACE_MS;
      expect(await claim(outbox)).to.deep.equal(first);
    }
    included = 8; // its turn, from now on
    expect(await claim(outbox)).to.deep.equal(first);
    now += REPLACE_MS;
    expect((await claim(outbox))?.replaced).to.deep.equal([first?.hash]);
  });

  it("is broadcast as it is where it offers enough", async () => {
    const outbox = open();
    replaces = false;
    const first = await claim(outbox);
    await claim(outbox);
    now += REPLACE_MS;
    expect(await claim(outbox)).to.deep.equal(first);
    expect(sent).to.deep.equal([hashOf(7, 0), hashOf(7, 0)]);
  });

  it("is done with when any of those that shared its nonce is included; a reverted one counts as a failure", async () => {
    for (const ok of [true, false]) {
      const outbox = open();
      const id = ok ? 1 : 2;
      const first = await claim(outbox, id);
      await claim(outbox, id);
      now += REPLACE_MS;
      const second = await claim(outbox, id);
      expect(second?.replaced).to.deep.equal([first?.hash]);
      include(first as SignedTransaction, ok);
      const count = sent.length;
      now += REPLACE_MS;
      expect(await claim(outbox, id)).to.deep.equal(ok ? second : null);
      expect((await jobOf(id)).failures).to.equal(ok ? 0 : 1);
      expect(sent.length, "nothing more is sent").to.equal(count);
    }
  });

  it("is signed anew when another transaction took its nonce", async () => {
    const outbox = open();
    await claim(outbox);
    included = next = 9;
    refused = new VerigradError("TX_NONCE_USED", "used", { consequence: "RETRY" });
    now += REBROADCAST_MS;
    expect(await claim(outbox)).to.equal(null);
    refused = null;
    expect((await claim(outbox))?.nonce).to.equal(9);
  });

  describe("and whose job has ended", () => {
    /** Ends a job whose claim is not included. */
    const endedClaim = async (outbox: Outbox): Promise<void> => {
      await outbox.tidy();
      await claim(outbox);
      await store.put({ ...(await jobOf(1)), status: "dropped", endedAt: 1 });
      outbox.abandon(await jobOf(1));
    };

    for (const restart of [false, true]) {
      it(`gives its place to one that does nothing, once all others wait for it${restart ? ", after a restart too" : ""}`, async () => {
        const before = open();
        await endedClaim(before);
        const outbox = restart ? open() : before;
        await outbox.tidy();
        now += REPLACE_MS - 1;
        await outbox.tidy();
        expect(sent, "it has its time").to.deep.equal([hashOf(7, 0)]);
        now += 1;
        await outbox.tidy();
        expect(sent).to.deep.equal([hashOf(7, 0), hashOf(7, 1)]);
        now += REPLACE_MS;
        await outbox.tidy();
        expect(sent.at(-1), "higher each time").to.equal(hashOf(7, 2));
        expect((await jobOf(1)).claim?.hash, "of a job only what was signed for it is kept").to.equal(hashOf(7, 0));
        included = 8;
        await outbox.tidy();
        now += 2 * REPLACE_MS;
        const count = sent.length;
        await outbox.tidy();
        expect(sent.length, "forgotten").to.equal(count);
      });
    }

    it("is left alone while others come before it, and when it is included", async () => {
      const outbox = open();
      next = 8;
      await endedClaim(outbox);
      for (let i = 0; i < 3; i++) {
        now += REPLACE_MS;
        await outbox.tidy();
      }
      included = 9;
      now += REPLACE_MS;
      await outbox.tidy();
      await outbox.tidy();
      expect(sent).to.deep.equal([hashOf(8, 0)]);
    });

    it("is broadcast again, and not replaced by nothing, where the job is taken up again", async () => {
      const outbox = open();
      await endedClaim(outbox);
      await store.put({ ...(await jobOf(1)), status: "open", endedAt: null });
      await claim(outbox);
      now += REPLACE_MS;
      await outbox.tidy();
      now += REPLACE_MS;
      await outbox.tidy();
      expect(sent).to.deep.equal([hashOf(7, 0)]);
    });
  });
});

describe("a node while fees rise", () => {
  const OPERATOR = 2;
  let root: string;
  let chain: TestChain;
  let modelId: Hex;
  let prover: Prover;
  let node: OperatorNode;
  let store: JobStore;
  let late: number;
  let snapshot: { restore(): Promise<void> };

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-outbox-"));
    chain = await newTestChain();
    const files = mockPackageFiles();
    await writeFiles(join(root, "package"), files);
    ({ modelId } = await chain.registerModel(files));
    await (await openHub(join(root, "hub"))).add(join(root, "package"));
    snapshot = await chain.networkHelpers.takeSnapshot();
  });
  beforeEach(async () => {
    late = 0;
    store = memoryStore();
    prover = openProver({
      module: new URL("../helpers/mock-proofs.ts", import.meta.url).href,
      name: "mockProofs",
      memoryMb: 256,
      timeoutMs: 60_000,
    });
    const config = parseNodeConfig({
      models: "any",
      tokens: [{ token: chain.deployment.tokens[0], minPrice: 500, maxCollateral: 10_000 }],
      acceptInsecure: true,
      watch: { confirmations: 0 },
      proving: { trial: false },
    });
    node = createNode(config, {
      chain: chain.chain,
      sender: chain.senderOf(OPERATOR),
      store,
      hub: await openHub(join(root, "hub")),
      openings: openOpenings(join(root, "openings")),
      proofSystem: mockProofs,
      prover,
      logger: quiet,
      clock: { now: () => Date.now() - 86_400_000 + late },
    });
  });
  afterEach(async () => {
    await send("evm_setAutomine", [true]);
    await node.stop();
    await prover.close();
    await snapshot.restore();
    snapshot = await chain.networkHelpers.takeSnapshot();
  });
  after(async () => {
    await chain.close();
    await rm(root, { recursive: true });
  });

  const send = (method: string, params: unknown[]): Promise<unknown> => chain.ethers.provider.send(method, params);
  const stateOf = async (jobId: Hex): Promise<string> => (await chain.chain.job(jobId)).state;
  const sentBy = (index: number): Promise<number> =>
    chain.ethers.provider.getTransactionCount(chain.accounts[index]?.address as string);

  /** A job whose claim is in the pool and whose offer no block accepts any more. */
  const stuckClaim = async (): Promise<Hex> => {
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    for (let i = 0; ((await store.get(jobId))?.claim ?? null) === null; i++) {
      expect(i).to.be.lessThan(20);
      await send("evm_setAutomine", [false]);
      await node.tick();
      await node.idle();
    }
    const { maxFeePerGas } = Transaction.from((await store.get(jobId))?.claim?.raw);
    await send("hardhat_setNextBlockBaseFeePerGas", [`0x${(3n * (maxFeePerGas ?? 0n)).toString(16)}`]);
    await send("evm_mine", []);
    expect(await stateOf(jobId)).to.equal("Requested");
    return jobId;
  };
  const waitAndTick = async (): Promise<void> => {
    await node.tick();
    late += REPLACE_MS;
    await node.tick();
  };

  it("offers more for a claim that is not included, and goes on", async () => {
    const before = await sentBy(OPERATOR);
    const jobId = await stuckClaim();
    const first = (await store.get(jobId))?.claim as SignedTransaction;
    await waitAndTick();
    const second = (await store.get(jobId))?.claim as SignedTransaction;
    expect(second).to.deep.include({ nonce: first.nonce, replaced: [first.hash] });
    await send("evm_mine", []);
    expect(await stateOf(jobId)).to.equal("Claimed");
    await send("evm_setAutomine", [true]);
    for (let i = 0; i < 6; i++) {
      await node.tick();
      await node.idle();
    }
    expect((await store.get(jobId))?.status).to.equal("settled");
    expect(await sentBy(OPERATOR), "one claim and one fulfil").to.equal(before + 2);
  });

  it("clears a claim out of its own way when somebody else was faster", async () => {
    const before = await sentBy(OPERATOR);
    const jobId = await stuckClaim();
    const request = (await store.get(jobId))?.request;
    if (request === undefined) return expect.fail("the job is known");
    const rival = chain.senderOf(3);
    await rival.broadcast(await rival.sign(calls.claim(chain.deployment, request)));
    await send("evm_mine", []);
    expect((await chain.chain.job(jobId)).claimer).to.equal(rival.address);
    await node.tick();
    expect((await store.get(jobId))?.reason).to.equal("claimed by another");
    await waitAndTick();
    expect(await sentBy(OPERATOR)).to.equal(before);
    await send("evm_mine", []);
    expect(await sentBy(OPERATOR), "its nonce is used").to.equal(before + 1);
    const [last] = (await chain.ethers.provider.getBlock("latest", true))?.prefetchedTransactions ?? [];
    expect([last?.from, last?.to, last?.data]).to.deep.equal([
      chain.accounts[OPERATOR]?.address,
      chain.accounts[OPERATOR]?.address,
      "0x",
    ]);
  });

  it("offers an eighth more, at least today's price, never ten times as much", async () => {
    const sender = chain.senderOf(OPERATOR);
    const withdraw = calls.withdraw(chain.deployment, chain.deployment.tokens[0] as Hex, sender.address, 1n);
    await send("evm_setAutomine", [false]);
    const feesOf = ({ raw }: SignedTransaction): { max: bigint; tip: bigint } => {
      const { maxFeePerGas, maxPriorityFeePerGas } = Transaction.from(raw);
      return { max: maxFeePerGas ?? 0n, tip: maxPriorityFeePerGas ?? 0n };
    };
    const first = await sender.sign(withdraw);
    await sender.broadcast(first);
    let last = first;
    const offers = [feesOf(first)];
    for (let i = 0; i < 100; i++) {
      const replaced = await sender.replace(last, withdraw);
      if (replaced === null) break;
      const [{ max, tip }, before] = [feesOf(replaced), feesOf(last)];
      expect(Number(max) / Number(before.max)).to.be.within(1.125, 1.13);
      expect(1000n * tip >= 1125n * before.tip).to.equal(true);
      expect(replaced.nonce).to.equal(first.nonce);
      expect(Transaction.from(replaced.raw)).to.deep.include({ data: withdraw.data, to: withdraw.to });
      expect(replaced.replaced).to.deep.equal([...last.replaced, last.hash]);
      await sender.broadcast(replaced); // a pool that asks for a tenth more takes each
      offers.push(feesOf(replaced));
      last = replaced;
    }
    const [lowest, highest] = [offers[0]?.max ?? 0n, offers.at(-1)?.max ?? 0n];
    expect(Number(highest) / Number(lowest)).to.be.within(8.8, 10);

    await send("hardhat_setNextBlockBaseFeePerGas", [`0x${(20n * highest).toString(16)}`]);
    await send("evm_mine", []);
    const today = (await chain.ethers.provider.getFeeData()).maxFeePerGas;
    const raised = await sender.replace(last, withdraw);
    expect(raised === null ? null : feesOf(raised).max).to.equal(today);
    expect(await codeOf(sender.replace(last, { ...withdraw, data: "0xdeadbeef" })), "it is simulated").to.equal(
      "CHAIN_REVERTED",
    );
  });
});
