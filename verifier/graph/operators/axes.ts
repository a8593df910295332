// SPDX-License-Identifier: GPL-3.0-or-later
// Some axes of a value brought to its end or to its front, as a matrix, and back: how sums and maxima run along them.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import type { TensorId } from "../types.ts";
import type { Label } from "./compare-nodes.ts";
import { addIndexMap, separable, stridesOf, type IndexMap } from "./index.ts";
import type { Lowering } from "./types.ts";

/** A value under the axes `order`, read as a matrix of two groups of axes. */
export interface Matrix {
  readonly map: IndexMap;
  readonly rows: number;
  readonly columns: number;
}

const complement = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));

const sizeAlong = (shape: readonly number[], axes: readonly number[]): number =>
  sizeOf(axes.map((axis) => shape[axis] as number));

function matrix(shape: readonly number[], rowAxes: readonly number[], columnAxes: readonly number[]): Matrix {
  const strides = stridesOf(shape);
  const order = [...rowAxes, ...columnAxes];
  const moves = order.some((axis, i) => axis !== i);
  const [rows, columns] = [sizeAlong(shape, rowAxes), sizeAlong(shape, columnAxes)];
  const indices = (): Float64Array | null => {
    if (!moves) return null;
    const dims = order.map((axis) => shape[axis] as number);
    const offsets = order.map((axis) => (i: number) => i * (strides[axis] as number));
    return separable(dims, offsets).indices();
  };
  return { map: { shape: [rows, columns], indices }, rows, columns };
}

/** The axes at the end: [all others, axes]. */
export const axesLast = (shape: readonly number[], axes: readonly number[]): Matrix =>
  matrix(shape, complement(shape, axes), axes);

/** The axes at the front: [axes, all others]. */
export const axesFirst = (shape: readonly number[], axes: readonly number[]): Matrix =>
  matrix(shape, axes, complement(shape, axes));

/** From the matrix of axesLast back to the shape that it came from. */
export function fromAxesLast(shape: readonly number[], axes: readonly number[]): IndexMap {
  const order = [...complement(shape, axes), ...axes];
  const strides = stridesOf(order.map((axis) => shape[axis] as number));
  const offsets = shape.map((_, axis) => (i: number) => i * (strides[order.indexOf(axis)] as number));
  const moves = order.some((axis, i) => axis !== i);
  return { shape, indices: () => (moves ? separable(shape, offsets).indices() : null) };
}

/** The values of a constant, as a map picks them. */
export function picked({ values }: FloatTensor, { indices }: IndexMap): Float64Array {
  return indices()?.map((index) => values[index] as number) ?? values;
}

/** The matrix of a tensor. */
export const addMatrix = (lowering: Lowering, input: TensorId, { map }: Matrix, label: Label): TensorId =>
  addIndexMap(lowering, input, map, label);
