// SPDX-License-Identifier: GPL-3.0-or-later
// Gas of the market's transactions, and its size, in bench/snapshots/gas-market.json.
//   node bench/gas-market.ts           writes the snapshot
//   node bench/gas-market.ts --check   fails if a number left the snapshot's by more than 2 %, or its limit
// Whole transactions with Groth16ProofSystem, a 64-byte input (the digits example's), balances deposited and non-zero.
import { readFileSync, writeFileSync } from "node:fs";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { type BaseContract, type ContractTransactionResponse } from "ethers";
import hre, { network } from "hardhat";
import { drift, excess } from "./gate.ts";
import { gasInside } from "./inside.ts";
import VerigradLocal from "../ignition/modules/VerigradLocal.ts";
import { concat, forgeSeal, keyBlob, makeTrapdoor, signalCount } from "../test/helpers/trapdoor.ts";
import { encodeTensors } from "../verifier/tensor/codec.ts";
import { packTensors } from "../verifier/tensor/packing.ts";
import { specListHash, type TensorSpec } from "../verifier/tensor/spec.ts";

const SNAPSHOT = new URL("snapshots/gas-market.json", import.meta.url);
const LIMITS: Readonly<Record<string, number>> = {
  request: 120_000,
  claim: 80_000,
  "optimistic, propose and settle": 200_000,
  "fulfilBatch of 8, a job, of a single fulfil, percent": 60,
  "fulfil beyond verify, 20 bytes": 115_000,
  "fulfil beyond verify, 31 bytes": 115_000,
  "fulfil beyond verify, 64 bytes": 115_000 + 23_000,
  "fulfil beyond verify, 96 bytes": 115_000 + 2 * 23_000,
  "bytecode InferenceMarket": 24_575,
};

const INPUT: TensorSpec = { shape: [64], type: "u8", exponent: 0, lo: 0, hi: 16 };
const PIXELS = Array.from({ length: 64 }, (_, i) => (i * 7) % 17);

/** Ten 16-bit logits, as the digits example has, or so many 8-bit values. */
const outputSpec = (bytes: number): TensorSpec =>
  bytes === 20
    ? { shape: [10], type: "i16", exponent: 4, lo: -32768, hi: 32767 }
    : { shape: [bytes], type: "i8", exponent: 0, lo: -128, hi: 127 };

type Numbers = Record<string, number>;

