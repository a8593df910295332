// SPDX-License-Identifier: GPL-3.0-or-later
// The messages of onnx.proto as data, and the TypeScript types that follow from them. Interpreted by protobuf.ts, so
// that no code is generated at run time.

/** [name, type] or [name, type, "repeated"], by field number. */
export const SCHEMA = {
  ModelProto: {
    1: ["irVersion", "int64"],
    8: ["opsetImport", "OperatorSetIdProto", "repeated"],
    7: ["graph", "GraphProto"],
    25: ["functions", "FunctionProto", "repeated"],
  },
  GraphProto: {
    1: ["node", "NodeProto", "repeated"],
    2: ["name", "string"],
    5: ["initializer", "TensorProto", "repeated"],
    15: ["sparseInitializer", "SparseTensorProto", "repeated"],
    11: ["input", "ValueInfoProto", "repeated"],
    12: ["output", "ValueInfoProto", "repeated"],
  },
  NodeProto: {
    1: ["input", "string", "repeated"],
    2: ["output", "string", "repeated"],
    3: ["name", "string"],
    4: ["opType", "string"],
    7: ["domain", "string"],
    5: ["attribute", "AttributeProto", "repeated"],
  },
  AttributeProto: {
    1: ["name", "string"],
    21: ["refAttrName", "string"],
    20: ["type", "int32"],
    2: ["f", "float"],
    3: ["i", "int64"],
    4: ["s", "bytes"],
    5: ["t", "TensorProto"],
    6: ["g", "GraphProto"],
    7: ["floats", "float", "repeated"],
    8: ["ints", "int64", "repeated"],
    9: ["strings", "bytes", "repeated"],
  },
  ValueInfoProto: { 1: ["name", "string"], 2: ["type", "TypeProto"] },
  TypeProto: { 1: ["tensorType", "TypeProto.Tensor"] },
  "TypeProto.Tensor": { 1: ["elemType", "int32"], 2: ["shape", "TensorShapeProto"] },
  TensorShapeProto: { 1: ["dim", "TensorShapeProto.Dimension", "repeated"] },
  "TensorShapeProto.Dimension": { 1: ["dimValue", "int64"], 2: ["dimParam", "string"] },
  TensorProto: {
    1: ["dims", "int64", "repeated"],
    2: ["dataType", "int32"],
    3: ["segment", "TensorProto.Segment"],
    4: ["floatData", "float", "repeated"],
    5: ["int32Data", "int32", "repeated"],
    7: ["int64Data", "int64", "repeated"],
    8: ["name", "string"],
    9: ["rawData", "bytes"],
    13: ["externalData", "StringStringEntryProto", "repeated"],
    14: ["dataLocation", "int32"],
    10: ["doubleData", "double", "repeated"],
    11: ["uint64Data", "uint64", "repeated"],
  },
  "TensorProto.Segment": { 1: ["begin", "int64"], 2: ["end", "int64"] },
  SparseTensorProto: { 3: ["dims", "int64", "repeated"] },
  StringStringEntryProto: { 1: ["key", "string"], 2: ["value", "string"] },
  OperatorSetIdProto: { 1: ["domain", "string"], 2: ["version", "int64"] },
  FunctionProto: { 1: ["name", "string"] },
} as const satisfies Record<string, Record<number, readonly [string, string] | readonly [string, string, "repeated"]>>;

export type MessageName = keyof typeof SCHEMA;

interface Scalars {
  int32: number;
  int64: number;
  uint64: number;
  float: number;
  double: number;
  string: string;
  bytes: Uint8Array;
}
export type ScalarName = keyof Scalars;
/** Scalars that are numbers. */
export type NumberName = Exclude<ScalarName, "string" | "bytes">;

/** A repeated field of numbers: a typed array where the file packs them. */
export type NumberList = readonly number[] | Float64Array;

type Value<T> = T extends ScalarName ? Scalars[T] : T extends MessageName ? Message<T> : never;
type Fields<M extends MessageName> = (typeof SCHEMA)[M][keyof (typeof SCHEMA)[M]];

/** A decoded message: absent singular fields are undefined, repeated fields always lists. */
export type Message<M extends MessageName> = {
  readonly [
    F in Fields<M> as F extends readonly [infer N extends string, ...unknown[]] ? N : never
  ]: F extends readonly [string, infer T, "repeated"]
    ? T extends NumberName
      ? NumberList
      : readonly Value<T>[]
    : F extends readonly [string, infer T]
      ? Value<T> | undefined
      : never;
};
