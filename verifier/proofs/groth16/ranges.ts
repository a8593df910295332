// SPDX-License-Identifier: GPL-3.0-or-later
// Range analysis of the circuit: an interval for each VALUE of each tensor (docs/spec/groth16.md, section 4). It is
// independent of the ranges that the graph declares, so that no mistake of the compiler can make a circuit unsound.
import { packingLayout } from "../../tensor/packing.ts";
import { sizeOf, type TensorSpec } from "../../tensor/spec.ts";
import { VerigradError } from "../../errors.ts";
import { roundShift } from "../../graph/ranges.ts";
import type { Constant, GraphNode, GraphTensor, IntegerGraph, TensorId } from "../../graph/types.ts";

/** Ops that have a circuit. */
export const CIRCUIT_OPS: ReadonlySet<GraphNode["op"]> = new Set([
  "fullyConnected",
  "weightedSum",
  "requantize",
  "reshape",
]);

/** A node without a circuit, met where circuitRefusals should have refused it. */
export const unsupportedOp = ({ op }: GraphNode): VerigradError =>
  new VerigradError("GROTH16_UNSUPPORTED", `groth16 has no circuit for ${op}`, { data: { op } });

/** Closed intervals [lo[i], hi[i]] of a tensor's values, row-major. */
export interface Intervals {
  readonly lo: readonly bigint[];
  readonly hi: readonly bigint[];
}

/** Least and greatest value that an input may take. */
export type InputBounds = (spec: TensorSpec) => readonly [bigint, bigint];

/** The range that the spec declares: what the chain has checked. */
export const declaredBounds: InputBounds = (spec) => [BigInt(spec.lo), BigInt(spec.hi)];

/** The range that unpacking admits: every pattern of b bits, whether or not the spec declares it. */
export const unpackedBounds: InputBounds = (spec) => [
  BigInt(spec.lo),
  BigInt(spec.lo) + (1n << BigInt(packingLayout(spec).bits)) - 1n,
];

const constantAt = (constant: Constant | null, i: number): bigint =>
  constant === null ? 0n : BigInt(constant.values[i] as number | bigint);

const clamp = (value: bigint, lo: bigint, hi: bigint): bigint => (value < lo ? lo : value > hi ? hi : value);

/** Intervals of every tensor, by id. Errors: GRAPH_MALFORMED where a node reads a tensor that nothing has written. */
export function analyseRanges(graph: IntegerGraph, bounds: InputBounds): Intervals[] {
  const known: Intervals[] = [];
  const read = (id: TensorId): Intervals => {
    const intervals = known[id];
    if (intervals === undefined)
      throw new VerigradError("GRAPH_MALFORMED", `tensor ${id} is read before it is written`);
    return intervals;
  };
  for (const port of graph.inputs) {
    const size = sizeOf(port.spec.shape);
    const [lo, hi] = bounds(port.spec);
    known[port.tensor] = { lo: new Array<bigint>(size).fill(lo), hi: new Array<bigint>(size).fill(hi) };
  }
  for (const node of graph.nodes) {
    known[node.output] = nodeIntervals(node, read, sizeOf((graph.tensors[node.output] as GraphTensor).shape));
  }
  for (const port of graph.outputs) read(port.tensor);
  return known;
}

function nodeIntervals(node: GraphNode, read: (id: TensorId) => Intervals, size: number): Intervals {
  const lo: bigint[] = [];
  const hi: bigint[] = [];
  /** Appends the interval of sum_k factors(k) * operand(k) + constant. */
  const pushSum = (terms: Iterable<readonly [bigint, Intervals, number]>, constant: bigint): void => {
    let least = constant;
    let most = constant;
    for (const [factor, operand, i] of terms) {
      const a = factor * (operand.lo[i] as bigint);
      const b = factor * (operand.hi[i] as bigint);
      least += a < b ? a : b;
      most += a < b ? b : a;
    }
    lo.push(least);
    hi.push(most);
  };
  switch (node.op) {
    case "fullyConnected": {
      const x = read(node.input);
      const inputs = node.weights.shape[1] as number;
      const outputs = node.weights.shape[0] as number;
      for (let i = 0; i < size; i++) {
        const o = i % outputs;
        const first = ((i - o) / outputs) * inputs;
        const terms = Array.from(
          { length: inputs },
          (_, j) => [constantAt(node.weights, o * inputs + j), x, first + j] as const,
        );
        pushSum(terms, constantAt(node.bias, o));
      }
      return { lo, hi };
    }
    case "weightedSum": {
      const operands = node.inputs.map(read);
      for (let i = 0; i < size; i++) {
        const terms = operands.map((x, k) => [node.multipliers[k] as bigint, x, x.lo.length === 1 ? 0 : i] as const);
        pushSum(terms, constantAt(node.constant, i));
      }
      return { lo, hi };
    }
    case "requantize": {
      const z = read(node.input);
      const bound = (v: bigint): bigint => clamp(roundShift(v, node.shift), node.lo, node.hi);
      return { lo: z.lo.map(bound), hi: z.hi.map(bound) };
    }
    case "reshape":
      return read(node.input);
    default:
      throw unsupportedOp(node);
  }
}
