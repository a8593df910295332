// SPDX-License-Identifier: GPL-3.0-or-later
// Many multiples of a generator: windows of eight bits, one addition a window. Several times faster than a scalar
// multiplication each, which is what makes a development set-up a matter of seconds.
import { randomBytes } from "node:crypto";
import { buildBn128, type Curve, type CurveGroup } from "ffjavascript";
import { SCALAR_FIELD as r } from "../tensor/packing.ts";

const WINDOWS = 32;
const TABLE = 256;
/** Points per batch, bounded so that the scratch memory is. */
const BATCH = 1024;

/** Bytes of `scalars[i]` times the group's generator, affine, little-endian Montgomery form as .ptau files hold them. */
export type Multiples = (scalars: readonly bigint[]) => Uint8Array;

/** A function of the curve's WebAssembly; its arguments are pointers. */
type Operation = (...pointers: number[]) => number;

/** Uniform below r, not zero: the secret of a development set-up. */
export function randomScalar(): bigint {
  for (;;) {
    const value = randomBytes(32).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) >> 2n;
    if (value > 0n && value < r) return value;
  }
}

/** Multiplication tables of both generators, on a curve of their own whose memory they may grow. */
export async function generatorMultiples(): Promise<{ g1: Multiples; g2: Multiples }> {
  const curve = await buildBn128(true);
  return { g1: multiplesOf(curve, curve.G1, "g1m"), g2: multiplesOf(curve, curve.G2, "g2m") };
}

function multiplesOf<C>(curve: Curve, group: CurveGroup<C>, prefix: "g1m" | "g2m"): Multiples {
  const { exports } = curve.tm.instance;
  const operation = (name: string): Operation => exports[`${prefix}_${name}`] as Operation;
  const [add, addMixed, double, zero] = [
    operation("add"),
    operation("addMixed"),
    operation("double"),
    operation("zero"),
  ];
  const batchToAffine = operation("batchToAffine");
  const affine = group.F.n8 * 2;
  const jacobian = group.F.n8 * 3;
  const { memory } = curve.tm;
  const claim = (length: number): number => {
    const pointer = memory.buffer.byteLength;
    memory.grow(Math.ceil(length / 65536));
    return pointer;
  };

  // table[w][d] = d * 2^(8 w) * generator; d = 0 is infinity and is skipped.
  const scratch = claim(TABLE * WINDOWS * jacobian);
  const table = claim(TABLE * WINDOWS * affine);
  const base = claim(jacobian);
  new Uint8Array(memory.buffer).set(group.toJacobian(group.g), base);
  for (let w = 0; w < WINDOWS; w++) {
    const row = scratch + w * TABLE * jacobian;
    zero(row);
    for (let d = 1; d < TABLE; d++) add(row + (d - 1) * jacobian, base, row + d * jacobian);
    for (let bit = 0; bit < 8; bit++) double(base, base);
  }
  batchToAffine(scratch, TABLE * WINDOWS, table);

  const sums = claim(BATCH * jacobian);
  const results = claim(BATCH * affine);
  return (scalars) => {
    const points = new Uint8Array(scalars.length * affine);
    for (let first = 0; first < scalars.length; first += BATCH) {
      const batch = scalars.slice(first, first + BATCH);
      batch.forEach((scalar, i) => {
        const sum = sums + i * jacobian;
        zero(sum);
        for (let w = 0; scalar > 0n; w++, scalar >>= 8n) {
          const digit = Number(scalar & 0xffn);
          if (digit > 0) addMixed(sum, table + (w * TABLE + digit) * affine, sum);
        }
      });
      batchToAffine(sums, batch.length, results);
      points.set(new Uint8Array(memory.buffer, results, batch.length * affine), first * affine);
    }
    return points;
  };
}
