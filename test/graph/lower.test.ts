// SPDX-License-Identifier: GPL-3.0-or-later
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { analyse } from "../../verifier/graph/analyse.ts";
import { parseCalibration, serializeCalibration, type Calibration } from "../../verifier/graph/calibration.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { parseGraph, serializeGraph } from "../../verifier/graph/serialize.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { circuitRefusals } from "../../verifier/proofs/groth16/emit.ts";
import { onnxOf, PERCEPTRON, type TestModel, type TestNode } from "../onnx/model.ts";
import { codeOf, errorOf } from "./codes.ts";
import { exactCalibration } from "./exact.ts";

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);
const perceptron = onnxOf(PERCEPTRON);
const calibration = exactCalibration(perceptron);

/** Compiles a model of these nodes from x [2, 3] to y. */
const compileNodes = (nodes: TestNode[], constants: TestModel["constants"] = {}, outputs = ["y"]) => {
  const onnx = onnxOf({ nodes, inputs: { x: [2, 3] }, outputs, constants });
  return compileModel(onnx, exactCalibration(onnx));
};

describe("graph/lower", () => {
  it("lowers a perceptron to four nodes with hand-computed values", () => {
    const { graph, notices } = compileModel(perceptron, calibration);
    expect(graph.nodes.map((node) => node.op)).to.deep.equal(["fullyConnected", "requantize", "fullyConnected"]);
    expect(notices).to.have.length(1);
    expect(notices[0]).to.match(/output "p": dropped Softmax "softmax"; the output is "y"/);
    // h = [1*1 - 2*2 + 3*4 + 7, 5*2 - 6*4 - 8] = [16, -22]; a = [16, 0]; y = [16, 32]
    expect(execute(graph, [[1, 2, 4]])).to.deep.equal([Float64Array.of(16, 32)]);
  });

  it("keeps one accumulator exponent a layer: bias at input + weight exponent, rounding half up", () => {
    const moved: Calibration = {
      ...calibration,
      inputs: [{ name: "x", type: "i16", exponent: 3, lo: -800, hi: 800 }],
      constants: [
        { name: "h", exponent: 2, bits: 8 },
        { name: "y", exponent: 1, bits: 8 },
      ],
      tensors: [{ name: "a", exponent: 4, bits: 12 }],
      outputs: [{ name: "y", type: "i16", exponent: 1 }],
    };
    const { graph } = compileModel(perceptron, moved);
    expect(graph.tensors.map((tensor) => tensor.exponent)).to.deep.equal([3, 5, 4, 5, 1]);
    const [first] = graph.nodes;
    if (first?.op !== "fullyConnected" || first.bias === null) throw new Error("a linear node with a bias");
    expect(first.bias.values).to.deep.equal(Float64Array.of(7 * 32, -8 * 32));
    expect(first.weights.values).to.deep.equal(Float64Array.of(4, -8, 12, 0, 20, -24));
    expect(execute(graph, [[8, 16, 32]])).to.deep.equal([Float64Array.of(32, 64)]);
  });

  it("a coarser accumulator than asked for is kept as it is", () => {
    const { graph } = compileModel(perceptron, { ...calibration, tensors: [{ name: "a", exponent: 9, bits: 12 }] });
    expect(graph.nodes[1]).to.include({ op: "requantize", shift: 0 });
    expect(graph.tensors[2]?.exponent).to.equal(0);
  });

  it("names every offending node at once, with operator, attribute and what is accepted", () => {
    const nodes: TestNode[] = [
      { op: "Conv", in: ["x", "w"], out: ["a"], name: "conv" },
      { op: "Bernoulli", in: ["a"], out: ["b"], name: "coin" },
      { op: "MatMul", in: ["x", "x"], out: ["c"], name: "square" },
      { op: "Gemm", in: ["x", "w"], out: ["d"], name: "gemm" },
      { op: "Cast", in: ["x"], out: ["e"], name: "cast", attributes: { to: 8 } },
      { op: "CategoryMapper", domain: "ai.onnx.ml", in: ["x"], out: ["f"], name: "words" },
      { op: "Relu", in: ["b"], out: ["g"], name: "fine" },
      { op: "Add", in: ["x", "n"], out: ["h"], name: "nan" },
      { op: "Reshape", in: ["x", "s"], out: ["i"], name: "reshape" },
      { op: "Bernoulli", in: ["x"], out: ["unused"], name: "dead" },
    ];
    const constants = {
      w: { dims: [2, 3], values: [1, 2, 3, 4, 5, 6] },
      n: { dims: [1], values: [NaN] },
      s: { dims: [1], values: [7], type: "int64" },
    } as const;
    const outputs = ["c", "d", "e", "f", "g", "h", "i"];
    const error = errorOf(() => compileNodes(nodes, constants, outputs));
    expect(error.code).to.equal("ONNX_UNSUPPORTED");
    const offences = error.data["nodes"] as { node: string; operator: string; reason: string }[];
    expect(offences.map(({ node, operator }) => `${operator} ${node}`)).to.deep.equal([
      "Conv conv",
      "Bernoulli coin",
      "MatMul square",
      "Gemm gemm",
      "Cast cast",
      "ai.onnx.ml.CategoryMapper words",
      "Add nan",
      "Reshape reshape",
    ]);
    for (const { node, reason } of offences) expect(error.message).to.include(`"${node}": ${reason}`);
    expect(error.message).to.include("attribute to = 8; accepted: 1, 2");
    expect(error.message).to.include("shape [7]").and.to.include("do not multiply");
    expect(error.message).to.include("operators accepted: Abs, ").and.not.to.include("dead");
  });

  it("outputs that no input has an effect on are constant tensors, also of a model without inputs", () => {
    const onnx = onnxOf({
      nodes: [{ op: "Range", in: ["a", "b", "d"], out: ["y"] }],
      inputs: {},
      outputs: ["y", "k"],
      constants: {
        a: { dims: [], values: [0], type: "int64" },
        b: { dims: [], values: [10], type: "int64" },
        d: { dims: [], values: [3], type: "int64" },
        k: { dims: [2, 1], values: [-0.25, 7.5] },
      },
    });
    const { graph } = compileModel(onnx, {
      ...exactCalibration(onnx),
      constants: [{ name: "k", exponent: 2, bits: 8 }], // y holds integers, which are exact
    });
    expect(execute(graph, []).map((values) => Array.from(values))).to.deep.equal([
      [0, 3, 6, 9],
      [-1, 30],
    ]);
    expect(graph.nodes.map(({ op }) => op)).to.deep.equal(["weightedSum", "weightedSum"]);
    const { json, weights } = serializeGraph(graph);
    expect(parseGraph(json, weights)).to.deep.equal(graph);
    expect(circuitRefusals(graph).map(({ reason }) => reason)).to.deep.equal([
      "the model has no input: there is nothing to prove",
    ]);
  });

  it("drops classifier heads, and labels with them, once", () => {
    const onnx = onnxOf({
      nodes: [
        { op: "MatMul", in: ["x", "w"], out: ["scores"] },
        { op: "Softmax", in: ["scores"], out: ["p"] },
        { op: "ArgMax", in: ["p"], out: ["i"] },
        { op: "ArrayFeatureExtractor", domain: "ai.onnx.ml", in: ["classes", "i"], out: ["l"] },
        { op: "Cast", in: ["l"], out: ["label"], attributes: { to: 7 } },
      ],
      inputs: { x: [1, 2] },
      outputs: ["label", "p"],
      constants: {
        w: { dims: [2, 2], values: [1, 2, 3, 4] },
        classes: { dims: [2], values: [5, 6], type: "int64" },
      },
    });
    const { graph, notices } = compileModel(onnx, exactCalibration(onnx));
    expect(graph.outputs.map((port) => port.name)).to.deep.equal(["scores"]);
    expect(notices).to.have.length(2);
    expect(notices[0])
      .to.include('output "label": dropped Cast')
      .and.to.include("ArrayFeatureExtractor")
      .and.to.include("Softmax");
  });

  it("a Softmax in the middle is no head", () => {
    const nodes: TestNode[] = [
      { op: "Softmax", in: ["x"], out: ["p"], name: "inner" },
      { op: "Neg", in: ["p"], out: ["y"] },
    ];
    const { nodes: analysed, notices } = analyse(parseModel(onnxOf({ nodes, inputs: { x: [1, 3] }, outputs: ["y"] })));
    expect(notices).to.deep.equal([]);
    expect(analysed.map(({ source }) => source.operator)).to.include("Softmax");
  });

  it("refuses an accumulator that could pass 2^62, naming the node", () => {
    const w = { dims: [3, 3], values: Array.from({ length: 9 }, () => 30000) };
    const chain = Array.from({ length: 5 }, (_, i): TestNode => {
      return { op: "MatMul", in: [i === 0 ? "x" : `v${i}`, "w"], out: [i === 4 ? "y" : `v${i + 1}`], name: `m${i}` };
    });
    const error = errorOf(() => compileNodes(chain, { w }));
    expect(error.code).to.equal("GRAPH_ACCUMULATOR_OVERFLOW");
    expect(error.message).to.match(/"m3"/);
    const bias = { dims: [3], values: [1e30, 0, 0] };
    expect(
      errorOf(() => compileNodes([{ op: "Gemm", in: ["x", "w", "c"], out: ["y"], name: "g" }], { w, c: bias })).message,
    ).to.match(/"g".*2\^62/);
  });

  it("refuses an output that may leave its type", () => {
    const small = { ...calibration, outputs: [{ name: "y", type: "i8" as const, exponent: null }] };
    expect(codeOf(() => compileModel(perceptron, small))).to.equal("GRAPH_OUTPUT_RANGE");
    const clamped = { ...small, outputs: [{ name: "y", type: "i8" as const, exponent: 0 }] };
    expect(execute(compileModel(perceptron, clamped).graph, [[100, 0, 100]])[0]).to.deep.equal(
      Float64Array.of(127, 127),
    );
  });

  it("an output with a single possible value still has a range", () => {
    const { graph } = compileNodes([{ op: "MatMul", in: ["x", "w"], out: ["y"] }], {
      w: { dims: [3, 1], values: [0, 0, 0] },
    });
    expect(graph.outputs[0]?.spec).to.include({ lo: 0, hi: 1 });
  });

  it("refuses a calibration of another file, or with other names", () => {
    const other = Uint8Array.from(perceptron);
    other[other.length - 1] = 18; // opset
    expect(codeOf(() => compileModel(other, calibration))).to.equal("CALIBRATION_MISMATCH");
    const renamed = <K extends "inputs" | "constants" | "tensors" | "outputs">(key: K): Calibration => ({
      ...calibration,
      [key]: calibration[key].map((entry, i) => (i === 0 ? { ...entry, name: "q" } : entry)),
    });
    for (const key of ["inputs", "constants", "tensors", "outputs"] as const) {
      expect(
        codeOf(() => compileModel(perceptron, renamed(key))),
        key,
      ).to.equal("CALIBRATION_MISMATCH");
      expect(
        codeOf(() => compileModel(perceptron, { ...calibration, [key]: [] })),
        key,
      ).to.equal("CALIBRATION_MISMATCH");
    }
    const more = { ...calibration, tensors: [{ name: "h", exponent: -1, bits: 16 }, ...calibration.tensors] };
    expect(compileModel(perceptron, more).graph.nodes).to.have.length(4);
  });

  it("calibration.json: canonical, strict", () => {
    const bytes = serializeCalibration(calibration);
    expect(parseCalibration(bytes)).to.deep.equal(calibration);
    const source = new TextDecoder().decode(bytes);
    const refused = {
      "white space": source.replace(":", ": "),
      "unknown key": source.replace("{", '{"a":1,'),
      "empty range": source.replace('"hi":100', '"hi":-100'),
      "range outside type": source.replace('"hi":100', '"hi":128'),
      fraction: source.replace('"hi":100', '"hi":99.5'),
      "name twice": source.replace('"name":"y"', '"name":"h"'),
      "other target": source.replace("groth16", "groth17"),
      "no outputs": source.replace(/"outputs":\[.*?\]/, '"outputs":[]'),
      "huge width": source.replace('"bits":16', '"bits":33'),
      "bad hash": source.replace("0x", "0X"),
      "not JSON": "{",
    };
    for (const [name, form] of Object.entries(refused)) {
      expect(form, name).not.to.equal(source);
      expect(
        codeOf(() => parseCalibration(utf8(form))),
        name,
      ).to.equal("CALIBRATION_INVALID");
    }
  });

  it("is deterministic: another process makes the same bytes", () => {
    const script = `
      import { readFileSync } from "node:fs";
      import { parseCalibration } from "./verifier/graph/calibration.ts";
      import { compileModel } from "./verifier/graph/compile.ts";
      import { serializeGraph } from "./verifier/graph/serialize.ts";
      const dir = "examples/digits/";
      const { graph } = compileModel(readFileSync(dir + "digits.onnx"), parseCalibration(readFileSync(dir + "calibration.json")));
      const { graphHash, weightsHash } = serializeGraph(graph);
      console.log(graphHash + weightsHash);`;
    const other = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    const onnx = readFileSync("examples/digits/digits.onnx");
    const digits = parseCalibration(readFileSync("examples/digits/calibration.json"));
    const { graphHash, weightsHash } = serializeGraph(compileModel(onnx, digits).graph);
    expect(other.trim()).to.equal(graphHash + weightsHash);
    const known = JSON.parse(readFileSync("test/vectors/graph-digits.json", "utf8")) as Record<string, unknown>;
    expect({ graphHash, weightsHash }).to.deep.equal({
      graphHash: known["graphHash"],
      weightsHash: known["weightsHash"],
    });
  });

  it("golden vector: the outputs of the first held-out digits", () => {
    const onnx = readFileSync("examples/digits/digits.onnx");
    const { graph } = compileModel(onnx, parseCalibration(readFileSync("examples/digits/calibration.json")));
    const known = JSON.parse(readFileSync("test/vectors/graph-digits.json", "utf8")) as {
      cases: { input: number[]; output: number[] }[];
    };
    expect(known.cases.length).to.be.greaterThan(4);
    for (const { input, output } of known.cases)
      expect(Array.from(execute(graph, [input])[0] ?? [])).to.deep.equal(output);
  });
});
