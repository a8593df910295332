// SPDX-License-Identifier: GPL-3.0-or-later
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { ChainReader } from "../../verifier/chain/client.ts";
import { calls, type Sender } from "../../verifier/chain/transactions.ts";
import { toBytes } from "../../verifier/chain/hashes.ts";
import type { Hex, Request } from "../../verifier/chain/types.ts";
import { keccakHex } from "../../verifier/hash.ts";
import { VerigradError } from "../../verifier/errors.ts";
import { NOT_ENOUGH_ETHER, NOT_ENOUGH_STAKE, OVER_TRANSACTION_GAS } from "../../verifier/node/decide.ts";
import { openFileStore } from "../../verifier/node/fileStore.ts";
import { memoryStore } from "../../verifier/node/memoryStore.ts";
import { runNode } from "../../verifier/node/run.ts";
import { NO_OPENING } from "../../verifier/node/witness.ts";
import { makeOpening, serializeOpening, type Opening } from "../../verifier/proofs/commitment.ts";
import type { Logger } from "../../verifier/node/types.ts";
import { openOpenings, type Openings } from "../../verifier/hub/openings.ts";
import { openHub, type Hub } from "../../verifier/hub/store.ts";
import type { ProofSystem } from "../../verifier/proofs/types.ts";
import { FUNDS, newTestChain, type TestChain } from "../helpers/chain.ts";
import { codeOf } from "../helpers/errors.ts";
import { mockKey, mockProofs } from "../helpers/mock-proofs.ts";
import { chainsClock, nodesOn, OPERATOR, quiet, settle } from "../helpers/nodes.ts";
import { mockPackageFiles, tinyGraph, writeFiles } from "../helpers/packages.ts";

const OTHER = 3;

