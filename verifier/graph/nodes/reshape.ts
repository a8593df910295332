// SPDX-License-Identifier: GPL-3.0-or-later
import { sizeOf } from "../../tensor/spec.ts";
import { magnitudeOf, malformed } from "./arithmetic.ts";
import type { GraphTensor, NodeBase, NodeDefinition, Operand, TensorId } from "./types.ts";

/** Index map: the same values under another shape. */
export interface ReshapeNode extends NodeBase {
  readonly kind: "index";
  readonly op: "reshape";
  readonly input: TensorId;
}

export const reshape: NodeDefinition<ReshapeNode> = {
  kind: "index",
  op: "reshape",
  fields: { input: "operand" },

  derive(node, [x], outputShape) {
    const { shape, lo, hi } = x as Operand;
    if (sizeOf(shape) !== sizeOf(outputShape)) throw malformed(node, "reshape changes the number of values");
    return { shape: outputShape, lo, hi, magnitude: magnitudeOf({ lo, hi }) };
  },

  exponent: (_, [x]) => (x as GraphTensor).exponent,
  evaluate: (_, [x]) => x as Float64Array,
  evaluateExact: (_, [x]) => x as BigInt64Array,
};
