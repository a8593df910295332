// SPDX-License-Identifier: GPL-3.0-or-later
// A second executor, written from docs/spec/integer-graph.md in BigInt and mathematical definitions only: the oracle.
import type { IntegerGraph } from "../../verifier/graph/types.ts";

const product = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1);

/** floor(z / 2^s + 1/2) by Euclidean division, not by shifting. */
export function halfUp(z: bigint, shift: number): bigint {
  const divisor = 2n ** BigInt(shift);
  const numerator = 2n * z + divisor;
  const remainder = ((numerator % (2n * divisor)) + 2n * divisor) % (2n * divisor);
  return (numerator - remainder) / (2n * divisor);
}

/** Every tensor of the graph by id. */
export function referenceTrace(graph: IntegerGraph, inputs: readonly (readonly number[])[]): bigint[][] {
  const tensors: bigint[][] = inputs.map((values) => values.map(BigInt));
  for (const node of graph.nodes) {
    const shape = graph.tensors[node.output]?.shape ?? [];
    if (node.op === "reshape") tensors[node.output] = tensors[node.input] ?? [];
    else if (node.op === "requantize") {
      tensors[node.output] = (tensors[node.input] ?? []).map((z) => {
        const y = halfUp(z, node.shift);
        if (y < node.lo) return node.lo;
        return y > node.hi ? node.hi : y;
      });
    } else if (node.op === "weightedSum") {
      tensors[node.output] = Array.from({ length: product(shape) }, (_, i) => {
        let sum = node.constant === null ? 0n : BigInt(node.constant.values[i] ?? 0);
        node.inputs.forEach((id, k) => {
          const x = tensors[id] ?? [];
          sum += (node.multipliers[k] ?? 0n) * (x[x.length === 1 ? 0 : i] ?? 0n);
        });
        return sum;
      });
    } else {
      const outs = node.weights.shape[0] ?? 0;
      const ins = node.weights.shape[1] ?? 0;
      const x = tensors[node.input] ?? [];
      const z: bigint[] = [];
      for (let row = 0; row < x.length / ins; row++) {
        for (let o = 0; o < outs; o++) {
          let sum = node.bias === null ? 0n : BigInt(node.bias.values[o] ?? 0);
          for (let j = 0; j < ins; j++) sum += BigInt(node.weights.values[o * ins + j] ?? 0) * (x[row * ins + j] ?? 0n);
          z.push(sum);
        }
      }
      tensors[node.output] = z;
    }
  }
  return tensors;
}
