// SPDX-License-Identifier: GPL-3.0-or-later
// setup/transcript.json: who made a key and out of what (docs/spec/groth16.md, section 7).
import { createHash } from "node:crypto";
import { bytesToHex } from "@noble/hashes/utils.js";
import { z } from "zod";
import { VerigradError } from "../../errors.ts";
import type { Hex } from "../../hash.ts";
import { checkerCurve } from "../curve.ts";
import { concat } from "../points.ts";
import { parseTranscript as parse, SETUP_KINDS } from "../transcript.ts";
import { readSections, section } from "./sections.ts";

export const TRANSCRIPT_FORMAT = "verigrad.groth16.setup.v1";

const zHash = z.string().regex(/^0x[0-9a-f]+$/);
const zTranscript = z.strictObject({
  format: z.literal(TRANSCRIPT_FORMAT),
  kind: z.enum(SETUP_KINDS),
  /** phase 1: the .ptau file */
  phase1: z.strictObject({ blake2b: zHash, power: z.int().min(1).max(28) }),
  /** keccak256 of circuit/main.r1cs, and snarkjs' hash of the circuit under this phase 1 */
  circuit: z.strictObject({ r1cs: zHash, initial: zHash }),
  contributions: z
    .array(
      z.strictObject({
        name: z.string(),
        hash: zHash,
        beacon: z.strictObject({ hash: zHash, iterationsExponent: z.int().min(10).max(63) }).nullable(),
      }),
    )
    .min(1),
  /** keccak256 of setup/proving.zkey and of setup/key.bin */
  provingKey: zHash,
  key: zHash,
});

export type Transcript = z.infer<typeof zTranscript>;
export type Contribution = Transcript["contributions"][number];

/** Reads a transcript in canonical form. Errors: SETUP_TRANSCRIPT_INVALID. */
export const parseTranscript = (bytes: Uint8Array): Transcript => parse(zTranscript, bytes);

const hex = (bytes: Uint8Array): Hex => `0x${bytesToHex(bytes)}`;

/** The contributions that a .zkey records, with their hashes as snarkjs prints them. Errors: PACKAGE_MALFORMED. */
export async function readContributions(
  zkey: Uint8Array,
): Promise<{ readonly initial: Hex; readonly contributions: Contribution[] }> {
  const bytes = section(readSections(zkey, "zkey"), 10, 68);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { G1, G2 } = await checkerCurve();
  let at = 64;
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length)
      throw new VerigradError("PACKAGE_MALFORMED", "zkey file: contributions are cut short");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const uint32 = (): number => {
    take(4);
    return view.getUint32(at - 4, true);
  };
  const contributions: Contribution[] = [];
  for (let left = uint32(); left > 0; left--) {
    const pointsOfG1 = take(3 * 64); // delta after it, s, s x
    const pointOfG2 = take(128); // s' x
    const transcript = take(64);
    const hash = createHash("blake2b512").update(
      concat([await G1.batchLEMtoU(pointsOfG1), await G2.batchLEMtoU(pointOfG2), transcript]),
    );
    const isBeacon = uint32() === 1;
    const parameters = readParameters(take(uint32()));
    contributions.push({
      name: parameters.name,
      hash: hex(hash.digest()),
      beacon: isBeacon ? { hash: hex(parameters.beaconHash), iterationsExponent: parameters.iterationsExponent } : null,
    });
  }
  return { initial: hex(bytes.subarray(0, 64)), contributions };
}

interface Parameters {
  name: string;
  iterationsExponent: number;
  beaconHash: Uint8Array;
}

/** Type-length-value list of a contribution: 1 name, 2 exponent of the beacon's iterations, 3 beacon hash. */
function readParameters(bytes: Uint8Array): Parameters {
  const parameters: Parameters = { name: "", iterationsExponent: 0, beaconHash: new Uint8Array() };
  const byteAt = (at: number): number => {
    const byte = bytes[at];
    if (byte === undefined) throw new VerigradError("PACKAGE_MALFORMED", "zkey file: parameters are cut short");
    return byte;
  };
  for (let at = 0; at < bytes.length;) {
    const type = byteAt(at);
    if (type === 2) {
      parameters.iterationsExponent = byteAt(at + 1);
      at += 2;
      continue;
    }
    const value = bytes.subarray(at + 2, at + 2 + byteAt(at + 1));
    if (type === 1) parameters.name = new TextDecoder().decode(value);
    else if (type === 3) parameters.beaconHash = value;
    else throw new VerigradError("PACKAGE_MALFORMED", `zkey file: unknown parameter ${type}`);
    at += 2 + value.length;
  }
  return parameters;
}
