// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts: ai.onnx.ml.
import type { TestNode } from "../onnx/model.ts";
import { forestAttributes, forestAttributes5, MODES, type ForestOptions } from "../helpers/trees.ts";
import { ints, ml, node, ramp, type Case } from "./case.ts";

const floats = (...values: number[]) => ({ floats: values });

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
  ...["MIN", "MAX"].flatMap((aggregate_function, i) =>
    [1, 2].map((targets): Case => ({
      name: `TreeEnsembleRegressor ${aggregate_function} of ${targets} targets`,
      x,
      nodes: [
        regressor(60 + i, { targets }, { aggregate_function, base_values: floats(...[3, -8].slice(0, targets)) }),
      ],
    })),
  ),
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
const three = { classlabels_int64s: [4, -7, 30] };

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
  ...classifier("of three classes", 49, { targets: 3 }, three),
  ...classifier("of three classes with base values", 50, { targets: 3, weighs: [2] }, three, {
    base_values: floats(5, -9, 0),
  }),
  ...classifier(
    "of three classes one of which no leaf weighs",
    51,
    { targets: 3, weighs: [0, 2], weights: [-20, -1] },
    three,
  ),
  ...classifier("of int64", 47, { weighs: [0] }, two, {}, { inputType: 7 }),
  ...classifier("of int32, version 1", 48, { weighs: [0] }, two, {}, { inputType: 6, mlOpset: 1 }),
];

/** Both outputs of a classifier, a case each. */
const labelAndScores = (
  op: string,
  name: string,
  attributes: NonNullable<TestNode["attributes"]>,
  more: Partial<Case> = {},
) =>
  [
    ["y", "other"],
    ["other", "y"],
  ].map((out, i): Case => ({
    name: `${op} ${name}: ${i === 0 ? "label" : "scores"}`,
    x,
    nodes: [ml(op, ["x"], attributes, out)],
    ...more,
  }));
const WEIGHTS = ramp([3, 3]).values;

const LINEAR_CASES: Case[] = [
  ...labelAndScores("LinearClassifier", "of three classes", {
    coefficients: floats(...WEIGHTS),
    intercepts: floats(3, -50, 20),
    classlabels_ints: [7, -2, 9],
  }),
  ...labelAndScores("LinearClassifier", "with one score for two classes", {
    coefficients: floats(1, -2, 3),
    intercepts: floats(-17),
    classlabels_ints: [4, 9],
  }),
  ...labelAndScores(
    "LinearClassifier",
    "with one score, no labels, int64",
    { coefficients: floats(1, 0, -1), intercepts: floats(0) },
    { inputType: 7 },
  ),
  {
    name: "LinearRegressor",
    x,
    nodes: [ml("LinearRegressor", ["x"], { coefficients: floats(1, -2, 3), intercepts: floats(5), targets: 1 })],
  },
  {
    name: "LinearRegressor of three targets, without intercepts",
    x,
    nodes: [ml("LinearRegressor", ["x"], { coefficients: floats(...WEIGHTS), targets: 3 })],
  },
  {
    name: "LinearRegressor of one row",
    x: [3],
    nodes: [ml("LinearRegressor", ["x"], { coefficients: floats(1, -2, 3), targets: 1, post_transform: "LOGISTIC" })],
  },
];

const SVM: NonNullable<TestNode["attributes"]> = {
  kernel_params: floats(0, 0, 0),
  support_vectors: floats(1, 0, -2, 0, 3, 1, 2, 2, 0, -1, 0, 1),
};
const poly = (degree: number) => ({ ...SVM, kernel_type: "POLY", kernel_params: floats(2, -1, degree) });

