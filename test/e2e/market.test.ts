// SPDX-License-Identifier: GPL-3.0-or-later
// Ways that a job can go besides the straight one, with real proofs on a real (local) chain: rescue, cancel race, batch, expiry.
import { expect } from "chai";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HDNodeWallet } from "ethers";
import type { LocalChain } from "../../scripts/demo/localChain.ts";
import { prepareModel, type DemoModel } from "../../scripts/demo/model.ts";
import type { ChainReader } from "../../verifier/chain/client.ts";
import { contextOf, jobIdOf, priceAt, toBytes, toHex } from "../../verifier/chain/hashes.ts";
import { calls } from "../../verifier/chain/transactions.ts";
import type { Address, Hex, Request } from "../../verifier/chain/types.ts";
import { openPackage } from "../../verifier/hub/package.ts";
import { groth16 } from "../../verifier/proofs/groth16/index.ts";
import { buildRequest, encodeInput, registerPackage, requestBatch, signRequest } from "../../verifier/sdk/index.ts";
import { errorOf } from "../helpers/errors.ts";
import { newLocalMarket, type LocalMarket } from "../helpers/local-market.ts";

const FUNDS = 1_000_000_000n;
const BURN_BPS = 5_000n; // ignition/modules/Verigrad.ts
const CANCEL_DELAY = 300n;
const ROYALTY_BPS = 500n;

