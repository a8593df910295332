// SPDX-License-Identifier: GPL-3.0-or-later
import { max, min } from "../../../graph/nodes/arithmetic.ts";
import { unclampedRange } from "../../../graph/nodes/requantize.ts";
import type { RequantizeNode } from "../../../graph/types.ts";
import { affineOf, asAffine, piecesOf, scaled, sumOf, type Affine, type Expression } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import { combination, digits } from "./witness.ts";

/** Bits of 0..largest. */
export const bitLength = (largest: bigint): number => (largest === 0n ? 0 : largest.toString(2).length);

/**
 * z + half = remainder + 2^shift · (base + v), 0 <= remainder < 2^shift, 0 <= v < 2^t, y = clamp(base + v, lo, hi). Where
 * that never saturates, base + v is y.
 */
export function lowerRequantize(node: RequantizeNode, lowering: Lowering): void {
  const { draft } = lowering;
  const { shift, lo, hi } = node;
  const name = node.from.join(" + ");
  const z = lowering.values(node.input);
  const unclamped = unclampedRange(z.range, shift);
  const saturates = unclamped.lo < lo || unclamped.hi > hi;
  if (shift === 0 && !saturates) return lowering.define(node.output, lowering.expression(node.input));

  const { sizes, expressions } = lowering.common([node.input]);
  const expression = expressions[0] as Expression;
  const affine = asAffine(expression);
  const base = unclamped.lo;
  const bits = bitLength(unclamped.hi - base);
  const scale = 1n << BigInt(shift);
  const half = shift === 0 ? 0n : scale / 2n;
  const shifted = combination([{ coefficient: 1n, of: z }], half - base * scale); // remainder + 2^shift · v
  const [lower, upper] = [digits(shifted, 0, shift), digits(shifted, shift, bits)];

  const y = affineOf(lowering.defineColumn(node.output, sizes));
  const isIndex = shift === 0 && affine !== null;
  const v: Affine = !saturates
    ? sumOf([[1n, y]], -base)
    : isIndex
      ? sumOf([[1n, affine]], -base)
      : affineOf(draft.wit(`${name}: quotient`, sizes, upper));
  if (shift > 0 && affine !== null) {
    const parts = [
      [1n, affine],
      [-scale, v],
    ] as const;
    lowering.range(sizes, sumOf(parts, half - base * scale), shift, lower);
  } else if (!isIndex) {
    const remainder = shift === 0 ? null : affineOf(draft.wit(`${name}: remainder`, sizes, lower));
    const quotient = sumOf([[scale, v]], base * scale - half);
    draft.equation(sizes, [
      ...piecesOf(
        remainder === null
          ? quotient
          : sumOf([
              [1n, remainder],
              [1n, quotient],
            ]),
      ),
      ...scaled(expression.pieces, -1n),
    ]);
    if (remainder !== null) lowering.range(sizes, remainder, shift, lower);
  }
  if (!saturates) return lowering.range(sizes, v, bits, upper);
  const clamped = Array.from({ length: Number(unclamped.hi - base) + 1 }, (_, i) => max(lo, min(hi, base + BigInt(i))));
  draft.lookup(sizes, draft.tables.function(clamped), v, y, upper);
}
