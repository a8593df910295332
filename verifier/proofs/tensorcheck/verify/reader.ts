// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a key from front to back. Every refusal carries the reason that registerKey gives (docs/spec/onchain-verification.md).
import { VerigradError } from "../../../errors.ts";
import { readUint, SCALAR_FIELD } from "../../points.ts";

/** Reasons of MalformedKey. 10 is groth16's. */
export const REASON = {
  LENGTH: 1,
  SELECTOR: 2,
  INPUT_MODE: 3,
  SPEC_COUNT: 4,
  SPEC_RANK: 5,
  SPEC_SHAPE: 6,
  SPEC_TYPE: 7,
  SPEC_RANGE: 8,
  SPEC_LENGTH: 9,
  G1_POINT: 11,
  G2_POINT: 12,
  SETUP: 13,
  LIMIT: 14,
  COORDINATE: 15,
  AXES: 16,
  PORT: 17,
  STRUCTURED: 18,
  COEFFICIENT: 19,
  ENTITY: 20,
  CLAIM: 21,
  VALUE: 22,
  BLOCK: 23,
  WORK: 24,
} as const;
type Reason = (typeof REASON)[keyof typeof REASON];

/** Throws TENSORCHECK_KEY_INVALID, data.fault MalformedKey and data.reason its number, unless `ok`. */
export function check(ok: boolean, reason: Reason, why: string): asserts ok {
  if (ok) return;
  throw new VerigradError("TENSORCHECK_KEY_INVALID", `key: ${why}, MalformedKey(${reason})`, {
    data: { fault: "MalformedKey", reason },
  });
}

/** Counts that everything else in a key is held against. */
export interface Bounds {
  /** bits of a chunk */
  readonly n: number;
  /** variables of sumcheck A */
  readonly K: number;
  /** coordinates of ρ */
  readonly R: number;
  /** degree of sumcheck A */
  readonly D: number;
  /** of all classes */
  readonly chunks: number;
}

/** Two's complement of four bytes. */
export const signed32 = (value: number): number => value | 0;

/** Big-endian integers, one after the other. */
export class Reader {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A piece begins: the key holds `length` more bytes. */
  piece(length: number): void {
    check(this.at + length <= this.bytes.length, REASON.LENGTH, "cut short");
  }

  take(length: number): Uint8Array {
    this.piece(length);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** An unsigned integer of at most 4 bytes. */
  uint(length: number): number {
    return this.take(length).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** As many items as a count of `width` bytes says. */
  list<T>(width: number, item: (index: number) => T): T[] {
    return Array.from({ length: this.uint(width) }, (_, index) => item(index));
  }

  /** Sign and length, then the magnitude; the result is in 0..r−1. */
  coefficient(): bigint {
    const head = this.uint(1);
    const length = head & 0x7f;
    check(length <= 32 && head !== 0x80, REASON.COEFFICIENT, "coefficient of a malformed length");
    const bytes = this.take(length);
    check(bytes[0] !== 0, REASON.COEFFICIENT, "coefficient with a leading zero");
    const magnitude = readUint(bytes, 0, length);
    check(magnitude < SCALAR_FIELD, REASON.COEFFICIENT, "coefficient not below r");
    return head & 0x80 ? SCALAR_FIELD - magnitude : magnitude;
  }
}
