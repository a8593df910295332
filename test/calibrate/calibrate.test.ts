// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { measureAccuracy } from "../../verifier/calibrate/accuracy.ts";
import { indexOfLargest } from "../../verifier/tensor/largest.ts";
import { calibrate as calibrateFully } from "../../verifier/calibrate/calibrate.ts";
import { finestExponent, suggestInput } from "../../verifier/calibrate/input-spec.ts";
import { parseCalibration, serializeCalibration } from "../../verifier/graph/calibration.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { readSamples } from "../../verifier/graph/samples.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { rejectionOf } from "../graph/codes.ts";
import { onnxOf, PERCEPTRON, type TestModel } from "../onnx/model.ts";

const calibrate = async (...parameters: Parameters<typeof calibrateFully>) =>
  (await calibrateFully(...parameters)).calibration;

const DIGITS = "examples/digits/";
const digits = readFileSync(`${DIGITS}digits.onnx`);
const samplesOf = (file: string) => readSamples(readFileSync(DIGITS + file), parseModel(digits).inputs);

/** Bits of a tensor's proven range: what its decomposition costs in a circuit. */
const bitsOf = (graph: IntegerGraph, id: number): number => {
  const tensor = graph.tensors[id];
  return tensor === undefined ? 0 : (tensor.hi - tensor.lo).toString(2).length;
};

describe("calibrate/digits", () => {
  const { graph, notices } = compileModel(digits, parseCalibration(readFileSync(`${DIGITS}calibration.json`)));

  it("the committed calibration.json is what calibration samples give", async () => {
    const calibration = await calibrate(digits, samplesOf("calibration-samples.json").samples, { target: "groth16" });
    expect(serializeCalibration(calibration)).to.deep.equal(Uint8Array.from(readFileSync(`${DIGITS}calibration.json`)));
  });

  it("loses at most 0.3 points of top-1 on 360 held-out samples", async () => {
    const { samples, labels } = samplesOf("heldout.json");
    expect(samples).to.have.length(360);
    const accuracy = await measureAccuracy(digits, graph, samples, labels);
    expect(accuracy.samples).to.equal(360);
    expect(accuracy.floatTop1).to.be.greaterThan(0.96);
    expect(accuracy.integerTop1).to.be.at.least((accuracy.floatTop1 as number) - 0.003);
    expect(accuracy.agreement).to.be.at.least(0.99);
    expect(accuracy.maxAbsError).to.be.below(0.5);
    expect(accuracy.meanAbsError).to.be.below(0.1).and.to.be.below(accuracy.maxAbsError);
    // Counted here once more, from the labels and the executor alone.
    const right = samples.filter(
      (sample, s) => indexOfLargest(execute(graph, [sample[0] ?? []])[0] ?? []) === labels?.[s],
    ).length;
    expect(accuracy.integerTop1).to.equal(right / 360);
  });

  it("held-out and calibration samples are apart", () => {
    const seen = new Set(samplesOf("calibration-samples.json").samples.map((sample) => JSON.stringify(sample)));
    expect(samplesOf("heldout.json").samples.filter((sample) => seen.has(JSON.stringify(sample)))).to.have.length(0);
  });

  it("has the shape and widths that a circuit of 1,500 constraints allows", () => {
    expect(graph.nodes.map((node) => node.op)).to.deep.equal([
      "fullyConnected",
      "requantize",
      "fullyConnected",
      "requantize",
    ]);
    expect(graph.inputs[0]?.spec).to.deep.equal({ shape: [1, 64], type: "u8", exponent: 0, lo: 0, hi: 16 });
    expect(graph.outputs[0]?.spec).to.include({ type: "i16" });
    expect(bitsOf(graph, 1)).to.be.at.most(18);
    expect(bitsOf(graph, 3)).to.be.at.most(20);
    expect(notices).to.have.length(1);
  });
});

