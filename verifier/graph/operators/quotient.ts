// SPDX-License-Identifier: GPL-3.0-or-later
// Quotients and powers of activations: products where they can be, else a look-up of one operand.
import { isFloatType, type FloatTensor } from "../../onnx/types.ts";
import { sameShape } from "../ranges.ts";
import { broadcastShape } from "./broadcast.ts";
import { Div as DivByConstant } from "./elementwise.ts";
import { integerList, multiply, scalar, shapeOf } from "./expressions.ts";
import { integerQuotient } from "./rounding.ts";
import { generalPower } from "./powers.ts";
import { refuse, type Choice, type Composite, type Expansion } from "./types.ts";

/** a * (1 / b). The look-up of 1 / b is total: what it gives at and near 0 is in docs/spec/functions.md. */
const Quotient: Composite = {
  expand(view, expansion) {
    const { type } = view.type(0);
    if (!isFloatType(type))
      refuse(`a divisor of ${type} that depends on the inputs; accepted: a constant, or a float type`);
    const [a, b] = view.node.inputs as [string, string];
    expansion.output(0, multiply(expansion, a, expansion.node("Reciprocal", [b])));
  },
};

export const Div: Choice = (view) => {
  if (view.constant(1) === undefined) return Quotient;
  const whole = view.constant(0) === undefined && !isFloatType(view.type(0).type);
  return whole ? integerQuotient(view) : DivByConstant;
};

/** What x to the power of a constant is made of. */
const POWERS: Readonly<Record<number, (expansion: Expansion, x: string) => string>> = {
  0: (expansion) => scalar(expansion, 1),
  1: (_, x) => x,
  2: (expansion, x) => multiply(expansion, x, x),
  3: (expansion, x) => multiply(expansion, multiply(expansion, x, x), x),
  4: (expansion, x) => {
    const square = multiply(expansion, x, x);
    return multiply(expansion, square, square);
  },
  [-1]: (expansion, x) => expansion.node("Reciprocal", [x]),
  0.5: (expansion, x) => expansion.node("Sqrt", [x]),
};

/** The one value of a constant; undefined where it has several, or is none. */
function uniform(constant: FloatTensor | undefined): number | undefined {
  const [first] = constant?.values ?? [];
  return constant?.values.every((v) => v === first) === true ? first : undefined;
}

/** x to the power of a small constant, in terms of products and other look-ups. */
const SmallPower: Composite = {
  expand(view, expansion) {
    const exponent = view.constant(1) as FloatTensor;
    const power = POWERS[exponent.values[0] as number] ?? refuse("an exponent without an expansion");
    const shape = broadcastShape(view.type(0).shape, exponent.shape);
    const value = power(expansion, view.node.inputs[0] as string);
    // A power of 0 is a constant of one value, and an exponent may have more values than the base.
    const own = shapeOf(expansion, value);
    const target = integerList(expansion, shape);
    expansion.output(0, sameShape(own, shape) ? value : expansion.node("Expand", [value, target]));
  },
};

export const Pow: Choice = (view) => {
  const exponent = uniform(view.constant(1));
  return exponent !== undefined && Object.hasOwn(POWERS, exponent) ? SmallPower : generalPower(view);
};
