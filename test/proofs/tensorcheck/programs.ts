// SPDX-License-Identifier: GPL-3.0-or-later
// Programs made by hand.
import type { Values } from "../../../verifier/graph/execute.ts";
import { atR, atRho, type Column, type Factor, type Program } from "../../../verifier/proofs/tensorcheck/program.ts";
import type { TensorSpec } from "../../../verifier/tensor/spec.ts";

/** A factor that reads a column at its own point. */
export const own = (column: Column): Factor => ({
  kind: "column",
  column,
  coordinates: Array.from({ length: column.bits }, (_, i) => atR(column.bits - 1 - i)),
});

/** y = W x, each y in 0..3 by a look-up in a table of four rows; x has 3 values, y has 2. */
export function tinyProgram(): Program {
  const weights: Column = { class: "pre", name: "W", bits: 3, cells: Int8Array.of(1, 0, 1, 0, 0, 1, 0, 0) };
  const y: Column = { class: "wit", name: "y", bits: 1 };
  const multiplicity: Column = { class: "wit", name: "m", bits: 2 };
  const h: Column = { class: "help", name: "h", bits: 1 };
  const g: Column = { class: "help", name: "g", bits: 2 };
  const select: Factor = { kind: "select", axes: [{ size: 2, run: { low: atR(0), bits: 1 } }] };
  const index: Factor = { kind: "index", run: { low: atR(0), bits: 2 } };
  return {
    columns: [y, weights, h, multiplicity, g],
    blocks: [
      {
        name: "linear",
        variables: 2,
        eq: false,
        terms: [
          {
            equation: 1,
            coefficient: 1n,
            factors: [
              { kind: "column", column: weights, coordinates: [atRho(0), atR(1), atR(0)] },
              { kind: "input", port: 0, axes: [{ size: 3, coordinates: [atR(1), atR(0)] }] },
            ],
          },
        ],
        lookups: [],
      },
      {
        name: "y",
        variables: 1,
        eq: true,
        terms: [
          { equation: 1, coefficient: -1n, factors: [own(y), select] },
          { equation: 2, coefficient: 1n, factors: [own(y)] },
        ],
        lookups: [
          {
            equation: 3,
            help: h,
            fractions: [
              {
                negative: false,
                linear: [
                  { power: 0, coefficient: 300n },
                  { power: 1, coefficient: 1n, value: own(y) },
                ],
              },
            ],
          },
        ],
      },
      {
        name: "table",
        variables: 2,
        eq: true,
        terms: [],
        lookups: [
          {
            equation: 4,
            help: g,
            fractions: [
              {
                numerator: own(multiplicity),
                negative: true,
                linear: [
                  { power: 0, coefficient: 300n },
                  { power: 1, coefficient: 1n, value: index },
                ],
              },
            ],
          },
        ],
      },
    ],
    outputs: [{ equation: 2, axes: [{ size: 2, coordinates: [atRho(0)] }] }],
    equations: 4,
    witness: (trace: readonly Values[]) => {
      const values = trace[1] as Float64Array;
      const counts = [0, 1, 2, 3].map((row) => values.filter((value) => value === row).length);
      return new Map([
        [y, values],
        [multiplicity, Float64Array.from(counts)],
      ]);
    },
  };
}

export const TINY_SPECS: { readonly inputs: readonly TensorSpec[]; readonly outputs: readonly TensorSpec[] } = {
  inputs: [{ shape: [3], type: "u8", exponent: 0, lo: 0, hi: 1 }],
  outputs: [{ shape: [2], type: "u8", exponent: 0, lo: 0, hi: 3 }],
};
