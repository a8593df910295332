// SPDX-License-Identifier: GPL-3.0-or-later
// What classifiers and regressors of ai.onnx.ml make of their raw scores, as onnxruntime does it.
import { keyMap } from "./key-map.ts";
import { assertLength, integersOf, textOf, textsOf } from "./ml-attributes.ts";
import { int, refuse, type Expansion, type NodeView } from "./types.ts";

export const TRANSFORMS = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"] as const;
export type Transform = (typeof TRANSFORMS)[number];

/** The attribute post_transform; PROBIT is refused. */
export const transformOf = (view: NodeView): Transform => textOf(view, "post_transform", "NONE", TRANSFORMS);

/** Scores [N, K] after a transform of each row. */
export function transformed(expansion: Expansion, scores: string, transform: Transform): string {
  if (transform === "LOGISTIC") return expansion.node("Sigmoid", [scores]);
  if (transform === "SOFTMAX") return expansion.node("Softmax", [scores], { axis: int(-1) });
  return transform === "SOFTMAX_ZERO" ? softmaxZero(expansion, scores) : scores;
}

/** Softmax over the scores that are not 0; those stay 0. */
function softmaxZero(expansion: Expansion, scores: string): string {
  const axes = expansion.constant([1], [1], "int64");
  const most = expansion.node("ReduceMax", [scores, axes], { keepdims: int(1) });
  const powers = expansion.node("Exp", [expansion.node("Sub", [scores, most])]);
  const zero = expansion.node("Equal", [scores, expansion.constant([0], [])]);
  const kept = expansion.node("Where", [zero, expansion.constant([0], []), powers]);
  const total = expansion.node("ReduceSum", [kept, axes], { keepdims: int(1) });
  return expansion.node("Mul", [kept, expansion.node("Reciprocal", [total])]);
}

/** A regressor's scores, [N, targets]: onnxruntime leaves a single target as it is, whatever the transform. */
export function regression(expansion: Expansion, scores: string, targets: number, transform: Transform): string {
  if (targets > 1) return transformed(expansion, scores, transform);
  if (transform !== "NONE")
    expansion.notice(`post_transform ${transform} is not applied: onnxruntime leaves a single target as it is`);
  return scores;
}

/** The two scores of a binary classifier that computes one, [N, 1]: of the second class s, of the first 1 - s or -s. */
export function bothClasses(expansion: Expansion, score: string, complement: "1 - s" | "-s"): string {
  const other =
    complement === "-s"
      ? expansion.node("Neg", [score])
      : expansion.node("Sub", [expansion.constant([1], [1, 1]), score]);
  return expansion.node("Concat", [other, score], { axis: int(1) });
}

/** Class labels. Texts have no integers: their place in the list stands for them. */
export interface Labels {
  readonly values: readonly number[];
  readonly texts: boolean;
}

/** The labels that a classifier lists, under `integers` or classlabels_strings. Refuses none and both. */
export function labelsOf(view: NodeView, integers: "classlabels_int64s" | "classlabels_ints"): Labels {
  const texts = textsOf(view, "classlabels_strings");
  const values = integersOf(view, integers);
  if (texts.length > 0 && values.length > 0)
    refuse(`both classlabels_strings and ${integers} are given; accepted: one`);
  return texts.length > 0 ? { values: texts.map((_, i) => i), texts: true } : { values, texts: false };
}

/** A label [N] from the index of its class, [N] of int64. */
export function labelAt(expansion: Expansion, index: string, { values, texts }: Labels): string {
  if (texts) expansion.notice("its label is the index of the class: labels are texts");
  const keys = values.map((_, i) => i);
  return expansion.own(keyMap({ keys, values, otherwise: null, type: "int64" }), "label", [index]);
}

/** The label of the largest score, the first of equals; `classes` are those whose label it may be. */
export function labelOfLargest(
  expansion: Expansion,
  scores: string,
  labels: Labels,
  classes: readonly number[] = labels.values.map((_, i) => i),
): string {
  assertLength("classlabels", classes, [Math.max(1, classes.length)]);
  const all = classes.length === labels.values.length;
  const indices = expansion.constant(classes, [classes.length], "int64");
  const candidates = all ? scores : expansion.node("Gather", [scores, indices], { axis: int(1) });
  const index = expansion.node("ArgMax", [candidates], { axis: int(1), keepdims: int(0) });
  return labelAt(expansion, index, { ...labels, values: classes.map((i) => labels.values[i] as number) });
}

/** The label of one score, [N, 1]: the second where it exceeds the limit, else the first. */
export function labelAbove(expansion: Expansion, score: string, limit: number, labels: Labels): string {
  const above = expansion.node("Greater", [score, expansion.constant([limit], [])]);
  const index = expansion.node("Cast", [expansion.node("Reshape", [above, expansion.constant([-1], [1], "int64")])], {
    to: int(7),
  });
  return labelAt(expansion, index, labels);
}

/** Column k of scores, [N, 1]. */
export const column = (expansion: Expansion, scores: string, k: number): string =>
  expansion.node("Gather", [scores, expansion.constant([k], [1], "int64")], { axis: int(1) });
