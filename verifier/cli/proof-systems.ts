// SPDX-License-Identifier: GPL-3.0-or-later
// The proof systems that commands can name. Loaded when needed: --help should not wait for the field arithmetic.
import { extname } from "node:path";
import { VerigradError } from "../errors.ts";
import type { ProofSystem } from "../proofs/types.ts";

/** URL of a proof system's module and the name of its export, as a prover process loads it. */
export function proofSystemModule(name: string): { readonly module: string; readonly name: string } {
  if (name !== "groth16") {
    throw new VerigradError(
      "PROOF_SYSTEM_UNKNOWN",
      `there is no proof system "${name.slice(0, 32)}": known are groth16`,
    );
  }
  return { module: new URL(`../proofs/groth16/index${extname(import.meta.filename)}`, import.meta.url).href, name };
}

/** A proof system by its name. Errors: PROOF_SYSTEM_UNKNOWN. */
export async function proofSystemNamed(name: string): Promise<ProofSystem> {
  proofSystemModule(name);
  return (await import("../proofs/groth16/index.ts")).groth16;
}
