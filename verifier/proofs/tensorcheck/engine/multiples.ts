// SPDX-License-Identifier: GPL-3.0-or-later
// Many multiples of G1's generator, as tasks: a row of the table for each digit's place, then a part of the scalars each.
import type { Arena } from "./arena.ts";
import { ADDITION, biased, POINT_BYTES, SCALAR_BITS } from "./msm.ts";
import { MUL_MS, partsOf } from "./parts.ts";
import type { Pool } from "./pool.ts";
import type { Task } from "./tasks.ts";
import type { Points, Vector } from "./types.ts";

/** Bits of a digit at most: rows of 2^12 multiples, 256 KiB each. Larger ones leave the cache, which costs more than it saves. */
const MAXIMUM_BITS = 13;
/** Products of a row's doublings and inversions. */
const ROW = 4000;
/** Scalars of a part at least: a batch of the kernel's additions. */
const GRAIN = 1024;

const windowsOf = (bits: number): number => Math.ceil((SCALAR_BITS + 1) / bits);

/** Products that rows and sums take with digits of `bits` bits: an addition for each entry, and for each digit of a scalar. */
const rowsCost = (bits: number): number => windowsOf(bits) * (2 ** (bits - 1) * ADDITION + ROW);
const sumsCost = (length: number, bits: number): number => windowsOf(bits) * length * ADDITION;
const cost = (length: number, bits: number): number => rowsCost(bits) + sumsCost(length, bits);

/** The number of bits of a digit that costs least. */
function digitBits(length: number): number {
  let best = 2;
  for (let bits = 3; bits <= MAXIMUM_BITS; bits++) if (cost(length, bits) < cost(length, best)) best = bits;
  return best;
}

/** out[i] = a[i]·G. Allocates: to be released afterwards. */
export async function multiplesOf(out: Points, a: Vector, arena: Arena, pool: Pool): Promise<void> {
  const bits = digitBits(a.length);
  const windows = windowsOf(bits);
  const entries = 2 ** (bits - 1);
  const table = arena.allocate(POINT_BYTES * entries * windows);
  const rows = Array.from({ length: windows }, (_, w): Task => [
    "multiplesRow",
    table + POINT_BYTES * entries * w,
    w * bits,
    entries,
  ]);
  await pool.run(rows, rowsCost(bits) * MUL_MS);
  const scalars = await biased(a, bits, windows, arena, pool);
  const sums = partsOf(a.length, GRAIN, pool.threads).map(([from, n]): Task => [
    "multiplesSum",
    out.address + POINT_BYTES * from,
    table,
    scalars + 32 * from,
    n,
    bits,
    windows,
  ]);
  await pool.run(sums, sumsCost(a.length, bits) * MUL_MS);
}
