// SPDX-License-Identifier: GPL-3.0-or-later
// Constant tensors of an ONNX file as doubles.
import { VerigradError } from "../errors.ts";
import type { Message, NumberList } from "./schema.ts";
import { ELEMENT_TYPES, type ElementType, type FloatTensor } from "./types.ts";

/** Most values of all constant tensors of a file: as many as the constants of an integer graph may have. */
export const MAX_CONSTANT_VALUES = 2 ** 26;
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

/** Types whose values stand in a field that could hold more, with their range. */
const HELD_IN_INT32: Partial<Record<ElementType, readonly [lo: number, hi: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  bool: [0, 1],
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

/** How many values a file's further constant tensors may have. */
export interface Room {
  values: number;
}

/**
 * A constant tensor; its values are taken from `room`. Nothing is allocated before the data is known to be there. Errors: ONNX_EXTERNAL_DATA,
 * ONNX_MALFORMED (shape and data disagree), ONNX_UNSUPPORTED (element type).
 */
export function readTensor(proto: Message<"TensorProto">, what: string, room: Room): FloatTensor {
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
  // Work on a shape is its rank times its values: a rank is as dear as a size.
  if (proto.dims.length > MAX_RANK) fail("ONNX_MALFORMED", `rank ${proto.dims.length} is above ${MAX_RANK}`);
  const shape = Array.from(proto.dims);
  // Each dimension by itself, too: an empty axis hides how large the others are.
  if (!shape.every((dim) => Number.isInteger(dim) && dim >= 0 && dim <= MAX_CONSTANT_VALUES))
    fail("ONNX_MALFORMED", `bad shape [${shape}]`);
  const size = shape.reduce((product, dim) => product * dim, 1);
  if ((room.values -= size) < 0)
    fail("ONNX_MALFORMED", `the file's constants have more than ${MAX_CONSTANT_VALUES} values in all`);

  const { rawData } = proto;
  if (rawData !== undefined) {
    const { bytes, read } = RAW[type];
    if (rawData.length !== size * bytes)
      fail("ONNX_MALFORMED", `shape [${shape}] asks for ${size * bytes} bytes, there are ${rawData.length}`);
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    const values = new Float64Array(size);
    for (let i = 0; i < size; i++) values[i] = read(view, i * bytes);
    return { type, shape, values };
  }
  const data = typedData(proto, type);
  if (data.length !== size)
    fail("ONNX_MALFORMED", `shape [${shape}] asks for ${size} values, there are ${data.length}`);
  const values = data instanceof Float64Array ? data : new Float64Array(data);
  const range = HELD_IN_INT32[type];
  if (range !== undefined && values.some((v) => v < range[0] || v > range[1]))
    fail("ONNX_MALFORMED", `a value is no ${type}`);
  return { type, shape, values };
}

/** The typed field that holds a type's values (TensorProto's documentation in onnx.proto). */
function typedData(proto: Message<"TensorProto">, type: ElementType): NumberList {
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
      return Float64Array.from(proto.int32Data, (bits) => fromFloat16(bits & 0xffff));
    case "bfloat16":
      return Float64Array.from(proto.int32Data, (bits) => fromBfloat16(bits & 0xffff));
    default:
      return proto.int32Data;
  }
}
