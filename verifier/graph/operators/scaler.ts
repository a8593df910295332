// SPDX-License-Identifier: GPL-3.0-or-later
// Scaler of ai.onnx.ml: (x - offset) * scale. Scales of the features of a table differ by orders of magnitude, so that
// a common width would round the small ones away: their exponent is one that holds the smallest, and they are exact.
import type { FloatTensor } from "../../onnx/types.ts";
import { reshaped } from "./linear.ts";
import { assertLength, finiteOf, rowsOf } from "./ml-attributes.ts";
import { quantizeExact } from "./quantize.ts";
import type { NodeView, Operator } from "./types.ts";

/** Bits, at least, of every scale that is not 0. */
const SCALE_BITS = 12;

/** Offset and scale of each feature. */
function parametersOf(view: NodeView): { readonly offset: Float64Array; readonly scale: Float64Array } {
  const { features } = rowsOf(view);
  const list = (name: string, fallback: number): Float64Array => {
    const given = finiteOf(view, name);
    assertLength(name, given, [0, 1, features]);
    return Float64Array.from({ length: features }, (_, i) => given[given.length === 1 ? 0 : i] ?? fallback);
  };
  return { offset: list("offset", 0), scale: list("scale", 1) };
}

/** The exponent at which the smallest scale has SCALE_BITS bits, or at which all are integers where that is coarser. */
function exponentOf(scale: Float64Array): number {
  const sizes = scale.map(Math.abs).filter((v) => v !== 0);
  if (sizes.length === 0) return 0;
  const least = Math.min(...sizes);
  let exponent = -60; // no logarithm: its last bit could differ between machines
  while (exponent < 60 && least * 2 ** (exponent + 1) < 2 ** SCALE_BITS) exponent++;
  while (exponent > -60 && scale.every((v) => Number.isInteger(v * 2 ** (exponent - 1)))) exponent--;
  return exponent;
}

export const Scaler: Operator = {
  infer(view) {
    parametersOf(view);
    return [{ type: "float32", shape: view.type(0).shape }];
  },
  fold(view): FloatTensor[] {
    const { offset, scale } = parametersOf(view);
    const { shape, values } = view.constant(0) as FloatTensor;
    const scaled = values.map((v, i) => {
      const feature = i % scale.length;
      return (v - (offset[feature] as number)) * (scale[feature] as number);
    });
    return [{ type: "float32", shape, values: scaled }];
  },
  lower(view, lowering) {
    const { rows, features } = rowsOf(view);
    const { name, outputs } = view.node;
    const { id, tensor } = lowering.input(0);
    const { offset, scale } = parametersOf(view);
    const own = exponentOf(scale);
    const exponent = tensor.exponent + own;
    const shift = offset.map((v, i) => -v * (scale[i] as number));
    const z = lowering.builder.addNode(
      {
        kind: "linear",
        op: "convolution",
        from: [name],
        input: reshaped(lowering, id, [rows, features, 1], name),
        weights: quantizeExact([features, 1, 1], scale, own, name),
        bias: quantizeExact([features], shift, exponent, name),
        strides: [1],
        dilations: [1],
        pads: [0, 0],
        group: features,
      },
      { name: outputs[0] as string, exponent },
    );
    return reshaped(lowering, z, view.type(0).shape, name);
  },
};
