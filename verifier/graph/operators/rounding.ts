// SPDX-License-Identifier: GPL-3.0-or-later
// Whole numbers: Floor, Ceil, Round, BitShift, and Div and Mod of integers. All but the last are shifts, exact.
import { isFloatType } from "../../onnx/types.ts";
import { labelOf } from "./operands.ts";
import { elementwise } from "./piecewise.ts";
import { addLinear, addRounded, type Rounding } from "./terms.ts";
import { refuse, type Choice, type NodeView, type Operator } from "./types.ts";
import { single, tabulated } from "./tabulated.ts";

const rounding = (name: Rounding): Operator => ({
  ...elementwise(name, () => ({})),
  lower: (view, lowering) => addRounded(lowering.builder, lowering.input(0).id, name, 0, labelOf(view)),
});

export const Ceil = rounding("ceil");
export const Floor = rounding("floor");
export const Round = rounding("round");

const needSingle = (view: NodeView, what: string): number => {
  const value = single(view, 1);
  if (value !== undefined && view.type(1).shape.length <= view.type(0).shape.length) return value;
  return refuse(`input ${what}; accepted: a constant scalar`);
};

const UNSIGNED_BITS: Readonly<Record<string, number>> = { uint8: 8, uint16: 16, uint32: 32, uint64: 64 };

/** Bits to the left, negative ones to the right. */
function shiftOf(view: NodeView): number {
  const direction = view.attribute("direction")?.value;
  if (direction !== "LEFT" && direction !== "RIGHT") return refuse(`attribute direction; accepted: "LEFT", "RIGHT"`);
  const bits = needSingle(view, "Y");
  if (!(Number.isInteger(bits) && bits >= 0 && bits < 62)) refuse(`a shift by ${bits}; accepted: 0 to 61`);
  return direction === "LEFT" ? bits : -bits;
}

export const BitShift: Operator = {
  infer(view) {
    const { type } = view.type(0);
    if (!Object.hasOwn(UNSIGNED_BITS, type)) refuse(`type ${type}; accepted: unsigned integers`);
    shiftOf(view);
    return [view.type(0)];
  },
  fold(view) {
    const { type } = view.type(0);
    const modulus = 2 ** (UNSIGNED_BITS[type] as number);
    const x = view.constant(0);
    const factor = 2 ** shiftOf(view);
    const shifted = (v: number): number => Math.floor(v * factor) % modulus;
    return x === undefined ? [] : [{ ...x, values: x.values.map(shifted) }];
  },
  lower(view, lowering) {
    const { builder } = lowering;
    const { id, tensor } = lowering.input(0);
    const bits = shiftOf(view);
    if (bits <= 0) return addRounded(builder, id, "floor", -bits, labelOf(view));
    const { type } = view.type(0);
    const most = Number(tensor.hi) * 2 ** (bits - tensor.exponent);
    if (most >= 2 ** (UNSIGNED_BITS[type] as number)) refuse(`values up to ${most} do not fit ${type}`);
    return addLinear(builder, [[id, 1n]], 0n, tensor.exponent - bits, labelOf(view));
  },
};

/** The divisor of integers, or of a remainder. */
const divisorOf = (view: NodeView): { divisor: number } => ({ divisor: needSingle(view, "divisor") });

/** k for 2^k, k >= 0; undefined for other numbers. */
function logOf(v: number): number | undefined {
  let k = 0;
  for (; v > 1; v /= 2) k++;
  return v === 1 ? k : undefined;
}

/** x / divisor toward zero, by a shift. */
const shiftedQuotient: Operator = {
  ...elementwise("quotient", divisorOf),
  lower(view, lowering) {
    const bits = logOf(divisorOf(view).divisor) as number;
    return addRounded(lowering.builder, lowering.input(0).id, "trunc", bits, labelOf(view));
  },
};

const tabulatedQuotient = tabulated("quotient", divisorOf);

/** Division of integers, which drops the remainder. */
export const integerQuotient: Choice = (view) =>
  logOf(needSingle(view, "divisor")) === undefined ? tabulatedQuotient : shiftedQuotient;

const floorMod = tabulated("mod", divisorOf);
const truncatedMod = tabulated("fmod", divisorOf);

export const Mod: Choice = (view) => {
  const fmod = view.int("fmod", 0);
  if (fmod !== 0 && fmod !== 1) refuse(`attribute fmod = ${fmod}; accepted: 0, 1`);
  if (fmod === 0 && isFloatType(view.type(0).type)) refuse("attribute fmod = 0 of a float type; accepted: 1");
  return fmod === 1 ? truncatedMod : floorMod;
};
