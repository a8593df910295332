// SPDX-License-Identifier: GPL-3.0-or-later
// ArgMax, ArgMin, TopK and Hardmax. A value x at index i becomes the key x * 2^s + (a number that decides ties by i):
// keys are distinct, the greatest are selected by comparisons, and the key gives both the value and its index back.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import { addMatrix, axesFirst, axesLast, fromAxesLast, picked } from "./axes.ts";
import { addMaximum, addMinimum, type Label } from "./compare-nodes.ts";
import { addIndexMap, assertShape, axisOf, integers } from "./index.ts";
import { reshaped } from "./linear.ts";
import { addSum, labelOf } from "./operands.ts";
import { addRequantize } from "./quantize.ts";
import { ceilLog2, selectionNetwork } from "./selection-network.ts";
import { int, refuse, type Composite, type Lowering, type NodeView, type Operator, type ValueType } from "./types.ts";

/** Longest axis whose best value is looked for, and whose best values are. */
const MAX_SEARCHED = 2 ** 16;
const MAX_SORTED = 2 ** 12;

/** What is asked of each row: its k greatest or smallest, ties by the lower or the higher index first. */
interface Ranking {
  readonly axis: number;
  readonly k: number;
  readonly largest: boolean;
  readonly lowerFirst: boolean;
}

function assertRanking(view: NodeView, { axis, k }: Ranking): void {
  const { shape } = view.type(0);
  const dim = shape[axis] as number;
  if (!(k >= 1 && k <= dim)) refuse(`k = ${k} of an axis of size ${dim}; accepted: 1 to ${dim}`);
  const most = k === 1 ? MAX_SEARCHED : MAX_SORTED;
  if (view.constant(0) === undefined && dim > most) refuse(`an axis of size ${dim}; accepted: up to ${most}`);
}

/** Values and indices of the ranking, each under [rows, k]. */
function rank(view: NodeView, { axis, k, largest, lowerFirst }: Ranking): { values: Float64Array; at: Float64Array } {
  const { map, rows, columns } = axesLast(view.type(0).shape, [axis]);
  const source = picked(view.constant(0) as FloatTensor, map);
  const values = new Float64Array(rows * k);
  const at = new Float64Array(rows * k);
  const sign = largest ? 1 : -1;
  const tie = lowerFirst ? 1 : -1;
  const order = Array.from({ length: columns }, (_, i) => i);
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    const best =
      k === 1
        ? [order.reduce((a, b) => (before(a, b) ? a : b))]
        : order.toSorted((a, b) => (before(a, b) ? -1 : 1)).slice(0, k);
    best.forEach((i, r) => {
      values[row * k + r] = source[from + i] as number;
      at[row * k + r] = i;
    });
    function before(a: number, b: number): boolean {
      const difference = sign * ((source[from + a] as number) - (source[from + b] as number));
      return difference === 0 ? tie * (a - b) < 0 : difference > 0;
    }
  }
  return { values, at };
}

/** Rows of tensors [.., K], each under a position; a layer reads those that it compares and replaces them. */
type Rows = readonly { readonly tensor: TensorId; readonly row: number }[];

/** Some rows of a few tensors, one after the other. */
function addRows({ builder }: Lowering, rows: Rows, label: Label): TensorId {
  const inputs = [...new Set(rows.map(({ tensor }) => tensor))];
  const shapes = inputs.map((id) => (builder.tensors[id] as GraphTensor).shape as [number, number]);
  const inner = (shapes[0] as [number, number])[1];
  const starts = inputs.map((_, i) => shapes.slice(0, i).reduce((sum, shape) => sum + sizeOf(shape), 0));
  const firsts = rows.map(({ tensor, row }) => (starts[inputs.indexOf(tensor)] as number) + row * inner);
  const indices = new Float64Array(rows.length * inner);
  for (let i = 0; i < indices.length; i++) indices[i] = (firsts[Math.floor(i / inner)] as number) + (i % inner);
  const { exponent } = builder.tensors[inputs[0] as TensorId] as GraphTensor;
  return builder.addNode(
    {
      kind: "index",
      op: "gather",
      from: [label.from],
      inputs,
      indices: makeConstant([rows.length, inner], indices),
      fill: 0n,
    },
    { name: label.name, exponent },
  );
}

