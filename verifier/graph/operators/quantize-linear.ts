// SPDX-License-Identifier: GPL-3.0-or-later
// QuantizeLinear and DequantizeLinear: a product with a constant, and for the former a rounding to integers with a
// clamp. Ties are rounded up, as everywhere in the integer graph; ONNX rounds them to even.
import { ELEMENT_TYPES, type ElementType, type FloatTensor } from "../../onnx/types.ts";
import { elementType } from "../../onnx/tensor.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import { addAligned } from "./compare-nodes.ts";
import { multiply, reshape, subtract } from "./expressions.ts";
import { axisOf } from "./index.ts";
import { addRequantize, assertFinite } from "./quantize.ts";
import { graphShape, int, refuse, type Choice, type Composite, type Expansion } from "./types.ts";
import type { NodeView, Operator } from "./types.ts";
import type { TensorId } from "../types.ts";

const RANGES: Partial<Record<ElementType, readonly [lo: number, hi: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** Code of float32 in attributes. */
const FLOAT = 1;

/** Refuses scales and zero points that are no constants of one value, or of one value an index of the axis. */
function scaleOf(view: NodeView): FloatTensor {
  const scale = view.constant(1) ?? refuse("input scale depends on the inputs; accepted: a constant");
  if (view.has(2) && view.constant(2) === undefined)
    refuse("input zero_point depends on the inputs; accepted: a constant");
  if (view.int("block_size", 0) !== 0) refuse("attribute block_size; accepted: 0");
  assertFinite(scale.values, "input scale");
  if (!scale.values.every((v) => v > 0)) refuse("input scale: not positive; accepted: above 0");
  return scale;
}

/** A constant of one value, or under the shape that broadcasts along the axis. */
function alongAxis(view: NodeView, expansion: Expansion, value: string): string {
  const [size = 1, ...rest] = expansion.type(value).shape;
  if (rest.length > 0)
    refuse("a scale or zero point of rank 2 or more; accepted: one value, or one an index of the axis");
  if (size === 1) return reshape(expansion, value, []);
  const { shape } = view.type(0);
  const axis = axisOf(view.int("axis", 1), shape.length);
  if (shape[axis] !== size)
    refuse(`a scale or zero point of ${size} values; accepted: ${shape[axis]}, as axis ${axis}`);
  return reshape(
    expansion,
    value,
    shape.slice(axis).map((dim, i) => (i === 0 ? dim : 1)),
  );
}

interface Integers {
  readonly type: ElementType;
  readonly zero: number;
  /** Bounds of what is left once the zero point is subtracted. */
  readonly lo: number;
  readonly hi: number;
}

/** The integers that a QuantizeLinear gives: of its zero point's type, or that of attribute output_dtype. */
function integersOf(view: NodeView): Integers {
  const given = view.int("output_dtype", 0);
  const stated = given === 0 ? "uint8" : (elementType(given) ?? refuse(`attribute output_dtype = ${given}`));
  const type = view.has(2) ? view.type(2).type : stated;
  const [lo, hi] = RANGES[type] ?? refuse(`integers of type ${type}; accepted: ${Object.keys(RANGES).join(", ")}`);
  const zeros = view.constant(2)?.values ?? Float64Array.of(0);
  const zero = zeros[0] ?? 0;
  if (!zeros.every((v) => v === zero))
    refuse("input zero_point: several values; accepted: the same for the whole axis");
  return { type, zero, lo: lo - zero, hi: hi - zero };
}

/** As Math.rint: halves to even. */
function roundHalfEven(v: number): number {
  const floor = Math.floor(v);
  const rest = v - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

/** QuantizeLinear with the scale 1. */
const Rounding: Operator = {
  infer: (view) => [{ type: integersOf(view).type, shape: view.type(0).shape }],
  fold(view) {
    const { type, zero, lo, hi } = integersOf(view);
    const { shape, values } = view.constant(0) as FloatTensor;
    const rounded = values.map((v) => Math.min(hi, Math.max(lo, roundHalfEven(v))) + zero);
    return [{ type, shape, values: rounded }];
  },
  lower(view, lowering): TensorId {
    const { builder } = lowering;
    const { zero, lo, hi } = integersOf(view);
    const { name: from, outputs } = view.node;
    const label = { from, name: outputs[0] as string };
    const { id, tensor } = lowering.input(0);
    // An operand that is coarser than the integers is brought to them first: addRequantize only ever drops bits.
    const fine = tensor.exponent < 0 ? addAligned(builder, id, 0, label) : id;
    const clamp = { lo: BigInt(lo), hi: BigInt(hi) };
    const rounded = addRequantize(builder, fine, { ...label, exponent: 0, clamp });
    if (zero === 0) return rounded;
    const shape = graphShape(view.type(0).shape);
    const constant = makeConstant(shape, new Float64Array(sizeOf(shape)).fill(zero));
    const sum = {
      kind: "linear",
      op: "weightedSum",
      from: [from],
      inputs: [rounded],
      multipliers: [1n],
      constant,
    } as const;
    return builder.addNode(sum, { name: label.name, exponent: 0 });
  },
};

const Scaled: Composite = {
  expand(view, expansion) {
    const scale = scaleOf(view);
    const { type } = integersOf(view);
    const inverse = expansion.constant(
      scale.values.map((v) => 1 / v),
      scale.shape,
    );
    const [x, , zero] = view.node.inputs as [string, string, string?];
    const quotient = multiply(expansion, x, alongAxis(view, expansion, inverse));
    const one = expansion.constant([1], []);
    const inputs = [quotient, one, ...(zero === undefined || zero === "" ? [] : [zero])];
    const code = Object.entries(ELEMENT_TYPES).find(([, name]) => name === type)?.[0];
    expansion.output(0, expansion.node("QuantizeLinear", inputs, { output_dtype: int(Number(code)) }));
  },
};

export const QuantizeLinear: Choice = (view) => (scaleOf(view).values.every((v) => v === 1) ? Rounding : Scaled);

/** (x - zero point) * scale */
export const DequantizeLinear: Composite = {
  expand(view, expansion) {
    scaleOf(view);
    const [x, scale, zero] = view.node.inputs as [string, string, string?];
    const real = (value: string): string => expansion.node("Cast", [value], { to: int(FLOAT) });
    const from = zero === undefined || zero === "" ? undefined : alongAxis(view, expansion, real(zero));
    const shifted = from === undefined ? real(x) : subtract(expansion, real(x), from);
    expansion.output(0, multiply(expansion, shifted, alongAxis(view, expansion, scale)));
  },
};
