// SPDX-License-Identifier: GPL-3.0-or-later
// Operands of element-wise operators, constant or not, at a common exponent and under a common shape.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import type { Constant, GraphTensor, TensorId } from "../types.ts";
import { broadcastShape, broadcastTo } from "./broadcast.ts";
import { addAligned, type Label } from "./compare-nodes.ts";
import { addIndexMap, broadcastMap } from "./index.ts";
import { reshaped } from "./linear.ts";
import { quantizeExact } from "./quantize.ts";
import { graphShape, type Lowering, type NodeView } from "./types.ts";

/** The shape that some inputs broadcast to. Refuses shapes that do not. */
export const broadcastOf = (view: NodeView, inputs: readonly number[]): number[] =>
  inputs.map((i) => [...view.type(i).shape]).reduce(broadcastShape);

/** Values of a constant input under a shape that it broadcasts to. */
export function broadcastValues({ values, shape }: FloatTensor, target: readonly number[]): Float64Array {
  return values.length === sizeOf(target) ? values : broadcastTo(values, shape, target);
}

/** Input i, which varies, under a shape that it broadcasts to; a single value stays one. */
export function addBroadcast(view: NodeView, lowering: Lowering, i: number, shape: readonly number[]): TensorId {
  const { name: from } = view.node;
  const { id, tensor } = lowering.input(i);
  const size = sizeOf(tensor.shape);
  if (size === 1) return id;
  if (size === sizeOf(shape)) return reshaped(lowering, id, shape, from);
  return addIndexMap(lowering, id, broadcastMap(view.type(i).shape, shape), { from, name: tensor.name });
}

/** A tensor of constant integers. */
export function addConstant(
  { builder }: Lowering,
  constant: Constant,
  exponent: number,
  { from, name }: Label,
): TensorId {
  return builder.addNode(
    { kind: "linear", op: "weightedSum", from: [from], inputs: [], multipliers: [], constant },
    { name, exponent },
  );
}

/** Values of those inputs that are constant. */
export const constantValues = (view: NodeView, inputs: readonly number[]): Float64Array =>
  Float64Array.from(inputs.flatMap((i) => Array.from(view.constant(i)?.values ?? [])));

/** The finest of the exponents of inputs; that of constants is calibrated. */
export function commonExponent(view: NodeView, lowering: Lowering, inputs: readonly number[]): number {
  return Math.max(
    ...inputs.map((i) =>
      view.constant(i) === undefined ? lowering.input(i).tensor.exponent : lowering.constants().exponent,
    ),
  );
}

/** Input i, constant or not, at an exponent as fine as its own, under a shape that it broadcasts to or as one value. */
export function addOperand(
  view: NodeView,
  lowering: Lowering,
  i: number,
  shape: readonly number[],
  exponent: number,
): TensorId {
  const label = { from: view.node.name, name: view.node.inputs[i] as string };
  const constant = view.constant(i);
  if (constant === undefined)
    return addAligned(lowering.builder, addBroadcast(view, lowering, i, shape), exponent, label);
  const single = constant.values.length === 1;
  const values = single ? constant.values : broadcastValues(constant, shape);
  return addConstant(
    lowering,
    quantizeExact(single ? [1] : graphShape(shape), values, exponent, label.from),
    exponent,
    label,
  );
}

/** A sum of tensors with equal exponents. */
export function addSum(
  lowering: Lowering,
  inputs: readonly TensorId[],
  multipliers: readonly bigint[],
  constant: Constant | null,
  { from, name }: Label,
): TensorId {
  const { exponent } = lowering.builder.tensors[inputs[0] as TensorId] as GraphTensor;
  return lowering.builder.addNode(
    { kind: "linear", op: "weightedSum", from: [from], inputs, multipliers, constant },
    { name, exponent },
  );
}

/** a * b, element-wise over equal shapes or with a single value. */
export function addProduct(lowering: Lowering, a: TensorId, b: TensorId, { from, name }: Label): TensorId {
  const { tensors } = lowering.builder;
  const exponent = (tensors[a] as GraphTensor).exponent + (tensors[b] as GraphTensor).exponent;
  return lowering.builder.addNode({ kind: "bilinear", op: "multiply", from: [from], a, b }, { name, exponent });
}

/** What the nodes of an operator's first output are named after. */
export const labelOf = ({ node }: NodeView): Label => ({ from: node.name, name: node.outputs[0] as string });
