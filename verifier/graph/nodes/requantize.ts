// SPDX-License-Identifier: GPL-3.0-or-later
import { magnitudeOf, malformed, max, min, roundShift, type Range } from "./arithmetic.ts";
import type { GraphTensor, NodeBase, NodeDefinition, Operand, TensorId } from "./types.ts";

/** Look-up: y = clamp((z + 2^(shift-1)) >> shift, lo, hi); ReLU is lo = 0. shift = 0 has no rounding term. */
export interface RequantizeNode extends NodeBase {
  readonly kind: "lookup";
  readonly op: "requantize";
  readonly input: TensorId;
  readonly shift: number;
  readonly lo: bigint;
  readonly hi: bigint;
}

/** Largest shift of a requantization: everything above would map every accumulator to 0 or -1. */
export const MAX_SHIFT = 62;

/** Range of a requantization before its clamp: where it lies inside [lo, hi], the node never saturates. */
export function unclampedRange(input: Range, shift: number): Range {
  return { lo: roundShift(input.lo, shift), hi: roundShift(input.hi, shift) };
}

export const requantize: NodeDefinition<RequantizeNode> = {
  kind: "lookup",
  op: "requantize",
  fields: { input: "operand", shift: "integer", lo: "bigint", hi: "bigint" },

  derive(node, [z]) {
    const { shift, lo, hi } = node;
    const input = z as Operand;
    if (!Number.isInteger(shift) || shift < 0 || shift > MAX_SHIFT) throw malformed(node, "bad shift");
    if (lo > hi) throw malformed(node, "clamp interval is empty");
    const unclamped = unclampedRange(input, shift);
    const clamp = (v: bigint): bigint => max(lo, min(hi, v));
    const range = { lo: clamp(unclamped.lo), hi: clamp(unclamped.hi) };
    const half = shift === 0 ? 0n : 1n << BigInt(shift - 1);
    return { shape: input.shape, ...range, magnitude: max(magnitudeOf(input) + half, magnitudeOf(range)) };
  },

  exponent: ({ shift }, [z]) => (z as GraphTensor).exponent - shift,

  evaluate({ shift, ...clamp }, [z]) {
    const half = shift === 0 ? 0 : 2 ** (shift - 1);
    const scale = 2 ** -shift; // a power of two: the product is exact
    const lo = Number(clamp.lo);
    const hi = Number(clamp.hi);
    const zs = z as Float64Array;
    const y = new Float64Array(zs.length);
    for (let i = 0; i < zs.length; i++) {
      y[i] = Math.min(hi, Math.max(lo, Math.floor(((zs[i] as number) + half) * scale)));
    }
    return y;
  },

  evaluateExact: ({ shift, lo, hi }, [z]) => (z as BigInt64Array).map((v) => max(lo, min(hi, roundShift(v, shift)))),
};
