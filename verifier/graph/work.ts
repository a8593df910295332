// SPDX-License-Identifier: GPL-3.0-or-later
// What a node of the float model costs to compute, from types alone: so that nobody waits for what a stranger's file
// asks for in a few bytes.
import { sizeOf } from "../tensor/spec.ts";
import type { NodeView, ValueType } from "./operators/types.ts";

/** Multiply-accumulates, or values where the node has none, of computing outputs of these types in floating point. */
export function workOf(view: NodeView, outputs: readonly ValueType[]): number {
  const made = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const read = view.node.inputs.reduce((sum, name, i) => (name === "" ? sum : sum + sizeOf(view.type(i).shape)), 0);
  return made * Math.max(1, termsOf(view)) + read;
}

/** Terms of the sum or maximum that one value of the output is. */
function termsOf(view: NodeView): number {
  switch (view.node.operator) {
    case "MatMul":
      return view.type(0).shape.at(-1) ?? 1;
    case "Gemm":
      return view.type(0).shape.at(view.int("transA", 0) === 0 ? -1 : 0) ?? 1;
    case "Conv":
      return sizeOf(view.type(1).shape.slice(1));
    case "ConvTranspose":
      return sizeOf(view.type(1).shape);
    case "MaxPool":
    case "AveragePool": {
      const kernel = view.attribute("kernel_shape");
      return kernel?.kind === "ints" ? sizeOf(kernel.value) : 1;
    }
    case "GlobalMaxPool":
    case "GlobalAveragePool":
      return sizeOf(view.type(0).shape.slice(2));
    default:
      return 1;
  }
}
