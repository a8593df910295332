// SPDX-License-Identifier: GPL-3.0-or-later
import { sizeOf } from "../../tensor/spec.ts";
import { magnitudeOf, malformed, unionOf, type Range } from "./arithmetic.ts";
import type { Constant, GraphTensor, NodeBase, NodeDefinition, Operand, TensorId } from "./types.ts";

/** Index map: y[i] = (inputs[0] ‖ inputs[1] ‖ ..)[indices[i]], operands flat and row-major; index -1 gives `fill`. */
export interface GatherNode extends NodeBase {
  readonly kind: "index";
  readonly op: "gather";
  readonly inputs: readonly TensorId[];
  readonly indices: Constant; // of the output's shape
  readonly fill: bigint; // 0 where no index is -1
}

/** Where each operand begins in the flat sequence, and the sequence's length. */
function starts(sizes: readonly number[]): number[] {
  const at = [0];
  for (const size of sizes) at.push((at.at(-1) as number) + size);
  return at;
}

/** The ranges that are read: of each operand that some index points into, and of `fill`. Errors: GRAPH_MALFORMED. */
function rangesRead(node: GatherNode, operands: readonly Operand[]): Range[] {
  const at = starts(operands.map(({ shape }) => sizeOf(shape)));
  const total = at.at(-1) as number;
  const read = operands.map(() => false);
  let filled = false;
  let k = 0; // operand of the last index: neighbours mostly lie in the same one
  for (const value of node.indices.values) {
    const index = Number(value);
    if (index === -1) {
      filled = true;
      continue;
    }
    if (index < -1 || index >= total) throw malformed(node, `index ${index} is outside -1..${total - 1}`);
    while (index < (at[k] as number)) k--;
    while (index >= (at[k + 1] as number)) k++;
    read[k] = true;
  }
  if (!filled && node.fill !== 0n) throw malformed(node, "fill must be 0 where no index is -1");
  const ranges: Range[] = operands.filter((_, i) => read[i]);
  return filled ? [...ranges, { lo: node.fill, hi: node.fill }] : ranges;
}

/** Picks from the operands one after the other. */
function pick<T extends Float64Array | BigInt64Array>(
  { indices }: GatherNode,
  operands: readonly T[],
  y: T,
  fill: T[number],
): T {
  const at = starts(operands.map((x) => x.length));
  let k = 0;
  for (let i = 0; i < y.length; i++) {
    const index = Number(indices.values[i]);
    if (index === -1) {
      y[i] = fill;
      continue;
    }
    while (index < (at[k] as number)) k--;
    while (index >= (at[k + 1] as number)) k++;
    y[i] = (operands[k] as T)[index - (at[k] as number)] as T[number];
  }
  return y;
}

export const gather: NodeDefinition<GatherNode> = {
  kind: "index",
  op: "gather",
  fields: { inputs: "operands", indices: "constant", fill: "bigint" },

  derive(node, operands) {
    if (operands.length < 1) throw malformed(node, "at least one operand");
    const range = unionOf(rangesRead(node, operands));
    return { shape: node.indices.shape, ...range, magnitude: magnitudeOf(range) };
  },

  exponent(node, operands) {
    const { exponent } = operands[0] as GraphTensor;
    if (operands.some((x) => x.exponent !== exponent)) throw malformed(node, "operands' exponents differ");
    return exponent;
  },

  evaluate: (node, operands) => pick(node, operands, new Float64Array(node.indices.values.length), Number(node.fill)),

  evaluateExact: (node, operands) => pick(node, operands, new BigInt64Array(node.indices.values.length), node.fill),
};
