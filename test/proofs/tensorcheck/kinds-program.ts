// SPDX-License-Identifier: GPL-3.0-or-later
// A program by hand with every kind of value, three fractions in one look-up, masks, every power of β, and two ports each way.
import type { KeySpecs } from "../../../verifier/proofs/tensorcheck/encode.ts";
import {
  atR,
  atRho,
  type Block,
  type Cells,
  type Column,
  type ColumnClass,
  type Coordinate,
  type Factor,
  type Fraction,
  type Program,
  type Run,
} from "../../../verifier/proofs/tensorcheck/program.ts";

export const KINDS_SPECS: KeySpecs = {
  inputs: [
    { shape: [3], type: "i8", exponent: 2, lo: -9, hi: 9 },
    { shape: [2, 2], type: "u16", exponent: 0, lo: 0, hi: 1000 },
  ],
  outputs: [
    { shape: [2, 2], type: "i32", exponent: 2, lo: -1000, hi: 1000 },
    { shape: [3], type: "i16", exponent: 2, lo: -100, hi: 100 },
  ],
};

const TAPS = [4, -3];
const BIASES = [1, 0, -1, 2];
/** g = z[ENTRIES]: a permutation, so that both have the same values. */
const ENTRIES = [2, 0, 3, 1];
/** u[i] = i where i < 5, plus STEP on the cells 4..7, less 1 on cell 2 */
const STEP = 11;

const atOwn = (bits: number): Coordinate[] => Array.from({ length: bits }, (_, i) => atR(bits - 1 - i));
const run = (low: Coordinate, bits: number): Run => ({ low, bits });
const RHO = [atRho(1), atRho(0)];

export interface Kinds {
  readonly program: Program;
  readonly inputs: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
}

/** The program, and its witness and outputs for two inputs of three and four values. */
export function kinds(x: readonly number[], t: readonly number[]): Kinds {
  const make = (kind: ColumnClass, name: string, bits: number, cells?: Cells): Column =>
    cells === undefined ? { class: kind, name, bits } : { class: kind, name, bits, cells };
  const taps = make("pre", "taps", 1, Int8Array.from(TAPS));
  const biases = make("pre", "biases", 2, Int8Array.from(BIASES));
  const [z, g, u] = [make("wit", "z", 2), make("wit", "g", 2), make("wit", "u", 3)];
  const [all, permuted] = [make("help", "h of z", 2), make("help", "h of g", 2)];
  const nothing = make("help", "h of u", 3);
  const at = (column: Column, coordinates = atOwn(column.bits)): Factor => ({ kind: "column", column, coordinates });
  const input = (port: number, axes: readonly (readonly [number, Coordinate[]])[]): Factor => ({
    kind: "input",
    port,
    axes: axes.map(([size, coordinates]) => ({ size, coordinates })),
  });
  const window: Factor = {
    kind: "window",
    ...{ positions: 4, taps: 2, size: 3, stride: 1, dilation: 2, pad: 1 },
    ...{ p: run(atRho(0), 2), k: run(atR(2), 1), q: run(atR(0), 2) },
  };
  const pick: Factor = { kind: "pick", entries: Int32Array.from(ENTRIES), p: run(atRho(0), 2), q: run(atR(0), 2) };
  const select: Factor = { kind: "select", axes: [{ size: 5, run: run(atR(0), 3) }] };
  const three: Factor = { kind: "select", axes: [{ size: 3, run: run(atR(0), 2) }] };
  const index: Factor = { kind: "index", run: run(atR(0), 3) };
  const steps: Factor = {
    kind: "steps",
    run: run(atR(0), 3),
    steps: [
      { bits: 2, index: 1, value: BigInt(STEP) },
      { bits: 0, index: 2, value: -1n },
    ],
  };
  /** Added once and taken away once, with every power of β. */
  const noise = (negative: boolean): Fraction => ({
    numerator: at(biases),
    negative,
    linear: [
      { power: 0, coefficient: 300n },
      { power: 1, coefficient: -5n, value: at(g) },
      { power: 2, coefficient: 1n, value: at(z) },
      { power: 3, coefficient: 2n ** 200n, mask: three },
    ],
  });
  /** As above, with a product. */
  const masked = (negative: boolean): Fraction => ({
    ...{ negative, numerator: at(u) },
    linear: [{ power: 1, coefficient: 3n, value: at(u), mask: select }],
  });
  const among = (column: Column, negative: boolean): Fraction => ({
    negative,
    linear: [{ power: 1, coefficient: 1n, value: at(column) }],
  });
  const block = (
    name: string,
    variables: number,
    eq: boolean,
    terms: Block["terms"],
    lookups: Block["lookups"] = [],
  ) => ({
    ...{ name, variables, eq },
    ...{ terms, lookups },
  });
  const blocks: Block[] = [
    block("conv", 3, false, [
      { equation: 1, coefficient: 1n, factors: [at(taps, [atR(2)]), window, input(0, [[3, atOwn(2)]])] },
    ]),
    block("biases", 0, false, [{ equation: 1, coefficient: 1n, factors: [at(biases, RHO)] }]),
    block(
      "z",
      2,
      true,
      [{ equation: 1, coefficient: -1n, factors: [at(z)] }],
      [{ equation: 3, help: all, fractions: [among(z, false), noise(false), noise(true)] }],
    ),
    block("gather", 2, false, [{ equation: 2, coefficient: 1n, factors: [pick, at(z)] }]),
    block(
      "g",
      2,
      true,
      [
        { equation: 2, coefficient: -1n, factors: [at(g)] },
        { equation: 6, coefficient: 1n, factors: [at(g)] },
        {
          equation: 6,
          coefficient: 7n,
          factors: [
            input(1, [
              [2, [atR(1)]],
              [2, [atR(0)]],
            ]),
          ],
        },
        { equation: 7, coefficient: 3n, factors: [input(0, [[3, atOwn(2)]]), three] },
      ],
      [{ equation: 4, help: permuted, fractions: [among(g, true)] }],
    ),
    block(
      "u",
      3,
      true,
      [
        { equation: 5, coefficient: 1n, factors: [index, select] },
        { equation: 5, coefficient: 1n, factors: [steps] },
        { equation: 5, coefficient: -1n, factors: [at(u)] },
      ],
      [{ equation: 8, help: nothing, fractions: [masked(false), masked(true)] }],
    ),
  ];

  const zs = BIASES.map((bias, p) => TAPS.reduce((sum, tap, k) => sum + tap * (x[p + 2 * k - 1] ?? 0), bias));
  const gs = ENTRIES.map((entry) => zs[entry] as number);
  const us = Array.from({ length: 8 }, (_, i) => (i < 5 ? i : 0) + (i >= 4 ? STEP : 0) - (i === 2 ? 1 : 0));
  const witness = new Map<Column, Cells>([
    [z, Int32Array.from(zs)],
    [g, Int32Array.from(gs)],
    [u, Int32Array.from(us)],
  ]);
  const program: Program = {
    columns: [taps, biases, z, g, u, all, permuted, nothing],
    blocks,
    outputs: [
      {
        equation: 6,
        axes: [
          { size: 2, coordinates: [atRho(1)] },
          { size: 2, coordinates: [atRho(0)] },
        ],
      },
      { equation: 7, axes: [{ size: 3, coordinates: RHO }] },
    ],
    equations: 8,
    witness: () => witness,
  };
  const outputs = [gs.map((value, i) => value + 7 * (t[i] as number)), x.map((value) => 3 * value)];
  return { program, inputs: [x, t], outputs };
}
