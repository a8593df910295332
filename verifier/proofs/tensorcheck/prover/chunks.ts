// SPDX-License-Identifier: GPL-3.0-or-later
// Chunks of cells and their commitments (docs/spec/tensorcheck.md, section 1), on BigInts.
import { checkerCurve } from "../../curve.ts";
import { uint256Bytes } from "../../points.ts";
import type { Placement } from "../place.ts";
import type { Column } from "../program.ts";

/** `count` chunks from `first` on, of columns' cells; 0 outside of every column. */
export function chunksOf(
  { n, places }: Placement,
  first: number,
  count: number,
  cellsOf: (column: Column) => readonly bigint[],
): bigint[][] {
  const size = 2 ** n;
  const chunks = Array.from({ length: count }, () => new Array<bigint>(size).fill(0n));
  for (const [column, { chunk, block }] of places) {
    const start = (chunk - first) * size + block * 2 ** column.bits;
    if (start < 0 || start >= count * size) continue;
    cellsOf(column).forEach((cell, i) => {
      const at = start + i;
      (chunks[Math.floor(at / size)] as bigint[])[at % size] = cell;
    });
  }
  return chunks;
}

/** x ‖ y of Σ cells[i]·powers[i]. `powers`: affine, as ffjavascript holds them. */
export async function commit(cells: readonly bigint[], powers: Uint8Array): Promise<Uint8Array> {
  const { G1 } = await checkerCurve();
  const scalars = new Uint8Array(32 * cells.length);
  cells.forEach((cell, i) => scalars.set(uint256Bytes(cell).reverse(), 32 * i));
  const point = await G1.multiExpAffine(powers.subarray(0, 64 * cells.length), scalars);
  const bytes = new Uint8Array(64);
  if (!G1.isZero(point)) G1.toRprUncompressed(bytes, 0, G1.toAffine(point));
  return bytes;
}
