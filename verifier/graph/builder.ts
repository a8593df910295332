// SPDX-License-Identifier: GPL-3.0-or-later
// Builds integer graphs: derives each tensor as its node is added, and drops what no output needs.
import type { TensorSpec, TensorType } from "../tensor/spec.ts";
import { operandsOf, rewired } from "./nodes/registry.ts";
import { derive } from "./ranges.ts";
import type { GraphNode, GraphPort, GraphTensor, IntegerGraph, TensorId } from "./types.ts";
import { assertConstantTotal, assertExponent, assertGraph, constantValues, outputRange } from "./validate.ts";

type WithoutOutput<T> = T extends unknown ? Omit<T, "output"> : never;

/** A node as its author writes it: the builder numbers its output. */
export type NodeDraft = WithoutOutput<GraphNode>;

/** A graph under construction. */
export interface GraphBuilder {
  /** Tensors so far, by id. */
  readonly tensors: readonly GraphTensor[];
  /** Nodes so far, in execution order. */
  readonly nodes: readonly GraphNode[];
  /** Adds a public input; its range is the declared one. All inputs come before any node. */
  addInput(name: string, spec: TensorSpec): TensorId;
  /**
   * Adds a node. `exponent` is that of its output; `shape` is read for a reshape only.
   * Errors: GRAPH_MALFORMED, GRAPH_ACCUMULATOR_OVERFLOW.
   */
  addNode(node: NodeDraft, output: { name: string; exponent: number; shape?: readonly number[] }): TensorId;
  /** The finished, validated graph. Errors: those of assertGraph. */
  finish(outputs: readonly { name: string; tensor: TensorId; type: TensorType }[]): IntegerGraph;
}

/** An empty graph under construction. */
export function newGraphBuilder(): GraphBuilder {
  const inputs: GraphPort[] = [];
  const tensors: GraphTensor[] = [];
  const nodes: GraphNode[] = [];
  let constants = 0;
  return {
    tensors,
    nodes,
    addInput(name, spec) {
      const { shape, exponent } = spec;
      inputs.push({ name, tensor: tensors.length, spec });
      return tensors.push({ name, shape, exponent, lo: BigInt(spec.lo), hi: BigInt(spec.hi) }) - 1;
    },
    addNode(draft, { name, exponent, shape = [] }) {
      const node: GraphNode = { ...draft, output: tensors.length };
      assertExponent(name, exponent);
      assertConstantTotal((constants += constantValues(node)));
      const derived = derive(node, tensors, shape);
      nodes.push(node);
      return tensors.push({ name, shape: derived.shape, exponent, lo: derived.lo, hi: derived.hi }) - 1;
    },
    finish(outputs) {
      const ports = outputs.map(({ name, tensor, type }): GraphPort => {
        const of = tensors[tensor] as GraphTensor;
        const spec = { shape: of.shape, type, exponent: of.exponent, ...outputRange(name, of, type) };
        return { name, tensor, spec };
      });
      const graph = prune({ inputs, outputs: ports, tensors, nodes });
      assertGraph(graph);
      return graph;
    },
  };
}

/** Without the nodes that no output depends on; tensors renumbered inputs first, then one a node. */
function prune(graph: IntegerGraph): IntegerGraph {
  const used = new Set(graph.outputs.map((port) => port.tensor));
  for (const node of graph.nodes.toReversed()) {
    if (used.has(node.output)) operandsOf(node).forEach((id) => used.add(id));
  }
  const nodes = graph.nodes.filter((node) => used.has(node.output));
  const kept = [...graph.inputs.map((port) => port.tensor), ...nodes.map((node) => node.output)];
  const renumbered = new Map(kept.map((id, i) => [id, i]));
  const id = (old: TensorId): TensorId => renumbered.get(old) as TensorId;
  return {
    inputs: graph.inputs.map((port) => ({ ...port, tensor: id(port.tensor) })),
    outputs: graph.outputs.map((port) => ({ ...port, tensor: id(port.tensor) })),
    tensors: kept.map((old) => graph.tensors[old] as GraphTensor),
    nodes: nodes.map((node) => rewired(node, id)),
  };
}
