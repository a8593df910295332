// SPDX-License-Identifier: GPL-3.0-or-later
// Constraints and times of groth16.   node bench/groth16.ts [--write]
// --write puts the result into bench/snapshots/groth16.json. Constraint counts are exact and tested; times are not.
import { readFileSync, writeFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { writePackage } from "../test/helpers/circuit-models.ts";
import { BENCH_MODELS } from "../test/helpers/circuit-bench.ts";
import { groth16, setupDevelopment } from "../verifier/proofs/groth16/index.ts";
import { readR1csHeader } from "../verifier/proofs/groth16/r1cs.ts";
import { encodeTensors } from "../verifier/tensor/codec.ts";
import { sizeOf } from "../verifier/tensor/spec.ts";

const SNAPSHOT = new URL("snapshots/groth16.json", import.meta.url);
const WARM_RUNS = 5;

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const started = performance.now();
  const result = await work();
  return [result, Math.round(performance.now() - started)];
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

const models: Record<string, Record<string, number>> = {};
for (const [name, load] of Object.entries(BENCH_MODELS)) {
  const graph = load();
  const [directory, compileMs] = await timed(() => writePackage(graph));
  const { constraints, publicSignals } = readR1csHeader(await readFile(join(directory, "circuit/main.r1cs")));
  const [, setupMs] = await timed(() => setupDevelopment(directory));
  const specs = graph.inputs.map((port) => port.spec);
  const input = encodeTensors(
    specs,
    specs.map((spec) => new Array<number>(sizeOf(spec.shape)).fill(spec.hi)),
  );
  const [first, proveColdMs] = await timed(() => groth16.prove(directory, { context: 1n, input }));
  const warm: number[] = [];
  for (let i = 0; i < WARM_RUNS; i++)
    warm.push((await timed(() => groth16.prove(directory, { context: 1n, input })))[1]);
  const key = await readFile(join(directory, "setup/key.bin"));
  const claim = { context: 1n, input, output: first.output };
  const verifications: number[] = [];
  for (let i = 0; i < WARM_RUNS; i++) {
    const [verdict, ms] = await timed(() => groth16.verify(key, claim, first.seal));
    if (!verdict.ok) throw new Error(`${name}: ${verdict.code}`);
    verifications.push(ms);
  }
  models[name] = {
    constraints,
    publicSignals,
    compileMs,
    setupMs,
    proveColdMs,
    proveWarmMs: median(warm),
    verifyMs: median(verifications),
  };
  console.log(name, JSON.stringify(models[name]));
  await rm(directory, { recursive: true });
}

const snapshot = {
  machine: `${cpus().length} cores, ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`,
  method: `development set-up; proveWarmMs and verifyMs are medians of ${WARM_RUNS}; cold is the first proof of the process`,
  models,
};
if (process.argv.includes("--write")) writeFileSync(SNAPSHOT, `${JSON.stringify(snapshot, null, 2)}\n`);
else console.log(readFileSync(SNAPSHOT, "utf8"));
