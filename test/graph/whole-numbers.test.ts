// SPDX-License-Identifier: GPL-3.0-or-later
// Integers of the float model stay exact, or are refused; what is folded does not depend on an engine's Math.
import { expect } from "chai";
import { calibrate } from "../../verifier/calibrate/calibrate.ts";
import { loadFloatModel } from "../../verifier/calibrate/float-model.ts";
import { analyse } from "../../verifier/graph/analyse.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { folded, foldedPower } from "../../verifier/graph/functions/folded.ts";
import { quantizeSample } from "../../verifier/graph/samples.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { dequantizeValues } from "../../verifier/tensor/codec.ts";
import { onnxOf, type TestModel, type TestNode, type TestTensor } from "../onnx/model.ts";
import { codeOf } from "./codes.ts";
import { expectNear } from "../helpers/near.ts";

const INT64 = 7;
const scalar = (value: number, type: TestTensor["type"] = "int64"): TestTensor => ({ dims: [], values: [value], type });
const node = (op: string, inputs: string[], out = "y", attributes: TestNode["attributes"] = {}): TestNode => ({
  op,
  in: inputs,
  out: [out],
  attributes,
});
const modelOf = (nodes: TestNode[], constants: TestModel["constants"] = {}, inputType = INT64): Uint8Array =>
  onnxOf({ nodes, inputs: { x: [4] }, inputType, outputs: ["y"], constants, opset: 18 });

/** Largest difference from onnxruntime, calibrated to 8 bits on the samples that it is measured on. */
async function differenceOf(onnx: Uint8Array, samples: readonly number[][]): Promise<number> {
  const rows = samples.map((values) => [values]);
  const options = { target: "tensorcheck", heads: "keep", weightBits: 8, activationBits: 8 } as const;
  const { graph } = compileModel(onnx, (await calibrate(onnx, rows, options)).calibration);
  const float = await loadFloatModel(onnx, parseModel(onnx), ["y"]);
  let worst = 0;
  for (const sample of rows) {
    const [expected] = await float.run(sample);
    const [values] = execute(graph, quantizeSample(graph.inputs, sample));
    const [port] = graph.outputs;
    if (expected === undefined || values === undefined || port === undefined) throw new Error("no output");
    dequantizeValues(port.spec, values).forEach(
      (v, i) => (worst = Math.max(worst, Math.abs(v - (expected[i] ?? NaN)))),
    );
  }
  await float.release();
  return worst;
}

const WIDE = [
  [-20000, 20001, 7, -7],
  [12907, 7304, 17922, -10360],
  [1, 300, -4097, 999],
];

describe("graph: whole numbers", () => {
  const cases: Record<string, [TestNode[], TestModel["constants"]]> = {
    "a quotient": [[node("Div", ["x", "c"])], { c: scalar(3) }],
    "a remainder": [[node("Mod", ["x", "c"])], { c: scalar(-7) }],
    Relu: [[node("Cast", ["x"], "a", { to: 6 }), node("Relu", ["a"])], {}],
    Clip: [[node("Clip", ["x", "lo", "hi"])], { lo: scalar(-5000), hi: scalar(15001) }],
    "an index after Clip": [
      [node("Clip", ["x", "lo", "hi"], "i"), node("Gather", ["t", "i"])],
      {
        lo: scalar(0),
        hi: scalar(999),
        t: { dims: [1024], values: Array.from({ length: 1024 }, (_, i) => (i * 37) % 101) },
      },
    ],
  };
  for (const [name, [nodes, constants]] of Object.entries(cases)) {
    it(`${name} is exact, however many bits calibration would leave`, async () => {
      expect(await differenceOf(modelOf(nodes, constants), WIDE)).to.equal(0);
    });
  }

  it("a power has the type of its base: a real constant after it is no integer", async () => {
    const nodes = [node("Pow", ["b", "x"], "p"), node("Mul", ["p", "k"])];
    const onnx = modelOf(nodes, { b: scalar(2, "float32"), k: scalar(0.3, "float32") });
    expect(await differenceOf(onnx, [[-3, -1, 0, 3]])).to.be.below(0.05);
  });

  it("functions that ONNX truncates to integers are refused", () => {
    const attributes = { axes: [0] };
    const refused: Uint8Array[] = [
      modelOf([node("Pow", ["x", "c"])], { c: scalar(0.5, "float32") }),
      modelOf([node("Pow", ["x", "c"])], { c: scalar(-1, "float32") }),
      modelOf([node("Pow", ["x", "c"])], { c: scalar(2.5, "float32") }),
      modelOf([node("Pow", ["c", "x"])], { c: scalar(2) }),
      ...["ReduceL2", "ReduceLogSum", "ReduceLogSumExp"].map((op) =>
        onnxOf({ nodes: [node(op, ["x"], "y", attributes)], inputs: { x: [4] }, inputType: INT64, outputs: ["y"] }),
      ),
    ];
    for (const onnx of refused) expect(codeOf(() => analyse(parseModel(onnx)))).to.equal("ONNX_UNSUPPORTED");
  });

  it("constants that a cast would wrap are refused", () => {
    for (const [value, type] of [
      [300, "float32"],
      [-1, "int64"],
    ] as const) {
      const nodes = [node("Cast", ["c"], "a", { to: 2 }), node("Cast", ["a"], "b", { to: 7 }), node("Add", ["x", "b"])];
      const onnx = modelOf(nodes, { c: scalar(value, type) });
      expect(codeOf(() => analyse(parseModel(onnx)))).to.equal("ONNX_UNSUPPORTED");
    }
  });

  it("sizes that do not change leave a Resize's input as it is, whatever the scales, as onnxruntime does", async () => {
    const square: TestTensor = { dims: [2], values: [2, 2], type: "int64" };
    const nodes = [node("Reshape", ["x", "d"], "a"), node("Resize", ["a", "", "s"], "y", { mode: "linear" })];
    const onnx = modelOf(nodes, { s: { dims: [2], values: [1.2, 1.3] }, d: square }, 1);
    expect(await differenceOf(onnx, [[1, -2, 3, 5]])).to.equal(0);
  });
});

describe("graph: functions of constants", () => {
  it("are float32, and do not follow an engine whose Math is off in its last bits", () => {
    const { sin, exp } = Math;
    const places = Array.from({ length: 4000 }, (_, i) => Math.fround(i / 97 - 20));
    const values = (): number[] =>
      places.flatMap((x) => [folded("sin", {}, x), folded("exp", {}, x), folded("tanh", {}, x)]);
    const expected = values();
    try {
      for (const off of [1 - 2 ** -45, 1 + 2 ** -45]) {
        Math.sin = (x) => sin(x) * off;
        Math.exp = (x) => exp(x) * off;
        expect(values()).to.deep.equal(expected);
      }
    } finally {
      Object.assign(Math, { sin, exp });
    }
    for (const v of expected) expect(v).to.equal(Math.fround(v));
    places.forEach((x, i) => expectNear(expected[3 * i + 1], exp(x), exp(x) * 2 ** -23));
  });

  it("powers of integers are those integers", () => {
    const constants = { a: { dims: [3], values: [3, -7, 10], type: "int64" }, b: scalar(5) } as const;
    const nodes = [node("Pow", ["a", "b"], "p"), node("Gather", ["p", "x"])];
    const { constants: known } = analyse(parseModel(modelOf(nodes, constants)));
    expect(Array.from(known.get("p")?.values ?? [])).to.deep.equal([243, -16807, 100000]);
    expect(foldedPower(1.5, 2)).to.equal(2.25);
  });
});
