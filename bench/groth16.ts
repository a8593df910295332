// SPDX-License-Identifier: GPL-3.0-or-later
// Constraints and times of groth16.   node bench/groth16.ts [--write | --only <model>...]
// --write puts the result into bench/snapshots/groth16.json. Constraint counts are exact and tested; times are not.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BENCH_MODELS, inputConstraints } from "../test/helpers/circuit-bench.ts";
import { compileCircom, type CompiledCircuit } from "../verifier/proofs/groth16/circom.ts";
import { emitCircuit } from "../verifier/proofs/groth16/emit.ts";
import { readR1csHeader } from "../verifier/proofs/groth16/r1cs.ts";
import type { IntegerGraph } from "../verifier/graph/types.ts";
import { encodeTensors } from "../verifier/tensor/codec.ts";
import { sizeOf } from "../verifier/tensor/spec.ts";
import { proveWithGroth16 } from "./groth16/proving.ts";
import { machine, timed } from "./timing.ts";

const SNAPSHOT = new URL("snapshots/groth16.json", import.meta.url);
const WARM_RUNS = 5;

const { values } = parseArgs({
  options: { write: { type: "boolean", default: false }, only: { type: "string", multiple: true } },
});
if (values.write && values.only !== undefined) throw new Error("--write measures every model: it takes no --only");
const unknown = values.only?.find((name) => !(name in BENCH_MODELS));
if (unknown !== undefined) throw new Error(`no model "${unknown}"; there are: ${Object.keys(BENCH_MODELS).join(", ")}`);

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

/** Every value at the upper end of its range. */
async function proving(graph: IntegerGraph): Promise<Record<string, number>> {
  const specs = graph.inputs.map((port) => port.spec);
  const input = encodeTensors(
    specs,
    specs.map((spec) => new Array<number>(sizeOf(spec.shape)).fill(spec.hi)),
  );
  const { times } = await proveWithGroth16(graph, { context: 1n, input, runs: WARM_RUNS });
  const { setupMs, proveColdMs, proveMs, verifyMs } = times;
  return { setupMs, proveColdMs, proveWarmMs: proveMs, verifyMs };
}

const before = machine();
const models: Record<string, Record<string, number>> = {};
for (const [name, model] of Object.entries(BENCH_MODELS)) {
  if (values.only !== undefined && !values.only.includes(name)) continue;
  const [graph, graphMs] = await timed(() => model.load());
  const [source, emitMs] = await timed(() => emitCircuit(graph));
  const [{ r1cs }, usage] = await measuredCircom(source);
  const { constraints, publicSignals } = readR1csHeader(r1cs);
  const outsideInput = constraints - inputConstraints(graph);
  const proven = model.deep === true ? {} : await proving(graph);
  const times = Object.fromEntries(
    Object.entries({ graphMs, emitMs, ...usage, ...proven }).map(([what, figure]) => [what, Math.round(figure)]),
  );
  models[name] = { constraints, outsideInput, publicSignals, ...times };
  console.log(name, JSON.stringify(models[name]));
}

const snapshot = {
  machine: before,
  method: `development set-up; proveWarmMs and verifyMs are medians of ${WARM_RUNS}; cold is a model's first proof; circomCpuMs and circomPeakMB are of the compiler's process`,
  models,
};
if (values.write) writeFileSync(SNAPSHOT, `${JSON.stringify(snapshot, null, 2)}\n`);
