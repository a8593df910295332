// SPDX-License-Identifier: GPL-3.0-or-later
// Gas of the consumer libraries and the facades, in bench/snapshots/gas-consumers.json.
//   node bench/gas-consumers.ts           writes the snapshot
//   node bench/gas-consumers.ts --check   fails if a number left the snapshot's by more than 2 %
// Libraries and views: inside a call to a contract that does only this, the decoding of its arguments included. Facades'
// transactions: whole. The model has the digits example's shape: 64 inputs of 5 bits, ten 16-bit outputs, groth16.
import { readFileSync, writeFileSync } from "node:fs";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { type BaseContract, type ContractTransactionResponse } from "ethers";
import hre, { network } from "hardhat";
import { drift, TOLERANCE } from "./gate.ts";
import { gasInside } from "./inside.ts";
import VerigradLocal from "../ignition/modules/VerigradLocal.ts";
import { concat, forgeSeal, keyBlob, makeTrapdoor, signalCount } from "../test/helpers/trapdoor.ts";
import { encodeTensors } from "../verifier/tensor/codec.ts";
import { packTensors } from "../verifier/tensor/packing.ts";
import { specListHash, type TensorSpec } from "../verifier/tensor/spec.ts";

const SNAPSHOT = new URL("snapshots/gas-consumers.json", import.meta.url);

const INPUT: TensorSpec = { shape: [64], type: "u8", exponent: 0, lo: 0, hi: 16 };
const OUTPUT: TensorSpec = { shape: [10], type: "i16", exponent: 4, lo: -32768, hi: 32767 };
const SHAPE = { inputMode: 0 as const, input: [INPUT], output: [OUTPUT] };
const PIXELS = Array.from({ length: 64 }, (_, i) => (i * 7) % 17);
const SCORES = Array.from({ length: 10 }, (_, i) => 3000 - 777 * i);
const ZERO = `0x${"0".repeat(64)}`;
// Enums of contracts/consumers.
const [U8, I16] = [1, 2];
const HALF_UP = 3;

type Numbers = Record<string, number>;

