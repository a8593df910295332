// SPDX-License-Identifier: GPL-3.0-or-later
// What the integers are compared with: onnxruntime's outputs, or, for a file that it refuses to load, our interpreter's.
import { VerigradError } from "../errors.ts";
import type { Analysis } from "../graph/analyse.ts";
import { interpret } from "../graph/interpret.ts";
import type { FloatGraph } from "../onnx/types.ts";
import { assertSample, loadFloatModel, type FloatModel } from "./float-model.ts";

export interface Reference extends FloatModel {
  readonly kind: "onnxruntime" | "interpreter";
}

/**
 * Loads the float model for its analysed outputs. A file that onnxruntime refuses (exporters write types that the
 * operator set does not allow) still has a meaning: then the interpreter, which calibration uses for inner values
 * anyway, gives the outputs, and `kind` says so.
 */
export async function loadReference(onnx: Uint8Array, model: FloatGraph, analysis: Analysis): Promise<Reference> {
  try {
    return { kind: "onnxruntime", ...(await loadFloatModel(onnx, model, analysis.outputs)) };
  } catch (error) {
    if (!(error instanceof VerigradError && error.code === "FLOAT_MODEL_FAILED")) throw error;
  }
  return {
    kind: "interpreter",
    run(sample) {
      assertSample(model, sample);
      return Promise.resolve(interpret(model, analysis, sample));
    },
    release: () => Promise.resolve(),
  };
}
