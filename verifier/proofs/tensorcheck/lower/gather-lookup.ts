// SPDX-License-Identifier: GPL-3.0-or-later
// Gathers whose indices follow no axes: a look-up of (index, value) in the operands.
import type { GatherNode } from "../../../graph/types.ts";
import { sizeOf } from "../../../tensor/spec.ts";
import { bitsIn, canonical, factorOf, frameOf, ownFrame, selectOf, sizesOf } from "../layout.ts";
import { atR, type Factor } from "../program.ts";
import { viewExpression, type Expression } from "./expressions.ts";
import type { PartRead } from "./gather-axes.ts";
import type { Lowering } from "./lowering.ts";
import { flatIndex, keyed } from "./relayout.ts";

/**
 * + 1/(γ − tag − β · index − β² · y) in each cell that reads, − count/(γ − tag − β · cell − β² · x) in each cell of the
 * operands, indices and counts being columns of the key; y = fill where nothing is read.
 */
export function gatherByLookup(
  node: GatherNode,
  parts: readonly PartRead[],
  indices: Int32Array,
  lowering: Lowering,
): Expression {
  const { draft } = lowering;
  const name = node.from.join(" + ");
  const sizes = canonical(lowering.tensor(node.output).shape);
  const cells = frameOf(sizes, atR(0));
  const y = draft.wit(lowering.tensor(node.output).name, sizes, lowering.values(node.output));
  const index = draft.pre(
    `${name}: indices`,
    Float64Array.from(indices, (i) => Math.max(i, 0)),
    sizes,
  );
  let numerator = selectOf(cells);
  if (indices.includes(-1)) {
    const read = draft.pre(
      `${name}: cells that read`,
      Float64Array.from(indices, (i) => (i < 0 ? 0 : 1)),
      sizes,
    );
    numerator = factorOf(read, cells);
    const term = (coefficient: bigint, views: readonly (typeof y)[]) =>
      ({ kind: "product", coefficient, views }) as const;
    draft.equation(sizes, [term(1n, [y]), term(-1n, [read, y]), term(-node.fill, []), term(node.fill, [read])]);
  }
  const group = {};
  const key = { power: 1, coefficient: 1n, value: factorOf(index, cells) as Factor } as const;
  const value = factorOf(y, cells) as Factor;
  draft.fraction(bitsIn(sizes), (tag) => keyed(false, numerator, tag, [key], value), group);
  for (const { id, start, own } of parts) {
    const view = lowering.view(id);
    const counts = new Float64Array(sizeOf(lowering.tensor(id).shape));
    for (const i of own) if (i >= 0) counts[i] = (counts[i] as number) + 1;
    const once = counts.every((count) => count === 1);
    const frame = once ? ownFrame(view) : frameOf(sizesOf(view), atR(0));
    const count = once ? selectOf(frame) : factorOf(draft.pre(`${name}: counts`, counts, sizesOf(view)), frame);
    const cell = [{ power: 1, coefficient: BigInt(start) } as const, ...flatIndex(frame)];
    const x = factorOf(view, frame) as Factor;
    draft.fraction(bitsIn(sizesOf(view)), (tag) => keyed(true, count, tag, cell, x), group);
  }
  return viewExpression(y);
}
