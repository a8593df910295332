// SPDX-License-Identifier: GPL-3.0-or-later
// The values that the verifier computes: padded tensors (publics, outputs) and structured polynomials
// (docs/spec/tensorcheck.md, sections 2 and 4).
import type { TensorValues } from "../../../tensor/codec.ts";
import { eqIndex, EqTable, mod, product, SCALAR_FIELD } from "./field.ts";
import { NOTHING, type Axis, type Structured } from "./key-values.ts";
import { runAt, valuesAt, type Drawn } from "./point.ts";

/**
 * The multilinear extension of a tensor, padded by zeros on each axis to its bits, at the axes' coordinates:
 * Σ_i tensor[i] Π_axes eq(i of the axis, coordinates).
 */
export function evaluateTensor(drawn: Drawn, all: readonly Axis[], tensor: TensorValues): bigint {
  // Axes of one index weigh all values alike: a level for each would let a key make the work many times that of its values.
  const alike = product(
    all.filter(({ size }) => size === 1).map(({ coordinates }) => eqIndex(0, valuesAt(drawn, coordinates))),
  );
  const axes = all.filter(({ size }) => size > 1);
  const weights = axes.map(({ coordinates }) => new EqTable(valuesAt(drawn, coordinates)));
  const sum = (depth: number, offset: number): bigint => {
    const axis = axes[depth];
    if (axis === undefined) return BigInt(tensor[offset] as number);
    let total = 0n;
    for (let i = 0; i < axis.size; i++) {
      const inner = sum(depth + 1, offset * axis.size + i);
      if (inner !== 0n) total += inner * (weights[depth] as EqTable).at(i);
    }
    return total % SCALAR_FIELD;
  };
  return mod(sum(0, 0) * alike);
}

/** The value of a structured polynomial. */
export function evaluateStructured(drawn: Drawn, value: Structured): bigint {
  switch (value.kind) {
    case "select":
      return product(value.axes.map(({ size, run }) => below(size, runAt(drawn, run))));
    case "window":
      return evaluateWindow(drawn, value);
    case "pick": {
      const [p, q] = [new EqTable(runAt(drawn, value.p)), new EqTable(runAt(drawn, value.q))];
      return mod(value.entries.reduce((sum, entry, i) => (entry === NOTHING ? sum : sum + p.at(i) * q.at(entry)), 0n));
    }
    case "index":
      return mod(runAt(drawn, value.run).reduce((sum, x) => 2n * sum + x, 0n));
    case "steps": {
      const point = runAt(drawn, value.run);
      const term = (bits: number, index: number): bigint => eqIndex(index, point.slice(0, point.length - bits));
      return mod(value.steps.reduce((sum, { bits, index, coefficient }) => sum + coefficient * term(bits, index), 0n));
    }
  }
}

/** The extension of [i < size], size < 2^bits. From the least significant bit b upwards: L = b ? (1 − u) + u L : (1 − u) L. */
function below(size: number, point: readonly bigint[]): bigint {
  return point.reduceRight((low, u, i) => {
    const bit = Math.floor(size / 2 ** (point.length - 1 - i)) % 2;
    return mod(bit === 1 ? 1n - u + u * low : (1n - u) * low);
  }, 0n);
}

/** Σ_{p < P, k < K} eq(p) eq(k) eq(stride p + dilation k − pad), over those with the last in 0..Q−1. */
function evaluateWindow(drawn: Drawn, window: Structured & { readonly kind: "window" }): bigint {
  const [p, k, q] = [window.p, window.k, window.q].map((run) => new EqTable(runAt(drawn, run))) as [
    EqTable,
    EqTable,
    EqTable,
  ];
  let total = 0n;
  for (let position = 0; position < window.positions; position++) {
    let sum = 0n;
    for (let tap = 0; tap < window.taps; tap++) {
      // Inexact from 2^53 on, where it is beyond every size anyway.
      const index = window.stride * position + window.dilation * tap - window.pad;
      if (index >= 0 && index < window.size) sum += k.at(tap) * q.at(index);
    }
    if (sum !== 0n) total += p.at(position) * (sum % SCALAR_FIELD);
  }
  return mod(total);
}