/** The k greatest along the first axis of [n, K], in descending order: [k, K]. */
function addSelection(lowering: Lowering, input: TensorId, k: number, label: Label): TensorId {
  const [n] = (lowering.builder.tensors[input] as GraphTensor).shape as [number];
  const rows = Array.from({ length: n }, (_, row) => ({ tensor: input, row }));
  for (const layer of selectionNetwork(n, k)) {
    const ends = (end: "high" | "low", add: typeof addMaximum) => {
      const compared = layer.filter((comparator) => comparator[end]);
      if (compared.length === 0) return [];
      const side = (key: "i" | "j"): TensorId =>
        addRows(
          lowering,
          compared.map((comparator) => rows[comparator[key]] as Rows[number]),
          label,
        );
      const tensor = add(lowering.builder, side("i"), side("j"), label);
      return compared.map((comparator, row) => ({ at: end === "high" ? comparator.i : comparator.j, tensor, row }));
    };
    for (const { at, ...row } of [...ends("high", addMaximum), ...ends("low", addMinimum)]) rows[at] = row;
  }
  return addRows(lowering, rows.slice(0, k), label);
}

/** Values and indices of a ranking as tensors [k, K]. */
function addRanking(view: NodeView, lowering: Lowering, { axis, k, largest, lowerFirst }: Ranking) {
  const { builder } = lowering;
  const label = labelOf(view);
  const { id, tensor } = lowering.input(0);
  const matrix = axesFirst(view.type(0).shape, [axis]);
  const [n, inner] = [matrix.rows, matrix.columns];
  const bits = Math.max(1, ceilLog2(n));
  const places = 2 ** bits;
  // Of equal values, the one that is preferred has the greater tie-break.
  const tie = (i: number): number => (lowerFirst ? places - 1 - i : i);
  const ties = Float64Array.from({ length: n * inner }, (_, p) => tie(Math.floor(p / inner)));
  const multipliers = [BigInt(largest ? places : -places)];
  const constant = makeConstant([n, inner], ties);
  const inputs = [addMatrix(lowering, id, matrix, label)];
  const keys = builder.addNode(
    { kind: "linear", op: "weightedSum", from: [label.from], inputs, multipliers, constant },
    { name: label.name, exponent: tensor.exponent + bits },
  );
  const best = addSelection(lowering, keys, k, label);
  // floor(key / 2^s) is the value: a requantization rounds half up, so half is taken off first.
  const half = makeConstant([k, inner], new Float64Array(k * inner).fill(-(2 ** (bits - 1))));
  const [lo, hi] = largest ? [tensor.lo, tensor.hi] : [-tensor.hi, -tensor.lo];
  const lowered = addSum(lowering, [best], [1n], half, label);
  const exponent = tensor.exponent;
  const found = addRequantize(builder, lowered, { from: label.from, name: label.name, exponent, clamp: { lo, hi } });
  const values = largest ? found : addSum(lowering, [found], [-1n], null, label);
  // The rest is the tie-break. Its range is proven by a clamp, since nothing else shows that the rest is small.
  const rest = builder.addNode(
    {
      kind: "linear",
      op: "weightedSum",
      from: [label.from],
      inputs: [best, found],
      multipliers: lowerFirst ? [-1n, BigInt(places)] : [1n, BigInt(-places)],
      constant: makeConstant([k, inner], new Float64Array(k * inner).fill(lowerFirst ? places - 1 : 0)),
    },
    { name: label.name, exponent: 0 },
  );
  const clamp = { lo: 0n, hi: BigInt(n - 1) };
  const indices = addRequantize(builder, rest, { from: label.from, name: label.name, exponent: 0, clamp });
  return { values, indices };
}

const argRanking = (view: NodeView, largest: boolean): Ranking => ({
  axis: axisOf(view.int("axis", 0), view.type(0).shape.length),
  k: 1,
  largest,
  lowerFirst: view.int("select_last_index", 0) === 0,
});

