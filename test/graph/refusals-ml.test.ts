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
    ],
    { mlOpset: 5 },
  );
});
