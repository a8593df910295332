// SPDX-License-Identifier: GPL-3.0-or-later
import { magnitudeOf, max } from "./arithmetic.ts";
import type { NodeBase, NodeDefinition, Operand, TensorId } from "./types.ts";

/** Look-up: y = 1 where x = 0, else 0. */
export interface IsZeroNode extends NodeBase {
  readonly kind: "lookup";
  readonly op: "isZero";
  readonly input: TensorId;
}

export const isZero: NodeDefinition<IsZeroNode> = {
  kind: "lookup",
  op: "isZero",
  fields: { input: "operand" },

  derive(_, [x]) {
    const { shape, lo, hi } = x as Operand;
    return {
      shape,
      lo: lo === 0n && hi === 0n ? 1n : 0n,
      hi: lo <= 0n && hi >= 0n ? 1n : 0n,
      magnitude: max(1n, magnitudeOf({ lo, hi })),
    };
  },

  exponent: () => 0,
  evaluate: (_, [x]) => (x as Float64Array).map((v) => (v === 0 ? 1 : 0)),
  evaluateExact: (_, [x]) => (x as BigInt64Array).map((v) => (v === 0n ? 1n : 0n)),
};
