// SPDX-License-Identifier: GPL-3.0-or-later
// A grouped convolution by hand: two groups of two channels, 3 x 3 taps, 5 x 5 cells with pads of 1 around, stride 2 across.
import {
  atR,
  atRho,
  type Axis,
  type Cells,
  type Column,
  type Coordinate,
  type Factor,
  type Program,
} from "../../../../verifier/proofs/tensorcheck/program.ts";
import type { KeySpecs } from "../../../../verifier/proofs/tensorcheck/encode.ts";

const [GROUPS, OUTS, CHANNELS, TAPS, SIDE] = [2, 2, 2, 3, 5];
const STRIDE = { y: 1, x: 2 };
const OUT = { y: 5, x: 3 };

export const CONVOLUTION_SPECS: KeySpecs = {
  inputs: [{ shape: [GROUPS, CHANNELS, SIDE, SIDE], type: "i8", exponent: 0, lo: -9, hi: 9 }],
  outputs: [{ shape: [GROUPS, OUTS, OUT.y, OUT.x], type: "i16", exponent: 0, lo: -9999, hi: 9999 }],
};

export interface ConvolutionProgram {
  readonly program: Program;
  readonly input: Float64Array;
  readonly output: Float64Array;
}

/** y = W * x by definition, and the program that says so. */
export function convolutionProgram(draw: (lo: number, hi: number) => number): ConvolutionProgram {
  const weights = new Int8Array(2 ** 7); // g, m, c, ky (2), kx (2)
  const input = Float64Array.from({ length: GROUPS * CHANNELS * SIDE * SIDE }, () => draw(-9, 9));
  const cells = new Int32Array(2 ** 7); // g, m, y (3), x (2)
  const output: number[] = [];
  for (let g = 0; g < GROUPS; g++)
    for (let m = 0; m < OUTS; m++)
      for (let c = 0; c < CHANNELS; c++)
        for (let ky = 0; ky < TAPS; ky++)
          for (let kx = 0; kx < TAPS; kx++) weights[((g * OUTS + m) * CHANNELS + c) * 16 + ky * 4 + kx] = draw(-99, 99);
  for (let g = 0; g < GROUPS; g++)
    for (let m = 0; m < OUTS; m++)
      for (let py = 0; py < OUT.y; py++)
        for (let px = 0; px < OUT.x; px++) {
          let sum = 0;
          for (let c = 0; c < CHANNELS; c++)
            for (let ky = 0; ky < TAPS; ky++)
              for (let kx = 0; kx < TAPS; kx++) {
                const [qy, qx] = [STRIDE.y * py + ky - 1, STRIDE.x * px + kx - 1];
                if (qy < 0 || qx < 0 || qy >= SIDE || qx >= SIDE) continue;
                const weight = weights[((g * OUTS + m) * CHANNELS + c) * 16 + ky * 4 + kx] as number;
                sum += weight * (input[((g * CHANNELS + c) * SIDE + qy) * SIDE + qx] as number);
              }
          cells[(g * OUTS + m) * 32 + py * 4 + px] = sum;
          output.push(sum);
        }
  // r: qx 0..2, qy 3..5, c 6, g 7, kx 8..9, ky 10..11; ρ: px 0..1, py 2..4, m 5, g 6.
  const run = (from: (t: number) => Coordinate, low: number, bits: number): Coordinate[] =>
    Array.from({ length: bits }, (_, i) => from(low + bits - 1 - i));
  const W: Column = { class: "pre", name: "weights", bits: 7, cells: weights };
  const y: Column = { class: "wit", name: "y", bits: 7 };
  const window = (axis: "y" | "x", p: number, k: number, q: number): Factor => ({
    kind: "window",
    positions: OUT[axis],
    taps: TAPS,
    size: SIDE,
    stride: STRIDE[axis],
    dilation: 1,
    pad: 1,
    p: { low: atRho(p), bits: axis === "y" ? 3 : 2 },
    k: { low: atR(k), bits: 2 },
    q: { low: atR(q), bits: 3 },
  });
  // Operand and weights of one group: a window of one tap is eq over real positions.
  const sameGroup: Factor = {
    ...{ kind: "window", positions: GROUPS, taps: 1, size: GROUPS, stride: 1, dilation: 1, pad: 0 },
    ...{ p: { low: atRho(6), bits: 1 }, k: { low: 0, bits: 0 }, q: { low: atR(7), bits: 1 } },
  };
  const axes: Axis[] = [
    { size: GROUPS, coordinates: [atR(7)] },
    { size: CHANNELS, coordinates: [atR(6)] },
    { size: SIDE, coordinates: run(atR, 3, 3) },
    { size: SIDE, coordinates: run(atR, 0, 3) },
  ];
  const outAxes: Axis[] = [
    { size: GROUPS, coordinates: [atRho(6)] },
    { size: OUTS, coordinates: [atRho(5)] },
    { size: OUT.y, coordinates: run(atRho, 2, 3) },
    { size: OUT.x, coordinates: run(atRho, 0, 2) },
  ];
  const program: Program = {
    columns: [W, y],
    blocks: [
      {
        name: "convolution",
        variables: 12,
        eq: false,
        terms: [
          {
            equation: 1,
            coefficient: 1n,
            factors: [
              {
                kind: "column",
                column: W,
                coordinates: [atR(7), atRho(5), atR(6), ...run(atR, 10, 2), ...run(atR, 8, 2)],
              },
              window("y", 2, 10, 3),
              window("x", 0, 8, 0),
              sameGroup,
              { kind: "input", port: 0, axes },
            ],
          },
        ],
        lookups: [],
      },
      {
        name: "y",
        variables: 7,
        eq: true,
        terms: [
          { equation: 1, coefficient: -1n, factors: [{ kind: "column", column: y, coordinates: run(atR, 0, 7) }] },
          { equation: 2, coefficient: 1n, factors: [{ kind: "column", column: y, coordinates: run(atR, 0, 7) }] },
        ],
        lookups: [],
      },
    ],
    outputs: [{ equation: 2, axes: outAxes }],
    equations: 2,
    witness: () => new Map<Column, Cells>([[y, cells]]),
  };
  return { program, input, output: Float64Array.from(output) };
}
