// SPDX-License-Identifier: GPL-3.0-or-later
// How many constraints a graph's circuit has, node by node, without compiling it (docs/spec/groth16.md, section 5).
import { totalMacs } from "../../graph/cost.ts";
import { roundShift } from "../../graph/ranges.ts";
import type {
  ConvolutionNode,
  FullyConnectedNode,
  GraphNode,
  GraphPort,
  GraphTensor,
  IntegerGraph,
  TensorId,
} from "../../graph/types.ts";
import { packingLayout } from "../../tensor/packing.ts";
import { sizeOf } from "../../tensor/spec.ts";
import type { ProvingCost } from "../types.ts";
import { analyseRanges, unpackedBounds, type Intervals } from "./ranges.ts";
import { tableBits } from "./table.ts";

/** Largest graph whose values are looked at one by one, in multiply-accumulates; others by the ranges of their tensors. */
const MAX_EXACT = 2 ** 22;

/** A graph whose outputs may not be known yet. */
export type Costed = Pick<IntegerGraph, "inputs" | "tensors" | "nodes" | "outputs">;

const bitLength = (v: bigint): number => (v <= 0n ? 0 : v.toString(2).length);
const larger = (a: bigint, b: bigint): number => Math.max(bitLength(a), bitLength(b));

/** Constraints of Requantize (requantize.circom), case by case. */
function requantizeCost(node: { shift: number; lo: bigint; hi: bigint }, zlo: bigint, zhi: bigint): number {
  const { shift, lo, hi } = node;
  const [qlo, qhi] = [roundShift(zlo, shift), roundShift(zhi, shift)];
  if (qhi <= lo || qlo >= hi || lo === hi) return 0;
  const atLeast = (s: number, least: bigint): number => s + larger(qhi - lo, lo - 1n - least) + 2;
  const atMost = (s: number, least: bigint): number => s + larger(qhi - hi - 1n, hi - least) + 2;
  if (qlo >= lo && qhi <= hi) return shift === 0 ? 0 : shift + bitLength(qhi - qlo) + 1;
  if (qhi <= hi) return atLeast(shift, qlo);
  if (qlo >= lo) return atMost(shift, qlo);
  const width = hi - lo + 1n;
  if ((width & (width - 1n)) === 0n) return shift + larger(qhi - lo, lo - 1n - qlo) + 4;
  return atLeast(shift, qlo) + atMost(0, lo);
}

/** Constraints of Step (step.circom). */
const stepCost = (lo: bigint, hi: bigint): number =>
  lo >= 0n || hi < 0n ? 0 : Math.max(1, bitLength(hi), bitLength(-1n - lo)) + 1;

/** Whether a row of weights only passes a value on, or none: circom then makes no constraint. */
function isWire({ weights, bias }: FullyConnectedNode | ConvolutionNode, row: number): boolean {
  const length = weights.values.length / (weights.shape[0] as number);
  const used = weights.values.slice(row * length, (row + 1) * length).filter((v) => Number(v) !== 0);
  if (used.length === 0) return true;
  return used.length === 1 && Number(used[0]) === 1 && Number(bias?.values[row] ?? 0) === 0;
}

/** Bits of a port's values, and the words that they are packed into. */
function portCost({ spec }: GraphPort, checked: boolean): number {
  const { bits, words } = packingLayout(spec);
  return words + (checked ? bits * sizeOf(spec.shape) : 0);
}

/**
 * Constraints of each node; those of context, unpacking and packing apart. Equal to
 * what circom makes where the graph is small enough for its values to be looked at one by one, an upper bound elsewhere.
 */
export function constraintsOf(graph: Costed): ProvingCost {
  const { tensors, nodes } = graph;
  const exact = totalMacs(graph) <= MAX_EXACT;
  const intervals = exact ? analyseRanges({ ...graph, outputs: [] }, unpackedBounds) : null;
  const boundsOf = (id: TensorId): Intervals => {
    const { lo, hi } = tensors[id] as GraphTensor;
    return intervals?.[id] ?? { lo: [lo], hi: [hi] };
  };
  /** The sum over `count` values whose bounds are given one by one, or once for all. */
  const sum = (count: number, bounds: Intervals, cost: (lo: bigint, hi: bigint) => number): number => {
    if (bounds.lo.length === 1) return count * cost(bounds.lo[0] as bigint, bounds.hi[0] as bigint);
    return bounds.lo.reduce((total, lo, i) => total + cost(lo, bounds.hi[i] as bigint), 0);
  };
  const costOf = (node: GraphNode): number => {
    const count = sizeOf((tensors[node.output] as GraphTensor).shape);
    switch (node.op) {
      case "fullyConnected":
      case "convolution": {
        const rows = node.weights.shape[0] as number;
        return (
          (count / rows) * Array.from({ length: rows }, (_, row) => row).filter((row) => !isWire(node, row)).length
        );
      }
      case "weightedSum":
        if (node.inputs.length === 0) return 0;
        return node.constant === null && node.inputs.length === 1 && node.multipliers[0] === 1n ? 0 : count;
      case "multiply":
        return count;
      case "matMul":
        return count * ((tensors[node.a] as GraphTensor).shape.at(-1) as number);
      case "requantize":
        return sum(count, boundsOf(node.input), (lo, hi) => requantizeCost(node, lo, hi));
      case "step":
        return sum(count, boundsOf(node.input), stepCost);
      case "isZero":
        return sum(count, boundsOf(node.input), (lo, hi) => (lo > 0n || hi < 0n || (lo === 0n && hi === 0n) ? 0 : 2));
      case "maximum":
      case "minimum": {
        const [a, b] = [boundsOf(node.a), boundsOf(node.b)];
        const at = (list: readonly bigint[], i: number): bigint => list[list.length === 1 ? 0 : i] as bigint;
        const length = Math.max(a.lo.length, b.lo.length);
        const lo = Array.from({ length }, (_, i) => at(a.lo, i) - at(b.hi, i));
        const hi = Array.from({ length }, (_, i) => at(a.hi, i) - at(b.lo, i));
        return sum(count, { lo, hi }, (least, most) => (least < 0n && most > 0n ? stepCost(least, most) + 2 : 0));
      }
      case "gather":
      case "reshape":
        return 0;
      case "table": {
        const bits = tableBits(boundsOf(node.input));
        const high = Math.floor(bits / 2);
        return count * (2 ** (bits - high) + 2 ** (high + 1) - 2);
      }
    }
  };
  const ports = [
    ...graph.inputs.map((port) => portCost(port, true)),
    ...graph.outputs.map((port) => portCost(port, false)),
  ];
  return { unit: "constraints", nodes: nodes.map(costOf), ports: ports.reduce((a, b) => a + b, 1) };
}
