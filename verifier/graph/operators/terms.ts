// SPDX-License-Identifier: GPL-3.0-or-later
// Exact pieces that piecewise linear operators are lowered to: sums with one addend, clamps, comparisons, shifts.
import type { GraphBuilder } from "../builder.ts";
import { makeConstant } from "../constants.ts";
import { MAX_SHIFT } from "../ranges.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import type { Label } from "./compare-nodes.ts";
import { addRequantize } from "./quantize.ts";
import { refuse } from "./types.ts";

const tensorOf = ({ tensors }: GraphBuilder, id: TensorId): GraphTensor => tensors[id] as GraphTensor;

/** A tensor and what it is multiplied by. */
export type Term = readonly [input: TensorId, multiplier: bigint];

/** The sum of the terms' integers and of `addend`, the same for all values; `exponent` says what they stand for. */
export function addLinear(
  builder: GraphBuilder,
  terms: readonly Term[],
  addend: bigint,
  exponent: number,
  { from, name }: Label,
): TensorId {
  const sum = { kind: "linear", op: "weightedSum", from: [from] } as const;
  const all = [...terms];
  if (addend !== 0n) {
    const constant = makeConstant([1], [addend]);
    const node = { ...sum, inputs: [], multipliers: [], constant };
    all.push([builder.addNode(node, { name: `${name}/constant`, exponent }), 1n]);
  }
  const [inputs, multipliers] = [all.map(([input]) => input), all.map(([, multiplier]) => multiplier)];
  return builder.addNode({ ...sum, inputs, multipliers, constant: null }, { name, exponent });
}

/** max(x, 0), as it is. */
export function addPositivePart(builder: GraphBuilder, input: TensorId, label: Label): TensorId {
  const { exponent, hi } = tensorOf(builder, input);
  return addRequantize(builder, input, { ...label, exponent, clamp: { lo: 0n, hi: hi > 0n ? hi : 0n } });
}

/** 1 where sign * (x - bound) >= 0, else 0: comparison of x's integers with a bound that may lie anywhere. */
export function addComparison(
  builder: GraphBuilder,
  input: TensorId,
  sign: 1n | -1n,
  bound: bigint,
  label: Label,
): TensorId {
  const { exponent, lo, hi } = tensorOf(builder, input);
  // A bound beyond the range by one decides as any further one does.
  const near = bound < lo - 1n ? lo - 1n : bound > hi + 1n ? hi + 1n : bound;
  const difference = addLinear(builder, [[input, sign]], -sign * near, exponent, label);
  return builder.addNode(
    { kind: "lookup", op: "step", from: [label.from], input: difference },
    { name: label.name, exponent: 0 },
  );
}

/** floor((x + addend) / 2^bits + 1/2) of x's integers, with exponent 0, for bits >= 1. */
function addShift(builder: GraphBuilder, input: TensorId, addend: bigint, bits: number, label: Label): TensorId {
  if (bits > MAX_SHIFT) refuse(`its operand has ${bits} fractional bits; accepted: up to ${MAX_SHIFT}`);
  const { lo, hi, exponent } = tensorOf(builder, input);
  const shifted = addend === 0n ? input : addLinear(builder, [[input, 1n]], addend, exponent, label);
  const limit = (lo < 0n ? -lo : lo) + (hi < 0n ? -hi : hi) + 2n; // never reached
  return builder.addNode(
    { kind: "lookup", op: "requantize", from: [label.from], input: shifted, shift: bits, lo: -limit, hi: limit },
    { name: label.name, exponent: exponent - bits },
  );
}

/** How real numbers become integers. */
export type Rounding = "floor" | "ceil" | "trunc" | "round";

/**
 * The operand's values divided by 2^by, as whole numbers; "round" takes ties to the even one. Exact, and the exponent
 * of the result is 0, or below where the operand has only coarser values.
 */
export function addRounded(
  builder: GraphBuilder,
  input: TensorId,
  rounding: Rounding,
  by: number,
  label: Label,
): TensorId {
  const { exponent } = tensorOf(builder, input);
  const bits = exponent + by;
  const divided = by === 0 ? input : addLinear(builder, [[input, 1n]], 0n, bits, label);
  if (bits <= 0) return divided;
  const half = 1n << BigInt(bits - 1);
  switch (rounding) {
    case "floor":
      return addShift(builder, divided, -half, bits, label);
    case "ceil":
      return addShift(builder, divided, half - 1n, bits, label);
    case "trunc": {
      // Below 0 it is ceil: floor of what is one unit short of the next whole number higher.
      const positive = addComparison(builder, divided, 1n, 0n, label);
      const raised = addLinear(
        builder,
        [
          [divided, 1n],
          [positive, 1n - 2n * half],
        ],
        half - 1n,
        bits,
        label,
      );
      return addShift(builder, raised, 0n, bits, label);
    }
    case "round": {
      const up = addShift(builder, divided, 0n, bits, label);
      // A tie that went up to an odd number: x + half is an odd multiple of 2^bits, so x - half an even one.
      const pairs = addShift(builder, divided, -3n * half, bits + 1, label);
      const rest = addLinear(
        builder,
        [
          [divided, 1n],
          [pairs, -4n * half],
        ],
        -half,
        bits,
        label,
      );
      const odd = builder.addNode(
        { kind: "lookup", op: "isZero", from: [label.from], input: rest },
        { name: label.name, exponent: 0 },
      );
      return addLinear(
        builder,
        [
          [up, 1n],
          [odd, -1n],
        ],
        0n,
        0,
        label,
      );
    }
  }
}
