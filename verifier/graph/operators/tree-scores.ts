// SPDX-License-Identifier: GPL-3.0-or-later
// Sums of leaf weights. In integers: every distinct test once; then, level by level over all trees, whether a branch is
// reached and its test holds, as one product; scores are linear in those products.
import type { FloatTensor } from "../../onnx/types.ts";
import { makeConstant } from "../constants.ts";
import type { TensorId } from "../types.ts";
import { rowsOf } from "./ml-attributes.ts";
import { quantizeClamped, quantizeExact } from "./quantize.ts";
import { newColumns, type Columns, type ColumnsWriter } from "./tree-columns.ts";
import { leafOf, type Ensemble, type TreeNode } from "./tree-ensemble.ts";
import { integerForest, type Forest, type IntegerTest } from "./tree-forest.ts";
import { MAX_TENSOR_VALUES } from "../ranges.ts";
import { refuse, type Operator, type Quantization } from "./types.ts";

export interface ScoreOptions {
  /** What is added to each target (default nothing). */
  readonly base?: ArrayLike<number>;
  /** Scores of each tree apart, [N, trees, targets], rather than their sum, [N, targets]. */
  readonly perTree?: boolean;
}

/** Scores of an ensemble on features [N, F] or [F]. Exact but for the rounding of the leaves' weights. */
export function treeScores(ensemble: Ensemble, { base = [], perTree = false }: ScoreOptions = {}): Operator {
  const { targets, roots, leaves } = ensemble;
  const shapeOf = (rows: number): number[] => (perTree ? [rows, roots.length, targets] : [rows, targets]);
  const width = perTree ? roots.length * targets : targets;
  /** Where the scores of a tree begin in a row. */
  const startOf = (tree: number): number => (perTree ? tree * targets : 0);
  return {
    infer(view) {
      const { rows } = rowsOf(view);
      const count = Math.max(1, ensemble.branches.length);
      if (rows * count > MAX_TENSOR_VALUES || width * count > MAX_TENSOR_VALUES)
        refuse(`${count} branches for ${rows} rows and ${width} scores; accepted: up to 2^24 of either product`);
      return [{ type: "float32", shape: shapeOf(rows) }];
    },
    fold(view): FloatTensor[] {
      const { rows, features } = rowsOf(view);
      const { type, values } = view.constant(0) as FloatTensor;
      const x = type === "float32" ? values.map(Math.fround) : values; // compared as onnxruntime compares it
      const scores = new Float64Array(rows * width);
      for (let row = 0; row < rows; row++) {
        for (let k = 0; k < base.length; k++) scores[row * width + k] = base[k] as number;
        roots.forEach((root, tree) => {
          const start = row * width + startOf(tree);
          for (const { target, weight } of leaves[leafReached(ensemble, root, x, row * features)] ?? [])
            scores[start + target] = (scores[start + target] as number) + weight;
        });
      }
      return [{ type: "float32", shape: shapeOf(rows), values: scores }];
    },
    constants: () => leaves.flatMap((leaf) => leaf.map(({ weight }) => weight)),
    lower(view, lowering) {
      const { rows, features } = rowsOf(view);
      const { id, tensor } = lowering.input(0);
      const { name, outputs } = view.node;
      const columns = newColumns(lowering.builder, { rows, from: name, name: outputs[0] as string });
      const forest = integerForest(ensemble, tensor);
      const products = addProducts(columns, forest, { id, width: features });
      const { weights, bias, exponent } = sums(ensemble, forest, lowering.constants(), { base, width, startOf, name });
      const output = { name: outputs[0] as string, exponent };
      const node = { kind: "linear", from: [name] } as const;
      let scores: TensorId;
      if (products === undefined) {
        const constant = makeConstant(
          [rows, width],
          Array.from({ length: rows * width }, (_, i) => bias[i % width] as number),
        );
        scores = lowering.builder.addNode(
          { ...node, op: "weightedSum", inputs: [], multipliers: [], constant },
          output,
        );
      } else {
        const constants = {
          weights: makeConstant([width, products.width], weights),
          bias: makeConstant([width], bias),
        };
        scores = lowering.builder.addNode({ ...node, op: "fullyConnected", input: products.id, ...constants }, output);
      }
      if (!perTree) return scores;
      return lowering.builder.addNode(
        { kind: "index", op: "reshape", from: [name], input: scores },
        { ...output, shape: shapeOf(rows) },
      );
    },
  };
}

function leafReached({ branches }: Ensemble, root: TreeNode, x: Float64Array, from: number): number {
  let node = root;
  for (let branch = branches[node]; branch !== undefined; branch = branches[node]) {
    const v = x[from + branch.feature] as number;
    const { threshold, test } = branch;
    const holds = test === "LEQ" ? v <= threshold : test === "LT" ? v < threshold : v === threshold;
    node = holds ? branch.yes : branch.no;
  }
  return leafOf(node);
}

