// SPDX-License-Identifier: GPL-3.0-or-later
// Relu: the clamp of a requantization (lo = 0), so that rounding and activation cost one look-up.
import type { FloatTensor } from "../../onnx/types.ts";
import { addRequantize, outputQuantization } from "./quantize.ts";
import type { Operator } from "./types.ts";

export const Relu: Operator = {
  requantizes: true,
  infer: (view) => [view.type(0)],
  fold: (view) => {
    const x = view.constant(0) as FloatTensor;
    return [{ ...x, values: x.values.map((v) => Math.max(0, v)) }];
  },
  lower(view, lowering) {
    const { exponent, bits } = outputQuantization(view, lowering);
    const clamp = { lo: 0n, hi: 2n ** BigInt(bits) - 1n };
    const { name, outputs } = view.node;
    return addRequantize(lowering.builder, lowering.input(0).id, {
      from: name,
      name: outputs[0] as string,
      exponent,
      clamp,
    });
  },
};
