// SPDX-License-Identifier: GPL-3.0-or-later
// Softmax and the normalizations, in terms of sums, products and look-ups. A deviation from the mean is divided by one
// look-up, 1 / sqrt(variance + epsilon): a root and then a reciprocal would round twice.
import { sizeOf } from "../../tensor/spec.ts";
import { add, inverseRoot, multiply, reduce, reshape, scalar, subtract } from "./expressions.ts";
import { axisOf } from "./index.ts";
import { int, refuse, type Composite, type Expansion, type NodeView } from "./types.ts";

/** All axes from `first` on. */
const axesFrom = (first: number, rank: number): number[] => Array.from({ length: rank - first }, (_, i) => first + i);

/** Over one axis; before opset 13 over all axes from the given one on, as if they were one. */
function overAxis(view: NodeView, expansion: Expansion, write: (x: string, axis: number) => string): void {
  const [x] = view.node.inputs as [string];
  const { shape } = view.type(0);
  if (shape.length === 0) refuse("an input of rank 0; accepted: rank 1 or more");
  const axis = axisOf(view.int("axis", view.opset < 13 ? 1 : -1), shape.length);
  if (view.opset >= 13) return expansion.output(0, write(x, axis));
  const flat = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))];
  expansion.output(0, reshape(expansion, write(reshape(expansion, x, flat), 1), shape));
}

/** What is left below the largest value: the operand of an exponential that is at most 1. */
const belowMaximum = (expansion: Expansion, x: string, axis: number): string =>
  subtract(expansion, x, reduce(expansion, "ReduceMax", x, [axis]));

/** exp(x - max) / sum(exp(x - max)): the divisor lies between 1 and the number of values. */
export function softmax(expansion: Expansion, x: string, axis: number): string {
  const powers = expansion.node("Exp", [belowMaximum(expansion, x, axis)]);
  const total = reduce(expansion, "ReduceSum", powers, [axis]);
  return multiply(expansion, powers, expansion.node("Reciprocal", [total]));
}

export const Softmax: Composite = {
  expand: (view, expansion) => overAxis(view, expansion, (x, axis) => softmax(expansion, x, axis)),
};

/** x - max - log(sum(exp(x - max))) */
export const LogSoftmax: Composite = {
  expand: (view, expansion) =>
    overAxis(view, expansion, (x, axis) => {
      const below = belowMaximum(expansion, x, axis);
      const total = reduce(expansion, "ReduceSum", expansion.node("Exp", [below]), [axis]);
      return subtract(expansion, below, expansion.node("Log", [total]));
    }),
};

interface Normalized {
  readonly mean: string;
  /** 1 / sqrt(variance + epsilon) */
  readonly inverse: string;
  readonly values: string;
}

/** (x - mean) / sqrt(variance + epsilon), mean and variance over the axes. */
function normalized(expansion: Expansion, x: string, axes: readonly number[], epsilon: number): Normalized {
  const mean = reduce(expansion, "ReduceMean", x, axes);
  const deviation = subtract(expansion, x, mean);
  const { inverse, values } = divided(expansion, deviation, axes, epsilon);
  return { mean, inverse, values };
}

/** x / sqrt(mean(x^2) + epsilon) over the axes. */
function divided(expansion: Expansion, x: string, axes: readonly number[], epsilon: number) {
  const square = reduce(expansion, "ReduceMean", multiply(expansion, x, x), axes);
  const inverse = inverseRoot(expansion, epsilon === 0 ? square : add(expansion, square, scalar(expansion, epsilon)));
  return { inverse, values: multiply(expansion, x, inverse) };
}

/** Refuses an epsilon without which a variance of 0 would have no inverse. */
function epsilonOf(view: NodeView): number {
  const epsilon = view.float("epsilon", 1e-5);
  return Number.isFinite(epsilon) && epsilon > 0
    ? epsilon
    : refuse(`attribute epsilon = ${epsilon}; accepted: above 0`);
}

/** Code of float32 in attributes. */
const FLOAT = 1;

const nameOf = (view: NodeView, i: number): string => view.node.inputs[i] as string;

export const LayerNormalization: Composite = {
  expand(view, expansion) {
    const { shape } = view.type(0);
    const axes = axesFrom(axisOf(view.int("axis", -1), shape.length), shape.length);
    const { mean, inverse, values } = normalized(expansion, nameOf(view, 0), axes, epsilonOf(view));
    const scaled = multiply(expansion, values, nameOf(view, 1));
    expansion.output(0, view.has(2) ? add(expansion, scaled, nameOf(view, 2)) : scaled);
    expansion.output(1, mean);
    expansion.output(2, inverse);
  },
};

