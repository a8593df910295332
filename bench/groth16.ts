// SPDX-License-Identifier: GPL-3.0-or-later
// Constraints and times of groth16.   node bench/groth16.ts [--write]
// --write puts the result into bench/snapshots/groth16.json. Constraint counts are exact and tested; times are not.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { writePackage } from "../test/helpers/circuit-models.ts";
import { BENCH_MODELS, inputConstraints } from "../test/helpers/circuit-bench.ts";
import { compileCircom, type CompiledCircuit } from "../verifier/proofs/groth16/circom.ts";
import { emitCircuit } from "../verifier/proofs/groth16/emit.ts";
import { groth16, setupDevelopment } from "../verifier/proofs/groth16/index.ts";
import { readR1csHeader } from "../verifier/proofs/groth16/r1cs.ts";
import type { IntegerGraph } from "../verifier/graph/types.ts";
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

/** Compiles, and reads what the compiler's process says of itself when it ends. */
async function measuredCircom(source: string): Promise<[CompiledCircuit, Record<string, number>]> {
  const directory = mkdtempSync(join(tmpdir(), "verigrad-bench-"));
  const report = join(directory, "usage.json");
  const hook = `import { writeFileSync } from "node:fs";
    process.on("exit", () => writeFileSync(${JSON.stringify(report)}, JSON.stringify(process.resourceUsage())));`;
  process.env["NODE_OPTIONS"] = `--import=data:text/javascript,${encodeURIComponent(hook)}`;
  try {
    const compiled = await compileCircom(source);
    const usage = JSON.parse(readFileSync(report, "utf8")) as NodeJS.ResourceUsage;
    return [
      compiled,
      { circomCpuMs: Math.round(usage.userCPUTime / 1000), circomPeakMB: Math.round(usage.maxRSS / 1024) },
    ];
  } finally {
    delete process.env["NODE_OPTIONS"];
    rmSync(directory, { recursive: true });
  }
}

async function proving(graph: IntegerGraph): Promise<Record<string, number>> {
  const directory = await writePackage(graph);
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
    if (!verdict.ok) throw new Error(verdict.code);
    verifications.push(ms);
  }
  await rm(directory, { recursive: true });
  return { setupMs, proveColdMs, proveWarmMs: median(warm), verifyMs: median(verifications) };
}

const models: Record<string, Record<string, number>> = {};
for (const [name, model] of Object.entries(BENCH_MODELS)) {
  const [graph, graphMs] = await timed(() => Promise.resolve(model.load()));
  const [source, emitMs] = await timed(() => Promise.resolve(emitCircuit(graph)));
  const [{ r1cs }, usage] = await measuredCircom(source);
  const { constraints, publicSignals } = readR1csHeader(r1cs);
  const outsideInput = constraints - inputConstraints(graph);
  const proven = model.deep === true ? {} : await proving(graph);
  models[name] = { constraints, outsideInput, publicSignals, graphMs, emitMs, ...usage, ...proven };
  console.log(name, JSON.stringify(models[name]));
}

const snapshot = {
  machine: `${cpus().length} cores, ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, load average ${loadavg()[2]?.toFixed(1)}`,
  method: `development set-up; proveWarmMs and verifyMs are medians of ${WARM_RUNS}; cold is a model's first proof; circomCpuMs and circomPeakMB are of the compiler's process`,
  models,
};
if (process.argv.includes("--write")) writeFileSync(SNAPSHOT, `${JSON.stringify(snapshot, null, 2)}\n`);
else console.log(readFileSync(SNAPSHOT, "utf8"));
