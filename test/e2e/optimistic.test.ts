// SPDX-License-Identifier: GPL-3.0-or-later
// OPTIMISTIC jobs on a real (local) chain, with real proofs of either proof system as fault proofs.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { keccak256, type HDNodeWallet } from "ethers";
import { prepareModel, prepareTensorcheck } from "../../scripts/demo/model.ts";
import { contextOf, jobIdOf, toBytes, toHex } from "../../verifier/chain/hashes.ts";
import { calls, type Call } from "../../verifier/chain/transactions.ts";
import type { Address, Hex, Request } from "../../verifier/chain/types.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { openPackage } from "../../verifier/hub/package.ts";
import { groth16 } from "../../verifier/proofs/groth16/index.ts";
import { decodePowers, tensorcheck } from "../../verifier/proofs/tensorcheck/index.ts";
import { buildRequest, encodeInput, registerPackage } from "../../verifier/sdk/index.ts";
import { decodeTensors, encodeTensors } from "../../verifier/tensor/codec.ts";
import { errorOf } from "../helpers/errors.ts";
import { newLocalMarket, type LocalMarket } from "../helpers/local-market.ts";

const FUNDS = 1_000_000_000n;
const CACHE = join(import.meta.dirname, "../../.cache/setup");
const BURN_BPS = 5_000n; // ignition/modules/Verigrad.ts
const POLL = { pollMs: 20 };
const awardOf = (slashed: bigint): bigint => (slashed * (10_000n - BURN_BPS)) / 10_000n;

interface Model {
  readonly directory: string;
  readonly modelId: Hex;
  readonly input: Uint8Array;
  /** what the model says of the input */
  readonly truth: Hex;
  /** what it says of another: of the right form, and wrong */
  readonly lie: Hex;
}