const SVM_CASES: Case[] = [
  {
    name: "SVMRegressor",
    x,
    nodes: [ml("SVMRegressor", ["x"], { ...SVM, n_supports: 4, coefficients: floats(1, -2, 3, 1), rho: floats(7) })],
  },
  {
    name: "SVMRegressor without support vectors",
    x,
    nodes: [
      ml("SVMRegressor", ["x"], {
        kernel_params: floats(0, 0, 0),
        n_supports: 0,
        coefficients: floats(1, -2, 3),
        rho: floats(7),
      }),
    ],
  },
  {
    name: "SVMRegressor of one class",
    x,
    nodes: [
      ml("SVMRegressor", ["x"], {
        ...SVM,
        n_supports: 4,
        coefficients: floats(1, -2, 3, 1),
        rho: floats(7),
        one_class: 1,
      }),
    ],
  },
  ...[1, 2, 3].map((degree): Case => ({
    name: `SVMRegressor POLY of degree ${degree}`,
    x,
    range: [-4, 5],
    nodes: [
      ml("SVMRegressor", ["x"], { ...poly(degree), n_supports: 4, coefficients: floats(1, -2, 3, 1), rho: floats(7) }),
    ],
  })),
  ...labelAndScores("SVMClassifier", "of two classes", {
    ...SVM,
    vectors_per_class: [3, 1],
    coefficients: floats(1, -2, 3, 1),
    rho: floats(7),
    classlabels_ints: [5, 8],
  }),
  ...labelAndScores("SVMClassifier", "of two classes, 1 - s", {
    ...SVM,
    vectors_per_class: [3, 1],
    coefficients: floats(1, 2, 3, 1),
    rho: floats(7),
    classlabels_ints: [5, 8],
    post_transform: "SOFTMAX",
  }),
  ...labelAndScores("SVMClassifier", "of three classes", {
    ...SVM,
    vectors_per_class: [1, 2, 1],
    coefficients: floats(1, -2, 3, 1, -4, 2, 0, -1),
    rho: floats(7, -20, 3),
    classlabels_ints: [5, 8, -1],
  }),
  ...labelAndScores(
    "SVMClassifier",
    "of four classes, POLY",
    {
      ...poly(2),
      vectors_per_class: [1, 1, 1, 1],
      coefficients: floats(...ramp([3, 4]).values),
      rho: floats(...ramp([6]).values),
      classlabels_ints: [5, 8, -1, 2],
    },
    { range: [-4, 5] },
  ),
  ...labelAndScores("SVMClassifier", "without support vectors", {
    kernel_params: floats(0, 0, 0),
    coefficients: floats(...WEIGHTS),
    rho: floats(3),
    classlabels_ints: [3, 1, 2],
  }),
];

const FEATURE_CASES: Case[] = [
  { name: "Scaler", x, nodes: [ml("Scaler", ["x"], { offset: floats(1, -2, 3), scale: floats(2, 5, -1) })] },
  {
    name: "Scaler of one value for all, int64",
    x,
    inputType: 7,
    nodes: [ml("Scaler", ["x"], { offset: floats(3), scale: floats(2) })],
  },
  {
    name: "Scaler of rank 1",
    x: [3],
    nodes: [ml("Scaler", ["x"], { offset: floats(1, -2, 3), scale: floats(2, 1, 1) })],
  },
  {
    name: "Imputer of NaN",
    x,
    nodes: [ml("Imputer", ["x"], { imputed_value_floats: floats(1), replaced_value_float: { float: NaN } })],
  },
  {
    name: "Imputer",
    x,
    range: [-4, 5],
    nodes: [ml("Imputer", ["x"], { imputed_value_floats: floats(50, 60, 70), replaced_value_float: { float: 2 } })],
  },
  {
    name: "Imputer of int64",
    x,
    range: [-4, 5],
    inputType: 7,
    nodes: [ml("Imputer", ["x"], { imputed_value_int64s: [9], replaced_value_int64: -3 })],
  },
  { name: "Binarizer", x, nodes: [ml("Binarizer", ["x"], { threshold: { float: 11 } })] },
  { name: "Binarizer at 0", x: [5], range: [-2, 2], nodes: [ml("Binarizer", ["x"])] },
  {
    name: "FeatureVectorizer",
    x,
    nodes: [node("Neg", ["x"]), ml("FeatureVectorizer", ["x", "n"], { inputdimensions: [3, 3] })].map((one, i) =>
      i === 0 ? { ...one, out: ["n"] } : one,
    ),
  },
  {
    name: "ZipMap, unread",
    x,
    nodes: [ml("ZipMap", ["x"], { classlabels_int64s: [1, 2, 3] }, ["z"]), node("Neg", ["x"])],
  },
];

