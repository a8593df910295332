// SPDX-License-Identifier: GPL-3.0-or-later
import type { MaximumNode, MinimumNode } from "../../../graph/types.ts";
import { affineOf, asAffine, piecesOf, sumOf, times, type Affine } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import { signOf } from "./step.ts";
import { bitLength, combination, shiftedBy } from "./witness.ts";

/** With d = a − b: a table of (d, y − b), or y = b + s · d for a maximum, y = a − s · d for a minimum, s = [d >= 0]. */
export function lowerExtremum(node: MaximumNode | MinimumNode, lowering: Lowering): void {
  const { draft, tableBits } = lowering;
  const isMaximum = node.op === "maximum";
  lowering.affine(node.a);
  lowering.affine(node.b);
  const { sizes, expressions } = lowering.common([node.a, node.b]);
  const [a, b] = expressions.map(asAffine) as [Affine, Affine];
  const difference = sumOf([
    [1n, a],
    [-1n, b],
  ]);
  const values = combination(
    [
      { coefficient: 1n, of: lowering.values(node.a) },
      { coefficient: -1n, of: lowering.values(node.b) },
    ],
    0n,
  );
  const { lo, hi } = values.range;
  if (bitLength(hi - lo) <= tableBits) {
    const y = affineOf(lowering.defineColumn(node.output, sizes));
    const entries = Array.from({ length: Number(hi - lo) + 1 }, (_, i) => {
      const d = lo + BigInt(i);
      return d >= 0n === isMaximum ? d : 0n;
    });
    const above = sumOf([
      [1n, y],
      [-1n, b],
    ]);
    const index = sumOf([[1n, difference]], -lo);
    return draft.lookup(sizes, draft.tables.function(entries), index, above, shiftedBy(values, -lo));
  }
  const sign = signOf(lowering, node.from.join(" + "), sizes, difference, values);
  const pieces = isMaximum
    ? [...piecesOf(b), ...times(difference, sign)]
    : [...piecesOf(a), ...times(difference, sign, -1n)];
  lowering.define(node.output, { sizes, pieces });
}
