// SPDX-License-Identifier: GPL-3.0-or-later
// Tensors, constants and what every node has.

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

/** Integer constants (weights, biases): row-major, stored in weights.bin at `width` bytes each. */
export interface Constant {
  readonly shape: readonly number[];
  readonly width: 1 | 2 | 4 | 8;
  /** Safe integers as a Float64Array; BigInt64Array where a value may exceed 2^53. */
  readonly values: Float64Array | BigInt64Array;
}

/** What every node has. */
export interface NodeBase {
  readonly kind: "linear" | "bilinear" | "lookup" | "index";
  readonly op: string;
  /** Names of the ONNX nodes that this node came from, for errors and reports. */
  readonly from: readonly string[];
  readonly output: TensorId;
}
