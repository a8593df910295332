// SPDX-License-Identifier: GPL-3.0-or-later
// Models, calibrations and graphs made to break the compiler: each ends soon, with a VerigradError.
import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { analyse } from "../../verifier/graph/analyse.ts";
import { modelHash, type Calibration } from "../../verifier/graph/calibration.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { newGraphBuilder, type GraphBuilder } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { readSamples } from "../../verifier/graph/samples.ts";
import { parseGraph, serializeGraph } from "../../verifier/graph/serialize.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { onnxOf, type TestModel, type TestNode } from "../onnx/model.ts";
import { codeOf, errorOf } from "./codes.ts";

const onnxWith = (nodes: TestNode[], constants: TestModel["constants"] = {}): Uint8Array =>
  onnxOf({ nodes, inputs: { x: [1, 2] }, outputs: ["y"], constants });

const compileWith = (onnx: Uint8Array, entries: Partial<Calibration> = {}) =>
  compileModel(onnx, {
    format: "verigrad.calibration.v1",
    model: modelHash(onnx),
    target: "groth16",
    heads: "drop",
    dims: [],
    inputs: [{ name: "x", type: "i8", exponent: 0, lo: -5, hi: 5 }],
    constants: [],
    tensors: [],
    lookups: [],
    outputs: [{ name: "y", type: "i32", exponent: null }],
    ...entries,
  });

const inputOf = (graph: GraphBuilder): number =>
  graph.addInput("x", { shape: [1], type: "i8", exponent: 0, lo: 0, hi: 10 });

