// SPDX-License-Identifier: GPL-3.0-or-later
// Commitments of a key: to the chunks of the pre columns, weights and constants (docs/spec/tensorcheck.md, section 1).
import { checkerCurve } from "../curve.ts";
import { concat, G1_BYTES, g1Bytes } from "../points.ts";
import type { WorkOptions } from "../types.ts";
import { checkAborted } from "../files.ts";
import type { NumberedProgram } from "./number.ts";
import { firstPowers, libraryPoints, type Powers } from "./powers.ts";
import type { Cells, Column } from "./program.ts";

/**
 * Σ P[i]·[τ^i]_1 of every pre chunk P, in order: 64 bytes each. Errors: POWERS_TOO_FEW, ABORTED.
 */
export async function commitPre(
  { placement, program }: Pick<NumberedProgram, "placement" | "program">,
  powers: Powers,
  options: WorkOptions = {},
): Promise<Uint8Array> {
  const { n, chunks, places } = placement;
  const bases = await libraryPoints(firstPowers(powers, n).g1);
  const byChunk = Array.from({ length: chunks.pre }, (): { from: number; cells: Cells }[] => []);
  for (const column of program.columns) {
    const place = places.get(column);
    if (column.class !== "pre" || place === undefined) continue;
    for (const [i, cells] of chunksOf(column, 2 ** n).entries())
      byChunk[place.chunk + i]?.push({ from: place.block * cells.length, cells });
  }
  const commitments: Uint8Array[] = [];
  for (const [i, columns] of byChunk.entries()) {
    checkAborted(options);
    options.onProgress?.("commit to weights", i / byChunk.length);
    const chunk = new Array<bigint>(2 ** n).fill(0n);
    for (const { from, cells } of columns)
      for (let c = 0; c < cells.length; c++) chunk[from + c] = BigInt(cells[c] as number | bigint);
    commitments.push(await commit(bases, chunk));
  }
  return concat(commitments);
}

/** The cells of a column, chunk by chunk. */
function chunksOf({ cells }: Column, size: number): Cells[] {
  const all = cells as Cells;
  const parts: Cells[] = [];
  for (let from = 0; from < all.length; from += size)
    parts.push(all.length <= size ? all : all.slice(from, from + size));
  return parts;
}

/** Σ values[i]·bases[i]: as few bytes a scalar as the largest needs, positive and negative ones apart. */
async function commit(bases: Uint8Array, values: readonly bigint[]): Promise<Uint8Array> {
  const { G1 } = await checkerCurve();
  const part = async (sign: bigint): Promise<Uint8Array> => {
    const indices = [...values.keys()].filter((i) => (values[i] as bigint) * sign > 0n);
    if (indices.length === 0) return G1.zero;
    const largest = indices.reduce((most, i) => {
      const value = (values[i] as bigint) * sign;
      return value > most ? value : most;
    }, 0n);
    const width = Math.ceil(largest.toString(16).length / 2);
    const [points, scalars] = [new Uint8Array(G1_BYTES * indices.length), new Uint8Array(width * indices.length)];
    indices.forEach((i, at) => {
      points.set(bases.subarray(G1_BYTES * i, G1_BYTES * (i + 1)), G1_BYTES * at);
      let value = (values[i] as bigint) * sign;
      for (let byte = 0; byte < width; byte++, value >>= 8n) scalars[width * at + byte] = Number(value & 0xffn);
    });
    return G1.multiExpAffine(points, scalars);
  };
  const sum = G1.add(await part(1n), G1.neg(await part(-1n)));
  if (G1.isZero(sum)) return new Uint8Array(G1_BYTES);
  const [x, y] = G1.toObject(G1.toAffine(sum));
  return g1Bytes({ x, y });
}
