// SPDX-License-Identifier: GPL-3.0-or-later
// Decision trees as ai.onnx.ml writes them (versions 1 to 5) -> one form: branches and leaves in lists.
import { assertLength, finiteOf, integersOf, realsOf, tensorOf, textsOf } from "./ml-attributes.ts";
import { refuse, type NodeView } from "./types.ts";

/** A node of a tree: branch i is i, leaf i is -1 - i. */
export type TreeNode = number;
export const leafOf = (node: TreeNode): number => -1 - node;

/** What a branch asks of its feature x: x <= threshold, x < threshold or x = threshold. The others are their negations. */
export type Test = "LEQ" | "LT" | "EQ";

export interface Branch {
  readonly feature: number;
  readonly threshold: number;
  readonly test: Test;
  /** Where the test leads when it holds, and when it does not. */
  readonly yes: TreeNode;
  readonly no: TreeNode;
}

/** What a leaf adds to one target. */
export interface LeafWeight {
  readonly target: number;
  readonly weight: number;
}

/** Trees over the same features. Every branch is reached from exactly one root by exactly one path. */
export interface Ensemble {
  readonly targets: number;
  readonly roots: readonly TreeNode[];
  readonly branches: readonly Branch[];
  /** Of each leaf, at most one weight a target. */
  readonly leaves: readonly (readonly LeafWeight[])[];
}

/** Deepest tree: each level is a step of the integer graph. */
const MAX_DEPTH = 1024;

/** Each mode as a test, and whether it is that test's negation. Indices are those of version 5. */
const MODES = (
  [
    ["LEQ", "LEQ", false],
    ["LT", "LT", false],
    ["GTE", "LT", true],
    ["GT", "LEQ", true],
    ["EQ", "EQ", false],
    ["NEQ", "EQ", true],
  ] as const
).map(([name, test, negated]): readonly [name: string, test: Test, negated: boolean] => [
  `BRANCH_${name}`,
  test,
  negated,
]);
const MODE_NAMES = MODES.map(([name]) => name).join(", ");

/** A node as its attributes have it. */
interface Written {
  /** Undefined for a leaf. */
  readonly mode: number | undefined;
  readonly feature: number;
  readonly threshold: number;
  /** Keys of the children. */
  readonly yes: number;
  readonly no: number;
}

/** Follows the trees from their roots. `nodeAt` and `weightsAt` are asked by key, each key once. */
function collect(
  targets: number,
  roots: readonly number[],
  features: number,
  nodeAt: (key: number) => Written,
  weightsAt: (key: number) => readonly LeafWeight[],
): Ensemble {
  const branches: Branch[] = [];
  const leaves: (readonly LeafWeight[])[] = [];
  const seen = new Set<number>();
  const walk = (key: number, depth: number): TreeNode => {
    if (seen.has(key)) refuse("a node of a tree is reached twice; accepted: trees");
    if (depth > MAX_DEPTH) refuse(`a tree deeper than ${MAX_DEPTH} branches`);
    seen.add(key);
    const { mode, feature, threshold, yes, no } = nodeAt(key);
    if (mode === undefined) return -leaves.push(weightsAt(key));
    if (!(feature >= 0 && feature < features))
      refuse(`attribute nodes_featureids: feature ${feature}; accepted: 0 to ${features - 1}, those of input 0`);
    const [, test, negated] = MODES[mode] as (typeof MODES)[number];
    const at = branches.length;
    branches.push({ feature, threshold, test, yes: 0, no: 0 });
    const [first, second] = [walk(yes, depth + 1), walk(no, depth + 1)];
    branches[at] = { feature, threshold, test, yes: negated ? second : first, no: negated ? first : second };
    return at;
  };
  return { targets, roots: roots.map((root) => walk(root, 0)), branches, leaves };
}

function assertWeight({ target, weight }: LeafWeight, others: readonly LeafWeight[], targets: number): void {
  if (!(target >= 0 && target < targets)) refuse(`a leaf weighs target ${target}; accepted: 0 to ${targets - 1}`);
  if (!Number.isFinite(weight)) refuse("the weight of a leaf is NaN or infinite");
  if (others.some((other) => other.target === target)) refuse(`a leaf weighs target ${target} twice`);
}

/**
 * The trees of a TreeEnsembleClassifier (`prefix` class) or TreeEnsembleRegressor (target), versions 1 to 3. A tree's
 * root is its first node. nodes_hitrates and nodes_missing_value_tracks_true change nothing: no input is NaN.
 */
