// SPDX-License-Identifier: GPL-3.0-or-later
import { id } from "ethers";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { decodeRevert } from "../../verifier/chain/errors.ts";
import { toBytes, toHex } from "../../verifier/chain/hashes.ts";
import { permitOf } from "../../verifier/chain/signatures.ts";
import type { Fulfilment } from "../../verifier/chain/transactions.ts";
import type { Address, Hex } from "../../verifier/chain/types.ts";
import {
  argmax,
  awaitResult,
  bondStake,
  bringRequest,
  buildRequest,
  calls,
  commitInput,
  contextOf,
  decodeOutput,
  encodeInput,
  encodeInputFile,
  jobIdOf,
  parseManifest,
  parseOpening,
  registerPackage,
  requestBatch,
  requestInference,
  serializeOpening,
  signPermit,
  signRequest,
  type Request,
  type RequestOptions,
} from "../../verifier/sdk/index.ts";
import { FUNDS, newTestChain, type TestChain } from "../helpers/chain.ts";
import { codeOf, errorOf } from "../helpers/errors.ts";
import { mockKey, mockProofs, mockSeal } from "../helpers/mock-proofs.ts";
import { mockPackageFiles, tinyGraph, writeFiles } from "../helpers/packages.ts";

const files = mockPackageFiles();
const manifest = parseManifest(files.find(({ path }) => path === "manifest.json")?.bytes as Uint8Array);
const file = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the SDK's tensors", () => {
  it("encodes real values, rounding half up, and clamps nothing", async () => {
    expect([...encodeInput(manifest, [[0, 1.5, 2.49, 16]])]).to.deep.equal([0, 2, 2, 16]);
    const wrong: [number[], string][] = [
      [[0, 0, 0], "INPUT_SHAPE"],
      [[0, 0, 0, 16.5], "INPUT_RANGE"],
      [[0, 0, 0, -1], "INPUT_RANGE"],
      [[0, 0, 0, NaN], "INPUT_NUMBER"],
      [[0, 0, 0, Infinity], "INPUT_NUMBER"],
    ];
    for (const [values, code] of wrong) expect(await codeOf(() => encodeInput(manifest, [values]))).to.equal(code);
  });

  it("reads exactly one sample from a file", async () => {
    expect([...encodeInputFile(manifest, file('{"input_data": [[1, 2, 3, 4]]}'))]).to.deep.equal([1, 2, 3, 4]);
    const two = file('{"input_data": [[[1, 2, 3, 4], [1, 2, 3, 4]]]}');
    expect(await codeOf(() => encodeInputFile(manifest, two))).to.equal("INPUT_SHAPE");
  });

  it("gives no bytes for the chain where inputs are committed, and commits under a new salt each time", async () => {
    const committed = { ...manifest, inputMode: "COMMITTED" as const };
    const sample = [[0, 1.5, 2.49, 16]];
    const specs = manifest.inputs.map(({ spec }) => spec);
    expect(await codeOf(() => encodeInput(committed, sample))).to.equal("INPUT_MODE_MISMATCH");
    expect(await codeOf(() => encodeInputFile(committed, file('{"input_data": [[1, 2, 3, 4]]}')))).to.equal(
      "INPUT_MODE_MISMATCH",
    );
    expect(await codeOf(commitInput(manifest, sample))).to.equal("INPUT_MODE_MISMATCH");
    const [first, second] = [await commitInput(committed, sample), await commitInput(committed, sample)];
    expect(first.commitment).to.not.equal(second.commitment);
    expect([...first.input]).to.deep.equal([0, 2, 2, 16]);
    expect(await parseOpening(specs, serializeOpening(first))).to.deep.equal(first);
    expect(await codeOf(commitInput(committed, [[0, 0, 0, 16.5]]))).to.equal("INPUT_RANGE");
  });

  it("decodes outputs to real numbers", async () => {
    const [scores] = decodeOutput(manifest, Uint8Array.of(0, 32, 0, 8, 0, 40));
    expect(scores?.name).to.equal("scores");
    expect([...(scores?.values ?? [])], "exponent 2: quarters").to.deep.equal([8, 2, 10]);
    expect(await codeOf(() => decodeOutput(manifest, new Uint8Array(5)))).to.equal("TENSOR_LENGTH");
  });

  it("finds the winner, the lowest of equals, and its margin", async () => {
    expect(argmax([1, 3, 2])).to.deep.equal({ index: 1, margin: 1 });
    expect(argmax([5, 5, 1])).to.deep.equal({ index: 0, margin: 0 });
    expect(argmax([-4])).to.deep.equal({ index: 0, margin: Infinity });
    expect(await codeOf(() => argmax([]))).to.equal("INPUT_SHAPE");
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 2 }), (values) => {
        const { index, margin } = argmax(values);
        const sorted = values.toSorted((a, b) => b - a);
        expect(index).to.equal(values.indexOf(sorted[0] as number));
        expect(margin).to.equal((sorted[0] as number) - (sorted[1] as number));
      }),
    );
  });
});