export const RMSNormalization: Composite = {
  expand(view, expansion) {
    const { shape } = view.type(0);
    const axes = axesFrom(axisOf(view.int("axis", -1), shape.length), shape.length);
    const { values } = divided(expansion, nameOf(view, 0), axes, epsilonOf(view));
    expansion.output(0, multiply(expansion, values, nameOf(view, 1)));
  },
};

/** A scale or bias of one value a channel, to be broadcast over [N, C, ..]. */
function perChannel(view: NodeView, expansion: Expansion, i: number, channels: number, rank: number): string {
  const { shape } = view.type(i);
  if (sizeOf(shape) !== channels) refuse(`input ${i} of shape [${shape}]; accepted: ${channels} values`);
  return reshape(expansion, nameOf(view, i), [channels, ...Array.from({ length: rank - 2 }, () => 1)]);
}

/** Sizes of [N, C, ..]. */
function channelsOf(view: NodeView): number {
  const { shape } = view.type(0);
  return shape.length >= 3 ? (shape[1] as number) : refuse(`an input of shape [${shape}]; accepted: [N, C, ..]`);
}

export const InstanceNormalization: Composite = {
  expand(view, expansion) {
    const { shape } = view.type(0);
    const channels = channelsOf(view);
    const { values } = normalized(expansion, nameOf(view, 0), axesFrom(2, shape.length), epsilonOf(view));
    const [scale, bias] = [1, 2].map((i) => perChannel(view, expansion, i, channels, shape.length)) as [string, string];
    expansion.output(0, add(expansion, multiply(expansion, values, scale), bias));
  },
};

/** Scale and bias are a value a group before opset 21, a value a channel from then on. */
export const GroupNormalization: Composite = {
  expand(view, expansion) {
    const { shape } = view.type(0);
    const channels = channelsOf(view);
    const groups = view.int("num_groups", 0);
    if (!(groups >= 1) || channels % groups !== 0)
      refuse(`attribute num_groups = ${groups}; accepted: a divisor of the ${channels} channels`);
    const stacked = reshape(expansion, nameOf(view, 0), [shape[0] as number, groups, sizeOf(shape.slice(1)) / groups]);
    const { values } = normalized(expansion, stacked, [2], epsilonOf(view));
    const factor = (i: number): string => {
      if (view.opset >= 21) return perChannel(view, expansion, i, channels, shape.length);
      return perChannel(view, expansion, i, groups, 3);
    };
    const own = view.opset >= 21 ? reshape(expansion, values, shape) : values;
    const result = add(expansion, multiply(expansion, own, factor(1)), factor(2));
    expansion.output(0, reshape(expansion, result, shape));
  },
};

/** The value, or 1 where it is 0: a divisor of what is 0 then. */
const orOne = (expansion: Expansion, value: string): string => {
  const isZero = expansion.node("Equal", [value, scalar(expansion, 0)]);
  return add(expansion, value, expansion.node("Cast", [isZero], { to: int(FLOAT) }));
};

/** (x - mean) / standard deviation; where all values are equal it is 0. */
export const MeanVarianceNormalization: Composite = {
  expand(view, expansion) {
    const { shape } = view.type(0);
    const axes = (view.ints("axes") ?? [0, 2, 3]).map((axis) => axisOf(axis, shape.length));
    const x = nameOf(view, 0);
    const deviation = subtract(expansion, x, reduce(expansion, "ReduceMean", x, axes));
    const variance = reduce(expansion, "ReduceMean", multiply(expansion, deviation, deviation), axes);
    expansion.output(0, multiply(expansion, deviation, inverseRoot(expansion, orOne(expansion, variance))));
  },
};

/** x / sum(|x|), or x / sqrt(sum(x^2)), over one axis; where all values are 0 it is 0. */
export const LpNormalization: Composite = {
  expand(view, expansion) {
    const x = nameOf(view, 0);
    const axis = axisOf(view.int("axis", -1), view.type(0).shape.length);
    const p = view.int("p", 2);
    if (p !== 1 && p !== 2) refuse(`attribute p = ${p}; accepted: 1, 2`);
    const norm = reduce(expansion, "ReduceSum", p === 1 ? expansion.node("Abs", [x]) : multiply(expansion, x, x), [
      axis,
    ]);
    const divisor = orOne(expansion, norm);
    const inverse = p === 1 ? expansion.node("Reciprocal", [divisor]) : inverseRoot(expansion, divisor);
    expansion.output(0, multiply(expansion, x, inverse));
  },
};