export function readEnsemble(view: NodeView, prefix: "class" | "target", targets: number, features: number): Ensemble {
  const modes = textsOf(view, "nodes_modes");
  const list = (name: string): readonly number[] => {
    const values = integersOf(view, name);
    assertLength(name, values, [modes.length]);
    return values;
  };
  const [trees, ids, featureIds, yes, no] = [
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_featureids",
    "nodes_truenodeids",
    "nodes_falsenodeids",
  ].map(list) as [readonly number[], readonly number[], readonly number[], readonly number[], readonly number[]];
  const thresholds = realsOf(view, "nodes_values");
  assertLength("nodes_values", thresholds, [modes.length]);

  const places = new Map<number, Map<number, number>>(); // of each node, by tree and id
  const roots: number[] = [];
  trees.forEach((tree, i) => {
    const known = places.get(tree);
    const place = known ?? new Map<number, number>();
    if (known === undefined) {
      places.set(tree, place);
      roots.push(i);
    } else if (trees[i - 1] !== tree) refuse(`attribute nodes_treeids: tree ${tree} is listed in two places`);
    if (place.has(ids[i] as number)) refuse(`attribute nodes_nodeids: tree ${tree} has two nodes ${ids[i]}`);
    place.set(ids[i] as number, i);
  });
  const placeOf = (tree: number, id: number, what: string): number =>
    places.get(tree)?.get(id) ?? refuse(`attribute ${what}: tree ${tree} has no node ${id}`);

  const weights = weightsOf(view, prefix, targets, placeOf);
  const nodeAt = (i: number): Written => {
    const mode = MODES.findIndex(([name]) => name === modes[i]);
    if (mode < 0) {
      if (modes[i] !== "LEAF") refuse(`attribute nodes_modes: ${modes[i]}; accepted: ${MODE_NAMES}, LEAF`);
      return { mode: undefined, feature: 0, threshold: 0, yes: 0, no: 0 };
    }
    const tree = trees[i] as number;
    return {
      mode,
      feature: featureIds[i] as number,
      threshold: thresholds[i] as number,
      yes: placeOf(tree, yes[i] as number, "nodes_truenodeids"),
      no: placeOf(tree, no[i] as number, "nodes_falsenodeids"),
    };
  };
  if (roots.length === 0) refuse("attribute nodes_treeids: there is no tree");
  return collect(targets, roots, features, nodeAt, (i) => weights.get(i) ?? []);
}

/** Weights by the place of their node. */
function weightsOf(
  view: NodeView,
  prefix: "class" | "target",
  targets: number,
  placeOf: (tree: number, id: number, what: string) => number,
): ReadonlyMap<number, readonly LeafWeight[]> {
  const values = finiteOf(view, `${prefix}_weights`);
  const [trees, nodes, ids] = [`${prefix}_treeids`, `${prefix}_nodeids`, `${prefix}_ids`].map((name) => {
    const list = integersOf(view, name);
    assertLength(name, list, [values.length]);
    return list;
  }) as [readonly number[], readonly number[], readonly number[]];
  const weights = new Map<number, LeafWeight[]>();
  ids.forEach((target, i) => {
    const place = placeOf(trees[i] as number, nodes[i] as number, `${prefix}_nodeids`);
    const own = weights.get(place) ?? [];
    const weight = { target, weight: values[i] as number };
    assertWeight(weight, own, targets);
    own.push(weight);
    weights.set(place, own);
  });
  return weights;
}

/** The trees of a TreeEnsemble (version 5): branches and leaves are numbered apart. */
export function readEnsemble5(view: NodeView, targets: number, features: number): Ensemble {
  const modes = tensorOf(view, "nodes_modes");
  const list = (name: string): readonly number[] => {
    const values = integersOf(view, name);
    assertLength(name, values, [modes.length]);
    return values;
  };
  const [featureIds, yes, no, yesIsLeaf, noIsLeaf] = [
    "nodes_featureids",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_trueleafs",
    "nodes_falseleafs",
  ].map(list) as [readonly number[], readonly number[], readonly number[], readonly number[], readonly number[]];
  const splits = tensorOf(view, "nodes_splits");
  assertLength("nodes_splits", splits, [modes.length]);
  if (splits.some(Number.isNaN)) refuse("attribute nodes_splits: has a NaN");
  const leafTargets = integersOf(view, "leaf_targetids");
  const leafWeights = tensorOf(view, "leaf_weights");
  assertLength("leaf_weights", leafWeights, [leafTargets.length]);
  const roots = integersOf(view, "tree_roots");
  if (roots.length === 0) refuse("attribute tree_roots: there is no tree");

  // A key is a branch's number, or that of a leaf after all branches.
  const keyOf = (id: number, isLeaf: boolean, what: string): number => {
    const count = isLeaf ? leafTargets.length : modes.length;
    if (!(id >= 0 && id < count)) refuse(`attribute ${what}: ${id}; accepted: 0 to ${count - 1}`);
    return isLeaf ? modes.length + id : id;
  };
  const nodeAt = (i: number): Written => {
    if (i >= modes.length) return { mode: undefined, feature: 0, threshold: 0, yes: 0, no: 0 };
    const mode = modes[i] as number;
    if (MODES[mode] === undefined) refuse(`attribute nodes_modes: ${mode}; accepted: 0 to 5 (${MODE_NAMES})`);
    return {
      mode,
      feature: featureIds[i] as number,
      threshold: splits[i] as number,
      yes: keyOf(yes[i] as number, yesIsLeaf[i] !== 0, "nodes_truenodeids"),
      no: keyOf(no[i] as number, noIsLeaf[i] !== 0, "nodes_falsenodeids"),
    };
  };
  const weightsAt = (key: number): LeafWeight[] => {
    const i = key - modes.length;
    const weight = { target: leafTargets[i] as number, weight: leafWeights[i] as number };
    assertWeight(weight, [], targets);
    return [weight];
  };
  // A tree of a single leaf is a branch both of whose sides are that leaf.
  const rootOf = (root: number): number => {
    const key = keyOf(root, false, "tree_roots");
    const { yes: first, no: second } = nodeAt(key);
    return first === second && first >= modes.length ? first : key;
  };
  return collect(targets, roots.map(rootOf), features, nodeAt, weightsAt);
}
