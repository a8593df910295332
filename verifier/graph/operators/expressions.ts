// SPDX-License-Identifier: GPL-3.0-or-later
// Small words for what composite operators write again and again. Values are names; ai.onnx of the newest operator set.
import { int, ints, type Expansion } from "./types.ts";

/** A constant list of integers: a shape, axes, bounds. */
export const integerList = (expansion: Expansion, values: readonly number[]): string =>
  expansion.constant(values, [values.length], "int64");

/** A real constant that broadcasts to anything. */
export const scalar = (expansion: Expansion, value: number): string => expansion.constant([value], []);

export const shapeOf = (expansion: Expansion, value: string): readonly number[] => expansion.type(value).shape;

/** The value under another shape; itself where the shape is its own. */
export function reshape(expansion: Expansion, value: string, shape: readonly number[]): string {
  const own = shapeOf(expansion, value);
  if (own.length === shape.length && own.every((dim, axis) => dim === shape[axis])) return value;
  return expansion.node("Reshape", [value, integerList(expansion, shape)]);
}

export const transpose = (expansion: Expansion, value: string, perm: readonly number[]): string =>
  expansion.node("Transpose", [value], { perm: ints(perm) });

/** The part [start, end) of an axis. */
export const slice = (expansion: Expansion, value: string, axis: number, start: number, end: number): string =>
  expansion.node("Slice", [value, ...[start, end, axis].map((bound) => integerList(expansion, [bound]))]);

/** Concatenates on an axis; the value itself where there is one only. */
export const concat = (expansion: Expansion, values: readonly string[], axis: number): string =>
  values.length === 1 ? (values[0] as string) : expansion.node("Concat", values, { axis: int(axis) });

/** ReduceMean, ReduceMax and so on; the axes stay, with size 1. */
export const reduce = (expansion: Expansion, operator: string, value: string, axes: readonly number[]): string =>
  expansion.node(operator, [value, integerList(expansion, axes)], { keepdims: int(1) });

export const add = (expansion: Expansion, a: string, b: string): string => expansion.node("Add", [a, b]);
export const subtract = (expansion: Expansion, a: string, b: string): string => expansion.node("Sub", [a, b]);
export const multiply = (expansion: Expansion, a: string, b: string): string => expansion.node("Mul", [a, b]);

/** The value times a real number; itself where that is 1. */
export const scaled = (expansion: Expansion, value: string, factor: number): string =>
  factor === 1 ? value : multiply(expansion, value, scalar(expansion, factor));

/** 1 / sqrt(value), one look-up. */
export const inverseRoot = (expansion: Expansion, value: string): string =>
  expansion.node("Pow", [value, scalar(expansion, -0.5)]);
