// SPDX-License-Identifier: GPL-3.0-or-later
// Largest and smallest of activations, from which Max, Min, pools and reductions are lowered: exact, no parameters.
import { sizeOf } from "../../tensor/spec.ts";
import type { GraphBuilder } from "../builder.ts";
import { makeConstant } from "../constants.ts";
import type { GraphTensor, TensorId } from "../types.ts";

/** What nodes are named after: the ONNX node that they come from, and the value that they compute. */
export interface Label {
  readonly from: string;
  readonly name: string;
}

const tensorOf = ({ tensors }: GraphBuilder, id: TensorId): GraphTensor => tensors[id] as GraphTensor;

/** The same values at a finer exponent; the tensor itself where it has it. Errors: GRAPH_ACCUMULATOR_OVERFLOW. */
export function addAligned(builder: GraphBuilder, input: TensorId, exponent: number, { from }: Label): TensorId {
  const tensor = tensorOf(builder, input);
  if (tensor.exponent === exponent) return input;
  const multipliers = [1n << BigInt(exponent - tensor.exponent)];
  return builder.addNode(
    { kind: "linear", op: "weightedSum", from: [from], inputs: [input], multipliers, constant: null },
    { name: tensor.name, exponent },
  );
}

function addExtremum(builder: GraphBuilder, op: Extremum, a: TensorId, b: TensorId, label: Label): TensorId {
  const exponent = Math.max(tensorOf(builder, a).exponent, tensorOf(builder, b).exponent);
  const [finer, other] = [addAligned(builder, a, exponent, label), addAligned(builder, b, exponent, label)];
  return builder.addNode(
    { kind: "lookup", op, from: [label.from], a: finer, b: other },
    { name: label.name, exponent },
  );
}

/** Which end of a set of values. */
export type Extremum = "maximum" | "minimum";

/**
 * max(a, b), element-wise over equal shapes or with a single value; the result has the finer of their exponents.
 * Errors: GRAPH_MALFORMED, GRAPH_ACCUMULATOR_OVERFLOW.
 */
export const addMaximum = (builder: GraphBuilder, a: TensorId, b: TensorId, label: Label): TensorId =>
  addExtremum(builder, "maximum", a, b, label);

/** min(a, b), as addMaximum. */
export const addMinimum = (builder: GraphBuilder, a: TensorId, b: TensorId, label: Label): TensorId =>
  addExtremum(builder, "minimum", a, b, label);

/**
 * The largest or smallest over the first axis of [n, ..rest], under the shape [..rest] ([1] if that is empty): halves
 * are compared, and halves of the result, so that n values take n - 1 comparisons in about 3 log2 n nodes.
 */
export function addReduction(builder: GraphBuilder, op: Extremum, input: TensorId, label: Label): TensorId {
  const { shape, exponent } = tensorOf(builder, input);
  const [rows, ...rest] = shape as [number, ...number[]];
  const inner = sizeOf(rest);
  /** Some rows of operands that lie one after the other. */
  const pick = (inputs: readonly TensorId[], count: number, row: (i: number) => number): TensorId => {
    const at = (_: unknown, i: number): number => row(Math.floor(i / inner)) * inner + (i % inner);
    const indices = makeConstant([count, ...rest], Float64Array.from({ length: count * inner }, at));
    const node = { kind: "index", op: "gather", from: [label.from], inputs, indices, fill: 0n } as const;
    return builder.addNode(node, { name: label.name, exponent });
  };
  let level = input;
  for (let n = rows; n > 1; n = Math.ceil(n / 2)) {
    const half = Math.floor(n / 2);
    const [a, b] = [0, half].map((first) => pick([level], half, (i) => first + i)) as [TensorId, TensorId];
    const best = addExtremum(builder, op, a, b, label);
    // An odd last row waits for the next round.
    level = n % 2 === 0 ? best : pick([best, level], half + 1, (i) => (i < half ? i : half + n - 1));
  }
  const output = { name: label.name, exponent, shape: rest.length === 0 ? [1] : rest };
  return builder.addNode({ kind: "index", op: "reshape", from: [label.from], input: level }, output);
}