describe("graph/hostile", () => {
  it("an omitted input that is also an omitted output does not send the search for heads round for ever", () => {
    // In a process of its own: a loop could not be stopped here.
    const onnx = Buffer.from(onnxWith([{ op: "Identity", in: [""], out: ["", "y"] }])).toString("base64");
    const script = `
      const { parseModel } = await import("./verifier/onnx/parse.ts");
      const { analyse } = await import("./verifier/graph/analyse.ts");
      try { analyse(parseModel(Buffer.from("${onnx}", "base64"))); } catch (error) { console.log(error.code); }`;
    const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 20_000 });
    expect(out.toString().trim()).to.equal("ONNX_UNSUPPORTED");
  });

  it("outputs that an operator does not have, or omits, are offences", () => {
    const relabel: TestNode = { op: "Identity", in: ["b"], out: ["y"] };
    for (const nodes of [
      [{ op: "Relu", in: ["x"], out: ["", "y"] }],
      [{ op: "Relu", in: ["x"], out: ["a", "y"] }],
      [{ op: "Relu", in: ["x"], out: ["a", "b"] }, relabel],
    ]) {
      expect(codeOf(() => compileWith(onnxWith(nodes)))).to.equal("ONNX_UNSUPPORTED");
    }
  });

  it("a Softmax of another operator set is not ONNX's, and is not dropped", () => {
    const nodes = (domain: string): TestNode[] => [
      { op: "Identity", in: ["x"], out: ["y"] },
      { op: "Softmax", domain, in: ["y"], out: ["p"] },
    ];
    const compile = (domain: string) => {
      const onnx = onnxOf({ nodes: nodes(domain), inputs: { x: [1, 2] }, outputs: ["p"] });
      return compileWith(onnx).graph.outputs.map(({ name }) => name);
    };
    expect(compile("")).to.deep.equal(["y"]);
    expect(codeOf(() => compile("com.example"))).to.equal("ONNX_UNSUPPORTED");
  });

  it("constants folded out of small ones are bounded in all", () => {
    const width = 2 ** 12;
    const zeros = (dims: number[]) => ({ dims, values: new Array<number>(width).fill(0) });
    const sums = Array.from({ length: 5 }, (_, i): TestNode => ({ op: "Add", in: ["c", "d"], out: [`s${i}`] }));
    const uses = sums.map(({ out }, i): TestNode => ({
      op: "Add",
      in: [i === 0 ? "x" : `u${i - 1}`, out[0] as string],
      out: [i === 4 ? "y" : `u${i}`],
    }));
    const onnx = onnxWith([...sums, ...uses], { c: zeros([width, 1]), d: zeros([1, width]) });
    expect(errorOf(() => compileWith(onnx)).message).to.contain("2^26 values in all");
  }).timeout(60_000);

  it("exponents that leave their byte are refused where they arise, not once they overflow a double", () => {
    const layers = Array.from({ length: 10 }, (_, i): TestNode => ({
      op: "Gemm",
      in: [i === 0 ? "x" : `h${i - 1}`, "w", "b"],
      out: [i === 9 ? "y" : `h${i}`],
    }));
    const onnx = onnxWith(layers, {
      w: { dims: [2, 2], values: [0, 0, 0, 0] },
      b: { dims: [2], values: [0, 0] },
    });
    const constants = layers.map(({ out }) => ({ name: out[0] as string, exponent: 127, bits: 8 }));
    expect(codeOf(() => compileWith(onnx, { constants }))).to.equal("GRAPH_MALFORMED");
  });

  it("a graph that nobody could read back is not built: multipliers of an operand that is always 0", () => {
    const graph = newGraphBuilder();
    const x = inputOf(graph);
    const sum = (input: number, multiplier: bigint): number =>
      graph.addNode(
        { kind: "linear", op: "weightedSum", from: ["s"], inputs: [input], multipliers: [multiplier], constant: null },
        { name: "s", exponent: 0 },
      );
    const zero = sum(x, 0n);
    expect(codeOf(() => sum(zero, 2n ** 70n))).to.equal("GRAPH_MALFORMED");
    sum(zero, 2n ** 62n);
  });

  it("a clamp beyond 2^53 is computed in 64 bits, one beyond 2^62 is refused", () => {
    const graph = newGraphBuilder();
    const x = inputOf(graph);
    const clamp = (at: bigint): number =>
      graph.addNode(
        { kind: "lookup", op: "requantize", from: ["c"], input: x, shift: 0, lo: at, hi: at },
        { name: "c", exponent: 0 },
      );
    const y = clamp(2n ** 53n + 1n);
    const constant = makeConstant([1], [-(2n ** 53n)]);
    const s = graph.addNode(
      { kind: "linear", op: "weightedSum", from: ["s"], inputs: [x, y], multipliers: [1n, 1n], constant },
      { name: "s", exponent: 0 },
    );
    const { json, weights } = serializeGraph(graph.finish([{ name: "s", tensor: s, type: "i8" }]));
    expect(execute(parseGraph(json, weights), [[5]])).to.deep.equal([Float64Array.of(6)]);
    expect(codeOf(() => clamp(2n ** 62n + 1n))).to.equal("GRAPH_ACCUMULATOR_OVERFLOW");
  });

  it("rounds exactly: the largest number below a half is 0", () => {
    const below = 0.49999999999999994;
    const onnx = onnxWith([{ op: "Add", in: ["x", "c"], out: ["y"] }], {
      c: { dims: [2], type: "float64", values: [below, -0.5] },
    });
    const { graph } = compileWith(onnx, { constants: [{ name: "y", exponent: 0, bits: 8 }] });
    expect(execute(graph, [[0, 0]])).to.deep.equal([Float64Array.of(0, 0)]);
  });

  it("samples nested without end are INPUT_NUMBER", () => {
    const json = `{"input_data":[[${"[".repeat(100_000)}1${"]".repeat(100_000)}]]}`;
    expect(codeOf(() => readSamples(Buffer.from(json), [{ name: "x", shape: [1] }]))).to.equal("INPUT_NUMBER");
  });

  it("what asks for far more than it says is refused before anything is made of it", () => {
    const int64 = (...values: number[]) => ({ dims: [values.length], values, type: "int64" as const });
    const zeros = (length: number): number[] => new Array<number>(length).fill(0);
    const branches = 511;
    const nodesOfTree = 2 * branches + 1;
    const ids = Array.from(zeros(nodesOfTree).keys());
    const child = (side: number) => ids.map((i) => (i < branches ? 2 * i + side : 0));
    const tree = (targets: number) => ({
      n_targets: targets,
      nodes_modes: { strings: ids.map((i) => (i < branches ? "BRANCH_LEQ" : "LEAF")) },
      nodes_treeids: zeros(nodesOfTree),
      nodes_nodeids: ids,
      nodes_featureids: zeros(nodesOfTree),
      nodes_truenodeids: child(1),
      nodes_falsenodeids: child(2),
      nodes_values: { floats: ids },
      target_treeids: zeros(branches + 1),
      target_nodeids: ids.slice(branches),
      target_ids: zeros(branches + 1),
      target_weights: { floats: ids.slice(branches) },
    });
    const ml = (op: string, attributes: NonNullable<TestNode["attributes"]>): TestNode[] => [
      { op, in: ["x"], out: ["y"], domain: "ai.onnx.ml", attributes },
    ];
    const attacks: Omit<TestModel, "outputs">[] = [
      {
        nodes: [{ op: "Resize", in: ["x", "", "", "s"], out: ["y"] }],
        inputs: { x: [1, 1, 16] },
        constants: { s: int64(1, 1, 2 ** 30) },
      },
      {
        nodes: [{ op: "Resize", in: ["x", "", "", "s"], out: ["y"], attributes: { mode: "linear" } }],
        inputs: { x: [1, 1, 4096] },
        constants: { s: int64(1, 1, 2 ** 24) },
      },
      {
        nodes: [{ op: "MatMul", in: ["x", "z"], out: ["y"] }],
        inputs: { x: [4096, 4096], z: [1024, 4096, 1] },
      },
      { nodes: ml("TreeEnsembleRegressor", tree(1)), inputs: { x: [2 ** 24, 1] } },
      { nodes: ml("TreeEnsembleRegressor", tree(2 ** 22)), inputs: { x: [1, 1] } },
    ];
    for (const model of attacks)
      expect(codeOf(() => analyse(parseModel(onnxOf({ ...model, outputs: ["y"], opset: 18 }))))).to.equal(
        "ONNX_UNSUPPORTED",
      );
  });

  it("windows are counted without looking at their taps", () => {
    const attributes = { kernel_shape: [2 ** 17], pads: [1, 0] };
    const nodes: TestNode[] = [{ op: "AveragePool", in: ["x"], out: ["y"], attributes }];
    const started = Date.now();
    analyse(parseModel(onnxOf({ nodes, inputs: { x: [1, 1, 2 ** 18] }, outputs: ["y"] })));
    expect(Date.now() - started).to.be.below(10_000); // 2^34 taps take minutes
  });
});
