// SPDX-License-Identifier: GPL-3.0-or-later
// ScatterElements (also Scatter) and ScatterND: a value with some places written over or added to. With constant indices
// these are gathers; otherwise one-hot rows say which update, if any, each place takes.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import { unionOf } from "../nodes/arithmetic.ts";
import { sameShape } from "../ranges.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import { addMatrix, axesLast } from "./axes.ts";
import { addMaximum, addMinimum, type Label } from "./compare-nodes.ts";
import {
  addElementRows,
  addIntegerClamp,
  dataRows,
  elementPlaces,
  elementsAxis,
  placesOf,
  rowStarts,
} from "./gather.ts";
import { addIndexMap, assertShape, stridesOf } from "./index.ts";
import { reshaped } from "./linear.ts";
import { addOperand, addProduct, addSum, commonExponent, constantValues, labelOf } from "./operands.ts";
import { assertIndices, assertInside } from "./one-hot.ts";
import { assertFinite } from "./quantize.ts";
import { graphShape, refuse, type Choice, type Lowering, type NodeView, type Operator } from "./types.ts";

type Reduction = "none" | "add" | "max" | "min";

const [DATA, INDICES, UPDATES] = [0, 1, 2] as const;

function reductionOf(view: NodeView, accepted: readonly Reduction[]): Reduction {
  const attribute = view.attribute("reduction");
  const name = attribute === undefined ? "none" : attribute.kind === "string" ? attribute.value : attribute.kind;
  return (
    accepted.find((one) => one === name) ?? refuse(`attribute reduction = ${name}; accepted: ${accepted.join(", ")}`)
  );
}

const combine: Readonly<Record<Reduction, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  max: Math.max,
  min: Math.min,
};

function assertScatter(view: NodeView): void {
  assertShape(view.type(DATA).shape, false);
  assertShape(view.type(UPDATES).shape, false);
  for (const i of [DATA, UPDATES]) assertFinite(view.constant(i)?.values ?? [], `input ${i}`);
}

/** In the order of the updates, as onnxruntime does it: of several to one place, the last remains. */
function foldScatter(view: NodeView, places: Float64Array, reduction: Reduction): FloatTensor[] {
  const { type, shape, values } = view.constant(DATA) as FloatTensor;
  const { values: updates } = view.constant(UPDATES) as FloatTensor;
  const of = combine[reduction];
  const written = Float64Array.from(values);
  for (let i = 0; i < places.length; i++)
    written[places[i] as number] = of(written[places[i] as number] as number, updates[i] as number);
  return [{ type, shape, values: written }];
}

/** Data and updates at a common exponent. */
function operandsOf(view: NodeView, lowering: Lowering) {
  const exponent = commonExponent(view, lowering, [DATA, UPDATES]);
  const [data, updates] = [DATA, UPDATES].map((i) => addOperand(view, lowering, i, view.type(i).shape, exponent)) as [
    TensorId,
    TensorId,
  ];
  return { data: reshaped(lowering, data, view.type(DATA).shape, view.node.name), updates, exponent };
}

/** Updates that go to distinct places, in as many rounds as the place that has most of them needs. */
function roundsOf(places: Float64Array): Map<number, number>[] {
  const rounds: Map<number, number>[] = [];
  const used = new Map<number, number>();
  places.forEach((place, update) => {
    const round = used.get(place) ?? 0;
    used.set(place, round + 1);
    (rounds[round] ??= new Map()).set(place, update);
  });
  return rounds;
}

/** The scatter where every place is known: round by round, each a gather and, with a reduction, one node more. */
function addFixedScatter(view: NodeView, lowering: Lowering, places: Float64Array, reduction: Reduction): TensorId {
  const { builder } = lowering;
  const label = labelOf(view);
  const { data, updates, exponent } = operandsOf(view, lowering);
  const shape = graphShape(view.type(DATA).shape);
  const size = sizeOf(shape);
  const gather = (inputs: readonly TensorId[], at: (i: number) => number): TensorId =>
    builder.addNode(
      {
        kind: "index",
        op: "gather",
        from: [label.from],
        inputs,
        indices: makeConstant(
          shape,
          Float64Array.from({ length: size }, (_, i) => at(i)),
        ),
        fill: 0n,
      },
      { name: label.name, exponent },
    );
  return roundsOf(places).reduce((current, round) => {
    if (reduction === "add")
      return addSum(lowering, [current, gather([updates], (i) => round.get(i) ?? -1)], [1n, 1n], null, label);
    const replaced = gather([current, updates], (i) => {
      const update = round.get(i);
      return update === undefined ? i : size + update;
    });
    if (reduction === "none") return replaced;
    return (reduction === "max" ? addMaximum : addMinimum)(builder, current, replaced, label);
  }, data);
}

