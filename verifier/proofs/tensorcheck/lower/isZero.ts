// SPDX-License-Identifier: GPL-3.0-or-later
import type { IsZeroNode } from "../../../graph/types.ts";
import { affineOf, piecesOf, sumOf, times } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import { bitLength, inverses, shiftedBy } from "./witness.ts";

/** A table of (x, y), or x · y = 0 and x · inverse = 1 − y. */
export function lowerIsZero({ input, output, from }: IsZeroNode, lowering: Lowering): void {
  const { draft, tableBits } = lowering;
  const { sizes, affine } = lowering.affine(input);
  const values = lowering.values(input);
  const { lo, hi } = values.range;
  const zero = lowering.defineColumn(output, sizes);
  if (bitLength(hi - lo) <= tableBits) {
    const entries = Array.from({ length: Number(hi - lo) + 1 }, (_, i) => (lo + BigInt(i) === 0n ? 1n : 0n));
    const index = sumOf([[1n, affine]], -lo);
    return draft.lookup(sizes, draft.tables.function(entries), index, affineOf(zero), shiftedBy(values, -lo));
  }
  const inverse = draft.wit(`${from.join(" + ")}: inverse`, sizes, inverses(values));
  draft.equation(sizes, times(affine, zero));
  draft.equation(sizes, [...times(affine, inverse), ...piecesOf(affineOf(zero, 1n, -1n))]);
}