describe("OPTIMISTIC jobs with real proofs", function () {
  this.timeout(300_000);
  let work: string;
  let market: LocalMarket | undefined;
  const models = new Map<string, Model>();
  const opened = (): LocalMarket => market as LocalMarket;
  const account = (i: number): HDNodeWallet => opened().accounts[i] as HDNodeWallet;
  const [requester, proposer, challenger, prover] = [0, 1, 2, 3] as const;
  const addressOf = (i: number): Address => account(i).address as Address;
  const send = (i: number, call: Call) => opened().send(account(i)).send(call, POLL);
  const refusalOf = async (i: number, call: Call): Promise<unknown> =>
    (await errorOf(opened().send(account(i)).simulate(call)))?.data["error"];

  before(async () => {
    work = await mkdtemp(join(tmpdir(), "verigrad-optimistic-"));
    const circuit = await prepareModel(join(work, "groth16"), CACHE, () => undefined);
    const committed = await prepareTensorcheck(circuit, join(work, "tensorcheck"), CACHE);
    const { tau2 } = decodePowers(await readFile(join(committed.directory, "setup/powers.bin")));
    market = await newLocalMarket(4, FUNDS, tau2);
    const { reader, owner } = market;
    for (const [name, { directory }] of Object.entries({ groth16: circuit, tensorcheck: committed })) {
      const { modelId } = await registerPackage(directory, reader, market.send(owner), {}, POLL);
      const { manifest, graph } = await openPackage(directory);
      const specs = (ports: typeof graph.inputs) => ports.map(({ spec }) => spec);
      const inputs = [0, 1].map((i) => encodeInput(manifest, circuit.heldOut[i] ?? []));
      const [truth, lie] = inputs.map((bytes) =>
        toHex(encodeTensors(specs(graph.outputs), execute(graph, decodeTensors(specs(graph.inputs), bytes)))),
      ) as [Hex, Hex];
      models.set(name, { directory, modelId, input: inputs[0] as Uint8Array, truth, lie });
    }
  });
  after(async () => {
    await market?.close();
    await rm(work, { recursive: true, force: true });
  });

  for (const system of [groth16, tensorcheck]) {
    const name = system === groth16 ? "groth16" : "tensorcheck";
    describe(name, () => {
      const model = (): Model => models.get(name) as Model;

      /** A job that the proposer has claimed, and answered with `output`. */
      const proposed = async (output: Hex): Promise<{ request: Request; jobId: Hex; price: bigint }> => {
        const { reader, token } = opened();
        const { modelId, input } = model();
        const { timestamp } = await reader.head();
        const request = buildRequest({
          ...{ requester: addressOf(requester), modelId, input, token, maxFee: 10_000_000n, now: timestamp },
          optimistic: true,
        });
        await send(requester, calls.request(reader.deployment, request));
        await send(proposer, calls.claim(reader.deployment, request));
        await send(proposer, calls.propose(reader.deployment, request, output));
        const jobId = jobIdOf(reader.deployment.chainId, reader.deployment.market, request);
        const { state, price } = await reader.job(jobId);
        expect(state).to.equal("Proposed");
        return { request, jobId, price };
      };

      const proofOf = async (request: Request, jobId: Hex): Promise<Call> => {
        const { deployment } = opened().reader;
        const payee = addressOf(prover);
        const context = contextOf(deployment.chainId, deployment.market, jobId, payee);
        const { output, seal } = await system.prove(model().directory, { context, input: toBytes(request.input) });
        expect(toHex(output)).to.equal(model().truth);
        return calls.fulfil(deployment, request, payee, toHex(output), toHex(seal));
      };

      const wealth = async (i: number): Promise<bigint> => {
        const { reader, token } = opened();
        const { bonded, unbonding } = await reader.stakeOf(token, addressOf(i));
        return (await reader.balanceOf(token, addressOf(i))) + bonded + unbonding;
      };
      /** What each account gained while `act` ran. */
      const gains = async (act: () => Promise<unknown>): Promise<readonly bigint[]> => {
        const before = await Promise.all([0, 1, 2, 3].map(wealth));
        await act();
        return Promise.all(before.map(async (had, i) => (await wealth(i)) - had));
      };
      const settledWith = async (jobId: Hex, output: Hex): Promise<void> => {
        const { reader, token } = opened();
        expect((await reader.job(jobId)).state).to.equal("Settled");
        expect(await reader.resultOf(jobId)).to.equal(output);
        expect((await reader.stakeOf(token, addressOf(proposer))).exposure).to.equal(0n);
      };

      it("a proposal that nobody challenges is final when its window is over, not a second before", async () => {
        const { chain, reader } = opened();
        const { request, jobId, price } = await proposed(model().truth);
        const settle = calls.settle(reader.deployment, request);
        const { since } = await reader.job(jobId);
        await chain.warpTo(since + request.challengeWindow - 2n);
        expect(await refusalOf(prover, settle)).to.equal("WindowOpen");
        expect(await errorOf(reader.resultOf(jobId)), "no output before it is final").to.not.equal(undefined);
        await chain.warpTo(since + request.challengeWindow);
        const gained = await gains(() => send(prover, settle));
        expect(gained).to.deep.equal([request.maxFee - price, price, 0n, 0n]);
        await settledWith(jobId, model().truth);
      });

      it("a proof overturns a false proposal that nobody challenged: collateral and bond pay the prover", async () => {
        const { request, jobId, price } = await proposed(model().lie);
        const proof = await proofOf(request, jobId);
        const { collateral: c, proposerBond: b } = request;
        const gained = await gains(() => send(prover, proof));
        expect(gained).to.deep.equal([request.maxFee - price, -c - b, 0n, price + awardOf(c) + awardOf(b)]);
        await settledWith(jobId, model().truth);
      });

      it("a proof overturns a false proposal that was challenged: the bond pays the challenger", async () => {
        const { request, jobId, price } = await proposed(model().lie);
        const proof = await proofOf(request, jobId);
        const { collateral: c, proposerBond: b } = request;
        const { deployment } = opened().reader;
        const gained = await gains(async () => {
          await send(challenger, calls.challenge(deployment, request, keccak256(model().lie) as Hex));
          await send(prover, proof);
        });
        expect(gained).to.deep.equal([request.maxFee - price, -c - b, awardOf(b), price + awardOf(c)]);
        await settledWith(jobId, model().truth);
      });

      it("a proof upholds a right proposal: the proposer is paid, the challenger's bond goes to the prover", async () => {
        const { request, jobId, price } = await proposed(model().truth);
        const proof = await proofOf(request, jobId);
        const { deployment } = opened().reader;
        const gained = await gains(async () => {
          await send(challenger, calls.challenge(deployment, request, keccak256(model().truth) as Hex));
          await send(prover, proof);
        });
        const d = request.challengerBond;
        expect(gained).to.deep.equal([request.maxFee - price, price, -d, d]);
        await settledWith(jobId, model().truth);
      });

      it("a challenge that no proof answers ends the job: fee back, proposer slashed", async () => {
        const { chain, reader } = opened();
        const { request, jobId } = await proposed(model().lie);
        const { collateral: c, proposerBond: b, maxFee } = request;
        const gained = await gains(async () => {
          await send(challenger, calls.challenge(reader.deployment, request, keccak256(model().lie) as Hex));
          const { since } = await reader.job(jobId);
          const expire = calls.expire(reader.deployment, request);
          await chain.warpTo(since + request.proofWindow - 2n);
          expect(await refusalOf(prover, expire)).to.equal("DeadlineNotReached");
          await chain.warpTo(since + request.proofWindow);
          await send(prover, expire);
        });
        expect(gained).to.deep.equal([maxFee + awardOf(c), -c - b, awardOf(b), 0n]);
        expect((await reader.job(jobId)).state).to.equal("Expired");
      });
    });
  }
});
