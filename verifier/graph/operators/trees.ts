// SPDX-License-Identifier: GPL-3.0-or-later
// TreeEnsembleClassifier, TreeEnsembleRegressor (ai.onnx.ml 1 to 3) and TreeEnsemble (5), as onnxruntime runs them.
import { assertLength, finiteOf, rowsOf, textOf } from "./ml-attributes.ts";
import {
  bothClasses,
  column,
  labelAbove,
  labelOfLargest,
  labelsOf,
  regression,
  transformed,
  transformOf,
  TRANSFORMS,
  type Labels,
  type Transform,
} from "./ml-scores.ts";
import { readEnsemble, readEnsemble5, type Ensemble } from "./tree-ensemble.ts";
import { treeScores } from "./tree-scores.ts";
import { int, refuse, type Composite, type Expansion, type NodeView } from "./types.ts";

const AGGREGATES = ["AVERAGE", "SUM", "MIN", "MAX"] as const;
type Aggregate = (typeof AGGREGATES)[number];

/** Scores [N, targets] of all trees together. */
function aggregated(
  expansion: Expansion,
  input: string,
  ensemble: Ensemble,
  aggregate: Aggregate,
  base: ArrayLike<number>,
): string {
  const { leaves, roots, targets } = ensemble;
  if (aggregate === "SUM") return expansion.own(treeScores(ensemble, { base }), "scores", [input]);
  if (aggregate === "AVERAGE") {
    const shares = leaves.map((leaf) => leaf.map((of) => ({ ...of, weight: of.weight / roots.length })));
    return expansion.own(treeScores({ ...ensemble, leaves: shares }, { base }), "scores", [input]);
  }
  if (leaves.some((leaf) => leaf.length !== targets))
    refuse(
      `attribute aggregate_function = ${aggregate}, but not every leaf weighs every target; accepted: SUM, AVERAGE`,
    );
  const each = expansion.own(treeScores(ensemble, { perTree: true }), "trees", [input]);
  const axes = expansion.constant([1], [1], "int64");
  const best = expansion.node(aggregate === "MIN" ? "ReduceMin" : "ReduceMax", [each, axes], { keepdims: int(0) });
  return base.length === 0 ? best : expansion.node("Add", [best, expansion.constant(base, [targets])]);
}

function targetsOf(view: NodeView): number {
  const targets = view.int("n_targets", 0);
  return targets >= 1 ? targets : refuse(`attribute n_targets = ${targets}; accepted: 1 or more`);
}

export const TreeEnsembleRegressor: Composite = {
  expand(view, expansion) {
    const targets = targetsOf(view);
    const ensemble = readEnsemble(view, "target", targets, rowsOf(view).features);
    const base = finiteOf(view, "base_values");
    assertLength("base_values", base, [0, targets]);
    const aggregate = textOf(view, "aggregate_function", "SUM", AGGREGATES);
    const scores = aggregated(expansion, view.node.inputs[0] as string, ensemble, aggregate, base);
    expansion.output(0, regression(expansion, scores, targets, transformOf(view)));
  },
};

/** Numbers of version 5 for what were names. */
function numbered<T>(view: NodeView, name: string, fallback: number, values: readonly T[]): T {
  const at = view.int(name, fallback);
  const accepted = values.map((value, i) => `${i} (${String(value)})`).join(", ");
  return values[at] ?? refuse(`attribute ${name} = ${at}; accepted: ${accepted}`);
}

export const TreeEnsemble: Composite = {
  expand(view, expansion) {
    const targets = targetsOf(view);
    const ensemble = readEnsemble5(view, targets, rowsOf(view).features);
    const aggregate = numbered(view, "aggregate_function", 1, AGGREGATES);
    const transform = numbered(view, "post_transform", 0, TRANSFORMS);
    // ONNX numbers them SOFTMAX, LOGISTIC, onnxruntime the other way round: whichever was meant, somebody is wrong.
    if (targets > 1 && (transform === "SOFTMAX" || transform === "LOGISTIC"))
      refuse(
        `attribute post_transform = ${transform === "SOFTMAX" ? 1 : 2}, which onnxruntime and ONNX read differently; accepted: 0, 3`,
      );
    const scores = aggregated(expansion, view.node.inputs[0] as string, ensemble, aggregate, []);
    expansion.output(0, regression(expansion, scores, targets, transform));
  },
};

