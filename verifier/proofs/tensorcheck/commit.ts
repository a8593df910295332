// SPDX-License-Identifier: GPL-3.0-or-later
// Commitments of a key: to the chunks of the pre columns, weights and constants (docs/spec/tensorcheck.md, section 1).
import { checkerCurve } from "../curve.ts";
import { concat, G1_BYTES, g1Bytes, toG1 } from "../points.ts";
import type { WorkOptions } from "../types.ts";
import { checkAborted } from "../files.ts";
import { Engine } from "./engine/index.ts";
import type { IntegerArray, Points } from "./engine/types.ts";
import type { NumberedProgram } from "./numbered.ts";
import { firstPowers, type Powers } from "./powers.ts";
import type { Cells, Column } from "./program.ts";

/** Cells of one column that lie in a chunk from its cell `from` on. */
interface Part {
  readonly from: number;
  readonly cells: Cells;
}

/**
 * Σ P[i]·[τ^i]_1 of every pre chunk P, in order: 64 bytes each. Errors: POWERS_TOO_FEW, ABORTED.
 */
export async function commitPre(
  { placement, program }: Pick<NumberedProgram, "placement" | "program">,
  powers: Powers,
  options: WorkOptions = {},
): Promise<Uint8Array> {
  const { n, chunks, places } = placement;
  const { g1 } = firstPowers(powers, n);
  const byChunk = Array.from({ length: chunks.pre }, (): Part[] => []);
  for (const column of program.columns) {
    const place = places.get(column);
    if (column.class !== "pre" || place === undefined) continue;
    for (const [i, cells] of chunksOf(column, 2 ** n).entries())
      byChunk[place.chunk + i]?.push({ from: place.block * cells.length, cells });
  }
  const engine = await Engine.create();
  try {
    const bases = engine.points(g1);
    const commitments: Uint8Array[] = [];
    for (const [i, parts] of byChunk.entries()) {
      checkAborted(options);
      options.onProgress?.("commit to weights", i / byChunk.length);
      commitments.push(await commit(engine, bases, parts));
    }
    return concat(commitments);
  } finally {
    await engine.close();
  }
}

const isTyped = (cells: Cells): cells is IntegerArray => ArrayBuffer.isView(cells);

/** The cells of a column, chunk by chunk. */
function chunksOf({ cells }: Column, size: number): Cells[] {
  const all = cells as Cells;
  if (all.length <= size) return [all];
  const parts: Cells[] = [];
  for (let from = 0; from < all.length; from += size)
    parts.push(isTyped(all) ? all.subarray(from, from + size) : all.slice(from, from + size));
  return parts;
}

async function commit(engine: Engine, bases: Points, parts: readonly Part[]): Promise<Uint8Array> {
  const { G1 } = await checkerCurve();
  let sum = G1.zero;
  for (const { from, cells } of parts) {
    const mark = engine.mark();
    const point = isTyped(cells)
      ? await engine.msmIntegers(bases, engine.integers(cells), from)
      : await engine.msm(bases, engine.fromBigints(cells), from);
    engine.release(mark);
    const isInfinity = point.x === 0n && point.y === 0n;
    if (!isInfinity) sum = G1.add(sum, toG1(G1, point));
  }
  if (G1.isZero(sum)) return new Uint8Array(G1_BYTES);
  const [x, y] = G1.toObject(G1.toAffine(sum));
  return g1Bytes({ x, y });
}
