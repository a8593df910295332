// SPDX-License-Identifier: GPL-3.0-or-later
// A program by hand that has some of everything: y = relu(W x + b) of three outputs, by a look-up.
import { placeColumns } from "../../../verifier/proofs/tensorcheck/place.ts";
import { numberProgram } from "../../../verifier/proofs/tensorcheck/number.ts";
import type { NumberedProgram } from "../../../verifier/proofs/tensorcheck/numbered.ts";
import type { KeySpecs } from "../../../verifier/proofs/tensorcheck/encode.ts";
import {
  atR,
  atRho,
  type Axis,
  type Cells,
  type Column,
  type Factor,
  type Program,
} from "../../../verifier/proofs/tensorcheck/program.ts";

const WEIGHTS = [3, -1, 2, 0, -2, 1, 1, 0, 0, -3, 2, 0];
const BIASES = [1, -2, 0];
/** relu over z + 32 in 0..63 */
const TABLE = Array.from({ length: 64 }, (_, i) => Math.max(0, i - 32));
const TAG = 5n;

export const SPECS: KeySpecs = {
  inputs: [{ shape: [3], type: "u8", exponent: 0, lo: 0, hi: 7 }],
  outputs: [{ shape: [3], type: "u8", exponent: 0, lo: 0, hi: 60 }],
};

export interface Tiny {
  readonly program: Program;
  readonly columns: Readonly<Record<"z" | "y" | "count" | "help" | "tableHelp" | "weights", Column>>;
  readonly output: number[];
}

/** The program, and its witness and output for an input of three values. */
export function tiny(input: readonly number[]): Tiny {
  const own = (bits: number): number[] => Array.from({ length: bits }, (_, i) => atR(bits - 1 - i));
  const rho = [atRho(1), atRho(0)];
  const weights: Column = {
    class: "pre",
    name: "weights",
    bits: 4,
    cells: Int8Array.from({ length: 16 }, (_, i) => WEIGHTS[i] ?? 0),
  };
  const biases: Column = { class: "pre", name: "biases", bits: 2, cells: Int8Array.from([...BIASES, 0]) };
  const table: Column = { class: "pre", name: "relu", bits: 6, cells: Int16Array.from(TABLE) };
  const wit = (name: string, bits: number): Column => ({ class: "wit", name, bits });
  const [z, y, count] = [wit("z", 2), wit("y", 2), wit("count", 6)];
  const help: Column = { class: "help", name: "look-ups", bits: 2 };
  const tableHelp: Column = { class: "help", name: "table", bits: 6 };
  const column = (of: Column, coordinates = own(of.bits)): Factor => ({ kind: "column", column: of, coordinates });
  const axes = (coordinates: readonly number[]): Axis[] => [{ size: 3, coordinates }];
  const select: Factor = { kind: "select", axes: [{ size: 3, run: { low: atR(0), bits: 2 } }] };
  const program: Program = {
    columns: [weights, biases, table, z, y, count, help, tableHelp],
    blocks: [
      {
        name: "product",
        variables: 2,
        eq: false,
        terms: [
          {
            equation: 1,
            coefficient: 1n,
            factors: [column(weights, [...rho, ...own(2)]), { kind: "input", port: 0, axes: axes(own(2)) }],
          },
        ],
        lookups: [],
      },
      {
        name: "biases",
        variables: 0,
        eq: false,
        terms: [{ equation: 1, coefficient: 1n, factors: [column(biases, rho)] }],
        lookups: [],
      },
      {
        name: "activation",
        variables: 2,
        eq: true,
        terms: [
          { equation: 1, coefficient: -1n, factors: [column(z)] },
          { equation: 2, coefficient: 1n, factors: [column(y), select] },
        ],
        lookups: [
          {
            equation: 3,
            help,
            fractions: [
              {
                numerator: select,
                negative: false,
                linear: [
                  { power: 0, coefficient: TAG },
                  { power: 1, coefficient: 1n, value: column(z) },
                  { power: 1, coefficient: 32n },
                  { power: 2, coefficient: 1n, value: column(y) },
                ],
              },
            ],
          },
        ],
      },
      {
        name: "table",
        variables: 6,
        eq: true,
        terms: [],
        lookups: [
          {
            equation: 4,
            help: tableHelp,
            fractions: [
              {
                numerator: column(count),
                negative: true,
                linear: [
                  {
                    power: 0,
                    coefficient: 1n,
                    value: { kind: "steps", run: { low: atR(0), bits: 6 }, steps: [{ bits: 6, index: 0, value: TAG }] },
                  },
                  { power: 1, coefficient: 1n, value: { kind: "index", run: { low: atR(0), bits: 6 } } },
                  { power: 2, coefficient: 1n, value: column(table) },
                ],
              },
            ],
          },
        ],
      },
    ],
    outputs: [{ equation: 2, axes: axes(rho) }],
    equations: 4,
    witness: () => cells,
  };
  const sums = BIASES.map((bias, o) => input.reduce((sum, x, j) => sum + (WEIGHTS[4 * o + j] as number) * x, bias));
  const output = sums.map((sum) => TABLE[sum + 32] as number);
  const counts = new Int32Array(64);
  for (const sum of sums) counts[sum + 32] = (counts[sum + 32] as number) + 1;
  const cells = new Map<Column, Cells>([
    [z, Int32Array.from([...sums, 0])],
    [y, Int32Array.from([...output, 0])],
    [count, counts],
  ]);
  return { program, columns: { z, y, count, help, tableHelp, weights }, output };
}

/** Numbered for chunks of 2^n cells. */
export const numberTiny = ({ program }: Tiny, n: number): NumberedProgram =>
  numberProgram(program, placeColumns(program, n));
