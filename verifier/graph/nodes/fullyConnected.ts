// SPDX-License-Identifier: GPL-3.0-or-later
import {
  abs,
  constantAt,
  magnitudeOf,
  malformed,
  max,
  signedSums,
  toDoubles,
  toIntegers,
  unionOf,
  weightedRange,
  type SignedSums,
} from "./arithmetic.ts";
import { addDotProducts } from "./kernels.ts";
import type { Constant, NodeBase, NodeDefinition, Operand, TensorId } from "./types.ts";

/** Linear: z[.., o] = sum_j weights[o, j] * x[.., j] + bias[o], over the last dimension of x. Exact. */
export interface FullyConnectedNode extends NodeBase {
  readonly kind: "linear";
  readonly op: "fullyConnected";
  readonly input: TensorId;
  readonly weights: Constant; // [out, in]
  readonly bias: Constant | null; // [out], at the accumulator's exponent
}

export const fullyConnected: NodeDefinition<FullyConnectedNode> = {
  kind: "linear",
  op: "fullyConnected",
  fields: { input: "operand", weights: "constant", bias: "optionalConstant" },

  derive(node, [x]) {
    const input = x as Operand;
    const [outs, ins] = node.weights.shape;
    if (node.weights.shape.length !== 2 || outs === undefined || ins === undefined)
      throw malformed(node, "weights must have rank 2");
    if (input.shape.at(-1) !== ins)
      throw malformed(node, `weights take ${ins} values, the input has ${input.shape.at(-1)}`);
    if (node.bias !== null && (node.bias.shape.length !== 1 || node.bias.shape[0] !== outs))
      throw malformed(node, "bad bias shape");
    const largest = magnitudeOf(input);
    const channels = Array.from({ length: outs }, (_, o) => {
      const [sums] = signedSums(node.weights, o * ins, ins) as [SignedSums];
      const { lo, hi } = weightedRange(sums, input);
      const bias = constantAt(node.bias, o);
      return { lo: lo + bias, hi: hi + bias, magnitude: (sums[0] - sums[1]) * largest + abs(bias) };
    });
    const magnitude = channels.reduce((most, channel) => max(most, channel.magnitude), 0n);
    return { shape: [...input.shape.slice(0, -1), outs], ...unionOf(channels), magnitude };
  },

  exponent: () => null,

  evaluate({ weights, bias }, [x]) {
    const [outs, ins] = weights.shape as [number, number];
    const xs = x as Float64Array;
    const rows = xs.length / ins;
    const z = new Float64Array(rows * outs);
    if (bias !== null) {
      const biases = toDoubles(bias.values);
      for (let row = 0; row < rows; row++) z.set(biases, row * outs);
    }
    const matrix = (values: Float64Array, stride: number) => ({ values, at: 0, stride });
    addDotProducts(matrix(z, outs), matrix(xs, ins), matrix(toDoubles(weights.values), ins), rows, ins, outs);
    return z;
  },

  evaluateExact({ weights, bias }, [x]) {
    const [outs, ins] = weights.shape as [number, number];
    const xs = x as BigInt64Array;
    const ws = toIntegers(weights.values);
    const z = new BigInt64Array((xs.length / ins) * outs);
    for (let i = 0; i < z.length; i++) {
      const o = i % outs;
      const from = ((i - o) / outs) * ins;
      let sum = constantAt(bias, o);
      for (let j = 0; j < ins; j++) sum += (ws[o * ins + j] as bigint) * (xs[from + j] as bigint);
      z[i] = sum;
    }
    return z;
  },
};
