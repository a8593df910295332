// SPDX-License-Identifier: GPL-3.0-or-later
// The executor: the oracle of every proof system and of the auditor's replay (docs/spec/integer-graph.md, section 5).
import { VerigradError } from "../errors.ts";
import { assertValues } from "../tensor/codec.ts";
import { sizeOf } from "../tensor/spec.ts";
import { derive, operandsOf, roundShift } from "./ranges.ts";
import type {
  FullyConnectedNode,
  GraphNode,
  GraphTensor,
  IntegerGraph,
  RequantizeNode,
  WeightedSumNode,
} from "./types.ts";

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
  return graph.outputs.map((port) => Float64Array.from(held[port.tensor] as Float64Array));
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
    return Float64Array.from(values, (v) => v + 0); // + 0: no negative zero
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

/** Doubles are exact while no partial sum can pass 2^53; whatever may pass it is computed in BigInt. */
function evaluate(node: GraphNode, graph: IntegerGraph, tensors: Values[]): Values {
  const output = graph.tensors[node.output] as GraphTensor;
  const operands = operandsOf(node).map((id) => tensors[id] as Values);
  if (node.op === "reshape") return operands[0] as Values;
  if (isSafe(graph, node)) {
    const doubles = operands.map(toDoubles);
    if (node.op === "fullyConnected") return fullyConnected(node, doubles[0] as Float64Array);
    if (node.op === "weightedSum") return weightedSum(node, doubles, sizeOf(output.shape));
    return requantize(node, doubles[0] as Float64Array);
  }
  const exact =
    node.op === "fullyConnected"
      ? fullyConnectedBig(node, operands[0] as Values)
      : node.op === "weightedSum"
        ? weightedSumBig(node, operands, sizeOf(output.shape))
        : requantizeBig(node, operands[0] as Values);
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

const toDoubles = (values: Values): Float64Array =>
  values instanceof Float64Array ? values : Float64Array.from(values, Number);

const big = (values: Values, i: number): bigint => BigInt(values[i] as number | bigint);

function fullyConnected(node: FullyConnectedNode, x: Float64Array): Float64Array {
  const [outs, ins] = node.weights.shape as [number, number];
  const weights = toDoubles(node.weights.values);
  const bias = node.bias === null ? null : toDoubles(node.bias.values);
  const rows = x.length / ins;
  const z = new Float64Array(rows * outs);
  for (let row = 0; row < rows; row++) {
    const from = row * ins;
    for (let o = 0; o < outs; o++) {
      const at = o * ins;
      // Four sums break the dependency between additions; exact, so their order does not matter.
      let a = bias === null ? 0 : (bias[o] as number);
      let b = 0;
      let c = 0;
      let d = 0;
      let j = 0;
      for (; j + 3 < ins; j += 4) {
        a += (weights[at + j] as number) * (x[from + j] as number);
        b += (weights[at + j + 1] as number) * (x[from + j + 1] as number);
        c += (weights[at + j + 2] as number) * (x[from + j + 2] as number);
        d += (weights[at + j + 3] as number) * (x[from + j + 3] as number);
      }
      for (; j < ins; j++) a += (weights[at + j] as number) * (x[from + j] as number);
      z[row * outs + o] = a + b + c + d;
    }
  }
  return z;
}

function fullyConnectedBig(node: FullyConnectedNode, x: Values): BigInt64Array {
  const [outs, ins] = node.weights.shape as [number, number];
  const weights = BigInt64Array.from(node.weights.values as Float64Array, (v: number | bigint) => BigInt(v));
  const xs = BigInt64Array.from(x as Float64Array, (v: number | bigint) => BigInt(v));
  return BigInt64Array.from({ length: (xs.length / ins) * outs }, (_, i) => {
    const o = i % outs;
    const from = ((i - o) / outs) * ins;
    let sum = node.bias === null ? 0n : big(node.bias.values, o);
    for (let j = 0; j < ins; j++) sum += (weights[o * ins + j] as bigint) * (xs[from + j] as bigint);
    return sum;
  });
}

function weightedSum(node: WeightedSumNode, xs: Float64Array[], length: number): Float64Array {
  const z = node.constant === null ? new Float64Array(length) : Float64Array.from(toDoubles(node.constant.values));
  xs.forEach((x, k) => {
    const multiplier = Number(node.multipliers[k]);
    const step = x.length === 1 ? 0 : 1;
    for (let i = 0; i < length; i++) z[i] = (z[i] as number) + multiplier * (x[i * step] as number);
  });
  return z;
}

function weightedSumBig(node: WeightedSumNode, xs: Values[], length: number): BigInt64Array {
  return BigInt64Array.from({ length }, (_, i) =>
    xs.reduce(
      (sum, x, k) => sum + (node.multipliers[k] as bigint) * big(x, x.length === 1 ? 0 : i),
      node.constant === null ? 0n : big(node.constant.values, i),
    ),
  );
}

function requantize(node: RequantizeNode, z: Float64Array): Float64Array {
  const half = node.shift === 0 ? 0 : 2 ** (node.shift - 1);
  const scale = 2 ** -node.shift; // a power of two: the product is exact
  const lo = Number(node.lo);
  const hi = Number(node.hi);
  const y = new Float64Array(z.length);
  for (let i = 0; i < z.length; i++) {
    y[i] = Math.min(hi, Math.max(lo, Math.floor(((z[i] as number) + half) * scale)));
  }
  return y;
}

function requantizeBig(node: RequantizeNode, z: Values): BigInt64Array {
  return BigInt64Array.from({ length: z.length }, (_, i) => {
    const y = roundShift(big(z, i), node.shift);
    return y < node.lo ? node.lo : y > node.hi ? node.hi : y;
  });
}
