// SPDX-License-Identifier: GPL-3.0-or-later
// The integer graph: the one meaning of "the model's output" (docs/spec/integer-graph.md).
import type { TensorSpec } from "../tensor/spec.ts";
import type { GraphNode } from "./nodes/registry.ts";
import type { GraphTensor, TensorId } from "./nodes/types.ts";

export type { GraphNode } from "./nodes/registry.ts";
export type { ConvolutionNode } from "./nodes/convolution.ts";
export type { MaximumNode, MinimumNode } from "./nodes/extremum.ts";
export type { FullyConnectedNode } from "./nodes/fullyConnected.ts";
export type { GatherNode } from "./nodes/gather.ts";
export type { IsZeroNode } from "./nodes/isZero.ts";
export type { MatMulNode } from "./nodes/matMul.ts";
export type { MultiplyNode } from "./nodes/multiply.ts";
export type { RequantizeNode } from "./nodes/requantize.ts";
export type { ReshapeNode } from "./nodes/reshape.ts";
export type { StepNode } from "./nodes/step.ts";
export type { TableNode } from "./nodes/table.ts";
export type { WeightedSumNode } from "./nodes/weightedSum.ts";
export type { Constant, GraphTensor, TensorId } from "./nodes/types.ts";

/** A public input or output: which tensor, and how it is encoded. */
export interface GraphPort {
  readonly name: string;
  readonly tensor: TensorId;
  readonly spec: TensorSpec;
}

/** Nodes stand in execution order; each tensor is written once, or is an input. */
export interface IntegerGraph {
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
  readonly tensors: readonly GraphTensor[];
  readonly nodes: readonly GraphNode[];
}
