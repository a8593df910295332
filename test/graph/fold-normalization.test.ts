// SPDX-License-Identifier: GPL-3.0-or-later
// Normalizations folded into the product before them: the same function in one node, and only where nothing else reads it.
import { expect } from "chai";
import { analyse } from "../../verifier/graph/analyse.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { interpret } from "../../verifier/graph/interpret.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { onnxOf, type TestModel, type TestNode, type TestTensor } from "../onnx/model.ts";
import { exactCalibration } from "./exact.ts";

const tensor = (dims: number[], seed: number): TestTensor => ({
  dims,
  values: Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => (((i + seed) * 37) % 19) - 9),
});
/** Scales 2, -1 and 0.5 a channel: powers of two, so that integers stay exact. */
const NORM: TestModel["constants"] = {
  gamma: { dims: [3], values: [2, -2, 1.5] },
  beta: { dims: [3], values: [5, -7, 3] },
  mean: { dims: [3], values: [1, -4, 8] },
  var: { dims: [3], values: [0.75, 3.75, 8.75] },
};
const norm = (input: string, output: string): TestNode => ({
  op: "BatchNormalization",
  in: [input, "gamma", "beta", "mean", "var"],
  out: [output],
  name: "norm",
  attributes: { epsilon: { float: 0.25 } },
});
const product = (op: string, inputs: string[], attributes: TestNode["attributes"] = {}): TestNode => ({
  op,
  in: inputs,
  out: ["z"],
  name: "product",
  attributes,
});

interface Fold {
  readonly name: string;
  readonly x: number[];
  readonly nodes: TestNode[];
  readonly constants?: TestModel["constants"];
  readonly outputs?: readonly string[];
  readonly folded: boolean;
}

const gemm = (attributes: TestNode["attributes"], inputs = ["x", "w", "c"]): TestNode[] => [
  product("Gemm", inputs, attributes),
  norm("z", "y"),
];
const CASES: readonly Fold[] = [
  {
    name: "Conv without bias, two groups",
    x: [1, 2, 4, 3],
    nodes: [product("Conv", ["x", "w"], { pads: [1, 0, 0, 1] }), norm("z", "y")],
    constants: { w: tensor([3, 2, 2, 2], 1) },
    folded: true,
  },
  {
    name: "Conv with bias, depthwise",
    x: [1, 3, 5],
    nodes: [product("Conv", ["x", "w", "c"], { group: 3 }), norm("z", "y")],
    constants: { w: tensor([3, 1, 2], 2), c: tensor([3], 5) },
    folded: true,
  },
  ...[0, 1].map((transB): Fold => ({
    name: `Gemm, transB = ${transB}, beta and a bias a column`,
    x: [2, 4],
    nodes: gemm({ transB, beta: { float: 3 }, alpha: { float: 2 } }),
    constants: { w: tensor(transB === 1 ? [3, 4] : [4, 3], 3), c: tensor([1, 3], 4) },
    folded: true,
  })),
  {
    name: "Gemm with one bias for all",
    x: [1, 4],
    nodes: gemm({}),
    constants: { w: tensor([4, 3], 3), c: { dims: [], values: [3] } },
    folded: true,
  },
  {
    name: "Gemm without bias",
    x: [1, 4],
    nodes: gemm({}, ["x", "w"]),
    constants: { w: tensor([4, 3], 3) },
    folded: true,
  },
  {
    name: "Gemm whose bias differs by row",
    x: [2, 4],
    nodes: gemm({}),
    constants: { w: tensor([4, 3], 3), c: tensor([2, 1], 4) },
    folded: false,
  },
  {
    name: "a Conv that is read elsewhere, too",
    x: [1, 2, 3],
    nodes: [product("Conv", ["x", "w"]), norm("z", "n"), { op: "Add", in: ["n", "z"], out: ["y"] }],
    constants: { w: tensor([3, 2, 1], 2) },
    folded: false,
  },
  {
    name: "a Conv that is an output, too",
    x: [1, 2, 3],
    nodes: [product("Conv", ["x", "w"]), norm("z", "y")],
    constants: { w: tensor([3, 2, 1], 2) },
    outputs: ["y", "z"],
    folded: false,
  },
  { name: "nothing before it", x: [1, 3, 2], nodes: [norm("x", "y")], folded: false },
];

describe("graph/fold-normalization", () => {
  for (const { name, x, nodes, constants, outputs = ["y"], folded } of CASES) {
    it(`${name}: ${folded ? "folded" : "left as it is"}; the same function`, () => {
      const onnx = onnxOf({ nodes, inputs: { x }, outputs: [...outputs], constants: { ...constants, ...NORM } });
      const model = parseModel(onnx);
      const analysis = analyse(model);
      const names = analysis.nodes.map(({ view }) => view.node.operator);
      expect(names.includes("BatchNormalization")).to.equal(!folded);
      const exact = exactCalibration(onnx);
      const { graph } = compileModel(onnx, {
        ...exact,
        constants: exact.constants.map((entry) => ({ ...entry, exponent: 2 })),
      });
      const input = Array.from({ length: x.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 53) % 201) - 100);
      const expected = interpret(model, analysis, [input]);
      execute(graph, [input]).forEach((values, k) => {
        const scale = 2 ** (graph.outputs[k]?.spec.exponent ?? NaN);
        expect([...values].map((v) => v / scale)).to.deep.equal([...(expected[k] ?? [])]);
      });
    });
  }

  it("computes what the nodes say, by hand", () => {
    const nodes = [product("Gemm", ["x", "w", "c"], { beta: { float: 3 } }), norm("z", "y")];
    const constants = { w: { dims: [1, 3], values: [1, 10, 100] }, c: { dims: [3], values: [1, 2, 3] }, ...NORM };
    const model = parseModel(onnxOf({ nodes, inputs: { x: [1, 1] }, outputs: ["y"], constants }));
    // z = 7 w + 3 c = 10, 76, 709; scales 2, -1, 0.5; y = (z - mean) * scale + beta
    expect([...(interpret(model, analyse(model), [[7]])[0] ?? [])]).to.deep.equal([23, -87, 353.5]);
  });
});
