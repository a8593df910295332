// SPDX-License-Identifier: GPL-3.0-or-later
// The executor: the oracle of every proof system and of the auditor's replay (docs/spec/integer-graph.md, section 5).
import { VerigradError } from "../errors.ts";
import { assertValues } from "../tensor/codec.ts";
import { toDoubles, toIntegers } from "./nodes/arithmetic.ts";
import { definitionOf, operandsOf } from "./nodes/registry.ts";
import { derive } from "./ranges.ts";
import type { GraphNode, GraphTensor, IntegerGraph } from "./types.ts";

/** Integers of one tensor: doubles where the proven range is inside ±(2^53 - 1), else 64-bit integers. */
export type Values = Float64Array | BigInt64Array;

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Runs the graph on integer inputs (one array an input port, row-major) and returns its public outputs in port order.
 * Errors: TENSOR_SHAPE and TENSOR_RANGE for an input that its spec does not allow; GRAPH_RANGE_VIOLATED (ESCALATE)
 * if a value left its proven range, which would be a bug.
 */
export function execute(graph: IntegerGraph, inputs: readonly ArrayLike<number>[]): Float64Array[] {
  const lastUse = new Map<number, number>();
  graph.nodes.forEach((node, i) => operandsOf(node).forEach((id) => lastUse.set(id, i)));
  for (const port of graph.outputs) lastUse.set(port.tensor, Infinity);
  const held = run(graph, inputs, (i, tensors) => {
    for (const id of operandsOf(graph.nodes[i] as GraphNode)) if (lastUse.get(id) === i) tensors[id] = undefined;
  });
  // A public type fits 32 bits, so an output is never held as 64-bit integers.
  return graph.outputs.map((port) => (held[port.tensor] as Float64Array).slice());
}

/** As execute, but returns every tensor by id: what circuits and audits compare against. Same errors. */
export function executeTrace(graph: IntegerGraph, inputs: readonly ArrayLike<number>[]): Values[] {
  return run(graph, inputs, () => {}) as Values[];
}

type Held = (Values | undefined)[];

function run(
  graph: IntegerGraph,
  inputs: readonly ArrayLike<number>[],
  afterNode: (i: number, tensors: Held) => void,
): Held {
  if (inputs.length !== graph.inputs.length) {
    throw new VerigradError("TENSOR_SHAPE", `expected ${graph.inputs.length} input tensors, got ${inputs.length}`, {
      data: { expected: graph.inputs.length, actual: inputs.length },
    });
  }
  const tensors: Held = graph.inputs.map((port, i) => {
    const values = inputs[i] as ArrayLike<number>;
    assertValues(port.spec, values);
    const held = new Float64Array(values.length);
    for (let v = 0; v < held.length; v++) held[v] = (values[v] as number) + 0; // + 0: no negative zero
    return held;
  });
  graph.nodes.forEach((node, i) => {
    const output = graph.tensors[node.output] as GraphTensor;
    const values = evaluate(node, graph, tensors as Values[]);
    assertRange(node, output, values);
    tensors[node.output] = values;
    afterNode(i, tensors);
  });
  return tensors;
}

/** SAFETY: proofs rest on the proven ranges; a value outside means that range analysis or executor is wrong. */
function assertRange(node: GraphNode, tensor: GraphTensor, values: Values): void {
  const inside =
    values instanceof Float64Array
      ? allInside(values, Number(tensor.lo), Number(tensor.hi))
      : values.every((v) => v >= tensor.lo && v <= tensor.hi);
  if (inside) return;
  throw new VerigradError(
    "GRAPH_RANGE_VIOLATED",
    `node "${node.from.join(" + ")}": a value left the proven range [${tensor.lo}, ${tensor.hi}]`,
    { consequence: "ESCALATE", data: { node: node.from, tensor: tensor.name } },
  );
}

function allInside(values: Float64Array, lo: number, hi: number): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!(value >= lo && value <= hi)) return false;
  }
  return true;
}

/** Doubles are exact while no partial sum can pass 2^53; whatever may pass it is computed in 64-bit integers. */
function evaluate(node: GraphNode, graph: IntegerGraph, tensors: Values[]): Values {
  const ids = operandsOf(node);
  const output = graph.tensors[node.output] as GraphTensor;
  const around = { operands: ids.map((id) => graph.tensors[id] as GraphTensor), output };
  const operands = ids.map((id) => tensors[id] as Values);
  const definition = definitionOf(node);
  if (isSafe(graph, node)) return definition.evaluate(node, operands.map(toDoubles), around);
  const exact = definition.evaluateExact(node, operands.map(toIntegers), around);
  return output.lo >= -SAFE && output.hi <= SAFE ? toDoubles(exact) : exact;
}

const safeNodes = new WeakMap<IntegerGraph, Map<GraphNode, boolean>>();

/** Whether doubles compute the node exactly; range analysis costs as much as the node itself, so once a graph. */
function isSafe(graph: IntegerGraph, node: GraphNode): boolean {
  const known = safeNodes.get(graph) ?? new Map<GraphNode, boolean>();
  safeNodes.set(graph, known);
  const safe =
    known.get(node) ?? derive(node, graph.tensors, (graph.tensors[node.output] as GraphTensor).shape).magnitude <= SAFE;
  known.set(node, safe);
  return safe;
}