describe("a market with real proofs", function () {
  this.timeout(180_000);
  let work: string;
  let market: LocalMarket;
  let chain: LocalChain;
  let reader: ChainReader;
  let model: DemoModel;
  let modelId: Hex;
  let token: Address;
  let input: Uint8Array;
  let requester: HDNodeWallet;
  let operator: HDNodeWallet;
  let rescuer: HDNodeWallet;
  const send = (wallet: HDNodeWallet) => market.send(wallet);
  const addressOf = (wallet: HDNodeWallet): Address => wallet.address as Address;
  const balance = (wallet: HDNodeWallet): Promise<bigint> => reader.balanceOf(token, addressOf(wallet));

  before(async () => {
    work = await mkdtemp(join(tmpdir(), "verigrad-e2e-"));
    market = await newLocalMarket(3, FUNDS);
    ({ chain, reader, token } = market);
    const { owner } = market;
    [requester, operator, rescuer] = market.accounts as [HDNodeWallet, HDNodeWallet, HDNodeWallet];
    model = await prepareModel(join(work, "digits"), join(import.meta.dirname, "../../.cache/setup"), () => undefined);
    const royalty = { royaltyPayee: addressOf(owner), royaltyBps: Number(ROYALTY_BPS) };
    ({ modelId } = await registerPackage(model.directory, reader, send(owner), royalty, { pollMs: 20 }));
    input = encodeInput((await openPackage(model.directory)).manifest, model.heldOut[7] ?? []);
  });

  after(async () => {
    await market.close();
    await rm(work, { recursive: true, force: true });
  });

  const open = async (): Promise<{ request: Request; jobId: Hex }> => {
    const { timestamp } = await reader.head();
    const request = buildRequest({
      requester: addressOf(requester),
      modelId,
      input,
      token,
      maxFee: 10_000_000n,
      now: timestamp,
    });
    await send(requester).send(calls.request(reader.deployment, request), { pollMs: 20 });
    return { request, jobId: jobIdOf(reader.deployment.chainId, reader.deployment.market, request) };
  };

  const proofFor = async (request: Request, jobId: Hex, payee: HDNodeWallet) => {
    const context = contextOf(reader.deployment.chainId, reader.deployment.market, jobId, addressOf(payee));
    const { output, seal } = await groth16.prove(model.directory, { context, input: toBytes(request.input) });
    return calls.fulfil(reader.deployment, request, addressOf(payee), toHex(output), toHex(seal));
  };

  const refusalOf = async (call: Promise<unknown>): Promise<unknown> => (await errorOf(call))?.data["error"];

  it("reopens a job whose claimer fell silent; a rescuer settles it, the claimer is slashed", async () => {
    const { request, jobId } = await open();
    await send(operator).send(calls.claim(reader.deployment, request), { pollMs: 20 });
    const rescue = await proofFor(request, jobId, rescuer);
    const { since, price } = await reader.job(jobId);
    await chain.warpTo(since + request.proofWindow - 10n);
    expect(await refusalOf(send(rescuer).simulate(rescue))).to.equal("NotClaimer");

    await chain.warpTo(since + request.proofWindow);
    const before = [await balance(requester), await balance(operator), await balance(rescuer)] as const;
    await send(rescuer).send(rescue, { pollMs: 20 });
    expect((await reader.job(jobId)).state).to.equal("Settled");
    const award = (request.collateral * (10_000n - BURN_BPS)) / 10_000n;
    const royalty = (price * ROYALTY_BPS) / 10_000n;
    expect(await balance(rescuer)).to.equal(before[2] + price - royalty + award);
    expect(await balance(operator)).to.equal(before[1]);
    expect(await balance(requester)).to.equal(before[0] + request.maxFee - price);
    expect(await reader.resultOf(jobId)).to.have.length(2 + 2 * 20);
  });

  it("lets a fulfilment win that lands between the announcement and the cancellation", async () => {
    const { request, jobId } = await open();
    const fulfil = await proofFor(request, jobId, operator);
    const cancel = calls.cancel(reader.deployment, request);
    expect(await refusalOf(send(requester).simulate(cancel))).to.equal("CancelNotAnnounced");
    await send(requester).send(calls.announceCancel(reader.deployment, request), { pollMs: 20 });
    expect(await refusalOf(send(requester).simulate(cancel))).to.equal("CancelTooEarly");
    const before = await balance(operator);
    await send(operator).send(fulfil, { pollMs: 20 });
    expect(await refusalOf(send(requester).simulate(cancel))).to.equal("WrongState");
    const { since } = await reader.job(jobId);
    const price = priceAt(request, since);
    expect(await balance(operator)).to.equal(before + price - (price * ROYALTY_BPS) / 10_000n);
  });

  it("gives the whole fee back when nobody came before the cancellation; a proof is too late then", async () => {
    const before = await balance(requester);
    const { request, jobId } = await open();
    const fulfil = await proofFor(request, jobId, operator);
    await send(requester).send(calls.announceCancel(reader.deployment, request), { pollMs: 20 });
    await chain.warpTo(BigInt((await reader.head()).timestamp) + CANCEL_DELAY);
    await send(requester).send(calls.cancel(reader.deployment, request), { pollMs: 20 });
    expect(await balance(requester)).to.equal(before);
    expect(await refusalOf(send(operator).simulate(fulfil))).to.equal("WrongState");
  });

  it("settles signed requests that another brought, in one batch; a false item costs the others nothing", async () => {
    const { deployment } = reader;
    const { timestamp } = await reader.head();
    const ask = (): Request =>
      buildRequest({
        ...{ requester: addressOf(requester), modelId, input, token, maxFee: 10_000_000n, now: timestamp },
        overrides: { rampLength: 0n },
      });
    const signed = await Promise.all(
      [ask(), ask(), ask()].map(async (request) => ({
        request,
        signature: await signRequest(reader, send(requester), request),
      })),
    );
    const { jobIds } = await requestBatch(reader, send(rescuer), signed, { pollMs: 20 });
    const batch = await Promise.all(
      signed.map(async ({ request }, i) => {
        const context = contextOf(deployment.chainId, deployment.market, jobIds[i] as Hex, addressOf(operator));
        const { output, seal } = await groth16.prove(model.directory, { context, input: toBytes(request.input) });
        return { request, payee: addressOf(operator), output: toHex(output), seal: toHex(seal) };
      }),
    );
    const [first, , third] = batch;
    if (first === undefined || third === undefined) throw new Error("no batch");
    const before = await balance(operator);
    await send(operator).send(calls.fulfilBatch(deployment, [...batch.slice(0, 2), { ...third, seal: first.seal }]), {
      pollMs: 20,
    });
    const price = 10_000_000n;
    expect(await balance(operator)).to.equal(before + 2n * (price - (price * ROYALTY_BPS) / 10_000n));
    const states = await Promise.all(jobIds.map(async (jobId) => (await reader.job(jobId)).state));
    expect(states).to.deep.equal(["Settled", "Settled", "Requested"]);
    // The refused one is as it was: its own proof settles it.
    await send(operator).send(calls.fulfilBatch(deployment, [third]), { pollMs: 20 });
    expect((await reader.job(jobIds[2] as Hex)).state).to.equal("Settled");
  });

  it("expires a claimed job at its deadline, not a second before: fee back, claimer slashed", async () => {
    const before = await balance(requester);
    const { request, jobId } = await open();
    await send(operator).send(calls.claim(reader.deployment, request), { pollMs: 20 });
    const expire = calls.expire(reader.deployment, request);
    await chain.warpTo(request.deadline - 2n);
    expect(await refusalOf(send(rescuer).simulate(expire))).to.equal("DeadlineNotReached");
    await chain.warpTo(request.deadline);
    await send(rescuer).send(expire, { pollMs: 20 });
    expect((await reader.job(jobId)).state).to.equal("Expired");
    const award = (request.collateral * (10_000n - BURN_BPS)) / 10_000n;
    expect(await balance(requester)).to.equal(before + award);
  });
});
