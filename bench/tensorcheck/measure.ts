// SPDX-License-Identifier: GPL-3.0-or-later
// One model of the tensorcheck benchmark, in a process of its own so that its peak memory is its own: prints a line of JSON.
//   node bench/tensorcheck/measure.ts <powers.bin> <model> [<claim.json>]
import { existsSync, readFileSync } from "node:fs";
import { executeTrace } from "../../verifier/graph/execute.ts";
import { macsOf } from "../../verifier/graph/cost.ts";
import { constantsOf } from "../../verifier/graph/nodes/registry.ts";
import type { Constant, GraphNode } from "../../verifier/graph/types.ts";
import { keccakHex } from "../../verifier/hash.ts";
import { compileGraph, keyOf } from "../../verifier/proofs/tensorcheck/compile.ts";
import { Engine } from "../../verifier/proofs/tensorcheck/engine/index.ts";
import { decodePowers, firstPowers } from "../../verifier/proofs/tensorcheck/powers.ts";
import { Prover } from "../../verifier/proofs/tensorcheck/prover/prove.ts";
import { verify } from "../../verifier/proofs/tensorcheck/verify/verify.ts";
import { encodeTensors } from "../../verifier/tensor/codec.ts";
import { median, round, timed } from "../timing.ts";
import { CONTEXT, inputsOf, RUNS, saveClaim } from "./claim.ts";
import { modelNamed } from "./models.ts";

const [powersPath = "", name = "", claimPath] = process.argv.slice(2);
/** Of this process alone: what resourceUsage tells on Linux begins with the parent's. */
function peakMB(): number {
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return Math.round(Number(kilobytes ?? process.resourceUsage().maxRSS) / 1024);
}

/**
 * Weights and biases, not tables, indices and clamps. Where one value repeats, as in pools, means and sums, there is nothing that
 * was learnt.
 */
function weightsOf(node: GraphNode): number {
  if (node.op !== "fullyConnected" && node.op !== "convolution") return 0;
  const learnt = ({ values }: Constant): boolean => values.some((value) => value !== values[0]);
  return learnt(node.weights) ? constantsOf(node).reduce((sum, { values }) => sum + values.length, 0) : 0;
}

const graph = await modelNamed(name).graph();
const [compiled, lowerMs] = await timed(() => compileGraph(graph));
const { numbered, specs } = compiled;
const { n, chunks } = numbered.placement;
const powers = firstPowers(decodePowers(readFileSync(powersPath)), n);
const [key, commitMs] = await timed(() => keyOf(compiled, powers));
const engine = await Engine.create();
const prover = new Prover(engine, numbered, engine.points(powers.g1));

const proving: number[] = [];
const verifying: number[] = [];
let phases: Record<string, number> = {};
let last: Record<"input" | "output" | "seal", Uint8Array> | undefined;
for (let run = 0; run <= RUNS; run++) {
  const inputs = inputsOf(graph, run);
  const input = encodeTensors(specs.inputs, inputs);
  const steps: [string, number][] = [];
  const started = performance.now();
  const trace = executeTrace(graph, inputs);
  const outputs = graph.outputs.map(({ tensor }) => trace[tensor] as Float64Array);
  const output = encodeTensors(specs.outputs, outputs);
  steps.push(["execute", performance.now()]);
  const witness = numbered.program.witness(trace);
  const statement = { keyHash: keccakHex(key), context: CONTEXT, specs, input, output };
  const seal = await prover.prove(witness, statement, {
    onProgress: (step) => {
      if (steps.at(-1)?.[0] !== step) steps.push([step, performance.now()]);
    },
  });
  const ended = performance.now();
  const [verdict, verifyMs] = await timed(() => verify(key, { context: CONTEXT, input, output }, seal));
  if (!verdict.ok) throw new Error(`${name}: ${verdict.code}`);
  last = { input, output, seal };
  if (run === 0) continue; // the first compiles the code
  proving.push(ended - started);
  verifying.push(verifyMs);
  phases = {};
  steps.forEach(([step, at], i) => {
    const since = i === 0 ? started : at;
    const until = i === 0 ? at : (steps[i + 1]?.[1] ?? ended);
    phases[step] = round((phases[step] ?? 0) + until - since);
  });
}
await engine.close();
if (claimPath !== undefined && last !== undefined) saveClaim(claimPath, { key, ...last });

console.log(
  JSON.stringify({
    name,
    weights: graph.nodes.reduce((sum, node) => sum + weightsOf(node), 0),
    macs: graph.nodes.reduce((sum, node) => sum + macsOf(node, graph.tensors), 0),
    // cells of help columns: one or two look-ups each, those of pads and of tables counted
    rows: numbered.program.blocks.reduce((sum, block) => sum + block.lookups.length * 2 ** block.variables, 0),
    n,
    chunks,
    claims: numbered.claims.length,
    lowerMs: round(lowerMs),
    commitMs: round(commitMs),
    proveMs: round(median(proving)),
    phases,
    verifyMs: round(median(verifying)),
    keyBytes: key.length,
    proofBytes: last?.seal.length,
    peakMB: peakMB(),
  }),
);
process.exit(0);
