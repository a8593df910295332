// SPDX-License-Identifier: GPL-3.0-or-later
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Transaction } from "ethers";
import {
  calls,
  openSender,
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
import { newTestChain, testAccount, type TestChain } from "../helpers/chain.ts";
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
  /** Whether what waits for its turn offers as much as is offered today. */
  let enough: boolean;
  let refused: VerigradError | null;
  let refusedReplacement: VerigradError | null;

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
      replace: async ({ hash, nonce, replaced }, what, inTurn) => {
        if (refusedReplacement !== null && what !== null) throw refusedReplacement;
        if (!replaces || (!inTurn && enough)) return null;
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
  const transact = async (outbox: Outbox, field: "claim" | "fulfil", id: number): Promise<SignedTransaction | null> => {
    await outbox.transact(await jobOf(id), field, call);
    return (await jobOf(id))[field];
  };
  const claim = (outbox: Outbox, id = 1): Promise<SignedTransaction | null> => transact(outbox, "claim", id);
  const fulfil = (outbox: Outbox, id = 1): Promise<SignedTransaction | null> => transact(outbox, "fulfil", id);

  beforeEach(() => {
    [now, included, next, receipts, sent, replaces, enough, refused] = [1e12, 7, 7, new Map(), [], true, true, null];
    refusedReplacement = null;
    store = memoryStore();
  });

  it("is broadcast once, again after a while, and replaced when it is not included although it is its turn", async () => {
    const outbox = open();
    const first = await fulfil(outbox);
    await fulfil(outbox);
    expect(sent).to.deep.equal([hashOf(7, 0)]);
    now += REBROADCAST_MS;
    await fulfil(outbox);
    expect(sent).to.deep.equal([hashOf(7, 0), hashOf(7, 0)]);
    now += REPLACE_MS - REBROADCAST_MS - 1;
    expect(await fulfil(outbox), "not yet").to.deep.equal(first);
    now += 1;
    const second = await fulfil(outbox);
    expect(second).to.deep.include({ hash: hashOf(7, 1), nonce: 7, replaced: [hashOf(7, 0)] });
    expect(sent.at(-1)).to.equal(hashOf(7, 1));
    now += REPLACE_MS - 1;
    expect(await fulfil(outbox), "the new one has its time, too").to.deep.equal(second);
    now += 1;
    expect((await fulfil(outbox))?.replaced).to.deep.equal([hashOf(7, 0), hashOf(7, 1)]);
  });

  it("is written down before it is broadcast, also in another's place", async () => {
    const outbox = open();
    refused = new VerigradError("CHAIN_UNREACHABLE", "no answer", { consequence: "RETRY" });
    expect(await codeOf(fulfil(outbox))).to.equal("CHAIN_UNREACHABLE");
    expect((await jobOf(1)).fulfil?.hash).to.equal(hashOf(7, 0));
    expect(await codeOf(fulfil(outbox))).to.equal("CHAIN_UNREACHABLE");
    now += REPLACE_MS;
    expect(await codeOf(fulfil(outbox))).to.equal("CHAIN_UNREACHABLE");
    expect((await jobOf(1)).fulfil?.hash).to.equal(hashOf(7, 1));
    refused = null;
    await fulfil(outbox);
    expect(sent).to.deep.equal([hashOf(7, 1)]);
  });

  it("while another has to be included before it, is replaced only where it offers less than today's fees", async () => {
    const outbox = open();
    next = 8;
    const first = await fulfil(outbox);
    now += REPLACE_MS;
    expect(await fulfil(outbox)).to.deep.equal(first);
    enough = false;
    const second = await fulfil(outbox);
    expect(second?.replaced).to.deep.equal([first?.hash]);
    enough = true;
    now += REPLACE_MS;
    expect(await fulfil(outbox)).to.deep.equal(second);
    included = 8; // its turn
    expect((await fulfil(outbox))?.replaced).to.deep.equal([first?.hash, second?.hash]);
  });

  it("stays as it is, and is no failure, where the chain says no to what would replace it", async () => {
    const outbox = open();
    const first = await fulfil(outbox);
    refusedReplacement = new VerigradError("CHAIN_REVERTED", "WrongState");
    now += REPLACE_MS;
    expect(await fulfil(outbox)).to.deep.equal(first);
    expect(sent).to.deep.equal([hashOf(7, 0), hashOf(7, 0)]);
    expect((await jobOf(1)).failures).to.equal(0);
  });

  it("begins anew where the clock was set back", async () => {
    const outbox = open();
    const first = await fulfil(outbox);
    now -= 3_600_000;
    await fulfil(outbox);
    now += REBROADCAST_MS;
    await fulfil(outbox);
    expect(sent).to.deep.equal([hashOf(7, 0), hashOf(7, 0)]);
    now += REPLACE_MS;
    expect((await fulfil(outbox))?.replaced).to.deep.equal([first?.hash]);
  });

  it("is broadcast as it is where it offers enough", async () => {
    const outbox = open();
    replaces = false;
    const first = await fulfil(outbox);
    await fulfil(outbox);
    now += REPLACE_MS;
    expect(await fulfil(outbox)).to.deep.equal(first);
    expect(sent).to.deep.equal([hashOf(7, 0), hashOf(7, 0)]);
  });

  it("is done with when any of those that shared its nonce is included; a reverted one counts as a failure", async () => {
    for (const ok of [true, false]) {
      const outbox = open();
      const id = ok ? 1 : 2;
      const first = await fulfil(outbox, id);
      await fulfil(outbox, id);
      now += REPLACE_MS;
      const second = await fulfil(outbox, id);
      expect(second?.replaced).to.deep.equal([first?.hash]);
      include(first as SignedTransaction, ok);
      const count = sent.length;
      now += REPLACE_MS;
      expect(await fulfil(outbox, id)).to.deep.equal(ok ? second : null);
      expect((await jobOf(id)).failures).to.equal(ok ? 0 : 1);
      expect(sent.length, "nothing more is sent").to.equal(count);
    }
  });

  it("is signed anew when another transaction took its nonce", async () => {
    const outbox = open();
    await fulfil(outbox);
    included = next = 9;
    refused = new VerigradError("TX_NONCE_USED", "used", { consequence: "RETRY" });
    now += REBROADCAST_MS;
    expect(await fulfil(outbox)).to.equal(null);
    refused = null;
    expect((await fulfil(outbox))?.nonce).to.equal(9);
  });

  describe("to claim a job", () => {
    it("is never raised: it gives its place to one that does nothing, and the job is looked at anew", async () => {
      const outbox = open();
      const first = await claim(outbox);
      await outbox.tidy();
      now += REPLACE_MS;
      expect(await claim(outbox)).to.deep.equal(first);
      expect(sent, "nor broadcast any more").to.deep.equal([hashOf(7, 0)]);
      await outbox.tidy();
      expect(sent).to.deep.equal([hashOf(7, 0), hashOf(7, 1)]);
      expect(await claim(outbox), "nor beside the other").to.deep.equal(first);
      await outbox.tidy();
      include({ hash: hashOf(7, 1) });
      await outbox.tidy();
      expect(await jobOf(1)).to.include({ claim: null, status: "open", failures: 0 });
      next = 8;
      expect((await claim(outbox))?.nonce).to.equal(8);
    });

    it("is kept where it was included after all", async () => {
      const outbox = open();
      const first = await claim(outbox);
      await outbox.tidy();
      now += REPLACE_MS;
      await outbox.tidy();
      include(first as SignedTransaction);
      now += REPLACE_MS;
      await outbox.tidy();
      expect((await jobOf(1)).claim).to.deep.equal(first);
    });

    it("makes way although its job waits, or is refused by the chain", async () => {
      const outbox = open();
      await claim(outbox); // and is not asked for again
      await outbox.tidy();
      now += REPLACE_MS;
      await outbox.tidy();
      expect(sent).to.deep.equal([hashOf(7, 0), hashOf(7, 1)]);
    });

    it("is forgotten once it was included and reverted, though nobody asks for it", async () => {
      const outbox = open();
      include((await claim(outbox)) as SignedTransaction, false);
      await outbox.tidy();
      expect(await jobOf(1)).to.include({ claim: null, status: "open" });
    });

    it("is not forgotten while its receipt may be late", async () => {
      const outbox = open();
      const first = await claim(outbox);
      included = 8;
      await outbox.tidy();
      expect((await jobOf(1)).claim).to.deep.equal(first);
      await outbox.tidy();
      now += REPLACE_MS;
      await outbox.tidy();
      expect((await jobOf(1)).claim).to.equal(null);
    });

    it("all make way at once, whichever comes first", async () => {
      const outbox = open();
      enough = false;
      for (const id of [1, 2, 3]) await claim(outbox, id);
      await outbox.tidy();
      now += REPLACE_MS;
      await outbox.tidy();
      expect(sent.slice(3)).to.deep.equal([hashOf(7, 1), hashOf(8, 1), hashOf(9, 1)]);
    });

    it("gives way to a settlement that has its nonce", async () => {
      const outbox = open();
      const first = await claim(outbox);
      await outbox.tidy();
      await store.put({ ...sampleJob(2), fulfil: { ...(first as SignedTransaction), hash: hashOf(7, 9) } });
      now += REPLACE_MS;
      await fulfil(outbox, 2);
      await outbox.tidy();
      expect(sent).to.deep.equal([hashOf(7, 0), hashOf(7, 9)]);
    });
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

    it("is raised, and not replaced by nothing, where the job is taken up again", async () => {
      const outbox = open();
      await outbox.tidy();
      await fulfil(outbox);
      await store.put({ ...(await jobOf(1)), status: "dropped", endedAt: 1 });
      outbox.abandon(await jobOf(1));
      await outbox.tidy();
      await store.put({ ...(await jobOf(1)), status: "open", endedAt: null });
      for (let i = 0; i < 2; i++) {
        now += REPLACE_MS / 2;
        await fulfil(outbox);
        await outbox.tidy();
      }
      expect((await jobOf(1)).fulfil?.replaced).to.deep.equal([hashOf(7, 0)]);
      expect(sent.at(-1)).to.equal((await jobOf(1)).fulfil?.hash);
    });

    it("is looked for again after a reorganisation", async () => {
      const outbox = open();
      await endedClaim(outbox);
      included = 8;
      await outbox.tidy();
      included = 7;
      outbox.forget();
      await outbox.tidy();
      now += REPLACE_MS;
      await outbox.tidy();
      expect(sent).to.deep.equal([hashOf(7, 0), hashOf(7, 1)]);
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

  /** Ticks until a job's transaction is in the pool, with an offer that no block accepts any more. */
  const stuck = async (jobId: Hex, field: "claim" | "fulfil"): Promise<SignedTransaction> => {
    for (let i = 0; ((await store.get(jobId))?.[field] ?? null) === null; i++) {
      expect(i).to.be.lessThan(20);
      const proof = (await store.get(jobId))?.proof ?? null;
      await send("evm_setAutomine", [field === "fulfil" && proof === null]);
      await node.tick();
      await node.idle();
    }
    const signed = (await store.get(jobId))?.[field] as SignedTransaction;
    const { maxFeePerGas } = Transaction.from(signed.raw);
    await send("hardhat_setNextBlockBaseFeePerGas", [`0x${(3n * (maxFeePerGas ?? 0n)).toString(16)}`]);
    await send("evm_mine", []);
    return signed;
  };
  const stuckClaim = async (): Promise<Hex> => {
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    await stuck(jobId, "claim");
    expect(await stateOf(jobId)).to.equal("Requested");
    return jobId;
  };
  const waitAndTick = async (): Promise<void> => {
    await node.tick();
    late += REPLACE_MS;
    await node.tick();
  };
  const settle = async (jobId: Hex): Promise<void> => {
    await send("evm_setAutomine", [true]);
    for (let i = 0; i < 8; i++) {
      await node.tick();
      await node.idle();
    }
    expect((await store.get(jobId))?.status).to.equal("settled");
  };

  it("offers more for a settlement that is not included", async () => {
    const before = await sentBy(OPERATOR);
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    const first = await stuck(jobId, "fulfil");
    expect(await stateOf(jobId)).to.equal("Claimed");
    await waitAndTick();
    const second = (await store.get(jobId))?.fulfil as SignedTransaction;
    expect(second).to.deep.include({ nonce: first.nonce, replaced: [first.hash] });
    await send("evm_mine", []);
    expect(await stateOf(jobId)).to.equal("Settled");
    await settle(jobId);
    expect(await sentBy(OPERATOR), "one claim and one fulfil").to.equal(before + 2);
  });

  it("gives a claim up that is not included, and claims anew by what then holds", async () => {
    const before = await sentBy(OPERATOR);
    const jobId = await stuckClaim();
    await waitAndTick();
    await send("evm_mine", []);
    expect([await sentBy(OPERATOR), await stateOf(jobId)]).to.deep.equal([before + 1, "Requested"]);
    await node.tick();
    expect((await store.get(jobId))?.claim).to.equal(null);
    await settle(jobId);
    expect(await sentBy(OPERATOR), "nothing, one claim and one fulfil").to.equal(before + 3);
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
      const replaced = await sender.replace(last, withdraw, true);
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
    const raised = await sender.replace(last, withdraw, true);
    expect(raised === null ? null : feesOf(raised).max).to.equal(today);
    expect(await codeOf(sender.replace(last, { ...withdraw, data: "0xdeadbeef" }, true)), "it is simulated").to.equal(
      "CHAIN_REVERTED",
    );
  });

  it("offers no more than the account has, and more of a tip than none", async () => {
    const withoutTip = {
      request: async ({ method, params }: { method: string; params?: unknown[] }) =>
        method === "eth_maxPriorityFeePerGas" ? "0x0" : send(method, params ?? []),
    };
    const account = chain.accounts[OPERATOR]?.address as Hex;
    const sender = openSender(withoutTip, chain.deployment, testAccount(OPERATOR).privateKey);
    const withdraw = calls.withdraw(chain.deployment, chain.deployment.tokens[0] as Hex, account, 1n);
    const first = await sender.sign(withdraw);
    const { gasLimit, maxFeePerGas } = Transaction.from(first.raw);
    const second = await sender.replace(first, withdraw, true);
    expect(Transaction.from(second?.raw ?? "").maxPriorityFeePerGas).to.equal(1n);
    await chain.networkHelpers.setBalance(account, gasLimit * (maxFeePerGas ?? 0n));
    expect(await sender.replace(first, withdraw, true)).to.equal(null);
    expect(await sender.replace(first, null, true), "to do nothing is cheap").to.not.equal(null);
  });

  it("while it is not its turn, is replaced only where it offers less than today's fees", async () => {
    const sender = chain.senderOf(OPERATOR);
    const withdraw = calls.withdraw(chain.deployment, chain.deployment.tokens[0] as Hex, sender.address, 1n);
    const first = await sender.sign(withdraw);
    expect(await sender.replace(first, withdraw, false)).to.equal(null);
    const { maxFeePerGas } = Transaction.from(first.raw);
    await send("hardhat_setNextBlockBaseFeePerGas", [`0x${(3n * (maxFeePerGas ?? 0n)).toString(16)}`]);
    await send("evm_mine", []);
    expect((await sender.replace(first, withdraw, false))?.replaced).to.deep.equal([first.hash]);
  });
});
