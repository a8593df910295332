// SPDX-License-Identifier: GPL-3.0-or-later
// The groth16 proof system (docs/spec/groth16.md): a circuit per model with the weights as constants.
import { assertGraph } from "../../graph/validate.ts";
import type { IntegerGraph } from "../../graph/types.ts";
import type { PackageFile, ProofSystem, WorkOptions } from "../types.ts";
import { compileCircom } from "./circom.ts";
import { circuitRefusals, emitCircuit } from "./emit.ts";
import { PATHS } from "./files.ts";
import { SELECTOR } from "./key.ts";
import { prove } from "./prove.ts";
import { verify } from "./verify.ts";

export { circuitRefusals, emitCircuit } from "./emit.ts";
export { encodeKey, keyFromZkey, keyHash, parseKey, publicSignalCount, type Groth16Key } from "./key.ts";
export type { Beacon, Contributor } from "./phase2.ts";
export { readR1csHeader } from "./r1cs.ts";
export {
  circuitPower,
  contribute,
  finalizeSetup,
  setupCeremony,
  setupDevelopment,
  startCeremony,
  type CeremonyOptions,
  type SetupResult,
} from "./setup.ts";
export { INSECURE_SETUP_HASH, parseTranscript, setupHashOf, type Transcript } from "./transcript.ts";
export { verifySetup, type SetupCheck } from "./verify-setup.ts";

export interface Groth16Options {
  /** path of a rapidsnark `prover` binary; snarkjs otherwise */
  readonly rapidsnark?: string;
}

/** The proof system with options. */
export function createGroth16(options: Groth16Options = {}): ProofSystem {
  return {
    name: "groth16",
    selector: SELECTOR,
    unsupported: circuitRefusals,
    build,
    prove: (directory, statement, work = {}) => prove(directory, statement, { ...options, ...work }),
    verify,
  };
}

/** The proof system with defaults. */
export const groth16: ProofSystem = createGroth16();

/** circuit/main.circom, main.r1cs and main.wasm. Errors: GRAPH_*, GROTH16_UNSUPPORTED, CIRCUIT_*, ABORTED. */
async function build(graph: IntegerGraph, options: WorkOptions = {}): Promise<PackageFile[]> {
  assertGraph(graph);
  options.onProgress?.("emit circuit", 0);
  const source = emitCircuit(graph);
  options.onProgress?.("compile circuit", 0.1);
  const { r1cs, wasm } = await compileCircom(source, options.signal === undefined ? {} : { signal: options.signal });
  options.onProgress?.("compile circuit", 1);
  return [
    { path: PATHS.circuit, bytes: new TextEncoder().encode(source) },
    { path: PATHS.r1cs, bytes: r1cs },
    { path: PATHS.wasm, bytes: wasm },
  ];
}
