// SPDX-License-Identifier: GPL-3.0-or-later
// Gas of models and proofs, and sizes of their contracts, in bench/snapshots/gas-proofs.json.
//   node bench/gas-proofs.ts           writes the snapshot
//   node bench/gas-proofs.ts --check   fails if a number left the snapshot's by more than 2 %
// The models have the shape of the digits example: 64 inputs of 5 bits (2 words), 10 outputs of 16 bits (1 word) for groth16,
// 32 hidden units for tensorcheck.
import { readFileSync, writeFileSync } from "node:fs";
import { keccak_256 } from "@noble/hashes/sha3.js";
import type { ContractTransactionResponse } from "ethers";
import hre, { network } from "hardhat";
import { drift, TOLERANCE } from "./gate.ts";
import { gasInside } from "./inside.ts";
import { encodeTensors } from "../verifier/tensor/codec.ts";
import { packTensors } from "../verifier/tensor/packing.ts";
import { readUint } from "../verifier/proofs/points.ts";
import { perceptron } from "../test/helpers/circuit-models.ts";
import { honestGraph } from "../test/proofs/tensorcheck/honest.ts";
import { TAU, tau2Bytes } from "../test/proofs/tensorcheck/powers.ts";
import { specListHash, type TensorSpec } from "../verifier/tensor/spec.ts";
import {
  concat,
  forgeSeal,
  keyBlob,
  makeTrapdoor,
  scalar,
  signalCount,
  type KeyShape,
} from "../test/helpers/trapdoor.ts";

/** [τ]_2 as the contract's constructor takes it. */
const testSetup = async (): Promise<bigint[]> => {
  const tau2 = await tau2Bytes(TAU);
  return [0, 1, 2, 3].map((i) => readUint(tau2, 32 * i));
};

const SNAPSHOT = new URL("snapshots/gas-proofs.json", import.meta.url);

const INPUT: TensorSpec = { shape: [64], type: "u8", exponent: 0, lo: 0, hi: 16 };
const OUTPUT: TensorSpec = { shape: [10], type: "i16", exponent: 4, lo: -32768, hi: 32767 };
const SHAPE: KeyShape = { inputMode: 0, input: [INPUT], output: [OUTPUT] };

type Numbers = Record<string, number>;

async function measure(): Promise<{ gas: Numbers; bytecode: Numbers }> {
  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  const { ethers } = await network.create();
  const [signer] = await ethers.getSigners();
  if (signer === undefined) throw new Error("the simulated network has no accounts");
  const system = await ethers.deployContract("Groth16ProofSystem");
  const router = await ethers.deployContract("ProofSystemRouter", [signer, signer]);
  const registry = await ethers.deployContract("ModelRegistry", [router]);
  await router.getFunction("add")(system);

  /** Gas of a whole transaction. */
  const transaction = async (sent: Promise<unknown>): Promise<number> => {
    const receipt = await ((await sent) as ContractTransactionResponse).wait();
    return Number(receipt?.gasUsed);
  };

  const inside = (method: string, args: unknown[], target = system): Promise<number> =>
    gasInside(ethers.provider, signer.address, target, method, args);

  const trapdoor = makeTrapdoor(signalCount(SHAPE));
  const key = keyBlob(SHAPE, trapdoor);
  const keyHash = keccak_256(key);
  const claims = Array.from({ length: 8 }, (_, c) => {
    const pixels = Array.from({ length: 64 }, (_, i) => (i * 7 + c) % 17);
    const scores = Array.from({ length: 10 }, (_, i) => 1000 * c - 777 * i);
    const context = scalar("context", c) >> 8n;
    const signals = [context, ...packTensors([INPUT], [pixels]), ...packTensors([OUTPUT], [scores])];
    return {
      context,
      input: encodeTensors([INPUT], [pixels]),
      output: encodeTensors([OUTPUT], [scores]),
      seal: forgeSeal(trapdoor, signals, scalar("a", c), scalar("b", c)),
    };
  });

  const gas: Numbers = {};
  gas["registerKey"] = await transaction(system.getFunction("registerKey")(key));
  const zero = `0x${"0".repeat(64)}`;
  const spec = {
    proofSystem: ethers.dataSlice(ethers.id("verigrad.groth16.v1"), 0, 4),
    keyHash,
    graphHash: keccak_256(Uint8Array.of(1)),
    weightsHash: keccak_256(Uint8Array.of(2)),
    inputSpecHash: specListHash([INPUT]),
    outputSpecHash: specListHash([OUTPUT]),
    setupHash: keccak_256(Uint8Array.of(3)),
    cid: concat(Uint8Array.of(1, 0x70, 0x12, 0x20), keccak_256(Uint8Array.of(4))),
    previous: zero,
    name: "digits",
    royaltyPayee: signer.address,
    royaltyBps: 250,
  };
  gas["registerModel"] = await transaction(registry.getFunction("registerModel")(spec));
  const [first] = claims;
  if (first === undefined) throw new Error("no claims");
  gas["checkInput"] = await inside("checkInput", [keyHash, first.input]);
  gas["verify"] = await inside("verify", [keyHash, first.context, first.input, first.output, first.seal]);
  for (const count of [1, 2, 8]) {
    const batch = claims.slice(0, count);
    const columns = (["context", "input", "output", "seal"] as const).map((name) => batch.map((claim) => claim[name]));
    gas[`verifyBatch of ${count}`] = await inside("verifyBatch", [keyHash, ...columns]);
  }

  const tensorcheck = await ethers.deployContract("TensorcheckProofSystem", [await testSetup()]);
  const proof = await honestGraph(perceptron([64, 32, 10], { pixelMax: 16, shift: 8 }), [claims[0]?.input ?? []], {
    n: 10,
    tableBits: 8,
  });
  const { context, input, output } = proof.claim;
  const tensorcheckKey = keccak_256(proof.key);
  gas["tensorcheck registerKey"] = await transaction(tensorcheck.getFunction("registerKey")(proof.key));
  gas["tensorcheck checkInput"] = await inside("checkInput", [tensorcheckKey, input], tensorcheck);
  gas["tensorcheck verify"] = await inside("verify", [tensorcheckKey, context, input, output, proof.seal], tensorcheck);

  const bytecode: Numbers = {};
  for (const [name, contract] of Object.entries({
    Groth16ProofSystem: system,
    TensorcheckProofSystem: tensorcheck,
    ProofSystemRouter: router,
    ModelRegistry: registry,
  })) {
    bytecode[name] = (((await contract.getDeployedCode()) as string).length - 2) / 2;
  }
  return { gas, bytecode };
}

const measured = await measure();
if (process.argv.includes("--check")) {
  const kept = JSON.parse(readFileSync(SNAPSHOT, "utf8")) as typeof measured;
  const all = ({ gas, bytecode }: typeof measured): Numbers => ({ ...gas, ...bytecode });
  const moved = drift(all(kept), all(measured));
  for (const complaint of moved) console.error(complaint);
  if (moved.length > 0) process.exitCode = 1;
  else console.log(`gas-proofs: all within ${100 * TOLERANCE} % of the snapshot`);
} else {
  writeFileSync(SNAPSHOT, `${JSON.stringify(measured, null, 2)}\n`);
  console.log(measured);
}
