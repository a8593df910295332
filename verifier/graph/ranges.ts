// SPDX-License-Identifier: GPL-3.0-or-later
// Shape and range analysis (docs/spec/integer-graph.md, section 3): what a node's output is, derived from its inputs.
import { VerigradError } from "../errors.ts";
import { sizeOf } from "../tensor/spec.ts";
import type { Constant, FullyConnectedNode, GraphNode, GraphTensor, TensorId, WeightedSumNode } from "./types.ts";

/** Accumulators are exact 64-bit integers with a bit to spare: no partial sum, in any order, exceeds this. */
export const MAX_ACCUMULATOR = 2n ** 62n;

/** Largest shift of a requantization: everything above would map every accumulator to 0 or -1. */
export const MAX_SHIFT = 62;

/** Most values of one tensor, and of all tensors of a graph: bounds what a hostile graph can make us allocate. */
export const MAX_TENSOR_VALUES = 2 ** 24;
export const MAX_TOTAL_VALUES = 2 ** 26;

/** What follows from a node and its inputs. `magnitude` bounds every partial sum of its evaluation, in any order. */
export interface Derived {
  readonly shape: readonly number[];
  readonly lo: bigint;
  readonly hi: bigint;
  readonly magnitude: bigint;
}

type Tensors = readonly Pick<GraphTensor, "shape" | "lo" | "hi">[];

const abs = (v: bigint): bigint => (v < 0n ? -v : v);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Largest absolute value of a range. */
export function magnitudeOf(range: { readonly lo: bigint; readonly hi: bigint }): bigint {
  return max(abs(range.lo), abs(range.hi));
}

/** (z + 2^(shift-1)) >> shift, rounding half up, without the clamp. */
export function roundShift(z: bigint, shift: number): bigint {
  return shift === 0 ? z : (z + (1n << BigInt(shift - 1))) >> BigInt(shift);
}

/** Range of a requantization before its clamp: where it lies inside [lo, hi], the node never saturates. */
export function unclampedRange(input: { readonly lo: bigint; readonly hi: bigint }, shift: number) {
  return { lo: roundShift(input.lo, shift), hi: roundShift(input.hi, shift) };
}

/** The node's operands, in order. */
export function operandsOf(node: GraphNode): readonly TensorId[] {
  return node.op === "weightedSum" ? node.inputs : [node.input];
}

/** A malformed node: its shapes or parameters do not fit together. */
function malformed(node: GraphNode, why: string): VerigradError {
  return new VerigradError("GRAPH_MALFORMED", `node ${describe(node)}: ${why}`, {
    data: { node: describe(node), why },
  });
}

const describe = (node: GraphNode): string => `"${node.from.join(" + ")}" (${node.op})`;

/**
 * Shape, proven range and magnitude of a node's output. Errors: GRAPH_MALFORMED where shapes do not fit,
 * GRAPH_ACCUMULATOR_OVERFLOW where a partial sum could exceed 2^62. `outputShape` is read for a reshape only.
 */
export function derive(node: GraphNode, tensors: Tensors, outputShape: readonly number[]): Derived {
  const derived = deriveUnbounded(node, tensors, outputShape);
  if (derived.magnitude > MAX_ACCUMULATOR) {
    throw new VerigradError(
      "GRAPH_ACCUMULATOR_OVERFLOW",
      `node ${describe(node)}: its accumulator may reach ${derived.magnitude}, above 2^62; use narrower weights or activations`,
      { data: { node: describe(node), magnitude: derived.magnitude.toString() } },
    );
  }
  return derived;
}

function deriveUnbounded(node: GraphNode, tensors: Tensors, outputShape: readonly number[]): Derived {
  switch (node.op) {
    case "fullyConnected":
      return deriveFullyConnected(node, tensors);
    case "weightedSum":
      return deriveWeightedSum(node, tensors);
    case "requantize": {
      const input = at(tensors, node.input);
      if (!Number.isInteger(node.shift) || node.shift < 0 || node.shift > MAX_SHIFT) throw malformed(node, "bad shift");
      if (node.lo > node.hi) throw malformed(node, "clamp interval is empty");
      const { lo, hi } = unclampedRange(input, node.shift);
      const clamp = (v: bigint): bigint => max(node.lo, min(node.hi, v));
      const half = node.shift === 0 ? 0n : 1n << BigInt(node.shift - 1);
      return { shape: input.shape, lo: clamp(lo), hi: clamp(hi), magnitude: magnitudeOf(input) + half };
    }
    case "reshape": {
      const input = at(tensors, node.input);
      if (sizeOf(input.shape) !== sizeOf(outputShape)) throw malformed(node, "reshape changes the number of values");
      return { shape: outputShape, lo: input.lo, hi: input.hi, magnitude: magnitudeOf(input) };
    }
  }
}

