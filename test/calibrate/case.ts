// SPDX-License-Identifier: GPL-3.0-or-later
// What a case of operators.test.ts is made of.
import type { TestModel, TestNode, TestTensor } from "../onnx/model.ts";

/** Small integers that differ from place to place. */
export const ramp = (dims: number[], seed = 1): TestTensor => ({
  dims,
  values: Array.from({ length: dims.reduce((p, d) => p * d, 1) }, (_, i) => (((i + seed) * 37) % 19) - 9),
});
export const ints = (...values: number[]): TestTensor => ({ dims: [values.length], values, type: "int64" });

export interface Case {
  readonly name: string;
  readonly x: number[];
  readonly nodes: TestNode[];
  readonly constants?: TestModel["constants"];
  readonly opset?: number;
  readonly mlOpset?: number;
  /** Of all constants (default 0), fine enough for them to be exact. */
  readonly exponent?: number;
  /** ONNX type code of x (default float32) and its declared range (default -100 to 100). */
  readonly inputType?: number;
  readonly range?: readonly [number, number];
}

export const node = (op: string, inputs: string[], attributes: TestNode["attributes"] = {}): TestNode => ({
  op,
  in: inputs,
  out: ["y"],
  attributes,
});
/** A node of ai.onnx.ml. */
export const ml = (op: string, inputs: string[], attributes: TestNode["attributes"] = {}, out = ["y"]): TestNode => ({
  op,
  in: inputs,
  out,
  domain: "ai.onnx.ml",
  attributes,
});
export const half = { float: 0.5 } as const;
