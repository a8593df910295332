// SPDX-License-Identifier: GPL-3.0-or-later
// A float model as read from ONNX: typed, checked, nothing computed yet.

/** ONNX element types that hold numbers, by their code in TensorProto.DataType. */
export const ELEMENT_TYPES = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  9: "bool",
  10: "float16",
  11: "float64",
  12: "uint32",
  13: "uint64",
  16: "bfloat16",
} as const;
export type ElementType = (typeof ELEMENT_TYPES)[keyof typeof ELEMENT_TYPES];

/** Whether a type holds real numbers. */
export const isFloatType = (type: ElementType): boolean => ["float32", "float64", "float16", "bfloat16"].includes(type);

/** A constant tensor. Every type is held as doubles; a 64-bit integer beyond 2^53 is the nearest double. */
export interface FloatTensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export type Attribute =
  | { readonly kind: "float" | "int"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "floats" | "ints"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: FloatTensor }
  /** a subgraph, sparse tensor or type: kept by kind only, no supported operator takes one */
  | { readonly kind: "other"; readonly value: null };

export interface OnnxNode {
  /** The node's name; where the file gives none or one used before, made from operator and position. */
  readonly name: string;
  /** "" is ai.onnx */
  readonly domain: string;
  readonly operator: string;
  /** Names of values; "" is an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** A graph input or output; an output's shape is not read: it follows from the nodes. */
export interface OnnxInput {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/** A float model. Nodes are in execution order; every name that is read is written before. */
export interface FloatGraph {
  /** Version of each operator set by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly inputs: readonly OnnxInput[];
  readonly outputs: readonly string[];
  readonly initializers: ReadonlyMap<string, FloatTensor>;
  readonly nodes: readonly OnnxNode[];
}