const CATEGORY_CASES: Case[] = [
  {
    name: "LabelEncoder",
    x,
    range: [-4, 5],
    inputType: 7,
    nodes: [ml("LabelEncoder", ["x"], { keys_int64s: [3, -4, 1000], values_int64s: [70, 80, 90] })],
    mlOpset: 2,
  },
  {
    name: "LabelEncoder with a default",
    x,
    range: [-4, 5],
    inputType: 7,
    nodes: [
      ml("LabelEncoder", ["x"], {
        keys_int64s: [3, -4, 0, 1],
        values_floats: floats(7, -8, 5, 5),
        default_float: { float: 5 },
      }),
    ],
  },
  {
    name: "LabelEncoder that is a line",
    x,
    range: [0, 3],
    inputType: 7,
    nodes: [ml("LabelEncoder", ["x"], { keys_int64s: [3, 1, 0, 2, 9], values_int64s: [11, 5, 2, 8, 1] })],
  },
  {
    name: "LabelEncoder of tensors",
    x,
    range: [-4, 5],
    inputType: 7,
    nodes: [
      ml("LabelEncoder", ["x"], { keys_tensor: ints(3, -4), values_tensor: ints(70, 80), default_tensor: ints(6) }),
    ],
    mlOpset: 4,
  },
  {
    name: "OneHotEncoder",
    x,
    range: [-4, 5],
    inputType: 7,
    nodes: [ml("OneHotEncoder", ["x"], { cats_int64s: [5, -4, 2, 77] })],
  },
  {
    name: "ArrayFeatureExtractor",
    x,
    nodes: [ml("ArrayFeatureExtractor", ["x", "i"])],
    constants: { i: ints(2, 0, 2) },
  },
  {
    name: "ArrayFeatureExtractor of rank 1",
    x: [4],
    nodes: [ml("ArrayFeatureExtractor", ["x", "i"])],
    constants: { i: ints(3, 1) },
  },
  {
    name: "ArrayFeatureExtractor of a computed index",
    x: [4],
    range: [0, 3],
    inputType: 7,
    nodes: [ml("ArrayFeatureExtractor", ["c", "x"])],
    constants: { c: { dims: [4], values: [50, -7, 9, 50], type: "int64" } },
  },
];

export const ML_CASES: Case[] = [
  ...TREE_CASES,
  ...CLASSIFIER_CASES,
  ...LINEAR_CASES,
  ...SVM_CASES,
  ...FEATURE_CASES,
  ...CATEGORY_CASES,
];

/** A case of ml.test.ts: real numbers, calibrated; its outputs are "y" and, of a classifier, its label "l". */
export interface RealCase {
  readonly name: string;
  readonly node: TestNode;
  /** Largest error, of the float output's largest value (default 0.02). */
  readonly tolerance?: number;
  /** Least and greatest input, in sixteenths (default -32 to 31). */
  readonly range?: readonly [number, number];
  /** How far the float interpreter may be from onnxruntime (default 1e-5). */
  readonly slack?: number;
}

const real = (
  name: string,
  op: string,
  attributes: NonNullable<TestNode["attributes"]>,
  more: Partial<RealCase> = {},
): RealCase => ({
  name: `${op} ${name}`,
  node: ml(op, ["x"], attributes, op.endsWith("Classifier") ? ["l", "y"] : ["y"]),
  ...more,
});
const REAL_FOREST: ForestOptions = {
  ...FOREST,
  thresholds: [-1.5, -0.75, -0.3, 0.1, 0.4, 0.9, 1.7],
  weights: [-9, 10],
};
/** Weights of a tenth each, and a bit, so that no two sums are equal: the float models' rounding would decide. */
const tenths = (attributes: NonNullable<TestNode["attributes"]>, name: string) => {
  const { floats: values } = attributes[name] as { floats: number[] };
  return { ...attributes, [name]: floats(...values.map((v, i) => v / 10 + ((i * 37) % 101) / 9973)) };
};
const realForest = (seed: number, options: Partial<ForestOptions>) =>
  tenths(forestAttributes("class", seed, { ...REAL_FOREST, ...options }), "class_weights");
