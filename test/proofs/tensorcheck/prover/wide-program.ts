// SPDX-License-Identifier: GPL-3.0-or-later
// Witness columns of every width, each equal to a column of the key.
import type { KeySpecs } from "../../../../verifier/proofs/tensorcheck/encode.ts";
import {
  atR,
  type Cells,
  type Column,
  type Factor,
  type Program,
} from "../../../../verifier/proofs/tensorcheck/program.ts";
import { SCALAR_FIELD } from "../../../../verifier/tensor/packing.ts";

const WIDTHS: readonly Cells[] = [
  Int8Array.of(1, -2, 127, -128),
  Int32Array.of(2 ** 31 - 1, -(2 ** 31), 0, 3),
  Float64Array.of(2 ** 52 + 1, -(2 ** 52) - 1, 2 ** 31, -1),
  BigInt64Array.of(2n ** 62n, -(2n ** 62n), 1n, -1n),
  [SCALAR_FIELD - 1n, SCALAR_FIELD / 3n, 0n, 2n ** 200n],
];

/** A number in, which nothing reads, and a 0 out. */
export const WIDE_SPECS: KeySpecs = {
  inputs: [{ shape: [1], type: "u8", exponent: 0, lo: 0, hi: 1 }],
  outputs: [{ shape: [1], type: "u8", exponent: 0, lo: 0, hi: 1 }],
};

export function wideProgram(): Program {
  const read = (column: Column): Factor => ({ kind: "column", column, coordinates: [atR(1), atR(0)] });
  const pairs = WIDTHS.map((cells, i) => ({
    pre: { class: "pre", name: `key ${i}`, bits: 2, cells } satisfies Column,
    wit: { class: "wit", name: `witness ${i}`, bits: 2 } satisfies Column,
    cells,
  }));
  return {
    columns: pairs.flatMap(({ pre, wit }) => [pre, wit]),
    blocks: [
      {
        name: "equal",
        variables: 2,
        eq: true,
        terms: pairs.flatMap(({ pre, wit }, i) => [
          { equation: i + 1, coefficient: 1n, factors: [read(wit)] },
          { equation: i + 1, coefficient: -1n, factors: [read(pre)] },
        ]),
        lookups: [],
      },
    ],
    // The first equation's sum, 0, is the output.
    outputs: [{ equation: 1, axes: [] }],
    equations: pairs.length,
    witness: () => new Map(pairs.map(({ wit, cells }) => [wit, cells])),
  };
}
