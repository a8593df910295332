// SPDX-License-Identifier: GPL-3.0-or-later
// Operators of ai.onnx.ml on categories: LabelEncoder, OneHotEncoder, ArrayFeatureExtractor.
import type { ElementType } from "../../onnx/types.ts";
import { keyMap } from "./key-map.ts";
import { assertLength, finiteOf, integersOf, tensorOf } from "./ml-attributes.ts";
import { int, refuse, type Composite, type NodeView } from "./types.ts";

/** The first of some attributes that the node has. */
const firstOf = <T extends string>(view: NodeView, names: readonly T[]): T | undefined =>
  names.find((name) => view.attribute(name) !== undefined);

function assertIntegers(view: NodeView, i: number): void {
  const { type } = view.type(i);
  if (!/^u?int/.test(type)) refuse(`input ${i} of ${type}; accepted: integers`);
}

/** Keys of a LabelEncoder. Texts are no tensors, and equality of real numbers would not survive their rounding. */
function keysOf(view: NodeView): readonly number[] {
  const name = firstOf(view, ["keys_int64s", "keys_tensor", "keys_floats", "keys_strings", "classes_strings"]);
  if (name === "keys_int64s") return integersOf(view, name);
  if (name === "keys_tensor") return Array.from(tensorOf(view, name));
  return refuse(`attribute ${name ?? "keys_int64s is missing"}; accepted: keys_int64s, or keys_tensor of integers`);
}

/** Values of a LabelEncoder, and what other keys become. */
function valuesOf(view: NodeView): { values: ArrayLike<number>; otherwise: number; type: ElementType } {
  const name = firstOf(view, ["values_int64s", "values_floats", "values_tensor", "values_strings"]);
  if (name === "values_int64s")
    return { values: integersOf(view, name), otherwise: view.int("default_int64", -1), type: "int64" };
  if (name === "values_floats")
    return { values: finiteOf(view, name), otherwise: view.float("default_float", 0), type: "float32" };
  if (name === "values_tensor") {
    const tensor = view.attribute(name);
    const [otherwise = -1] = tensorOf(view, "default_tensor");
    const type = tensor?.kind === "tensor" ? tensor.value.type : "int64";
    return { values: tensorOf(view, name), otherwise, type };
  }
  return refuse(
    `attribute ${name ?? "values_int64s is missing"}; accepted: values_int64s, values_floats, values_tensor`,
  );
}

export const LabelEncoder: Composite = {
  expand(view, expansion) {
    assertIntegers(view, 0);
    const keys = keysOf(view);
    if (!keys.every(Number.isSafeInteger) || new Set(keys).size !== keys.length)
      refuse("its keys; accepted: distinct integers below 2^53");
    const map = valuesOf(view);
    assertLength("values", map.values, [keys.length]);
    expansion.output(0, expansion.own(keyMap({ keys, ...map }), "encoded", [view.node.inputs[0] as string]));
  },
};

/** One column a category, 1 where x is that category; a category that is not listed gives zeros. */
export const OneHotEncoder: Composite = {
  expand(view, expansion) {
    if (firstOf(view, ["cats_strings"]) !== undefined)
      refuse("attribute cats_strings; accepted: cats_int64s, since texts are no tensors");
    assertIntegers(view, 0);
    const categories = integersOf(view, "cats_int64s");
    if (categories.length === 0) refuse("attribute cats_int64s has no values; accepted: at least one");
    if (view.int("zeros", 1) === 0)
      refuse("attribute zeros = 0, for which an unknown category is an error; accepted: 1");
    const { type, shape } = view.type(0);
    const x = expansion.node("Unsqueeze", [
      view.node.inputs[0] as string,
      expansion.constant([shape.length], [1], "int64"),
    ]);
    const same = expansion.node("Equal", [x, expansion.constant(categories, [categories.length], type)]);
    expansion.output(0, expansion.node("Cast", [same], { to: int(1) }));
  },
};

/** Picks columns by constant indices; or values of a constant by an index that is computed, such as a class. */
export const ArrayFeatureExtractor: Composite = {
  expand(view, expansion) {
    const [x, y] = view.node.inputs as [string, string];
    const { shape } = view.type(0);
    const rank = shape.length;
    if (rank === 0) refuse("input X is a scalar; accepted: rank 1 or more");
    const indices = view.constant(1);
    if (indices !== undefined) {
      const flat = expansion.constant(indices.values, [indices.values.length], "int64");
      const picked = expansion.node("Gather", [x, flat], { axis: int(rank - 1) });
      if (rank > 1) return expansion.output(0, picked);
      return expansion.output(0, expansion.node("Unsqueeze", [picked, expansion.constant([0], [1], "int64")]));
    }
    const values = view.constant(0) ?? refuse("input Y depends on the inputs, and so does X; accepted: one constant");
    if (shape.slice(0, -1).some((dim) => dim !== 1))
      refuse(`input X of shape [${shape}], Y computed; accepted: one row of values`);
    assertIntegers(view, 1);
    const keys = Array.from(values.values, (_, i) => i);
    const map = keyMap({ keys, values: values.values, otherwise: null, type: values.type });
    const row = expansion.node("Reshape", [
      y,
      expansion.constant([...shape.slice(0, -1).map(() => 1), -1], [Math.max(1, rank)], "int64"),
    ]);
    const picked = expansion.own(map, "picked", [row]);
    if (rank > 1) return expansion.output(0, picked);
    expansion.output(0, expansion.node("Unsqueeze", [picked, expansion.constant([0], [1], "int64")]));
  },
};
