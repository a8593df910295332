// SPDX-License-Identifier: GPL-3.0-or-later
// From real numbers to a model's canonical bytes, and back.
import { VerigradError } from "../errors.ts";
import { quantizeSample, readSamples, type Sample } from "../graph/samples.ts";
import type { Manifest } from "../hub/manifest.ts";
import { makeOpening, type Opening } from "../proofs/commitment.ts";
import { decodeTensors, dequantizeValues, encodeTensors } from "../tensor/codec.ts";
import { indexOfLargest } from "../tensor/largest.ts";

/** What an application must know of a model to talk to it; manifest.json of its package has it. */
export type ModelInterface = Pick<Manifest, "inputMode" | "inputs" | "outputs">;

/** One output tensor: row-major values in real units, exact in double precision. */
export interface OutputTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/**
 * Canonical bytes of one public input: a row-major list of real values for each input tensor. Nothing is clamped.
 * Errors: INPUT_SHAPE, INPUT_NUMBER (NaN, infinity), INPUT_RANGE; INPUT_MODE_MISMATCH where inputs are committed.
 */
export function encodeInput(model: ModelInterface, sample: Sample): Uint8Array {
  // SAFETY: what this gives goes on chain, where nobody can take it back.
  if (model.inputMode === "COMMITTED")
    throw new VerigradError("INPUT_MODE_MISMATCH", "this model's inputs are committed: commit to it instead");
  return canonicalInput(model, sample);
}

/**
 * As encodeInput, from a file in EZKL's format, `{"input_data": [[...]]}`, that holds exactly one sample.
 * Errors: INPUT_JSON, INPUT_SHAPE, INPUT_NUMBER, INPUT_RANGE, INPUT_MODE_MISMATCH.
 */
export function encodeInputFile(model: ModelInterface, file: Uint8Array): Uint8Array {
  return encodeInput(model, sampleOf(model, file));
}

/**
 * Commits to one input under a new salt. `commitment` of the result goes on chain; keep the rest, and show it to nobody
 * but who is to prove. Errors: as encodeInput, INPUT_MODE_MISMATCH where inputs are public.
 */
export async function commitInput(model: ModelInterface, sample: Sample): Promise<Opening> {
  if (model.inputMode === "PUBLIC")
    throw new VerigradError("INPUT_MODE_MISMATCH", "this model's inputs are public: there is nothing to commit to");
  return makeOpening(
    model.inputs.map(({ spec }) => spec),
    canonicalInput(model, sample),
  );
}

/** As commitInput, from a file as encodeInputFile reads it. */
export async function commitInputFile(model: ModelInterface, file: Uint8Array): Promise<Opening> {
  return commitInput(model, sampleOf(model, file));
}

function canonicalInput({ inputs }: ModelInterface, sample: Sample): Uint8Array {
  return encodeTensors(
    inputs.map(({ spec }) => spec),
    quantizeSample(inputs, sample),
  );
}

function sampleOf({ inputs }: ModelInterface, file: Uint8Array): Sample {
  const { samples } = readSamples(
    file,
    inputs.map(({ name, spec }) => ({ name, shape: spec.shape })),
  );
  const [sample] = samples;
  if (sample === undefined || samples.length !== 1) {
    throw new VerigradError("INPUT_SHAPE", `the file has ${samples.length} samples; one inference takes one`);
  }
  return sample;
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
  const index = indexOfLargest(values);
  let margin = Infinity;
  for (let i = 0; i < values.length; i++) {
    if (i !== index) margin = Math.min(margin, (values[index] as number) - (values[i] as number));
  }
  return { index, margin };
}
