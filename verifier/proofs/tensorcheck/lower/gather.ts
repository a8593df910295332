// SPDX-License-Identifier: GPL-3.0-or-later
import type { GatherNode } from "../../../graph/types.ts";
import { sizeOf } from "../../../tensor/spec.ts";
import { canonical, frameOf } from "../layout.ts";
import { fits, originOf, viewExpression, type Expression, type Piece } from "./expressions.ts";
import { readAxes, regionRead, sumRead, type AxisRead, type PartRead } from "./gather-axes.ts";
import { gatherByLookup } from "./gather-lookup.ts";
import type { Lowering } from "./lowering.ts";

/** Most operands that are read axis by axis: each is a sum of its own. */
const MAX_SUMS = 32;

/** Axis by axis where the indices allow it, as a view or by sums over axes; else by a look-up of (index, value). */
export function lowerGather(node: GatherNode, lowering: Lowering): void {
  const indices = Int32Array.from(node.indices.values, Number);
  const parts = operandsRead(node, indices, lowering);
  lowering.define(
    node.output,
    byAxes(node, parts, indices, lowering) ?? gatherByLookup(node, parts, indices, lowering),
  );
}

/** Null where some operand is not read axis by axis. */
function byAxes(
  node: GatherNode,
  parts: readonly PartRead[],
  indices: Int32Array,
  lowering: Lowering,
): Expression | null {
  if (parts.length > MAX_SUMS) return null;
  const { shape } = lowering.tensor(node.output);
  const reads: AxisRead[] = [];
  for (const part of parts) {
    const read = readAxes(lowering, part, shape);
    if (read === null) return null;
    reads.push(read);
  }
  const [first] = reads as [AxisRead];
  if (reads.length === 1 && first.summed.length === 0) return viewExpression(first.view);
  const origin = originOf(node);
  const pieces: Piece[] = reads.map((read) => ({
    kind: "contraction",
    coefficient: 1n,
    contraction: sumRead(origin, read),
  }));
  if (node.fill !== 0n && indices.includes(-1)) {
    pieces.push({ kind: "product", coefficient: node.fill, views: [] });
    for (const read of reads)
      pieces.push({ kind: "contraction", coefficient: -node.fill, contraction: regionRead(origin, read) });
  }
  const layouts = [canonical(shape), ...reads.map(({ sizes }) => sizes)];
  const sizes = layouts.find((layout) => pieces.every((piece) => fits(piece, frameOf(layout, 0))));
  return sizes === undefined ? null : { sizes, pieces };
}

/** The operands that some index points into. */
function operandsRead({ inputs }: GatherNode, indices: Int32Array, lowering: Lowering): PartRead[] {
  let end = 0;
  return inputs.flatMap((id) => {
    const start = end;
    end += sizeOf(lowering.tensor(id).shape);
    const own = indices.map((index) => (index >= start && index < end ? index - start : -1));
    return own.some((index) => index >= 0) ? [{ id, start, own }] : [];
  });
}
