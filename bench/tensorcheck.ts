// SPDX-License-Identifier: GPL-3.0-or-later
// Times, sizes and gas of tensorcheck.   node bench/tensorcheck.ts [--write] [name ...]
// Only models whose name contains one of the names, if any are given. --write puts the result into
// bench/snapshots/tensorcheck.json. Sizes and gas are exact; times are not.
import { writeFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import hre, { network } from "hardhat";
import { keccak256 } from "ethers";
import { writePackage } from "../test/helpers/circuit-models.ts";
import { readUint } from "../verifier/proofs/points.ts";
import { proverSeconds, verifierGas } from "../verifier/proofs/tensorcheck/choose.ts";
import { compileGraph } from "../verifier/proofs/tensorcheck/compile.ts";
import { decodePowers, setupDevelopment, tensorcheck } from "../verifier/proofs/tensorcheck/index.ts";
import { encodeTensors } from "../verifier/tensor/codec.ts";
import { sizeOf } from "../verifier/tensor/spec.ts";
import type { Claim } from "../verifier/proofs/types.ts";
import { BENCH_MODELS, type BenchModel } from "./tensorcheck/models.ts";

const SNAPSHOT = new URL("snapshots/tensorcheck.json", import.meta.url);
const WARM_RUNS = 3;

async function timed<T>(work: () => Promise<T> | T): Promise<[T, number]> {
  const started = performance.now();
  const result = await work();
  return [result, Math.round(performance.now() - started)];
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

async function measure({ graph: load }: BenchModel): Promise<Record<string, number>> {
  const graph = await load();
  const [{ numbered }, compileMs] = await timed(() => compileGraph(graph));
  const directory = await writePackage(graph, tensorcheck);
  try {
    const [, setupMs] = await timed(() => setupDevelopment(directory));
    const specs = graph.inputs.map((port) => port.spec);
    const values = specs.map((spec) =>
      Float64Array.from({ length: sizeOf(spec.shape) }, (_, i) => spec.lo + ((i * 7919) % (spec.hi - spec.lo + 1))),
    );
    const input = encodeTensors(specs, values);
    const prove = () => tensorcheck.prove(directory, { context: 1n, input });
    const [{ output, seal }, proveColdMs] = await timed(prove);
    const warm: number[] = [];
    while (warm.length < WARM_RUNS) warm.push((await timed(prove))[1]);
    const key = await readFile(join(directory, "setup/key.bin"));
    const claim = { context: 1n, input, output };
    const [verdict, verifyMs] = await timed(() => tensorcheck.verify(key, claim, seal));
    if (!verdict.ok) throw new Error(verdict.code);
    const { tau2 } = decodePowers(await readFile(join(directory, "setup/powers.bin")));
    return {
      ...{ n: numbered.placement.n, chunks: Object.values(numbered.placement.chunks).reduce((a, b) => a + b) },
      ...{ claims: numbered.claims.length, keyBytes: key.length, sealBytes: seal.length },
      ...(await gasOf(key, tau2, claim, seal)),
      ...{ estimatedGas: verifierGas(numbered), estimatedMs: Math.round(1000 * proverSeconds(numbered)) },
      ...{ compileMs, setupMs, proveColdMs, proveWarmMs: median(warm), verifyMs },
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Gas of registering the key, and inside a call of `verify`. */
async function gasOf(
  key: Uint8Array,
  tau2: Uint8Array,
  { context, input, output }: Claim,
  seal: Uint8Array,
): Promise<{ registerGas: number; verifyGas: number }> {
  const { ethers } = await network.create();
  const setup = [0, 32, 64, 96].map((at) => readUint(tau2, at));
  const system = await ethers.deployContract("TensorcheckProofSystem", [setup]);
  const sent = (await system.getFunction("registerKey")(key)) as { wait(): Promise<{ gasUsed: bigint }> };
  const { gasUsed } = await sent.wait();
  const probe = await ethers.deployContract("GasProbe");
  const args = [system, keccak256(key), context, input, output, seal];
  const verifyGas = (await probe.getFunction("gasOfVerify").staticCall(...args)) as bigint;
  return { registerGas: Number(gasUsed), verifyGas: Number(verifyGas) };
}

const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
const models: Record<string, Record<string, number>> = {};
for (const model of BENCH_MODELS) {
  if (names.length > 0 && !names.some((name) => model.name.includes(name))) continue;
  models[model.name] = await measure(model);
  console.log(model.name, JSON.stringify(models[model.name]));
}

const snapshot = {
  machine: `${cpus().length} cores, ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, load average ${loadavg()[2]?.toFixed(1)}`,
  method: `development set-up; cold is a model's first proof, its program and weights loaded; proveWarmMs is the median of ${WARM_RUNS}; verifyGas is inside the call; estimates are choose.ts's`,
  models,
};
if (process.argv.includes("--write")) writeFileSync(SNAPSHOT, `${JSON.stringify(snapshot, null, 2)}\n`);
