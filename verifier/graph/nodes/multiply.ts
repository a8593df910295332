// SPDX-License-Identifier: GPL-3.0-or-later
import { sizeOf } from "../../tensor/spec.ts";
import { elementwiseShape, magnitudeOf, max, productRange } from "./arithmetic.ts";
import type { GraphTensor, NodeBase, NodeDefinition, Operand, TensorId } from "./types.ts";

/** Bilinear: z = a * b, element-wise over equal shapes (or a size-1 operand). Exact. */
export interface MultiplyNode extends NodeBase {
  readonly kind: "bilinear";
  readonly op: "multiply";
  readonly a: TensorId;
  readonly b: TensorId;
}

export const multiply: NodeDefinition<MultiplyNode> = {
  kind: "bilinear",
  op: "multiply",
  fields: { a: "operand", b: "operand" },

  derive(node, operands) {
    const [a, b] = operands as readonly [Operand, Operand];
    const shape = elementwiseShape(node, operands);
    const { lo, hi } = productRange(a, b);
    const magnitude = max(max(magnitudeOf(a), magnitudeOf(b)), magnitudeOf(a) * magnitudeOf(b));
    if (node.a !== node.b) return { shape, lo, hi, magnitude };
    // A square: its least value is at 0, or at the end of the range that is nearer to it.
    const crosses = a.lo < 0n && a.hi > 0n;
    const [low, high] = [a.lo * a.lo, a.hi * a.hi];
    return { shape, lo: crosses ? 0n : low < high ? low : high, hi: max(low, high), magnitude };
  },

  exponent: (_, [a, b]) => (a as GraphTensor).exponent + (b as GraphTensor).exponent,

  evaluate(_, [a, b], { output }) {
    const [as, bs] = [a as Float64Array, b as Float64Array];
    const z = new Float64Array(sizeOf(output.shape));
    const [stepA, stepB] = [as.length === 1 ? 0 : 1, bs.length === 1 ? 0 : 1];
    // + 0: no negative zero
    for (let i = 0; i < z.length; i++) z[i] = (as[i * stepA] as number) * (bs[i * stepB] as number) + 0;
    return z;
  },

  evaluateExact(_, [a, b], { output }) {
    const [as, bs] = [a as BigInt64Array, b as BigInt64Array];
    const z = new BigInt64Array(sizeOf(output.shape));
    for (let i = 0; i < z.length; i++)
      z[i] = (as[as.length === 1 ? 0 : i] as bigint) * (bs[bs.length === 1 ? 0 : i] as bigint);
    return z;
  },
};