describe("the operator's node", () => {
  let root: string;
  let chain: TestChain;
  let hub: Hub;
  let openings: Openings;
  let modelId: Hex;
  let cid: string;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-node-"));
    chain = await newTestChain();
    const files = mockPackageFiles();
    await writeFiles(join(root, "package"), files);
    ({ modelId, cid } = await chain.registerModel(files));
    hub = await openHub(join(root, "hub"));
    openings = openOpenings(join(root, "openings"));
    expect(await hub.add(join(root, "package"))).to.equal(cid);
  });
  let snapshot: { restore(): Promise<void> };
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

  // Trials have a test file of their own.
  const nodes = nodesOn(() => ({ chain, hub, openings }), { trial: false });
  const { configOf, nodeWith } = nodes;

  const balanceOf = (index: number): Promise<bigint> =>
    chain.chain.balanceOf(chain.deployment.tokens[0] as Hex, chain.accounts[index]?.address as Hex);
  const bondedOf = async (index: number): Promise<bigint> =>
    (await chain.chain.stakeOf(chain.deployment.tokens[0] as Hex, chain.accounts[index]?.address as Hex)).bonded;
  const transactionsOf = async (index: number): Promise<number> =>
    chain.ethers.provider.getTransactionCount(chain.accounts[index]?.address as string);

  it("claims, proves and settles a job, and is paid the price less the royalty", async () => {
    const { node, statusOf } = nodeWith();
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    await settle(node);
    expect(await statusOf(jobId)).to.equal("settled: settled by this node");
    expect((await chain.chain.job(jobId)).state).to.equal("Settled");
    expect(await balanceOf(OPERATOR)).to.equal(FUNDS + 950n);
    // x = 1, 2, 3, 4 through the weights of tinyGraph, by hand
    expect(await chain.chain.resultOf(jobId)).to.equal(
      `0x${[10 + 1 - 4 + 9 + 16, -20 + 5 + 12 - 21 + 32, 30 + 9 + 2 + 3 - 4].map((v) => v.toString(16).padStart(4, "0")).join("")}`,
    );
    const sent = await transactionsOf(OPERATOR);
    await settle(node);
    expect(await transactionsOf(OPERATOR), "nothing more is sent").to.equal(sent);
  });

  it("goes on after a restart at every step, and sends nothing twice", async () => {
    const directory = join(root, "restart");
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    const before = await transactionsOf(OPERATOR);
    const seen: string[] = [];
    for (let run = 0; run < 8; run++) {
      // each run: one tick, then the process is gone; the next finds what was written
      const store = await openFileStore(directory);
      const { node, statusOf } = nodeWith({ store });
      await node.tick();
      await node.idle();
      seen.push((await statusOf(jobId)).split(":")[0] ?? "");
      await node.stop();
      await store.close();
    }
    expect(seen).to.include.members(["claiming", "proven", "submitting", "settled"]);
    expect(await transactionsOf(OPERATOR), "one claim and one fulfil").to.equal(before + 2);
    expect(await balanceOf(OPERATOR)).to.equal(FUNDS + 950n);
  });

  it("broadcasts the same bytes after a crash between writing and sending", async () => {
    const real = chain.senderOf(OPERATOR);
    const dead: Sender = { ...real, broadcast: async () => Promise.reject(new Error("killed")) };
    const store = memoryStore();
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    const crashed = nodeWith({ store, sender: dead });
    await crashed.node.tick().then(
      () => expect.fail("the crash should be seen"),
      () => undefined,
    );
    const signed = (await store.get(jobId))?.claim;
    expect(signed).to.not.equal(null);
    const { node } = nodeWith({ store });
    await settle(node);
    expect((await chain.senderOf(OPERATOR).receipt(signed?.hash as Hex))?.ok).to.equal(true);
    expect((await store.get(jobId))?.status).to.equal("settled");
  });

  it("drops what another claimed, what was cancelled, and what it cannot decode", async () => {
    const taken = await chain.makeRequest(modelId, { nonce: 1n });
    const cancelled = await chain.makeRequest(modelId, { nonce: 2n });
    const jobs = [await chain.submitRequest(taken), await chain.submitRequest(cancelled)];
    await chain.senderOf(OTHER).send(calls.claim(chain.deployment, taken), { pollMs: 1 });
    const requester = chain.senderOf(1);
    await requester.send(calls.announceCancel(chain.deployment, cancelled), { pollMs: 1 });
    await chain.networkHelpers.time.increase(601);
    await requester.send(calls.cancel(chain.deployment, cancelled), { pollMs: 1 });
    const { node, statusOf } = nodeWith();
    await settle(node, 2);
    expect(await statusOf(jobs[0] as Hex)).to.equal("dropped: claimed by another");
    expect(await statusOf(jobs[1] as Hex)).to.equal("dropped: the requester cancelled it");
    expect(await balanceOf(OPERATOR)).to.equal(FUNDS);
  });

  it("loses a race for a claim without losing money", async () => {
    const request = await chain.makeRequest(modelId);
    const jobId = await chain.submitRequest(request);
    const real = chain.senderOf(OPERATOR);
    const racing: Sender = {
      ...real,
      sign: async (call) => {
        if (call.what === "claim")
          await chain.senderOf(OTHER).send(calls.claim(chain.deployment, request), { pollMs: 1 });
        return real.sign(call);
      },
    };
    const { node, statusOf } = nodeWith({ sender: racing });
    await settle(node, 3);
    expect(await statusOf(jobId)).to.equal("dropped: claimed by another");
    expect(await balanceOf(OPERATOR)).to.equal(FUNDS);
  });

  it("waits while the price is too low and claims when the ramp has reached it", async () => {
    const request = await chain.makeRequest(modelId, { minFee: 100n, maxFee: 2000n, rampLength: 1000n });
    const jobId = await chain.submitRequest(request);
    const never = await chain.submitRequest(await chain.makeRequest(modelId, { minFee: 1n, maxFee: 520n, nonce: 77n }));
    const { node, statusOf } = nodeWith();
    await node.tick();
    expect(await statusOf(jobId)).to.equal("open: its price is still too low");
    expect(await statusOf(never), "520 less 5 % is below 500").to.equal("dropped: it never pays enough");
    await chain.networkHelpers.time.increase(900);
    await chain.networkHelpers.mine();
    await settle(node);
    expect(await statusOf(jobId)).to.equal("settled: settled by this node");
  });

  it("claims nothing that its window, its collateral or its model rule out", async () => {
    const cases: [string, Hex][] = [
      [
        "its proof window is too short",
        await chain.submitRequest(await chain.makeRequest(modelId, { proofWindow: 100n })),
      ],
      [
        "it asks for too much collateral",
        await chain.submitRequest(await chain.makeRequest(modelId, { collateral: 10_001n })),
      ],
    ];
    const { node, statusOf } = nodeWith();
    await settle(node, 2);
    for (const [reason, jobId] of cases) expect(await statusOf(jobId)).to.equal(`dropped: ${reason}`);

    const plain = await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 5n }));
    const secure = nodeWith({ config: { acceptInsecure: false } });
    await secure.node.tick();
    expect(await secure.statusOf(plain)).to.equal("dropped: its key comes from an INSECURE set-up");
    const other = nodeWith({ config: { models: [`0x${"11".repeat(32)}`] } });
    await other.node.tick();
    expect(await other.statusOf(plain)).to.equal("dropped: the model is not one that this node serves");
    const empty = nodeWith({ hub: await openHub(join(root, "empty")) });
    await empty.node.tick();
    expect(await empty.statusOf(plain), "it may still come").to.equal("open: its package is not in the hub");
    expect(await balanceOf(OPERATOR)).to.equal(FUNDS);
  });

  it("claims nothing whose verification, output and callback no transaction has the gas for (EIP-7825)", async () => {
    const statuses = async (gas: number, sealLength: number): Promise<string[]> => {
      const proofSystem: ProofSystem = { ...mockProofs, verificationCost: async () => ({ gas, sealLength }) };
      const { node, statusOf } = nodeWith({ proofSystem, config: { maxCallbackGas: 1_000_000 } });
      const nonce = BigInt(gas) << 1n;
      const plain = await chain.submitRequest(await chain.makeRequest(modelId, { nonce }));
      const callback = { consumer: chain.proofSystem, callbackGas: 1_000_000n, nonce: nonce + 1n };
      const calling = await chain.submitRequest(await chain.makeRequest(modelId, callback));
      await settle(node);
      return [await statusOf(plain), await statusOf(calling)];
    };
    const settled = "settled: settled by this node";
    const refused = `dropped: ${OVER_TRANSACTION_GAS}`;
    expect(await statuses(6_900_000, 32)).to.deep.equal([settled, settled]);
    const before = await transactionsOf(OPERATOR);
    // Each of the three fits by itself.
    expect(await statuses(6_890_000, 212_000)).to.deep.equal([settled, refused]);
    expect(await transactionsOf(OPERATOR), "claim and settlement of the first").to.equal(before + 2);
    expect(await statuses(7_000_001, 32), "more than the market gives").to.deep.equal([refused, refused]);
  });

  it("with a deposit but too little stake free it waits and says what to do, and claims once more is bonded", async () => {
    const [token] = chain.deployment.tokens as [Hex];
    const sender = chain.senderOf(OPERATOR);
    await sender.send(calls.unbond(chain.deployment, token, FUNDS - 1_399n), { pollMs: 1 });
    const locking = await chain.makeRequest(modelId, { collateral: 1_000n, nonce: 1n });
    await chain.submitRequest(locking);
    await sender.send(calls.claim(chain.deployment, locking), { pollMs: 1 });
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 2n }));
    const { node, statusOf } = nodeWith({ system: "hangingProofs" });
    await node.tick();
    expect(await statusOf(jobId), "1399 bonded, 1000 exposed, 400 asked for").to.equal(`open: ${NOT_ENOUGH_STAKE}`);
    await sender.send(calls.bond(chain.deployment, token, 1n), { pollMs: 1 });
    await node.tick();
    expect(await statusOf(jobId)).to.match(/^claiming/);
    await node.stop();
  });

  it("proves an optimistic job in time, where it is told to take such jobs", async () => {
    const request = await chain.makeRequest(modelId, {
      ...{ mode: 1, proposerBond: 1000n, challengerBond: 500n, challengeWindow: 600n },
    });
    const jobId = await chain.submitRequest(request);
    const { node, statusOf } = nodeWith();
    await node.tick();
    expect(await statusOf(jobId)).to.equal("dropped: it is optimistic, and this node is not told to take such jobs");
    const willing = nodeWith({ config: { optimistic: true } });
    await willing.node.tick();
    expect((await chain.chain.stakeOf(request.token, chain.accounts[OPERATOR]?.address as Hex)).exposure).to.equal(
      1400n,
    );
    await settle(willing.node);
    expect(await willing.statusOf(jobId)).to.equal("settled: settled by this node");
    expect(await balanceOf(OPERATOR)).to.equal(FUNDS + 950n);
  });

  describe("proposals of others", () => {
    const wrong: Hex = "0x002000080029";
    const right: Hex = "0x002000080028";
    /** A job that OTHER claimed and proposed an output for. */
    const proposed = async (output: Hex): Promise<{ request: Request; jobId: Hex }> => {
      const request = await chain.makeRequest(modelId, {
        ...{ mode: 1, proposerBond: 1000n, challengerBond: 600n, challengeWindow: 600n },
      });
      const jobId = await chain.submitRequest(request);
      await chain.senderOf(OTHER).send(calls.claim(chain.deployment, request), { pollMs: 1 });
      await chain.senderOf(OTHER).send(calls.propose(chain.deployment, request, output), { pollMs: 1 });
      return { request, jobId };
    };
    const dispute = { config: { dispute: true } };

    it("overturns a wrong one with a proof, and is paid price and shares of the slash", async () => {
      const { jobId } = await proposed(wrong);
      const { node, statusOf } = nodeWith(dispute);
      await settle(node);
      expect(await statusOf(jobId)).to.equal("settled: settled by this node");
      expect(await chain.chain.resultOf(jobId)).to.equal(right);
      expect(await balanceOf(OPERATOR)).to.equal(FUNDS + 950n + 200n + 500n);
      expect(await bondedOf(OTHER)).to.equal(FUNDS - 1400n);
    });

    it("sees the proposal of a job that it had dropped because another claimed it", async () => {
      const request = await chain.makeRequest(modelId, {
        ...{ mode: 1, proposerBond: 1000n, challengerBond: 600n, challengeWindow: 600n },
      });
      const jobId = await chain.submitRequest(request);
      await chain.senderOf(OTHER).send(calls.claim(chain.deployment, request), { pollMs: 1 });
      const { node, statusOf } = nodeWith({ config: { dispute: true, optimistic: true } });
      await settle(node, 2);
      expect(await statusOf(jobId)).to.equal("dropped: claimed by another");
      await chain.senderOf(OTHER).send(calls.propose(chain.deployment, request, wrong), { pollMs: 1 });
      await settle(node);
      expect(await statusOf(jobId)).to.equal("settled: settled by this node");
    });

    it("leaves a right one alone until it is final, and defends it against a challenge", async () => {
      const { request, jobId } = await proposed(right);
      const before = await transactionsOf(OPERATOR);
      const { node, statusOf } = nodeWith(dispute);
      await settle(node, 3);
      expect(await statusOf(jobId)).to.equal("open: its proposal is right");
      expect(await transactionsOf(OPERATOR)).to.equal(before);
      const challenge = calls.challenge(chain.deployment, request, keccakHex(toBytes(right)));
      await chain.senderOf(0).send(challenge, { pollMs: 1 });
      await settle(node);
      expect(await statusOf(jobId)).to.equal("settled: settled by this node");
      expect(await balanceOf(OPERATOR), "the challenger's bond").to.equal(FUNDS + 600n);
      expect(await balanceOf(OTHER), "the proposer earned the price").to.equal(FUNDS + 950n);
      expect(await bondedOf(OTHER)).to.equal(FUNDS);
    });

    it("does not dispute unless told to, and forgets a proposal that a reorganisation took away", async () => {
      const beforeAll = await chain.networkHelpers.takeSnapshot();
      const { jobId } = await proposed(right);
      const quietly = nodeWith();
      await settle(quietly.node, 2);
      expect(await quietly.statusOf(jobId)).to.match(/^dropped: an output was proposed/);
      const { node, store } = nodeWith(dispute);
      await settle(node, 2);
      expect((await store.get(jobId))?.proposal?.output).to.equal(right);
      await beforeAll.restore();
      await chain.networkHelpers.mine(5);
      await settle(node, 2);
      expect((await store.get(jobId))?.proposal).to.equal(null);
    });
  });

  it("refuses a package that was changed on disk", async () => {
    await cp(join(root, "hub"), join(root, "bad"), { recursive: true });
    await writeFiles(join(root, "bad/packages", cid), [{ path: "weights.bin", bytes: new Uint8Array(24) }]);
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    const { node, statusOf } = nodeWith({ hub: await openHub(join(root, "bad")) });
    await node.tick();
    expect(await statusOf(jobId)).to.match(/^dropped: PACKAGE_CID_MISMATCH/);
  });

  it("refuses a model whose package names another input mode than its key", async () => {
    const files = mockPackageFiles({ inputMode: "COMMITTED", salt: 9 }).map((file) =>
      file.path === "setup/key.bin" ? { ...file, bytes: mockKey(tinyGraph(), 9) } : file,
    );
    await writeFiles(join(root, "relabelled"), files);
    const registered = await chain.registerModel(files);
    await hub.add(join(root, "relabelled"));
    const jobId = await chain.submitRequest(await chain.makeRequest(registered.modelId));
    const { node, statusOf } = nodeWith();
    await settle(node, 2);
    expect(await statusOf(jobId)).to.match(/^dropped: PACKAGE_CORRUPT/);
    expect(await balanceOf(OPERATOR)).to.equal(FUNDS);
  });

  describe("committed inputs", () => {
    const specs = tinyGraph().inputs.map(({ spec }) => spec);
    let committed: Hex;
    let opening: Opening;
    before(async () => {
      const files = mockPackageFiles({ inputMode: "COMMITTED", salt: 8 });
      await writeFiles(join(root, "committed"), files);
      await hub.add(join(root, "committed"));
      ({ modelId: committed } = await chain.registerModel(files));
    });
    beforeEach(async () => {
      opening = await makeOpening(specs, Uint8Array.of(1, 2, 3, 4));
    });
    const ask = async (): Promise<Hex> =>
      chain.submitRequest(await chain.makeRequest(committed, { inputMode: 1, input: opening.commitment }));
    const path = (jobId: Hex): string => join(root, "openings", `${jobId.slice(2)}.json`);
    const deliver = (jobId: Hex): Promise<Opening> => openings.add(specs, serializeOpening(opening), jobId);

    it("claims nothing without the opening, and settles once it is delivered", async () => {
      const { node, statusOf } = nodeWith();
      const jobId = await ask();
      const before = await transactionsOf(OPERATOR);
      await settle(node, 2);
      expect(await statusOf(jobId)).to.equal(`open: ${NO_OPENING}`);
      expect(await transactionsOf(OPERATOR)).to.equal(before);
      await deliver(jobId);
      await settle(node);
      expect(await statusOf(jobId)).to.equal("settled: settled by this node");
      expect(await chain.chain.resultOf(jobId)).to.equal("0x002000080028");
    });

    it("claims nothing with an opening of another commitment in its place, or with a broken one", async () => {
      const { node, statusOf } = nodeWith();
      const jobId = await ask();
      const other = await makeOpening(specs, opening.input);
      await mkdir(join(root, "openings"), { recursive: true });
      for (const text of [serializeOpening(other), serializeOpening({ ...opening, salt: other.salt }), "{"]) {
        await writeFile(path(jobId), text);
        await settle(node, 2);
        expect(await statusOf(jobId)).to.match(/^open: OPENING_INVALID/);
      }
      await rm(path(jobId));
      await mkdir(path(jobId));
      await settle(node, 2);
      expect(await statusOf(jobId), "what cannot be read stops no other job").to.match(/^open: OPENING_INVALID/);
      await rm(path(jobId), { recursive: true });
      expect((await chain.chain.job(jobId)).state).to.equal("Requested");
    });

    it("uses an opening for the job that it was delivered for, and for no other request of its commitment", async () => {
      // Another's model of the same inputs, whose output could show the input of the commitment that they copied.
      const files = mockPackageFiles({ inputMode: "COMMITTED", salt: 7 });
      await writeFiles(join(root, "curious"), files);
      await hub.add(join(root, "curious"));
      const curious = await chain.registerModel(files);
      const jobId = await ask();
      const copy = { inputMode: 1 as const, input: opening.commitment, nonce: 99n };
      const copied = await chain.submitRequest(await chain.makeRequest(curious.modelId, copy));
      const again = await chain.submitRequest(await chain.makeRequest(committed, copy));
      await deliver(jobId);
      const { node, statusOf } = nodeWith();
      await settle(node);
      expect(await statusOf(jobId)).to.equal("settled: settled by this node");
      for (const other of [copied, again]) {
        expect(await statusOf(other)).to.equal(`open: ${NO_OPENING}`);
        expect((await chain.chain.job(other)).state).to.equal("Requested");
      }
    });

    it("looks at the opening again before each claim: one that is gone since stops it", async () => {
      const request = await chain.makeRequest(committed, {
        ...{ inputMode: 1 as const, input: opening.commitment, minFee: 100n, maxFee: 2000n, rampLength: 1000n },
      });
      const jobId = await chain.submitRequest(request);
      await deliver(jobId);
      const { node, statusOf } = nodeWith();
      await node.tick();
      expect(await statusOf(jobId)).to.equal("open: its price is still too low");
      await rm(path(jobId));
      await chain.networkHelpers.time.increase(900);
      await chain.networkHelpers.mine();
      await settle(node, 2);
      expect(await statusOf(jobId)).to.equal(`open: ${NO_OPENING}`);
    });

    it("is held up by no opening that is far too long, or that never ends", async () => {
      const jobId = await ask();
      await deliver(jobId);
      const text = await readFile(path(jobId), "utf8");
      const { node, statusOf } = nodeWith();
      // JSON may be padded; this much of it is no opening.
      await writeFile(path(jobId), text + " ".repeat(100_000));
      await settle(node, 1);
      expect(await statusOf(jobId)).to.match(/^open: OPENING_INVALID/);
      await rm(path(jobId));
      execFileSync("mkfifo", [path(jobId)]);
      await settle(node, 1);
      expect(await statusOf(jobId)).to.match(/^open: OPENING_INVALID/);
      await rm(path(jobId));
      await writeFile(path(jobId), text);
      await settle(node);
      expect(await statusOf(jobId)).to.equal("settled: settled by this node");
    });

    it("shows openings to their owner alone", async () => {
      const jobId: Hex = `0x${"ab".repeat(32)}`;
      await deliver(jobId);
      expect((await stat(path(jobId))).mode & 0o777).to.equal(0o600);
      expect((await stat(join(root, "openings"))).mode & 0o077).to.equal(0);
      const bad = serializeOpening({ ...opening, commitment: `0x${"00".repeat(32)}` });
      expect(await codeOf(openings.add(specs, bad, jobId))).to.equal("OPENING_INVALID");
      expect(await codeOf(openings.add(specs, "{}", jobId))).to.equal("OPENING_INVALID");
    });
  });

  it("claims nothing for a model whose circuit or key it could not rebuild (T19)", async () => {
    const asked: unknown[] = [];
    const proofSystem: ProofSystem = {
      ...mockProofs,
      checkSetup: async (directory, graph, ptau) => {
        asked.push([directory, graph.outputs.length, ptau]);
        return "proving key: other powers";
      },
    };
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    const { node, statusOf } = nodeWith({ proofSystem, config: { ptau: ["pot.ptau"] } });
    await settle(node, 2);
    expect(await statusOf(jobId)).to.equal("dropped: its key could not be rebuilt: proving key: other powers");
    expect(asked).to.deep.equal([[join(root, "hub/packages", cid), 1, ["pot.ptau"]]]);
    expect(await balanceOf(OPERATOR)).to.equal(FUNDS);
  });

  it("goes on while a key is being rebuilt, and loses no claim of before a restart to it", async () => {
    let done: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => (done = resolve));
    const proofSystem: ProofSystem = { ...mockProofs, checkSetup: () => gate.then(() => null) };
    const request = await chain.makeRequest(modelId);
    const jobId = await chain.submitRequest(request);
    await chain.senderOf(OPERATOR).send(calls.claim(chain.deployment, request), { pollMs: 1 });
    const { node, statusOf } = nodeWith({ proofSystem, config: { proving: { maxFailures: 1 } } });
    await settle(node, 2);
    expect(await statusOf(jobId)).to.equal("open: its key is being rebuilt");
    done?.();
    await settle(node);
    expect(await statusOf(jobId)).to.equal("settled: settled by this node");
  });

  it("keeps claiming stopped after too many failures in a row, whatever succeeds later", async () => {
    const first = await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 1n }));
    let waited = 0;
    const clock = { now: () => chainsClock.now() + 1000 * waited };
    const { node, statusOf } = nodeWith({ system: "flakyProofs", config: { breakerFailures: 1 }, clock });
    await settle(node, 5);
    waited = 10;
    await settle(node, 4);
    await rm(join(root, "hub/packages", `${cid}.crashed`));
    expect(await statusOf(first), "its collateral was at stake").to.equal("settled: settled by this node");
    const second = await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 2n }));
    await settle(node, 2);
    expect(await statusOf(second)).to.equal("open: claiming is stopped after too many failures in a row");
  });

  it("survives a reorganisation that takes the request, the claim or the settlement away", async () => {
    const { node, statusOf, store } = nodeWith();
    const request = await chain.makeRequest(modelId);
    const beforeRequest = await chain.networkHelpers.takeSnapshot();
    const jobId = await chain.submitRequest(request);
    await settle(node);
    expect(await statusOf(jobId)).to.equal("settled: settled by this node");
    const seal = (await store.get(jobId))?.proof?.seal;

    await beforeRequest.restore();
    await chain.networkHelpers.mine(3); // another chain, without the request
    await settle(node);
    expect(await statusOf(jobId)).to.match(/^open/);
    expect(await balanceOf(OPERATOR)).to.equal(FUNDS);

    await chain.submitRequest(request); // it is included again, elsewhere
    await settle(node, 8);
    expect((await chain.chain.job(jobId)).state).to.equal("Settled");
    expect(await statusOf(jobId)).to.equal("settled: settled by this node");
    expect((await store.get(jobId))?.proof?.seal, "the proof is the same: the id did not change").to.equal(seal);
    expect(await balanceOf(OPERATOR)).to.equal(FUNDS + 950n);
  });

  it("sets a job aside when its proofs keep crashing, and stops claiming that model", async () => {
    let waited = 0;
    const { node, statusOf } = nodeWith({
      system: "crashingProofs",
      clock: { now: () => chainsClock.now() + 1000 * waited },
    });
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    await settle(node, 8);
    expect(await statusOf(jobId), "not at once").to.match(/^open: PROVER_CRASHED/);
    waited = 10;
    await settle(node, 3);
    expect(await statusOf(jobId), "longer each time").to.match(/^open: PROVER_CRASHED/);
    waited = 50;
    await settle(node, 3);
    expect(await statusOf(jobId)).to.match(/^setAside: PROVER_CRASHED/);
    const next = await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 9n }));
    await settle(node, 2);
    expect(await statusOf(next)).to.match(/^dropped: its proofs failed here/);
  });

  it("proves what it has claimed of a model when another job of the model is set aside", async () => {
    const { node, statusOf } = nodeWith({ system: "pickyProofs", config: { proving: { maxFailures: 1 } } });
    const bad = await chain.submitRequest(await chain.makeRequest(modelId, { input: "0x10020304", nonce: 1n }));
    await settle(node, 4);
    expect(await statusOf(bad)).to.match(/^setAside: PROVER_CRASHED/);
    // A claim that was on its way meanwhile.
    const request = await chain.makeRequest(modelId, { nonce: 2n });
    const good = await chain.submitRequest(request);
    await chain.senderOf(OPERATOR).send(calls.claim(chain.deployment, request), { pollMs: 1 });
    await settle(node);
    expect(await statusOf(good), "its collateral was at stake").to.equal("settled: settled by this node");
    const next = await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 3n }));
    await settle(node, 2);
    expect(await statusOf(next)).to.match(/^dropped: its proofs failed here/);
  });

  it("a flood of jobs with nothing at stake makes no tick long, and each gets its turn", async () => {
    const requests = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        chain.makeRequest(modelId, { nonce: BigInt(i), minFee: 1n, maxFee: 1000n, rampLength: 3000n }),
      ),
    );
    for (const request of requests) await chain.submitRequest(request);
    let seconds = 0;
    const seen: Hex[] = [];
    const slow: ChainReader = {
      ...chain.chain,
      job: (jobId) => {
        seen.push(jobId);
        seconds++;
        return chain.chain.job(jobId);
      },
    };
    const clock = { now: () => chainsClock.now() + 1000 * seconds };
    const { node } = nodeWith({ chain: slow, clock });
    await node.tick();
    expect(seen.length, "seconds").to.be.within(2, 6);
    for (let i = 0; i < 5; i++) await node.tick();
    expect(new Set(seen).size).to.equal(12);
    const claimed = await chain.makeRequest(modelId, { nonce: 99n });
    const own = await chain.submitRequest(claimed);
    await chain.senderOf(OPERATOR).send(calls.claim(chain.deployment, claimed), { pollMs: 1 });
    const before = seconds;
    await node.tick();
    while ((await chain.chain.job(own)).state !== "Settled" && seconds < before + 60) {
      await node.idle();
      await node.tick();
    }
    expect((await chain.chain.job(own)).state).to.equal("Settled");
  });

  it("starts a crashed prover again and settles", async () => {
    let waited = 0;
    const clock = { now: () => chainsClock.now() + 1000 * waited };
    const { node, statusOf } = nodeWith({ system: "flakyProofs", clock });
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    await settle(node, 5);
    waited = 10;
    await settle(node, 4);
    expect(await statusOf(jobId)).to.equal("settled: settled by this node");
    await rm(join(root, "hub/packages", `${cid}.crashed`));
  });

  for (const system of ["lyingProofs", "unsoundProofs"]) {
    it(`submits nothing that its own checks refuse (${system})`, async () => {
      const { node, statusOf } = nodeWith({ system });
      const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
      const before = await transactionsOf(OPERATOR);
      await settle(node, 4);
      expect(await statusOf(jobId)).to.match(/^setAside: PROVE_FAILED/);
      expect(await transactionsOf(OPERATOR), "the claim only").to.equal(before + 1);
    });
  }

  it("still proves its own job after the window, when it is late but not lost", async () => {
    const request = await chain.makeRequest(modelId);
    const jobId = await chain.submitRequest(request);
    await chain.senderOf(OPERATOR).send(calls.claim(chain.deployment, request), { pollMs: 1 });
    await chain.networkHelpers.time.increase(1300);
    const { node, statusOf } = nodeWith();
    await settle(node);
    expect(await statusOf(jobId)).to.equal("settled: settled by this node");
    expect(await balanceOf(OPERATOR), "half of the collateral comes back").to.equal(FUNDS + 950n + 200n);
    expect(await bondedOf(OPERATOR), "all of it was slashed").to.equal(FUNDS - 400n);
  });

  it("gives no claim up because of a clock that is ahead", async () => {
    const request = await chain.makeRequest(modelId);
    const jobId = await chain.submitRequest(request);
    let ahead = 0;
    const { node, statusOf } = nodeWith({ clock: { now: () => chainsClock.now() + ahead } });
    await node.tick(); // claims
    ahead = 30 * 86_400_000;
    await settle(node);
    expect(await statusOf(jobId)).to.equal("settled: settled by this node");
    const next = await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 7n }));
    await settle(node, 2);
    expect(await statusOf(next), "but claims nothing by it").to.match(/^dropped/);
  });

  it("rescues a job whose claimer fell silent, if told to", async () => {
    const request = await chain.makeRequest(modelId);
    const jobId = await chain.submitRequest(request);
    await chain.senderOf(OTHER).send(calls.claim(chain.deployment, request), { pollMs: 1 });
    const { node, statusOf } = nodeWith({ config: { rescue: true } });
    await node.tick();
    expect(await statusOf(jobId)).to.equal("open: claimed by another, who still has time");
    await chain.networkHelpers.time.increase(1300);
    await settle(node);
    expect(await statusOf(jobId)).to.equal("settled: settled by this node");
    expect(await balanceOf(OPERATOR), "the price and half of the slashed collateral").to.equal(FUNDS + 950n + 200n);
    expect(await balanceOf(OTHER)).to.equal(FUNDS);
    expect(await bondedOf(OTHER)).to.equal(FUNDS - 400n);
  });

  it("ends a running proof when it is stopped", async () => {
    const { node, store } = nodeWith({ system: "hangingProofs" });
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    await node.tick();
    await node.tick();
    expect((await store.get(jobId))?.status).to.equal("proving");
    await node.stop();
    expect((await store.get(jobId))?.failures, "being stopped is no failure").to.equal(0);
  });

  it("ends a proof that is stopped while its process is still starting", async function () {
    this.timeout(20_000);
    const { prover } = nodeWith({ system: "hangingProofs" });
    const controller = new AbortController();
    const statement = { context: 1n, input: Uint8Array.of(1, 2, 3, 4) };
    const running = prover.prove(join(root, "package"), statement, { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 5)); // no process is up after 5 ms
    controller.abort();
    expect(await codeOf(running)).to.equal("ABORTED");
  });

  it("outlives a prover that does not hear it any more, and starts another", async function () {
    this.timeout(20_000);
    const { prover } = nodeWith({ system: "deafProofs" });
    const statement = { context: 1n, input: Uint8Array.of(1, 2, 3, 4) };
    const { output } = await prover.prove(join(root, "package"), statement);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await codeOf(prover.prove(join(root, "package"), statement))).to.equal("PROVER_CRASHED");
    expect((await prover.prove(join(root, "package"), statement)).output).to.deep.equal(output);
  });

  it("claims nothing without the ether to settle it, and what it has claimed before, too", async () => {
    const operator = chain.accounts[OPERATOR]?.address as Hex;
    const setEther = (wei: bigint): Promise<unknown> =>
      chain.ethers.provider.send("hardhat_setBalance", [operator, `0x${wei.toString(16)}`]);
    const { maxFeePerGas } = await chain.ethers.provider.getFeeData();
    // A claim takes 80,000 gas, a settlement here at most 500,000: enough for one job, not for two.
    await setEther(900_000n * (maxFeePerGas ?? 0n));
    const { node, statusOf } = nodeWith();
    const jobs = [
      await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 1n })),
      await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 2n })),
    ];
    await node.tick();
    expect((await chain.chain.job(jobs[0] as Hex)).state).to.equal("Claimed");
    expect(await statusOf(jobs[1] as Hex)).to.equal(`open: ${NOT_ENOUGH_ETHER}`);
    await settle(node, 3);
    expect(await statusOf(jobs[0] as Hex)).to.equal("settled: settled by this node");
    await setEther(10n ** 18n);
    await settle(node);
    expect(await statusOf(jobs[1] as Hex)).to.equal("settled: settled by this node");
  });

  it("bonds what its configuration wants, once, as far as the balance goes", async () => {
    const [token] = chain.deployment.tokens as [Hex];
    const warnings: unknown[] = [];
    const start = async (bond: bigint): Promise<void> => {
      const { prover } = nodeWith();
      const tokens = [{ token, minPrice: 500, maxCollateral: 10_000, bond }];
      const logger: Logger = { ...quiet, warn: (fields) => warnings.push(fields["missing"]) };
      const stopped = AbortSignal.abort();
      const sender = chain.senderOf(OPERATOR);
      await runNode(
        configOf({ tokens }),
        {
          ...{
            chain: chain.chain,
            sender,
            store: memoryStore(),
            hub,
            openings,
            proofSystem: mockProofs,
            prover,
            logger,
          },
          clock: { now: () => Date.now() },
        },
        stopped,
      );
    };
    await start(FUNDS + 7n);
    expect([await bondedOf(OPERATOR), await balanceOf(OPERATOR)]).to.deep.equal([FUNDS + 7n, FUNDS - 7n]);
    await start(FUNDS);
    expect(await bondedOf(OPERATOR), "it has enough").to.equal(FUNDS + 7n);
    expect(warnings).to.deep.equal([]);
    await start(3n * FUNDS);
    expect([await bondedOf(OPERATOR), await balanceOf(OPERATOR)]).to.deep.equal([2n * FUNDS, 0n]);
    expect(warnings).to.deep.equal([FUNDS.toString()]);
  });

  it("runs on through an RPC that fails now and then, and stops when told to", async () => {
    const jobId = await chain.submitRequest(await chain.makeRequest(modelId));
    const store = memoryStore();
    const prover = nodes.openMock();
    let calls = 0;
    const flaky = {
      ...chain.chain,
      head: async () => {
        if (calls++ % 3 === 0) throw new VerigradError("CHAIN_UNREACHABLE", "no answer", { consequence: "RETRY" });
        return chain.chain.head();
      },
    };
    const controller = new AbortController();
    const running = runNode(
      configOf({ watch: { confirmations: 0, pollMs: 5 } }),
      {
        chain: flaky,
        sender: chain.senderOf(OPERATOR),
        store,
        hub,
        openings,
        proofSystem: mockProofs,
        prover,
        logger: quiet,
        clock: { now: () => Date.now() },
      },
      controller.signal,
    );
    while ((await store.get(jobId))?.status !== "settled") await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort();
    await running;
    expect(calls).to.be.greaterThan(3);
  });
});
