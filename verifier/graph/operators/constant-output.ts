// SPDX-License-Identifier: GPL-3.0-or-later
// An output of the model that is constant: a sum of nothing and the constant. No operator of ONNX; analysis adds it.
import type { FloatTensor } from "../../onnx/types.ts";
import { assertFinite, quantizeExact } from "./quantize.ts";
import { graphShape, type Operator } from "./types.ts";

export const ConstantOutput: Operator = {
  infer: (view) => [view.type(0)],
  fold: (view) => [view.constant(0) as FloatTensor],
  constants: (view) => (view.constant(0) as FloatTensor).values,
  lower(view, lowering) {
    const { values, shape } = view.constant(0) as FloatTensor;
    const { name, outputs } = view.node;
    const { exponent } = lowering.constants();
    assertFinite(values, "the output");
    const constant = quantizeExact(graphShape(shape), values, exponent, name);
    return lowering.builder.addNode(
      { kind: "linear", op: "weightedSum", from: [name], inputs: [], multipliers: [], constant },
      { name: outputs[0] as string, exponent },
    );
  },
};
