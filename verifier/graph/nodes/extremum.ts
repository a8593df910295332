// SPDX-License-Identifier: GPL-3.0-or-later
import { sizeOf } from "../../tensor/spec.ts";
import { elementwiseShape, magnitudeOf, malformed, max, min } from "./arithmetic.ts";
import type { GraphTensor, NodeBase, NodeDefinition, Operand, TensorId } from "./types.ts";

/** Look-up: y = max(a, b) or min(a, b), element-wise over equal shapes (or a size-1 operand). Exact. */
interface ExtremumNode<Op extends "maximum" | "minimum"> extends NodeBase {
  readonly kind: "lookup";
  readonly op: Op;
  readonly a: TensorId;
  readonly b: TensorId;
}

export type MaximumNode = ExtremumNode<"maximum">;
export type MinimumNode = ExtremumNode<"minimum">;

const extremum = <Op extends "maximum" | "minimum">(
  op: Op,
  ofIntegers: (a: bigint, b: bigint) => bigint,
  ofDoubles: (a: number, b: number) => number,
): NodeDefinition<ExtremumNode<Op>> => ({
  kind: "lookup",
  op,
  fields: { a: "operand", b: "operand" },

  derive(node, operands) {
    const [a, b] = operands as readonly [Operand, Operand];
    const shape = elementwiseShape(node, operands);
    // Proof systems compare by the sign of a - b, so that the difference counts.
    return {
      shape,
      lo: ofIntegers(a.lo, b.lo),
      hi: ofIntegers(a.hi, b.hi),
      magnitude: magnitudeOf(a) + magnitudeOf(b),
    };
  },

  exponent(node, [a, b]) {
    const { exponent } = a as GraphTensor;
    if ((b as GraphTensor).exponent !== exponent) throw malformed(node, "operands' exponents differ");
    return exponent;
  },

  evaluate(_, [a, b], { output }) {
    const [as, bs] = [a as Float64Array, b as Float64Array];
    const y = new Float64Array(sizeOf(output.shape));
    const [stepA, stepB] = [as.length === 1 ? 0 : 1, bs.length === 1 ? 0 : 1];
    for (let i = 0; i < y.length; i++) y[i] = ofDoubles(as[i * stepA] as number, bs[i * stepB] as number);
    return y;
  },

  evaluateExact(_, [a, b], { output }) {
    const [as, bs] = [a as BigInt64Array, b as BigInt64Array];
    const y = new BigInt64Array(sizeOf(output.shape));
    for (let i = 0; i < y.length; i++)
      y[i] = ofIntegers(as[as.length === 1 ? 0 : i] as bigint, bs[bs.length === 1 ? 0 : i] as bigint);
    return y;
  },
});

export const maximum = extremum("maximum", max, Math.max);
export const minimum = extremum("minimum", min, Math.min);
