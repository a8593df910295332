// SPDX-License-Identifier: GPL-3.0-or-later
// setup/transcript.json as every proof system reads it: who made a key and out of what. What it says is each one's own.
import type { z } from "zod";
import { VerigradError } from "../errors.ts";
import { canonicalJson, parseJson, sameBytes, type Canonical } from "../graph/canonical-json.ts";
import { keccakHex, type Hex } from "../hash.ts";

/** Kinds of set-ups: whoever made a key for development can forge proofs. */
export const SETUP_KINDS = ["INSECURE-development", "ceremony"] as const;
export type SetupKind = (typeof SETUP_KINDS)[number];

/** setupHash of a model whose key nobody should trust. */
export const INSECURE_SETUP_HASH: Hex = `0x${"00".repeat(32)}`;

/** setupHash of formats.md, section 8: 0 for a development set-up, else keccak256 of the transcript. */
export const setupHashOf = (kind: SetupKind, transcript: Uint8Array): Hex =>
  kind === "ceremony" ? keccakHex(transcript) : INSECURE_SETUP_HASH;

/** Reads a transcript in canonical form. Errors: SETUP_TRANSCRIPT_INVALID. */
export function parseTranscript<T extends Canonical>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  try {
    const transcript = schema.parse(parseJson(bytes));
    if (sameBytes(canonicalJson(transcript), bytes)) return transcript;
  } catch (cause) {
    throw new VerigradError("SETUP_TRANSCRIPT_INVALID", "setup/transcript.json does not parse", { cause });
  }
  throw new VerigradError("SETUP_TRANSCRIPT_INVALID", "setup/transcript.json is not in canonical form");
}