describe("calibrate", () => {
  it("random perceptrons: the error stays below a few steps of the output's own grid", async () => {
    const values = (gen: fc.GeneratorValue, length: number, scale: number) =>
      Array.from({ length }, () => gen(() => fc.integer({ min: -1000, max: 1000 })) * (scale / 1000));
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (gen) => {
        const model: TestModel = {
          ...PERCEPTRON,
          inputs: { x: [1, 6] },
          constants: {
            w1: { dims: [8, 6], values: values(gen, 48, 0.7) },
            b1: { dims: [8], values: values(gen, 8, 2) },
            w2: { dims: [8, 4], values: values(gen, 32, 1.3) },
          },
        };
        const onnx = onnxOf(model);
        const samples = Array.from({ length: 24 }, () => [[...values(gen, 5, 3), 3]]); // one value fixes the range
        const { graph } = compileModel(
          onnx,
          await calibrate(onnx, samples, { target: "groth16", inputBits: 16, weightBits: 12, activationBits: 12 }),
        );
        const { maxAbsError } = await measureAccuracy(onnx, graph, samples);
        const scale = Math.max(...samples.map((sample) => Math.max(...(sample[0] ?? []).map(Math.abs))));
        expect(maxAbsError).to.be.below(0.02 * Math.max(1, scale));
      }),
      { numRuns: 12 },
    );
  });

  it("wider weights and activations do not lose accuracy", async () => {
    const { samples } = samplesOf("calibration-samples.json");
    const errors = [];
    for (const bits of [4, 6, 8]) {
      const calibration = await calibrate(digits, samples.slice(0, 60), {
        target: "groth16",
        weightBits: bits,
        activationBits: bits,
      });
      errors.push((await measureAccuracy(digits, compileModel(digits, calibration).graph, samples)).meanAbsError);
    }
    expect(errors[0]).to.be.greaterThan(errors[1] as number);
    expect(errors[1]).to.be.greaterThan(errors[2] as number);
  });

  it("outputs: i32 keeps the accumulator, i8 shifts it until nothing can saturate", async () => {
    const { samples } = samplesOf("calibration-samples.json");
    const compiled = async (outputType: "i32" | "i8") =>
      compileModel(digits, await calibrate(digits, samples.slice(0, 20), { target: "groth16", outputType })).graph;
    expect((await compiled("i32")).nodes.at(-1)?.op).to.equal("fullyConnected");
    const narrow = await compiled("i8");
    expect(narrow.nodes.at(-1)).to.include({ op: "requantize", lo: -128n, hi: 127n });
    const { lo, hi } = narrow.outputs[0]?.spec ?? { lo: 0, hi: 0 };
    expect(hi - lo).to.be.within(128, 255);
  });

  it("requantizes a chain of linear layers only where it would overflow", async () => {
    const w = { dims: [3, 3], values: [1.25, -0.5, 0.75, 0.1, 1, -0.3, 0.2, 0.4, -1.1] };
    const chain = (length: number) =>
      onnxOf({
        nodes: Array.from({ length }, (_, i) => ({
          op: "MatMul",
          in: [i === 0 ? "x" : `v${i}`, "w"],
          out: [i === length - 1 ? "y" : `v${i + 1}`],
        })),
        inputs: { x: [1, 3] },
        outputs: ["y"],
        constants: { w },
      });
    const samples = [[[0.5, -1.5, 2]], [[1.5, 0.25, -0.75]]];
    for (const [length, requantized] of [
      [3, 0],
      [9, 1],
    ] as const) {
      const onnx = chain(length);
      const calibration = await calibrate(onnx, samples, { target: "groth16" });
      expect(calibration.tensors).to.have.length(requantized);
      const { graph } = compileModel(onnx, calibration);
      expect((await measureAccuracy(onnx, graph, samples)).maxAbsError).to.be.below(0.5);
    }
  });

  it("never rounds an integer to make room, where it would round a real number", async () => {
    const power = (inputType: 1 | 7) =>
      onnxOf({
        nodes: [
          { op: "Mul", in: ["x", "x"], out: ["x2"] },
          { op: "Mul", in: ["x2", "x2"], out: ["x4"] },
          { op: "Mul", in: ["x4", "x4"], out: ["x8"] },
          { op: "Mul", in: ["x8", "zero"], out: ["y"] },
        ],
        inputs: { x: [1, 2] },
        inputType,
        outputs: ["y"],
        constants: { zero: { dims: [1], values: [0], type: inputType === 7 ? "int64" : "float32" } },
      });
    const samples = [[[100, -3]], [[-100, 7]]]; // 100^8 is between 2^52 and 2^62
    expect((await calibrate(power(7), samples, { target: "groth16" })).tensors).to.deep.equal([]);
    expect((await calibrate(power(1), samples, { target: "groth16" })).tensors.map(({ name }) => name)).to.include(
      "x4",
    );
  });

  it("input specs: integers keep their range, others their sign and peak", () => {
    const entry = (...lists: number[][]) => suggestInput("x", lists, 8);
    expect(entry([0, 16], [3])).to.deep.equal({ name: "x", type: "u8", exponent: 0, lo: 0, hi: 16 });
    expect(entry([-1, 16])).to.deep.equal({ name: "x", type: "i8", exponent: 0, lo: -1, hi: 16 });
    expect(entry([7])).to.deep.equal({ name: "x", type: "u8", exponent: 0, lo: 7, hi: 8 });
    expect(entry([0, 300])).to.include({ type: "u16", hi: 300 });
    expect(entry([0.5, 1])).to.deep.equal({ name: "x", type: "u8", exponent: 7, lo: 0, hi: 255 });
    expect(entry([-0.5, 1])).to.deep.equal({ name: "x", type: "i8", exponent: 6, lo: -128, hi: 127 });
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), fc.integer({ min: 1, max: 65535 }), (max, limit) => {
        const exponent = finestExponent(max, limit);
        expect(max * 2 ** exponent).to.be.at.most(limit);
        expect(max * 2 ** (exponent + 1)).to.be.greaterThan(limit);
      }),
    );
  });

  it("measures a file that onnxruntime refuses against the interpreter, and says so", async () => {
    const onnx = onnxOf({
      // A product of 8-bit integers: no operator set has it, exporters write it all the same.
      nodes: [
        { op: "Greater", in: ["x", "c"], out: ["g"] },
        { op: "Cast", in: ["g"], out: ["i"], attributes: { to: 2 } },
        { op: "MatMul", in: ["i", "w"], out: ["y"] },
      ],
      inputs: { x: [1, 3] },
      outputs: ["y"],
      constants: { c: { dims: [3], values: [1, 2, 3] }, w: { dims: [3, 1], values: [1, 10, 100], type: "uint8" } },
    });
    const samples = [[[1, 5, 3]], [[0, 2, 4]]];
    const { calibration, reference, relativeError } = await calibrateFully(onnx, samples, { target: "groth16" });
    expect([reference, relativeError]).to.deep.equal(["interpreter", 0]);
    const { graph } = compileModel(onnx, calibration);
    expect(execute(graph, [[1, 5, 3]])[0]).to.deep.equal(Float64Array.of(10));
    const accuracy = await measureAccuracy(onnx, graph, samples);
    expect(accuracy).to.include({ reference: "interpreter", maxAbsError: 0, samples: 2 });
    expect(await rejectionOf(calibrateFully(onnx, [[[1, 2]]], { target: "groth16" }))).to.equal("INPUT_SHAPE");
    const digitsReference = await measureAccuracy(
      digits,
      compileModel(digits, parseCalibration(readFileSync(`${DIGITS}calibration.json`))).graph,
      samplesOf("heldout.json").samples.slice(0, 1),
    );
    expect(digitsReference.reference).to.equal("onnxruntime");
  });

  it("refuses no samples, samples that do not fit, and stops when aborted", async () => {
    const { samples } = samplesOf("calibration-samples.json");
    const options = { target: "groth16" } as const;
    expect(await rejectionOf(calibrate(digits, [], options))).to.equal("INPUT_SHAPE");
    expect(
      await rejectionOf(
        measureAccuracy(
          digits,
          compileModel(digits, parseCalibration(readFileSync(`${DIGITS}calibration.json`))).graph,
          [],
        ),
      ),
    ).to.equal("INPUT_SHAPE");
    const narrow = [{ name: "pixels", type: "u8", exponent: 0, lo: 0, hi: 15 }] as const;
    expect(await rejectionOf(calibrate(digits, samples, { ...options, inputs: narrow }))).to.equal("INPUT_RANGE");
    expect(await rejectionOf(calibrate(digits, [[[1, 2, 3]]], options))).to.equal("INPUT_SHAPE");
    expect(await rejectionOf(calibrate(digits, [[]], options))).to.equal("INPUT_SHAPE");
    const infinite = [[Array.from({ length: 64 }, () => Infinity)]];
    expect(await rejectionOf(calibrate(digits, infinite, options))).to.equal("INPUT_NUMBER");
    expect(await rejectionOf(calibrate(digits, samples, options, { signal: AbortSignal.abort() }))).to.equal("ABORTED");
  });
});
