// SPDX-License-Identifier: GPL-3.0-or-later
// Fiat-Shamir (docs/spec/tensorcheck.md, section 3), on the prover's side.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { concat, readUint, uint256Bytes } from "../../points.ts";
import { mod } from "./field.ts";

const DOMAIN = "verigrad.tensorcheck.v1";

/** What has been said so far, as far as challenges depend on it. */
export class Transcript {
  #state = keccak_256(utf8ToBytes(DOMAIN));
  #buffer: Uint8Array[] = [];

  /** Raw bytes: digests, scalars, points. */
  absorb(bytes: Uint8Array): void {
    this.#buffer.push(bytes);
  }

  /** A number of F that depends on everything absorbed before. */
  challenge(): bigint {
    this.#state = keccak_256(concat([this.#state, ...this.#buffer]));
    this.#buffer = [];
    return mod(readUint(this.#state));
  }
}

/** 32 bytes each, big-endian. */
export const scalarBytes = (values: readonly bigint[]): Uint8Array => concat(values.map(uint256Bytes));