function argShape(view: NodeView, { axis }: Ranking): number[] {
  const { shape } = view.type(0);
  return view.int("keepdims", 1) === 0 ? shape.toSpliced(axis, 1) : shape.with(axis, 1);
}

/** The index of the greatest or smallest of each row. */
const argExtremum = (largest: boolean): Operator => ({
  infer(view) {
    const ranking = argRanking(view, largest);
    assertRanking(view, ranking);
    return [{ type: "int64", shape: argShape(view, ranking) }];
  },
  fold(view) {
    const ranking = argRanking(view, largest);
    return [{ type: "int64", shape: argShape(view, ranking), values: rank(view, ranking).at }];
  },
  lower(view, lowering) {
    const ranking = argRanking(view, largest);
    const { indices } = addRanking(view, lowering, ranking);
    return reshaped(lowering, indices, argShape(view, ranking), view.node.name);
  },
});

export const ArgMax = argExtremum(true);
export const ArgMin = argExtremum(false);

function topRanking(view: NodeView): Ranking {
  const k = view.opset < 10 ? [view.int("k", 0)] : (integers(view, "k", 1) ?? refuse("input k is missing"));
  if (k.length !== 1) refuse(`input k [${k}]; accepted: one count`);
  const { shape } = view.type(0);
  return {
    axis: axisOf(view.int("axis", -1), shape.length),
    k: k[0] as number,
    largest: view.int("largest", 1) !== 0,
    lowerFirst: true,
  };
}

/** Values and indices; sorted, whether asked for or not. */
export const TopK: Operator = {
  infer(view): ValueType[] {
    const ranking = topRanking(view);
    assertRanking(view, ranking);
    const { type, shape } = view.type(0);
    assertShape(shape, false);
    const top = shape.with(ranking.axis, ranking.k);
    return [
      { type, shape: top },
      { type: "int64", shape: top },
    ];
  },
  fold(view) {
    const ranking = topRanking(view);
    const { values, at } = rank(view, ranking);
    const [first, second] = TopK.infer(view) as [ValueType, ValueType];
    const back = fromAxesLast(first.shape, [ranking.axis]);
    return [
      { ...first, values: picked({ ...first, values }, back) },
      { ...second, values: picked({ ...second, values: at }, back) },
    ];
  },
  lower(view, lowering) {
    const ranking = topRanking(view);
    const { values, indices } = addRanking(view, lowering, ranking);
    const { shape } = view.type(0);
    const top = shape.with(ranking.axis, ranking.k);
    return [values, indices].map((tensor, i) => {
      const label = { from: view.node.name, name: view.node.outputs[i] ?? labelOf(view).name };
      return addIndexMap(lowering, tensor, fromAxesFirst(top, ranking.axis), label);
    });
  },
};

/** From [axis, all others] back to a shape. */
function fromAxesFirst(shape: readonly number[], axis: number) {
  const others = shape.flatMap((_, a) => (a === axis ? [] : [a]));
  return fromAxesLast(shape, others);
}

/** 1 at the first greatest value of each row, 0 elsewhere; before opset 13 all axes from `axis` on are one row. */
export const Hardmax: Composite = {
  expand(view, expansion) {
    const { shape, type } = view.type(0);
    const axis = axisOf(view.int("axis", view.opset < 13 ? 1 : -1), shape.length);
    const dims = (list: readonly number[]): string => expansion.constant(list, [list.length], "int64");
    const oneHot = (x: string, along: number, depth: number): string => {
      const best = expansion.node("ArgMax", [x], { axis: int(along), keepdims: int(0) });
      const values = expansion.constant([0, 1], [2], type);
      return expansion.node("OneHot", [best, dims([depth]), values], { axis: int(along) });
    };
    const x = view.node.inputs[0] as string;
    if (view.opset >= 13) return expansion.output(0, oneHot(x, axis, shape[axis] as number));
    const [rows, columns] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))];
    const flat = oneHot(expansion.node("Reshape", [x, dims([rows, columns])]), 1, columns);
    expansion.output(0, expansion.node("Reshape", [flat, dims(shape)]));
  },
};
