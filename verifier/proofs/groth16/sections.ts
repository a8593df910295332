// SPDX-License-Identifier: GPL-3.0-or-later
// The container of iden3's binary files (.r1cs, .zkey, .ptau, .wtns): magic, version, sections of (type, length, bytes).
import { VerigradError } from "../../errors.ts";

export type Sections = ReadonlyMap<number, Uint8Array>;

/** Sections by type. Errors: PACKAGE_MALFORMED for a wrong magic, a cut file, a repeated section or trailing bytes. */
export function readSections(bytes: Uint8Array, magic: "r1cs" | "zkey" | "ptau" | "wtns"): Sections {
  const fail = (why: string): never => {
    throw new VerigradError("PACKAGE_MALFORMED", `${magic} file: ${why}`, { data: { file: magic } });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || new TextDecoder("latin1").decode(bytes.subarray(0, 4)) !== magic) fail("wrong magic");
  const sections = new Map<number, Uint8Array>();
  let at = 12;
  for (let i = view.getUint32(8, true); i > 0; i--) {
    if (at + 12 > bytes.length) fail("cut short");
    const type = view.getUint32(at, true);
    const length = Number(view.getBigUint64(at + 4, true));
    at += 12;
    if (at + length > bytes.length) fail("cut short");
    if (sections.has(type)) fail(`section ${type} stands twice`);
    sections.set(type, bytes.subarray(at, at + length));
    at += length;
  }
  if (at !== bytes.length) fail("trailing bytes");
  return sections;
}

/** One section. Errors: PACKAGE_MALFORMED when it is missing or shorter than `atLeast`. */
export function section(sections: Sections, type: number, atLeast = 0): Uint8Array {
  const bytes = sections.get(type);
  if (bytes === undefined || bytes.length < atLeast) {
    throw new VerigradError("PACKAGE_MALFORMED", `section ${type} is missing or too short`);
  }
  return bytes;
}

/** A whole file. */
export function writeSections(
  magic: string,
  version: number,
  sections: readonly (readonly [number, Uint8Array])[],
): Uint8Array {
  const length = sections.reduce((sum, [, bytes]) => sum + 12 + bytes.length, 12);
  const file = new Uint8Array(length);
  const view = new DataView(file.buffer);
  file.set(new TextEncoder().encode(magic));
  view.setUint32(4, version, true);
  view.setUint32(8, sections.length, true);
  let at = 12;
  for (const [type, bytes] of sections) {
    view.setUint32(at, type, true);
    view.setBigUint64(at + 4, BigInt(bytes.length), true);
    file.set(bytes, at + 12);
    at += 12 + bytes.length;
  }
  return file;
}

/** Little-endian unsigned integer. */
export function readUintLE(bytes: Uint8Array, offset: number, length: number): bigint {
  let value = 0n;
  for (let i = offset + length - 1; i >= offset; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}
