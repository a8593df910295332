// SPDX-License-Identifier: GPL-3.0-or-later
// Powers that are no products: with one constant operand, by a table; or of constants.
import { isFloatType, type FloatTensor } from "../../onnx/types.ts";
import { foldedPower } from "../functions/folded.ts";
import { broadcastShape } from "./broadcast.ts";
import { assertShape } from "./index.ts";
import { broadcastValues } from "./operands.ts";
import { single, tabulated } from "./tabulated.ts";
import { refuse, type Choice, type NodeView, type Operator } from "./types.ts";

const powerShape = (view: NodeView): readonly number[] => broadcastShape(view.type(0).shape, view.type(1).shape);

/** x^c for one constant exponent c. */
const power = tabulated("pow", (view) => ({ exponent: single(view, 1) as number }), 0, powerShape);
/** c^x for one constant base c. */
const exponential = tabulated("exponential", (view) => ({ base: single(view, 0) as number }), 1, powerShape);

/** Highest exponent of a power of constant integers other than -1, 0 and 1. */
const MAX_WHOLE = 1024;

/** Powers of integers, exactly: no engine's approximation decides what is truncated. */
function wholePower(base: number, exponent: number): number {
  if (!(Number.isSafeInteger(base) && Number.isInteger(exponent) && exponent >= 0))
    return refuse(`the integer ${base} to the power of ${exponent}; accepted: exponents 0, 1, 2 ..`);
  if (Math.abs(base) > 1 && exponent > MAX_WHOLE) return refuse(`a power of ${exponent}; accepted: up to ${MAX_WHOLE}`);
  return Number(BigInt(base) ** BigInt(Math.abs(base) > 1 ? exponent : exponent > 0 ? 2 - (exponent % 2) : 0));
}

/** Both constant: any shapes. */
const constantPower: Operator = {
  infer(view) {
    const shape = powerShape(view);
    assertShape(shape, true);
    return [{ type: view.type(0).type, shape }];
  },
  fold(view) {
    const shape = powerShape(view);
    const [base, exponent] = [0, 1].map((i) => broadcastValues(view.constant(i) as FloatTensor, shape)) as [
      Float64Array,
      Float64Array,
    ];
    const { type } = view.type(0);
    const of = isFloatType(type) ? foldedPower : wholePower;
    return [{ type, shape, values: base.map((v, i) => of(v, exponent[i] as number)) }];
  },
  lower: () => refuse("a constant was not folded"),
};

/** A power with one constant operand, by a table; constants of any shapes. Products are none of its business. */
export const generalPower: Choice = (view) => {
  powerShape(view); // refuses a missing operand
  const [base, exponent] = [view.constant(0), view.constant(1)];
  if (base !== undefined && exponent !== undefined) return constantPower;
  if (base === undefined && exponent === undefined)
    return refuse("base and exponent depend on the inputs; accepted: one of them constant");
  if (!isFloatType(view.type(0).type)) {
    const whole = exponent === undefined ? undefined : single(view, 1);
    if (whole === undefined || !(Number.isInteger(whole) && whole >= 0))
      return refuse(`a power of ${view.type(0).type}; accepted: a constant exponent 0, 1, 2 .., or a float type`);
  }
  if (single(view, exponent === undefined ? 0 : 1) !== undefined) return exponent === undefined ? exponential : power;
  const [what, { shape }] = exponent === undefined ? ["base", base as FloatTensor] : ["exponent", exponent];
  return refuse(`a constant ${what} of shape [${shape}]; accepted: a scalar`);
};
