// SPDX-License-Identifier: GPL-3.0-or-later
// LinearClassifier and LinearRegressor of ai.onnx.ml, as onnxruntime runs them.
import { assertLength, finiteOf, rowsOf } from "./ml-attributes.ts";
import {
  bothClasses,
  labelAbove,
  labelOfLargest,
  labelsOf,
  regression,
  transformed,
  transformOf,
  type Labels,
} from "./ml-scores.ts";
import { int, refuse, type Composite, type Expansion, type NodeView } from "./types.ts";

/** Input 0 as float32 [N, F]. */
export function featuresOf(view: NodeView, expansion: Expansion): string {
  const { rows, features } = rowsOf(view);
  const [input] = view.node.inputs as [string];
  const { type, shape } = view.type(0);
  const cast = type === "float32" ? input : expansion.node("Cast", [input], { to: int(1) });
  if (shape.length === 2) return cast;
  return expansion.node("Reshape", [cast, expansion.constant([rows, features], [2], "int64")]);
}

/** x times the transpose of `weights` [outs, F], plus `bias` [outs] where there is one: [N, outs]. */
export function linear(
  expansion: Expansion,
  x: string,
  weights: ArrayLike<number>,
  outs: number,
  bias: ArrayLike<number>,
): string {
  const matrix = expansion.constant(weights, [outs, weights.length / outs]);
  const addend = bias.length === 0 ? [] : [expansion.constant(bias, [outs])];
  return expansion.node("Gemm", [x, matrix, ...addend], { transB: int(1) });
}

/** The attribute coefficients, [outs, F]. */
function coefficientsOf(view: NodeView, outs: number): ArrayLike<number> {
  const coefficients = finiteOf(view, "coefficients");
  assertLength("coefficients", coefficients, [outs * rowsOf(view).features]);
  return coefficients;
}

export const LinearRegressor: Composite = {
  expand(view, expansion) {
    const targets = view.int("targets", 1);
    if (!(targets >= 1)) refuse(`attribute targets = ${targets}; accepted: 1 or more`);
    const intercepts = finiteOf(view, "intercepts");
    assertLength("intercepts", intercepts, [0, targets]);
    const coefficients = coefficientsOf(view, targets);
    const scores = linear(expansion, featuresOf(view, expansion), coefficients, targets, intercepts);
    expansion.output(0, regression(expansion, scores, targets, transformOf(view)));
  },
};

export const LinearClassifier: Composite = {
  expand(view, expansion) {
    const intercepts = finiteOf(view, "intercepts");
    const given = labelsOf(view, "classlabels_ints");
    const count = intercepts.length;
    if (count === 0) refuse("attribute intercepts has no values; accepted: one a class, or one for two classes");
    // One score without labels: 1 where it is above 0, else 0.
    const labels: Labels = count === 1 && given.values.length === 0 ? { values: [0, 1], texts: false } : given;
    assertLength("classlabels", labels.values, [count === 1 ? 2 : count]);
    const coefficients = coefficientsOf(view, count);
    const raw = linear(expansion, featuresOf(view, expansion), coefficients, count, intercepts);
    const transform = transformOf(view);
    if (expansion.wanted(0))
      expansion.output(0, count === 1 ? labelAbove(expansion, raw, 0, labels) : labelOfLargest(expansion, raw, labels));
    if (!expansion.wanted(1)) return;
    if (count > 1) expansion.output(1, transformed(expansion, raw, transform));
    else if (given.values.length === 0) expansion.output(1, raw);
    else {
      const score = transform === "LOGISTIC" ? expansion.node("Sigmoid", [raw]) : raw;
      expansion.output(1, bothClasses(expansion, score, "1 - s"));
    }
  },
};
