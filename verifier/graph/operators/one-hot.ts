// SPDX-License-Identifier: GPL-3.0-or-later
// Indices that depend on the inputs: one-hot rows, from which look-ups by index are sums of products. And OneHot.
import { isFloatType, type FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import type { GraphBuilder } from "../builder.ts";
import { makeConstant } from "../constants.ts";
import { MAX_TENSOR_VALUES } from "../ranges.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import { fromAxesLast, picked } from "./axes.ts";
import { addAligned, type Label } from "./compare-nodes.ts";
import { addIndexMap, assertShape, axisOf, integers } from "./index.ts";
import { reshaped } from "./linear.ts";
import { addSum, labelOf } from "./operands.ts";
import { assertFinite, quantizeExact } from "./quantize.ts";
import { refuse, type Lowering, type NodeView, type Operator } from "./types.ts";

/** One-hot rows that a graph has already, by index tensor and size: look-ups of several tables share them. */
const known = new WeakMap<GraphBuilder, Map<string, TensorId>>();

/** Input i as integers at exponent 0. */
function addIntegers(view: NodeView, lowering: Lowering, i: number): TensorId {
  const { id, tensor } = lowering.input(i);
  if (tensor.exponent > 0) refuse(`input ${i} is at exponent ${tensor.exponent}; accepted: integers`);
  return addAligned(lowering.builder, id, 0, { from: view.node.name, name: tensor.name });
}

/** 1 where the index is a place of `offset` .. offset + size - 1, else 0: [P, size]. */
function addPlaces(lowering: Lowering, column: TensorId, size: number, offset: number, label: Label): TensorId {
  const { builder } = lowering;
  const weights = makeConstant([size, 1], new Float64Array(size).fill(1));
  const bias = makeConstant(
    [size],
    Float64Array.from({ length: size }, (_, v) => -(v + offset)),
  );
  const distance = builder.addNode(
    { kind: "linear", op: "fullyConnected", from: [label.from], input: column, weights, bias },
    { name: label.name, exponent: 0 },
  );
  return builder.addNode(
    { kind: "lookup", op: "isZero", from: [label.from], input: distance },
    { name: label.name, exponent: 0 },
  );
}

/**
 * A row of `size` values for each of the P indices of input i, 1 at the index, 0 elsewhere: [P, size]. Negative
 * indices count from the end; one outside of -size .. size - 1 has a row of zeros.
 */
export function addOneHot(view: NodeView, lowering: Lowering, i: number, size: number): TensorId {
  const { builder } = lowering;
  const { id, tensor } = lowering.input(i);
  const shared = known.get(builder) ?? new Map<string, TensorId>();
  known.set(builder, shared);
  const key = `${id} ${size}`;
  const found = shared.get(key);
  if (found !== undefined) return found;
  const label = labelOf(view);
  const column = reshaped(lowering, addIntegers(view, lowering, i), [sizeOf(tensor.shape), 1], label.from);
  const { lo, hi } = builder.tensors[column] as GraphTensor;
  const parts = [
    ...(hi >= 0n ? [addPlaces(lowering, column, size, 0, label)] : []),
    ...(lo < 0n ? [addPlaces(lowering, column, size, -size, label)] : []),
  ];
  const rows = parts.length === 1 ? (parts[0] as TensorId) : addSum(lowering, parts, [1n, 1n], null, label);
  shared.set(key, rows);
  return rows;
}

/** Refuses indices whose proven range leaves an axis of size n. */
export function assertInside(lowering: Lowering, i: number, n: number): void {
  const { lo, hi, exponent } = lowering.input(i).tensor;
  const unit = 2 ** -exponent;
  const [least, most] = [Number(lo) * unit, Number(hi) * unit];
  if (least < -n || most >= n)
    refuse(
      `indices may be ${least} to ${most} on an axis of size ${n}; accepted: ${-n} to ${n - 1}, proven for every input`,
    );
}

/** Refuses types of indices other than integers, and one-hot rows of more values than a tensor has. */
export function assertIndices(view: NodeView, i: number, size: number): void {
  const { type, shape } = view.type(i);
  if (isFloatType(type) || type === "bool") refuse(`input ${i} is ${type}; accepted: integers`);
  if (sizeOf(shape) * size > MAX_TENSOR_VALUES)
    refuse(`${sizeOf(shape)} indices into ${size} places; accepted: up to 2^24 in all`);
}

interface Encoding {
  readonly depth: number;
  readonly off: number;
  readonly on: number;
  /** Where the new axis stands in the output's shape. */
  readonly axis: number;
  readonly shape: readonly number[];
}

function encodingOf(view: NodeView): Encoding {
  const { shape } = view.type(0);
  const depth = integers(view, "depth", 1) ?? refuse("input depth is missing");
  const values = view.constant(2)?.values ?? refuse("input values depends on the inputs; accepted: a constant");
  if (depth.length !== 1 || !((depth[0] as number) >= 1)) refuse(`input depth [${depth}]; accepted: one count`);
  if (values.length !== 2) refuse(`input values of ${values.length} values; accepted: 2`);
  const axis = axisOf(view.int("axis", -1), shape.length + 1);
  return {
    depth: depth[0] as number,
    off: values[0] as number,
    on: values[1] as number,
    axis,
    shape: shape.toSpliced(axis, 0, depth[0] as number),
  };
}

/** off + (on - off) * one-hot. */
export const OneHot: Operator = {
  infer(view) {
    const { depth, off, on, shape } = encodingOf(view);
    const constant = view.constant(0) !== undefined;
    if (!constant) assertIndices(view, 0, depth);
    assertShape(shape, constant);
    assertFinite([off, on], "input values");
    return [{ type: view.type(2).type, shape }];
  },
  fold(view) {
    const { depth, off, on, axis, shape } = encodingOf(view);
    const { values: indices } = view.constant(0) as FloatTensor;
    const values = new Float64Array(indices.length * depth).fill(off);
    indices.forEach((index, p) => {
      const place = index < 0 ? index + depth : index;
      if (place >= 0 && place < depth) values[p * depth + place] = on;
    });
    const type = view.type(2).type;
    return [{ type, shape, values: picked({ type, shape, values }, fromAxesLast(shape, [axis])) }];
  },
  constants(view) {
    const { off, on } = encodingOf(view);
    return [off, on].every(Number.isInteger) ? [] : [off, on]; // integers are exact as they are
  },
  lower(view, lowering) {
    const { depth, off, on, axis, shape } = encodingOf(view);
    const label = labelOf(view);
    const rows = addOneHot(view, lowering, 0, depth);
    const oneHot = addIndexMap(lowering, rows, fromAxesLast(shape, [axis]), label);
    if (off === 0 && on === 1) return oneHot;
    const { exponent } = [off, on].every(Number.isInteger) ? { exponent: 0 } : lowering.constants();
    const scaled = (v: number): bigint => BigInt(quantizeExact([1], [v], exponent, label.from).values[0] as number);
    const constant = makeConstant(shape, new Array<bigint>(sizeOf(shape)).fill(scaled(off)));
    return lowering.builder.addNode(
      {
        kind: "linear",
        op: "weightedSum",
        from: [label.from],
        inputs: [oneHot],
        multipliers: [scaled(on) - scaled(off)],
        constant,
      },
      { name: label.name, exponent },
    );
  },
};
