// SPDX-License-Identifier: GPL-3.0-or-later
// Real constants -> integers: q = clamp(floor(v * 2^e + 1/2), lo, hi); and the node that narrows an accumulator.
import { VerigradError } from "../../errors.ts";
import { isFloatType } from "../../onnx/types.ts";
import { roundHalfUp } from "../../tensor/codec.ts";
import { makeConstant } from "../constants.ts";
import type { Grid } from "../functions/table.ts";
import type { GraphBuilder } from "../builder.ts";
import { MAX_ACCUMULATOR, MAX_SHIFT } from "../ranges.ts";
import type { Constant, GraphTensor, TensorId } from "../types.ts";
import { refuse, type Lowering, type NodeView, type Quantization } from "./types.ts";

/** What integers are clamped to that are not calibrated: whatever the model's bounds leave. */
const WHOLE: Quantization = { exponent: 0, bits: 61 };

/** Calibrated parameters of a node's output; integers are never rounded to fewer bits. */
export const outputQuantization = (view: NodeView, lowering: Lowering): Quantization =>
  isFloatType(view.type(0).type) ? lowering.quantization() : WHOLE;

/** Refuses constants that no integer can stand for. */
export function assertFinite(values: ArrayLike<number>, what: string): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) refuse(`${what}: has a NaN or infinite value`);
}

/** Signed integers of `bits` bits at an exponent; values outside are clamped (calibration weighs that). */
export function quantizeClamped(
  shape: readonly number[],
  values: ArrayLike<number>,
  exponent: number,
  bits: number,
): Constant {
  const limit = 2 ** (bits - 1);
  const scale = 2 ** exponent;
  return makeConstant(
    shape,
    Float64Array.from(values, (v) => Math.min(limit - 1, Math.max(-limit, roundHalfUp(v * scale)))),
  );
}

/** The same factors with the powers of two that all share in the exponent: accumulators stay narrow. */
export function withoutTwos(factors: Constant, exponent: number): { values: Float64Array; exponent: number } {
  let values = Float64Array.from(factors.values as ArrayLike<number>, Number);
  if (values.every((v) => v === 0)) return { values, exponent };
  while (values.every((v) => v % 2 === 0)) {
    values = values.map((v) => v / 2);
    exponent--;
  }
  return { values, exponent };
}

/** Exact-width integers at an accumulator's exponent. Errors: GRAPH_ACCUMULATOR_OVERFLOW beyond 2^62. */
export function quantizeExact(
  shape: readonly number[],
  values: ArrayLike<number>,
  exponent: number,
  node: string,
): Constant {
  const scale = 2 ** exponent;
  const integers = Array.from(values, (v): bigint => {
    const rounded = roundHalfUp(v * scale);
    if (Math.abs(rounded) > Number(MAX_ACCUMULATOR)) {
      throw new VerigradError(
        "GRAPH_ACCUMULATOR_OVERFLOW",
        `node "${node}": constant ${v} at exponent ${exponent} exceeds 2^62`,
        {
          data: { node, exponent },
        },
      );
    }
    return BigInt(rounded);
  });
  return makeConstant(shape, integers);
}

/**
 * Adds a requantization. The output's exponent is the given one, or the accumulator's where that is coarser already, or
 * what a shift by 62 bits gives, which leaves nothing of an accumulator.
 * Where that changes no value of the proven range, no node is added.
 */
export function addRequantize(
  builder: GraphBuilder,
  input: TensorId,
  to: { from: string; name: string; exponent: number; clamp: { lo: bigint; hi: bigint } },
): TensorId {
  const { exponent: accumulator, lo, hi } = builder.tensors[input] as GraphTensor;
  const shift = Math.min(MAX_SHIFT, Math.max(0, accumulator - to.exponent));
  if (shift === 0 && lo >= to.clamp.lo && hi <= to.clamp.hi) return input;
  return builder.addNode(
    { kind: "lookup", op: "requantize", from: [to.from], input, shift, ...to.clamp },
    { name: to.name, exponent: accumulator - shift },
  );
}

/**
 * Adds a look-up: the operand rounded and clamped to the calibrated grid, then a table. `values` gives the table's
 * integers for every point of the grid `from` (which may be narrower than the calibrated one), inside the grid `to`.
 */
export function addLookup(
  lowering: Lowering,
  input: TensorId,
  label: { readonly from: string; readonly name: string },
  values: (from: Grid, to: Grid) => ArrayLike<number> | ArrayLike<bigint>,
): TensorId {
  const { builder } = lowering;
  const { input: grid, exponent, bits } = lowering.lookup();
  const clamp = { lo: BigInt(grid.lo), hi: BigInt(grid.hi) };
  const operand = addRequantize(builder, input, { ...label, exponent: grid.exponent, clamp });
  const { exponent: operandExponent, lo, hi } = builder.tensors[operand] as GraphTensor;
  const limit = 2n ** BigInt(bits - 1);
  const entries = values({ exponent: operandExponent, lo, hi }, { exponent, lo: -limit, hi: limit - 1n });
  return builder.addNode(
    {
      kind: "lookup",
      op: "table",
      from: [label.from],
      input: operand,
      values: makeConstant([entries.length], entries),
    },
    { name: label.name, exponent },
  );
}
