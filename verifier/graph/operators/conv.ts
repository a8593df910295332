// SPDX-License-Identifier: GPL-3.0-or-later
// Conv, and whatever else is a convolution with constant weights: exact in integers, weights quantized as Gemm's are.
import type { FloatTensor } from "../../onnx/types.ts";
import { sameShape } from "../ranges.ts";
import { convolution } from "../nodes/convolution.ts";
import { windowOf, type Window } from "./conv-window.ts";
import { reshaped } from "./linear.ts";
import { assertFinite, quantizeClamped, quantizeExact, withoutTwos } from "./quantize.ts";
import { makeConstant } from "../constants.ts";
import { graphShape, refuse, type Lowering, type NodeView, type Operator } from "./types.ts";

/** A convolution of input 0 with real constants. */
export interface Convolution {
  /** Shape that the input is read under: [N, C, spatial]. */
  readonly inputShape: readonly number[];
  readonly window: Window;
  readonly group: number;
  readonly outs: number;
  readonly weights: Float64Array; // [outs, C / group, kernel]
  readonly bias: Float64Array | null; // [outs]
  readonly outputShape: readonly number[];
}

/** A kernel of one tap over one axis. */
export const pointWindow = (size: number): Window => ({
  input: [size],
  kernel: [1],
  strides: [1],
  dilations: [1],
  pads: [0, 0],
  beyond: [0],
  output: [size],
});

/** Fields of the convolution node and the shape of its weights. */
function partsOf({ inputShape, window, group, outs }: Convolution) {
  const { kernel, strides, dilations, pads } = window;
  const fields = { kind: "linear", op: "convolution", strides, dilations, pads, group } as const;
  return { fields, weightShape: [outs, (inputShape[1] as number) / group, ...kernel] };
}

/** The convolution in floating point, when its input is constant too: the node's own kernel on real numbers. */
function fold(view: NodeView, conv: Convolution): FloatTensor[] {
  const { values } = view.constant(0) ?? refuse("its input depends on the model's inputs");
  const { fields, weightShape } = partsOf(conv);
  const real = (shape: readonly number[], of: Float64Array) => ({ shape, width: 8, values: of }) as const;
  const weights = real(weightShape, conv.weights);
  const bias = conv.bias === null ? null : real([conv.outs], conv.bias);
  const { name, outputs } = view.node;
  const tensor = { name: outputs[0] as string, shape: conv.inputShape, exponent: 0, lo: 0n, hi: 0n };
  const node = { ...fields, from: [name], input: 0, output: 1, weights, bias };
  const y = convolution.evaluate(node, [values], { operands: [tensor], output: tensor });
  return [{ type: view.type(0).type, shape: conv.outputShape, values: y }];
}

/** The exponent at which all weights are 0, 1 or -1, so that nothing is left to calibrate: sums, averages of 2^n values. */
function exactExponent({ weights, bias }: Convolution): number | null {
  const size = weights.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  let exponent = 0; // that of size, if it is a power of two
  for (; exponent < 60 && size * 2 ** exponent < 1;) exponent++;
  for (; exponent > -60 && size * 2 ** exponent > 1;) exponent--;
  const uniform = weights.every((v) => v === 0 || Math.abs(v) === size);
  return bias === null && uniform && size * 2 ** exponent === 1 ? exponent : null;
}

/** Weights as integers, and their exponent. A bias is rounded at the accumulator's: with one, it stays as calibrated. */
function quantizedWeights(conv: Convolution, shape: readonly number[], lowering: Lowering) {
  const exact = exactExponent(conv);
  if (exact !== null) return { weights: quantizeExact(shape, conv.weights, exact, ""), weightExponent: exact };
  const { exponent, bits } = lowering.constants();
  const weights = quantizeClamped(shape, conv.weights, exponent, bits);
  if (conv.bias !== null) return { weights, weightExponent: exponent };
  const narrow = withoutTwos(weights, exponent);
  return { weights: makeConstant(shape, narrow.values), weightExponent: narrow.exponent };
}

/** An operator that is a convolution with constants, the exponent of its weights calibrated. */
export const convolutionOperator = (convolutionOf: (view: NodeView) => Convolution): Operator => ({
  infer(view) {
    const { weights, bias, outputShape } = convolutionOf(view);
    assertFinite(weights, "weights");
    if (bias !== null) assertFinite(bias, "bias");
    return [{ type: view.type(0).type, shape: outputShape }];
  },
  fold: (view) => fold(view, convolutionOf(view)),
  constants(view) {
    const conv = convolutionOf(view);
    return exactExponent(conv) === null ? conv.weights : [];
  },
  lower(view, lowering) {
    const conv = convolutionOf(view);
    const { fields, weightShape } = partsOf(conv);
    const { name, outputs } = view.node;
    const { id, tensor } = lowering.input(0);
    const { weights, weightExponent } = quantizedWeights(conv, weightShape, lowering);
    const exponent = tensor.exponent + weightExponent;
    const bias = conv.bias === null ? null : quantizeExact([conv.outs], conv.bias, exponent, name);
    const input = reshaped(lowering, id, conv.inputShape, name);
    const z = lowering.builder.addNode(
      { ...fields, from: [name], input, weights, bias },
      { name: outputs[0] as string, exponent },
    );
    return reshaped(lowering, z, graphShape(conv.outputShape), name);
  },
});

export const Conv = convolutionOperator((view) => {
  const inputShape = view.type(0).shape;
  const w = view.type(1).shape;
  const weights = view.constant(1) ?? refuse("input W depends on the inputs; accepted: a constant");
  const bias = view.constant(2)?.values ?? null;
  if (view.has(2) && bias === null) refuse("input B depends on the inputs; accepted: a constant");
  const window = windowOf(view, w.slice(2));
  const kernel = view.ints("kernel_shape") ?? w.slice(2);
  if (!sameShape(kernel, w.slice(2))) refuse(`attribute kernel_shape = [${kernel}] for weights of shape [${w}]`);
  const group = view.int("group", 1);
  const [outs, ins] = w as [number, number];
  if (!(group >= 1 && outs >= 1) || outs % group !== 0 || ins * group !== inputShape[1])
    refuse(`attribute group = ${group} for an input of shape [${inputShape}] and weights of shape [${w}]`);
  if (bias !== null && bias.length !== outs) refuse(`input B of ${bias.length} values; accepted: ${outs}`);
  const outputShape = [inputShape[0] as number, outs, ...window.output];
  return { inputShape, window, group, outs, weights: weights.values, bias, outputShape };
});
