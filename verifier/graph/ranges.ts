// SPDX-License-Identifier: GPL-3.0-or-later
// Shape and range analysis (docs/spec/integer-graph.md, section 3): what a node's output is, derived from its inputs.
import { VerigradError } from "../errors.ts";
import { describe, malformed } from "./nodes/arithmetic.ts";
import { definitionOf, operandsOf, type GraphNode } from "./nodes/registry.ts";
import type { Derived, Operand } from "./nodes/types.ts";

export { magnitudeOf, roundShift, sameShape } from "./nodes/arithmetic.ts";
export { operandsOf } from "./nodes/registry.ts";
export { MAX_SHIFT, unclampedRange } from "./nodes/requantize.ts";
export type { Derived } from "./nodes/types.ts";

/** Accumulators are exact 64-bit integers with a bit to spare: no partial sum, in any order, exceeds this. */
export const MAX_ACCUMULATOR = 2n ** 62n;

/** Most values of one tensor, and of all tensors of a graph: bounds what a hostile graph can make us allocate. */
export const MAX_TENSOR_VALUES = 2 ** 24;
export const MAX_TOTAL_VALUES = 2 ** 26;

/**
 * Shape, proven range and magnitude of a node's output. Errors: GRAPH_MALFORMED where shapes do not fit,
 * GRAPH_ACCUMULATOR_OVERFLOW where a partial sum could exceed 2^62. `outputShape` is read for a reshape only.
 */
export function derive(node: GraphNode, tensors: readonly Operand[], outputShape: readonly number[]): Derived {
  const operands = operandsOf(node).map((id) => {
    const operand = tensors[id];
    if (operand === undefined) throw malformed(node, "reads a tensor not yet written");
    return operand;
  });
  const derived = definitionOf(node).derive(node, operands, outputShape);
  if (derived.magnitude > MAX_ACCUMULATOR) {
    throw new VerigradError(
      "GRAPH_ACCUMULATOR_OVERFLOW",
      `node ${describe(node)}: its accumulator may reach ${derived.magnitude}, above 2^62; use narrower weights or activations`,
      { data: { node: describe(node), magnitude: derived.magnitude.toString() } },
    );
  }
  return derived;
}
