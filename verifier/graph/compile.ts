// SPDX-License-Identifier: GPL-3.0-or-later
// ONNX file + calibration -> integer graph: the same bytes on any machine.
import { VerigradError } from "../errors.ts";
import { parseModel } from "../onnx/parse.ts";
import { modelHash, type Calibration } from "./calibration.ts";
import { lowerModel, type Lowered } from "./lower.ts";

/**
 * Compiles a model. Pure and deterministic. Errors: CALIBRATION_MISMATCH when the calibration was made for another
 * file, and the errors of parseModel and lowerModel.
 */
export function compileModel(onnx: Uint8Array, calibration: Calibration): Lowered {
  const actual = modelHash(onnx);
  if (actual !== calibration.model) {
    throw new VerigradError(
      "CALIBRATION_MISMATCH",
      `calibration was made for the ONNX file ${calibration.model}, this one is ${actual}; calibrate again`,
      { data: { expected: calibration.model, actual } },
    );
  }
  return lowerModel(parseModel(onnx, { dims: dimsOf(calibration) }), calibration);
}

/** Sizes of symbolic dimensions as parseModel takes them. */
export function dimsOf(calibration: Pick<Calibration, "dims">): Record<string, number> {
  return Object.fromEntries(calibration.dims.map(({ name, size }) => [name, size]));
}
