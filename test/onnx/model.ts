// SPDX-License-Identifier: GPL-3.0-or-later
// Writes ONNX files for tests, with protobufjs' own encoder over the vendored schema: nothing here is shared with the
// decoder under test.
import { readFileSync } from "node:fs";
import protobuf from "protobufjs";

export const root = protobuf.parse(readFileSync("verifier/onnx/onnx.proto", "utf8"), { keepCase: false }).root;
const ModelProto = root.lookupType("onnx.ModelProto");

export interface TestTensor {
  readonly dims: readonly number[];
  readonly values: readonly number[];
  readonly type?: "float32" | "float64" | "int64" | "int32" | "uint8";
}

export type TestAttribute =
  | number
  | string
  | readonly number[]
  | TestTensor
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] };

export interface TestNode {
  readonly op: string;
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, TestAttribute>>;
}

export interface TestModel {
  readonly nodes: readonly TestNode[];
  /** Shape by name; a string is a symbolic dimension. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly inputType?: number;
  readonly outputs: readonly string[];
  readonly constants?: Readonly<Record<string, TestTensor>>;
  readonly opset?: number;
  /** Version of ai.onnx.ml (default 3). */
  readonly mlOpset?: number;
}

const CODE = { float32: 1, uint8: 2, int32: 6, int64: 7, float64: 11 } as const;
const FIELD = {
  float32: "floatData",
  uint8: "int32Data",
  int32: "int32Data",
  int64: "int64Data",
  float64: "doubleData",
} as const;

function tensorProto({ dims, values, type = "float32" }: TestTensor, name?: string): Record<string, unknown> {
  return { dims, dataType: CODE[type], [FIELD[type]]: values, ...(name === undefined ? {} : { name }) };
}

function attributeProto(name: string, value: TestAttribute): Record<string, unknown> {
  if (typeof value === "number") return { name, type: 2, i: value };
  if (typeof value === "string") return { name, type: 3, s: Buffer.from(value) };
  if ("float" in value) return { name, type: 1, f: value.float };
  if ("floats" in value) return { name, type: 6, floats: value.floats };
  if ("strings" in value) return { name, type: 8, strings: value.strings.map((text) => Buffer.from(text)) };
  if ("dims" in value) return { name, type: 4, t: tensorProto(value) };
  return { name, type: 7, ints: value };
}

/** The message of a test model, to be changed before encoding. */
export function modelMessage(model: TestModel): { graph: Record<string, unknown[]>; [field: string]: unknown } {
  const dim = (size: number | string) => (typeof size === "number" ? { dimValue: size } : { dimParam: size });
  return {
    irVersion: 8,
    opsetImport: [
      { domain: "", version: model.opset ?? 17 },
      ...(model.nodes.some((node) => node.domain === "ai.onnx.ml")
        ? [{ domain: "ai.onnx.ml", version: model.mlOpset ?? 3 }]
        : []),
    ],
    graph: {
      node: model.nodes.map(({ op, name = "", domain = "", attributes = {}, ...node }) => ({
        opType: op,
        name,
        domain,
        input: node.in,
        output: node.out,
        attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
      })),
      initializer: Object.entries(model.constants ?? {}).map(([name, tensor]) => tensorProto(tensor, name)),
      input: Object.entries(model.inputs).map(([name, shape]) => ({
        name,
        type: { tensorType: { elemType: model.inputType ?? 1, shape: { dim: shape.map(dim) } } },
      })),
      output: model.outputs.map((name) => ({ name })),
    },
  };
}

/** Bytes of a message, written by protobufjs. */
export function encodeModel(message: Record<string, unknown>): Uint8Array {
  return ModelProto.encode(ModelProto.fromObject(message)).finish();
}

/** Bytes of a test model. */
export const onnxOf = (model: TestModel): Uint8Array => encodeModel(modelMessage(model));

/** A perceptron with a bias, two Gemms, Relu and Softmax. */
export const PERCEPTRON: TestModel = {
  nodes: [
    { op: "Gemm", in: ["x", "w1", "b1"], out: ["h"], name: "fc1", attributes: { transB: 1 } },
    { op: "Relu", in: ["h"], out: ["a"], name: "relu" },
    { op: "Gemm", in: ["a", "w2"], out: ["y"], name: "fc2" },
    { op: "Softmax", in: ["y"], out: ["p"], name: "softmax" },
  ],
  inputs: { x: ["batch", 3] },
  outputs: ["p"],
  constants: {
    w1: { dims: [2, 3], values: [1, -2, 3, 0, 5, -6] },
    b1: { dims: [2], values: [7, -8] },
    w2: { dims: [2, 2], values: [1, 2, -3, 4] },
  },
};
