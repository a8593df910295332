// SPDX-License-Identifier: GPL-3.0-or-later
// The groth16 proof system (docs/spec/groth16.md): a circuit per model with the weights as constants.
import { assertGraph } from "../../graph/validate.ts";
import { sameBytes } from "../../graph/canonical-json.ts";
import type { IntegerGraph } from "../../graph/types.ts";
import type { CircuitOptions, PackageFile, ProofSystem } from "../types.ts";
import { compileCircom } from "./circom.ts";
import { circuitRefusals, emitCircuit } from "./emit.ts";
import { constraintsOf } from "./estimate.ts";
import { readPackageFile } from "../files.ts";
import { PATHS } from "./paths.ts";
import { inputModeOfCircuit, SELECTOR } from "./key.ts";
import { prove } from "./prove.ts";
import { circuitPower } from "./setup.ts";
import { findPtau, NO_PTAU } from "../ptau.ts";
import { failureOf } from "../setup-checks.ts";
import { parseTranscript } from "./transcript.ts";
import { verifySetup } from "./verify-setup.ts";
import { verificationCost } from "./verification-cost.ts";
import { verify } from "./verify.ts";

export { circuitRefusals, emitCircuit } from "./emit.ts";
export { encodeKey, keyFromZkey, parseKey, publicSignalCount, type Groth16Key } from "./key.ts";
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
} from "./setup.ts";
export { parseTranscript, type Transcript } from "./transcript.ts";
export { verifySetup } from "./verify-setup.ts";

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
    cost: constraintsOf,
    build,
    prove: (directory, statement, work = {}) => prove(directory, statement, { ...options, ...work }),
    checkSetup,
    verifySetup,
    powersNeeded: async (directory) => circuitPower(await readPackageFile(directory, PATHS.r1cs)),
    setupOf: () => null,
    verificationCost,
    verify,
  };
}

/** The proof system with defaults. */
export const groth16: ProofSystem = createGroth16();

/** Rebuilds circuit and key. Errors: as `build`; PACKAGE_FILE_MISSING, SETUP_TRANSCRIPT_INVALID. */
async function checkSetup(directory: string, graph: IntegerGraph, ptau: readonly string[]): Promise<string | null> {
  // The mode is the package's word; whoever asks must hold it against what they expect (the market does, by the key).
  const inputMode = inputModeOfCircuit(await readPackageFile(directory, PATHS.r1cs));
  for (const { path, bytes } of await build(graph, { inputMode })) {
    if (!sameBytes(await readPackageFile(directory, path), bytes)) return `${path} is not what the graph compiles to`;
  }
  const { kind, phase1 } = parseTranscript(await readPackageFile(directory, PATHS.transcript));
  const ceremony = kind === "ceremony" ? await findPtau(ptau, phase1.blake2b) : undefined;
  if (kind === "ceremony" && ceremony === undefined) return NO_PTAU;
  return failureOf(await verifySetup(directory, ceremony === undefined ? {} : { ptau: ceremony }));
}

/** circuit/main.circom, main.r1cs and main.wasm. Errors: GRAPH_*, GROTH16_UNSUPPORTED, CIRCUIT_*, ABORTED. */
async function build(graph: IntegerGraph, options: CircuitOptions = {}): Promise<PackageFile[]> {
  assertGraph(graph);
  options.onProgress?.("emit circuit", 0);
  const source = emitCircuit(graph, options.inputMode);
  options.onProgress?.("compile circuit", 0.1);
  const { r1cs, wasm } = await compileCircom(source, options.signal === undefined ? {} : { signal: options.signal });
  options.onProgress?.("compile circuit", 1);
  return [
    { path: PATHS.circuit, bytes: new TextEncoder().encode(source) },
    { path: PATHS.r1cs, bytes: r1cs },
    { path: PATHS.wasm, bytes: wasm },
  ];
}
