// SPDX-License-Identifier: GPL-3.0-or-later
// Phase 2: from powers of tau and a circuit to a .zkey, step by step, in memory (a .ptau may be a path: it can be large).
import { zKey } from "snarkjs";
import { VerigradError } from "../../errors.ts";
import type { WorkOptions } from "../types.ts";
import { withWorkers } from "../curve.ts";
import { checkAborted } from "../files.ts";

export interface Beacon {
  /** public randomness that nobody could know when the last contribution was made, hexadecimal */
  readonly hash: string;
  /** 2^iterations rounds of SHA-256, 10..63 */
  readonly iterations: number;
}

export interface Contributor {
  /** 1 to 64 bytes of UTF-8 */
  readonly name: string;
  /** mixed with the operating system's randomness; never stored */
  readonly entropy: string;
}

/** All of phase 2. Errors: SETUP_REFUSED, ABORTED. */
export async function runPhase2(
  r1cs: Uint8Array,
  ptau: Uint8Array | string,
  contributors: readonly Contributor[],
  beacon: Beacon,
  options: WorkOptions,
): Promise<Uint8Array> {
  const steps = contributors.length + 2;
  options.onProgress?.("phase 2: keys of the circuit", 1 / steps);
  let zkey = await initialZkey(r1cs, ptau);
  for (const [i, contributor] of contributors.entries()) {
    checkAborted(options);
    options.onProgress?.(`phase 2: contribution of ${contributor.name}`, (i + 2) / steps);
    zkey = await contributed(zkey, contributor);
  }
  checkAborted(options);
  options.onProgress?.("phase 2: beacon", 1);
  return withBeacon(zkey, beacon);
}

/** What snarkjs writes to instead of a file. */
interface Memory {
  type: "mem";
  data?: Uint8Array;
}

const written = (memory: Memory): Uint8Array => memory.data as Uint8Array;

/** The .zkey that nobody has contributed to yet. Errors: SETUP_REFUSED. */
export async function initialZkey(r1cs: Uint8Array, ptau: Uint8Array | string): Promise<Uint8Array> {
  const zkey: Memory = { type: "mem" };
  const result = await withWorkers(() => zKey.newZKey(r1cs, ptau, zkey));
  if (result === -1) throw new VerigradError("SETUP_REFUSED", "the powers of tau are not prepared for phase 2");
  return written(zkey);
}

/** The .zkey after one more contribution. Errors: SETUP_REFUSED. */
export async function contributed(before: Uint8Array, { name, entropy }: Contributor): Promise<Uint8Array> {
  // snarkjs asks on the terminal when there is no entropy, and cuts names at 64 characters, but not at 255 bytes.
  if (name.length === 0 || new TextEncoder().encode(name).length > 64) {
    throw new VerigradError("SETUP_REFUSED", "a contributor's name has 1 to 64 bytes");
  }
  if (entropy.length === 0) throw new VerigradError("SETUP_REFUSED", "a contribution needs entropy");
  const after: Memory = { type: "mem" };
  await withWorkers(() => zKey.contribute(before, after, name, entropy));
  return written(after);
}

/** The .zkey after the beacon. Errors: SETUP_REFUSED. */
export async function withBeacon(before: Uint8Array, beacon: Beacon): Promise<Uint8Array> {
  const hash = beacon.hash.replace(/^0x/, "");
  if (!/^([0-9a-f]{2}){1,255}$/i.test(hash)) throw new VerigradError("SETUP_REFUSED", "beacon hash is not hexadecimal");
  const after: Memory = { type: "mem" };
  const done = await withWorkers(() => zKey.beacon(before, after, "beacon", hash, beacon.iterations));
  if (done === false) throw new VerigradError("SETUP_REFUSED", "beacon iterations must be an exponent of 10 to 63");
  return written(after);
}
