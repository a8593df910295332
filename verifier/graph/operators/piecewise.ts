// SPDX-License-Identifier: GPL-3.0-or-later
// Piecewise linear operators: clamps, comparisons and sums, so that every proof system has them.
import { isFloatType, type FloatTensor } from "../../onnx/types.ts";
import { roundHalfUp } from "../../tensor/codec.ts";
import { evaluate } from "../functions/evaluate.ts";
import type { FunctionName } from "../functions/registry.ts";
import type { GraphTensor } from "../types.ts";
import { addAligned, addMaximum } from "./compare-nodes.ts";
import { addProduct, labelOf } from "./operands.ts";
import { addRequantize, assertFinite, outputQuantization, quantizeClamped } from "./quantize.ts";
import { addComparison, addLinear, addPositivePart } from "./terms.ts";
import { refuse, type Choice, type Composite, type Expansion, type NodeView, type Operator } from "./types.ts";

/** The output has the input's type and shape; folding evaluates a function. */
export const elementwise = (
  name: FunctionName,
  parameters: (view: NodeView) => Readonly<Record<string, number>>,
): Pick<Operator, "infer" | "fold"> => ({
  infer(view) {
    const given = parameters(view);
    assertFinite(Object.values(given), `attributes ${Object.keys(given).join(", ")}`);
    return [view.type(0)];
  },
  fold(view) {
    const x = view.constant(0) as FloatTensor;
    const given = parameters(view);
    return [{ ...x, values: x.values.map((v) => evaluate(name, given, v)) }];
  },
});

export const Abs: Operator = {
  ...elementwise("abs", () => ({})),
  lower(view, lowering) {
    const { builder } = lowering;
    const { id, tensor } = lowering.input(0);
    if (tensor.lo >= 0n) return id;
    const label = labelOf(view);
    const negative = addLinear(builder, [[id, -1n]], 0n, tensor.exponent, label);
    return addMaximum(builder, id, negative, label);
  },
};

export const Sign: Operator = {
  ...elementwise("sign", () => ({})),
  lower(view, lowering) {
    const { builder } = lowering;
    const { id } = lowering.input(0);
    const label = labelOf(view);
    const least = addComparison(builder, id, 1n, 0n, label);
    const most = addComparison(builder, id, -1n, 0n, label);
    return addLinear(
      builder,
      [
        [least, 1n],
        [most, -1n],
      ],
      0n,
      0,
      label,
    );
  },
};

/** slope * x + (1 - slope) * max(x, 0): exact for the quantized slope. */
const leaky = (slope: (view: NodeView) => number): Operator => ({
  ...elementwise("leakyRelu", (view) => ({ alpha: slope(view) })),
  constants: (view) => [slope(view)],
  lower(view, lowering) {
    const { builder } = lowering;
    const { id, tensor } = lowering.input(0);
    const { exponent, bits } = lowering.constants();
    let alpha = BigInt(quantizeClamped([1], [slope(view)], exponent, bits).values[0] as number);
    let unit = exponent; // 1 is 2^unit
    for (; unit < 0; unit++) alpha *= 2n;
    for (; unit > 0 && alpha % 2n === 0n; unit--) alpha /= 2n;
    const label = labelOf(view);
    const positive = addPositivePart(builder, id, label);
    return addLinear(
      builder,
      [
        [id, alpha],
        [positive, (1n << BigInt(unit)) - alpha],
      ],
      0n,
      tensor.exponent + unit,
      label,
    );
  },
});

export const LeakyRelu: Operator = leaky((view) => view.float("alpha", 0.01));

/** max(x, 0), exact: not ONNX's Relu, which is rounded. */
const PositivePart: Operator = {
  infer: (view) => [view.type(0)],
  fold(view) {
    const x = view.constant(0) as FloatTensor;
    return [{ ...x, values: x.values.map((v) => Math.max(0, v)) }];
  },
  lower: (view, lowering) => addPositivePart(lowering.builder, lowering.input(0).id, labelOf(view)),
};

/** max(x, 0) + slope * (x - max(x, 0)) */
const slopes: Composite = {
  expand(view, expansion) {
    const [x, slope] = view.node.inputs as [string, string];
    const positive = expansion.own(PositivePart, "PositivePart", [x]);
    const negative = expansion.node("Sub", [x, positive]);
    expansion.output(0, expansion.node("Add", [positive, expansion.node("Mul", [negative, slope])]));
  },
};

export const PRelu: Choice = (view) =>
  view.constant(1)?.values.length === 1 && view.constant(0) === undefined && view.type(1).shape.length <= 1
    ? leaky((of) => (of.constant(1) as FloatTensor).values[0] as number)
    : slopes;

/** Bounds of a Clip: attributes before operator set 11, inputs since; without one the end is infinite. */
function boundsOf(view: NodeView): { min: number; max: number } {
  const bound = (name: "min" | "max", input: number, otherwise: number): number => {
    const value = view.opset < 11 ? view.float(name, otherwise) : inputBound(view, name, input, otherwise);
    return Number.isNaN(value) ? refuse(`${name} is NaN`) : value;
  };
  return { min: bound("min", 1, -Infinity), max: bound("max", 2, Infinity) };
}

function inputBound(view: NodeView, name: string, input: number, otherwise: number): number {
  if (!view.has(input)) return otherwise;
  const constant = view.constant(input) ?? refuse(`input ${name} depends on the inputs; accepted: a constant`);
  if (constant.values.length !== 1) refuse(`input ${name} of shape [${constant.shape}]; accepted: a scalar`);
  return constant.values[0] as number;
}

