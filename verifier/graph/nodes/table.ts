// SPDX-License-Identifier: GPL-3.0-or-later
import { constantRange, magnitudeOf, malformed, max, toDoubles, toIntegers } from "./arithmetic.ts";
import type { Constant, GraphTensor, NodeBase, NodeDefinition, Operand, TensorId } from "./types.ts";

/** Look-up: y = values[x - lo(x)], any function of one operand over its proven range. */
export interface TableNode extends NodeBase {
  readonly kind: "lookup";
  readonly op: "table";
  readonly input: TensorId;
  readonly values: Constant; // [hi(x) - lo(x) + 1]
}

/** Most entries of a table. */
export const MAX_TABLE_ENTRIES = 2 ** 16;

export const table: NodeDefinition<TableNode> = {
  kind: "lookup",
  op: "table",
  fields: { input: "operand", values: "constant" },

  derive(node, [x]) {
    const input = x as Operand;
    const entries = input.hi - input.lo + 1n;
    if (entries > BigInt(MAX_TABLE_ENTRIES)) throw malformed(node, "the operand's range has more than 2^16 values");
    if (node.values.shape.length !== 1 || BigInt(node.values.shape[0] as number) !== entries)
      throw malformed(node, `the table must have one entry for each of the operand's ${entries} values`);
    const range = constantRange(node.values);
    return { shape: input.shape, ...range, magnitude: max(magnitudeOf(input), magnitudeOf(range)) };
  },

  exponent: () => null,

  evaluate({ values }, [x], { operands }) {
    const entries = toDoubles(values.values);
    const lo = Number((operands[0] as GraphTensor).lo);
    return (x as Float64Array).map((v) => entries[v - lo] as number);
  },

  evaluateExact({ values }, [x], { operands }) {
    const entries = toIntegers(values.values);
    const { lo } = operands[0] as GraphTensor;
    return (x as BigInt64Array).map((v) => entries[Number(v - lo)] as bigint);
  },
};
