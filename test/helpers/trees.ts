// SPDX-License-Identifier: GPL-3.0-or-later
// Random decision trees as ai.onnx.ml writes them, from a seed.
import type { TestNode } from "../onnx/model.ts";
import { integers } from "./circuit-models.ts";

type Attributes = NonNullable<TestNode["attributes"]>;

export const MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];

export interface ForestOptions {
  readonly trees: number;
  readonly depth: number;
  readonly features: number;
  readonly targets: number;
  /** Indices into MODES (default all). */
  readonly modes?: readonly number[];
  /** Thresholds to draw from: values that inputs take make ties. */
  readonly thresholds: readonly number[];
  /** Weights, both included (default -20 to 20). */
  readonly weights?: readonly [lo: number, hi: number];
  /** Targets that a leaf weighs (default all). */
  readonly weighs?: readonly number[];
}

interface Leaf {
  readonly weights: readonly (readonly [target: number, weight: number])[];
}
interface Branch {
  readonly feature: number;
  readonly threshold: number;
  readonly mode: number;
  readonly yes: Tree;
  readonly no: Tree;
}
type Tree = Leaf | Branch;

/** Trees that differ in shape; now and then one is a single leaf. */
function forest(seed: number, options: ForestOptions): Tree[] {
  const { modes = [0, 1, 2, 3, 4, 5], thresholds, weights: [lo, hi] = [-20, 20], targets } = options;
  const { weighs = Array.from({ length: targets }, (_, k) => k) } = options;
  const next = integers(seed);
  const grow = (depth: number): Tree => {
    if (depth === 0 || (depth < options.depth && next(0, 5) === 0)) {
      return { weights: weighs.map((target) => [target, next(lo, hi)] as const) };
    }
    const feature = next(0, options.features - 1);
    const threshold = thresholds[next(0, thresholds.length - 1)] as number;
    const mode = modes[next(0, modes.length - 1)] as number;
    return { feature, threshold, mode, yes: grow(depth - 1), no: grow(depth - 1) };
  };
  return Array.from({ length: options.trees }, (_, t) => grow(t % 4 === 3 ? 0 : options.depth));
}

const sizeOf = (node: Tree): number => ("weights" in node ? 1 : 1 + sizeOf(node.yes) + sizeOf(node.no));

/** Attributes of a TreeEnsembleClassifier (class) or TreeEnsembleRegressor (target), without labels and targets. */
export function forestAttributes(prefix: "class" | "target", seed: number, options: ForestOptions): Attributes {
  const nodes: { tree: number; id: number; feature: number; value: number; mode: string; yes: number; no: number }[] =
    [];
  const weights: { tree: number; id: number; target: number; weight: number }[] = [];
  forest(seed, options).forEach((root, tree) => {
    let id = sizeOf(root); // a root need not be node 0
    const write = (node: Tree): number => {
      const own = --id;
      const at = nodes.push({ tree, id: own, feature: 0, value: 0, mode: "LEAF", yes: 0, no: 0 }) - 1;
      if ("weights" in node)
        node.weights.forEach(([target, weight]) => weights.push({ tree, id: own, target, weight }));
      else {
        const [yes, no] = [write(node.yes), write(node.no)];
        const { feature, threshold, mode } = node;
        nodes[at] = { tree, id: own, feature, value: threshold, mode: MODES[mode] as string, yes, no };
      }
      return own;
    };
    write(root);
  });
  return {
    nodes_treeids: nodes.map(({ tree }) => tree),
    nodes_nodeids: nodes.map(({ id }) => id),
    nodes_featureids: nodes.map(({ feature }) => feature),
    nodes_values: { floats: nodes.map(({ value }) => value) },
    nodes_modes: { strings: nodes.map(({ mode }) => mode) },
    nodes_truenodeids: nodes.map(({ yes }) => yes),
    nodes_falsenodeids: nodes.map(({ no }) => no),
    [`${prefix}_treeids`]: weights.map(({ tree }) => tree),
    [`${prefix}_nodeids`]: weights.map(({ id }) => id),
    [`${prefix}_ids`]: weights.map(({ target }) => target),
    [`${prefix}_weights`]: { floats: weights.map(({ weight }) => weight) },
  };
}

/** Attributes of a TreeEnsemble of version 5; leaves weigh a single target there. */
export function forestAttributes5(seed: number, options: ForestOptions): Attributes {
  const nodes: { feature: number; split: number; mode: number; yes: number; no: number; leaves: [number, number] }[] =
    [];
  const leaves: { target: number; weight: number }[] = [];
  const next = integers(seed + 1);
  const leafOf = (): number =>
    leaves.push({ target: next(0, options.targets - 1), weight: next(...(options.weights ?? [-20, 20])) }) - 1;
  const write = (node: Branch): number => {
    const at = nodes.push({ feature: 0, split: 0, mode: 0, yes: 0, no: 0, leaves: [0, 0] }) - 1;
    const child = (side: Tree): [id: number, isLeaf: number] => ("weights" in side ? [leafOf(), 1] : [write(side), 0]);
    const [[yes, yesIsLeaf], [no, noIsLeaf]] = [child(node.yes), child(node.no)];
    const { feature, threshold: split, mode } = node;
    nodes[at] = { feature, split, mode, yes, no, leaves: [yesIsLeaf, noIsLeaf] };
    return at;
  };
  const roots = forest(seed, options).map((root) => {
    if (!("weights" in root)) return write(root);
    const leaf = leafOf();
    return nodes.push({ feature: 0, split: 0, mode: 0, yes: leaf, no: leaf, leaves: [1, 1] }) - 1;
  });
  const tensor = (values: number[], type: "float32" | "uint8" = "float32") => ({ dims: [values.length], values, type });
  return {
    n_targets: options.targets,
    tree_roots: roots,
    nodes_featureids: nodes.map(({ feature }) => feature),
    nodes_splits: tensor(nodes.map(({ split }) => split)),
    nodes_modes: tensor(
      nodes.map(({ mode }) => mode),
      "uint8",
    ),
    nodes_truenodeids: nodes.map(({ yes }) => yes),
    nodes_falsenodeids: nodes.map(({ no }) => no),
    nodes_trueleafs: nodes.map((node) => node.leaves[0]),
    nodes_falseleafs: nodes.map((node) => node.leaves[1]),
    leaf_targetids: leaves.map(({ target }) => target),
    leaf_weights: tensor(leaves.map(({ weight }) => weight)),
  };
}
