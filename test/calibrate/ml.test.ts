// SPDX-License-Identifier: GPL-3.0-or-later
// ai.onnx.ml on real numbers: calibrated, compiled and compared with onnxruntime on samples kept apart.
import { expect } from "chai";
import { calibrate } from "../../verifier/calibrate/calibrate.ts";
import { loadFloatModel } from "../../verifier/calibrate/float-model.ts";
import { analyse } from "../../verifier/graph/analyse.ts";
import { lowerNodes } from "../../verifier/graph/lower.ts";
import { exactCalibration } from "../graph/exact.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { interpret } from "../../verifier/graph/interpret.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { quantizeSample } from "../../verifier/graph/samples.ts";
import { dequantizeValues } from "../../verifier/tensor/codec.ts";
import { integers } from "../helpers/circuit-models.ts";
import { onnxOf } from "../onnx/model.ts";
import { ml } from "./case.ts";
import { REAL_CASES } from "./ml-cases.ts";
import { expectNear } from "../helpers/near.ts";

const FEATURES = 3;
const samplesOf = (seed: number, count: number, [lo, hi]: readonly [number, number]): number[][][] => {
  const next = integers(seed);
  // Sixteenths: inputs of 8 bits hold them, so that no comparison with a threshold is a matter of rounding.
  return Array.from({ length: count }, () => [Array.from({ length: FEATURES }, () => next(lo, hi) / 16)]);
};

const RANGE = [-32, 31] as const;
const OPTIONS = { target: "groth16", heads: "keep", weightBits: 12, activationBits: 12 } as const;

describe("calibrate/ml: real numbers", () => {
  for (const { name, node, tolerance = 0.02, range = RANGE, slack = 1e-5 } of REAL_CASES) {
    it(name, async () => {
      const outputs = [...node.out].reverse(); // scores, then the label
      const onnx = onnxOf({ nodes: [node], inputs: { x: [1, FEATURES] }, outputs });
      const { calibration } = await calibrate(onnx, samplesOf(5, 60, range), OPTIONS);
      const { graph } = compileModel(onnx, calibration);
      const model = parseModel(onnx);
      const analysis = analyse(model, { heads: "keep" });
      const float = await loadFloatModel(onnx, model, outputs);
      let [worst, peak, wrong] = [0, 0, 0];
      try {
        for (const sample of samplesOf(6, 30, range)) {
          const [scores, label] = (await float.run(sample)) as [Float64Array, Float64Array?];
          const interpreted = interpret(model, analysis, sample);
          scores.forEach((v, i) => expectNear(interpreted[0]?.[i], v, slack, "interpreter"));
          expect(interpreted[1], "interpreter").to.deep.equal(label);
          const results = execute(graph, quantizeSample(graph.inputs, sample));
          const [actual, class_] = results.map((values, o) =>
            dequantizeValues((graph.outputs[o] as (typeof graph.outputs)[number]).spec, values),
          );
          scores.forEach((v, i) => {
            worst = Math.max(worst, Math.abs(v - (actual?.[i] as number)));
            peak = Math.max(peak, Math.abs(v));
          });
          if (label !== undefined && class_?.[0] !== label[0]) wrong++;
        }
      } finally {
        await float.release();
      }
      expect(worst / peak).to.be.at.most(tolerance);
      expect(wrong, "labels that differ").to.be.at.most(1);
    });
  }

  it("a label that is a text is the index of its class; ZipMap's maps are the scores before it", async () => {
    const labels = { classlabels_strings: { strings: ["lark", "owl", "rook"] } };
    const attributes = {
      coefficients: { floats: [0.5, -1, 0.25, 1, 0, -0.5, -0.75, 0.5, 0.3] },
      intercepts: { floats: [0.1, -0.2, 0] },
      ...labels,
    };
    const nodes = [
      ml("LinearClassifier", ["x"], attributes, ["l", "s"]),
      { op: "Identity", in: ["l"], out: ["label"] },
      ml("ZipMap", ["s"], labels, ["maps"]),
    ];
    const onnx = onnxOf({ nodes, inputs: { x: [1, FEATURES] }, outputs: ["label", "maps"] });
    const { calibration } = await calibrate(onnx, samplesOf(5, 20, RANGE), OPTIONS);
    const { graph, notices } = compileModel(onnx, calibration);
    expect(notices.join("\n"))
      .to.match(/its label is the index of the class/)
      .and.match(/ZipMap .*it is dropped/);
    const float = await loadFloatModel(onnx, parseModel(onnx), ["label", "maps"]);
    const seen = new Set<number>();
    for (const sample of samplesOf(6, 20, RANGE)) {
      const [label, scores] = (await float.run(sample)) as [Float64Array, Float64Array];
      expect(label[0]).to.equal(scores.indexOf(Math.max(...scores)));
      expect(execute(graph, quantizeSample(graph.inputs, sample))[0]).to.deep.equal(label);
      seen.add(label[0] as number);
    }
    await float.release();
    expect(seen).to.have.length(3);
  });

  it("a Scaler keeps scales of any magnitude to 12 bits and more, integers as they are", () => {
    const weightsOf = (...scale: number[]) => {
      const offset = { floats: scale.map(() => 1) };
      const onnx = onnxOf({
        nodes: [ml("Scaler", ["x"], { offset, scale: { floats: scale } })],
        inputs: { x: [1, 3] },
        outputs: ["y"],
      });
      const { builder } = lowerNodes(parseModel(onnx), analyse(parseModel(onnx)), exactCalibration(onnx));
      const [convolution] = builder.nodes.flatMap((one) => (one.op === "convolution" ? [one] : []));
      const exponent = builder.tensors[convolution?.output ?? NaN]?.exponent ?? NaN;
      const values: Iterable<number | bigint> = convolution?.weights.values ?? [];
      return Array.from(values, (q) => Number(q) * 2 ** -exponent);
    };
    const scales = [100, -0.7, 0.000011];
    weightsOf(...scales).forEach((v, i) => {
      const scale = Math.fround(scales[i] as number);
      expect(Math.abs(v / scale - 1)).to.be.at.most(2 ** -12);
    });
    expect(weightsOf(3, -8, 0)).to.deep.equal([3, -8, 0]);
  });
});
