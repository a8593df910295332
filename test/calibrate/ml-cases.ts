// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts: ai.onnx.ml.
import { forestAttributes, forestAttributes5, MODES, type ForestOptions } from "../helpers/trees.ts";
import { ml, type Case } from "./case.ts";

/** Values that the inputs of operators.test.ts take, so that ties abound, values between, and some that decide. */
const THRESHOLDS = [
  ...Array.from({ length: 12 }, (_, i) => ((i * 106 + 11) % 201) - 100),
  -0.5,
  30.25,
  -100,
  100,
  5e20,
  -1e9,
];
const FOREST: ForestOptions = { trees: 5, depth: 4, features: 3, targets: 1, thresholds: THRESHOLDS };
const x = [8, 3];
const regressor = (seed: number, options: Partial<ForestOptions>, attributes: object = {}) => {
  const all = { ...FOREST, ...options };
  return ml("TreeEnsembleRegressor", ["x"], {
    ...forestAttributes("target", seed, all),
    n_targets: all.targets,
    ...attributes,
  });
};

const TREE_CASES: Case[] = [
  ...MODES.map((mode, i): Case => ({
    name: `TreeEnsembleRegressor ${mode}`,
    x,
    nodes: [regressor(i + 1, { modes: [i] })],
  })),
  { name: "TreeEnsembleRegressor of version 1", x, nodes: [regressor(20, {})], mlOpset: 1 },
  { name: "TreeEnsembleRegressor of a narrow range", x, nodes: [regressor(23, {})], range: [-4, 31] },
  { name: "TreeEnsembleRegressor of leaves only", x, nodes: [regressor(24, { depth: 0 })] },
  {
    name: "TreeEnsembleRegressor of three targets with base values",
    x,
    nodes: [regressor(25, { targets: 3 }, { base_values: { floats: [100, -7, 3] } })],
  },
  {
    name: "TreeEnsembleRegressor whose leaves weigh one of two targets",
    x,
    nodes: [regressor(26, { targets: 2, weighs: [1] })],
  },
  {
    name: "TreeEnsembleRegressor AVERAGE",
    x,
    nodes: [regressor(27, { trees: 4 }, { aggregate_function: "AVERAGE", base_values: { floats: [3] } })],
    exponent: 2,
  },
  {
    name: "TreeEnsembleRegressor with thresholds and weights as tensors of doubles",
    x,
    inputType: 11,
    nodes: [
      (() => {
        const { nodes_values, target_weights, ...attributes } = forestAttributes("target", 28, FOREST);
        const tensor = (attribute: unknown) => {
          const values = (attribute as { floats: number[] }).floats;
          return { dims: [values.length], values, type: "float64" as const };
        };
        return ml("TreeEnsembleRegressor", ["x"], {
          ...attributes,
          n_targets: 1,
          nodes_values_as_tensor: tensor(nodes_values),
          target_weights_as_tensor: tensor(target_weights),
        });
      })(),
    ],
  },
  ...[1, 2].map((targets): Case => ({
    name: `TreeEnsemble of version 5, ${targets} targets`,
    x,
    nodes: [ml("TreeEnsemble", ["x"], forestAttributes5(30 + targets, { ...FOREST, targets }))],
    mlOpset: 5,
  })),
  {
    name: "TreeEnsemble AVERAGE",
    x,
    nodes: [ml("TreeEnsemble", ["x"], { ...forestAttributes5(33, { ...FOREST, trees: 4 }), aggregate_function: 0 })],
    mlOpset: 5,
    exponent: 2,
  },
];

/** Both outputs of a classifier, a case each. */
const classifier = (
  name: string,
  seed: number,
  options: Partial<ForestOptions>,
  labels: object,
  attributes: object = {},
  more: Partial<Case> = {},
): Case[] =>
  ["label", "scores"].map((what, i) => ({
    name: `TreeEnsembleClassifier ${name}: ${what}`,
    x,
    nodes: [
      ml(
        "TreeEnsembleClassifier",
        ["x"],
        { ...forestAttributes("class", seed, { ...FOREST, targets: 2, ...options }), ...labels, ...attributes },
        i === 0 ? ["y", "other"] : ["other", "y"],
      ),
    ],
    ...more,
  }));
const two = { classlabels_int64s: [-7, 30] };

const CLASSIFIER_CASES: Case[] = [
  ...classifier("of one class", 40, { targets: 1 }, { classlabels_int64s: [5] }, { base_values: { floats: [-3] } }),
  ...classifier("of two classes with one score, any sign", 41, { weighs: [0] }, two),
  ...classifier("of two classes with one score, a base value", 42, { weighs: [0] }, two, {
    base_values: { floats: [-9] },
  }),
  ...classifier("of two classes with one positive score", 43, { weighs: [0], weights: [0, 1], trees: 1 }, two),
  ...classifier("of two classes with one score, of the second", 44, { weighs: [1] }, two, {
    base_values: { floats: [4] },
  }),
  ...classifier("of two classes, the second positive", 45, { weighs: [1], weights: [0, 1], trees: 1 }, two),
  ...classifier("of two classes weighed apart", 46, {}, two, { base_values: { floats: [-9] } }),
  ...classifier("of int64", 47, { weighs: [0] }, two, {}, { inputType: 7 }),
  ...classifier("of int32, version 1", 48, { weighs: [0] }, two, {}, { inputType: 6, mlOpset: 1 }),
];

export const ML_CASES: Case[] = [...TREE_CASES, ...CLASSIFIER_CASES];
