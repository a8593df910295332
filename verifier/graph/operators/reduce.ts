// SPDX-License-Identifier: GPL-3.0-or-later
// Reductions along axes and cumulative sums: sums with the exact weights 1, maxima in pairs, the rest made of those.
import { isFloatType, type FloatTensor } from "../../onnx/types.ts";
import { makeConstant } from "../constants.ts";
import type { TensorId } from "../types.ts";
import { addMatrix, axesFirst, axesLast, fromAxesLast, picked } from "./axes.ts";
import { addReduction, type Extremum } from "./compare-nodes.ts";
import { addIndexMap, assertShape, axisOf, integers } from "./index.ts";
import { reshaped } from "./linear.ts";
import { labelOf } from "./operands.ts";
import { ceilLog2 } from "./selection-network.ts";
import {
  int,
  ints,
  refuse,
  type Composite,
  type Expansion,
  type Lowering,
  type NodeView,
  type Operator,
} from "./types.ts";

/** Axes that are reduced, in increasing order; none where the node is told to leave its input alone. */
function reducedAxes(view: NodeView): readonly number[] {
  const { shape } = view.type(0);
  const given = integers(view, "axes", 1) ?? [];
  if (given.length === 0) return view.int("noop_with_empty_axes", 0) === 0 ? shape.map((_, axis) => axis) : [];
  const axes = given.map((axis) => axisOf(axis, shape.length)).sort((a, b) => a - b);
  if (new Set(axes).size !== axes.length) refuse(`axes [${given}]; accepted: each once`);
  return axes;
}

function reducedShape(view: NodeView): number[] {
  const axes = reducedAxes(view);
  const keep = view.int("keepdims", 1) !== 0;
  return view.type(0).shape.flatMap((dim, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [dim]));
}

/** A reduction: `fold` of each row of the values, `add` of a tensor [rows, columns] whose rows are reduced. */
const reduction = (
  fold: (values: Float64Array, from: number, count: number) => number,
  lower: (view: NodeView, lowering: Lowering, axes: readonly number[]) => TensorId,
  check: (view: NodeView) => void = () => {},
): Operator => ({
  infer(view) {
    check(view);
    const { type, shape } = view.type(0);
    assertShape(shape, false);
    return [{ type, shape: reducedShape(view) }];
  },
  fold(view) {
    const { type, shape } = view.type(0);
    const { map, rows, columns } = axesLast(shape, reducedAxes(view));
    const source = picked(view.constant(0) as FloatTensor, map);
    const values = new Float64Array(rows);
    for (let row = 0; row < rows; row++) values[row] = fold(source, row * columns, columns);
    return [{ type, shape: reducedShape(view), values }];
  },
  lower: (view, lowering) =>
    reshaped(lowering, lower(view, lowering, reducedAxes(view)), reducedShape(view), view.node.name),
});

function sumOf(values: Float64Array, from: number, count: number): number {
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += values[i] as number;
  return sum;
}

/** multiplier * sum along the axes, the exponent finer by `shift`. */
function addWeightedSum(
  view: NodeView,
  lowering: Lowering,
  axes: readonly number[],
  multiplier: number,
  shift: number,
) {
  const label = labelOf(view);
  const { id, tensor } = lowering.input(0);
  const matrix = axesLast(view.type(0).shape, axes);
  const { columns } = matrix;
  if (columns === 1 && multiplier === 1 && shift === 0) return id;
  const input = addMatrix(lowering, id, matrix, label);
  const weights = makeConstant([1, columns], new Float64Array(columns).fill(multiplier));
  return lowering.builder.addNode(
    { kind: "linear", op: "fullyConnected", from: [label.from], input, weights, bias: null },
    { name: label.name, exponent: tensor.exponent + shift },
  );
}

export const ReduceSum = reduction(sumOf, (view, lowering, axes) => addWeightedSum(view, lowering, axes, 1, 0));

