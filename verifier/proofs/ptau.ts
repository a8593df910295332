// SPDX-License-Identifier: GPL-3.0-or-later
// Powers-of-tau files of ceremonies (.ptau): which file it is, and of what size.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { bytesToHex } from "@noble/hashes/utils.js";
import { VerigradError } from "../errors.ts";
import { PUBLISHED_PTAU } from "./published-ptau.ts";
import type { Hex } from "./types.ts";

/** A .ptau file and which it must be. */
export interface PtauFile {
  /** path */
  readonly ptau: string;
  /** its blake2b-512, hexadecimal; may be left out for a file of the published list */
  readonly expectedBlake2b?: string;
}

/** blake2b-512 of a file or of bytes: how .ptau files are published. */
export async function blake2bHex(source: string | Uint8Array): Promise<Hex> {
  const hash = createHash("blake2b512");
  if (typeof source === "string") for await (const chunk of createReadStream(source)) hash.update(chunk as Uint8Array);
  else hash.update(source);
  return `0x${bytesToHex(hash.digest())}`;
}

/** Hash of the file. Errors: SETUP_PHASE1_MISMATCH unless it is the expected or a published one. */
export async function assertPtau({ ptau, expectedBlake2b }: PtauFile): Promise<Hex> {
  const actual = await blake2bHex(ptau);
  const expected = expectedBlake2b?.replace(/^0x/, "").toLowerCase();
  const published = Object.values(PUBLISHED_PTAU);
  if (expected === undefined ? published.includes(actual.slice(2)) : expected === actual.slice(2)) return actual;
  throw new VerigradError(
    "SETUP_PHASE1_MISMATCH",
    expected === undefined
      ? `${ptau} is not a published powers-of-tau file: give its expected blake2b hash`
      : `${ptau} has blake2b ${actual.slice(2)}, expected ${expected}`,
  );
}

/** Why a set-up of a ceremony cannot be checked. */
export const NO_PTAU = "none of the powers-of-tau files at hand is the ceremony's";

/** The file of this blake2b hash among those at hand. */
export async function findPtau(paths: readonly string[], blake2b: string): Promise<string | undefined> {
  for (const path of paths) if ((await blake2bHex(path).catch(() => null)) === blake2b) return path;
  return undefined;
}

/** Power of a .ptau file; its header is its first section. Errors: PACKAGE_MALFORMED. */
export async function ptauPower(source: string | Uint8Array): Promise<number> {
  const head = typeof source === "string" ? await readHead(source) : source.subarray(0, PTAU_HEAD);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const isPtau = head.length === PTAU_HEAD && new TextDecoder("latin1").decode(head.subarray(0, 4)) === "ptau";
  if (!isPtau || view.getUint32(12, true) !== 1) throw new VerigradError("PACKAGE_MALFORMED", "not a .ptau file");
  return view.getUint32(60, true);
}

/** Power of a .ptau file that has to have 2^needed powers at least. Errors: POWERS_TOO_FEW, PACKAGE_MALFORMED. */
export async function assertPtauPower(source: string | Uint8Array, needed: number): Promise<number> {
  const available = await ptauPower(source);
  if (available >= needed) return available;
  throw new VerigradError("POWERS_TOO_FEW", `this model needs 2^${needed} powers of tau, the file has 2^${available}`, {
    data: { needed, available },
  });
}

/** magic, version, number of sections; type and length of the header; field size, field, power */
const PTAU_HEAD = 12 + 12 + 4 + 32 + 4;

async function readHead(path: string): Promise<Uint8Array<ArrayBufferLike>> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PTAU_HEAD), 0, PTAU_HEAD, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
