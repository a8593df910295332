// SPDX-License-Identifier: GPL-3.0-or-later
// Gather and GatherElements. Constant indices are index maps. Others look a value up by its one-hot row: the sum of the
// products with all values that it may be.
import { isFloatType, type FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import { constantRange } from "../nodes/arithmetic.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import { addMatrix, axesFirst, axesLast, fromAxesLast, picked } from "./axes.ts";
import type { Label } from "./compare-nodes.ts";
import {
  addIndexMap,
  assertShape,
  axisOf,
  indexOperator,
  needIntegers,
  separable,
  stridesOf,
  type IndexMap,
} from "./index.ts";
import { reshaped } from "./linear.ts";
import { addOperand, commonExponent, labelOf } from "./operands.ts";
import { addOneHot, assertIndices, assertInside } from "./one-hot.ts";
import { addRequantize, assertFinite, quantizeClamped } from "./quantize.ts";
import { graphShape, refuse, type Choice, type Lowering, type NodeView, type Operator } from "./types.ts";

/** Indices as places on an axis; negative ones count from its end. Refuses others. */
export function placesOf(indices: ArrayLike<number>, dim: number): Float64Array {
  return Float64Array.from(indices, (index) => {
    const place = index < 0 ? index + dim : index;
    if (!(place >= 0 && place < dim)) refuse(`input indices: ${index} is outside an axis of size ${dim}`);
    return place;
  });
}

/**
 * Integers again inside the range that they came from: their proven range, as that of any sum, is wider, and who reads
 * them as indices needs it. Real numbers stay as they are.
 */
export function addIntegerClamp(
  view: NodeView,
  lowering: Lowering,
  input: TensorId,
  range: () => Pick<GraphTensor, "lo" | "hi">,
  label: Label,
): TensorId {
  if (isFloatType(view.type(0).type)) return input;
  const { lo, hi } = range();
  const { exponent } = lowering.builder.tensors[input] as GraphTensor;
  return addRequantize(lowering.builder, input, { ...label, exponent, clamp: { lo, hi } });
}

const gatherAxis = (view: NodeView): number => axisOf(view.int("axis", 0), view.type(0).shape.length);

function gatherShape(view: NodeView): number[] {
  const { shape } = view.type(0);
  const axis = gatherAxis(view);
  return [...shape.slice(0, axis), ...view.type(1).shape, ...shape.slice(axis + 1)];
}

/** [before, indices, after] from the rows [indices, before, after] that a look-up gives. */
function fromRows(view: NodeView): IndexMap {
  const { shape } = view.type(0);
  const axis = gatherAxis(view);
  const [before, count, after] = [
    sizeOf(shape.slice(0, axis)),
    sizeOf(view.type(1).shape),
    sizeOf(shape.slice(axis + 1)),
  ];
  const map = separable([before, count, after], [(b) => b * after, (i) => i * before * after, (a) => a]);
  return { ...map, shape: gatherShape(view) };
}

const fixedGather = indexOperator((view) => {
  const { shape } = view.type(0);
  const axis = gatherAxis(view);
  const places = placesOf(needIntegers(view, "indices", 1), shape[axis] as number);
  const strides = stridesOf(shape);
  const keep = (a: number) => (i: number) => i * (strides[a] as number);
  // The axes of the indices count as one, then take their own shape again.
  const flat = [...shape.slice(0, axis), places.length, ...shape.slice(axis + 1)];
  const offsets = flat.map((_, a) =>
    a === axis ? (i: number) => (places[i] as number) * (strides[axis] as number) : keep(a),
  );
  return [{ ...separable(flat, offsets), shape: gatherShape(view) }];
});

const lookUp: Operator = {
  infer(view) {
    const { type, shape } = view.type(0);
    assertIndices(view, 1, shape[gatherAxis(view)] as number);
    assertShape(shape, false);
    assertFinite(view.constant(0)?.values ?? [], "input data");
    assertShape(gatherShape(view), false);
    return [{ type, shape: gatherShape(view) }];
  },
  fold: (view) => fixedGather.fold(view),
  constants: (view) => view.constant(0)?.values ?? [],
  lower(view, lowering) {
    const label = labelOf(view);
    const axis = gatherAxis(view);
    const { shape } = view.type(0);
    const size = shape[axis] as number;
    assertInside(lowering, 1, size);
    const oneHot = addOneHot(view, lowering, 1, size);
    const table = view.constant(0);
    const rows =
      table === undefined ? addChosenRows(view, lowering, oneHot) : addTableRows(view, lowering, oneHot, table);
    return addIndexMap(lowering, rows, fromRows(view), label);
  },
};

/** One-hot rows times a constant table: [indices, before * after], the table's weights at their calibrated exponent. */
function addTableRows(view: NodeView, lowering: Lowering, oneHot: TensorId, table: FloatTensor): TensorId {
  const label = labelOf(view);
  const { map, rows, columns } = axesLast(table.shape, [gatherAxis(view)]);
  const { exponent, bits } = lowering.constants();
  const weights = quantizeClamped([rows, columns], picked(table, map), exponent, bits);
  const product = lowering.builder.addNode(
    { kind: "linear", op: "fullyConnected", from: [label.from], input: oneHot, weights, bias: null },
    { name: label.name, exponent },
  );
  return addIntegerClamp(
    view,
    lowering,
    product,
    () => constantRange(makeConstant([table.values.length], table.values)),
    label,
  );
}

/** One-hot rows times activations. */
function addChosenRows(view: NodeView, lowering: Lowering, oneHot: TensorId): TensorId {
  const label = labelOf(view);
  const { id, tensor } = lowering.input(0);
  const b = addMatrix(lowering, id, axesFirst(view.type(0).shape, [gatherAxis(view)]), label);
  const product = lowering.builder.addNode(
    { kind: "bilinear", op: "matMul", from: [label.from], a: oneHot, b },
    { name: label.name, exponent: tensor.exponent },
  );
  return addIntegerClamp(view, lowering, product, () => tensor, label);
}

/** Picks slices of an axis by index. */
export const Gather: Choice = (view) => (view.constant(1) === undefined ? lookUp : fixedGather);

/** The axis of GatherElements and ScatterElements, after the shapes of data and indices have been compared. */
export function elementsAxis(view: NodeView): number {
  const [data, indices] = [view.type(0).shape, view.type(1).shape];
  const axis = axisOf(view.int("axis", 0), data.length);
  if (indices.length !== data.length || indices.some((dim, a) => a !== axis && dim > (data[a] as number)))
    refuse(`input indices of shape [${indices}] for data of shape [${data}]; accepted: no axis but ${axis} larger`);
  return axis;
}

/** Where the row of the data begins that the values of a row of indices refer to; rows as in axesLast of the indices. */
export function rowStarts(view: NodeView, axis: number): Float64Array {
  const strides = stridesOf(view.type(0).shape);
  const others = view.type(1).shape.flatMap((dim, a) => (a === axis ? [] : [{ dim, stride: strides[a] as number }]));
  const map = separable(
    others.map(({ dim }) => dim),
    others.map(
      ({ stride }) =>
        (i) =>
          i * stride,
    ),
  );
  return map.indices() as Float64Array;
}

/** The data's rows that indices refer to: [rows, size of the axis]. */
export function dataRows(view: NodeView, axis: number): IndexMap {
  const { shape } = view.type(0);
  const size = shape[axis] as number;
  const stride = stridesOf(shape)[axis] as number;
  const starts = rowStarts(view, axis);
  const indices = (): Float64Array => {
    const at = new Float64Array(starts.length * size);
    for (let i = 0; i < at.length; i++) at[i] = (starts[Math.floor(i / size)] as number) + (i % size) * stride;
    return at;
  };
  return { shape: [starts.length, size], indices };
}

/** For each index, row-major: the flat index of the value of the data that it names. */
export function elementPlaces(view: NodeView, axis: number, indices: FloatTensor): Float64Array {
  const { shape } = view.type(0);
  const stride = stridesOf(shape)[axis] as number;
  const starts = rowStarts(view, axis);
  const { map, columns } = axesLast(indices.shape, [axis]);
  const places = placesOf(picked(indices, map), shape[axis] as number);
  const at = places.map((place, i) => (starts[Math.floor(i / columns)] as number) + place * stride);
  return picked({ type: "int64", shape: indices.shape, values: at }, fromAxesLast(indices.shape, [axis]));
}

const fixedElements = indexOperator((view) => {
  const axis = elementsAxis(view);
  const indices = view.constant(1) as FloatTensor;
  const places = elementPlaces(view, axis, indices); // now: infer has to refuse what lies outside
  return [{ shape: indices.shape, indices: () => places }];
});

const lookUpElements: Operator = {
  infer(view) {
    const { type, shape } = view.type(0);
    const indices = view.type(1).shape;
    const axis = elementsAxis(view);
    assertIndices(view, 1, shape[axis] as number);
    assertShape(shape, false);
    assertShape(indices, false);
    assertFinite(view.constant(0)?.values ?? [], "input data");
    return [{ type, shape: indices }];
  },
  fold: (view) => fixedElements.fold(view),
  constants: (view) => view.constant(0)?.values ?? [],
  lower(view, lowering) {
    const label = labelOf(view);
    const axis = elementsAxis(view);
    const { shape: indices } = view.type(1);
    const size = view.type(0).shape[axis] as number;
    assertInside(lowering, 1, size);
    const { rows, columns } = axesLast(indices, [axis]);
    const a = addElementRows(view, lowering, axis);
    const data = addOperand(view, lowering, 0, view.type(0).shape, commonExponent(view, lowering, [0]));
    const tensor = lowering.builder.tensors[data] as GraphTensor;
    const b = reshaped(lowering, addIndexMap(lowering, data, dataRows(view, axis), label), [rows, size, 1], label.from);
    const product = lowering.builder.addNode(
      { kind: "bilinear", op: "matMul", from: [label.from], a, b },
      { name: label.name, exponent: tensor.exponent },
    );
    const flat = reshaped(
      lowering,
      addIntegerClamp(view, lowering, product, () => tensor, label),
      [rows, columns],
      label.from,
    );
    return addIndexMap(lowering, flat, { ...fromAxesLast(indices, [axis]), shape: graphShape(indices) }, label);
  },
};

/** One-hot rows of the indices: [rows, indices a row, size of the axis]. */
export function addElementRows(view: NodeView, lowering: Lowering, axis: number): TensorId {
  const label = labelOf(view);
  const { shape: indices } = view.type(1);
  const size = view.type(0).shape[axis] as number;
  const oneHot = addOneHot(view, lowering, 1, size); // [all indices, size]
  const { map, rows, columns } = axesLast(indices, [axis]);
  const order = map.indices();
  const shape = [rows, columns, size];
  if (order === null) return reshaped(lowering, oneHot, shape, label.from);
  const at = Float64Array.from(
    { length: sizeOf(shape) },
    (_, i) => (order[Math.floor(i / size)] as number) * size + (i % size),
  );
  return addIndexMap(lowering, oneHot, { shape, indices: () => at }, label);
}

/** Picks values by their index on one axis. */
export const GatherElements: Choice = (view) => (view.constant(1) === undefined ? lookUpElements : fixedElements);
