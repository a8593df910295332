// SPDX-License-Identifier: GPL-3.0-or-later
// Add, Sub, Neg, Mul and Div. Sums and products with constants are linear and exact; Mul of activations is a multiply.
import { isFloatType, type FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import { broadcastShape, broadcastTo } from "./broadcast.ts";
import { addIndexMap, assertShape, broadcastMap } from "./index.ts";
import { reshaped } from "./linear.ts";
import { assertFinite, quantizeClamped, quantizeExact, withoutTwos } from "./quantize.ts";
import { graphShape, refuse, type Lowering, type NodeView, type Operator, type ValueType } from "./types.ts";

const outputShape = (view: NodeView): number[] => broadcastShape(view.type(0).shape, view.type(1).shape);

function inferBinary(view: NodeView): ValueType[] {
  const shape = outputShape(view);
  assertShape(
    shape,
    [0, 1].every((i) => view.constant(i) !== undefined),
  );
  for (const i of [0, 1]) assertFinite(view.constant(i)?.values ?? [], `input ${i}`);
  return [{ type: view.type(0).type, shape }];
}

const foldBinary =
  (combine: (a: number, b: number) => number) =>
  (view: NodeView): FloatTensor[] => {
    const [a, b] = [view.constant(0) as FloatTensor, view.constant(1) as FloatTensor];
    const shape = outputShape(view);
    const right = broadcastTo(b.values, b.shape, shape);
    const values = broadcastTo(a.values, a.shape, shape).map((v, i) => combine(v, right[i] as number));
    return [{ type: a.type, shape, values }];
  };

/** Operand i under the output's shape; a single value stays one, unless `whole`. */
function broadcasted(view: NodeView, lowering: Lowering, i: number, whole = false): TensorId {
  const { name } = view.node;
  const { id, tensor } = lowering.input(i);
  const shape = outputShape(view);
  const size = sizeOf(tensor.shape);
  if (size === sizeOf(shape)) return size === 1 && !whole ? id : reshaped(lowering, id, shape, name);
  if (size === 1 && !whole) return id;
  return addIndexMap(lowering, id, broadcastMap(view.type(i).shape, shape), { from: name, name: tensor.name });
}

const varyingInputs = (view: NodeView): number[] => [0, 1].filter((i) => view.constant(i) === undefined);

/** signs[0] * a + signs[1] * b, exponents aligned by multipliers. */
const sum = (signs: readonly [1, 1 | -1]): Operator => ({
  infer: inferBinary,
  fold: foldBinary((a, b) => signs[0] * a + signs[1] * b),
  constants: (view) => (view.constant(0) ?? view.constant(1))?.values ?? [],
  lower(view, lowering) {
    const { name, outputs } = view.node;
    const shape = graphShape(outputShape(view));
    const varying = varyingInputs(view);
    const tensors = varying.map((i) => lowering.input(i).tensor);
    const constantInput = [0, 1].find((i) => view.constant(i) !== undefined);
    const exponent = Math.max(
      ...tensors.map((tensor) => tensor.exponent),
      ...(constantInput === undefined ? [] : [lowering.constants().exponent]),
    );
    const multipliers = varying.map(
      (i, k) => BigInt(signs[i as 0 | 1]) << BigInt(exponent - (tensors[k] as GraphTensor).exponent),
    );
    const constant = constantInput === undefined ? null : addend(view, constantInput, signs, exponent);
    const inputs = varying.map((i) => broadcasted(view, lowering, i));
    const output = { name: outputs[0] as string, exponent };
    const z = lowering.builder.addNode(
      { kind: "linear", op: "weightedSum", from: [name], inputs, multipliers, constant },
      output,
    );
    return reshaped(lowering, z, shape, name);
  },
});

function addend(view: NodeView, input: number, signs: readonly [1, 1 | -1], exponent: number) {
  const { values, shape } = view.constant(input) as FloatTensor;
  const full = broadcastTo(values, shape, outputShape(view)).map((v) => v * signs[input as 0 | 1]);
  return quantizeExact(graphShape(outputShape(view)), full, exponent, view.node.name);
}

export const Add = sum([1, 1]);
export const Sub = sum([1, -1]);

/** Scales by one integer for all values. */
function addScaled(
  view: NodeView,
  lowering: Lowering,
  input: TensorId,
  multiplier: bigint,
  exponent: number,
): TensorId {
  const { name, outputs } = view.node;
  return lowering.builder.addNode(
    { kind: "linear", op: "weightedSum", from: [name], inputs: [input], multipliers: [multiplier], constant: null },
    { name: outputs[0] as string, exponent },
  );
}

export const Neg: Operator = {
  infer: (view) => [view.type(0)],
  fold: (view) => {
    const x = view.constant(0) as FloatTensor;
    return [{ ...x, values: x.values.map((v) => -v) }];
  },
  lower(view, lowering) {
    const { id, tensor } = lowering.input(0);
    return addScaled(view, lowering, id, -1n, tensor.exponent);
  },
};

/** x times a constant. One value for all is a weightedSum; others are a convolution of one channel a value. */
function addProduct(view: NodeView, lowering: Lowering, i: number, factor: FloatTensor): TensorId {
  const { name, outputs } = view.node;
  const quantization = lowering.constants();
  const { tensor } = lowering.input(i);
  const shape = outputShape(view);
  const size = factor.values.length;
  const integers = quantizeClamped([size], factor.values, quantization.exponent, quantization.bits);
  const { values, exponent: factorExponent } = withoutTwos(integers, quantization.exponent);
  const exponent = tensor.exponent + factorExponent;
  const input = broadcasted(view, lowering, i, true);
  if (values.every((v) => v === values[0]))
    return addScaled(view, lowering, input, BigInt(values[0] as number), exponent);
  // Axes before and after those on which the constant varies are batch and space; those between are channels.
  const padded = [...Array.from({ length: shape.length - factor.shape.length }, () => 1), ...factor.shape];
  const from = padded.findIndex((dim) => dim !== 1);
  const to = padded.findLastIndex((dim) => dim !== 1) + 1;
  const block = shape.slice(from, to);
  const channels = sizeOf(block);
  const weights = quantizeExact([channels, 1, 1], broadcastTo(values, padded.slice(from, to), block), 0, name);
  const stacked = reshaped(lowering, input, [sizeOf(shape.slice(0, from)), channels, sizeOf(shape.slice(to))], name);
  const window = { strides: [1], dilations: [1], pads: [0, 0], group: channels };
  const z = lowering.builder.addNode(
    { kind: "linear", op: "convolution", from: [name], input: stacked, weights, bias: null, ...window },
    { name: outputs[0] as string, exponent },
  );
  return reshaped(lowering, z, shape, name);
}

/** The constant that the other input is multiplied by; undefined for a product of two that vary. */
const factorOf = (view: NodeView): FloatTensor | undefined => view.constant(0) ?? view.constant(1);

export const Mul: Operator = {
  infer: inferBinary,
  fold: foldBinary((a, b) => a * b),
  constants: (view) => factorOf(view)?.values ?? [],
  lower(view, lowering) {
    const factor = factorOf(view);
    if (factor !== undefined) return addProduct(view, lowering, view.constant(0) === undefined ? 0 : 1, factor);
    const { name, outputs } = view.node;
    const [a, b] = [broadcasted(view, lowering, 0), broadcasted(view, lowering, 1)];
    const exponent = lowering.input(0).tensor.exponent + lowering.input(1).tensor.exponent;
    const z = lowering.builder.addNode(
      { kind: "bilinear", op: "multiply", from: [name], a, b },
      { name: outputs[0] as string, exponent },
    );
    return reshaped(lowering, z, outputShape(view), name);
  },
};

const reciprocal = (view: NodeView): FloatTensor => {
  const divisor = view.constant(1) as FloatTensor;
  return { ...divisor, values: divisor.values.map((v) => 1 / v) };
};

export const Div: Operator = {
  infer(view) {
    const inferred = inferBinary(view);
    const divisor = view.constant(1);
    if (divisor === undefined) return refuse("the divisor depends on the inputs; accepted: a constant");
    if (divisor.values.includes(0)) refuse("a divisor of 0");
    if (view.constant(0) === undefined && !isFloatType(view.type(0).type))
      refuse(`division of ${view.type(0).type}; accepted: a float type`);
    if (view.constant(0) === undefined) assertFinite(reciprocal(view).values, "reciprocal of the divisor");
    return inferred;
  },
  fold(view) {
    const divide = isFloatType(view.type(0).type)
      ? (a: number, b: number) => a / b
      : (a: number, b: number) => Math.trunc(a / b);
    return foldBinary(divide)(view);
  },
  constants: (view) => (view.constant(0) === undefined ? reciprocal(view).values : []),
  lower: (view, lowering) => addProduct(view, lowering, 0, reciprocal(view)),
};
