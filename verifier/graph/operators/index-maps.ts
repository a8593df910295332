// SPDX-License-Identifier: GPL-3.0-or-later
// Transpose, Squeeze, Unsqueeze, Split, Slice, Gather, Pad, Expand and Tile, each as an index map.
import { broadcastShape } from "./broadcast.ts";
import {
  axisOf,
  broadcastMap,
  indexOperator,
  integers,
  needIntegers,
  separable,
  stridesOf,
  type IndexMap,
} from "./index.ts";
import { refuse, type NodeView } from "./types.ts";

const isPermutation = (list: readonly number[]): boolean =>
  new Set(list).size === list.length && list.every((axis) => axis >= 0 && axis < list.length);

export const Transpose = indexOperator((view) => {
  const { shape } = view.type(0);
  const perm = integers(view, "perm", 1) ?? shape.map((_, axis) => shape.length - 1 - axis);
  if (perm.length !== shape.length || !isPermutation(perm))
    refuse(`attribute perm = [${perm}] for a value of shape [${shape}]; accepted: a permutation of its axes`);
  const strides = stridesOf(shape);
  return [
    separable(
      perm.map((axis) => shape[axis] as number),
      perm.map((axis) => (i) => i * (strides[axis] as number)),
    ),
  ];
});

/** Distinct axes of a value of this rank. */
function axesOf(given: readonly number[], rank: number): readonly number[] {
  const axes = given.map((axis) => axisOf(axis, rank));
  if (new Set(axes).size !== axes.length) refuse(`axes [${given}]; accepted: each once`);
  return axes;
}

const identity = (shape: readonly number[]): IndexMap => ({ shape, indices: () => null });

export const Squeeze = indexOperator((view) => {
  const { shape } = view.type(0);
  const given = integers(view, "axes", 1);
  const axes = given === undefined ? null : axesOf(given, shape.length);
  if (axes?.some((axis) => shape[axis] !== 1) === true)
    refuse(`axes [${given}] of a value of shape [${shape}]; accepted: axes of size 1`);
  return [identity(shape.filter((dim, axis) => (axes === null ? dim !== 1 : !axes.includes(axis))))];
});

export const Unsqueeze = indexOperator((view) => {
  const { shape } = view.type(0);
  const given = needIntegers(view, "axes", 1);
  const rank = shape.length + given.length;
  const axes = axesOf(given, rank);
  const dims = shape.values();
  return [
    identity(Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (dims.next().value as number)))),
  ];
});

/** The part of a value that has `count` entries of one axis, from `start` on in steps. */
function along(shape: readonly number[], axes: readonly { start: number; step: number; count: number }[]): IndexMap {
  const strides = stridesOf(shape);
  return separable(
    axes.map(({ count }) => count),
    axes.map(
      ({ start, step }, axis) =>
        (i) =>
          (start + i * step) * (strides[axis] as number),
    ),
  );
}

const whole = (shape: readonly number[]) => shape.map((count) => ({ start: 0, step: 1, count }));

export const Split = indexOperator((view) => {
  const { shape } = view.type(0);
  const { outputs } = view.node;
  const axis = axisOf(view.int("axis", 0), shape.length);
  const dim = shape[axis] as number;
  const sizes = integers(view, "split", 1) ?? equalParts(view, dim, outputs.length);
  if (sizes.length !== outputs.length || sizes.some((size) => size < 0) || sizes.reduce((a, b) => a + b, 0) !== dim)
    refuse(`split [${sizes}] of an axis of size ${dim} into ${outputs.length} outputs`);
  let start = 0;
  return sizes.map((count) => {
    const part = along(shape, whole(shape).with(axis, { start, step: 1, count }));
    start += count;
    return part;
  });
});

/** Equal parts; from opset 18 on the last one may be smaller. */
function equalParts(view: NodeView, dim: number, parts: number): number[] {
  const size = Math.ceil(dim / parts);
  if (view.int("num_outputs", parts) !== parts)
    refuse(`attribute num_outputs; accepted: ${parts}, as there are outputs`);
  if (view.opset < 18 && size * parts !== dim) refuse(`an axis of size ${dim} into ${parts} equal parts`);
  return Array.from({ length: parts }, (_, i) => (i < parts - 1 ? size : dim - size * (parts - 1)));
}

