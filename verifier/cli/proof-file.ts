// SPDX-License-Identifier: GPL-3.0-or-later
// The file that `prove` writes and `verify` reads: a claim and its seal.
import { z } from "zod";
import { bytes, hash32, parseWith, uint } from "../chain/types.ts";

export const PROOF_FORMAT = "verigrad.proof.v1";

const schema = z.strictObject({
  format: z.literal(PROOF_FORMAT),
  proofSystem: z.string(),
  keyHash: hash32,
  context: uint(256),
  input: bytes,
  output: bytes,
  seal: bytes,
});
export type ProofFile = Readonly<z.output<typeof schema>>;

/** Errors: PROOF_FILE_INVALID naming the field. */
export function parseProofFile(value: unknown): ProofFile {
  return parseWith(schema, value, "PROOF_FILE_INVALID", "proof file");
}
