// SPDX-License-Identifier: GPL-3.0-or-later
// setup/transcript.json: which powers of tau a key was made from (docs/spec/tensorcheck.md, section 8).
import { z } from "zod";
import { parseTranscript as parse } from "../transcript.ts";

export const TRANSCRIPT_FORMAT = "verigrad.tensorcheck.setup.v1";

const zHash = z.string().regex(/^0x[0-9a-f]{64}$/);
const zTranscript = z.discriminatedUnion("kind", [
  z.strictObject({
    format: z.literal(TRANSCRIPT_FORMAT),
    kind: z.literal("INSECURE-development"),
    /** keccak256 of setup/powers.bin, circuit/program.bin and setup/key.bin */
    powers: zHash,
    program: zHash,
    key: zHash,
  }),
  z.strictObject({
    format: z.literal(TRANSCRIPT_FORMAT),
    kind: z.literal("ceremony"),
    /** blake2b-512 of the .ptau file */
    ptau: z.string().regex(/^0x[0-9a-f]{128}$/),
    powers: zHash,
    program: zHash,
    key: zHash,
  }),
]);

export type Transcript = z.infer<typeof zTranscript>;

/** Reads a transcript in canonical form. Errors: SETUP_TRANSCRIPT_INVALID. */
export const parseTranscript = (bytes: Uint8Array): Transcript => parse(zTranscript, bytes);
