// SPDX-License-Identifier: GPL-3.0-or-later
// What one op is to the integer graph: an entry of the registry decides everything about it.
import type { GraphTensor, NodeBase } from "./base.ts";
import type { FieldsOf } from "./fields.ts";

export type { Constant, GraphTensor, NodeBase, TensorId } from "./base.ts";

/** What shape and range analysis reads of an operand. */
export type Operand = Pick<GraphTensor, "shape" | "lo" | "hi">;

/** What follows from a node and its operands. */
export interface Derived {
  readonly shape: readonly number[];
  readonly lo: bigint;
  readonly hi: bigint;
  /** Bounds every operand that counts, every partial sum in any order, and the result. */
  readonly magnitude: bigint;
}

/** The tensors around a node that is evaluated. */
export interface Evaluation {
  readonly operands: readonly GraphTensor[];
  readonly output: GraphTensor;
}

/** One op of the integer graph. N is the type of its nodes. */
export interface NodeDefinition<N extends NodeBase> {
  readonly kind: N["kind"];
  readonly op: N["op"];
  /** What the node holds, in order: its operands in theirs, its constants as weights.bin holds them. */
  readonly fields: FieldsOf<N>;
  /**
   * Shape, proven range and magnitude of the output. `outputShape` is read only where it does not follow. Errors:
   * GRAPH_MALFORMED where shapes or parameters do not fit together.
   */
  derive(node: N, operands: readonly Operand[], outputShape: readonly number[]): Derived;
  /** The output's exponent, or null where the node's constants decide it. Errors: GRAPH_MALFORMED. */
  exponent(node: N, operands: readonly GraphTensor[]): number | null;
  /** The output in doubles; called when `magnitude` is at most 2^53 - 1, so that they are exact. No negative zero. */
  evaluate(node: N, operands: readonly Float64Array[], tensors: Evaluation): Float64Array;
  /** The output in 64-bit integers; `magnitude` is at most 2^62. */
  evaluateExact(node: N, operands: readonly BigInt64Array[], tensors: Evaluation): BigInt64Array;
}
