// SPDX-License-Identifier: GPL-3.0-or-later
// BatchNormalization at inference: y = x * scale / sqrt(variance + epsilon) + (B - mean * the same), a channel at a time.
import { sizeOf } from "../../tensor/spec.ts";
import { convolutionOperator, pointWindow } from "./conv.ts";
import { refuse, type NodeView } from "./types.ts";

/** Inputs 1 to 4, one value a channel. */
function perChannel(view: NodeView, i: number, what: string, channels: number): Float64Array {
  const values = view.constant(i)?.values;
  if (values === undefined) return refuse(`input ${what} is missing or depends on the inputs; accepted: a constant`);
  if (values.length !== channels) refuse(`input ${what} of ${values.length} values; accepted: ${channels}`);
  return values;
}

/** y = scale * x + shift, a channel at a time. */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** What a BatchNormalization does to each channel. */
export function affineOf(view: NodeView): Affine {
  const channels = view.type(0).shape[1] as number;
  const given = ["scale", "B", "mean", "var"].map((what, i) => perChannel(view, i + 1, what, channels));
  const [gamma, beta, mean, variance] = given as [Float64Array, Float64Array, Float64Array, Float64Array];
  const epsilon = view.float("epsilon", 1e-5);
  const scale = gamma.map((v, c) => v / Math.sqrt((variance[c] as number) + epsilon));
  return { scale, shift: beta.map((v, c) => v - (mean[c] as number) * (scale[c] as number)) };
}

export const BatchNormalization = convolutionOperator((view) => {
  const { shape } = view.type(0);
  if (shape.length < 2) refuse(`an input of shape [${shape}]; accepted: [N, C, ..]`);
  if (view.int("training_mode", 0) !== 0) refuse("attribute training_mode = 1; accepted: 0");
  if (view.int("spatial", 1) !== 1) refuse("attribute spatial = 0; accepted: 1");
  if (view.node.outputs.slice(1).some((name) => name !== "")) refuse("outputs after the first; accepted: unused");
  const [batch, channels] = shape as [number, number];
  const { scale: weights, shift: bias } = affineOf(view);
  // Depthwise with a kernel of one tap: all spatial axes are read as one.
  const size = sizeOf(shape.slice(2));
  const inputShape = [batch, channels, size];
  return { inputShape, window: pointWindow(size), group: channels, outs: channels, weights, bias, outputShape: shape };
});