const REDUCTIONS: readonly Reduction[] = ["none", "add", "max", "min"];

/** A scatter whose constant indices name a place for each update. */
const fixedScatter = (placesOfView: (view: NodeView) => Float64Array): Operator => ({
  infer(view) {
    assertScatter(view);
    reductionOf(view, REDUCTIONS);
    placesOfView(view);
    return [view.type(DATA)];
  },
  fold: (view) => foldScatter(view, placesOfView(view), reductionOf(view, REDUCTIONS)),
  constants: (view) => constantValues(view, [DATA, UPDATES]),
  lower: (view, lowering) => addFixedScatter(view, lowering, placesOfView(view), reductionOf(view, REDUCTIONS)),
});

function scatterAxis(view: NodeView): number {
  const [indices, updates] = [view.type(INDICES).shape, view.type(UPDATES).shape];
  if (!sameShape(indices, updates))
    refuse(`input updates of shape [${updates}]; accepted: that of the indices, [${indices}]`);
  return elementsAxis(view);
}

const elementPlacesOf = (view: NodeView): Float64Array =>
  elementPlaces(view, scatterAxis(view), view.constant(INDICES) as FloatTensor);

/** Reductions of a scatter by indices that depend on the inputs. */
const BY_ONE_HOT: readonly Reduction[] = ["none", "add"];

/** Sums over the last axis of [.., m] that take, of all values, those of the columns that `takes` says; [.., outs]. */
function addSums(
  lowering: Lowering,
  input: TensorId,
  outs: number,
  takes: (out: number, column: number) => boolean,
  label: Label,
): TensorId {
  const columns = (lowering.builder.tensors[input] as GraphTensor).shape.at(-1) as number;
  const ones = Float64Array.from({ length: outs * columns }, (_, i) =>
    takes(Math.floor(i / columns), i % columns) ? 1 : 0,
  );
  return lowering.builder.addNode(
    {
      kind: "linear",
      op: "fullyConnected",
      from: [label.from],
      input,
      weights: makeConstant([outs, columns], ones),
      bias: null,
    },
    { name: label.name, exponent: 0 },
  );
}

const isZero = ({ builder }: Lowering, input: TensorId, { from, name }: Label): TensorId =>
  builder.addNode({ kind: "lookup", op: "isZero", from: [from], input }, { name, exponent: 0 });

const byOneHot: Operator = {
  infer(view) {
    assertScatter(view);
    reductionOf(view, BY_ONE_HOT);
    assertIndices(view, INDICES, view.type(DATA).shape[scatterAxis(view)] as number);
    return [view.type(DATA)];
  },
  fold: (view) => foldScatter(view, elementPlacesOf(view), reductionOf(view, BY_ONE_HOT)),
  constants: (view) => constantValues(view, [DATA, UPDATES]),
  lower(view, lowering) {
    const label = labelOf(view);
    const reduction = reductionOf(view, BY_ONE_HOT);
    const axis = scatterAxis(view);
    const { shape } = view.type(DATA);
    const size = shape[axis] as number;
    assertInside(lowering, INDICES, size);
    const { data, updates, exponent } = operandsOf(view, lowering);
    const { rows, columns } = axesLast(view.type(INDICES).shape, [axis]);
    const matrix = addMatrix(lowering, updates, axesLast(view.type(UPDATES).shape, [axis]), label);
    const column = reshaped(lowering, matrix, [rows, columns, 1], label.from);
    const old = reshaped(
      lowering,
      addIndexMap(lowering, data, dataRows(view, axis), label),
      [rows, size, 1],
      label.from,
    );
    // For each place of a row: which of the row's updates name it.
    const named = addTransposed(lowering, addElementRows(view, lowering, axis), label);
    const written = (chosen: TensorId): TensorId =>
      lowering.builder.addNode(
        { kind: "bilinear", op: "matMul", from: [label.from], a: chosen, b: column },
        { name: label.name, exponent },
      );
    let result: TensorId;
    if (reduction === "add") result = addSum(lowering, [old, written(named)], [1n, 1n], null, label);
    else {
      // An update is overwritten where a later one names the same place; the old value stays where none does.
      const later = addSums(lowering, named, columns, (update, other) => other > update, label);
      const last = addProduct(lowering, named, isZero(lowering, later, label), label);
      const untouched = isZero(
        lowering,
        addSums(lowering, named, 1, () => true, label),
        label,
      );
      const kept = addProduct(lowering, untouched, old, label);
      const sum = addSum(lowering, [kept, written(last)], [1n, 1n], null, label);
      const ranges = [data, updates].map((id) => lowering.builder.tensors[id] as GraphTensor);
      result = addIntegerClamp(view, lowering, sum, () => unionOf(ranges), label);
    }
    return addReturned(view, lowering, axis, data, result);
  },
};

