// SPDX-License-Identifier: GPL-3.0-or-later
// About how many cells a proof commits to, node by node, without lowering the graph (docs/spec/tensorcheck.md, section 7).
import type { GraphNode, GraphTensor, IntegerGraph, TensorId } from "../../graph/types.ts";
import { operandsOf } from "../../graph/nodes/registry.ts";
import { sizeOf } from "../../tensor/spec.ts";
import type { ProvingCost } from "../types.ts";
import { tensorcheckRefusals } from "./lower/index.ts";

/** Bits of a usual limb, of those that choose.ts tries. */
const LIMB_BITS = 12;

/** Cells of each node's columns, helps included, tables and pads left out; null where the node cannot be proven. */
export function cellsOf(graph: Pick<IntegerGraph, "inputs" | "tensors" | "nodes" | "outputs">): ProvingCost {
  const { nodes, tensors, outputs } = graph;
  const readers = readersOf(nodes);
  const tensor = (id: TensorId): GraphTensor => tensors[id] as GraphTensor;
  const limbs = (range: bigint): number => Math.max(1, Math.ceil(range.toString(2).length / LIMB_BITS));
  const width = (id: TensorId): bigint => tensor(id).hi - tensor(id).lo;
  /** Whether a node's terms stand in the one equation that reads it. */
  const isExpanded = ({ output }: GraphNode): boolean => {
    const [reader, ...others] = readers.get(output) ?? [];
    const isOutput = outputs.some((port) => port.tensor === output);
    return others.length === 0 && (isOutput ? reader === undefined : reader?.op === "requantize");
  };
  const columnsOf = (node: GraphNode): number => {
    switch (node.op) {
      case "reshape":
        return 0;
      case "fullyConnected":
      case "convolution":
      case "weightedSum":
      case "multiply":
      case "matMul":
        return isExpanded(node) ? 0 : 1;
      // the value; limbs and a help for each
      case "requantize":
        return 1 + 2 * limbs(width(node.input));
      case "step":
        return 2 + 2 * limbs(width(node.input));
      case "table":
      case "isZero":
      case "gather":
        return 2;
      case "maximum":
      case "minimum":
        return 2 + limbs(width(node.a) + width(node.b));
    }
  };
  const cost = (node: GraphNode): number | null =>
    tensorcheckRefusals({ ...graph, nodes: [node] }).length > 0
      ? null
      : columnsOf(node) * sizeOf(tensor(node.output).shape);
  return { unit: "cells", nodes: nodes.map(cost), ports: 0 };
}

function readersOf(nodes: readonly GraphNode[]): ReadonlyMap<TensorId, readonly GraphNode[]> {
  const readers = new Map<TensorId, GraphNode[]>();
  for (const node of nodes) for (const id of operandsOf(node)) readers.set(id, [...(readers.get(id) ?? []), node]);
  return readers;
}
