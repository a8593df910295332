// SPDX-License-Identifier: GPL-3.0-or-later
// calibration.json: everything that compilation takes besides the ONNX file (docs/spec/calibration.md).
import { z } from "zod";
import { VerigradError } from "../errors.ts";
import { keccakHex } from "../hash.ts";
import { TENSOR_TYPES, TYPE_INFO } from "../tensor/spec.ts";
import { canonicalJson, parseJson, sameBytes } from "./canonical-json.ts";
import { MAX_TABLE_ENTRIES } from "./nodes/table.ts";

export const CALIBRATION_FORMAT = "verigrad.calibration.v1";

const zExponent = z.int().min(-128).max(127);
const zQuantization = z.strictObject({ name: z.string(), exponent: zExponent, bits: z.int().min(2).max(32) });

const zTableEnd = z
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1);

const zCalibration = z.strictObject({
  format: z.literal(CALIBRATION_FORMAT),
  /** keccak256 of the ONNX file that this belongs to */
  model: z.string().regex(/^0x[0-9a-f]{64}$/),
  /** proof system that the parameters were chosen for */
  target: z.enum(["groth16", "tensorcheck"]),
  /** what becomes of a final Softmax, LogSoftmax or ArgMax: dropped, since the scores before it decide, or kept */
  heads: z.enum(["drop", "keep"]),
  /** sizes of symbolic dimensions */
  dims: z.array(z.strictObject({ name: z.string(), size: z.int().min(1) })),
  /** public inputs, in the model's order: type, exponent and declared range */
  inputs: z.array(
    z.strictObject({ name: z.string(), type: z.enum(TENSOR_TYPES), exponent: zExponent, lo: z.int(), hi: z.int() }),
  ),
  /** constants of a node, by its first output, in execution order; bits includes the sign */
  constants: z.array(zQuantization),
  /** requantized values in execution order; a Relu's bits are unsigned */
  tensors: z.array(zQuantization),
  /** look-ups by the node's output, in execution order: what the operand is rounded and clamped to, then the values */
  lookups: z.array(
    zQuantization.extend({
      input: z.strictObject({ exponent: zExponent, lo: zTableEnd, hi: zTableEnd }),
    }),
  ),
  /** public outputs in order; exponent null keeps the accumulator as it is */
  outputs: z
    .array(z.strictObject({ name: z.string(), type: z.enum(TENSOR_TYPES), exponent: zExponent.nullable() }))
    .min(1),
});

type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;

/** The parsed content of calibration.json. */
export type Calibration = Immutable<z.infer<typeof zCalibration>>;

/** The hash by which a calibration names its ONNX file: keccak256, 0x-prefixed lower-case hexadecimal. */
export const modelHash = (onnx: Uint8Array): string => keccakHex(onnx);

const invalid = (why: string, cause?: unknown): VerigradError =>
  new VerigradError("CALIBRATION_INVALID", `calibration: ${why}`, { cause, data: { why } });

/** Throws CALIBRATION_INVALID unless every field is inside its bounds. */
export function checkCalibration(value: unknown): Calibration {
  const { success, data, error } = zCalibration.safeParse(value);
  if (!success) {
    const issue = error.issues[0];
    throw invalid(issue === undefined ? "malformed" : `${issue.path.join(".")}: ${issue.message}`, error);
  }
  for (const { name, type, lo, hi } of data.inputs) {
    const info = TYPE_INFO[type];
    if (lo >= hi || lo < info.lo || hi > info.hi)
      throw invalid(`input "${name}": range [${lo}, ${hi}] does not fit ${type}`);
  }
  for (const { name, input } of data.lookups) {
    if (input.lo > input.hi || input.hi - input.lo >= MAX_TABLE_ENTRIES)
      throw invalid(`look-up "${name}": a table of [${input.lo}, ${input.hi}]; accepted: 1 to 2^16 entries`);
  }
  for (const list of [data.dims, data.inputs, data.constants, data.tensors, data.lookups, data.outputs]) {
    if (new Set(list.map((entry) => entry.name)).size !== list.length) throw invalid("a name is listed twice");
  }
  return data;
}

/** Canonical bytes of a calibration. Errors: CALIBRATION_INVALID. */
export function serializeCalibration(calibration: Calibration): Uint8Array {
  return canonicalJson(checkCalibration(calibration));
}

/** Reads calibration.json; whatever serializeCalibration would not have written is CALIBRATION_INVALID. */
export function parseCalibration(bytes: Uint8Array): Calibration {
  let json: unknown;
  try {
    json = parseJson(bytes);
  } catch (cause) {
    throw invalid("not JSON", cause);
  }
  const calibration = checkCalibration(json);
  if (!sameBytes(serializeCalibration(calibration), bytes)) throw invalid("not in canonical form");
  return calibration;
}
