// SPDX-License-Identifier: GPL-3.0-or-later
import { sizeOf } from "../../tensor/spec.ts";
import {
  abs,
  constantAt,
  magnitudeOf,
  malformed,
  max,
  min,
  signedSums,
  toDoubles,
  toIntegers,
  unionOf,
  weightedRange,
  type SignedSums,
} from "./arithmetic.ts";
import { addProduct } from "./kernels.ts";
import { fillPatches, NEVER, tapClasses, windowOf, type Axis } from "./window.ts";
import type { Constant, Derived, NodeBase, NodeDefinition, Operand, TensorId } from "./types.ts";

/**
 * Linear: z[n, m, p] = bias[m] + sum_{c, k} weights[m, c, k] * x[n, g * C/group + c, p * strides + k * dilations - begin]
 * with g the group of m; x is 0 outside its bounds, so that z = bias where the whole window is padding. Exact.
 */
export interface ConvolutionNode extends NodeBase {
  readonly kind: "linear";
  readonly op: "convolution";
  readonly input: TensorId; // [N, C, spatial], 1 to 3 spatial axes
  readonly weights: Constant; // [M, C / group, kernel]
  readonly bias: Constant | null; // [M], at the accumulator's exponent
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[]; // the begin of every axis, then the end of every axis
  readonly group: number;
}

/** Values of one block of patches: small enough for a processor's second-level cache. */
const BLOCK_VALUES = 2 ** 15;

/** The spatial axes of a convolution. Errors: GRAPH_MALFORMED. */
function axesOf(node: ConvolutionNode, shape: readonly number[]): readonly Axis[] {
  const { weights, group } = node;
  const rank = shape.length - 2;
  if (rank < 1 || rank > 3) throw malformed(node, "input must be [N, C, spatial] with 1 to 3 spatial axes");
  if (weights.shape.length !== rank + 2) throw malformed(node, "weights must be [M, C / group, kernel]");
  const [outs, ins] = weights.shape as [number, number];
  if (!Number.isInteger(group) || group < 1 || outs % group !== 0 || ins * group !== shape[1])
    throw malformed(node, "group must divide the channels, and the weights take channels / group of them");
  if (node.bias !== null && (node.bias.shape.length !== 1 || node.bias.shape[0] !== outs))
    throw malformed(node, "bad bias shape");
  return windowOf(node, shape.slice(2), weights.shape.slice(2), node);
}

export const convolution: NodeDefinition<ConvolutionNode> = {
  kind: "linear",
  op: "convolution",
  fields: {
    input: "operand",
    weights: "constant",
    bias: "optionalConstant",
    strides: "integers",
    dilations: "integers",
    pads: "integers",
    group: "integer",
  },

  derive(node, [x]) {
    const input = x as Operand;
    const axes = axesOf(node, input.shape);
    const [outs, ins] = node.weights.shape as [number, number];
    const classes = tapClasses(axes);
    const inner = ins * classes.length;
    const largest = magnitudeOf(input);
    const padded = { lo: min(input.lo, 0n), hi: max(input.hi, 0n) };
    const channels = Array.from({ length: outs }, (_, m): Omit<Derived, "shape"> => {
      const sums = signedSums(node.weights, m * inner, inner, classes, NEVER + 1);
      const [always, sometimes] = sums as [SignedSums, SignedSums];
      const a = weightedRange(always, input);
      // INVARIANT: a tap that meets padding at some position contributes 0 there, whether or not x can be 0.
      const b = weightedRange(sometimes, padded);
      const bias = constantAt(node.bias, m);
      const weight = always[0] - always[1] + sometimes[0] - sometimes[1];
      return { lo: a.lo + b.lo + bias, hi: a.hi + b.hi + bias, magnitude: weight * largest + abs(bias) };
    });
    return {
      shape: [input.shape[0] as number, outs, ...axes.map((axis) => axis.output)],
      ...unionOf(channels),
      magnitude: channels.reduce((most, channel) => max(most, channel.magnitude), 0n),
    };
  },

  exponent: () => null,

  evaluate(node, [x], { operands }) {
    const { bias, group } = node;
    const { axes, batch, channels, inputSize, outs, ins, inner, positions } = layoutOf(node, operands[0] as Operand);
    const block = Math.min(positions, Math.max(16, Math.floor(BLOCK_VALUES / inner)));
    const patches = new Float64Array(inner * block);
    const z = new Float64Array(batch * outs * positions);
    if (bias !== null) {
      for (let row = 0; row < batch * outs; row++)
        z.fill(Number(bias.values[row % outs]), row * positions, (row + 1) * positions);
    }
    const weights = toDoubles(node.weights.values);
    const rows = outs / group;
    for (let n = 0; n < batch; n++) {
      for (let g = 0; g < group; g++) {
        const from = (n * channels + g * ins) * inputSize;
        for (let p = 0; p < positions; p += block) {
          const columns = Math.min(block, positions - p);
          const patch = { values: patches, at: 0, stride: columns };
          fillPatches(patch, x as Float64Array, from, ins, axes, p, columns);
          const target = { values: z, at: (n * outs + g * rows) * positions + p, stride: positions };
          addProduct(target, { values: weights, at: g * rows * inner, stride: inner }, patch, rows, inner, columns);
        }
      }
    }
    return z;
  },

  evaluateExact(node, [x], { operands }) {
    const { bias, group } = node;
    const { axes, batch, channels, inputSize, outs, ins, inner, positions } = layoutOf(node, operands[0] as Operand);
    const xs = x as BigInt64Array;
    const weights = toIntegers(node.weights.values);
    const z = new BigInt64Array(batch * outs * positions);
    // The patch holds, as doubles, which value of x each tap meets: its index + 1, or 0 for padding.
    const places = Float64Array.from({ length: xs.length }, (_, i) => i + 1);
    const patch = { values: new Float64Array(inner), at: 0, stride: 1 };
    const rows = outs / group;
    for (let n = 0; n < batch; n++) {
      for (let g = 0; g < group; g++) {
        const from = (n * channels + g * ins) * inputSize;
        for (let p = 0; p < positions; p++) {
          fillPatches(patch, places, from, ins, axes, p, 1);
          for (let m = g * rows; m < (g + 1) * rows; m++) {
            let sum = constantAt(bias, m);
            for (let k = 0; k < inner; k++) {
              const place = patch.values[k] as number;
              if (place > 0) sum += (weights[m * inner + k] as bigint) * (xs[place - 1] as bigint);
            }
            z[(n * outs + m) * positions + p] = sum;
          }
        }
      }
    }
    return z;
  },
};

/** Sizes of a convolution that derivation has accepted: `inner` values a patch, `positions` of it. */
function layoutOf(node: ConvolutionNode, { shape }: Operand) {
  const axes = axesOf(node, shape);
  const [outs, ins] = node.weights.shape as [number, number];
  const [batch, channels] = shape as [number, number];
  return {
    axes,
    batch,
    channels,
    inputSize: sizeOf(shape.slice(2)),
    outs,
    ins,
    inner: sizeOf(node.weights.shape.slice(1)),
    positions: sizeOf(axes.map((axis) => axis.output)),
  };
}
