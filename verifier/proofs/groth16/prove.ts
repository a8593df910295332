// SPDX-License-Identifier: GPL-3.0-or-later
// From a package, a context and an input to an output and a seal.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { groth16, wtns, type ProofObject } from "snarkjs";
import { z } from "zod";
import { VerigradError } from "../../errors.ts";
import { execute } from "../../graph/execute.ts";
import { decodeTensors, encodeTensors } from "../../tensor/codec.ts";
import { packTensors } from "../../tensor/packing.ts";
import { commitInputs } from "../commitment.ts";
import { packageCache } from "../package-cache.ts";
import type { Statement, WorkOptions } from "../types.ts";
import { withWorkers } from "../curve.ts";
import { checkAborted, readGraph, readPackageFile } from "../files.ts";
import { PATHS } from "./paths.ts";
import { inputModeOfKey } from "./key.ts";
import { concat, SCALAR_FIELD, uint256Bytes } from "../points.ts";
import { readWitness } from "./r1cs.ts";

/** What a proof needs of a package. */
const material = packageCache([PATHS.graph, PATHS.weights, PATHS.wasm, PATHS.zkey, PATHS.key], async (directory) => ({
  graph: await readGraph(directory),
  inputMode: inputModeOfKey(await readPackageFile(directory, PATHS.key)),
  wasm: await readPackageFile(directory, PATHS.wasm),
  zkey: await readPackageFile(directory, PATHS.zkey),
}));

export interface ProveOptions extends WorkOptions {
  /** path of a rapidsnark `prover` binary to use instead of snarkjs */
  readonly rapidsnark?: string;
}

/** As ProofSystem.prove. */
export async function prove(
  directory: string,
  { context, input, salt }: Statement,
  options: ProveOptions = {},
): Promise<{ readonly output: Uint8Array; readonly seal: Uint8Array }> {
  if (context < 0n || context >= SCALAR_FIELD) throw new VerigradError("PROVE_FAILED", "context is not below r");
  const { graph, inputMode, wasm, zkey } = await material(directory);
  if ((salt === undefined) !== (inputMode === "PUBLIC")) {
    const why = inputMode === "PUBLIC" ? "inputs are public: there is no salt" : "inputs are committed: give the salt";
    throw new VerigradError("INPUT_MODE_MISMATCH", `this package's ${why}`);
  }
  const inputSpecs = graph.inputs.map((port) => port.spec);
  const outputSpecs = graph.outputs.map((port) => port.spec);

  options.onProgress?.("execute", 0);
  const inputs = decodeTensors(inputSpecs, input);
  const outputs = execute(graph, inputs);
  const opening = salt === undefined ? {} : { salt, commitment: await commitInputs(inputSpecs, inputs, salt) };
  const signals: CircuitInputs = {
    context,
    ...opening,
    inputWords: packTensors(inputSpecs, inputs),
    outputWords: packTensors(outputSpecs, outputs),
  };
  checkAborted(options);

  options.onProgress?.("witness", 0.1);
  const witness = await witnessOf(wasm, signals);
  checkAborted(options);

  options.onProgress?.("proof", 0.2);
  const proof = await (options.rapidsnark === undefined
    ? snarkjsProof(zkey, witness)
    : rapidsnarkProof(options.rapidsnark, join(directory, PATHS.zkey), witness, options.signal));
  checkAborted(options);
  options.onProgress?.("proof", 1);
  return { output: encodeTensors(outputSpecs, outputs), seal: sealOf(proof) };
}

/** Inputs of a circuit by name; salt and commitment where inputs are COMMITTED, whose words are then private. */
export interface CircuitInputs {
  readonly context: bigint;
  readonly salt?: bigint;
  readonly commitment?: bigint;
  readonly inputWords: readonly bigint[];
  readonly outputWords: readonly bigint[];
}

/**
 * The witness (.wtns) of an execution. Errors: PROVE_FAILED (ESCALATE) if the circuit does not map these inputs to these
 * outputs: circuit and executor disagree, or the package's circuit is not its graph's.
 */
export async function witnessOf(wasm: Uint8Array, signals: CircuitInputs): Promise<Uint8Array> {
  const escalate = (why: string, cause?: unknown): VerigradError =>
    new VerigradError("PROVE_FAILED", `the circuit does not confirm the executor's output: ${why}`, {
      consequence: "ESCALATE",
      cause,
    });
  const target: { type: "mem"; data?: Uint8Array } = { type: "mem" };
  try {
    await wtns.calculate({ ...signals }, wasm, target);
  } catch (cause) {
    throw escalate(String(cause), cause);
  }
  const { context, commitment, inputWords, outputWords } = signals;
  const expected = [1n, context, ...(commitment === undefined ? inputWords : [commitment]), ...outputWords];
  const actual = readWitness(target.data as Uint8Array, expected.length);
  if (!expected.every((signal, i) => signal === actual[i])) throw escalate("public signals differ");
  return target.data as Uint8Array;
}

async function snarkjsProof(zkey: Uint8Array, witness: Uint8Array): Promise<ProofObject> {
  try {
    return (await withWorkers(() => groth16.prove(zkey, witness))).proof;
  } catch (cause) {
    throw new VerigradError("PROVE_FAILED", `snarkjs: ${String(cause)}`, { consequence: "ESCALATE", cause });
  }
}

const zDecimal = z.string().regex(/^[0-9]+$/);
const zPair = z.tuple([zDecimal, zDecimal]);
const zProof = z.object({
  pi_a: z.tuple([zDecimal, zDecimal, z.literal("1")]),
  pi_b: z.tuple([zPair, zPair, z.tuple([z.literal("1"), z.literal("0")])]),
  pi_c: z.tuple([zDecimal, zDecimal, z.literal("1")]),
});

async function rapidsnarkProof(
  binary: string,
  zkeyPath: string,
  witness: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<z.infer<typeof zProof>> {
  const scratch = await mkdtemp(join(tmpdir(), "verigrad-prove-"));
  try {
    const [witnessPath, proofPath, publicPath] = ["witness.wtns", "proof.json", "public.json"].map((name) =>
      join(scratch, name),
    ) as [string, string, string];
    await writeFile(witnessPath, witness, { mode: 0o600 });
    await promisify(execFile)(binary, [zkeyPath, witnessPath, proofPath, publicPath], signal ? { signal } : {});
    // rapidsnark ends its JSON with a zero byte in some releases.
    return zProof.parse(JSON.parse((await readFile(proofPath, "utf8")).replace(/\0+$/, "")));
  } catch (cause) {
    if (signal?.aborted) throw new VerigradError("ABORTED", "the work was aborted", { cause });
    throw new VerigradError("PROVE_FAILED", `rapidsnark: ${String(cause)}`, { consequence: "ESCALATE", cause });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A ‖ B ‖ C (formats.md, section 6); both provers give decimal coordinates, c0 first. */
export function sealOf({ pi_a, pi_b, pi_c }: Pick<ProofObject, "pi_a" | "pi_b" | "pi_c">): Uint8Array {
  const [x, y] = pi_b;
  const coordinates = [pi_a[0], pi_a[1], x[1], x[0], y[1], y[0], pi_c[0], pi_c[1]];
  return concat(coordinates.map((value) => uint256Bytes(BigInt(value))));
}
