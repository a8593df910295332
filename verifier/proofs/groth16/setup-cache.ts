// SPDX-License-Identifier: GPL-3.0-or-later
// Development keys by circuit, so that the same model is set up once on a machine. Keys of ceremonies are never reused.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../files.ts";

export interface CachedSetup {
  readonly zkey: Uint8Array;
  readonly ptau: Uint8Array;
}

const KIND = "INSECURE-development";

const sha256 = (...parts: (Uint8Array | string)[]): Uint8Array => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const entryPath = (cacheDir: string, r1cs: Uint8Array): string =>
  join(cacheDir, `${KIND}-${Buffer.from(sha256(KIND, r1cs)).toString("hex")}.setup`);

/** The cached set-up of a circuit, or null when there is none or it is damaged. */
export async function readSetupCache(cacheDir: string, r1cs: Uint8Array): Promise<CachedSetup | null> {
  const file = await readFile(entryPath(cacheDir, r1cs)).catch(() => null);
  if (file === null || file.length < 40) return null;
  const body = file.subarray(32);
  // SAFETY: the circuit is part of the hash, so that an entry under another circuit's name is no entry.
  if (!file.subarray(0, 32).equals(sha256(KIND, r1cs, body))) return null;
  const split = 8 + Number(body.readBigUInt64BE());
  return { zkey: body.subarray(8, split), ptau: body.subarray(split) };
}

/** Keeps a set-up: one file, sha256 of kind, circuit and the rest ‖ length of the .zkey ‖ .zkey ‖ .ptau, written whole or not at all. */
export async function storeSetupCache(cacheDir: string, r1cs: Uint8Array, { zkey, ptau }: CachedSetup): Promise<void> {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(zkey.length));
  const body = Buffer.concat([length, zkey, ptau]);
  await writeWhole(entryPath(cacheDir, r1cs), Buffer.concat([sha256(KIND, r1cs, body), body]));
}
