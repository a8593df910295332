// SPDX-License-Identifier: GPL-3.0-or-later
// Powers of tau from a ceremony's .ptau file, of which only a header, points of G1 and one point of G2 are read: the file may be
// gigabytes.
import { open, type FileHandle } from "node:fs/promises";
import { VerigradError } from "../../errors.ts";
import { checkerCurve } from "../curve.ts";
import { G1_BYTES, G2_BYTES, g2Bytes } from "../points.ts";
import { assertPtau, assertPtauPower, type PtauFile } from "../ptau.ts";
import type { Powers } from "./powers.ts";

/** Sections of a .ptau file: [τ^i]_1 for i < 2^(p+1) − 1, and [τ^i]_2 for i < 2^p. */
const TAU_G1 = 2;
const TAU_G2 = 3;

/**
 * The first 2^power powers of a .ptau file. The caller checks them (checkPowers). Errors: SETUP_PHASE1_MISMATCH unless the file
 * is the expected or a published one; POWERS_TOO_FEW; PACKAGE_MALFORMED.
 */
export async function readPtau(source: PtauFile, power: number): Promise<Powers> {
  const hash = await assertPtau(source);
  const available = await assertPtauPower(source.ptau, power);
  const file = await open(source.ptau);
  try {
    const sections = await sectionsOf(file);
    const points = async (type: number, length: number, first: number, bytes: number): Promise<Uint8Array> => {
      const found = sections.get(type);
      if (found?.length !== length) throw malformed(`section ${type} has not ${length} bytes`);
      return readExactly(file, found.at + first, bytes);
    };
    const g1 = await points(TAU_G1, G1_BYTES * (2 ** (available + 1) - 1), 0, G1_BYTES * 2 ** power);
    const g2 = await points(TAU_G2, G2_BYTES * 2 ** available, G2_BYTES, G2_BYTES);
    const { G1, G2 } = await checkerCurve();
    const [x, y] = G2.toObject(G2.fromRprLEM(g2));
    return {
      power,
      g1: await G1.batchLEMtoU(g1),
      tau2: g2Bytes({ x: { c0: x[0], c1: x[1] }, y: { c0: y[0], c1: y[1] } }),
      ptau: hash,
    };
  } finally {
    await file.close();
  }
}

const malformed = (why: string): VerigradError => new VerigradError("PACKAGE_MALFORMED", `ptau file: ${why}`);

/** Where each section's bytes begin, and how many there are. */
async function sectionsOf(file: FileHandle): Promise<Map<number, { at: number; length: number }>> {
  const { size } = await file.stat();
  const count = (await readExactly(file, 8, 4)).readUInt32LE();
  const sections = new Map<number, { at: number; length: number }>();
  let at = 12;
  for (let i = 0; i < count; i++) {
    const head = await readExactly(file, at, 12);
    const [type, length] = [head.readUInt32LE(), Number(head.readBigUInt64LE(4))];
    if (sections.has(type)) throw malformed(`section ${type} stands twice`);
    sections.set(type, { at: at + 12, length });
    at += 12 + length;
  }
  if (at !== size) throw malformed(`${size} bytes, not ${at}`);
  return sections;
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) throw malformed("cut short");
  return buffer;
}
