// SPDX-License-Identifier: GPL-3.0-or-later
// Constant tensors of an ONNX file as doubles.
import { VerigradError } from "../errors.ts";
import type { Message } from "./schema.ts";
import { ELEMENT_TYPES, type ElementType, type FloatTensor } from "./types.ts";

const MAX_VALUES = 2 ** 26;
const MAX_RANK = 8;

const RAW: Readonly<Record<ElementType, { bytes: number; read: (view: DataView, at: number) => number }>> = {
  float32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  float64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  float16: { bytes: 2, read: (view, at) => fromFloat16(view.getUint16(at, true)) },
  bfloat16: { bytes: 2, read: (view, at) => fromBfloat16(view.getUint16(at, true)) },
  int8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  uint8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  int16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  uint16: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  int32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  uint32: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  int64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  uint64: { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  bool: { bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
};

/** IEEE 754 binary16 -> number. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

const scratch = new DataView(new ArrayBuffer(4));

/** bfloat16 (the upper half of a binary32) -> number. */
export function fromBfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

/** The element type of a code, or undefined for those that hold no plain numbers (strings, complex, 8-bit floats ...). */
export function elementType(code: number | undefined): ElementType | undefined {
  return (ELEMENT_TYPES as Record<number, ElementType>)[code ?? 0];
}

/**
 * A constant tensor. Nothing is allocated before the data is known to be there. Errors: ONNX_EXTERNAL_DATA,
 * ONNX_MALFORMED (shape and data disagree), ONNX_UNSUPPORTED (element type).
 */
export function readTensor(proto: Message<"TensorProto">, what: string): FloatTensor {
  const fail = (code: string, why: string): never => {
    throw new VerigradError(code, `${what}: ${why}`, { data: { what, why } });
  };
  if (proto.dataLocation === 1 || proto.externalData.length > 0) {
    fail("ONNX_EXTERNAL_DATA", "its data lies in another file; save the model with all data inside");
  }
  if (proto.segment !== undefined) fail("ONNX_MALFORMED", "segmented tensors are not part of ONNX any more");
  const type = elementType(proto.dataType);
  if (type === undefined)
    return fail("ONNX_UNSUPPORTED", `element type ${proto.dataType ?? 0}; accepted: floats, integers, bool`);
  const shape = proto.dims;
  // Work on a shape is its rank times its values: a rank is as dear as a size.
  if (shape.length > MAX_RANK) fail("ONNX_MALFORMED", `rank ${shape.length} is above ${MAX_RANK}`);
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) fail("ONNX_MALFORMED", `bad shape [${shape}]`);
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (size > MAX_VALUES) fail("ONNX_MALFORMED", `more than ${MAX_VALUES} values`);

  const { rawData } = proto;
  if (rawData !== undefined) {
    const { bytes, read } = RAW[type];
    if (rawData.length !== size * bytes)
      fail("ONNX_MALFORMED", `shape [${shape}] asks for ${size * bytes} bytes, there are ${rawData.length}`);
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    return { type, shape, values: Float64Array.from({ length: size }, (_, i) => read(view, i * bytes)) };
  }
  const data = typedData(proto, type);
  if (data.length !== size)
    fail("ONNX_MALFORMED", `shape [${shape}] asks for ${size} values, there are ${data.length}`);
  return { type, shape, values: Float64Array.from(data) };
}

/** The typed field that holds a type's values (TensorProto's documentation in onnx.proto). */
function typedData(proto: Message<"TensorProto">, type: ElementType): readonly number[] {
  switch (type) {
    case "float32":
      return proto.floatData;
    case "float64":
      return proto.doubleData;
    case "int64":
      return proto.int64Data;
    case "uint32":
    case "uint64":
      return proto.uint64Data;
    case "float16":
      return proto.int32Data.map((bits) => fromFloat16(bits & 0xffff));
    case "bfloat16":
      return proto.int32Data.map((bits) => fromBfloat16(bits & 0xffff));
    default:
      return proto.int32Data;
  }
}