async function measure(): Promise<Numbers> {
  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  const { ethers, ignition, networkHelpers } = await network.create();
  const [owner, requester, operator, rescuer] = await ethers.getSigners();
  if (!owner || !requester || !operator || !rescuer) throw new Error("the simulated network has too few accounts");
  const { token, groth16, registry, market } = await ignition.deploy(VerigradLocal);
  const [marketAddress, tokenAddress] = [await market.getAddress(), await token.getAddress()];

  const send = async (
    contract: Pick<BaseContract, "connect">,
    from: typeof owner,
    method: string,
    args: unknown[],
  ): Promise<number> => {
    const sent = (await contract.connect(from).getFunction(method)(...args)) as ContractTransactionResponse;
    return Number((await sent.wait())?.gasUsed);
  };
  for (const account of [owner, requester, operator, rescuer]) {
    await send(token, owner, "mint", [account.address, 10n ** 24n]);
    await send(token, account, "approve", [marketAddress, 10n ** 24n]);
    await send(market, account, "deposit", [tokenAddress, account.address, 2n * 10n ** 21n]);
    await send(market, account, "bond", [tokenAddress, 10n ** 21n]);
  }

  const numbers: Numbers = {};
  numbers["deposit"] = await send(market, operator, "deposit", [tokenAddress, operator.address, 10n ** 18n]);
  numbers["withdraw"] = await send(market, operator, "withdraw", [tokenAddress, operator.address, 10n ** 18n]);

  let nonce = 0n;
  for (const bytes of [20, 31, 64, 96]) {
    const output = outputSpec(bytes);
    const shape = { inputMode: 0 as const, input: [INPUT], output: [output] };
    const trapdoor = makeTrapdoor(signalCount(shape));
    const key = keyBlob(shape, trapdoor);
    await send(groth16, owner, "registerKey", [key]);
    const spec = {
      proofSystem: (await groth16.getFunction("selector")()) as string,
      keyHash: keccak_256(key),
      graphHash: keccak_256(Uint8Array.of(1)),
      weightsHash: keccak_256(Uint8Array.of(2)),
      inputSpecHash: specListHash([INPUT]),
      outputSpecHash: specListHash([output]),
      setupHash: keccak_256(Uint8Array.of(3)),
      cid: concat(Uint8Array.of(1, 0x70, 0x12, 0x20), keccak_256(Uint8Array.of(4))),
      previous: `0x${"0".repeat(64)}`,
      name: "digits",
      royaltyPayee: owner.address,
      royaltyBps: 250,
    };
    const modelId = (await registry.getFunction("modelIdOf")(owner.address, spec)) as string;
    await send(registry, owner, "registerModel", [spec]);

    const newRequest = async () => {
      const now = BigInt(await networkHelpers.time.latest());
      return {
        requester: requester.address,
        modelId,
        inputMode: 0,
        input: encodeTensors([INPUT], [PIXELS]),
        mode: 0,
        token: tokenAddress,
        minFee: 10n ** 17n,
        maxFee: 2n * 10n ** 17n,
        rampStart: now,
        rampLength: 600n,
        claimDeadline: now + 1_200n,
        proofWindow: 600n,
        deadline: now + 7_200n,
        collateral: 10n ** 17n,
        proposerBond: 0n,
        challengerBond: 0n,
        challengeWindow: 0n,
        maxRoyaltyBps: 500n,
        consumer: `0x${"0".repeat(40)}`,
        callbackGas: 0n,
        nonce: nonce++,
      };
    };
    type Job = Awaited<ReturnType<typeof newRequest>>;
    const scores = Array.from({ length: output.shape[0] ?? 0 }, (_, i) => (bytes === 20 ? 3000 - 777 * i : i - 40));
    const proof = async (job: Job, payee: string): Promise<[Uint8Array, Uint8Array, bigint]> => {
      const jobId: unknown = await market.getFunction("jobIdOf")(job);
      const context = (await market.getFunction("contextOf")(jobId, payee)) as bigint;
      const signals = [context, ...packTensors([INPUT], [PIXELS]), ...packTensors([output], [scores])];
      return [encodeTensors([output], [scores]), forgeSeal(trapdoor, signals), context];
    };

    const job = await newRequest();
    const requestGas = await send(market, requester, "request", [job]);
    const claimGas = await send(market, operator, "claim", [job]);
    const [bytesOut, seal, context] = await proof(job, operator.address);
    const verify = await gasInside(ethers.provider, owner.address, groth16, "verify", [
      spec.keyHash,
      context,
      job.input,
      bytesOut,
      seal,
    ]);
    const fulfil = await send(market, operator, "fulfil", [job, operator.address, bytesOut, seal]);
    numbers[`fulfil beyond verify, ${bytes} bytes`] = fulfil - verify;
    if (bytes !== 20) continue;

    Object.assign(numbers, { request: requestGas, claim: claimGas, verify, fulfil });
    const unclaimed = await newRequest();
    await send(market, requester, "request", [unclaimed]);
    const [out2, seal2] = await proof(unclaimed, operator.address);
    numbers["fulfil, unclaimed"] = await send(market, operator, "fulfil", [unclaimed, operator.address, out2, seal2]);

    const rescued = await newRequest();
    await send(market, requester, "request", [rescued]);
    await send(market, operator, "claim", [rescued]);
    await networkHelpers.time.increase(601);
    const [out3, seal3] = await proof(rescued, rescuer.address);
    numbers["fulfil, reopened (first slash of a token)"] = await send(market, rescuer, "fulfil", [
      rescued,
      rescuer.address,
      out3,
      seal3,
    ]);

    const optimistic = async () => ({
      ...(await newRequest()),
      mode: 1,
      proposerBond: 2n * 10n ** 17n,
      challengerBond: 10n ** 17n,
      challengeWindow: 3_600n,
      deadline: BigInt(await networkHelpers.time.latest()) + 20_000n,
    });
    const proposed = await optimistic();
    await send(market, requester, "request", [proposed]);
    await send(market, operator, "claim", [proposed]);
    numbers["propose"] = await send(market, operator, "propose", [proposed, bytesOut]);
    await networkHelpers.time.increase(3_601);
    numbers["settle"] = await send(market, operator, "settle", [proposed]);
    numbers["optimistic, propose and settle"] = numbers["propose"] + numbers["settle"];

    const disputed = await optimistic();
    await send(market, requester, "request", [disputed]);
    await send(market, operator, "claim", [disputed]);
    await send(market, operator, "propose", [disputed, new Uint8Array(bytes)]);
    numbers["challenge"] = await send(market, rescuer, "challenge", [disputed, keccak_256(new Uint8Array(bytes))]);
    const [out4, seal4] = await proof(disputed, rescuer.address);
    numbers["fulfil, overturns a proposal"] = await send(market, rescuer, "fulfil", [
      disputed,
      rescuer.address,
      out4,
      seal4,
    ]);

    const batch: unknown[] = [];
    for (let i = 0; i < 8; i++) {
      const one = await newRequest();
      await send(market, requester, "request", [one]);
      await send(market, operator, "claim", [one]);
      const [o, s] = await proof(one, operator.address);
      batch.push({ request: one, payee: operator.address, output: o, seal: s });
    }
    numbers["fulfilBatch of 8, a job"] = Math.round((await send(market, operator, "fulfilBatch", [batch])) / 8);
    numbers["fulfilBatch of 8, a job, of a single fulfil, percent"] = Math.round(
      (100 * numbers["fulfilBatch of 8, a job"]) / fulfil,
    );

    const cancelled = await newRequest();
    await send(market, requester, "request", [cancelled]);
    numbers["announceCancel"] = await send(market, requester, "announceCancel", [cancelled]);
    await networkHelpers.time.increase(301);
    numbers["cancel"] = await send(market, requester, "cancel", [cancelled]);

    const expired = await newRequest();
    await send(market, requester, "request", [expired]);
    await send(market, operator, "claim", [expired]);
    await networkHelpers.time.increase(7_201);
    numbers["expire, claimed"] = await send(market, rescuer, "expire", [expired]);
  }
  numbers["bytecode InferenceMarket"] = (((await market.getDeployedCode()) ?? "0x").length - 2) / 2;
  return numbers;
}

const measured = await measure();
console.log(measured);
const complaints = excess(LIMITS, measured);
if (process.argv.includes("--check")) {
  complaints.push(...drift(JSON.parse(readFileSync(SNAPSHOT, "utf8")) as Numbers, measured));
} else {
  writeFileSync(SNAPSHOT, `${JSON.stringify(measured, null, 2)}\n`);
}
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exitCode = 1;
