// SPDX-License-Identifier: GPL-3.0-or-later
// groth16 on a model of the tensorcheck benchmark, in a process of its own: prints a line of JSON, figures or why there are none.
//   node bench/tensorcheck/measure-groth16.ts <model> <claim.json>
import { groth16 } from "../../verifier/proofs/groth16/index.ts";
import { encodeTensors } from "../../verifier/tensor/codec.ts";
import { proveWithGroth16 } from "../groth16/proving.ts";
import { CONTEXT, inputsOf, RUNS, saveClaim } from "./claim.ts";
import { modelNamed } from "./models.ts";

/** Most constraints that a key is made for here: 11 thousand already take minutes where layers are dense. */
const MAX_CONSTRAINTS = 2 ** 14;

const [name = "", claimPath = ""] = process.argv.slice(2);
const graph = await modelNamed(name).graph();

/** Null where groth16 proves the model. */
function reasonAgainst(): string | null {
  const [refusal] = groth16.unsupported(graph);
  if (refusal !== undefined) return `refused: ${refusal.operator}: ${refusal.reason}`;
  const { nodes, ports } = groth16.cost(graph);
  const constraints = nodes.reduce<number>((sum, cost) => sum + (cost ?? 0), ports);
  return constraints <= MAX_CONSTRAINTS
    ? null
    : `not measured: about ${constraints.toLocaleString("en-US")} constraints; keys are made here for at most ${MAX_CONSTRAINTS.toLocaleString("en-US")}`;
}

const reason = reasonAgainst();
if (reason !== null) {
  console.log(JSON.stringify({ reason }));
} else {
  const specs = graph.inputs.map(({ spec }) => spec);
  const input = encodeTensors(specs, inputsOf(graph, RUNS));
  const { constraints, times, key, claim, seal } = await proveWithGroth16(graph, {
    context: CONTEXT,
    input,
    runs: RUNS,
  });
  saveClaim(claimPath, { key, input, output: claim.output, seal });
  console.log(JSON.stringify({ constraints, ...times, keyBytes: key.length, proofBytes: seal.length }));
}
process.exit(0);
