// SPDX-License-Identifier: GPL-3.0-or-later
// What a proof is about, and the first words of its transcript (docs/spec/tensorcheck.md, section 3).
import { keccak_256 } from "@noble/hashes/sha3.js";
import { hexToBytes } from "@noble/hashes/utils.js";
import type { Hex } from "../../types.ts";
import { concat, uint256Bytes } from "../../points.ts";
import type { KeySpecs } from "../encode.ts";
import { Transcript } from "./transcript.ts";

/** What a proof is about and bound to. */
export interface Statement {
  readonly keyHash: Hex;
  readonly context: bigint;
  readonly specs: KeySpecs;
  /** canonical bytes */
  readonly input: Uint8Array;
  readonly output: Uint8Array;
}

/** A transcript that has absorbed the statement. */
export function transcriptOf({ keyHash, context, input, output }: Statement): Transcript {
  const transcript = new Transcript();
  transcript.absorb(
    concat([hexToBytes(keyHash.slice(2)), uint256Bytes(context), keccak_256(input), keccak_256(output)]),
  );
  return transcript;
}