const VECTORS = floats(0.5, -1, 0.25, 1.5, 0.75, -0.5, -1.25, 0, 1, 0.1, -0.2, 0.9, -0.6, 1.1, 0.3);
const kernel = (kernel_type: string, ...kernel_params: number[]) => ({
  kernel_type,
  kernel_params: floats(...kernel_params),
  support_vectors: VECTORS,
});
const machine = {
  n_supports: 5,
  coefficients: floats(1.25, -0.5, 0.75, -1, 0.4),
  rho: floats(-0.2),
};
const binary = {
  vectors_per_class: [3, 2],
  coefficients: floats(1.25, 0.5, 0.75, -1, -1.5),
  rho: floats(-0.2),
  classlabels_ints: [3, 8],
};

export const REAL_CASES: RealCase[] = [
  ...["MAX", "L1", "L2"].map((norm) => real(norm, "Normalizer", { norm }, norm === "MAX" ? { range: [8, 31] } : {})),
  real("RBF", "SVMRegressor", { ...kernel("RBF", 0.5, 0, 0), ...machine }),
  real("SIGMOID", "SVMRegressor", { ...kernel("SIGMOID", 0.5, -0.25, 0), ...machine }),
  real("POLY", "SVMRegressor", { ...kernel("POLY", 0.5, 1, 3), ...machine }),
  real("RBF", "SVMClassifier", { ...kernel("RBF", 0.7, 0, 0), ...binary }),
  real(
    "RBF with probabilities",
    "SVMClassifier",
    {
      ...kernel("RBF", 0.7, 0, 0),
      ...binary,
      prob_a: floats(-1.5),
      prob_b: floats(0.1),
    },
    { slack: 5e-3, tolerance: 0.03 },
  ),
  real("of three classes, RBF, LOGISTIC", "SVMClassifier", {
    ...kernel("RBF", 0.4, 0, 0),
    vectors_per_class: [2, 1, 2],
    coefficients: floats(1, 0.5, -1.5, -1, 0.25, 0.75, 1, -1.25, 0.5, -0.3),
    rho: floats(0.1, -0.2, 0.05),
    classlabels_ints: [3, 8, 1],
    post_transform: "LOGISTIC",
  }),
  real("LOGISTIC", "LinearClassifier", {
    coefficients: floats(0.5, -1, 0.25),
    intercepts: floats(0.1),
    classlabels_ints: [0, 1],
    post_transform: "LOGISTIC",
  }),
  real("of two targets, LOGISTIC", "LinearRegressor", {
    coefficients: floats(0.5, -1, 0.25, 1, 0, -0.5),
    targets: 2,
    post_transform: "LOGISTIC",
  }),
  real("of one score, LOGISTIC", "TreeEnsembleClassifier", {
    ...realForest(70, { targets: 2, weighs: [0] }),
    ...two,
    post_transform: "LOGISTIC",
    base_values: floats(0.3),
  }),
  real("of one positive score, LOGISTIC", "TreeEnsembleClassifier", {
    ...realForest(71, { targets: 2, weighs: [0], weights: [1, 9] }),
    ...two,
    post_transform: "LOGISTIC",
  }),
  real("of three classes, LOGISTIC", "TreeEnsembleClassifier", {
    ...realForest(74, { targets: 3, weights: [1, 9] }),
    ...three,
    post_transform: "LOGISTIC",
  }),
  real("NONE", "TreeEnsembleClassifier", { ...realForest(75, { targets: 3, weights: [1, 9] }), ...three }),
  real("of three classes, SOFTMAX", "LinearClassifier", {
    coefficients: floats(0.5, -1, 0.25, 1, 0, -0.5, -0.75, 0.5, 0.3),
    intercepts: floats(0.1, -0.2, 0),
    classlabels_ints: [0, 1, 2],
    post_transform: "SOFTMAX",
  }),
  real("of three classes, SOFTMAX", "TreeEnsembleClassifier", {
    ...realForest(72, { targets: 3 }),
    ...three,
    post_transform: "SOFTMAX",
  }),
  real("of three classes, SOFTMAX_ZERO", "TreeEnsembleClassifier", {
    ...realForest(73, { targets: 3, weighs: [0, 2] }),
    ...three,
    post_transform: "SOFTMAX_ZERO",
  }),
];
