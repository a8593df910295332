// SPDX-License-Identifier: GPL-3.0-or-later
// What operators of ai.onnx.ml refuse: each by name, with what is accepted.
import { expect } from "chai";
import { analyse } from "../../verifier/graph/analyse.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { forestAttributes, forestAttributes5 } from "../helpers/trees.ts";
import { onnxOf, type TestModel, type TestNode } from "../onnx/model.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { errorOf } from "./codes.ts";
import { exactCalibration } from "./exact.ts";

type Attributes = NonNullable<TestNode["attributes"]>;
type Refused = [why: RegExp, change: Attributes, model?: Partial<TestModel> & { outputs?: string[] }];

/** A valid node with some attributes changed is ONNX_UNSUPPORTED, and the reason says why. */
function refuses(op: string, valid: Attributes, cases: readonly Refused[], given: Partial<TestModel> = {}) {
  const compile = (change: Attributes, model: Partial<TestModel> = {}) => {
    const attributes = { ...valid, ...change };
    const nodes: TestNode[] = [{ op, domain: "ai.onnx.ml", in: ["x"], out: ["y", "z"], name: "refused", attributes }];
    if (op !== "TreeEnsembleClassifier" && !op.endsWith("Classifier"))
      nodes[0] = { ...(nodes[0] as TestNode), out: ["y"] };
    return analyse(parseModel(onnxOf({ nodes, inputs: { x: [2, 3] }, outputs: ["y"], ...given, ...model })));
  };
  it(`${op}: is accepted as it is`, () => {
    expect(compile({}).outputs).to.have.length(1);
  });
  for (const [why, change, model] of cases) {
    it(`${op}: ${why.source}`, () => {
      const error = errorOf(() => compile(change, model));
      expect(error.code).to.equal("ONNX_UNSUPPORTED");
      const [offence, ...others] = error.data["nodes"] as { node: string; reason: string }[];
      expect(others).to.deep.equal([]);
      expect(offence?.reason).to.match(why);
    });
  }
}

const floats = (...values: number[]) => ({ floats: values });
const strings = (...values: string[]) => ({ strings: values });

/** Tree 0: x0 <= 1 ? node 1 : node 2, both leaves; tree 1 a leaf. */
const TREES: Attributes = {
  nodes_treeids: [0, 0, 0, 1],
  nodes_nodeids: [0, 1, 2, 0],
  nodes_featureids: [0, 0, 0, 0],
  nodes_values: floats(1, 0, 0, 0),
  nodes_modes: strings("BRANCH_LEQ", "LEAF", "LEAF", "LEAF"),
  nodes_truenodeids: [1, 0, 0, 0],
  nodes_falsenodeids: [2, 0, 0, 0],
};
const leaves = (prefix: string, ids: number[] = [0, 0, 0]): Attributes => ({
  [`${prefix}_treeids`]: [0, 0, 1],
  [`${prefix}_nodeids`]: [1, 2, 0],
  [`${prefix}_ids`]: ids,
  [`${prefix}_weights`]: floats(1, -2, 3),
});

