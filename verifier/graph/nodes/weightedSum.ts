// SPDX-License-Identifier: GPL-3.0-or-later
import { sizeOf } from "../../tensor/spec.ts";
import { abs, constantAt, constantRange, elementwiseShape, magnitudeOf, malformed, toDoubles } from "./arithmetic.ts";
import type { Constant, NodeBase, NodeDefinition, TensorId } from "./types.ts";

/**
 * Linear: z = sum_k multipliers[k] * inputs[k] + constant, element-wise over equal shapes (or a size-1 operand). Exact.
 * Without inputs it is a constant tensor.
 */
export interface WeightedSumNode extends NodeBase {
  readonly kind: "linear";
  readonly op: "weightedSum";
  readonly inputs: readonly TensorId[];
  readonly multipliers: readonly bigint[];
  readonly constant: Constant | null; // of the output's shape, or null
}

export const weightedSum: NodeDefinition<WeightedSumNode> = {
  kind: "linear",
  op: "weightedSum",
  fields: { inputs: "operands", multipliers: "bigints", constant: "optionalConstant" },

  derive(node, operands) {
    const { multipliers, constant } = node;
    if (operands.length !== multipliers.length) throw malformed(node, "one multiplier an input");
    if (operands.length === 0 && constant === null) throw malformed(node, "a sum of nothing");
    const shape = elementwiseShape(node, operands, constant?.shape);
    let lo = 0n;
    let hi = 0n;
    let magnitude = 0n;
    operands.forEach((x, k) => {
      const multiplier = multipliers[k] as bigint;
      // Times an operand that is always 0 it adds no magnitude, but nobody could read the graph back.
      if (abs(multiplier) > 2n ** 62n) throw malformed(node, "a multiplier above 2^62");
      lo += multiplier * (multiplier < 0n ? x.hi : x.lo);
      hi += multiplier * (multiplier < 0n ? x.lo : x.hi);
      magnitude += abs(multiplier) * magnitudeOf(x);
    });
    if (constant === null) return { shape, lo, hi, magnitude };
    const addend = constantRange(constant);
    return { shape, lo: lo + addend.lo, hi: hi + addend.hi, magnitude: magnitude + magnitudeOf(addend) };
  },

  exponent: () => null,

  evaluate({ multipliers, constant }, operands, { output }) {
    const z =
      constant === null ? new Float64Array(sizeOf(output.shape)) : Float64Array.from(toDoubles(constant.values));
    operands.forEach((x, k) => {
      const multiplier = Number(multipliers[k]);
      const step = x.length === 1 ? 0 : 1;
      for (let i = 0; i < z.length; i++) z[i] = (z[i] as number) + multiplier * (x[i * step] as number);
    });
    return z;
  },

  evaluateExact({ multipliers, constant }, operands, { output }) {
    const z = new BigInt64Array(sizeOf(output.shape));
    for (let i = 0; i < z.length; i++) {
      z[i] = operands.reduce(
        (sum, x, k) => sum + (multipliers[k] as bigint) * (x[x.length === 1 ? 0 : i] as bigint),
        constantAt(constant, i),
      );
    }
    return z;
  },
};
