// SPDX-License-Identifier: GPL-3.0-or-later
// How everything here is named: by keccak256, in hexadecimal.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** Bytes as 0x-prefixed hexadecimal. */
export type Hex = `0x${string}`;

/** keccak256 of bytes, in lower case. */
export const keccakHex = (bytes: Uint8Array): Hex => `0x${bytesToHex(keccak_256(bytes))}`;
