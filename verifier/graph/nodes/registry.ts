// SPDX-License-Identifier: GPL-3.0-or-later
// Every op of the integer graph, and what follows from its definition. Nothing else decides by a node's op.
import { z } from "zod";
import { constantsIn, operandsIn, rewireIn, schemaOf, type Fields } from "./fields.ts";
import { convolution, type ConvolutionNode } from "./convolution.ts";
import { maximum, minimum, type MaximumNode, type MinimumNode } from "./extremum.ts";
import { fullyConnected, type FullyConnectedNode } from "./fullyConnected.ts";
import { gather, type GatherNode } from "./gather.ts";
import { isZero, type IsZeroNode } from "./isZero.ts";
import { matMul, type MatMulNode } from "./matMul.ts";
import { multiply, type MultiplyNode } from "./multiply.ts";
import { requantize, type RequantizeNode } from "./requantize.ts";
import { reshape, type ReshapeNode } from "./reshape.ts";
import { step, type StepNode } from "./step.ts";
import { table, type TableNode } from "./table.ts";
import { weightedSum, type WeightedSumNode } from "./weightedSum.ts";
import type { Constant, NodeDefinition, TensorId } from "./types.ts";

export type GraphNode =
  | FullyConnectedNode
  | ConvolutionNode
  | WeightedSumNode
  | MultiplyNode
  | MatMulNode
  | RequantizeNode
  | TableNode
  | StepNode
  | IsZeroNode
  | MaximumNode
  | MinimumNode
  | ReshapeNode
  | GatherNode;

const DEFINITIONS: { readonly [Op in GraphNode["op"]]: NodeDefinition<Extract<GraphNode, { op: Op }>> } = {
  fullyConnected,
  convolution,
  weightedSum,
  multiply,
  matMul,
  requantize,
  table,
  step,
  isZero,
  maximum,
  minimum,
  reshape,
  gather,
};

/** A definition that takes any node: only ever given nodes of its own op. */
export type AnyDefinition = Omit<NodeDefinition<GraphNode>, "fields"> & { readonly fields: Fields };

/** The definition of a node's op. */
export const definitionOf = ({ op }: GraphNode): AnyDefinition => DEFINITIONS[op];

/** All ops, in the order of docs/spec/integer-graph-nodes.md. */
export const OPS = Object.keys(DEFINITIONS) as readonly GraphNode["op"][];

/** The node's operands, in order. */
export const operandsOf = (node: GraphNode): TensorId[] => operandsIn(definitionOf(node).fields, node);

/** The node's constants, in the order in which weights.bin holds them. */
export const constantsOf = (node: GraphNode): Constant[] => constantsIn(definitionOf(node).fields, node);

/** The same node reading other tensors and writing another. */
export const rewired = (node: GraphNode, id: (old: TensorId) => TensorId): GraphNode => ({
  ...rewireIn(definitionOf(node).fields, node, id),
  output: id(node.output),
});

const schemas = Object.values(DEFINITIONS).map(({ kind, op, fields }) => schemaOf(kind, op, fields));

/** Schema of an entry of `nodes` in graph.json. */
export const zNode = z.discriminatedUnion("op", schemas as [(typeof schemas)[number], ...typeof schemas]);
