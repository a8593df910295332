// SPDX-License-Identifier: GPL-3.0-or-later
// Every ONNX operator that compiles, by "domain:Operator" ("" is ai.onnx). A new operator is a new entry.
import { Relu } from "./activation.ts";
import { Conv } from "./conv.ts";
import { Add, Div, Mul, Neg, Sub } from "./elementwise.ts";
import { Concat } from "./index-concat.ts";
import { Expand, Gather, Pad, Slice, Split, Squeeze, Tile, Transpose, Unsqueeze } from "./index-maps.ts";
import { Gemm, MatMul } from "./linear.ts";
import { BatchNormalization } from "./norm.ts";
import { AveragePool, GlobalAveragePool, GlobalMaxPool, MaxPool } from "./pool.ts";
import { ConstantOfShape, Range, Shape } from "./shapes.ts";
import { Cast, Constant, Dropout, Flatten, Identity, Reshape } from "./structural.ts";
import type { Operator } from "./types.ts";

const AI_ONNX: Readonly<Record<string, Operator>> = {
  Add,
  AveragePool,
  BatchNormalization,
  Cast,
  Concat,
  Constant,
  ConstantOfShape,
  Conv,
  Div,
  Dropout,
  Expand,
  Flatten,
  Gather,
  Gemm,
  GlobalAveragePool,
  GlobalMaxPool,
  Identity,
  MatMul,
  MaxPool,
  Mul,
  Neg,
  Pad,
  Range,
  Relu,
  Reshape,
  Shape,
  Slice,
  Split,
  Squeeze,
  Sub,
  Tile,
  Transpose,
  Unsqueeze,
};

/** The operator's entry, or undefined if it is not supported. */
export function operatorOf(domain: string, name: string): Operator | undefined {
  return domain === "" && Object.hasOwn(AI_ONNX, name) ? AI_ONNX[name] : undefined;
}

/** Names of all supported operators, sorted. */
export const SUPPORTED_OPERATORS: readonly string[] = Object.keys(AI_ONNX).sort();
