// SPDX-License-Identifier: GPL-3.0-or-later
// Sample files: real-valued inputs in EZKL's format, one sample or many (docs/spec/calibration.md, section 3).
import { z } from "zod";
import { VerigradError } from "../errors.ts";
import { roundHalfUp } from "../tensor/codec.ts";
import { sizeOf, type TensorSpec } from "../tensor/spec.ts";
import { parseJson } from "./canonical-json.ts";

/** Real values of one sample: one row-major list an input of the model. */
export type Sample = readonly ArrayLike<number>[];

export interface Samples {
  readonly samples: readonly Sample[];
  /** Class of each sample, where the file has labels. */
  readonly labels: readonly number[] | null;
}

type InputShape = { readonly name: string; readonly shape: readonly number[] };

const zFile = z.object({
  input_data: z.array(z.array(z.unknown())),
  labels: z.array(z.int().min(0)).optional(),
});

const MAX_NESTING = 9;

function fail(code: string, message: string): never {
  throw new VerigradError(code, message);
}

/** All numbers of a nested list, in order. Errors: INPUT_NUMBER. */
function flatten(value: unknown, what: string, depth = 0): number[] {
  if (Array.isArray(value) && depth < MAX_NESTING)
    return value.flatMap((part: unknown) => flatten(part, what, depth + 1));
  if (typeof value === "boolean") return [Number(value)];
  if (Array.isArray(value)) fail("INPUT_NUMBER", `${what}: lists are nested too deeply`);
  if (typeof value !== "number" || !Number.isFinite(value)) {
    fail("INPUT_NUMBER", `${what}: ${JSON.stringify(value)?.slice(0, 40) ?? "nothing"} is not a finite number`);
  }
  return [value];
}

/**
 * Reads a sample file for a model with the given inputs. `input_data` has one entry an input: a flat list is one
 * sample, a list of lists one sample a row; for a model with a single input several flat lists are several samples.
 * Errors: INPUT_JSON, INPUT_SHAPE, INPUT_NUMBER, INPUT_LABELS.
 */
export function readSamples(bytes: Uint8Array, inputs: readonly InputShape[]): Samples {
  let json: unknown;
  try {
    json = parseJson(bytes);
  } catch (cause) {
    throw new VerigradError("INPUT_JSON", `not JSON: ${cause instanceof Error ? cause.message : "unreadable"}`, {
      cause,
    });
  }
  const parsed = zFile.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    fail("INPUT_JSON", `expected {"input_data": [[...]]}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
  }
  const { input_data: data, labels } = parsed.data;
  // A model without inputs has one sample, and nothing to say about it.
  if (inputs.length === 0 && data.flat().length === 0) return { samples: [[]], labels: null };
  const isFlat = (entry: readonly unknown[]): boolean => !entry.some(Array.isArray);
  const perInput = inputs.length === 1 && data.length > 1 && data.every(isFlat) ? [data] : data;
  if (perInput.length !== inputs.length) {
    fail("INPUT_SHAPE", `input_data has ${perInput.length} entries, the model ${inputs.length} inputs`);
  }
  const rows = perInput.map((entry, i) => rowsOf(entry, inputs[i] as InputShape));
  const count = (rows[0] as number[][]).length;
  if (rows.some((list) => list.length !== count)) fail("INPUT_SHAPE", "the inputs have different numbers of samples");
  if (labels !== undefined && labels.length !== count)
    fail("INPUT_LABELS", `${labels.length} labels for ${count} samples`);
  const samples = Array.from({ length: count }, (_, s) => rows.map((list) => list[s] as number[]));
  return { samples, labels: labels ?? null };
}

function rowsOf(entry: readonly unknown[], { name, shape }: InputShape): number[][] {
  const size = sizeOf(shape);
  const nested = entry.map((part, i) => flatten(part, `input "${name}", entry ${i}`));
  // Numbers, or an array nested like the tensor itself, are one sample; else each entry is one.
  const single =
    nested.reduce((sum, part) => sum + part.length, 0) === size && !nested.every((part) => part.length === size);
  const rows = entry.some(Array.isArray) && !single ? nested : [nested.flat()];
  rows.forEach((row, i) => {
    if (row.length !== size) {
      fail("INPUT_SHAPE", `input "${name}", sample ${i}: ${row.length} values, shape [${shape}] has ${size}`);
    }
  });
  return rows;
}

/**
 * The integers of one real-valued sample: floor(v * 2^e + 1/2). Nothing is clamped: a value whose integer lies outside
 * the declared range is INPUT_RANGE, a list of the wrong length INPUT_SHAPE, NaN or infinity INPUT_NUMBER.
 */
export function quantizeSample(inputs: readonly { name: string; spec: TensorSpec }[], sample: Sample): Float64Array[] {
  if (sample.length !== inputs.length)
    fail("INPUT_SHAPE", `${sample.length} inputs given, the model has ${inputs.length}`);
  return inputs.map(({ name, spec }, i) => {
    const reals = sample[i] as ArrayLike<number>;
    if (reals.length !== sizeOf(spec.shape)) {
      fail("INPUT_SHAPE", `input "${name}": ${reals.length} values, shape [${spec.shape}] has ${sizeOf(spec.shape)}`);
    }
    const scale = 2 ** spec.exponent;
    return Float64Array.from(reals, (v, at) => {
      if (!Number.isFinite(v)) fail("INPUT_NUMBER", `input "${name}": value ${at} is not a finite number`);
      const q = roundHalfUp(v * scale);
      if (q < spec.lo || q > spec.hi) {
        fail(
          "INPUT_RANGE",
          `input "${name}": value ${v} at index ${at} is outside [${spec.lo / scale}, ${spec.hi / scale}]`,
        );
      }
      return q;
    });
  });
}
