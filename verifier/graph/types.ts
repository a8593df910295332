// SPDX-License-Identifier: GPL-3.0-or-later
// The integer graph: the one meaning of "the model's output" (docs/spec/integer-graph.md).
import type { TensorSpec } from "../tensor/spec.ts";

/** Index of a tensor in IntegerGraph.tensors. */
export type TensorId = number;

/** A tensor of the graph: value = q * 2^-exponent, and a proven range that holds for every declared input. */
export interface GraphTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly exponent: number;
  readonly lo: bigint;
  readonly hi: bigint;
}

/** A public input or output: which tensor, and how it is encoded. */
export interface GraphPort {
  readonly name: string;
  readonly tensor: TensorId;
  readonly spec: TensorSpec;
}

/** Integer constants (weights, biases): row-major, stored in weights.bin at `width` bytes each. */
export interface Constant {
  readonly shape: readonly number[];
  readonly width: 1 | 2 | 4 | 8;
  /** Safe integers as a Float64Array; BigInt64Array where a value may exceed 2^53. */
  readonly values: Float64Array | BigInt64Array;
}

interface NodeBase {
  /** Names of the ONNX nodes that this node came from, for errors and reports. */
  readonly from: readonly string[];
  readonly output: TensorId;
}

/** Linear: z[.., o] = sum_j weights[o, j] * x[.., j] + bias[o], over the last dimension of x. Exact. */
export interface FullyConnectedNode extends NodeBase {
  readonly kind: "linear";
  readonly op: "fullyConnected";
  readonly input: TensorId;
  readonly weights: Constant; // [out, in]
  readonly bias: Constant | null; // [out], at the accumulator's exponent
}

/** Linear: z = sum_k multipliers[k] * inputs[k] + constant, element-wise over equal shapes (or a size-1 operand). Exact. */
export interface WeightedSumNode extends NodeBase {
  readonly kind: "linear";
  readonly op: "weightedSum";
  readonly inputs: readonly TensorId[];
  readonly multipliers: readonly bigint[];
  readonly constant: Constant | null; // of the output's shape, or null
}

/** Look-up: y = clamp((z + 2^(shift-1)) >> shift, lo, hi); ReLU is lo = 0. shift = 0 has no rounding term. */
export interface RequantizeNode extends NodeBase {
  readonly kind: "lookup";
  readonly op: "requantize";
  readonly input: TensorId;
  readonly shift: number;
  readonly lo: bigint;
  readonly hi: bigint;
}

/** Index map: the same values under another shape. */
export interface ReshapeNode extends NodeBase {
  readonly kind: "index";
  readonly op: "reshape";
  readonly input: TensorId;
}

export type GraphNode = FullyConnectedNode | WeightedSumNode | RequantizeNode | ReshapeNode;

/** Nodes stand in execution order; each tensor is written once, or is an input. */
export interface IntegerGraph {
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
  readonly tensors: readonly GraphTensor[];
  readonly nodes: readonly GraphNode[];
}
