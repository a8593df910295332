// SPDX-License-Identifier: GPL-3.0-or-later
// Fiat-Shamir with keccak256 (docs/spec/tensorcheck.md, section 3).
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concat, readUint } from "../../points.ts";
import { SCALAR_FIELD } from "./field.ts";
import { DOMAIN } from "./head.ts";

/** What the steps of the argument need of a transcript. */
export type Challenger = Pick<Transcript, "absorb" | "challenge">;

/** Challenges that depend on all that was absorbed before them. */
export class Transcript {
  #state: Uint8Array = DOMAIN;
  #buffer: Uint8Array[] = [];

  absorb(...messages: readonly Uint8Array[]): void {
    this.#buffer.push(...messages);
  }

  /** state = keccak256(state ‖ buffer), the buffer emptied; the challenge is the state mod r. */
  challenge(): bigint {
    this.#state = keccak_256(concat([this.#state, ...this.#buffer]));
    this.#buffer = [];
    return readUint(this.#state) % SCALAR_FIELD;
  }
}