describe("graph/refusals: decision trees", () => {
  refuses("TreeEnsembleRegressor", { ...TREES, ...leaves("target"), n_targets: 1 }, [
    [/attribute n_targets = 0; accepted: 1 or more/, { n_targets: 0 }],
    [
      /attribute post_transform = PROBIT; accepted: NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO/,
      { post_transform: "PROBIT" },
    ],
    [/attribute aggregate_function = MEDIAN; accepted: AVERAGE, SUM, MIN, MAX/, { aggregate_function: "MEDIAN" }],
    [/attribute base_values has 2 values; accepted: 0 or 1/, { base_values: floats(1, 2) }],
    [/attribute base_values: has an infinite value/, { base_values: floats(Infinity) }],
    [
      /nodes_modes: BRANCH_MEMBER; accepted: BRANCH_LEQ/,
      { nodes_modes: strings("BRANCH_MEMBER", "LEAF", "LEAF", "LEAF") },
    ],
    [/attribute nodes_modes is of kind ints; accepted: strings/, { nodes_modes: [0, 6, 6, 6] }],
    [/attribute nodes_values has 3 values; accepted: 4/, { nodes_values: floats(1, 0, 0) }],
    [/attribute nodes_values: has a NaN/, { nodes_values: floats(NaN, 0, 0, 0) }],
    [/attribute nodes_featureids has 1 values/, { nodes_featureids: [0] }],
    [/feature 3; accepted: 0 to 2/, { nodes_featureids: [3, 0, 0, 0] }],
    [/feature -1; accepted: 0 to 2/, { nodes_featureids: [-1, 0, 0, 0] }],
    [/nodes_truenodeids: tree 0 has no node 7/, { nodes_truenodeids: [7, 0, 0, 0] }],
    [/nodes_falsenodeids: tree 0 has no node 3/, { nodes_falsenodeids: [3, 0, 0, 0] }],
    [/a node of a tree is reached twice/, { nodes_falsenodeids: [0, 0, 0, 0] }],
    [/a node of a tree is reached twice/, { nodes_falsenodeids: [1, 0, 0, 0] }],
    [/nodes_nodeids: tree 0 has two nodes 1/, { nodes_nodeids: [0, 1, 1, 0] }],
    [/nodes_treeids: tree 0 is listed in two places/, { nodes_treeids: [0, 1, 0, 0] }],
    [/target_nodeids: tree 1 has no node 2/, { target_treeids: [0, 1, 1] }],
    [/a leaf weighs target 1; accepted: 0 to 0/, { target_ids: [0, 1, 0] }],
    [/a leaf weighs target 0 twice/, { target_nodeids: [1, 1, 0] }],
    [/attribute target_weights: has an infinite value/, { target_weights: floats(1, Infinity, 0) }],
    [/attribute target_ids has 2 values; accepted: 3/, { target_ids: [0, 0] }],
    [
      /MIN, but not every leaf weighs every target; accepted: SUM, AVERAGE/,
      { n_targets: 2, aggregate_function: "MIN" },
    ],
    [
      /there is no tree/,
      { ...forestAttributes("target", 1, { trees: 0, depth: 1, features: 1, targets: 1, thresholds: [0] }) },
    ],
    [/input 0 of bool; accepted: float32, float64, int32, int64/, {}, { inputType: 9 }],
    [/input 0 of shape \[1,2,3\]; accepted: \[N, F\] or \[F\]/, {}, { inputs: { x: [1, 2, 3] } }],
  ]);

  it("trees are at most 1024 branches deep", () => {
    /** A branch leads to the next one or to a leaf of its own. */
    const chain = (n: number) => {
      const ids = Array.from({ length: 2 * n + 1 }, (_, i) => i);
      const attributes = {
        n_targets: 1,
        nodes_treeids: ids.map(() => 0),
        nodes_nodeids: ids,
        nodes_featureids: ids.map(() => 0),
        nodes_values: { floats: ids.map((i) => 512 - i) },
        nodes_modes: { strings: ids.map((i) => (i < n ? "BRANCH_LEQ" : "LEAF")) },
        nodes_truenodeids: ids.map((i) => (i === n - 1 ? 2 * n : i + 1)),
        nodes_falsenodeids: ids.map((i) => n + i),
        target_treeids: [0, 0],
        target_nodeids: [n + 413, n + 613],
        target_ids: [0, 0],
        target_weights: floats(1, 2),
      };
      const node: TestNode = { op: "TreeEnsembleRegressor", domain: "ai.onnx.ml", in: ["x"], out: ["y"], attributes };
      const onnx = onnxOf({ nodes: [node], inputs: { x: [1, 1] }, outputs: ["y"] });
      return compileModel(onnx, exactCalibration(onnx)).graph;
    };
    const deep = chain(1024);
    // Of thresholds 512, 511 .. -511, those from 100 on hold on all of -100 to 100, and -101 fails; 200 are left.
    expect(deep.nodes.filter(({ op }) => op === "multiply")).to.have.length(199);
    expect([100, 99, -99, -100].map((x) => execute(deep, [[x]])[0]?.[0])).to.deep.equal([1, 0, 0, 2]);
    expect(errorOf(() => chain(1025)).message).to.match(/a tree deeper than 1024 branches/);
  });

  refuses("TreeEnsembleClassifier", { ...TREES, ...leaves("class"), classlabels_int64s: [4, 5] }, [
    [/no class labels; accepted/, { classlabels_int64s: [] }],
    [/both classlabels_strings and classlabels_int64s/, { classlabels_strings: strings("a", "b") }],
    [/base_values has 2 values for 2 classes, one of which onnxruntime ignores/, { base_values: floats(1, 2) }],
    [/attribute base_values has 1 values; accepted: 0 or 3/, { classlabels_int64s: [1, 2, 3], base_values: floats(1) }],
    [/class_ids: some leaves weigh a class of two that others do not/, { class_ids: [0, 1, 0] }],
    [/attribute post_transform = PROBIT/, { post_transform: "PROBIT" }],
    [
      /leaves that weigh not all classes, and weights that are not positive/,
      { classlabels_int64s: [1, 2, 3], class_ids: [0, 1, 2] },
    ],
    [
      /no leaf weighs any class/,
      { classlabels_int64s: [1, 2, 3], class_treeids: [], class_nodeids: [], class_ids: [], class_weights: floats() },
    ],
  ]);

  const tensor = (...values: number[]) => ({ dims: [values.length], values });
  const bytes = (...values: number[]) => ({ ...tensor(...values), type: "uint8" as const });
  const options = { trees: 1, depth: 1, features: 3, targets: 1, thresholds: [0], modes: [0] };
  refuses(
    "TreeEnsemble",
    forestAttributes5(3, options),
    [
      [/nodes_modes: 6; accepted: 0 to 5/, { nodes_modes: bytes(6) }],
      [/attribute nodes_splits has 2 values; accepted: 1/, { nodes_splits: tensor(0, 1) }],
      [/attribute nodes_splits: has a NaN/, { nodes_splits: tensor(NaN) }],
      [/attribute nodes_splits is of kind floats; accepted: tensor/, { nodes_splits: floats(0) }],
      [/attribute tree_roots: there is no tree/, { tree_roots: [] }],
      [/attribute tree_roots: 1; accepted: 0 to 0/, { tree_roots: [1] }],
      [/a node of a tree is reached twice/, { tree_roots: [0, 0] }],
      [/attribute nodes_truenodeids: 2; accepted: 0 to 1/, { nodes_truenodeids: [2] }],
      [/attribute leaf_weights has 1 values; accepted: 2/, { leaf_weights: tensor(0) }],
      [/the weight of a leaf is NaN or infinite/, { leaf_weights: tensor(NaN, 0) }],
      [/a leaf weighs target 1; accepted: 0 to 0/, { leaf_targetids: [1, 0] }],
      [/attribute aggregate_function = 4; accepted: 0 \(AVERAGE\), 1 \(SUM\)/, { aggregate_function: 4 }],
      [/attribute post_transform = 4; accepted: 0 \(NONE\)/, { post_transform: 4 }],
      [
        /attribute post_transform = 1, which onnxruntime and ONNX read differently/,
        { n_targets: 2, post_transform: 1 },
      ],
    ],
    { mlOpset: 5 },
  );
});

