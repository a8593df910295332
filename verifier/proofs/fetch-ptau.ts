// SPDX-License-Identifier: GPL-3.0-or-later
// Fetches a prepared file of the Perpetual Powers of Tau, by size, and keeps it only if its published hash is its hash.
import { createHash, randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { VerigradError } from "../errors.ts";
import { checkAborted } from "./files.ts";
import { PUBLISHED_PTAU } from "./published-ptau.ts";
import type { Hex, WorkOptions } from "./types.ts";

/** Where snarkjs' README, section 7, says that the files are. */
export const PUBLISHED_PTAU_AT = "https://storage.googleapis.com/zkevm/ptau/";

/** The largest of the files have one name without a number. */
const LARGEST = Math.max(...Object.keys(PUBLISHED_PTAU).map(Number));

/** More bytes than a prepared file has: 1,100 a power, and its contributions. Nothing beyond is read. */
const mostBytes = (power: number): number => 2048 * 2 ** power + 2 ** 20;

/** Name of the prepared file of 2^power powers. Errors: SETUP_PHASE1_MISMATCH if there is none. */
export function publishedPtauName(power: number): string {
  if (PUBLISHED_PTAU[power] === undefined)
    throw new VerigradError("SETUP_PHASE1_MISMATCH", `no published powers-of-tau file has 2^${power} powers`);
  return `powersOfTau28_hez_final${power === LARGEST ? "" : `_${String(power).padStart(2, "0")}`}.ptau`;
}

/**
 * Writes the published file of 2^power powers to `path` and returns its blake2b-512; nothing is left there of a file that is
 * another or ends early. `from` is a mirror's base URL, `expected` stands in for the published hash of what it serves.
 * Errors: SETUP_PHASE1_MISMATCH, PTAU_UNREACHABLE, ABORTED.
 */
export async function fetchPtau(
  power: number,
  path: string,
  options: WorkOptions & { readonly from?: string; readonly expected?: string } = {},
): Promise<Hex> {
  const { from = PUBLISHED_PTAU_AT, signal } = options;
  const url = new URL(publishedPtauName(power), from.endsWith("/") ? from : `${from}/`).href;
  const expected = (options.expected ?? PUBLISHED_PTAU[power] ?? "").replace(/^0x/, "").toLowerCase();
  const partial = `${path}.${randomBytes(6).toString("hex")}.partial`;
  const hash = createHash("blake2b512");
  let written = 0;
  const file = await open(partial, "wx");
  try {
    try {
      for await (const [chunk, length] of bytesOf(url, signal)) {
        written += chunk.length;
        if (written > mostBytes(power)) break;
        hash.update(chunk);
        await file.writeFile(chunk);
        options.onProgress?.("fetch powers of tau", length > 0 ? Math.min(1, written / length) : undefined);
      }
    } finally {
      await file.close();
    }
    const actual = hash.digest("hex");
    if (written > mostBytes(power) || actual !== expected)
      throw new VerigradError("SETUP_PHASE1_MISMATCH", `${url} is not the published powers-of-tau file`);
    await rename(partial, path);
    return `0x${actual}`;
  } catch (error) {
    await rm(partial, { force: true });
    checkAborted(options);
    throw error;
  }
}

/** Each chunk with the length that the server promises, 0 if it names none. Errors: PTAU_UNREACHABLE. */
async function* bytesOf(url: string, signal: AbortSignal | undefined): AsyncGenerator<readonly [Uint8Array, number]> {
  try {
    const response = await fetch(url, { signal: signal ?? null });
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
    const length = Number(response.headers.get("content-length"));
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) yield [chunk, length];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new VerigradError("PTAU_UNREACHABLE", `cannot fetch ${url}: ${why}`, { consequence: "RETRY", cause });
  }
}
