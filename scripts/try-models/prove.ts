// SPDX-License-Identifier: GPL-3.0-or-later
// Proves one execution with tensorcheck, as a node would, and has the chain verify it.
import { readFile, rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keccak256, type ContractTransactionResponse } from "ethers";
import { network } from "hardhat";
import { buildPackage } from "../../verifier/compile/build.ts";
import { writePackage } from "../../verifier/compile/write.ts";
import type { Calibration } from "../../verifier/graph/calibration.ts";
import { readUint } from "../../verifier/proofs/points.ts";
import { decodePowers, setupDevelopment, tensorcheck } from "../../verifier/proofs/tensorcheck/index.ts";
import type { Proven } from "./types.ts";

const CONTEXT = 1n;

/**
 * Compiles, makes an INSECURE set-up (powers of tau from `cache`), proves, verifies here and on a chain of its own. `input`:
 * canonical bytes. Throws where anything refuses.
 */
export async function proveModel(
  onnx: Uint8Array,
  calibration: Calibration,
  input: Uint8Array,
  cache: string,
): Promise<Proven> {
  const temporary = await mkdtemp(join(tmpdir(), "verigrad-try-"));
  const directory = join(temporary, "package");
  try {
    let since = performance.now();
    const lap = (): number => {
      const before = since;
      return Math.round((since = performance.now()) - before);
    };
    const { files } = await buildPackage({ onnx, calibration, name: "model", proofSystem: tensorcheck });
    await writePackage(directory, files);
    await setupDevelopment(directory, { cacheDir: cache });
    const setupMs = lap();
    const { output, seal } = await tensorcheck.prove(directory, { context: CONTEXT, input });
    const proveMs = lap();
    const key = await readFile(join(directory, "setup/key.bin"));
    const verdict = await tensorcheck.verify(key, { context: CONTEXT, input, output }, seal);
    if (!verdict.ok) throw new Error(`the verifier refuses: ${verdict.code}`);
    const { tau2 } = decodePowers(await readFile(join(directory, "setup/powers.bin")));
    const { ethers } = await network.create();
    const system = await ethers.deployContract("TensorcheckProofSystem", [
      [0, 32, 64, 96].map((at) => readUint(tau2, at)),
    ]);
    const sent = (await system.getFunction("registerKey")(key)) as ContractTransactionResponse;
    await sent.wait();
    const probe = await ethers.deployContract("GasProbe");
    const call = [system, keccak256(key), CONTEXT, input, output, seal];
    const verifyGas = Number((await probe.getFunction("gasOfVerify").staticCall(...call)) as bigint);
    const { gas: mostVerifyGas } = await tensorcheck.verificationCost(key);
    if (verifyGas > mostVerifyGas)
      throw new Error(`verifying took ${verifyGas} gas, more than the ${mostVerifyGas} that nodes claim by`);
    return { proven: true, setupMs, proveMs, verifyGas, mostVerifyGas, keyBytes: key.length, sealBytes: seal.length };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
