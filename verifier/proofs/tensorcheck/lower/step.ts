// SPDX-License-Identifier: GPL-3.0-or-later
import { max } from "../../../graph/nodes/arithmetic.ts";
import type { StepNode } from "../../../graph/types.ts";
import type { View } from "../layout.ts";
import { affineOf, piecesOf, sumOf, viewExpression, type Affine } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import { bitLength, combination, mapped, shiftedBy, type Recipe } from "./witness.ts";

/** [x >= 0]. */
export function lowerStep({ input, output, from }: StepNode, lowering: Lowering): void {
  const { sizes, affine } = lowering.affine(input);
  lowering.define(output, viewExpression(signOf(lowering, from.join(" + "), sizes, affine, lowering.values(input))));
}

/** A column of [x >= 0]: by a table, or x + 2^m = 2^m · y + w with 0 <= w < 2^m and y of one bit. */
export function signOf(lowering: Lowering, name: string, sizes: readonly number[], x: Affine, values: Recipe): View {
  const { draft, tableBits } = lowering;
  const { lo, hi } = values.range;
  const sign = draft.wit(
    `${name}: sign`,
    sizes,
    mapped(values, { lo: 0n, hi: 1n }, (v) => (v >= 0 ? 1 : 0)),
  );
  const y = affineOf(sign);
  if (bitLength(hi - lo) <= tableBits) {
    const entries = Array.from({ length: Number(hi - lo) + 1 }, (_, i) => (lo + BigInt(i) >= 0n ? 1n : 0n));
    draft.lookup(sizes, draft.tables.function(entries), sumOf([[1n, x]], -lo), y, shiftedBy(values, -lo));
    return sign;
  }
  const bits = bitLength(max(-lo - 1n, hi));
  const power = 1n << BigInt(bits);
  draft.equation(sizes, [{ kind: "product", coefficient: 1n, views: [sign, sign] }, ...piecesOf(y, -1n)]);
  const rest = combination(
    [
      { coefficient: 1n, of: values },
      { coefficient: -power, of: mapped(values, { lo: 0n, hi: 1n }, (v) => (v >= 0 ? 1 : 0)) },
    ],
    power,
  );
  const parts = [
    [1n, x],
    [-power, y],
  ] as const;
  lowering.range(sizes, sumOf(parts, power), bits, { ...rest, range: { lo: 0n, hi: power - 1n } });
  return sign;
}