const at = (tensors: Tensors, id: TensorId): Tensors[number] => tensors[id] as Tensors[number];

function deriveFullyConnected(node: FullyConnectedNode, tensors: Tensors): Derived {
  const input = at(tensors, node.input);
  const [outs, ins] = node.weights.shape;
  if (node.weights.shape.length !== 2 || outs === undefined || ins === undefined)
    throw malformed(node, "weights must have rank 2");
  if (input.shape.at(-1) !== ins)
    throw malformed(node, `weights take ${ins} values, the input has ${input.shape.at(-1)}`);
  if (node.bias !== null && (node.bias.shape.length !== 1 || node.bias.shape[0] !== outs))
    throw malformed(node, "bad bias shape");
  const range = { lo: null as bigint | null, hi: null as bigint | null, magnitude: 0n };
  const largest = magnitudeOf(input);
  for (let o = 0; o < outs; o++) {
    const [positive, negative] = signedSums(node.weights, o * ins, ins);
    const bias = node.bias === null ? 0n : BigInt(node.bias.values[o] as number | bigint);
    const lo = positive * input.lo + negative * input.hi + bias;
    const hi = positive * input.hi + negative * input.lo + bias;
    range.lo = range.lo === null ? lo : min(range.lo, lo);
    range.hi = range.hi === null ? hi : max(range.hi, hi);
    range.magnitude = max(range.magnitude, (positive - negative) * largest + abs(bias));
  }
  return {
    shape: [...input.shape.slice(0, -1), outs],
    lo: range.lo ?? 0n,
    hi: range.hi ?? 0n,
    magnitude: range.magnitude,
  };
}

/** Sum of the positive and sum of the negative constants of a row. */
function signedSums(constant: Constant, start: number, length: number): [bigint, bigint] {
  // Doubles are exact here: 2^21 values below 2^31 each.
  if (constant.values instanceof Float64Array && length <= 2 ** 21) {
    let positive = 0;
    let negative = 0;
    for (let i = start; i < start + length; i++) {
      const value = constant.values[i] as number;
      if (value > 0) positive += value;
      else negative += value;
    }
    return [BigInt(positive), BigInt(negative)];
  }
  let positive = 0n;
  let negative = 0n;
  for (let i = start; i < start + length; i++) {
    const value = BigInt(constant.values[i] as number | bigint);
    if (value > 0n) positive += value;
    else negative += value;
  }
  return [positive, negative];
}

function deriveWeightedSum(node: WeightedSumNode, tensors: Tensors): Derived {
  if (node.inputs.length < 1 || node.inputs.length !== node.multipliers.length)
    throw malformed(node, "one multiplier an input");
  const inputs = node.inputs.map((id) => at(tensors, id));
  const first = node.constant ?? inputs.find((t) => sizeOf(t.shape) !== 1) ?? inputs[0];
  if (first === undefined) throw malformed(node, "no operands");
  const { shape } = first;
  let lo = 0n;
  let hi = 0n;
  let magnitude = 0n;
  inputs.forEach((input, k) => {
    if (sizeOf(input.shape) !== 1 && !sameShape(input.shape, shape)) throw malformed(node, "operands' shapes differ");
    const multiplier = node.multipliers[k] as bigint;
    lo += multiplier * (multiplier < 0n ? input.hi : input.lo);
    hi += multiplier * (multiplier < 0n ? input.lo : input.hi);
    magnitude += abs(multiplier) * magnitudeOf(input);
  });
  if (node.constant !== null) {
    let least = BigInt(node.constant.values[0] as number | bigint);
    let most = least;
    for (const value of node.constant.values) {
      if (value < least) least = BigInt(value);
      else if (value > most) most = BigInt(value);
    }
    lo += least;
    hi += most;
    magnitude += max(abs(least), abs(most));
  }
  return { shape, lo, hi, magnitude };
}

/** Equality of shapes. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