describe("graph/refusals: linear models, support vectors, features and categories", () => {
  refuses("LinearRegressor", { coefficients: floats(1, 2, 3), targets: 1 }, [
    [/attribute targets = 0; accepted: 1 or more/, { targets: 0 }],
    [/attribute coefficients has 2 values; accepted: 3/, { coefficients: floats(1, 2) }],
    [/attribute coefficients: has a NaN/, { coefficients: floats(1, 2, NaN) }],
    [/attribute intercepts has 2 values; accepted: 0 or 1/, { intercepts: floats(1, 2) }],
    [/attribute post_transform = PROBIT/, { post_transform: "PROBIT" }],
  ]);
  const one = { coefficients: floats(1, 2, 3), intercepts: floats(1), classlabels_ints: [1, 2] };
  refuses("LinearClassifier", one, [
    [/attribute intercepts has no values; accepted: one a class/, { intercepts: floats() }],
    [/attribute classlabels has 3 values; accepted: 2/, { classlabels_ints: [1, 2, 3] }],
    [/attribute coefficients has 2 values; accepted: 3/, { coefficients: floats(1, 2) }],
    [/both classlabels_strings and classlabels_ints/, { classlabels_strings: strings("a", "b") }],
  ]);
  const machine = {
    kernel_params: floats(1, 0, 2),
    support_vectors: floats(1, 2, 3, 4, 5, 6),
    coefficients: floats(1, -1),
    rho: floats(0),
  };
  refuses("SVMRegressor", { ...machine, n_supports: 2 }, [
    [/attribute kernel_type = CHI2; accepted: LINEAR, POLY, RBF, SIGMOID/, { kernel_type: "CHI2" }],
    [/degree 2.5; accepted: integers from 1 to 8/, { kernel_type: "POLY", kernel_params: floats(1, 0, 2.5) }],
    [/degree 9; accepted: integers from 1 to 8/, { kernel_type: "POLY", kernel_params: floats(1, 0, 9) }],
    [/attribute kernel_params has 2 values; accepted: 3/, { kernel_type: "RBF", kernel_params: floats(1, 0) }],
    [/attribute support_vectors has 6 values; accepted: 9/, { n_supports: 3 }],
    [/attribute n_supports = -1; accepted: 0 or more/, { n_supports: -1 }],
    [/attribute coefficients has 1 values; accepted: 2/, { coefficients: floats(1) }],
    [/attribute rho has no values/, { rho: floats() }],
    [/attribute support_vectors: has an infinite value/, { support_vectors: floats(1, 2, 3, 4, 5, Infinity) }],
  ]);
  const pairs = { classlabels_ints: [1, 2, 3], coefficients: floats(1, -1, 2, 3), rho: floats(0, 1, 2) };
  refuses("SVMClassifier", { ...machine, vectors_per_class: [1, 1], classlabels_ints: [1, 2] }, [
    [/1 class labels; accepted: 2 or more/, { classlabels_ints: [1] }],
    [/attribute vectors_per_class has 2 values; accepted: 3/, { classlabels_ints: [1, 2, 3] }],
    [/attribute vectors_per_class; accepted: 0 or more/, { vectors_per_class: [-1, 3] }],
    [/attribute rho has 1 values; accepted: 3/, { ...pairs, vectors_per_class: [1, 1, 0], rho: floats(0) }],
    [
      /attribute prob_a with more than 2 classes; accepted: 2 classes/,
      { ...pairs, vectors_per_class: [1, 1, 0], prob_a: floats(1, 2, 3), prob_b: floats(1, 2, 3) },
      { outputs: ["z"] },
    ],
    [/attribute prob_b has 0 values; accepted: 1/, { prob_a: floats(1) }, { outputs: ["z"] }],
    [/2 class labels without support vectors/, { vectors_per_class: [], coefficients: floats(1, 2, 3, 4, 5, 6) }],
  ]);
  refuses("Scaler", { offset: floats(1), scale: floats(2) }, [
    [/attribute offset has 2 values; accepted: 0 or 1 or 3/, { offset: floats(1, 2) }],
    [/attribute scale: has an infinite value/, { scale: floats(Infinity) }],
  ]);
  refuses("Normalizer", { norm: "L1" }, [[/attribute norm = L3; accepted: MAX, L1, L2/, { norm: "L3" }]]);
  refuses("Imputer", { imputed_value_floats: floats(1), replaced_value_float: { float: 3 } }, [
    [/attribute imputed_value_floats has 2 values; accepted: 1 or 3/, { imputed_value_floats: floats(1, 2) }],
    [/attribute imputed_value_floats: has a NaN/, { imputed_value_floats: floats(NaN) }],
    [/attribute imputed_value_int64s has 0 values/, {}, { inputType: 7 }],
  ]);
  refuses("Binarizer", {}, [[/attribute threshold = Infinity; accepted/, { threshold: { float: Infinity } }]]);
  refuses("FeatureVectorizer", { inputdimensions: [4] }, [
    [/attribute inputdimensions has 2 values; accepted: 1/, { inputdimensions: [1, 2] }],
    [/attribute inputdimensions: 0; accepted: 1 or more/, { inputdimensions: [0] }],
    [/input 0 of shape \[1,2,3\]; accepted/, {}, { inputs: { x: [1, 2, 3] } }],
  ]);
  refuses(
    "LabelEncoder",
    { keys_int64s: [1, 2], values_int64s: [3, 4] },
    [
      [/input 0 of float32; accepted: integers/, {}, { inputType: 1 }],
      [/its keys; accepted: distinct integers/, { keys_int64s: [1, 1] }],
      [/attribute values has 1 values; accepted: 2/, { values_int64s: [3] }],
    ],
    { inputType: 7 },
  );
  it("LabelEncoder and ArrayFeatureExtractor: refuse texts, real keys and computed values", () => {
    const offence = (op: string, inputs: string[], attributes: Attributes, inputType = 7) => {
      const node: TestNode = { op, domain: "ai.onnx.ml", in: inputs, out: ["y"], attributes };
      const constants = { c: { dims: [3], values: [5, 6, 9], type: "int64" as const } };
      const onnx = onnxOf({ nodes: [node], inputs: { x: [2] }, outputs: ["y"], inputType, constants });
      return errorOf(() => compileModel(onnx, exactCalibration(onnx))).message;
    };
    const values = { values_int64s: [3] };
    for (const name of ["keys_strings", "classes_strings"])
      expect(offence("LabelEncoder", ["x"], { [name]: strings("a"), ...values })).to.match(
        new RegExp(`attribute ${name}; accepted: keys_int64s`),
      );
    expect(offence("LabelEncoder", ["x"], { keys_floats: floats(1), ...values })).to.match(
      /attribute keys_floats; acc/,
    );
    expect(offence("LabelEncoder", ["x"], values)).to.match(/keys_int64s is missing; accepted/);
    expect(offence("LabelEncoder", ["x"], { keys_int64s: [1] })).to.match(/values_int64s is missing; accepted/);
    expect(offence("LabelEncoder", ["x"], { keys_int64s: [1], values_strings: strings("a") })).to.match(
      /attribute values_strings; accepted: values_int64s, values_floats, values_tensor/,
    );
    expect(offence("ArrayFeatureExtractor", ["x", "x"], {})).to.match(/Y depends on the inputs, and so does X/);
    expect(offence("ArrayFeatureExtractor", ["c", "x"], {}, 1)).to.match(/input 1 of float32; accepted: integers/);
    expect(offence("ArrayFeatureExtractor", ["c", "x"], {})).to.match(/ranges from -100 to 100; accepted: 0 to 2/);
  });
  refuses(
    "OneHotEncoder",
    { cats_int64s: [1, 2] },
    [
      [/attribute cats_strings; accepted: cats_int64s/, { cats_strings: strings("a") }],
      [/attribute cats_int64s has no values/, { cats_int64s: [] }],
      [/attribute zeros = 0, for which an unknown category is an error; accepted: 1/, { zeros: 0 }],
      [/input 0 of float32; accepted: integers/, {}, { inputType: 1 }],
    ],
    { inputType: 7 },
  );
});
