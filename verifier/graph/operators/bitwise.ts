// SPDX-License-Identifier: GPL-3.0-or-later
// BitwiseAnd, BitwiseOr, BitwiseXor by one table over all pairs of operands, where those are few; and BitwiseNot.
import { isFloatType, type ElementType, type FloatTensor } from "../../onnx/types.ts";
import { makeConstant } from "../constants.ts";
import { MAX_TABLE_ENTRIES } from "../nodes/table.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import { assertShape } from "./index.ts";
import { reshaped } from "./linear.ts";
import { addOperand, addSum, broadcastOf, broadcastValues, labelOf } from "./operands.ts";
import { refuse, type Composite, type NodeView, type Operator } from "./types.ts";

const bothInputs = [0, 1];

function assertIntegers(view: NodeView, i: number): void {
  const { type } = view.type(i);
  if (isFloatType(type) || type === "bool") refuse(`input ${i} is ${type}; accepted: integers`);
}

/** An operator on the bits of two integers, negative ones in two's complement. */
const bitwise = (of: (a: bigint, b: bigint) => bigint): Operator => ({
  infer(view) {
    for (const i of bothInputs) assertIntegers(view, i);
    const shape = broadcastOf(view, bothInputs);
    assertShape(
      shape,
      bothInputs.every((i) => view.constant(i) !== undefined),
    );
    return [{ type: view.type(0).type, shape }];
  },
  fold(view) {
    const shape = broadcastOf(view, bothInputs);
    const [a, b] = bothInputs.map((i) => broadcastValues(view.constant(i) as FloatTensor, shape)) as [
      Float64Array,
      Float64Array,
    ];
    const values = a.map((v, i) => Number(of(BigInt(v), BigInt(b[i] as number))));
    return [{ type: view.type(0).type, shape, values }];
  },
  lower(view, lowering) {
    const label = labelOf(view);
    const shape = broadcastOf(view, bothInputs);
    const [a, b] = bothInputs.map((i) => addOperand(view, lowering, i, shape, 0)) as [TensorId, TensorId];
    const [x, y] = [a, b].map((id) => lowering.builder.tensors[id]) as [GraphTensor, GraphTensor];
    const columns = y.hi - y.lo + 1n;
    const pairs = (x.hi - x.lo + 1n) * columns;
    if (pairs > BigInt(MAX_TABLE_ENTRIES))
      refuse(
        `operands may be ${x.lo} to ${x.hi} and ${y.lo} to ${y.hi}; accepted: up to 2^16 pairs, proven for every input`,
      );
    // The pair (p, q) stands at (p - least p) * columns + (q - least q).
    const pair = addSum(lowering, [a, b], [columns, 1n], null, label);
    const entries = Array.from({ length: Number(pairs) }, (_, k) =>
      of(x.lo + BigInt(k) / columns, y.lo + (BigInt(k) % columns)),
    );
    const values = makeConstant([entries.length], entries);
    const z = lowering.builder.addNode(
      { kind: "lookup", op: "table", from: [label.from], input: pair, values },
      { name: label.name, exponent: 0 },
    );
    return reshaped(lowering, z, shape, label.from);
  },
});

export const BitwiseAnd = bitwise((a, b) => a & b);
export const BitwiseOr = bitwise((a, b) => a | b);
export const BitwiseXor = bitwise((a, b) => a ^ b);

/** x with all bits inverted is this less x. */
const COMPLEMENT: Partial<Record<ElementType, number>> = {
  uint8: 2 ** 8 - 1,
  uint16: 2 ** 16 - 1,
  uint32: 2 ** 32 - 1,
};

export const BitwiseNot: Composite = {
  expand(view, expansion) {
    assertIntegers(view, 0);
    const { type } = view.type(0);
    if (type === "uint64") refuse("input 0 is uint64; accepted: integers of up to 63 bits");
    const ones = expansion.constant([COMPLEMENT[type] ?? -1], [], type);
    expansion.output(0, expansion.node("Sub", [ones, view.node.inputs[0] as string]));
  },
};