async function measure(): Promise<Numbers> {
  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  const { ethers, ignition, networkHelpers } = await network.create();
  const [account] = await ethers.getSigners();
  if (account === undefined) throw new Error("the simulated network has no accounts");
  const { token, groth16, router, registry, market } = await ignition.deploy(VerigradLocal);

  /** Gas of a whole transaction. */
  const send = async (contract: BaseContract, method: string, args: unknown[]): Promise<number> => {
    const sent = (await contract.getFunction(method)(...args)) as ContractTransactionResponse;
    return Number((await sent.wait())?.gasUsed);
  };
  const inside = (contract: BaseContract, method: string, args: unknown[]): Promise<number> =>
    gasInside(ethers.provider, account.address, contract, method, args);

  // Models: one, and two versions after it -------------------------------------------------------------------------

  const trapdoor = makeTrapdoor(signalCount(SHAPE));
  const key = keyBlob(SHAPE, trapdoor);
  const keyHash = keccak_256(key);
  await send(groth16, "registerKey", [key]);
  const specs = [];
  const ids: string[] = [];
  for (let version = 0; version < 3; ++version) {
    const spec = {
      proofSystem: (await groth16.getFunction("selector")()) as string,
      keyHash,
      graphHash: keccak_256(Uint8Array.of(1)),
      weightsHash: keccak_256(Uint8Array.of(2)),
      inputSpecHash: specListHash([INPUT]),
      outputSpecHash: specListHash([OUTPUT]),
      setupHash: keccak_256(Uint8Array.of(3)),
      cid: concat(Uint8Array.of(1, 0x70, 0x12, 0x20), keccak_256(Uint8Array.of(4))),
      previous: ids.at(-1) ?? ZERO,
      name: "digits",
      royaltyPayee: account.address,
      royaltyBps: 250,
    };
    specs.push(spec);
    ids.push((await registry.getFunction("modelIdOf")(account.address, spec)) as string);
    await send(registry, "registerModel", [spec]);
  }
  const modelId = ids[0] ?? ZERO;
  const input = encodeTensors([INPUT], [PIXELS]);
  const output = encodeTensors([OUTPUT], [SCORES]);
  const sealFor = (context: bigint): Uint8Array =>
    forgeSeal(trapdoor, [context, ...packTensors([INPUT], [PIXELS]), ...packTensors([OUTPUT], [SCORES])]);

  // Libraries ------------------------------------------------------------------------------------------------------

  const numbers: Numbers = {};
  const library = await ethers.deployContract("ConsumerHarness");
  const call = async (name: string, method: string, args: unknown[]): Promise<void> => {
    numbers[name] = await inside(library, method, args);
  };
  const scores = SCORES.map((score) => [(score * 10 ** 4) / 2 ** 4, 4]);
  await call("TensorCodec.decodeAll, 10 i16", "decodeAll", [output, I16]);
  await call("TensorCodec.encode in a range, 64 u8", "encodeInRange", [PIXELS, U8, 0, 16]);
  await call("TensorCodec.slice, 10 i16", "slice", [output, 0, 10, I16]);
  await call("TensorCodec.flatIndex, rank 3", "flatIndex", [
    [3, 8, 8],
    [2, 7, 7],
  ]);
  await call("TensorLib.toFixedPoint", "toFixedPoint", [[314_159, 5], 12, HALF_UP]);
  await call("TensorLib.fromFixedPoint", "fromFixedPoint", [12_868, 12, 5, HALF_UP]);
  await call("TensorLib.encode, 10 numbers", "encodeTensor", [["scores", scores, [10]], I16, 4, HALF_UP]);
  await call("TensorLib.decodeTensor, 10 numbers", "decodeTensor", ["scores", [10], output, I16, 4, 4, HALF_UP]);
  await call("OutputGuards.requireMargin, 10 i16", "requireMargin", [output, I16, 777]);
  await call("OutputGuards.requireRange", "requireRange", [output, 3, I16, -5000, 5000]);
  await call("OutputGuards.requireAllInRange, 10 i16", "requireAllInRange", [output, I16, -5000, 5000]);
  await call("OutputGuards.requireFresh", "requireFresh", [await networkHelpers.time.latest(), 3_600]);
  await call("OutputGuards.requireModel", "requireModel", [modelId, modelId]);
  await call("OutputGuards.requireDescendant, 2 steps", "requireDescendant", [
    await registry.getAddress(),
    ids[2],
    modelId,
    2,
  ]);

  // ERC-7992 -------------------------------------------------------------------------------------------------------

  const mirror = await ethers.deployContract("Erc7992Registry", [registry]);
  const verifier = await ethers.deployContract("Erc7992Verifier", [mirror, router]);
  numbers["Erc7992Registry.mirrorModel"] = await send(mirror, "mirrorModel", [modelId, specs[0]]);
  numbers["Erc7992Registry.getModel"] = await inside(mirror, "getModel", [modelId]);
  const salt = `0x${"11".repeat(32)}`;
  const commitment = (await verifier.getFunction("inputCommitmentOf")(salt, input)) as string;
  const context = (await verifier.getFunction("contextOf")(modelId, commitment)) as bigint;
  const proof = ethers.AbiCoder.defaultAbiCoder().encode(
    ["bytes32", "bytes", "bytes"],
    [salt, input, sealFor(context)],
  );
  numbers["Erc7992Verifier.verifyInference"] = await send(verifier, "verifyInference", [
    modelId,
    commitment,
    output,
    proof,
  ]);
  numbers["Erc7992Verifier.verifyInference beyond verify"] =
    (await inside(verifier, "verifyInference", [modelId, commitment, output, proof])) -
    (await inside(groth16, "verify", [keyHash, context, input, output, sealFor(context)]));

  // A settled job, for ERC-8004 and ERC-7007 -------------------------------------------------------------------------

  await send(token, "mint", [account.address, 10n ** 24n]);
  await send(token, "approve", [market, 10n ** 24n]);
  await send(market, "deposit", [token, account.address, 10n ** 21n]);
  const now = BigInt(await networkHelpers.time.latest());
  const job = {
    requester: account.address,
    modelId,
    inputMode: 0,
    input,
    mode: 0,
    token: await token.getAddress(),
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
    consumer: ethers.ZeroAddress,
    callbackGas: 0n,
    nonce: 0n,
  };
  await send(market, "request", [job]);
  const jobId: unknown = await market.getFunction("jobIdOf")(job);
  const jobContext = (await market.getFunction("contextOf")(jobId, account.address)) as bigint;
  await send(market, "fulfil", [job, account.address, output, sealFor(jobContext)]);

  const agents = await ethers.deployContract("AgentRegistry");
  const validations = await ethers.deployContract("ValidationRegistry", [agents]);
  const validator = await ethers.deployContract("Erc8004Validator", [market, modelId, validations, false]);
  await send(agents, "register", []);
  const requestHash: unknown = await validator.getFunction("requestHashOf")(jobId, 1, salt);
  await send(validations, "validationRequest", [validator, 1, "ipfs://request", requestHash]);
  numbers["Erc8004Validator.post"] = await send(validator, "post", [job, 1, salt]);

  const collection = await ethers.deployContract("ContentToken", [market, modelId]);
  const components = market.interface.getFunction("jobIdOf")?.inputs[0];
  if (components === undefined) throw new Error("the market has no jobIdOf");
  const request = ethers.AbiCoder.defaultAbiCoder().encode([components], [job]);
  const tokenId = ethers.keccak256(input);
  numbers["Erc7007Verifier.verify"] = await inside(collection, "verify", [input, output, request]);
  numbers["ContentToken.addAigcData"] = await send(collection, "addAigcData", [tokenId, input, output, request]);

  for (const [name, contract] of Object.entries({
    Erc7992Registry: mirror,
    Erc7992Verifier: verifier,
    Erc8004Validator: validator,
    Erc7007Verifier: await ethers.deployContract("Erc7007Verifier", [market, modelId, false]),
  })) {
    numbers[`bytecode ${name}`] = (((await contract.getDeployedCode()) ?? "0x").length - 2) / 2;
  }
  return numbers;
}

const measured = await measure();
if (process.argv.includes("--check")) {
  const kept = JSON.parse(readFileSync(SNAPSHOT, "utf8")) as Numbers;
  const moved = drift(kept, measured);
  for (const complaint of moved) console.error(complaint);
  if (moved.length > 0) process.exitCode = 1;
  else console.log(`gas-consumers: all within ${100 * TOLERANCE} % of the snapshot`);
} else {
  writeFileSync(SNAPSHOT, `${JSON.stringify(measured, null, 2)}\n`);
  console.log(measured);
}
