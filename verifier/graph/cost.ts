// SPDX-License-Identifier: GPL-3.0-or-later
// What a node costs to execute: multiply-accumulates, the unit in which model sizes are told.
import { sizeOf } from "../tensor/spec.ts";
import type { GraphNode, GraphTensor, IntegerGraph } from "./types.ts";

/** Multiply-accumulates of one node; 0 of nodes that only look up or move values. */
export function macsOf(node: GraphNode, tensors: readonly GraphTensor[]): number {
  const outputs = sizeOf((tensors[node.output] as GraphTensor).shape);
  switch (node.op) {
    case "fullyConnected":
      return outputs * (node.weights.shape[1] as number);
    case "convolution":
      return outputs * sizeOf(node.weights.shape.slice(1));
    case "matMul":
      return outputs * ((tensors[node.a] as GraphTensor).shape.at(-1) as number);
    case "weightedSum":
      return outputs * node.inputs.length;
    case "multiply":
      return outputs;
    default:
      return 0;
  }
}

/** Multiply-accumulates of the whole graph. */
export const totalMacs = ({ nodes, tensors }: Pick<IntegerGraph, "nodes" | "tensors">): number =>
  nodes.reduce((sum, node) => sum + macsOf(node, tensors), 0);

/** What looking up or moving one value costs, in multiply-accumulates. */
const VALUE_COST = 8;

/** About what running the graph costs, in multiply-accumulates. */
export const executionCost = (graph: Pick<IntegerGraph, "nodes" | "tensors">): number =>
  totalMacs(graph) + VALUE_COST * graph.tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
