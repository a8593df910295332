// SPDX-License-Identifier: GPL-3.0-or-later
// Gemm and MatMul: sums with constant weights, exact in integers.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { sameShape } from "../ranges.ts";
import type { TensorId } from "../types.ts";
import { broadcastShape, broadcastTo } from "./broadcast.ts";
import { assertFinite, quantizeClamped, quantizeExact } from "./quantize.ts";
import { graphShape, refuse, type Lowering, type NodeView, type Operator, type ValueType } from "./types.ts";

/** A product with a constant matrix, as y[.., o] = sum_j weights[o, j] * x[.., j], and an addend. */
interface Product {
  /** Index of the operand that is not constant. */
  readonly input: number;
  /** Shape that the input is read under, its last dimension summed over. */
  readonly inputShape: readonly number[];
  readonly outs: number;
  readonly ins: number;
  readonly weights: Float64Array; // [outs, ins]
  /** Of `addendShape`, which broadcasts to the output; null for none. */
  readonly addend: FloatTensor | null;
  readonly outputShape: readonly number[];
}

const transpose = (values: Float64Array, rows: number, columns: number): Float64Array =>
  Float64Array.from({ length: values.length }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number);

const bothVary = "both factors depend on the inputs; accepted: one of them constant";

function gemmDims(view: NodeView): { m: number; k: number; n: number } {
  const a = view.type(0).shape;
  const b = view.type(1).shape;
  if (a.length !== 2 || b.length !== 2) refuse(`inputs of shapes [${a}] and [${b}]; accepted: rank 2`);
  const [m, k] = (view.int("transA", 0) === 0 ? a : a.toReversed()) as [number, number];
  const [k2, n] = (view.int("transB", 0) === 0 ? b : b.toReversed()) as [number, number];
  if (k !== k2) refuse(`shapes [${a}] and [${b}] do not multiply`);
  return { m, k, n };
}

/** Gemm's factors as row-major [rows, columns] after transA or transB. */
function factor(view: NodeView, i: 0 | 1, rows: number, columns: number): Float64Array | undefined {
  const constant = view.constant(i);
  if (constant === undefined) return undefined;
  return view.int(i === 0 ? "transA" : "transB", 0) === 0 ? constant.values : transpose(constant.values, columns, rows);
}

function gemmProduct(view: NodeView): Product {
  const { m, k, n } = gemmDims(view);
  const alpha = view.float("alpha", 1);
  const a = factor(view, 0, m, k);
  const b = factor(view, 1, k, n);
  const addend = gemmAddend(view, m, n);
  if (b !== undefined) {
    if (a === undefined && view.int("transA", 0) !== 0 && m !== 1 && k !== 1)
      refuse(`transA = 1 on a [${k}, ${m}] input; accepted: 0, or one row`);
    const weights = transpose(b, k, n).map((v) => v * alpha);
    return { input: 0, inputShape: [m, k], outs: n, ins: k, weights, addend, outputShape: [m, n] };
  }
  if (a === undefined) refuse(bothVary);
  if (n !== 1) refuse(`a constant first factor with ${n} columns on its right; accepted: one column`);
  return {
    input: 1,
    inputShape: [1, k],
    outs: m,
    ins: k,
    weights: a.map((v) => v * alpha),
    addend,
    outputShape: [m, 1],
  };
}

function gemmAddend(view: NodeView, m: number, n: number): FloatTensor | null {
  if (!view.has(2)) return null;
  const c = view.constant(2);
  if (c === undefined) return refuse("input C depends on the inputs; accepted: a constant");
  if (!sameShape(broadcastShape(c.shape, [m, n]), [m, n]))
    refuse(`input C of shape [${c.shape}] does not broadcast to [${m}, ${n}]`);
  const beta = view.float("beta", 1);
  return { ...c, values: c.values.map((v) => v * beta) };
}

