// SPDX-License-Identifier: GPL-3.0-or-later
// Normalizations, quotients and recurrent cells against onnxruntime: the float interpreter equals it, and the integers of
// a first plan, before any search, are near it.
import { expect } from "chai";
import { observe } from "../../verifier/calibrate/observe.ts";
import { plan } from "../../verifier/calibrate/plan.ts";
import { inputOfRange, randomSamples } from "../../verifier/calibrate/random-samples.ts";
import { evaluate } from "../../verifier/calibrate/search.ts";
import { analyse } from "../../verifier/graph/analyse.ts";
import { CALIBRATION_FORMAT, modelHash, type Calibration } from "../../verifier/graph/calibration.ts";
import { interpret } from "../../verifier/graph/interpret.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { onnxOf } from "../onnx/model.ts";
import { INEXACT_CASES } from "./inexact-cases.ts";
import { expectNear } from "../helpers/near.ts";

const SAMPLES = 32;
/** Tables of 2^12 entries: made in milliseconds. */
const WIDTHS = { weightBits: 12, activationBits: 12 };

describe("calibrate/composites: near onnxruntime", () => {
  for (const {
    name,
    outputs = ["y"],
    range: [lo, hi] = [-2, 2],
    tolerance = 0.01,
    opset = 17,
    ...rest
  } of INEXACT_CASES) {
    it(name, async () => {
      const onnx = onnxOf({ ...rest, outputs, opset });
      const model = parseModel(onnx);
      const analysis = analyse(model, { heads: "keep" });
      const ranges = model.inputs.map(() => ({ lo, hi }));
      const samples = randomSamples(model.inputs, ranges, SAMPLES);
      const observed = await observe(onnx, model, analysis, samples, {});
      for (const [s, sample] of samples.slice(0, 4).entries()) {
        const interpreted = interpret(model, analysis, sample);
        observed.expected[s]?.forEach((values, o) => {
          expect(interpreted[o]?.length).to.equal(values.length);
          values.forEach((v, i) => {
            expectNear(interpreted[o]?.[i], v, 2e-5 * Math.max(1, Math.abs(v)), "interpreter");
          });
        });
      }
      const base: Calibration = {
        format: CALIBRATION_FORMAT,
        model: modelHash(onnx),
        target: "tensorcheck",
        heads: "keep",
        dims: [],
        inputs: model.inputs.map((input, i) => inputOfRange(input, ranges[i] as { lo: number; hi: number }, 16)),
        constants: [],
        tensors: [],
        lookups: [],
        outputs: analysis.outputs.map((output) => ({ name: output, type: "i16", exponent: null })),
      };
      const planned = plan(model, analysis, base, WIDTHS, observed.seen);
      const candidate = evaluate({ model, analysis, ...observed }, planned);
      expect(candidate?.relativeError, "integers").to.be.below(tolerance);
    });
  }
});
