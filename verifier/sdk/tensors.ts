// SPDX-License-Identifier: GPL-3.0-or-later
// From real numbers to a model's canonical bytes, and back.
import { VerigradError } from "../errors.ts";
import { quantizeSample, readSamples, type Sample } from "../graph/samples.ts";
import type { Manifest } from "../hub/manifest.ts";
import { decodeTensors, dequantizeValues, encodeTensors } from "../tensor/codec.ts";

/** What an application must know of a model to talk to it; manifest.json of its package has it. */
export type ModelInterface = Pick<Manifest, "inputs" | "outputs">;

/** One output tensor: row-major values in real units, exact in double precision. */
export interface OutputTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/**
 * Canonical bytes of one input: a row-major list of real values for each input tensor. Nothing is clamped.
 * Errors: INPUT_SHAPE, INPUT_NUMBER (NaN, infinity), INPUT_RANGE.
 */
export function encodeInput(model: ModelInterface, sample: Sample): Uint8Array {
  return encodeTensors(
    model.inputs.map(({ spec }) => spec),
    quantizeSample(model.inputs, sample),
  );
}

/**
 * As encodeInput, from a file in EZKL's format, `{"input_data": [[...]]}`, that holds exactly one sample.
 * Errors: INPUT_JSON, INPUT_SHAPE, INPUT_NUMBER, INPUT_RANGE.
 */
export function encodeInputFile(model: ModelInterface, file: Uint8Array): Uint8Array {
  const { samples } = readSamples(
    file,
    model.inputs.map(({ name, spec }) => ({ name, shape: spec.shape })),
  );
  const [sample] = samples;
  if (sample === undefined || samples.length !== 1) {
    throw new VerigradError("INPUT_SHAPE", `the file has ${samples.length} samples; one inference takes one`);
  }
  return encodeInput(model, sample);
}

/** Output bytes as real numbers: q * 2^-exponent. Errors: TENSOR_LENGTH, TENSOR_RANGE. */
export function decodeOutput(model: ModelInterface, output: Uint8Array): OutputTensor[] {
  const tensors = decodeTensors(
    model.outputs.map(({ spec }) => spec),
    output,
  );
  return model.outputs.map(({ name, spec }, i) => ({
    name,
    shape: spec.shape,
    values: dequantizeValues(spec, tensors[i] as Float64Array),
  }));
}

/** Index of the largest value, the lowest of equals, and by how much it wins. As OutputGuards computes it on chain. */
export function argmax(values: ArrayLike<number>): { readonly index: number; readonly margin: number } {
  if (values.length === 0) throw new VerigradError("INPUT_SHAPE", "no values to compare");
  let index = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[index] as number)) index = i;
  let margin = Infinity;
  for (let i = 0; i < values.length; i++) {
    if (i !== index) margin = Math.min(margin, (values[index] as number) - (values[i] as number));
  }
  return { index, margin };
}
