// SPDX-License-Identifier: GPL-3.0-or-later
// What a function of one value is lowered to: a table (docs/spec/functions.md). Outside of the calibrated range of its
// operand a function has the value at its nearer end.
import type { FloatTensor } from "../../onnx/types.ts";
import { evaluate } from "../functions/evaluate.ts";
import type { FunctionName } from "../functions/registry.ts";
import { tableOf, whyRefused, type Grid } from "../functions/table.ts";
import { reshaped } from "./linear.ts";
import { labelOf } from "./operands.ts";
import { addLookup } from "./quantize.ts";
import { refuse, type NodeView, type Operator } from "./types.ts";

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

/** A function of input `operand`. */
export const tabulated = (
  name: FunctionName,
  parametersOf: (view: NodeView) => Parameters = () => ({}),
  operand = 0,
  shapeOf: (view: NodeView) => readonly number[] = (view) => view.type(operand).shape,
): Operator => ({
  looksUp: true,
  infer(view) {
    const { type } = view.type(operand);
    const why = whyRefused(name, parametersOf(view));
    if (why !== undefined) refuse(why);
    return [{ type, shape: shapeOf(view) }];
  },
  fold(view) {
    const { type, values } = view.constant(operand) as FloatTensor;
    const parameters = parametersOf(view);
    return [{ type, shape: shapeOf(view), values: values.map((v) => evaluate(name, parameters, v)) }];
  },
  lower(view, lowering) {
    const parameters = parametersOf(view);
    const { id } = lowering.input(operand);
    const y = addLookup(lowering, id, labelOf(view), (from, to) => [...recentTable(name, parameters, from, to)]);
    return reshaped(lowering, y, shapeOf(view), view.node.name);
  },
});

/** The single value of a constant input. */
export const single = (view: NodeView, input: number): number | undefined => {
  const values = view.constant(input)?.values;
  return values?.length === 1 ? values[0] : undefined;
};
