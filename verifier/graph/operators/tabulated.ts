// SPDX-License-Identifier: GPL-3.0-or-later
// What a function of one value is lowered to: a table (docs/spec/functions.md). Outside of the calibrated range of its
// operand a function has the value at its nearer end.
import { isFloatType, type FloatTensor } from "../../onnx/types.ts";
import { folded } from "../functions/folded.ts";
import type { FunctionName } from "../functions/registry.ts";
import { tableOf, whyRefused, type Grid } from "../functions/table.ts";
import { reshaped } from "./linear.ts";
import { labelOf } from "./operands.ts";
import { addLookup } from "./quantize.ts";
import { MAX_TABLE_ENTRIES } from "../nodes/table.ts";
import { refuse, type Lowering, type NodeView, type Operator } from "./types.ts";

export type Parameters = Readonly<Record<string, number>>;

/** Tables that were made last, so that a calibration's candidates share what does not change between them. */
const recent = new Map<string, readonly bigint[]>();
const MAX_RECENT_ENTRIES = 2 ** 20;

function recentTable(name: FunctionName, parameters: Parameters, from: Grid, to: Grid): readonly bigint[] {
  const key = [
    name,
    ...Object.entries(parameters).flat(),
    from.exponent,
    from.lo,
    from.hi,
    to.exponent,
    to.lo,
    to.hi,
  ].join();
  const table = recent.get(key) ?? tableOf(name, parameters, from, to);
  recent.delete(key);
  recent.set(key, table); // last used, last forgotten
  let entries = 0;
  for (const { length } of recent.values()) entries += length;
  for (const [oldest, { length }] of recent) {
    if (entries <= MAX_RECENT_ENTRIES) break;
    recent.delete(oldest);
    entries -= length;
  }
  return table;
}

/** Functions of integers, exact in tables of all that their operand may be. */
const OF_INTEGERS: readonly FunctionName[] = ["fmod", "mod", "pow", "quotient"];

/** The lowering with a look-up that neither rounds its operand nor clamps it or its values. Refuses too long a table. */
function exactly(lowering: Lowering, operand: number): Lowering {
  const { exponent, lo, hi } = lowering.input(operand).tensor;
  if (hi - lo >= MAX_TABLE_ENTRIES || lo < -(2n ** 31n) || hi >= 2n ** 31n)
    refuse(`integers in ${lo}..${hi}; accepted: a range of up to 2^16 of them, each with an entry of a table`);
  const grid = { exponent, lo: Number(lo), hi: Number(hi) };
  return { ...lowering, lookup: () => ({ exponent: 0, bits: 62, input: grid }) };
}

/** A function of input `operand`; its values have the type of input 0. */
export const tabulated = (
  name: FunctionName,
  parametersOf: (view: NodeView) => Parameters = () => ({}),
  operand = 0,
  shapeOf: (view: NodeView) => readonly number[] = (view) => view.type(operand).shape,
): Operator => ({
  looksUp: true,
  infer(view) {
    const { type } = view.type(0);
    if (!isFloatType(type) && !OF_INTEGERS.includes(name)) refuse(`type ${type}; accepted: a float type`);
    const why = whyRefused(name, parametersOf(view));
    if (why !== undefined) refuse(why);
    return [{ type, shape: shapeOf(view) }];
  },
  fold(view) {
    const { values } = view.constant(operand) as FloatTensor;
    const parameters = parametersOf(view);
    return [{ type: view.type(0).type, shape: shapeOf(view), values: values.map((v) => folded(name, parameters, v)) }];
  },
  lower(view, lowering) {
    const parameters = parametersOf(view);
    const { id } = lowering.input(operand);
    const how = isFloatType(view.type(0).type) ? lowering : exactly(lowering, operand);
    const y = addLookup(how, id, labelOf(view), (from, to) => [...recentTable(name, parameters, from, to)]);
    return reshaped(lowering, y, shapeOf(view), view.node.name);
  },
});

/** The single value of a constant input. */
export const single = (view: NodeView, input: number): number | undefined => {
  const values = view.constant(input)?.values;
  return values?.length === 1 ? values[0] : undefined;
};