/** Significant bits of 1/n: its relative error is at most 2^-16. */
const RECIPROCAL_BITS = 16;

/** 1/n = multiplier * 2^-shift: exact for a power of two, else rounded to RECIPROCAL_BITS bits. */
function reciprocal(n: number): { multiplier: number; shift: number } {
  let shift = ceilLog2(n) + RECIPROCAL_BITS - 1;
  let multiplier = Math.round(2 ** shift / n);
  while (multiplier % 2 === 0) {
    multiplier /= 2;
    shift--;
  }
  return { multiplier, shift };
}

export const ReduceMean = reduction(
  (values, from, count) => sumOf(values, from, count) / count,
  (view, lowering, axes) => {
    const { multiplier, shift } = reciprocal(axesLast(view.type(0).shape, axes).columns);
    return addWeightedSum(view, lowering, axes, multiplier, shift);
  },
  (view) => {
    const { type } = view.type(0);
    if (!isFloatType(type)) refuse(`a mean of ${type}; accepted: a float type`);
  },
);

const reduceExtremum = (op: Extremum, of: (a: number, b: number) => number): Operator =>
  reduction(
    (values, from, count) => {
      let best = values[from] as number;
      for (let i = from + 1; i < from + count; i++) best = of(best, values[i] as number);
      return best;
    },
    (view, lowering, axes) => {
      const label = labelOf(view);
      const input = addMatrix(lowering, lowering.input(0).id, axesFirst(view.type(0).shape, axes), label);
      return addReduction(lowering.builder, op, input, label);
    },
  );

export const ReduceMax = reduceExtremum("maximum", Math.max);
export const ReduceMin = reduceExtremum("minimum", Math.min);

/** An inner reduction of a value along the axes of the node that is expanded; the value itself where there are none. */
function addReduce(view: NodeView, expansion: Expansion, operator: string, value: string, keep?: true): string {
  const axes = reducedAxes(view);
  if (axes.length === 0) return value;
  const keepdims = keep === true ? 1 : view.int("keepdims", 1);
  const list = expansion.constant(axes, [axes.length], "int64");
  return expansion.node(operator, [value, list], { keepdims: int(keepdims) });
}

/** A reduction by sum of some function of the values, and a function of the sum. */
const ofSum = (
  before: (x: string, expansion: Expansion) => string,
  after: (sum: string, expansion: Expansion) => string = (sum) => sum,
): Composite => ({
  expand(view, expansion) {
    const value = before(view.node.inputs[0] as string, expansion);
    expansion.output(0, after(addReduce(view, expansion, "ReduceSum", value), expansion));
  },
});

const square = (x: string, expansion: Expansion): string => expansion.node("Mul", [x, x]);

export const ReduceSumSquare = ofSum(square);
export const ReduceL1 = ofSum((x, expansion) => expansion.node("Abs", [x]));
export const ReduceL2 = ofSum(square, (sum, expansion) => expansion.node("Sqrt", [sum]));
export const ReduceLogSum = ofSum(
  (x) => x,
  (sum, expansion) => expansion.node("Log", [sum]),
);

/** m + log(sum(exp(x - m))) with m the maximum: no exponential exceeds 1. */
export const ReduceLogSumExp: Composite = {
  expand(view, expansion) {
    const x = view.node.inputs[0] as string;
    const most = addReduce(view, expansion, "ReduceMax", x, true);
    const exponentials = expansion.node("Exp", [expansion.node("Sub", [x, most])]);
    const log = expansion.node("Log", [addReduce(view, expansion, "ReduceSum", exponentials, true)]);
    const kept = expansion.node("Add", [log, most]);
    const shape = reducedShape(view);
    expansion.output(0, expansion.node("Reshape", [kept, expansion.constant(shape, [shape.length], "int64")]));
  },
};

/** A product of more values than this is refused: its exponent grows with each. */
const MAX_FACTORS = 64;

