// SPDX-License-Identifier: GPL-3.0-or-later
import { constantRange } from "../../../graph/nodes/arithmetic.ts";
import type { WeightedSumNode } from "../../../graph/types.ts";
import { sizeOf } from "../../../tensor/spec.ts";
import { canonical } from "../layout.ts";
import { scaled, type Expression, type Piece } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";

/** Σ multiplier · operand + constant. */
export function lowerWeightedSum(
  { inputs, multipliers, constant, output, from }: WeightedSumNode,
  lowering: Lowering,
): void {
  const { shape } = lowering.tensor(output);
  const { sizes: common, expressions } = lowering.common(inputs);
  const sizes = sizeOf(common) === sizeOf(shape) ? common : canonical(shape);
  const pieces: Piece[] = expressions.flatMap((expression: Expression, k) =>
    scaled(expression.pieces, multipliers[k] as bigint),
  );
  if (constant !== null) {
    const { lo, hi } = constantRange(constant);
    const views = lo === hi ? [] : [lowering.draft.pre(`${from.join(" + ")}: constant`, constant.values, sizes)];
    pieces.push({ kind: "product", coefficient: lo === hi ? lo : 1n, views });
  }
  lowering.define(output, { sizes, pieces: pieces.filter(({ coefficient }) => coefficient !== 0n) });
}
