// SPDX-License-Identifier: GPL-3.0-or-later
// Less, LessOrEqual, Greater, GreaterOrEqual and Equal: exact on the integers, booleans at exponent 0.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import { reshaped } from "./linear.ts";
import { addBroadcast, addOperand, addSum, broadcastOf, broadcastValues, commonExponent, labelOf } from "./operands.ts";
import { assertShape } from "./index.ts";
import { graphShape, refuse, type Lowering, type NodeView, type Operator } from "./types.ts";

/** A comparison of a and b: holds where sign * (a - b) >= 0, or > 0 if strict; `null` where a = b. */
type Relation = { readonly sign: 1 | -1; readonly strict: boolean } | null;

const bothInputs = [0, 1];

/** The relation that holds for (b, a) where this one holds for (a, b). */
const flipped = (relation: Relation): Relation =>
  relation === null ? null : { ...relation, sign: relation.sign === 1 ? -1 : 1 };

/**
 * The integer t for which an integer q at an exponent relates to the real number c exactly where q >= t (sign 1),
 * q <= t (sign -1) or q = t: c may lie between two integers, so that the boundary rounds to the side that keeps the
 * meaning. A t outside the proven range moves to just outside of it: no real number is too large to compare with.
 */
function boundary(c: number, relation: Relation, { exponent, lo, hi }: GraphTensor): bigint {
  const scaled = c * 2 ** exponent; // exact in doubles, or infinite
  if (relation === null) {
    const inside = Number.isInteger(scaled) && BigInt(scaled) >= lo && BigInt(scaled) <= hi;
    return inside ? BigInt(scaled) : hi + 1n;
  }
  const { sign, strict } = relation;
  const rounded = sign === 1 ? Math.ceil(scaled) : Math.floor(scaled);
  const [least, most] = sign === 1 ? [lo, hi + 1n] : [lo - 1n, hi];
  if (!Number.isFinite(rounded)) return rounded > 0 ? most : least;
  const t = BigInt(rounded) + (strict && rounded === scaled ? BigInt(sign) : 0n);
  return t < least ? least : t > most ? most : t;
}

/** sign * (q - t) for the constant input, as the look-up takes it. */
function addDistance(view: NodeView, lowering: Lowering, varying: number, relation: Relation): TensorId {
  const shape = broadcastOf(view, bothInputs);
  const constant = view.constant(1 - varying) as FloatTensor;
  const { tensor } = lowering.input(varying);
  const single = constant.values.length === 1;
  const values = single ? constant.values : broadcastValues(constant, shape);
  const sign = BigInt(relation?.sign ?? 1);
  const input = addBroadcast(view, lowering, varying, shape);
  const { shape: inputShape } = lowering.builder.tensors[input] as GraphTensor;
  const boundaries = Array.from(values, (c) => -sign * boundary(c, relation, tensor));
  const offsets = single
    ? makeConstant(inputShape, new Array<bigint>(sizeOf(inputShape)).fill(boundaries[0] as bigint))
    : makeConstant(graphShape(shape), boundaries);
  return addSum(lowering, [input], [sign], offsets, labelOf(view));
}

/** As addDistance, where both inputs vary: sign * (a - b), less 1 if strict. */
function addDifference(view: NodeView, lowering: Lowering, relation: Relation): TensorId {
  const shape = broadcastOf(view, bothInputs);
  const exponent = commonExponent(view, lowering, bothInputs);
  const operands = bothInputs.map((i) => addOperand(view, lowering, i, shape, exponent));
  const sign = BigInt(relation?.sign ?? 1);
  const sizes = operands.map((id) => (lowering.builder.tensors[id] as GraphTensor).shape);
  const own = sizes.find((dims) => sizeOf(dims) > 1) ?? [1];
  const minusOne = relation?.strict === true ? makeConstant(own, new Float64Array(sizeOf(own)).fill(-1)) : null;
  const label = labelOf(view);
  return addSum(lowering, operands, [sign, -sign], minusOne, label);
}

const comparison = (relation: Relation, holds: (a: number, b: number) => boolean): Operator => ({
  infer(view) {
    const shape = broadcastOf(view, bothInputs);
    const constants = bothInputs.map((i) => view.constant(i));
    assertShape(shape, !constants.includes(undefined));
    constants.forEach((constant, i) => {
      if (constant?.values.some(Number.isNaN) === true) refuse(`input ${i}: has a NaN; accepted: numbers`);
    });
    return [{ type: "bool", shape }];
  },
  fold(view) {
    const shape = broadcastOf(view, bothInputs);
    const [a, b] = bothInputs.map((i) => broadcastValues(view.constant(i) as FloatTensor, shape)) as [
      Float64Array,
      Float64Array,
    ];
    const values = new Float64Array(a.length);
    for (let i = 0; i < values.length; i++) values[i] = holds(a[i] as number, b[i] as number) ? 1 : 0;
    return [{ type: "bool", shape, values }];
  },
  lower(view, lowering) {
    const varying = bothInputs.filter((i) => view.constant(i) === undefined);
    const ofVarying = varying[0] === 0 ? relation : flipped(relation);
    const input =
      varying.length === 2
        ? addDifference(view, lowering, relation)
        : addDistance(view, lowering, varying[0] as number, ofVarying);
    const op = relation === null ? "isZero" : "step";
    const output = { name: view.node.outputs[0] as string, exponent: 0 };
    const y = lowering.builder.addNode({ kind: "lookup", op, from: [view.node.name], input }, output);
    return reshaped(lowering, y, broadcastOf(view, bothInputs), view.node.name);
  },
});

export const Less = comparison({ sign: -1, strict: true }, (a, b) => a < b);
export const LessOrEqual = comparison({ sign: -1, strict: false }, (a, b) => a <= b);
export const Greater = comparison({ sign: 1, strict: true }, (a, b) => a > b);
export const GreaterOrEqual = comparison({ sign: 1, strict: false }, (a, b) => a >= b);
export const Equal = comparison(null, (a, b) => a === b);