/** [rows, m, n] -> [rows, n, m]. */
function addTransposed(lowering: Lowering, input: TensorId, label: Label): TensorId {
  const [rows, m, n] = (lowering.builder.tensors[input] as GraphTensor).shape as [number, number, number];
  const at = Float64Array.from({ length: rows * m * n }, (_, i) => {
    const [row, rest] = [Math.floor(i / (m * n)), i % (m * n)];
    return row * m * n + (rest % m) * n + Math.floor(rest / m);
  });
  return addIndexMap(lowering, input, { shape: [rows, n, m], indices: () => at }, label);
}

/** The data with the rows that updates refer to replaced by their results. */
function addReturned(view: NodeView, lowering: Lowering, axis: number, data: TensorId, result: TensorId): TensorId {
  const label = labelOf(view);
  const { shape } = view.type(DATA);
  const total = sizeOf(shape);
  const size = shape[axis] as number;
  const stride = stridesOf(shape)[axis] as number;
  const indices = Float64Array.from({ length: total }, (_, i) => i);
  rowStarts(view, axis).forEach((start, row) => {
    for (let place = 0; place < size; place++) indices[start + place * stride] = total + row * size + place;
  });
  return lowering.builder.addNode(
    {
      kind: "index",
      op: "gather",
      from: [label.from],
      inputs: [data, result],
      indices: makeConstant(shape, indices),
      fill: 0n,
    },
    { name: label.name, exponent: (lowering.builder.tensors[data] as GraphTensor).exponent },
  );
}

export const ScatterElements: Choice = (view) =>
  view.constant(INDICES) === undefined ? byOneHot : fixedScatter(elementPlacesOf);

/** For each value of the updates: the flat index of the place that its index tuple names. */
function tuplePlaces(view: NodeView): Float64Array {
  const { shape } = view.type(DATA);
  const indices = view.constant(INDICES) ?? refuse("input indices depends on the inputs; accepted: a constant");
  const length = indices.shape.at(-1) ?? 0;
  const expected = [...indices.shape.slice(0, -1), ...shape.slice(length)];
  const updates = view.type(UPDATES).shape;
  if (length > shape.length || !sameShape(updates, expected))
    refuse(`input updates of shape [${updates}] with indices of shape [${indices.shape}]; accepted: [${expected}]`);
  const starts = tupleStarts(indices, shape, 0);
  const inner = sizeOf(shape.slice(length));
  return Float64Array.from(
    { length: starts.length * inner },
    (_, i) => (starts[Math.floor(i / inner)] as number) + (i % inner),
  );
}

/** Where the slice begins that each tuple of indices names, in a value of this shape without its first axes. */
export function tupleStarts(indices: FloatTensor, shape: readonly number[], skipped: number): Float64Array {
  const length = indices.shape.at(-1) ?? 0;
  if (length < 1) refuse(`input indices of shape [${indices.shape}]; accepted: tuples of 1 or more`);
  const strides = stridesOf(shape);
  const starts = new Float64Array(indices.values.length / length);
  for (let k = 0; k < length; k++) {
    const axis = skipped + k;
    const column = indices.values.filter((_, i) => i % length === k);
    placesOf(column, shape[axis] as number).forEach((place, i) => {
      starts[i] = (starts[i] as number) + place * (strides[axis] as number);
    });
  }
  return starts;
}

export const ScatterND: Operator = fixedScatter(tuplePlaces);
