// SPDX-License-Identifier: GPL-3.0-or-later
// Not, And, Or and Xor of booleans, which are the integers 0 and 1: sums and products.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import type { Label } from "./compare-nodes.ts";
import { assertShape } from "./index.ts";
import { reshaped } from "./linear.ts";
import { addOperand, addProduct, addSum, broadcastOf, broadcastValues, labelOf } from "./operands.ts";
import { refuse, type Lowering, type NodeView, type Operator } from "./types.ts";

function assertBoolean(view: NodeView, inputs: readonly number[]): void {
  for (const i of inputs)
    if (view.type(i).type !== "bool") refuse(`input ${i} is ${view.type(i).type}; accepted: bool`);
}

/** 1 - x. */
export function addComplement(lowering: Lowering, x: TensorId, label: Label): TensorId {
  const { shape } = lowering.builder.tensors[x] as GraphTensor;
  const ones = makeConstant(shape, new Float64Array(sizeOf(shape)).fill(1));
  return addSum(lowering, [x], [-1n], ones, label);
}

export const Not: Operator = {
  infer(view) {
    assertBoolean(view, [0]);
    return [view.type(0)];
  },
  fold(view) {
    const x = view.constant(0) as FloatTensor;
    return [{ ...x, values: x.values.map((v) => 1 - v) }];
  },
  lower: (view, lowering) => addComplement(lowering, lowering.input(0).id, labelOf(view)),
};

const bothInputs = [0, 1];

/** A connective of two booleans; `add` lowers it such that the proven range stays inside 0 and 1. */
const connective = (
  holds: (a: number, b: number) => number,
  add: (lowering: Lowering, a: TensorId, b: TensorId, label: Label) => TensorId,
): Operator => ({
  infer(view) {
    assertBoolean(view, bothInputs);
    const shape = broadcastOf(view, bothInputs);
    assertShape(
      shape,
      bothInputs.every((i) => view.constant(i) !== undefined),
    );
    return [{ type: "bool", shape }];
  },
  fold(view) {
    const shape = broadcastOf(view, bothInputs);
    const [a, b] = bothInputs.map((i) => broadcastValues(view.constant(i) as FloatTensor, shape)) as [
      Float64Array,
      Float64Array,
    ];
    const values = new Float64Array(a.length);
    for (let i = 0; i < values.length; i++) values[i] = holds(a[i] as number, b[i] as number);
    return [{ type: "bool", shape, values }];
  },
  lower(view, lowering) {
    const label = labelOf(view);
    const shape = broadcastOf(view, bothInputs);
    const [a, b] = bothInputs.map((i) => addOperand(view, lowering, i, shape, 0)) as [TensorId, TensorId];
    return reshaped(lowering, add(lowering, a, b, label), shape, label.from);
  },
});

/** a and b: a * b. */
export const And = connective((a, b) => a * b, addProduct);

/** a or b: 1 - (1 - a) * (1 - b). */
export const Or = connective(Math.max, (lowering, a, b, label) => {
  const [neither, nor] = [addComplement(lowering, a, label), addComplement(lowering, b, label)];
  return addComplement(lowering, addProduct(lowering, neither, nor, label), label);
});

/** Either a or b: (a - b)^2. */
export const Xor = connective(
  (a, b) => (a - b) ** 2,
  (lowering, a, b, label) => {
    const difference = addSum(lowering, [a, b], [1n, -1n], null, label);
    return addProduct(lowering, difference, difference, label);
  },
);