function matMulProduct(view: NodeView): Product {
  const a = view.type(0).shape;
  const b = view.type(1).shape;
  if (a.length === 0 || b.length === 0) refuse("a scalar factor; accepted: rank 1 or more");
  const right = view.constant(1);
  if (right !== undefined) {
    if (b.length > 2) refuse(`a constant second factor of rank ${b.length}; accepted: 1 or 2`);
    const [ins, outs] = [b[0] as number, b[1] ?? 1];
    if (a.at(-1) !== ins) refuse(`shapes [${a}] and [${b}] do not multiply`);
    const outputShape = b.length === 1 ? a.slice(0, -1) : [...a.slice(0, -1), outs];
    return {
      input: 0,
      inputShape: a,
      outs,
      ins,
      weights: transpose(right.values, ins, outs),
      addend: null,
      outputShape,
    };
  }
  const left = view.constant(0);
  if (left === undefined) return refuse(bothVary);
  if (a.length > 2 || b.length > 2 || (b[1] ?? 1) !== 1) {
    refuse(`a constant first factor of shape [${a}] times [${b}]; accepted: rank 1 or 2 times a single column`);
  }
  const [outs, ins] = a.length === 1 ? [1, a[0] as number] : (a as [number, number]);
  if (b[0] !== ins) refuse(`shapes [${a}] and [${b}] do not multiply`);
  const outputShape = [...a.slice(0, -1), ...b.slice(1)];
  return { input: 1, inputShape: [1, ins], outs, ins, weights: left.values, addend: null, outputShape };
}

function inferProduct(view: NodeView, product: Product): ValueType[] {
  assertFinite(product.weights, "constant factor");
  if (product.addend !== null) assertFinite(product.addend.values, "input C");
  return [{ type: view.type(0).type, shape: product.outputShape }];
}

/** A tensor under another shape of as many values: itself where the shape is its own. */
export function reshaped(lowering: Lowering, input: TensorId, shape: readonly number[], from: string): TensorId {
  const tensor = lowering.builder.tensors[input];
  if (tensor === undefined || sameShape(tensor.shape, graphShape(shape))) return input;
  const { name, exponent } = tensor;
  return lowering.builder.addNode(
    { kind: "index", op: "reshape", from: [from], input },
    { name, exponent, shape: graphShape(shape) },
  );
}

/** Weights at their calibrated exponent and width, the addend at the accumulator's exponent. */
function lowerProduct(view: NodeView, lowering: Lowering, product: Product): TensorId {
  const { name, outputs } = view.node;
  const { exponent: weightExponent, bits } = lowering.constants();
  const { id, tensor } = lowering.input(product.input);
  const exponent = tensor.exponent + weightExponent;
  const { outs, ins, addend } = product;
  const weights = quantizeClamped([outs, ins], product.weights, weightExponent, bits);
  // An addend that is the same for every row is the bias; another is added once the output has its shape.
  const full = addend === null ? null : broadcastTo(addend.values, addend.shape, product.outputShape);
  const isBias = full !== null && full.every((v, i) => v === full[i % outs]);
  const bias = full !== null && isBias ? quantizeExact([outs], full.subarray(0, outs), exponent, name) : null;
  const output = { name: outputs[0] as string, exponent };
  const input = reshaped(lowering, id, product.inputShape, name);
  const node = { kind: "linear", op: "fullyConnected", from: [name], input, weights, bias } as const;
  const z = reshaped(lowering, lowering.builder.addNode(node, output), product.outputShape, name);
  if (full === null || isBias) return z;
  const constant = quantizeExact(graphShape(product.outputShape), full, exponent, name);
  return lowering.builder.addNode(
    { kind: "linear", op: "weightedSum", from: [name], inputs: [z], multipliers: [1n], constant },
    output,
  );
}

/** The product in floating point, when its input is constant too. */
function foldProduct(view: NodeView, product: Product, x: Float64Array): FloatTensor[] {
  const { outs, ins, weights, outputShape, addend } = product;
  const values =
    addend === null ? new Float64Array(sizeOf(outputShape)) : broadcastTo(addend.values, addend.shape, outputShape);
  for (let i = 0; i < values.length; i++) {
    const row = (i % outs) * ins;
    const from = Math.floor(i / outs) * ins;
    let sum = 0;
    for (let j = 0; j < ins; j++) sum += (weights[row + j] as number) * (x[from + j] as number);
    values[i] = (values[i] as number) + sum;
  }
  return [{ type: view.type(0).type, shape: outputShape, values }];
}

/** A product operator; `constantInput` gives the first operand's values, as the product reads them, for folding. */
const productOperator = (
  productOf: (view: NodeView) => Product,
  constantInput: (view: NodeView) => Float64Array | undefined,
): Operator => ({
  infer: (view) => inferProduct(view, productOf(view)),
  fold: (view) => foldProduct(view, productOf(view), constantInput(view) ?? refuse(bothVary)),
  constants: (view) => productOf(view).weights,
  lower: (view, lowering) => lowerProduct(view, lowering, productOf(view)),
});

export const Gemm = productOperator(gemmProduct, (view) => {
  const { m, k } = gemmDims(view);
  return factor(view, 0, m, k);
});

export const MatMul = productOperator(matMulProduct, (view) => view.constant(0)?.values);
