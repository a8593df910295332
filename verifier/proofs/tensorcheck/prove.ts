// SPDX-License-Identifier: GPL-3.0-or-later
// From a package, a context and an input to an output and a seal.
import { VerigradError } from "../../errors.ts";
import { executeTrace } from "../../graph/execute.ts";
import { sameBytes } from "../../graph/canonical-json.ts";
import { decodeTensors, encodeTensors } from "../../tensor/codec.ts";
import { SCALAR_FIELD } from "../../tensor/packing.ts";
import { checkAborted, keccakHex, readGraph, readPackageFile } from "../files.ts";
import { packageCache } from "../package-cache.ts";
import type { Statement, WorkOptions } from "../types.ts";
import { compileGraph } from "./compile.ts";
import { PATHS } from "./paths.ts";
import { decodePowers, firstPowers, libraryPoints } from "./powers.ts";
import { proveReference } from "./prover/reference.ts";

/** What a proof needs of a package. */
const material = packageCache(Object.values(PATHS), async (directory) => {
  const graph = await readGraph(directory);
  const { specs, numbered, bytes } = compileGraph(graph);
  // What another version of the lowering has compiled, this one cannot prove.
  if (!sameBytes(bytes, await readPackageFile(directory, PATHS.program)))
    throw new VerigradError("PACKAGE_MALFORMED", `${PATHS.program} is not what the graph compiles to`);
  const powers = firstPowers(decodePowers(await readPackageFile(directory, PATHS.powers)), numbered.placement.n);
  return {
    graph,
    specs,
    numbered,
    keyHash: keccakHex(await readPackageFile(directory, PATHS.key)),
    points: await libraryPoints(powers.g1),
  };
});

/** As ProofSystem.prove. */
export async function prove(
  directory: string,
  { context, input, salt }: Statement,
  options: WorkOptions = {},
): Promise<{ readonly output: Uint8Array; readonly seal: Uint8Array }> {
  if (context < 0n || context >= SCALAR_FIELD) throw new VerigradError("PROVE_FAILED", "context is not below r");
  if (salt !== undefined)
    throw new VerigradError("INPUT_MODE_MISMATCH", "this package's inputs are public: there is no salt");
  const { graph, specs, numbered, keyHash, points } = await material(directory);
  options.onProgress?.("execute", 0);
  const trace = executeTrace(graph, decodeTensors(specs.inputs, input));
  const outputs = graph.outputs.map(({ tensor }) => trace[tensor] as Float64Array);
  const output = encodeTensors(specs.outputs, outputs);
  checkAborted(options);
  options.onProgress?.("proof", 0.1);
  const witness = numbered.program.witness(trace);
  const seal = await proveReference(numbered, witness, { keyHash, context, specs, input, output }, points);
  checkAborted(options);
  options.onProgress?.("proof", 1);
  return { output, seal };
}
