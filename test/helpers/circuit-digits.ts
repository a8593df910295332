// SPDX-License-Identifier: GPL-3.0-or-later
// The example model examples/digits as an integer graph, with its held-out samples quantized for it.
import { readFileSync } from "node:fs";
import { parseCalibration } from "../../verifier/graph/calibration.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { quantizeSample, readSamples } from "../../verifier/graph/samples.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";

export interface Digits {
  readonly graph: IntegerGraph;
  /** one list of input tensors a sample */
  readonly samples: readonly (readonly Float64Array[])[];
}

/** Reads and compiles examples/digits. */
export function loadDigits(): Digits {
  const read = (name: string): Uint8Array => readFileSync(new URL(`../../examples/digits/${name}`, import.meta.url));
  const { graph } = compileModel(read("digits.onnx"), parseCalibration(read("calibration.json")));
  const inputs = graph.inputs.map(({ name, spec }) => ({ name, spec, shape: spec.shape }));
  const { samples } = readSamples(read("heldout.json"), inputs);
  return { graph, samples: samples.map((sample) => quantizeSample(inputs, sample)) };
}