/** Whether a class has a weight in some leaf of any path through all trees, in none, or that depends. */
function presence({ roots, branches, leaves }: Ensemble, target: number): "always" | "never" | "sometimes" {
  const weighed = leaves.map((leaf) => leaf.some((of) => of.target === target));
  if (!weighed.includes(true)) return "never";
  const everywhere = (node: number): boolean => {
    const branch = branches[node];
    return branch === undefined ? weighed[-1 - node] === true : everywhere(branch.yes) && everywhere(branch.no);
  };
  return roots.some(everywhere) ? "always" : "sometimes";
}

interface Classification {
  readonly scores: string;
  readonly label: () => string;
}

export const TreeEnsembleClassifier: Composite = {
  expand(view, expansion) {
    const labels = labelsOf(view, "classlabels_int64s");
    const classes = labels.values.length;
    if (classes === 0) refuse("no class labels; accepted: classlabels_int64s or classlabels_strings");
    const ensemble = readEnsemble(view, "class", classes, rowsOf(view).features);
    const base = finiteOf(view, "base_values");
    if (classes === 2 && base.length === 2)
      refuse("attribute base_values has 2 values for 2 classes, one of which onnxruntime ignores; accepted: none or 1");
    assertLength("base_values", base, classes > 2 ? [0, classes] : [0, 1]);
    const input = view.node.inputs[0] as string;
    const classify = classes > 2 ? multiClass : classes === 2 ? twoClasses : oneClass;
    const { scores, label } = classify(expansion, input, ensemble, base, labels, transformOf(view));
    if (expansion.wanted(0)) expansion.output(0, label());
    if (expansion.wanted(1)) expansion.output(1, scores);
  },
};

type Classify = (
  expansion: Expansion,
  input: string,
  ensemble: Ensemble,
  base: ArrayLike<number>,
  labels: Labels,
  transform: Transform,
) => Classification;

const multiClass: Classify = (expansion, input, ensemble, base, labels, transform) => {
  const scores = expansion.own(treeScores(ensemble, { base }), "scores", [input]);
  const label = (): string => {
    if (base.length > 0) return labelOfLargest(expansion, scores, labels);
    // Of classes that no leaf on the paths weighs, onnxruntime never chooses one, though their score of 0 be largest.
    const present = labels.values.map((_, k) => presence(ensemble, k));
    const positive = ensemble.leaves.every(
      (leaf) => leaf.every(({ weight }) => weight >= 0) && leaf.some(({ weight }) => weight > 0),
    );
    if (present.includes("sometimes") && !positive)
      refuse(
        "output label: leaves that weigh not all classes, and weights that are not positive; accepted: one of both",
      );
    const candidates = present.flatMap((how, k) => (how === "never" ? [] : [k]));
    if (candidates.length === 0) refuse("no leaf weighs any class");
    return labelOfLargest(expansion, scores, labels, candidates);
  };
  return { scores: transformed(expansion, scores, transform), label };
};

/** Labels 1 and 0, whatever the attribute lists: onnxruntime's choice where two classes are weighed apart, or one is. */
const oneOrZero = (labels: Labels): Labels => ({ ...labels, values: [0, 1] });

const twoClasses: Classify = (expansion, input, ensemble, base, labels, transform) => {
  const [first, second] = [presence(ensemble, 0), presence(ensemble, 1)];
  if (second === "sometimes" || (first === "sometimes" && base.length > 0))
    refuse("attribute class_ids: some leaves weigh a class of two that others do not; accepted: all or none");
  const limit = ensemble.leaves.every((leaf) => leaf.every(({ weight }) => weight >= 0)) ? 0.5 : 0;
  if (second === "never") {
    const score = expansion.own(treeScores({ ...ensemble, targets: 1 }, { base }), "scores", [input]);
    const label = (): string => labelAbove(expansion, score, limit, labels);
    if (transform === "LOGISTIC")
      return { scores: bothClasses(expansion, expansion.node("Sigmoid", [score]), "1 - s"), label };
    return { scores: bothClasses(expansion, score, limit === 0 ? "-s" : "1 - s"), label };
  }
  const apart = first !== "never";
  // The one base value is the first class's; a class that no leaf weighs has a score of 0 all the same.
  const added = apart && base.length > 0 ? [base[0] as number, 0] : [];
  const scores = expansion.own(treeScores(ensemble, { base: added }), "scores", [input]);
  const label = (): string => {
    const score = column(expansion, scores, 1);
    return apart ? labelAbove(expansion, score, 0, oneOrZero(labels)) : labelAbove(expansion, score, limit, labels);
  };
  return { scores: transformed(expansion, scores, transform), label };
};

const oneClass: Classify = (expansion, input, ensemble, base, labels) => {
  const scores = expansion.own(treeScores(ensemble, { base }), "scores", [input]);
  return { scores, label: () => labelAbove(expansion, scores, 0, oneOrZero(labels)) };
};
