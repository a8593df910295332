// SPDX-License-Identifier: GPL-3.0-or-later
// Tensor specs: what is public about a model's inputs and outputs (docs/spec/formats.md, section 1).
import { keccak_256 } from "@noble/hashes/sha3.js";
import { VerigradError } from "../errors.ts";

export const TENSOR_TYPES = ["i8", "u8", "i16", "u16", "i32"] as const;
export type TensorType = (typeof TENSOR_TYPES)[number];

/** Width in bytes and range of each type, in the order of their codes. */
export const TYPE_INFO: Readonly<Record<TensorType, { bytes: number; lo: number; hi: number }>> = {
  i8: { bytes: 1, lo: -128, hi: 127 },
  u8: { bytes: 1, lo: 0, hi: 255 },
  i16: { bytes: 2, lo: -32768, hi: 32767 },
  u16: { bytes: 2, lo: 0, hi: 65535 },
  i32: { bytes: 4, lo: -(2 ** 31), hi: 2 ** 31 - 1 },
};

/** Shape, integer type, scale (value = q * 2^-exponent) and declared range of a public tensor. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly type: TensorType;
  readonly exponent: number;
  readonly lo: number;
  readonly hi: number;
}

const MAX_TENSORS = 16;
const MAX_RANK = 8;
const MAX_VALUES = 2 ** 24;

/** Number of values of a shape (1 for a scalar's empty shape). */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Throws TENSOR_SPEC_INVALID unless every field is inside the bounds of formats.md, section 1. */
export function assertSpec(spec: TensorSpec): void {
  const fail = (why: string): never => {
    throw new VerigradError("TENSOR_SPEC_INVALID", `tensor spec: ${why}`, { data: { spec } });
  };
  if (spec.shape.length < 1 || spec.shape.length > MAX_RANK) fail(`rank must be 1..${MAX_RANK}`);
  if (!spec.shape.every((dim) => Number.isInteger(dim) && dim >= 1 && dim < 2 ** 32)) fail("dimensions must be >= 1");
  if (sizeOf(spec.shape) > MAX_VALUES) fail(`more than 2^24 values`);
  const info = TYPE_INFO[spec.type];
  if (info === undefined) fail(`unknown type ${String(spec.type)}`);
  if (!Number.isInteger(spec.exponent) || spec.exponent < -128 || spec.exponent > 127)
    fail("exponent must be -128..127");
  if (!Number.isInteger(spec.lo) || !Number.isInteger(spec.hi)) fail("range must be integers");
  if (spec.lo >= spec.hi) fail("range is empty: lo must be below hi");
  if (spec.lo < info.lo || spec.hi > info.hi) fail(`range [${spec.lo}, ${spec.hi}] does not fit type ${spec.type}`);
}

/** Canonical bytes of a spec list. Errors: TENSOR_SPEC_INVALID. */
export function encodeSpecList(specs: readonly TensorSpec[]): Uint8Array {
  if (specs.length < 1 || specs.length > MAX_TENSORS) {
    throw new VerigradError("TENSOR_SPEC_INVALID", `a spec list has 1..${MAX_TENSORS} tensors, not ${specs.length}`);
  }
  specs.forEach(assertSpec);
  const bytes = new Uint8Array(1 + specs.reduce((sum, spec) => sum + 11 + 4 * spec.shape.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  view.setUint8(at++, specs.length);
  for (const spec of specs) {
    view.setUint8(at++, spec.shape.length);
    for (const dim of spec.shape) {
      view.setUint32(at, dim);
      at += 4;
    }
    view.setUint8(at++, TENSOR_TYPES.indexOf(spec.type));
    view.setInt8(at++, spec.exponent);
    view.setInt32(at, spec.lo);
    view.setInt32(at + 4, spec.hi);
    at += 8;
  }
  return bytes;
}

/** Reads a canonical spec list; anything missing, extra or out of bounds is TENSOR_SPEC_INVALID. */
export function decodeSpecList(bytes: Uint8Array): TensorSpec[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (width: number): number => {
    if (at + width > bytes.length) throw new VerigradError("TENSOR_SPEC_INVALID", "spec list is truncated");
    at += width;
    return at - width;
  };
  const count = view.getUint8(take(1));
  if (count < 1 || count > MAX_TENSORS) {
    throw new VerigradError("TENSOR_SPEC_INVALID", `a spec list has 1..${MAX_TENSORS} tensors, not ${count}`);
  }
  const specs = Array.from({ length: count }, (): TensorSpec => {
    const rank = view.getUint8(take(1));
    if (rank < 1 || rank > MAX_RANK) throw new VerigradError("TENSOR_SPEC_INVALID", `rank must be 1..${MAX_RANK}`);
    const shape = Array.from({ length: rank }, () => view.getUint32(take(4)));
    const code = view.getUint8(take(1));
    const type = TENSOR_TYPES[code];
    if (type === undefined) throw new VerigradError("TENSOR_SPEC_INVALID", `unknown type code ${code}`);
    const spec = {
      shape,
      type,
      exponent: view.getInt8(take(1)),
      lo: view.getInt32(take(4)),
      hi: view.getInt32(take(4)),
    };
    assertSpec(spec);
    return spec;
  });
  if (at !== bytes.length) throw new VerigradError("TENSOR_SPEC_INVALID", "spec list has trailing bytes");
  return specs;
}

/** inputSpecHash or outputSpecHash: keccak256 of the canonical spec list. */
export function specListHash(specs: readonly TensorSpec[]): Uint8Array {
  return keccak_256(encodeSpecList(specs));
}
