// SPDX-License-Identifier: GPL-3.0-or-later
// Points and multi-scalar multiplication, as tasks: one for a digit's place and a part of the points.
import type { G1Point } from "../../points.ts";
import type { Arena } from "./arena.ts";
import type { Kernels } from "./kernel.ts";
import { fault, MUL_MS, partsOf, type Part } from "./parts.ts";
import type { Pool } from "./pool.ts";
import type { Task } from "./tasks.ts";
import { INTEGER_CODES, type Integers, type Points, type Vector } from "./types.ts";

/** Bits of a scalar: below 2^254. */
export const SCALAR_BITS = 254;
const MAXIMUM_BITS = 62;
export const POINT_BYTES = 64;
/** A sum of points in kernels/bn254/curve.ts. */
const SUM_BYTES = 128;
/** Products of an affine addition in a batch, of a bucket's two additions, and of what a part costs besides. */
export const ADDITION = 6.5;
const BUCKET = 24;
const PART = 3000;
/** Points of a part at least. */
const GRAIN = 4096;

export function writePoints(bytes: Uint8Array, arena: Arena, kernels: Kernels): Points {
  if (bytes.length % POINT_BYTES !== 0) throw fault(`no whole points of 64 bytes: ${bytes.length}`);
  const length = bytes.length / POINT_BYTES;
  const address = arena.allocate(bytes.length);
  arena.bytes(address, bytes.length).set(bytes);
  kernels.reverseBytes(address, 2 * length);
  kernels.fqVecToMontgomery(address, address, 2 * length);
  return { address, length };
}

/** Allocates: to be released afterwards. */
export function readPoints(points: Points, arena: Arena, kernels: Kernels): G1Point[] {
  arena.bytes(points.address, POINT_BYTES * points.length);
  const plain = arena.allocate(POINT_BYTES * points.length);
  kernels.fqVecFromMontgomery(plain, points.address, 2 * points.length);
  const coordinates = arena.readNumbers(plain, 2 * points.length);
  return Array.from({ length: points.length }, (_, i) => ({
    x: coordinates[2 * i] as bigint,
    y: coordinates[2 * i + 1] as bigint,
  }));
}

/** Allocates: to be released afterwards. */
export function toPointBytes(points: Points, arena: Arena, kernels: Kernels): Uint8Array {
  const length = POINT_BYTES * points.length;
  arena.bytes(points.address, length);
  const plain = arena.allocate(length);
  kernels.fqVecFromMontgomery(plain, points.address, 2 * points.length);
  kernels.reverseBytes(plain, 2 * points.length);
  return Uint8Array.from(arena.bytes(plain, length));
}

/** Σ a[i]·bases[first + i]. Allocates: to be released afterwards. */
export async function msmOfVector(bases: Points, a: Vector, first: number, arena: Arena, pool: Pool): Promise<G1Point> {
  check(bases, first, a.length, arena);
  if (a.length === 0) return { x: 0n, y: 0n };
  const bits = windowBits(a.length, SCALAR_BITS);
  const windows = Math.ceil((SCALAR_BITS + 1) / bits);
  const scalars = await biased(a, bits, windows, arena, pool);
  return windowed(bases, { address: scalars, stride: 32, length: a.length }, { first, bits, windows }, arena, pool);
}

/** The address of what kernels take digits of `bits` bits of. Allocates: to be released afterwards. */
export async function biased(a: Vector, bits: number, windows: number, arena: Arena, pool: Pool): Promise<number> {
  const scalars = arena.allocate(32 * a.length);
  const tasks = partsOf(a.length, GRAIN, pool.threads).map(([from, n]): Task => [
    "msmScalars",
    scalars + 32 * from,
    a.address + 32 * from,
    n,
    bits,
    windows,
  ]);
  await pool.run(tasks, a.length * MUL_MS);
  return scalars;
}

/** Σ values[i]·bases[first + i]. Allocates: to be released afterwards. */
export async function msmOfIntegers(
  bases: Points,
  values: Integers,
  first: number,
  arena: Arena,
  pool: Pool,
): Promise<G1Point> {
  check(bases, first, values.length, arena);
  const type = INTEGER_CODES[values.type];
  const magnitude = pool.kernels.msmIntegerBits(values.address, type, 0, values.length);
  if (magnitude < 0) return { x: 0n, y: 0n };
  if (magnitude > MAXIMUM_BITS) throw fault(`an integer of more than ${MAXIMUM_BITS} bits`);
  const bits = windowBits(values.length, magnitude);
  const windows = Math.ceil((magnitude + 1) / bits);
  const scalars = arena.allocate(8 * values.length);
  pool.kernels.msmIntegers(scalars, values.address, type, 0, values.length, bits, windows);
  return windowed(bases, { address: scalars, stride: 8, length: values.length }, { first, bits, windows }, arena, pool);
}

function check(bases: Points, first: number, length: number, arena: Arena): void {
  arena.bytes(bases.address, POINT_BYTES * bases.length);
  if (!Number.isSafeInteger(first) || first < 0 || first + length > bases.length) {
    throw fault(`no points ${first}..${first + length} of ${bases.length}`);
  }
}

/** Products that windows of `bits` bits cost. */
const cost = (length: number, scalarBits: number, bits: number): number =>
  Math.ceil((scalarBits + 1) / bits) * (length * ADDITION + 2 ** (bits - 1) * BUCKET + PART);

/** The number of bits of a digit that costs least. */
function windowBits(length: number, scalarBits: number): number {
  let best = 2;
  for (let bits = 3; bits <= 16; bits++) {
    if (cost(length, scalarBits, bits) < cost(length, scalarBits, best)) best = bits;
  }
  return best;
}

interface Scalars {
  readonly address: number;
  readonly stride: 8 | 32;
  readonly length: number;
}

async function windowed(
  bases: Points,
  scalars: Scalars,
  { first, bits, windows }: { readonly first: number; readonly bits: number; readonly windows: number },
  arena: Arena,
  pool: Pool,
): Promise<G1Point> {
  // Parts only where there are too few windows to keep every thread busy: each part sums its buckets anew.
  const grain = windows >= 2 * pool.threads ? Infinity : GRAIN;
  const parts = partsOf(scalars.length, grain, pool.threads);
  const sums = arena.allocate(SUM_BYTES * windows * parts.length);
  const workBytes = pool.kernels.msmWorkBytes((parts[0] as Part)[1], bits);
  const work = arena.allocate(pool.threads * workBytes);
  const tasks = Array.from({ length: windows }, (_, w) =>
    parts.map(([from, n], p): Task => {
      const out = sums + SUM_BYTES * (w * parts.length + p);
      const source = [bases.address + POINT_BYTES * (first + from), scalars.address + scalars.stride * from];
      const digit = [w * bits, bits, w === windows - 1 ? 1 : 0];
      return ["msmWindow", out, ...source, scalars.stride, n, ...digit, work, workBytes];
    }),
  ).flat();
  await pool.run(tasks, cost(scalars.length, windows * bits - 1, bits) * MUL_MS);
  const out = { address: arena.allocate(POINT_BYTES), length: 1 };
  pool.kernels.sumCombine(out.address, sums, windows, parts.length, bits);
  return readPoints(out, arena, pool.kernels)[0] as G1Point;
}