describe("the SDK on a chain", () => {
  let chain: TestChain;
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-sdk-"));
    await writeFiles(root, files);
    chain = await newTestChain();
  });
  after(async () => {
    await chain.close();
    await rm(root, { recursive: true });
  });

  it("registers a package, asks, and gets the proven result", async () => {
    const { deployment } = chain;
    const owner = chain.senderOf(0);
    const registered = await registerPackage(root, chain.chain, owner, {}, { pollMs: 1 });
    expect(registered.insecure).to.equal(true);
    expect((await chain.chain.model(registered.modelId)).owner).to.equal(owner.address);
    const again = await errorOf(registerPackage(root, chain.chain, owner, {}, { pollMs: 1 }));
    expect(again?.data["error"], "the key is known, the model exists").to.equal("ModelExists");

    const request = buildRequest({
      requester: chain.accounts[1]?.address as Address,
      modelId: registered.modelId,
      input: encodeInput(manifest, [[1, 2, 3, 4]]),
      token: deployment.tokens[0] as Address,
      maxFee: 1000n,
      now: (await chain.chain.head()).timestamp,
    });
    const { jobId } = await requestInference(chain.chain, chain.senderOf(1), request, { pollMs: 1 });
    expect(await codeOf(awaitResult(chain.chain, jobId, { timeoutMs: 0 }))).to.equal("JOB_TIMEOUT");

    const payee = chain.accounts[2]?.address as Address;
    const context = contextOf(deployment.chainId, deployment.market, jobId, payee);
    const { output, seal } = await mockProofs.prove(root, { context, input: toBytes(request.input) });
    await chain.senderOf(2).send(calls.fulfil(deployment, request, payee, toHex(output), toHex(seal)), { pollMs: 1 });
    const result = await awaitResult(chain.chain, jobId, { pollMs: 1 });
    expect(argmax(decodeOutput(manifest, result)[0]?.values ?? []).index).to.equal(2);
  });

  describe("signed requests, permits, batches, stake", () => {
    let modelId: Hex;
    let token: Address;
    let snapshot: { restore(): Promise<void> };
    const BRINGER = 3;
    before(async () => {
      ({ modelId } = await chain.registerModel(mockPackageFiles({ salt: 2 })));
      token = chain.deployment.tokens[0] as Address;
    });
    beforeEach(async () => {
      snapshot = await chain.networkHelpers.takeSnapshot();
    });
    afterEach(() => snapshot.restore());
    const build = async (change: Partial<RequestOptions> = {}): Promise<Request> =>
      buildRequest({
        ...{ requester: chain.accounts[1]?.address as Address, modelId, token, maxFee: 1000n },
        ...{ input: encodeInput(manifest, [[1, 2, 3, 4]]), now: (await chain.chain.head()).timestamp },
        ...change,
      });
    const refusal = async (call: Promise<unknown>): Promise<unknown> => (await errorOf(call))?.data["error"];

    it("a request signed by its requester is brought by another, once; no other field passes", async () => {
      const request = await build();
      const signature = await signRequest(chain.chain, chain.senderOf(1), request);
      const bringer = chain.senderOf(BRINGER);
      const dearer = { ...request, maxFee: 1001n };
      expect(await refusal(bringRequest(chain.chain, bringer, { request: dearer, signature }))).to.equal(
        "InvalidSignature",
      );
      const before = await chain.chain.balanceOf(token, request.requester);
      const { jobId } = await bringRequest(chain.chain, bringer, { request, signature }, { pollMs: 1 });
      expect((await chain.chain.job(jobId)).state).to.equal("Requested");
      expect(await chain.chain.balanceOf(token, request.requester)).to.equal(before - 1000n);
      expect(await refusal(bringRequest(chain.chain, bringer, { request, signature }))).to.equal("JobExists");
      expect(await codeOf(signRequest(chain.chain, bringer, request)), "not theirs to sign").to.equal("NOT_REQUESTER");
    });

    it("an invalidated nonce stops a request that was signed and not yet brought", async () => {
      const request = await build();
      const signature = await signRequest(chain.chain, chain.senderOf(1), request);
      expect(await chain.chain.isNonceInvalidated(request.requester, request.nonce)).to.equal(false);
      await chain.senderOf(1).send(calls.invalidateNonce(chain.deployment, request.nonce), { pollMs: 1 });
      expect(await chain.chain.isNonceInvalidated(request.requester, request.nonce)).to.equal(true);
      const brought = bringRequest(chain.chain, chain.senderOf(BRINGER), { request, signature });
      expect(await refusal(brought)).to.equal("NonceIsInvalidated");
    });

    it("with a permit the fee comes from the requester's tokens, what is there already included", async () => {
      const requester = chain.senderOf(1);
      const { deployment } = chain;
      const held = await chain.chain.balanceOf(token, requester.address);
      await requester.send(calls.withdraw(deployment, token, requester.address, held - 400n), { pollMs: 1 });
      await requester.send(calls.approve(token, deployment.market, 0n), { pollMs: 1 });
      const request = await build();
      const signature = await signRequest(chain.chain, requester, request);
      const deadline = BigInt((await chain.chain.head()).timestamp) + 600n;
      const permit = await signPermit(chain.chain, requester, token, 600n, deadline);
      const bringer = chain.senderOf(BRINGER);
      expect(await refusal(bringRequest(chain.chain, bringer, { request, signature }))).to.equal("InsufficientBalance");
      const { balance } = await chain.chain.walletOf(token, requester.address);
      await bringRequest(chain.chain, bringer, { request, signature, permit }, { pollMs: 1 });
      expect(await chain.chain.balanceOf(token, requester.address)).to.equal(0n);
      expect(await chain.chain.walletOf(token, requester.address)).to.deep.equal({
        balance: balance - 600n,
        allowance: 0n,
      });
      expect(await codeOf(() => permitOf(1n, 2n, "0x1234"))).to.equal("SIGNATURE_INVALID");
    });

    it("a batch opens own and signed requests together, or none", async () => {
      const bringer = chain.senderOf(BRINGER);
      const own = await build({ requester: bringer.address });
      const other = await build();
      const signature = await signRequest(chain.chain, chain.senderOf(1), other);
      const unsigned = requestBatch(chain.chain, bringer, [{ request: own }, { request: other }]);
      expect(await refusal(unsigned)).to.equal("NotRequester");
      const batch = [{ request: own }, { request: other, signature }];
      const { jobIds } = await requestBatch(chain.chain, bringer, batch, { pollMs: 1 });
      for (const jobId of jobIds) expect((await chain.chain.job(jobId)).state).to.equal("Requested");
    });

    it("fulfilBatch settles what is right and says of the rest why not", async () => {
      const { deployment } = chain;
      const operator = chain.senderOf(2);
      const requests = [await build(), await build()];
      await requestBatch(
        chain.chain,
        chain.senderOf(1),
        requests.map((request) => ({ request })),
        { pollMs: 1 },
      );
      const payee = operator.address;
      const ids = requests.map((request) => jobIdOf(deployment.chainId, deployment.market, request));
      const items: Fulfilment[] = [];
      for (const [i, request] of requests.entries()) {
        const context = contextOf(deployment.chainId, deployment.market, ids[i] as Hex, payee);
        const input = toBytes(request.input);
        const { output } = await mockProofs.prove(root, { context, input });
        const key = mockKey(tinyGraph(), 2);
        const seal = mockSeal(key, { context: i === 0 ? context : context + 1n, input, output });
        items.push({ request, payee, output: toHex(output), seal: toHex(seal) });
      }
      const { blockNumber } = await operator.send(calls.fulfilBatch(deployment, items), { pollMs: 1 });
      const events = await chain.chain.marketEvents(blockNumber, blockNumber);
      expect(events.map(({ name, jobId }) => [name, jobId])).to.deep.equal([
        ["JobSettled", ids[0]],
        ["FulfilmentRefused", ids[1]],
      ]);
      const refused = events.find((event) => event.name === "FulfilmentRefused");
      expect(decodeRevert(refused?.reason ?? "0x").data["error"]).to.equal("InvalidProof");
    });

    it("an optimistic request has bonds and windows that the market takes", async () => {
      const request = await build({ optimistic: true, maxFee: 1001n });
      expect(request).to.include({ mode: 1, proposerBond: 1001n, challengerBond: 501n, challengeWindow: 3600n });
      const { jobId } = await requestInference(chain.chain, chain.senderOf(1), request, { pollMs: 1 });
      expect((await chain.chain.job(jobId)).state).to.equal("Requested");
    });

    it("bonds what is on the market and, where that lacks, the account's tokens; says when there is too little", async () => {
      const operator = chain.senderOf(2);
      const { deployment } = chain;
      await operator.send(calls.approve(token, deployment.market, 3n), { pollMs: 1 });
      const { number } = await chain.chain.head();
      const { balance } = await chain.chain.walletOf(token, operator.address);
      const held = await chain.chain.balanceOf(token, operator.address);
      const stake = await bondStake(chain.chain, operator, token, held + 5n, { pollMs: 1 });
      expect([stake.bonded, stake.exposure]).to.deep.equal([FUNDS + held + 5n, 0n]);
      expect(await chain.chain.walletOf(token, operator.address)).to.deep.equal({
        balance: balance - 5n,
        allowance: 0n,
      });
      // By way of zero, for tokens that refuse to change an allowance otherwise.
      const approvals = await chain.ethers.provider.getLogs({
        ...{ address: token, fromBlock: number + 1, topics: [id("Approval(address,address,uint256)")] },
      });
      expect(approvals.slice(0, 2).map(({ data }) => BigInt(data))).to.deep.equal([0n, 5n]);
      expect(await codeOf(bondStake(chain.chain, operator, token, balance))).to.equal("FUNDS_MISSING");
      await operator.send(calls.unbond(deployment, token, 7n), { pollMs: 1 });
      const unbonding = await chain.chain.stakeOf(token, operator.address);
      expect(unbonding).to.include({ bonded: FUNDS + held - 2n, unbonding: 7n });
      const { unbondingDelay } = await chain.chain.parameters();
      expect(unbonding.releasableAt).to.equal(BigInt((await chain.chain.head()).timestamp) + unbondingDelay);
      expect(await refusal(operator.send(calls.release(deployment, token)))).to.equal("StakeLocked");
      await chain.networkHelpers.time.increaseTo(unbonding.releasableAt);
      await operator.send(calls.release(deployment, token), { pollMs: 1 });
      expect(await chain.chain.balanceOf(token, operator.address)).to.equal(7n);
    });
  });

  it("gives up on a job that ended without a result, and on request", async () => {
    const { modelId } = await chain.registerModel(mockPackageFiles({ salt: 1 }));
    const request = await chain.makeRequest(modelId);
    const jobId: Hex = await chain.submitRequest(request);
    await chain.networkHelpers.time.increase(7200);
    await chain.senderOf(3).send(calls.expire(chain.deployment, request), { pollMs: 1 });
    expect(await codeOf(awaitResult(chain.chain, jobId))).to.equal("JOB_ENDED");
    expect(await codeOf(awaitResult(chain.chain, jobId, { signal: AbortSignal.abort() }))).to.equal("ABORTED");
  });

  it("refuses to build a request with a field that does not fit", async () => {
    const options: RequestOptions = {
      requester: `0x${"11".repeat(20)}`,
      modelId: `0x${"22".repeat(32)}`,
      input: new Uint8Array(4),
      token: `0x${"33".repeat(20)}`,
      maxFee: 10n,
      now: 1000,
    };
    expect(buildRequest(options).deadline).to.equal(1000n + 3600n + 1200n + 3600n);
    expect(buildRequest(options).nonce, "random").to.not.equal(buildRequest(options).nonce);
    expect(await codeOf(() => buildRequest({ ...options, maxFee: 1n << 96n }))).to.equal("REQUEST_INVALID");
    expect(await codeOf(() => buildRequest({ ...options, requester: "0x12" }))).to.equal("REQUEST_INVALID");
    expect(await codeOf(() => buildRequest({ ...options, overrides: { callbackGas: -1n } }))).to.equal(
      "REQUEST_INVALID",
    );
  });
});
