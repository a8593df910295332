// SPDX-License-Identifier: GPL-3.0-or-later
// Constraint systems as circom writes them (iden3's .r1cs, version 1) and witnesses (.wtns, version 2).
import { VerigradError } from "../../errors.ts";
import { readSections, readUintLE, section } from "./sections.ts";

/** A linear combination: wire -> coefficient in [0, r). */
export type LinearCombination = ReadonlyMap<number, bigint>;

export interface R1csHeader {
  readonly prime: bigint;
  /** wires, the constant 1 (wire 0) included */
  readonly wires: number;
  /** wires 1 .. publicSignals are public */
  readonly publicSignals: number;
  readonly privateInputs: number;
  readonly constraints: number;
}

export interface R1cs extends R1csHeader {
  /** <a, w> * <b, w> = <c, w> */
  readonly rows: readonly (readonly [LinearCombination, LinearCombination, LinearCombination])[];
}

/** Sizes of a constraint system. Errors: PACKAGE_MALFORMED. */
export function readR1csHeader(bytes: Uint8Array): R1csHeader {
  const header = section(readSections(bytes, "r1cs"), 1, 64);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getUint32(0, true) !== 32) throw new VerigradError("PACKAGE_MALFORMED", "r1cs file: field is not 32 bytes");
  const u32 = (index: number): number => view.getUint32(36 + 4 * index, true);
  return {
    prime: readUintLE(header, 4, 32),
    wires: u32(0),
    publicSignals: u32(1) + u32(2),
    privateInputs: u32(3),
    constraints: view.getUint32(60, true),
  };
}

/** A whole constraint system. Errors: PACKAGE_MALFORMED. */
export function readR1cs(bytes: Uint8Array): R1cs {
  const header = readR1csHeader(bytes);
  const body = section(readSections(bytes, "r1cs"), 2);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  const combination = (): LinearCombination => {
    const terms = new Map<number, bigint>();
    const count = view.getUint32(at, true);
    at += 4;
    for (let i = 0; i < count; i++, at += 36) terms.set(view.getUint32(at, true), readUintLE(body, at + 4, 32));
    return terms;
  };
  const rows = Array.from({ length: header.constraints }, () => [combination(), combination(), combination()] as const);
  return { ...header, rows };
}

/** Values of all wires. Errors: PACKAGE_MALFORMED. */
export function readWitness(bytes: Uint8Array, count = Infinity): bigint[] {
  const values = section(readSections(bytes, "wtns"), 2);
  const length = Math.min(count, values.length / 32);
  return Array.from({ length }, (_, i) => readUintLE(values, 32 * i, 32));
}
