// SPDX-License-Identifier: GPL-3.0-or-later
// The seal: the prover's messages, one after the other (docs/spec/tensorcheck.md, section 3).
import { G1_BYTES, g1Fault, readG1, readUint, type G1Point } from "../../points.ts";
import { SCALAR_FIELD } from "./field.ts";
import type { Key } from "./key.ts";

/** A message as it is absorbed, and what it says. */
export interface Message<T> {
  readonly bytes: Uint8Array;
  readonly values: readonly T[];
}

export interface Seal {
  readonly wit: Message<G1Point>;
  readonly help: Message<G1Point>;
  /** of each round of sumcheck A: c_0, c_2, …, c_D */
  readonly roundsA: readonly Message<bigint>[];
  readonly claims: Message<bigint>;
  /** of each round of sumcheck C: c_0, c_2 */
  readonly roundsC: readonly Message<bigint>[];
  /** P_e(s) of each entity */
  readonly evaluations: Message<bigint>;
  /** C_1, …, C_{n−1} */
  readonly folds: Message<G1Point>;
  /** e_0, …, e_{n−1} */
  readonly negatives: Message<bigint>;
  /** [Q] and [W] */
  readonly quotient: Message<G1Point>;
  readonly witness: Message<G1Point>;
}

const SCALAR_BYTES = 32;

/** Length in bytes of every seal for a key. */
export function sealLength({ wit, help, n, K, D, claims, entities }: Key): number {
  return G1_BYTES * (wit + help + n + 1) + SCALAR_BYTES * (K * D + claims + 3 * n + entities.length);
}

/** Reads a seal. A string is why it is malformed: its length, a scalar that is not below r, bytes that are no point. */
export function readSeal(key: Key, bytes: Uint8Array): Seal | string {
  const expected = sealLength(key);
  if (bytes.length !== expected) return `a seal of this key has ${expected} bytes, not ${bytes.length}`;
  const faults: string[] = [];
  let at = 0;
  const message = <T>(count: number, width: number, read: (from: number) => T): Message<T> => {
    const start = at;
    at += count * width;
    return {
      bytes: bytes.subarray(start, at),
      values: Array.from({ length: count }, (_, i) => read(start + i * width)),
    };
  };
  const scalars = (count: number): Message<bigint> =>
    message(count, SCALAR_BYTES, (from) => {
      const value = readUint(bytes, from);
      if (value >= SCALAR_FIELD) faults.push(`the scalar at byte ${from} is not below r`);
      return value;
    });
  const points = (count: number): Message<G1Point> =>
    message(count, G1_BYTES, (from) => {
      const point = readG1(bytes, from);
      const fault = g1Fault(point);
      if (fault !== null && fault !== "infinity") faults.push(`the point at byte ${from}: ${fault}`);
      return point;
    });
  const seal: Seal = {
    wit: points(key.wit),
    help: points(key.help),
    roundsA: Array.from({ length: key.K }, () => scalars(key.D)),
    claims: scalars(key.claims),
    roundsC: Array.from({ length: key.n }, () => scalars(2)),
    evaluations: scalars(key.entities.length),
    folds: points(key.n - 1),
    negatives: scalars(key.n),
    quotient: points(1),
    witness: points(1),
  };
  return faults[0] ?? seal;
}
