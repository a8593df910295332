// SPDX-License-Identifier: GPL-3.0-or-later
// Fiat-Shamir (docs/spec/tensorcheck.md, section 3), on the prover's side.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { concat, g1Bytes, readUint, uint256Bytes, type G1Point } from "../../points.ts";
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

/** What has been sent, and absorbed. */
export class Messages {
  readonly #transcript: Transcript;
  readonly #sent: Uint8Array[] = [];

  constructor(transcript: Transcript) {
    this.#transcript = transcript;
  }

  sendScalars(values: readonly bigint[]): void {
    this.#send(scalarBytes(values));
  }

  sendPoints(points: readonly G1Point[]): void {
    this.#send(concat(points.map(g1Bytes)));
  }

  draw(): bigint {
    return this.#transcript.challenge();
  }

  /** Drawn from the most significant coordinate down; [t] is that of bit t. */
  drawPoint(bits: number): bigint[] {
    return Array.from({ length: bits }, () => this.draw()).reverse();
  }

  seal(): Uint8Array {
    return concat(this.#sent);
  }

  #send(bytes: Uint8Array): void {
    this.#sent.push(bytes);
    this.#transcript.absorb(bytes);
  }
}
