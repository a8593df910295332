// SPDX-License-Identifier: GPL-3.0-or-later
// Operators of ai.onnx.ml that prepare features: Normalizer, Imputer, Binarizer, FeatureVectorizer; and ZipMap.
import { isFloatType } from "../../onnx/types.ts";
import { assertLength, finiteOf, integersOf, rowsOf, textOf } from "./ml-attributes.ts";
import { int, refuse, type Composite, type Expansion, type NodeView } from "./types.ts";

/** Input i as float32. */
function realOf(view: NodeView, expansion: Expansion, i = 0): string {
  const name = view.node.inputs[i] as string;
  return view.type(i).type === "float32" ? name : expansion.node("Cast", [name], { to: int(1) });
}

/** Each row over its largest value (MAX), its sum of magnitudes (L1) or its length (L2); a row of zeros stays. */
export const Normalizer: Composite = {
  expand(view, expansion) {
    rowsOf(view);
    const norm = textOf(view, "norm", "MAX", ["MAX", "L1", "L2"]);
    const x = realOf(view, expansion);
    const reduce = (operator: string, values: string): string =>
      expansion.node(operator, [values, expansion.constant([-1], [1], "int64")], { keepdims: int(1) });
    const size =
      norm === "MAX"
        ? reduce("ReduceMax", x)
        : norm === "L1"
          ? reduce("ReduceSum", expansion.node("Abs", [x]))
          : expansion.node("Sqrt", [reduce("ReduceSumSquare", x)]);
    // Where the norm is 0, so is every value (L1, L2), or onnxruntime leaves the row as it is (MAX): divided by 1.
    const zero = expansion.node("Equal", [size, expansion.constant([0], [])]);
    const divisor = expansion.node("Where", [zero, expansion.constant([1], []), size]);
    expansion.output(0, expansion.node("Div", [x, divisor]));
  },
};

/** Replaces one value. NaN cannot be an input: an imputer of NaN is the identity. */
export const Imputer: Composite = {
  expand(view, expansion) {
    const { features } = rowsOf(view);
    const [input] = view.node.inputs as [string];
    const float = isFloatType(view.type(0).type);
    const name = float ? "imputed_value_floats" : "imputed_value_int64s";
    const imputed = float ? finiteOf(view, name) : integersOf(view, name);
    assertLength(name, imputed, [1, features]);
    const replaced = float ? view.float("replaced_value_float", 0) : view.int("replaced_value_int64", 0);
    if (Number.isNaN(replaced)) {
      expansion.notice("it has nothing to replace: no input is NaN");
      return expansion.output(0, input);
    }
    const { type } = view.type(0);
    const missing = expansion.node("Equal", [input, expansion.constant([replaced], [], type)]);
    const values = expansion.constant(imputed, [imputed.length], type);
    expansion.output(0, expansion.node("Where", [missing, values, input]));
  },
};

/** 1 where x exceeds the threshold, else 0. */
export const Binarizer: Composite = {
  expand(view, expansion) {
    const { type } = view.type(0);
    const threshold = view.float("threshold", 0);
    if (!Number.isFinite(threshold)) refuse(`attribute threshold = ${threshold}; accepted: a finite number`);
    const above = expansion.node("Greater", [view.node.inputs[0] as string, expansion.constant([threshold], [], type)]);
    expansion.output(0, expansion.node("Cast", [above], { to: int(1) }));
  },
};

/** Inputs [N, F_i] side by side, each cut or filled with zeros to its entry of inputdimensions. */
export const FeatureVectorizer: Composite = {
  expand(view, expansion) {
    const inputs = view.node.inputs.map((_, i) => i);
    const wanted = integersOf(view, "inputdimensions");
    assertLength("inputdimensions", wanted, [inputs.length]);
    const rows = Math.max(
      ...inputs.map((i) => (view.type(i).shape.length === 1 ? 1 : (view.type(i).shape[0] as number))),
    );
    const parts = inputs.map((i) => {
      const { shape } = view.type(i);
      if (shape.length < 1 || shape.length > 2) refuse(`input ${i} of shape [${shape}]; accepted: [N, F] or [F]`);
      const [width, own] = [wanted[i] as number, shape.at(-1) as number];
      if (!(width >= 1)) refuse(`attribute inputdimensions: ${width}; accepted: 1 or more`);
      const flat = expansion.node("Reshape", [
        realOf(view, expansion, i),
        expansion.constant([rows, own], [2], "int64"),
      ]);
      if (own === width) return flat;
      return expansion.node("Pad", [flat, expansion.constant([0, 0, 0, width - own], [4], "int64")]);
    });
    expansion.output(0, expansion.node("Concat", parts, { axis: int(1) }));
  },
};

/** Names the columns of scores; the integers know no names. */
export const ZipMap: Composite = {
  expand(view, expansion) {
    expansion.notice("it is dropped: the output is the scores without their labels");
    expansion.output(0, view.node.inputs[0] as string);
  },
};
