// SPDX-License-Identifier: GPL-3.0-or-later
// SVMClassifier and SVMRegressor of ai.onnx.ml, as onnxruntime runs them.
import { assertLength, finiteOf, integersOf, rowsOf, textOf } from "./ml-attributes.ts";
import { featuresOf, linear } from "./ml-linear.ts";
import {
  bothClasses,
  labelAbove,
  labelOfLargest,
  labelsOf,
  transformed,
  transformOf,
  type Labels,
} from "./ml-scores.ts";
import { MAX_TENSOR_VALUES } from "../ranges.ts";
import { int, refuse, type Composite, type Expansion, type NodeView } from "./types.ts";

const KERNELS = ["LINEAR", "POLY", "RBF", "SIGMOID"] as const;
type Kernel = (typeof KERNELS)[number];
/** Highest degree of a polynomial: each is a product. */
const MAX_DEGREE = 8;

/** Kernel of each row of x [N, F] with each of `count` vectors: [N, count]. */
function kernels(
  view: NodeView,
  expansion: Expansion,
  x: string,
  kernel: Kernel,
  vectors: ArrayLike<number>,
  count: number,
): string {
  if (kernel === "LINEAR") return linear(expansion, x, vectors, count, []);
  const parameters = finiteOf(view, "kernel_params");
  assertLength("kernel_params", parameters, [3]);
  const [gamma, offset, degree] = Array.from(parameters) as [number, number, number];
  const scaled = (factor: number): Float64Array => Float64Array.from(vectors, (v) => v * factor);
  if (kernel === "RBF") return radial(expansion, x, vectors, count, gamma, scaled(2 * gamma));
  const inner = linear(expansion, x, scaled(gamma), count, new Float64Array(count).fill(offset));
  if (kernel === "SIGMOID") return expansion.node("Tanh", [inner]);
  if (!(Number.isInteger(degree) && degree >= 1 && degree <= MAX_DEGREE))
    refuse(`attribute kernel_params: degree ${degree}; accepted: integers from 1 to ${MAX_DEGREE}`);
  return power(expansion, inner, degree);
}

/** x to the n-th, by squaring. */
function power(expansion: Expansion, x: string, n: number): string {
  if (n === 1) return x;
  const half = power(expansion, x, Math.floor(n / 2));
  const square = expansion.node("Mul", [half, half]);
  return n % 2 === 0 ? square : expansion.node("Mul", [square, x]);
}

/** exp(-gamma |x - v|^2), the square written as |x|^2 - 2 x v + |v|^2: a product a feature, not one a feature and vector. */
function radial(
  expansion: Expansion,
  x: string,
  vectors: ArrayLike<number>,
  count: number,
  gamma: number,
  doubled: Float64Array,
): string {
  const features = vectors.length / count;
  const squares = Float64Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < features; j++) {
      const v = vectors[i * features + j] as number;
      sum += v * v; // not ** 2, which an engine may approximate
    }
    return -gamma * sum;
  });
  const axes = expansion.constant([1], [1], "int64");
  const squared = expansion.node("ReduceSum", [expansion.node("Mul", [x, x]), axes], { keepdims: int(1) });
  const own = expansion.node("Mul", [squared, expansion.constant([-gamma], [])]);
  const exponents = expansion.node("Add", [linear(expansion, x, doubled, count, squares), own]);
  return expansion.node("Exp", [exponents]);
}

interface Machine {
  readonly x: string;
  readonly features: number;
  readonly coefficients: ArrayLike<number>;
  readonly rho: ArrayLike<number>;
  readonly kernel: Kernel;
}

function machineOf(view: NodeView, expansion: Expansion): Machine {
  const { features } = rowsOf(view);
  const coefficients = finiteOf(view, "coefficients");
  const rho = finiteOf(view, "rho");
  if (rho.length === 0) refuse("attribute rho has no values");
  const kernel = textOf(view, "kernel_type", "LINEAR", KERNELS);
  return { x: featuresOf(view, expansion), features, coefficients, rho, kernel };
}

/** The attribute support_vectors, [count, F]. */
function vectorsOf(view: NodeView, count: number, features: number): ArrayLike<number> {
  const vectors = finiteOf(view, "support_vectors");
  assertLength("support_vectors", vectors, [count * features]);
  return vectors;
}

export const SVMRegressor: Composite = {
  expand(view, expansion) {
    const { x, features, coefficients, rho, kernel } = machineOf(view, expansion);
    const count = view.int("n_supports", 0);
    if (!(count >= 0)) refuse(`attribute n_supports = ${count}; accepted: 0 or more`);
    const transform = transformOf(view);
    if (transform !== "NONE") expansion.notice(`post_transform ${transform} is not applied, as in onnxruntime`);
    const inner = count === 0 ? x : kernels(view, expansion, x, kernel, vectorsOf(view, count, features), count);
    assertLength("coefficients", coefficients, [count === 0 ? features : count]);
    const score = linear(expansion, inner, coefficients, 1, [rho[0] as number]);
    if (view.int("one_class", 0) === 0) return expansion.output(0, score);
    const above = expansion.node("Greater", [score, expansion.constant([0], [])]);
    const [one, minusOne] = [expansion.constant([1], []), expansion.constant([-1], [])];
    expansion.output(0, expansion.node("Where", [above, one, minusOne]));
  },
};

/** Pairs of classes i < j, in the order of the attributes rho, prob_a and prob_b. */
const pairsOf = (classes: number): [i: number, j: number][] =>
  Array.from({ length: classes }, (_, i) =>
    Array.from({ length: classes - i - 1 }, (__, k): [number, number] => [i, i + 1 + k]),
  ).flat();

