// SPDX-License-Identifier: GPL-3.0-or-later
// The canonical encoding of tensors (docs/spec/formats.md, section 2) and its way from and to real numbers.
import { VerigradError } from "../errors.ts";
import { sizeOf, TYPE_INFO, type TensorSpec } from "./spec.ts";

/** Integer values of one tensor, row-major; every public type fits a double exactly. */
export type TensorValues = ArrayLike<number>;

/** Length in bytes of the canonical encoding of a list of tensors. */
export function encodedLength(specs: readonly TensorSpec[]): number {
  return specs.reduce((sum, spec) => sum + sizeOf(spec.shape) * TYPE_INFO[spec.type].bytes, 0);
}

/** Throws TENSOR_SHAPE or TENSOR_RANGE unless `values` has the spec's size and every value is an integer in range. */
export function assertValues(spec: TensorSpec, values: TensorValues): void {
  const size = sizeOf(spec.shape);
  if (values.length !== size) {
    throw new VerigradError("TENSOR_SHAPE", `expected ${size} values for shape [${spec.shape}], got ${values.length}`, {
      data: { expected: size, actual: values.length },
    });
  }
  for (let i = 0; i < size; i++) {
    const value = values[i] as number;
    if (!Number.isInteger(value) || value < spec.lo || value > spec.hi) {
      throw new VerigradError("TENSOR_RANGE", `value ${value} at index ${i} is outside [${spec.lo}, ${spec.hi}]`, {
        data: { index: i, value, lo: spec.lo, hi: spec.hi },
      });
    }
  }
}

/** Canonical bytes of a list of tensors. Errors: TENSOR_SHAPE, TENSOR_RANGE. */
export function encodeTensors(specs: readonly TensorSpec[], tensors: readonly TensorValues[]): Uint8Array {
  if (tensors.length !== specs.length) {
    throw new VerigradError("TENSOR_SHAPE", `expected ${specs.length} tensors, got ${tensors.length}`);
  }
  const bytes = new Uint8Array(encodedLength(specs));
  const view = new DataView(bytes.buffer);
  let at = 0;
  specs.forEach((spec, t) => {
    const values = tensors[t] as TensorValues;
    assertValues(spec, values);
    const width = TYPE_INFO[spec.type].bytes;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (width === 1) view.setUint8(at, value & 0xff);
      else if (width === 2) view.setUint16(at, value & 0xffff);
      else view.setInt32(at, value);
      at += width;
    }
  });
  return bytes;
}

/** Reads canonical bytes; a wrong length is TENSOR_LENGTH, a value outside its range TENSOR_RANGE. */
export function decodeTensors(specs: readonly TensorSpec[], bytes: Uint8Array): Float64Array[] {
  const expected = encodedLength(specs);
  if (bytes.length !== expected) {
    throw new VerigradError("TENSOR_LENGTH", `expected ${expected} bytes, got ${bytes.length}`, {
      data: { expected, actual: bytes.length },
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  return specs.map((spec) => {
    const values = new Float64Array(sizeOf(spec.shape));
    for (let i = 0; i < values.length; i++) {
      switch (spec.type) {
        case "i8":
          values[i] = view.getInt8(at);
          break;
        case "u8":
          values[i] = view.getUint8(at);
          break;
        case "i16":
          values[i] = view.getInt16(at);
          break;
        case "u16":
          values[i] = view.getUint16(at);
          break;
        case "i32":
          values[i] = view.getInt32(at);
          break;
      }
      at += TYPE_INFO[spec.type].bytes;
    }
    assertValues(spec, values);
    return values;
  });
}

/** floor(v + 1/2), exactly: v + 0.5 in doubles is 1 for the number below 0.5. Never -0. */
export function roundHalfUp(v: number): number {
  const floor = Math.floor(v);
  return (v - floor >= 0.5 ? floor + 1 : floor) + 0;
}

/** Real values -> integers: q = clamp(floor(v * 2^e + 1/2), lo, hi). Errors: TENSOR_SHAPE; TENSOR_NAN for NaN. */
export function quantizeValues(spec: TensorSpec, reals: ArrayLike<number>): Float64Array {
  const scale = 2 ** spec.exponent;
  const size = sizeOf(spec.shape);
  if (reals.length !== size) {
    throw new VerigradError("TENSOR_SHAPE", `expected ${size} values for shape [${spec.shape}], got ${reals.length}`);
  }
  return Float64Array.from(reals, (value, i) => {
    if (Number.isNaN(value)) throw new VerigradError("TENSOR_NAN", `value at index ${i} is not a number`);
    return Math.min(spec.hi, Math.max(spec.lo, roundHalfUp(value * scale)));
  });
}

/** Integers -> real values: q * 2^-e, exact in double precision. */
export function dequantizeValues(spec: TensorSpec, values: TensorValues): Float64Array {
  const scale = 2 ** -spec.exponent;
  return Float64Array.from(values, (value) => value * scale);
}
