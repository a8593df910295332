// SPDX-License-Identifier: GPL-3.0-or-later
// From a package, a context and an input to an output and a seal.
import { VerigradError } from "../../errors.ts";
import { executeTrace } from "../../graph/execute.ts";
import type { IntegerGraph } from "../../graph/types.ts";
import { sameBytes } from "../../graph/canonical-json.ts";
import { keccakHex } from "../../hash.ts";
import { decodeTensors, encodeTensors } from "../../tensor/codec.ts";
import { SCALAR_FIELD } from "../../tensor/packing.ts";
import { checkAborted, readGraph, readPackageFile } from "../files.ts";
import { packageCache } from "../package-cache.ts";
import type { Hex, Statement, WorkOptions } from "../types.ts";
import { compileGraph, type CompiledGraph } from "./compile.ts";
import { Engine } from "./engine/index.ts";
import { PATHS } from "./paths.ts";
import { decodePowers, firstPowers } from "./powers.ts";
import { Prover } from "./prover/prove.ts";

/** What a proof needs of a package, its key in the memory of an engine of its own. */
interface Material {
  readonly graph: IntegerGraph;
  readonly compiled: CompiledGraph;
  readonly keyHash: Hex;
  readonly engine: Engine;
  readonly prover: Prover;
  /** ends when the proofs that were asked for so far have */
  last: Promise<unknown>;
}

const material = packageCache(Object.values(PATHS), load, {
  most: 2,
  dispose: ({ last, engine }) => void last.then(() => engine.close()),
});

async function load(directory: string): Promise<Material> {
  const graph = await readGraph(directory);
  const compiled = compileGraph(graph);
  const { bytes, numbered } = compiled;
  // What another version of the lowering has compiled, this one cannot prove.
  if (!sameBytes(bytes, await readPackageFile(directory, PATHS.program)))
    throw new VerigradError("PACKAGE_MALFORMED", `${PATHS.program} is not what the graph compiles to`);
  const powers = firstPowers(decodePowers(await readPackageFile(directory, PATHS.powers)), numbered.placement.n);
  const keyHash = keccakHex(await readPackageFile(directory, PATHS.key));
  const engine = await Engine.create();
  try {
    const prover = new Prover(engine, numbered, engine.points(powers.g1));
    return { graph, compiled, keyHash, engine, prover, last: Promise.resolve() };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** As ProofSystem.prove. */
export async function prove(
  directory: string,
  { context, input, salt }: Statement,
  options: WorkOptions = {},
): Promise<{ readonly output: Uint8Array; readonly seal: Uint8Array }> {
  if (context < 0n || context >= SCALAR_FIELD) throw new VerigradError("PROVE_FAILED", "context is not below r");
  if (salt !== undefined)
    throw new VerigradError("INPUT_MODE_MISMATCH", "this package's inputs are public: there is no salt");
  const held = await material(directory);
  const { specs, numbered } = held.compiled;
  options.onProgress?.("execute", 0);
  const trace = executeTrace(held.graph, decodeTensors(specs.inputs, input));
  const outputs = held.graph.outputs.map(({ tensor }) => trace[tensor] as Float64Array);
  const output = encodeTensors(specs.outputs, outputs);
  checkAborted(options);
  const statement = { keyHash: held.keyHash, context, specs, input, output };
  // An engine does one thing at a time.
  const seal = held.last.then(() => held.prover.prove(numbered.program.witness(trace), statement, options));
  held.last = seal.catch(() => undefined);
  return { output, seal: await seal };
}