/** A requantization's clamp, so that rounding and clipping cost one look-up. */
export const Clip: Operator = {
  requantizes: true,
  infer(view) {
    boundsOf(view);
    return [view.type(0)];
  },
  fold(view) {
    const x = view.constant(0) as FloatTensor;
    const { min, max } = boundsOf(view);
    return [{ ...x, values: x.values.map((v) => Math.min(max, Math.max(min, v))) }];
  },
  lower(view, lowering) {
    const { builder } = lowering;
    const { id, tensor } = lowering.input(0);
    const { exponent, bits } = outputQuantization(view, lowering);
    const { min, max } = boundsOf(view);
    const label = labelOf(view);
    // A grid too coarse for a bound is refined: Clip(0.5, 2.5) of integers has halves.
    const fits = [min, max].every(
      (v) => isBeyond(v * 2 ** tensor.exponent) || Number.isInteger(v * 2 ** tensor.exponent),
    );
    const operand = fits || tensor.exponent >= exponent ? id : addAligned(builder, id, exponent, label);
    const grid = Math.min(exponent, (builder.tensors[operand] as GraphTensor).exponent);
    const limit = 2n ** BigInt(bits);
    const integer = (v: number): bigint =>
      isBeyond(v * 2 ** grid) ? (v < 0 ? -limit : limit - 1n) : BigInt(roundHalfUp(v * 2 ** grid));
    const hi = clamp(integer(max), -limit, limit - 1n);
    const lo = clamp(integer(min), -limit, hi);
    return addRequantize(builder, operand, { ...label, exponent: grid, clamp: { lo, hi } });
  },
};

/** Whether a bound lies beyond all integers of the graph. */
const isBeyond = (v: number): boolean => Math.abs(v) > 2 ** 62;
const clamp = (v: bigint, lo: bigint, hi: bigint): bigint => (v < lo ? lo : v > hi ? hi : v);

/** Adds Clip(slope * x + offset, 0, 1). */
function addHardSigmoid(view: NodeView, expansion: Expansion, slope: number, offset: number): string {
  assertFinite([slope, offset], "attributes alpha, beta");
  const scalar = (v: number): string => expansion.constant([v], [], view.type(0).type);
  const scaled = expansion.node("Mul", [view.node.inputs[0] as string, scalar(slope)]);
  return expansion.node("Clip", [expansion.node("Add", [scaled, scalar(offset)]), scalar(0), scalar(1)]);
}

export const HardSigmoid: Composite = {
  expand(view, expansion) {
    const [alpha, beta] = [view.float("alpha", 0.2), view.float("beta", 0.5)];
    expansion.output(0, addHardSigmoid(view, expansion, alpha, beta));
  },
};

export const HardSwish: Composite = {
  expand(view, expansion) {
    const gate = addHardSigmoid(view, expansion, 1 / 6, 0.5);
    expansion.output(0, expansion.node("Mul", [view.node.inputs[0] as string, gate]));
  },
};

/** x * [x > alpha] */
export const ThresholdedRelu: Operator = {
  ...elementwise("thresholdedRelu", (view) => ({ alpha: view.float("alpha", 1) })),
  lower(view, lowering) {
    const { id, tensor } = lowering.input(0);
    const label = labelOf(view);
    const bound = BigInt(Math.floor(view.float("alpha", 1) * 2 ** tensor.exponent)) + 1n;
    return addProduct(lowering, id, addComparison(lowering.builder, id, 1n, bound, label), label);
  },
};

/** x * (below + above) + bias * (below - above), below = [x < -lambd], above = [x > lambd] */
export const Shrink: Operator = {
  ...elementwise("shrink", (view) => shrinkOf(view)),
  constants: (view) => (shrinkOf(view).bias === 0 ? [] : [shrinkOf(view).bias]),
  infer(view) {
    const { bias, lambd } = shrinkOf(view);
    assertFinite([bias, lambd], "attributes bias, lambd");
    if (lambd < 0) refuse(`attribute lambd = ${lambd}; accepted: 0 or more`);
    const x = view.type(0);
    return isFloatType(x.type) ? [x] : refuse(`type ${x.type}; accepted: a float type`);
  },
  lower(view, lowering) {
    const { builder } = lowering;
    const { id, tensor } = lowering.input(0);
    const label = labelOf(view);
    const { bias, lambd } = shrinkOf(view);
    const bound = BigInt(Math.floor(lambd * 2 ** tensor.exponent)) + 1n;
    const below = addComparison(builder, id, -1n, -bound, label);
    const above = addComparison(builder, id, 1n, bound, label);
    const sum = (signs: readonly [bigint, bigint]): number =>
      addLinear(
        builder,
        [
          [below, signs[0]],
          [above, signs[1]],
        ],
        0n,
        0,
        label,
      );
    const kept = addProduct(lowering, id, sum([1n, 1n]), label);
    if (bias === 0) return kept;
    const constant = lowering.constants();
    const exponent = Math.max(tensor.exponent, constant.exponent);
    const integer = BigInt(quantizeClamped([1], [bias], constant.exponent, constant.bits).values[0] as number);
    return addLinear(
      builder,
      [
        [kept, 1n << BigInt(exponent - tensor.exponent)],
        [sum([1n, -1n]), integer << BigInt(exponent - constant.exponent)],
      ],
      0n,
      exponent,
      label,
    );
  },
};

const shrinkOf = (view: NodeView): { bias: number; lambd: number } => ({
  bias: view.float("bias", 0),
  lambd: view.float("lambd", 0.5),
});
