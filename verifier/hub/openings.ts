// SPDX-License-Identifier: GPL-3.0-or-later
// Openings of committed inputs, one file each in a directory that its owner alone can read. They are handed over off chain:
// whoever holds one knows the input. Nothing gets in, or out, that does not open the commitment that it is kept under.
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "../hash.ts";
import { assertOpens, parseOpening, serializeOpening, type Opening } from "../proofs/commitment.ts";
import type { TensorSpec } from "../tensor/spec.ts";

export interface Openings {
  /** Keeps an opening, the text of a file, under its commitment. Errors: OPENING_INVALID, for these input specs too. */
  add(specs: readonly TensorSpec[], text: string): Promise<Opening>;
  /** The opening of 32 bytes, checked again; null where nobody has delivered one. Errors: OPENING_INVALID. */
  find(specs: readonly TensorSpec[], commitment: Uint8Array): Promise<Opening | null>;
}

/** The openings in a directory, which is made when the first arrives. Processes may share it: each file arrives whole. */
export function openOpenings(directory: string): Openings {
  const pathOf = (commitment: Uint8Array | Hex): string => {
    const name = typeof commitment === "string" ? commitment.slice(2) : Buffer.from(commitment).toString("hex");
    return join(directory, `${name}.json`);
  };
  return {
    add: async (specs, text) => {
      const opening = await parseOpening(specs, text);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const temporary = join(directory, `${randomUUID()}.tmp`);
      try {
        // SAFETY: readable by its owner only, from its first byte on.
        await writeFile(temporary, serializeOpening(opening), { mode: 0o600, flag: "wx" });
        await rename(temporary, pathOf(opening.commitment));
      } finally {
        await rm(temporary, { force: true });
      }
      return opening;
    },
    find: async (specs, commitment) => {
      const text = await readFile(pathOf(commitment), "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return null;
        throw error;
      });
      if (text === null) return null;
      const opening = await parseOpening(specs, text);
      assertOpens(opening, commitment);
      return opening;
    },
  };
}
