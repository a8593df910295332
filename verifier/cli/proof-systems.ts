// SPDX-License-Identifier: GPL-3.0-or-later
// The proof systems that commands can name. Loaded when needed: --help should not wait for the field arithmetic.
import { extname } from "node:path";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { VerigradError } from "../errors.ts";
import type { Hex, ProofSystem } from "../proofs/types.ts";

const SYSTEMS = {
  groth16: async (): Promise<ProofSystem> => (await import("../proofs/groth16/index.ts")).groth16,
  tensorcheck: async (): Promise<ProofSystem> => (await import("../proofs/tensorcheck/index.ts")).tensorcheck,
} as const;

export type ProofSystemName = keyof typeof SYSTEMS;
export const PROOF_SYSTEM_NAMES = Object.keys(SYSTEMS) as readonly ProofSystemName[];

/** Errors: PROOF_SYSTEM_UNKNOWN. */
export function proofSystemName(name: string): ProofSystemName {
  const known = PROOF_SYSTEM_NAMES.find((each) => each === name);
  if (known !== undefined) return known;
  throw new VerigradError(
    "PROOF_SYSTEM_UNKNOWN",
    `there is no proof system "${name.slice(0, 32)}": known are ${PROOF_SYSTEM_NAMES.join(", ")}`,
  );
}

/** URL of a proof system's module and the name of its export, as a prover process loads it. Errors: PROOF_SYSTEM_UNKNOWN. */
export function proofSystemModule(name: string): { readonly module: string; readonly name: string } {
  const known = proofSystemName(name);
  return {
    module: new URL(`../proofs/${known}/index${extname(import.meta.filename)}`, import.meta.url).href,
    name: known,
  };
}

/** A proof system by its name. Errors: PROOF_SYSTEM_UNKNOWN. */
export const proofSystemNamed = (name: string): Promise<ProofSystem> => SYSTEMS[proofSystemName(name)]();

/** A proof system by the bytes4 that models name it by. Errors: PROOF_SYSTEM_UNKNOWN. */
export function proofSystemOf(selector: Hex): Promise<ProofSystem> {
  const name = PROOF_SYSTEM_NAMES.find((each) => selectorOf(each) === selector.toLowerCase());
  return proofSystemNamed(name ?? selector);
}

/** First four bytes of keccak("verigrad.<name>.v1"). */
const selectorOf = (name: ProofSystemName): Hex =>
  `0x${bytesToHex(keccak_256(utf8ToBytes(`verigrad.${name}.v1`)).subarray(0, 4))}`;