export const Slice = indexOperator((view) => {
  const { shape } = view.type(0);
  const starts = needIntegers(view, "starts", 1);
  const ends = needIntegers(view, "ends", 2);
  const axes = axesOf(integers(view, "axes", 3) ?? starts.map((_, i) => i), shape.length);
  const steps = integers(view, "steps", 4) ?? starts.map(() => 1);
  if ([ends, axes, steps].some((list) => list.length !== starts.length))
    refuse("starts, ends, axes and steps differ in length");
  if (steps.includes(0)) refuse("a step of 0");
  const parts = whole(shape);
  axes.forEach((axis, k) => {
    const dim = shape[axis] as number;
    const step = steps[k] as number;
    const [least, most] = step > 0 ? [0, dim] : [-1, dim - 1];
    const clamp = (given: number, floor: number): number =>
      Math.min(most, Math.max(floor, given < 0 ? given + dim : given));
    const start = clamp(starts[k] as number, 0);
    const count = Math.max(0, Math.ceil((clamp(ends[k] as number, least) - start) / step));
    parts[axis] = { start, step: count > 1 ? step : 1, count };
  });
  return [along(shape, parts)];
});

/** Which entry of an axis of size `dim` stands at i, which may lie outside; -1 for the fill. */
const PADDING: Readonly<Record<string, (i: number, dim: number) => number>> = {
  constant: (i, dim) => (i >= 0 && i < dim ? i : -1),
  edge: (i, dim) => Math.min(dim - 1, Math.max(0, i)),
  reflect: (i, dim) => (i < 0 ? -i : i < dim ? i : 2 * (dim - 1) - i),
};

export const Pad = indexOperator((view) => {
  const { shape } = view.type(0);
  const mode = view.attribute("mode");
  const name = mode?.kind === "string" ? mode.value : "constant";
  const at = Object.hasOwn(PADDING, name) ? PADDING[name] : undefined;
  if (at === undefined) return refuse(`attribute mode = ${name}; accepted: ${Object.keys(PADDING).join(", ")}`);
  const axes = axesOf(integers(view, "axes", 3) ?? shape.map((_, axis) => axis), shape.length);
  const pads = needIntegers(view, "pads", 1);
  if (pads.length !== 2 * axes.length) refuse(`pads [${pads}] of ${axes.length} axes`);
  const begin = shape.map((_, axis) => pads[axes.indexOf(axis)] ?? 0);
  const end = shape.map((_, axis) => (axes.includes(axis) ? (pads[axes.length + axes.indexOf(axis)] as number) : 0));
  if (name === "reflect" && shape.some((dim, axis) => Math.max(begin[axis] as number, end[axis] as number) >= dim))
    refuse(`pads [${pads}] with mode reflect; accepted: less than the size of the axis`);
  if (view.has(2) && view.constant(2) === undefined)
    refuse("input constant_value depends on the inputs; accepted: a constant");
  const strides = stridesOf(shape);
  return [
    separable(
      shape.map((dim, axis) => Math.max(0, dim + (begin[axis] as number) + (end[axis] as number))),
      shape.map((dim, axis) => (i) => {
        const source = at(i - (begin[axis] as number), dim);
        return source < 0 ? -1 : source * (strides[axis] as number);
      }),
      view.constant(2)?.values[0] ?? view.float("value", 0),
    ),
  ];
});

export const Expand = indexOperator((view) => {
  const { shape } = view.type(0);
  return [broadcastMap(shape, broadcastShape(shape, needIntegers(view, "shape", 1)))];
});

export const Tile = indexOperator((view) => {
  const { shape } = view.type(0);
  const repeats = needIntegers(view, "repeats", 1);
  if (repeats.length !== shape.length || repeats.some((count) => count < 0))
    refuse(`input repeats [${repeats}] for a value of shape [${shape}]; accepted: one count an axis`);
  const strides = stridesOf(shape);
  return [
    separable(
      shape.map((dim, axis) => dim * (repeats[axis] as number)),
      shape.map((dim, axis) => (i) => (i % dim) * (strides[axis] as number)),
    ),
  ];
});