/** The product of all values along the axes, in pairs. */
export const ReduceProd: Composite = {
  expand(view, expansion) {
    const { shape } = view.type(0);
    const axes = reducedAxes(view);
    const { rows, columns } = axesFirst(shape, axes);
    if (rows > MAX_FACTORS) refuse(`a product of ${rows} values; accepted: up to ${MAX_FACTORS}`);
    const others = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
    const dims = (list: readonly number[]): string => expansion.constant(list, [list.length], "int64");
    const moved = expansion.node("Transpose", [view.node.inputs[0] as string], { perm: ints([...axes, ...others]) });
    const matrix = expansion.node("Reshape", [moved, dims([rows, columns])]);
    let level: readonly string[] =
      rows === 1 ? [matrix] : expansion.nodes("Split", [matrix], { axis: int(0), num_outputs: int(rows) }, rows);
    while (level.length > 1) {
      level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
        const [a, b] = level.slice(2 * i, 2 * i + 2) as [string, string?];
        return b === undefined ? a : expansion.node("Mul", [a, b]);
      });
    }
    expansion.output(0, expansion.node("Reshape", [level[0] as string, dims(reducedShape(view))]));
  },
};

/** A longer axis of a cumulative sum is refused: its weights are a matrix of that size. */
const MAX_CUMULATED = 4096;

function cumulativeAxis(view: NodeView): number {
  const axis = integers(view, "axis", 1) ?? refuse("input axis is missing");
  if (axis.length !== 1) refuse(`input axis [${axis}]; accepted: one axis`);
  return axisOf(axis[0] as number, view.type(0).shape.length);
}

/** Which values of a row the sum at i takes. */
function summands(view: NodeView): (i: number, j: number) => boolean {
  const exclusive = view.int("exclusive", 0) !== 0;
  const reverse = view.int("reverse", 0) !== 0;
  return (i, j) => (i === j ? !exclusive : reverse ? j > i : j < i);
}

export const CumSum: Operator = {
  infer(view) {
    const { type, shape } = view.type(0);
    const dim = shape[cumulativeAxis(view)] as number;
    if (view.constant(0) === undefined && dim > MAX_CUMULATED)
      refuse(`an axis of size ${dim}; accepted: up to ${MAX_CUMULATED}`);
    return [{ type, shape }];
  },
  fold(view) {
    const { type, shape } = view.type(0);
    const axes = [cumulativeAxis(view)];
    const { map, rows, columns } = axesLast(shape, axes);
    const source = picked(view.constant(0) as FloatTensor, map);
    const sums = new Float64Array(source.length);
    const exclusive = view.int("exclusive", 0) !== 0;
    const reverse = view.int("reverse", 0) !== 0;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) {
        const i = row * columns + (reverse ? columns - 1 - k : k);
        if (!exclusive) sum += source[i] as number;
        sums[i] = sum;
        if (exclusive) sum += source[i] as number;
      }
    }
    return [{ type, shape, values: picked({ type, shape, values: sums }, fromAxesLast(shape, axes)) }];
  },
  lower(view, lowering) {
    const label = labelOf(view);
    const { shape } = view.type(0);
    const axes = [cumulativeAxis(view)];
    const { id, tensor } = lowering.input(0);
    const matrix = axesLast(shape, axes);
    const { columns } = matrix;
    const takes = summands(view);
    const ones = Float64Array.from({ length: columns ** 2 }, (_, k) =>
      takes(Math.floor(k / columns), k % columns) ? 1 : 0,
    );
    const input = addMatrix(lowering, id, matrix, label);
    const weights = makeConstant([columns, columns], ones);
    const sums = lowering.builder.addNode(
      { kind: "linear", op: "fullyConnected", from: [label.from], input, weights, bias: null },
      { name: label.name, exponent: tensor.exponent },
    );
    return addIndexMap(lowering, sums, fromAxesLast(shape, axes), label);
  },
};
