// SPDX-License-Identifier: GPL-3.0-or-later
// MatMul. A constant second factor makes it linear, two factors that vary are the bilinear node; every other product is
// brought to one of these by moving values, which costs nothing. Exact.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { addProduct } from "../nodes/kernels.ts";
import { MAX_TENSOR_VALUES } from "../ranges.ts";
import type { TensorId } from "../types.ts";
import { broadcastShape, broadcastTo } from "./broadcast.ts";
import { addIndexMap, assertShape, broadcastMap } from "./index.ts";
import { integerList, reshape, shapeOf, transpose } from "./expressions.ts";
import { addFullyConnected, reshaped, transposed } from "./linear.ts";
import { assertFinite } from "./quantize.ts";
import { int, refuse, type Choice, type Composite, type Expansion } from "./types.ts";
import type { Lowering, NodeView, Operator } from "./types.ts";

/** [..batch, rows, inner] times [..batch, inner, columns], once factors of rank 1 are a row and a column. */
interface Layout {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly batch: readonly number[];
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Without the dimensions that factors of rank 1 do not have. */
  readonly shape: readonly number[];
}

function layoutOf(view: NodeView): Layout {
  const [left, right] = [view.type(0).shape, view.type(1).shape];
  if (left.length === 0 || right.length === 0) refuse("a scalar factor; accepted: rank 1 or more");
  const a = left.length === 1 ? [1, ...left] : left;
  const b = right.length === 1 ? [...right, 1] : right;
  const [rows, inner] = a.slice(-2) as [number, number];
  const [depth, columns] = b.slice(-2) as [number, number];
  if (inner !== depth) refuse(`shapes [${left}] and [${right}] do not multiply`);
  const batch = broadcastShape(a.slice(0, -2), b.slice(0, -2));
  const shape = [...batch, ...(left.length === 1 ? [] : [rows]), ...(right.length === 1 ? [] : [columns])];
  return { a, b, batch, rows, inner, columns, shape };
}

function fold(view: NodeView): FloatTensor[] {
  const { a, b, batch, rows, inner, columns, shape } = layoutOf(view);
  const [left, right] = [view.constant(0) as FloatTensor, view.constant(1) as FloatTensor];
  const as = broadcastTo(left.values, a, [...batch, rows, inner]);
  const bs = broadcastTo(right.values, b, [...batch, inner, columns]);
  const values = new Float64Array(sizeOf(shape));
  for (let n = 0; n < sizeOf(batch); n++) {
    const z = { values, at: n * rows * columns, stride: columns };
    const x = { values: as, at: n * rows * inner, stride: inner };
    addProduct(z, x, { values: bs, at: n * inner * columns, stride: columns }, rows, inner, columns);
  }
  return [{ type: left.type, shape, values }];
}

/** Both factors under equal batch dimensions, repeated where one has none. */
function addBilinear(view: NodeView, lowering: Lowering): TensorId {
  const { a, b, batch, rows, inner, columns, shape } = layoutOf(view);
  const { name: from, outputs } = view.node;
  const label = { from, name: outputs[0] as string };
  // Rows of all matrices of a batch share a second factor without one.
  const shared = sizeOf(b.slice(0, -2)) === 1;
  const dims = shared ? [] : batch;
  const factor = (i: number, own: readonly number[], target: readonly number[]): TensorId => {
    const whole = reshaped(lowering, lowering.input(i).id, own, from);
    return addIndexMap(lowering, whole, broadcastMap(own, target), label);
  };
  const x = shared
    ? reshaped(lowering, lowering.input(0).id, [sizeOf(batch) * rows, inner], from)
    : factor(0, a, [...batch, rows, inner]);
  const y = shared
    ? reshaped(lowering, lowering.input(1).id, [inner, columns], from)
    : factor(1, b, [...dims, inner, columns]);
  const exponent = lowering.input(0).tensor.exponent + lowering.input(1).tensor.exponent;
  const node = { kind: "bilinear", op: "matMul", from: [from], a: x, b: y } as const;
  return reshaped(lowering, lowering.builder.addNode(node, { name: label.name, exponent }), shape, from);
}

const Product: Operator = {
  infer(view) {
    const { b, batch, rows, inner, columns, shape } = layoutOf(view);
    const constants = [0, 1].map((i) => view.constant(i));
    // Unless all matrices of the batch share the second factor, both are repeated.
    const repeated = constants[0] !== undefined || sizeOf(b.slice(0, -2)) > 1;
    if (repeated && sizeOf(batch) * inner * Math.max(rows, columns) > MAX_TENSOR_VALUES)
      refuse(
        `a batch [${batch}] of products [${rows},${inner}] times [${inner},${columns}]; accepted: up to 2^24 values`,
      );
    assertShape(
      shape,
      constants.every((constant) => constant !== undefined),
    );
    for (const [i, constant] of constants.entries()) assertFinite(constant?.values ?? [], `input ${i}`);
    return [{ type: view.type(0).type, shape }];
  },
  fold,
  constants: (view) => view.constant(1)?.values ?? [],
  lower(view, lowering) {
    const factor = view.constant(1);
    if (factor === undefined) return addBilinear(view, lowering);
    const { inner, columns, shape } = layoutOf(view);
    const weights = transposed(factor.values, inner, columns);
    return reshaped(lowering, addFullyConnected(view, lowering, weights, columns), shape, view.node.name);
  },
};

/** The value with its last two dimensions swapped. */
function flipped(expansion: Expansion, value: string): string {
  const axes = shapeOf(expansion, value).map((_, axis) => axis);
  return transpose(expansion, value, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

const inputs = (view: NodeView): readonly [string, string] => view.node.inputs as [string, string];

/** A constant first factor: (A B)^T = B^T A^T. */
const ConstantFirst: Composite = {
  expand(view, expansion) {
    const { a, b, shape } = layoutOf(view);
    const [left, right] = inputs(view);
    const factors = [reshape(expansion, right, b), reshape(expansion, left, a)].map((value) =>
      flipped(expansion, value),
    );
    expansion.output(0, reshape(expansion, flipped(expansion, expansion.node("MatMul", factors)), shape));
  },
};

/** A batch of constant second factors: a convolution over one position, each matrix a group, each row a picture. */
const ConstantBatch: Composite = {
  expand(view, expansion) {
    const { a, b, batch, rows, inner, columns, shape } = layoutOf(view);
    const groups = sizeOf(batch);
    const repeated = (value: string, own: readonly number[]): string => {
      const dims = own.slice(-2);
      const target = integerList(expansion, [...batch, ...dims]);
      return reshape(expansion, expansion.node("Expand", [reshape(expansion, value, own), target]), [groups, ...dims]);
    };
    const [left, right] = inputs(view);
    const moved = (value: string): string => transpose(expansion, value, [1, 0, 2]);
    const x = reshape(expansion, moved(repeated(left, a)), [rows, groups * inner, 1]);
    const w = reshape(expansion, flipped(expansion, repeated(right, b)), [groups * columns, inner, 1]);
    const z = reshape(expansion, expansion.node("Conv", [x, w], { group: int(groups) }), [rows, groups, columns]);
    expansion.output(0, reshape(expansion, moved(z), shape));
  },
};

export const MatMul: Choice = (view) => {
  const [left, right] = [view.constant(0), view.constant(1)];
  if (left !== undefined && right === undefined) return ConstantFirst;
  if (left === undefined && right !== undefined && sizeOf(layoutOf(view).b.slice(0, -2)) > 1) return ConstantBatch;
  return Product;
};
