// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import { AbiCoder, id, Transaction } from "ethers";
import { openChain, OUT_OF_GAS, type ChainReader, type Eip1193 } from "../../verifier/chain/client.ts";
import { parseDeployment } from "../../verifier/chain/deployment.ts";
import { chainError, decodeRevert } from "../../verifier/chain/errors.ts";
import { toHex } from "../../verifier/chain/hashes.ts";
import { calls, openSender } from "../../verifier/chain/transactions.ts";
import { EMPTY_CURSOR, watch } from "../../verifier/chain/watcher.ts";
import { toJson, type Hex } from "../../verifier/chain/types.ts";
import { keccakHex } from "../../verifier/hash.ts";
import { tooDear } from "../../verifier/node/gas.ts";
import { signPermit } from "../../verifier/sdk/requests.ts";
import { FUNDS, newTestChain, testAccount, type TestChain } from "../helpers/chain.ts";
import { codeOf, errorOf } from "../helpers/errors.ts";
import { mockKey, mockSeal } from "../helpers/mock-proofs.ts";
import { mockPackageFiles, tinyGraph } from "../helpers/packages.ts";

describe("the chain, read and written", () => {
  let chain: TestChain;
  let modelId: Hex;
  let snapshot: { restore(): Promise<void> };
  before(async () => {
    chain = await newTestChain();
    ({ modelId } = await chain.registerModel(mockPackageFiles()));
  });
  beforeEach(async () => {
    snapshot = await chain.networkHelpers.takeSnapshot();
  });
  afterEach(() => snapshot.restore());
  after(() => chain.close());

  it("decodes the market's named errors with their arguments", async () => {
    const request = await chain.makeRequest(modelId, { maxFee: FUNDS + 1n, minFee: 1n });
    const error = await errorOf(chain.senderOf(1).send(calls.request(chain.deployment, request)));
    expect(error?.code).to.equal("CHAIN_REVERTED");
    expect(error?.data["error"]).to.equal("InsufficientBalance");
    expect((error?.data["args"] as string[]).slice(2)).to.deep.equal([FUNDS.toString(), (FUNDS + 1n).toString()]);
  });

  it("keeps the name of what it cannot decode out, and says which selector it was", () => {
    const error = decodeRevert("0xdeadbeef");
    expect(error.data["error"]).to.equal("unknown");
    expect(error.message).to.contain("0xdeadbeef");
  });

  it("tells an unreachable RPC (try again) from a refusal", () => {
    expect(chainError(Object.assign(new Error("x"), { code: "ECONNREFUSED" })).consequence).to.equal("RETRY");
    expect(chainError(Object.assign(new Error("x"), { code: "TIMEOUT" })).code).to.equal("CHAIN_UNREACHABLE");
    expect(chainError(Object.assign(new Error("x"), { code: "INSUFFICIENT_FUNDS" })).code).to.equal("CHAIN_FUNDS");
    expect(chainError(new Error("odd")).code).to.equal("CHAIN_CALL_FAILED");
  });

  it("refuses an RPC of another chain, and a key that is none without quoting it", async () => {
    const other = { ...chain.deployment, chainId: 5n };
    expect(await codeOf(openChain(chain.provider, other))).to.equal("CHAIN_WRONG_NETWORK");
    const error = await errorOf(() => openSender(chain.provider, chain.deployment, "0x1234"));
    expect(error?.code).to.equal("WALLET_INVALID");
    expect(`${error?.message} ${String(error?.cause)}`).to.not.contain("1234");
  });

  it("knows a model by its id, and no other", async () => {
    const model = await chain.chain.model(modelId);
    expect(model.owner).to.equal(testAccount(0).address);
    expect(model.spec.name).to.equal("tiny");
    expect(await codeOf(chain.chain.model(`0x${"77".repeat(32)}`))).to.equal("MODEL_NOT_FOUND");
  });

  it("does not believe an RPC that changes a request", async () => {
    await chain.submitRequest(await chain.makeRequest(modelId));
    const lying: Eip1193 = {
      request: async (args) => {
        const answer = await chain.provider.request(args);
        if (args.method !== "eth_getLogs") return answer;
        return (answer as { data: string }[]).map((log) => ({
          ...log,
          data: log.data.replace("01020304", "01020305"),
        }));
      },
    };
    const reader = await openChain(lying, chain.deployment);
    const error = await errorOf(watch(reader, EMPTY_CURSOR, { confirmations: 0, maxRange: 1000 }));
    expect(error?.code).to.equal("CHAIN_INCONSISTENT");
    expect(error?.consequence).to.equal("ESCALATE");
  });

  it("reads logs from an RPC that answers about few blocks at a time, and fails at once where it refuses all", async () => {
    const ids = [await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 1n }))];
    await chain.networkHelpers.mine(9);
    ids.push(await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 2n })));
    let asked = 0;
    const bounded = (most: number): Eip1193 => ({
      request: async (args) => {
        if (args.method === "eth_getLogs") {
          asked++;
          const [{ fromBlock, toBlock }] = args.params as [{ fromBlock: string; toBlock: string }];
          if (Number(toBlock) - Number(fromBlock) >= most) throw new Error("query returned more than 10000 results");
        }
        return chain.provider.request(args);
      },
    });
    const reader = await openChain(bounded(3), chain.deployment);
    const { number } = await reader.head();
    expect((await reader.marketEvents(0, number)).map(({ jobId }) => jobId)).to.deep.equal(ids);
    expect((await reader.model(modelId)).modelId).to.equal(modelId);
    asked = 0;
    const mute = await openChain(bounded(0), chain.deployment);
    expect(await codeOf(mute.marketEvents(0, number))).to.equal("CHAIN_CALL_FAILED");
    expect(asked).to.be.below(10);
  });

  it("signs no permit over another token's or another chain's domain", async () => {
    const [token] = chain.deployment.tokens as [Hex];
    const coder = AbiCoder.defaultAbiCoder();
    const types = ["bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"];
    const { chainId } = chain.deployment;
    const readerOf = (change: Record<number, unknown>): Promise<ChainReader> =>
      openChain(
        {
          request: async (args) => {
            const [{ data } = {}] = (args.params ?? []) as { data?: string }[];
            const answer = await chain.provider.request(args);
            if (args.method !== "eth_call" || data !== id("eip712Domain()").slice(0, 10)) return answer;
            const fields = coder.decode(types, answer as string).toArray() as unknown[];
            return coder.encode(
              types,
              fields.map((field, i) => change[i] ?? field),
            );
          },
        },
        chain.deployment,
      );
    const owner = chain.senderOf(1);
    const until = BigInt((await chain.chain.head()).timestamp) + 600n;
    const sign = async (change: Record<number, unknown>): Promise<string> =>
      codeOf(signPermit(await readerOf(change), owner, token, 1n, until));
    expect(await sign({})).to.equal("none");
    expect(await sign({ 4: chain.deployment.market }), "another contract").to.equal("CHAIN_INCONSISTENT");
    expect(await sign({ 3: chainId + 1n }), "another chain").to.equal("CHAIN_INCONSISTENT");
    expect(await sign({ 0: "0x1f" }), "a salt").to.equal("CHAIN_INCONSISTENT");
  });

  it("hands out each event once, in order, in steps, and only when it is confirmed", async () => {
    const ids: Hex[] = [];
    for (let nonce = 0n; nonce < 4n; nonce++) {
      ids.push(await chain.submitRequest(await chain.makeRequest(modelId, { nonce })));
    }
    const seen: Hex[] = [];
    let cursor = EMPTY_CURSOR;
    for (let behind = true; behind;) {
      const step = await watch(chain.chain, cursor, { confirmations: 2, maxRange: 3 });
      seen.push(...step.events.filter(({ name }) => name === "JobRequested").map(({ jobId }) => jobId));
      ({ cursor, behind } = step);
    }
    expect(seen, "the last two are too young").to.deep.equal(ids.slice(0, 2));
    await chain.networkHelpers.mine(2);
    const step = await watch(chain.chain, cursor, { confirmations: 2, maxRange: 100 });
    expect(step.events.map(({ jobId }) => jobId)).to.deep.equal(ids.slice(2));
    expect((await watch(chain.chain, step.cursor, { confirmations: 2, maxRange: 100 })).events).to.deep.equal([]);
  });

  it("T10: goes back to the fork after a reorganisation, and reads the other branch", async () => {
    const options = { confirmations: 0, maxRange: 1000 };
    const start = await watch(chain.chain, EMPTY_CURSOR, options);
    const fork = await chain.networkHelpers.takeSnapshot();
    await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 1n }));
    const left = await watch(chain.chain, start.cursor, options);
    expect(left.events.length).to.equal(1);
    await fork.restore();
    const other = await chain.submitRequest(await chain.makeRequest(modelId, { nonce: 2n }));
    const right = await watch(chain.chain, left.cursor, options);
    expect(right.rolledBackTo).to.equal(start.cursor.checkpoints.at(-1)?.number);
    expect(right.events.map(({ jobId }) => jobId)).to.deep.equal([other]);
  });

  it("says that the chain moved when a block changes between two reads", async () => {
    let reads = 0;
    const moving = {
      ...chain.chain,
      block: async (number: number) => {
        const block = await chain.chain.block(number);
        const hash: Hex = `0x${(reads++).toString(16).padStart(64, "0")}`;
        return block === null ? null : { ...block, hash };
      },
    };
    const error = await errorOf(watch(moving, EMPTY_CURSOR, { confirmations: 0, maxRange: 1000 }));
    expect([error?.code, error?.consequence]).to.deep.equal(["CHAIN_INCONSISTENT", "RETRY"]);
  });

  it("gives transactions signed in a row different nonces, and broadcasts the same one once", async () => {
    const sender = chain.senderOf(3);
    const [token] = chain.deployment.tokens;
    const call = calls.withdraw(chain.deployment, token as Hex, sender.address, 1n);
    const signed = await Promise.all([sender.sign(call), sender.sign(call)]);
    expect(new Set(signed.map(({ nonce }) => nonce)).size).to.equal(2);
    for (const transaction of signed) {
      await sender.broadcast(transaction);
      await sender.broadcast(transaction);
      expect((await sender.wait(transaction.hash, { pollMs: 1 })).ok).to.equal(true);
    }
    expect(await chain.chain.balanceOf(token as Hex, sender.address)).to.equal(FUNDS - 2n);
  });

  it("asks for no more gas than a transaction may have, however little head-room is left (EIP-7825)", async () => {
    // Reads memory at its argument; w words of memory cost 3 w + w^2 / 512.
    const [signer] = await chain.ethers.getSigners();
    const created = await signer?.sendTransaction({ data: "0x6005600c60003960056000f36000355100" });
    const to = (await created?.wait())?.contractAddress as Hex;
    const sender = chain.senderOf(2);
    const limitOf = async (words: number): Promise<number> => {
      const data: Hex = `0x${(32 * words).toString(16).padStart(64, "0")}`;
      return Number(Transaction.from((await sender.sign({ to, data, what: "read" })).raw).gasLimit);
    };
    expect(await limitOf(10_000)).to.be.within(1.19 * 246_000, 1.21 * 248_000);
    expect(await limitOf(85_000), "14.4 million are needed").to.equal(2 ** 24);
  });

  it("gives a verification the gas that it is told to, beside what the transaction itself costs", async () => {
    const key = mockKey(tinyGraph());
    const [context, input, output] = [7n, Uint8Array.of(1, 2, 3, 4), new Uint8Array(6)];
    const seal = mockSeal(key, { context, input, output });
    const claim = {
      ...{ keyHash: keccakHex(key), context, input: toHex(input), output: toHex(output) },
      seal: toHex(seal),
    };
    const probe = await chain.ethers.deployContract("GasProbe");
    const args = [chain.proofSystem, claim.keyHash, context, input, output, seal];
    // What it costs to call a contract for the first time is in it (EIP-2929), which a transaction pays with its base.
    const needed = Number(await probe.getFunction("gasOfVerify").staticCall(...args)) - 2_600;
    expect(await chain.chain.verify(chain.proofSystem, claim, needed + 50)).to.equal(null);
    expect(await chain.chain.verify(chain.proofSystem, claim, needed - 100)).to.equal(OUT_OF_GAS);
    expect(await chain.chain.verify(chain.proofSystem, { ...claim, context: 8n }, 7_000_000)).to.equal("InvalidProof");
    expect(await chain.chain.verify(chain.proofSystem, claim)).to.equal(null);
  });

  it("a node holds a verification against what the market gives it", async () => {
    const given = Number(await chain.market.getFunction("MAX_VERIFY_GAS")());
    expect([tooDear(given), tooDear(given + 1) === null]).to.deep.equal([null, false]);
  });

  it("reads deployment files strictly", async () => {
    const good = toJson(chain.deployment);
    expect(parseDeployment(good)).to.deep.equal(chain.deployment);
    for (const bad of ["", "[]", good.replace('"market"', '"markt"'), good.replace("0x", "0y")]) {
      expect(await codeOf(() => parseDeployment(bad)), bad.slice(0, 20)).to.equal("DEPLOYMENT_INVALID");
    }
  });
});
