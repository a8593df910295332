// SPDX-License-Identifier: GPL-3.0-or-later
// Gemm: with a constant second factor one fullyConnected with its bias, exact in integers; else a MatMul and a sum.
import type { FloatTensor } from "../../onnx/types.ts";
import { addDotProducts } from "../nodes/kernels.ts";
import { sameShape } from "../ranges.ts";
import type { Constant, TensorId } from "../types.ts";
import { broadcastShape, broadcastTo } from "./broadcast.ts";
import { assertFinite, quantizeClamped, quantizeExact } from "./quantize.ts";
import { graphShape, refuse, type Choice, type Composite } from "./types.ts";
import type { Lowering, NodeView, Operator } from "./types.ts";

/** A row-major matrix with rows and columns exchanged. */
export function transposed(values: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j] as number;
  return out;
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

/** Sums of input 0 over its last dimension with weights [outs, ins] at their calibrated exponent and width. */
export function addFullyConnected(
  view: NodeView,
  lowering: Lowering,
  weights: Float64Array,
  outs: number,
  biasAt: (exponent: number) => Constant | null = () => null,
): TensorId {
  const { name, outputs } = view.node;
  const { exponent: weightExponent, bits } = lowering.constants();
  const { id: input, tensor } = lowering.input(0);
  const exponent = tensor.exponent + weightExponent;
  const integers = quantizeClamped([outs, weights.length / outs], weights, weightExponent, bits);
  return lowering.builder.addNode(
    { kind: "linear", op: "fullyConnected", from: [name], input, weights: integers, bias: biasAt(exponent) },
    { name: outputs[0] as string, exponent },
  );
}

/** x [m, k] times a constant matrix, as y[i, o] = sum_j weights[o, j] * x[i, j], and an addend. */
interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly weights: Float64Array; // [n, k]
  /** Of a shape that broadcasts to [m, n]; null for none. */
  readonly addend: FloatTensor | null;
}

function dimsOf(view: NodeView): { m: number; k: number; n: number } {
  const a = view.type(0).shape;
  const b = view.type(1).shape;
  if (a.length !== 2 || b.length !== 2) refuse(`inputs of shapes [${a}] and [${b}]; accepted: rank 2`);
  const [m, k] = (view.int("transA", 0) === 0 ? a : a.toReversed()) as [number, number];
  const [depth, n] = (view.int("transB", 0) === 0 ? b : b.toReversed()) as [number, number];
  if (k !== depth) refuse(`shapes [${a}] and [${b}] do not multiply`);
  if (view.has(2)) {
    const c = view.type(2).shape;
    if (!sameShape(broadcastShape(c, [m, n]), [m, n]))
      refuse(`input C of shape [${c}] does not broadcast to [${m}, ${n}]`);
  }
  return { m, k, n };
}

const scaled = (values: Float64Array, factor: number): Float64Array =>
  factor === 1 ? values : values.map((v) => v * factor);

function productOf(view: NodeView): Product {
  const { m, k, n } = dimsOf(view);
  const { values } = view.constant(1) as FloatTensor;
  const c = view.constant(2);
  return {
    m,
    k,
    n,
    weights: scaled(view.int("transB", 0) === 0 ? transposed(values, k, n) : values, view.float("alpha", 1)),
    addend: c === undefined ? null : { ...c, values: scaled(c.values, view.float("beta", 1)) },
  };
}

const ConstantSecond: Operator = {
  infer(view) {
    const { m, n, weights, addend } = productOf(view);
    assertFinite(weights, "constant factor");
    if (addend !== null) assertFinite(addend.values, "input C");
    return [{ type: view.type(0).type, shape: [m, n] }];
  },

  fold(view) {
    const { m, k, n, weights, addend } = productOf(view);
    const x = view.constant(0) as FloatTensor;
    const values = addend === null ? new Float64Array(m * n) : broadcastTo(addend.values, addend.shape, [m, n]);
    const matrix = (of: Float64Array, stride: number) => ({ values: of, at: 0, stride });
    addDotProducts(matrix(values, n), matrix(x.values, k), matrix(weights, k), m, k, n);
    return [{ type: x.type, shape: [m, n], values }];
  },

  constants: (view) => productOf(view).weights,

  lower(view, lowering) {
    const { name, outputs } = view.node;
    const { m, n, weights, addend } = productOf(view);
    // An addend that is the same for every row is the bias; another is added afterwards.
    const full = addend === null ? null : broadcastTo(addend.values, addend.shape, [m, n]);
    const isBias = full !== null && full.every((v, i) => v === full[i % n]);
    const bias = (exponent: number): Constant | null =>
      isBias ? quantizeExact([n], full.subarray(0, n), exponent, name) : null;
    const z = addFullyConnected(view, lowering, weights, n, bias);
    if (full === null || isBias) return z;
    const exponent = lowering.input(0).tensor.exponent + lowering.constants().exponent;
    const constant = quantizeExact([m, n], full, exponent, name);
    return lowering.builder.addNode(
      { kind: "linear", op: "weightedSum", from: [name], inputs: [z], multipliers: [1n], constant },
      { name: outputs[0] as string, exponent },
    );
  },
};

const General: Composite = {
  expand(view, expansion) {
    dimsOf(view);
    const [a, b, c] = view.node.inputs as [string, string, string?];
    const turned = (value: string, attribute: string): string =>
      view.int(attribute, 0) === 0 ? value : expansion.node("Transpose", [value]);
    const times = (value: string, attribute: string): string => {
      const factor = view.float(attribute, 1);
      return factor === 1 ? value : expansion.node("Mul", [value, expansion.constant([factor], [])]);
    };
    const factors = [turned(a, "transA"), turned(b, "transB")] as [string, string];
    // A constant factor takes alpha with it.
    const constant = ([0, 1] as const).find((i) => view.constant(i) !== undefined);
    if (constant !== undefined) factors[constant] = times(factors[constant], "alpha");
    const z = expansion.node("MatMul", factors);
    const product = constant === undefined ? times(z, "alpha") : z;
    const sum = c === undefined || c === "" ? product : expansion.node("Add", [product, times(c, "beta")]);
    expansion.output(0, sum);
  },
};

export const Gemm: Choice = (view) => {
  const linear = view.constant(1) !== undefined && view.int("transA", 0) === 0;
  return linear && (!view.has(2) || view.constant(2) !== undefined) ? ConstantSecond : General;
};
