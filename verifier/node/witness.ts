// SPDX-License-Identifier: GPL-3.0-or-later
// What a job is to be proven from: its request's input, or the opening of its request's commitment.
import { toBytes } from "../chain/hashes.ts";
import { VerigradError } from "../errors.ts";
import type { Openings } from "../hub/openings.ts";
import { INPUT_MODES, type Statement } from "../proofs/types.ts";
import type { Refused, ServedModel } from "./models.ts";
import type { Job } from "./types.ts";

export const NO_OPENING = "its input is committed, and nobody has delivered the opening: `verigrad node open`";

/** The input that is to be proven and, where it is committed, the salt; or why there is none. */
export async function witnessOf(
  { package: { manifest, inputSpecs } }: ServedModel,
  { jobId, request }: Pick<Job, "jobId" | "request">,
  openings: Openings,
): Promise<Omit<Statement, "context"> | Refused> {
  const input = toBytes(request.input);
  if (INPUT_MODES[request.inputMode] !== manifest.inputMode)
    return { reason: "its input mode is not its model's", final: true };
  if (manifest.inputMode === "PUBLIC") return { input };
  try {
    const opening = await openings.find(inputSpecs, jobId, input);
    if (opening === null) return { reason: NO_OPENING, final: false };
    return { input: opening.input, salt: opening.salt };
  } catch (error) {
    if (!(error instanceof VerigradError)) throw error;
    // Another delivery may be right.
    return { reason: `${error.code}: ${error.message}`, final: false };
  }
}
