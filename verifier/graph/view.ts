// SPDX-License-Identifier: GPL-3.0-or-later
// What an operator sees of its node: types, constants and attributes, each absence refused by name.
import type { Attribute, FloatTensor, OnnxNode } from "../onnx/types.ts";
import { refuse, type NodeView, type ValueType } from "./operators/types.ts";

/** A look-up of values by name: a map, or a map before others. */
export interface ByName<T> {
  get(name: string): T | undefined;
}

/** The view of a node of operator set version `opset`. */
export function viewOf(
  node: OnnxNode,
  opset: number,
  types: ByName<ValueType>,
  constants: ByName<FloatTensor>,
): NodeView {
  const input = (i: number): string => node.inputs[i] ?? "";
  const attribute = (name: string): Attribute | undefined => node.attributes.get(name);
  const number = (name: string, kind: "int" | "float", fallback: number): number => {
    const found = attribute(name);
    if (found === undefined) return fallback;
    if (found.kind !== kind) return refuse(`attribute ${name} is of kind ${found.kind}; accepted: ${kind}`);
    return found.value;
  };
  return {
    node,
    opset,
    attribute,
    has: (i) => input(i) !== "",
    type: (i) => types.get(input(i)) ?? refuse(`input ${i} is missing`),
    constant: (i) => constants.get(input(i)),
    int: (name, fallback) => number(name, "int", fallback),
    float: (name, fallback) => number(name, "float", fallback),
    ints: (name) => {
      const found = attribute(name);
      if (found !== undefined && found.kind !== "ints")
        return refuse(`attribute ${name} is of kind ${found.kind}; accepted: ints`);
      return found?.value;
    },
  };
}