/** Of each branch, level after level, whether it is reached and its test holds; undefined where there is no branch. */
function addProducts(columns: ColumnsWriter, forest: Forest, x: Columns): Columns | undefined {
  const { levels } = forest;
  if (levels.length === 0) return undefined;
  const { bits, places } = addTests(columns, forest, x);
  const products: Columns[] = [];
  let reached: Columns | undefined; // undefined at the roots, which always are
  levels.forEach((level, d) => {
    const holds = columns.select(
      bits,
      level.map(({ test }) => places[test] as Place),
    );
    const product = reached === undefined ? holds : columns.product(reached, holds);
    products.push(product);
    const next = levels[d + 1];
    if (next === undefined) return;
    // Reached, and its test does not hold: the way to what hangs on the other side.
    const failing = [...new Set(next.filter(({ side }) => side === "no").map(({ parent }) => parent))];
    const at = new Map(failing.map((parent, i) => [parent, i]));
    const choose = (from: Columns): Columns =>
      columns.select(
        [from],
        failing.map((parent): Place => [0, parent]),
      );
    const held = failing.length === 0 ? [] : [choose(product)];
    const failed = held.map((half) =>
      reached === undefined
        ? columns.sum([[-1n, half]], new Array<bigint>(half.width).fill(1n))
        : columns.sum([
            [1n, choose(reached)],
            [-1n, half],
          ]),
    );
    reached = columns.select(
      [product, ...failed],
      next.map(({ side, parent }): Place => (side === "yes" ? [0, parent] : [1, at.get(parent) as number])),
    );
  });
  const all = products.flatMap(({ width }, part) => Array.from({ length: width }, (_, i): Place => [part, i]));
  return columns.select(products, all);
}

/** Which of several column lists, and which column of it. */
type Place = readonly [part: number, column: number];

/** One bit a test: the comparisons, then the equalities, and where each test of the forest is among them. */
function addTests(columns: ColumnsWriter, { tests }: Forest, x: Columns): { bits: Columns[]; places: Place[] } {
  const bits: Columns[] = [];
  const places: Place[] = [];
  for (const equality of [false, true]) {
    const part: IntegerTest[] = [];
    tests.forEach((test, i) => {
      if (test.equal === equality) places[i] = [bits.length, part.push(test) - 1];
    });
    if (part.length === 0) continue;
    const operands = columns.select(
      [x],
      part.map(({ feature }): Place => [0, feature]),
    );
    const difference = columns.sum(
      [[-1n, operands]],
      part.map(({ bound }) => bound),
    );
    bits.push(columns.bits(equality ? "isZero" : "step", difference));
  }
  return { bits, places };
}

interface SumOptions {
  readonly base: ArrayLike<number>;
  readonly width: number;
  readonly startOf: (tree: number) => number;
  readonly name: string;
}

/**
 * Scores as bias + weights [width, branches] times the products. A branch's product moves the score from the leaf that
 * is reached if its test and those below fail to the one that is reached if only its own holds.
 */
function sums(
  { leaves }: Ensemble,
  forest: Forest,
  { exponent, bits }: Quantization,
  { base, width, startOf, name }: SumOptions,
): { weights: Float64Array; bias: Float64Array; exponent: number } {
  const real = leaves.flatMap((leaf) => leaf.map(({ weight }) => weight));
  const integers = real.length === 0 ? [] : quantizeClamped([real.length], real, exponent, bits).values;
  const first: number[] = [];
  leaves.reduce((at, leaf, i) => ((first[i] = at), at + leaf.length), 0);
  const branches = forest.levels.flat();
  const weights = new Float64Array(width * branches.length);
  const bias = new Float64Array(width);
  const add = (to: Float64Array, leaf: number, tree: number, stride: number, column: number, sign: 1 | -1): void => {
    (leaves[leaf] ?? []).forEach(({ target }, i) => {
      const at = (startOf(tree) + target) * stride + column;
      to[at] = (to[at] as number) + sign * Number(integers[(first[leaf] as number) + i]);
    });
  };
  branches.forEach(({ tree, yesLeaf, noLeaf }, column) => {
    add(weights, yesLeaf, tree, branches.length, column, 1);
    add(weights, noLeaf, tree, branches.length, column, -1);
  });
  forest.leaves.forEach((leaf, tree) => add(bias, leaf, tree, 1, 0, 1));
  if (base.length > 0)
    quantizeExact([width], base, exponent, name).values.forEach((v, k) => (bias[k] = (bias[k] as number) + Number(v)));
  return { weights, bias, exponent };
}
