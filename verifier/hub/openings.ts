// SPDX-License-Identifier: GPL-3.0-or-later
// Openings of committed inputs, one file for each job in a directory that its owner alone can read. They are handed over off
// chain: whoever holds one knows the input. Nothing gets in that does not open its own commitment, or out that does not open
// the job's.
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VerigradError } from "../errors.ts";
import type { Hex } from "../hash.ts";
import { assertOpens, parseOpening, serializeOpening, type Opening } from "../proofs/commitment.ts";
import { encodedLength } from "../tensor/codec.ts";
import type { TensorSpec } from "../tensor/spec.ts";

/** Bytes of an opening's file besides the hex digits of its input, and room to write it in another style. */
const OPENING_OVERHEAD = 4096;

export interface Openings {
  /** Keeps an opening, the text of a file, for one job. Errors: OPENING_INVALID, for these input specs too. */
  add(specs: readonly TensorSpec[], text: string, jobId: Hex): Promise<Opening>;
  /** A job's opening, checked again, and against the commitment; null where nobody has delivered one. Errors: OPENING_INVALID. */
  find(specs: readonly TensorSpec[], jobId: Hex, commitment: Uint8Array): Promise<Opening | null>;
}

/** The openings in a directory, which is made when the first arrives. Processes may share it: each file arrives whole. */
export function openOpenings(directory: string): Openings {
  // SAFETY: by job, not by commitment: anybody may ask for another model's output under a commitment that they saw, and that
  // output could show the input. Whoever delivers an opening delivers it for one request, model and requester included.
  const pathOf = (jobId: Hex): string => join(directory, `${jobId.slice(2).toLowerCase()}.json`);
  return {
    add: async (specs, text, jobId) => {
      const opening = await parseOpening(specs, text);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const temporary = join(directory, `${randomUUID()}.tmp`);
      try {
        // SAFETY: readable by its owner only, from its first byte on.
        await writeFile(temporary, serializeOpening(opening), { mode: 0o600, flag: "wx" });
        await rename(temporary, pathOf(jobId));
      } finally {
        await rm(temporary, { force: true });
      }
      return opening;
    },
    find: async (specs, jobId, commitment) => {
      const path = pathOf(jobId);
      const unreadable = (error: NodeJS.ErrnoException): null => {
        if (error.code === "ENOENT") return null;
        throw new VerigradError("OPENING_INVALID", `the opening of job ${jobId} cannot be read`, { cause: error });
      };
      const info = await stat(path).catch(unreadable);
      if (info === null) return null;
      // SAFETY: openings are looked at again and again; a pipe never ends, and a huge file would keep all jobs waiting.
      if (!info.isFile() || info.size > 2 * encodedLength(specs) + OPENING_OVERHEAD)
        throw new VerigradError("OPENING_INVALID", `the opening of job ${jobId} is too long, or no file`);
      const text = await readFile(path, "utf8").catch(unreadable);
      if (text === null) return null;
      const opening = await parseOpening(specs, text);
      assertOpens(opening, commitment);
      return opening;
    },
  };
}
