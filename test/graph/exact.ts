// SPDX-License-Identifier: GPL-3.0-or-later
// Calibrations for models whose numbers are small integers: nothing is rounded, so integers must equal floats.
import { analyse } from "../../verifier/graph/analyse.ts";
import { CALIBRATION_FORMAT, modelHash, type Calibration } from "../../verifier/graph/calibration.ts";
import { parametersOf } from "../../verifier/graph/lower.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";

/** Inputs -100..100, weights of 16 bits, all exponents 0, outputs as they are. */
export function exactCalibration(onnx: Uint8Array): Calibration {
  const model = parseModel(onnx);
  const { constants, tensors, lookups, outputs } = parametersOf(analyse(model));
  return {
    format: CALIBRATION_FORMAT,
    model: modelHash(onnx),
    target: "groth16",
    heads: "drop",
    dims: [],
    inputs: model.inputs.map(({ name }) => ({ name, type: "i8", exponent: 0, lo: -100, hi: 100 })),
    constants: constants.map((name) => ({ name, exponent: 0, bits: 16 })),
    tensors: tensors.map((name) => ({ name, exponent: 0, bits: 32 })),
    lookups: lookups.map((name) => ({ name, exponent: 0, bits: 32, input: { exponent: 0, lo: -32768, hi: 32767 } })),
    outputs: outputs.map((name) => ({ name, type: "i32", exponent: null })),
  };
}