/**
 * Weights of each pair's score over all support vectors, [pairs, vectors]. A pair (i, j) reads row j - 1 of the
 * coefficients at the vectors of class i and row i at those of class j, as libsvm lays them out.
 */
function pairWeights(coefficients: ArrayLike<number>, vectorsPerClass: readonly number[], count: number): Float64Array {
  const starts = vectorsPerClass.map((_, i) => vectorsPerClass.slice(0, i).reduce((sum, n) => sum + n, 0));
  const pairs = pairsOf(vectorsPerClass.length);
  const weights = new Float64Array(pairs.length * count);
  pairs.forEach(([i, j], pair) => {
    for (const [own, row] of [
      [i, j - 1],
      [j, i],
    ] as const) {
      const start = starts[own] as number;
      for (let v = start; v < start + (vectorsPerClass[own] as number); v++)
        weights[pair * count + v] = coefficients[row * count + v] as number;
    }
  });
  return weights;
}

/** The class with most votes: a pair votes for its first class where its score exceeds 0, else for its second. */
function labelOfVotes(expansion: Expansion, scores: string, labels: Labels): string {
  const classes = labels.values.length;
  const pairs = pairsOf(classes);
  const wins = expansion.node("Cast", [expansion.node("Greater", [scores, expansion.constant([0], [])])], {
    to: int(6),
  });
  const weights = new Float64Array(pairs.length * classes);
  const bias = new Float64Array(classes);
  pairs.forEach(([i, j], pair) => {
    weights[pair * classes + i] = 1;
    weights[pair * classes + j] = -1;
    bias[j] = (bias[j] as number) + 1;
  });
  const matrix = expansion.constant(weights, [pairs.length, classes], "int32");
  const won = expansion.node("MatMul", [wins, matrix]);
  return labelOfLargest(expansion, expansion.node("Add", [won, expansion.constant(bias, [classes], "int32")]), labels);
}

export const SVMClassifier: Composite = {
  expand(view, expansion) {
    const labels = labelsOf(view, "classlabels_ints");
    const perClass = integersOf(view, "vectors_per_class");
    if (perClass.some((n) => n < 0)) refuse("attribute vectors_per_class; accepted: 0 or more");
    if (labels.values.length < 2) refuse(`${labels.values.length} class labels; accepted: 2 or more`);
    const count = perClass.reduce((sum, n) => sum + n, 0);
    if (count === 0) linearMachine(view, expansion, labels);
    else vectorMachine(view, expansion, labels, perClass, count);
  },
};

/** Without support vectors: one score a class. */
function linearMachine(view: NodeView, expansion: Expansion, labels: Labels): void {
  const { x, features, coefficients, rho } = machineOf(view, expansion);
  const classes = labels.values.length;
  assertLength("coefficients", coefficients, [classes * features]);
  if (classes === 2)
    refuse(
      "2 class labels without support vectors, of which onnxruntime chooses by the larger score's sign; accepted: 3",
    );
  const scores = linear(expansion, x, coefficients, classes, new Float64Array(classes).fill(rho[0] as number));
  if (expansion.wanted(0)) expansion.output(0, labelOfLargest(expansion, scores, labels));
  if (expansion.wanted(1)) expansion.output(1, transformed(expansion, scores, transformOf(view)));
}

function vectorMachine(
  view: NodeView,
  expansion: Expansion,
  labels: Labels,
  perClass: readonly number[],
  count: number,
): void {
  const { x, features, coefficients, rho, kernel } = machineOf(view, expansion);
  const classes = labels.values.length;
  const pairs = (classes * (classes - 1)) / 2;
  assertLength("vectors_per_class", perClass, [classes]);
  assertLength("coefficients", coefficients, [(classes - 1) * count]);
  assertLength("rho", rho, [pairs]);
  if (pairs * Math.max(count, classes) > MAX_TENSOR_VALUES)
    refuse(`${pairs} pairs of classes, ${count} support vectors; accepted: products of up to 2^24`);
  const transform = transformOf(view);
  const inner = kernels(view, expansion, x, kernel, vectorsOf(view, count, features), count);
  const scores = linear(expansion, inner, pairWeights(coefficients, perClass, count), pairs, rho);
  if (expansion.wanted(0)) {
    // Of two classes the first has the vote where the score exceeds 0.
    const swapped = { ...labels, values: labels.values.toReversed() };
    expansion.output(
      0,
      pairs === 1 ? labelAbove(expansion, scores, 0, swapped) : labelOfVotes(expansion, scores, labels),
    );
  }
  if (!expansion.wanted(1)) return;
  const [probA, probB] = [finiteOf(view, "prob_a"), finiteOf(view, "prob_b")];
  assertLength("prob_b", probB, [probA.length]);
  if (probA.length > 0) {
    if (pairs > 1) refuse("attribute prob_a with more than 2 classes; accepted: 2 classes, or scores instead");
    assertLength("prob_a", probA, [1]);
    // Platt's sigmoid: P(first) = 1 / (1 + exp(a s + b)); coupling two classes changes nothing.
    const sum = linear(expansion, scores, [-(probA[0] as number)], 1, [-(probB[0] as number)]);
    const first = expansion.node("Sigmoid", [sum]);
    const second = expansion.node("Sub", [expansion.constant([1], [1, 1]), first]);
    return expansion.output(
      1,
      transformed(expansion, expansion.node("Concat", [first, second], { axis: int(1) }), transform),
    );
  }
  if (pairs === 1) expansion.output(1, bothClasses(expansion, scores, transform === "NONE" ? "-s" : "1 - s"));
  else expansion.output(1, transformed(expansion, scores, transform));
}
