// SPDX-License-Identifier: GPL-3.0-or-later
// What a key of tensorcheck can hold, thing by thing: programs that consist of one thing many times.
import type { Key } from "../../verifier/proofs/tensorcheck/verify/key.ts";
import { sizeOf, TENSOR_TYPES, type TensorType } from "../../verifier/tensor/spec.ts";
import { BASE, claim, many, NONE, spec, type Program } from "./verification-cost.ts";

const DRAWN: Program = { ...BASE, K: 30, R: 30 };
const LARGE: Program = { ...DRAWN, n: 18 };

const rho = (bits: number): Uint8Array => Uint8Array.from(many(bits, (i) => 0x40 + bits - 1 - i));
const run = (low: number, bits: number) => ({ low, bits });
export const termsOf = (count: number, factors: number, equation: (i: number) => number): Program["blocks"] => [
  {
    ...{ variables: 1, eq: true, lookups: [] },
    terms: many(count, (i) => ({
      equation: equation(i),
      coefficient: factors === 0 ? 0n : 1n,
      factors: many(factors, () => 0),
    })),
  },
];
const linear = { power: 1, coefficient: -1n, value: 0, mask: 0 };
export const lookupsOf = (count: number, fractions: number, terms: number): Program["blocks"] => [
  {
    ...{ variables: 1, eq: true, terms: [] },
    lookups: many(count, (i) => ({
      equation: 1 + i,
      help: 0,
      fractions: many(fractions, () => ({ numerator: 0, negative: true, linear: many(terms, () => linear) })),
    })),
  },
];
const axesOf = (shape: readonly number[]) =>
  shape.map((size) => ({ size, coordinates: rho(Math.ceil(Math.log2(size))) }));
const ones = (count: number, bits: number) =>
  many(count, () => ({ size: 1, coordinates: new Uint8Array(bits).fill(0x40) }));
/** Less than the whole range of each type, which has to be looked at. */
const NARROWER: Readonly<Record<TensorType, number>> = { i8: 28, u8: 239, i16: 31_000, u16: 64_535, i32: 2 ** 30 };
const readingOf = (shape: readonly number[], type: TensorType, narrower = 0): Program => ({
  ...DRAWN,
  inputs: [spec([sizeOf(shape)], type, narrower)],
  publics: [{ port: 0, axes: axesOf(shape) }],
});
/** An output at ρ. */
const writingOf = (shape: readonly number[], type: TensorType, narrower = 0): Program => ({
  ...DRAWN,
  outputSpecs: [spec([sizeOf(shape)], type, narrower)],
  outputs: [{ equation: 1, axes: axesOf(shape) }],
});
const withStructured = (structured: Program["structured"]): readonly [Program, Program] => [
  DRAWN,
  { ...DRAWN, structured },
];
const window: Extract<Key["structured"][number], { kind: "window" }> = {
  kind: "window",
  ...{ positions: 256, taps: 2, size: 65_536, stride: 250, dilation: 1, pad: 0 },
  ...{ p: run(0, 8), k: run(12, 1), q: run(0x40, 16) },
};
/** One tap at one position: tables of one entry each. */
const thin = { ...window, positions: 1, taps: 1, size: 1, stride: 1, p: run(0, 30), k: run(0, 30), q: run(0x40, 30) };
/** A folded entity of 2^upper chunks, `count` times. */
const foldsOf = (count: number, upper: number): readonly [Program, Program] => {
  const of = { ...DRAWN, chunks: { pre: 0, wit: 2 ** upper, help: 0 } };
  const fold = { chunk: 0, upper: new Uint8Array(upper).fill(0x40), claims: [] };
  return [of, { ...of, entities: many(count, () => fold) }];
};
const pickOf = (positions: number, bits: number) =>
  ({
    kind: "pick",
    p: run(0, Math.log2(positions)),
    q: run(0x40, bits),
    entries: many(positions, (i) => (7 * i) % 2 ** bits),
  }) as const;

/** What it consists of, besides `of`. */
export const ITEMS: Readonly<Record<string, readonly [of: Program, program: Program]>> = {
  "coordinates of s": [BASE, { ...BASE, n: 18 }],
  "coordinates of r and ρ": [BASE, DRAWN],
  "coefficients of rounds": [DRAWN, { ...DRAWN, D: 6 }],
  "pre chunks": [BASE, { ...BASE, chunks: { pre: 200, wit: 1, help: 0 } }],
  "wit chunks, an entity each": [
    BASE,
    {
      ...BASE,
      chunks: { pre: 0, wit: 200, help: 0 },
      entities: many(200, (chunk) => ({ chunk, upper: NONE, claims: [claim] })),
    },
  ],
  "entities without claims": [BASE, { ...BASE, entities: many(2_000, () => ({ chunk: 0, upper: NONE, claims: [] })) }],
  "folds of 256 chunks": [
    { ...BASE, chunks: { pre: 0, wit: 256, help: 0 } },
    {
      ...BASE,
      chunks: { pre: 0, wit: 256, help: 0 },
      entities: many(40, () => ({ chunk: 0, upper: new Uint8Array(8).fill(0x40), claims: [claim] })),
    },
  ],
  "claims at coordinates": [
    LARGE,
    {
      ...LARGE,
      entities: [{ chunk: 0, upper: NONE, claims: many(500, () => ({ bits: 18, block: 0, coordinates: rho(18) })) }],
    },
  ],
  "claims at an index": [
    LARGE,
    {
      ...LARGE,
      entities: [{ chunk: 0, upper: NONE, claims: many(500, (i) => ({ bits: 0, block: 7 * i, coordinates: NONE })) }],
    },
  ],
  blocks: [BASE, { ...BASE, blocks: many(2_000, () => ({ variables: 1, eq: true, terms: [], lookups: [] })) }],
  "terms without factors": [BASE, { ...BASE, blocks: termsOf(2_000, 0, () => 1) }],
  "terms of a factor": [BASE, { ...BASE, blocks: termsOf(2_000, 1, () => 1) }],
  "terms of a factor, an equation each": [BASE, { ...BASE, blocks: termsOf(2_000, 1, (i) => i + 1) }],
  "terms of a factor, the last equation first": [BASE, { ...BASE, blocks: termsOf(2_000, 1, (i) => 2_000 - i) }],
  "terms of three factors": [BASE, { ...BASE, blocks: termsOf(2_000, 3, () => 1) }],
  "look-ups of a fraction": [BASE, { ...BASE, blocks: lookupsOf(1_000, 1, 0) }],
  "look-ups of three fractions": [BASE, { ...BASE, blocks: lookupsOf(1_000, 3, 0) }],
  "linear terms": [BASE, { ...BASE, blocks: lookupsOf(100, 1, 30) }],
  "axes of one index": [BASE, { ...BASE, publics: [{ port: 0, axes: ones(255, 30) }] }],
  "publics of the last of 16 inputs": [
    BASE,
    {
      ...BASE,
      inputs: many(16, () => spec([1, 1, 1, 1, 1, 1, 1, 1])),
      publics: many(100, () => ({ port: 15, axes: [] })),
    },
  ],
  "publics of two values": [
    BASE,
    { ...BASE, inputs: [spec([2])], publics: many(300, () => ({ port: 0, axes: axesOf([2]) })) },
  ],
  ...Object.fromEntries(
    TENSOR_TYPES.flatMap((type) =>
      [[4096], [32, 65], [100, 81], [63], [33], [3, 33], [1365, 3], [2, 3, 2, 3, 2, 3, 2, 3, 2], [5, 5, 5, 5, 5]].map(
        (shape): [string, readonly [Program, Program]] => [
          `${type} ${shape.join("x")}`,
          [DRAWN, readingOf(shape, type)],
        ],
      ),
    ),
  ),
  "a window by table": [
    DRAWN,
    {
      ...DRAWN,
      structured: [
        {
          ...window,
          positions: 4096,
          taps: 9,
          size: 4096,
          stride: 1,
          pad: 4,
          p: run(0, 12),
          k: run(12, 4),
          q: run(0x40, 12),
        },
      ],
    },
  ],
  "a window of many indices": [
    DRAWN,
    { ...DRAWN, structured: [{ ...window, size: 8192, stride: 60, q: run(0x40, 13) }] },
  ],
  "a window without a table": [DRAWN, { ...DRAWN, structured: [window] }],
  "a window without a table, of 30 bits": [
    DRAWN,
    {
      ...DRAWN,
      structured: [
        { ...window, positions: 1024, taps: 1, size: 2 ** 30, p: run(0, 10), k: run(12, 0), q: run(0x40, 30) },
      ],
    },
  ],
  "a pick of few": [DRAWN, { ...DRAWN, structured: [pickOf(256, 8)] }],
  "a pick of a third of a table": [DRAWN, { ...DRAWN, structured: [pickOf(4096, 14)] }],
  "a pick of an eighth of a table": [DRAWN, { ...DRAWN, structured: [pickOf(4096, 15)] }],
  "a pick without a table": [DRAWN, { ...DRAWN, structured: [pickOf(256, 24)] }],
  "steps of 30 bits": [
    DRAWN,
    {
      ...DRAWN,
      structured: [
        { kind: "steps", run: run(0, 30), steps: many(300, () => ({ bits: 0, index: 5, value: 1n, coefficient: 1n })) },
      ],
    },
  ],
  "selects of 30 bits": [
    DRAWN,
    { ...DRAWN, structured: [{ kind: "select", axes: many(255, () => ({ size: 5, run: run(0, 30) })) }] },
  ],
  "indices of 30 bits": [
    DRAWN,
    { ...DRAWN, structured: many(300, () => ({ kind: "index" as const, run: run(0, 30) })) },
  ],
  ...Object.fromEntries(
    TENSOR_TYPES.flatMap((type) =>
      [[1], [7], [63], [32, 65], [4096], [16384]].flatMap((shape): [string, readonly [Program, Program]][] => [
        [`${type} ${shape.join("x")} of a narrow range`, [DRAWN, readingOf(shape, type, NARROWER[type])]],
        [`output ${type} ${shape.join("x")}`, [DRAWN, writingOf(shape, type)]],
        [`output ${type} ${shape.join("x")} of a narrow range`, [DRAWN, writingOf(shape, type, NARROWER[type])]],
      ]),
    ),
  ),
  ...Object.fromEntries(
    (["u8", "i16", "i32"] as const).flatMap((type) =>
      [
        [300, 33, 2],
        [300, 5, 17],
        [300, 5, 18],
        [300, 5, 21],
        [600, 3, 33],
        [200, 17, 7],

        [300, 9, 9],
        [200, 113],
        [60, 2, 2, 2, 2, 2, 2, 2],
        [1, 3, 1, 2500, 1],
      ].map((shape): [string, readonly [Program, Program]] => [
        `${type} ${shape.join("x")}`,
        [DRAWN, readingOf(shape, type)],
      ]),
    ),
  ),
  "u8 1000x65 of a narrow range": [DRAWN, readingOf([1000, 65], "u8", 239)],
  "i8 1000x65 of a narrow range": [DRAWN, readingOf([1000, 65], "i8", 28)],
  "an input that nothing reads": [DRAWN, { ...DRAWN, inputs: [spec([65_536])] }],
  "an input that nothing reads, of a narrow range": [DRAWN, { ...DRAWN, inputs: [spec([65_536], "u8", 239)] }],
  "an input of a megabyte that nothing reads": [DRAWN, { ...DRAWN, inputs: [spec([2 ** 20])] }],
  "an input of 600,000 bytes that nothing reads, of a narrow range": [
    DRAWN,
    { ...DRAWN, inputs: [spec([600_000], "u8", 239)] },
  ],
  "16 inputs of 8 axes that nothing reads": [
    DRAWN,
    { ...DRAWN, inputs: many(16, () => spec([1, 1, 1, 1, 1, 1, 1, 2], "u8", 239)) },
  ],
  "16 inputs of an axis that nothing reads": [DRAWN, { ...DRAWN, inputs: many(16, () => spec([1])) }],
  "16 outputs of the last equations": [
    { ...BASE, blocks: termsOf(1_000, 1, () => 1) },
    {
      ...BASE,
      outputSpecs: many(16, () => spec([1, 1, 1, 1, 1, 1, 1, 2], "i8", 28)),
      outputs: many(16, () => ({ equation: 1_011, axes: axesOf([2]) })),
      blocks: termsOf(1_000, 1, () => 1),
    },
  ],
  "20 publics of seven axes of two, of 30 bits": [
    DRAWN,
    {
      ...DRAWN,
      inputs: [spec([128])],
      publics: many(20, () => ({ port: 0, axes: many(7, () => ({ size: 2, coordinates: rho(30) })) })),
    },
  ],
  "20 publics of seven axes of two, of a bit": [
    DRAWN,
    {
      ...DRAWN,
      inputs: [spec([128])],
      publics: many(20, () => ({ port: 0, axes: many(7, () => ({ size: 2, coordinates: rho(1) })) })),
    },
  ],
  "publics of eight axes of mixed sizes": [
    DRAWN,
    {
      ...DRAWN,
      inputs: [spec([2520], "i8", 28)],
      publics: many(8, () => ({ port: 0, axes: axesOf([3, 1, 7, 2, 1, 5, 3, 4]) })),
    },
  ],
  "publics of an axis of two, of 30 bits": [
    DRAWN,
    {
      ...DRAWN,
      inputs: [spec([2])],
      publics: many(50, () => ({ port: 0, axes: [{ size: 2, coordinates: rho(30) }] })),
    },
  ],
  "publics of an axis of three, of 29 bits": [
    DRAWN,
    {
      ...DRAWN,
      inputs: [spec([3])],
      publics: many(50, () => ({ port: 0, axes: [{ size: 3, coordinates: rho(29) }] })),
    },
  ],
  "publics of 255 axes of one index without coordinates": [
    DRAWN,
    { ...DRAWN, publics: many(5, () => ({ port: 0, axes: ones(255, 0) })) },
  ],
  "publics of an axis of one index and a coordinate": [
    DRAWN,
    { ...DRAWN, publics: many(100, () => ({ port: 0, axes: ones(1, 1) })) },
  ],
  "folds of 2 chunks": foldsOf(1_000, 1),
  "folds of 4 chunks": foldsOf(1_000, 2),
  "folds of 8 chunks": foldsOf(300, 3),
  "a window of 2,048 taps at two positions": withStructured([
    { ...window, positions: 2, taps: 2048, size: 4096, stride: 1, p: run(0, 1), k: run(0, 11), q: run(0x40, 12) },
  ]),
  "a window of 2,048 taps at one position": withStructured([
    { ...window, positions: 1, taps: 2048, size: 4096, stride: 1, p: run(0, 0), k: run(0, 11), q: run(0x40, 12) },
  ]),
  "a window of 512 taps at 17 positions": withStructured([
    { ...window, positions: 17, taps: 512, size: 4096, stride: 1, p: run(0, 5), k: run(0, 9), q: run(0x40, 12) },
  ]),
  "a window of a tap at 5,000 positions": withStructured([
    { ...window, positions: 5000, taps: 1, size: 8192, stride: 1, p: run(0, 13), k: run(0, 0), q: run(0x40, 13) },
  ]),
  "a window of a tap at 3,000 positions of stride 3": withStructured([
    {
      ...window,
      positions: 3000,
      taps: 1,
      size: 8192,
      stride: 3,
      pad: 700,
      p: run(0, 13),
      k: run(0, 0),
      q: run(0x40, 13),
    },
  ]),
  "a window of three taps, dilated": withStructured([
    {
      ...window,
      positions: 1000,
      taps: 3,
      size: 8192,
      stride: 1,
      dilation: 2500,
      p: run(0, 10),
      k: run(0, 2),
      q: run(0x40, 13),
    },
  ]),
  "a window of stride 0": withStructured([
    { ...window, positions: 4096, taps: 1, size: 1, stride: 0, p: run(0, 12), k: run(0, 0), q: run(0x40, 0) },
  ]),
  "a window that is mostly padding": withStructured([
    {
      ...window,
      positions: 4096,
      taps: 1,
      size: 16,
      stride: 1,
      pad: 2048,
      p: run(0, 12),
      k: run(0, 0),
      q: run(0x40, 4),
    },
  ]),
  "thin windows by table, of 30 bits": withStructured(many(100, () => thin)),
  "thin windows by table, p of 30 bits": withStructured(many(100, () => ({ ...thin, k: run(0, 0), q: run(0, 0) }))),
  "thin windows by table, k of 30 bits": withStructured(many(100, () => ({ ...thin, p: run(0, 0), q: run(0, 0) }))),
  "thin windows by table, q of 29 bits": withStructured(
    many(100, () => ({ ...thin, p: run(0, 0), k: run(0, 0), q: run(0, 29) })),
  ),
  "thin windows by table, of a bit each": withStructured(
    many(300, () => ({ ...thin, p: run(0, 1), k: run(0, 1), q: run(0, 1) })),
  ),
  "windows that read nothing": withStructured(many(300, () => ({ ...thin, pad: 5 }))),
  "thin windows by index": withStructured(
    many(50, () => ({
      ...window,
      positions: 1,
      taps: 1,
      size: 2,
      stride: 4000,
      p: run(0, 1),
      k: run(0, 1),
      q: run(0x40, 1),
    })),
  ),
  "thin windows by index, without bits": withStructured(
    many(300, () => ({
      ...window,
      positions: 1,
      taps: 1,
      size: 1,
      stride: 4000,
      p: run(0, 0),
      k: run(0, 0),
      q: run(0x40, 0),
    })),
  ),
  "thin windows by index, of 30 bits": withStructured(many(100, () => ({ ...thin, stride: 4000 }))),
  "windows by index, of 30 taps": withStructured(
    many(10, () => ({
      ...window,
      positions: 1,
      taps: 30,
      size: 2 ** 30,
      stride: 10_000,
      p: run(0, 0),
      k: run(0, 5),
      q: run(0x40, 30),
    })),
  ),
  "windows by table that read almost nothing": withStructured(
    many(10, () => ({
      ...{ ...window, positions: 367, taps: 5, size: 1, stride: 50, dilation: 70, pad: 9 },
      ...{ p: run(0, 27), k: run(0, 27), q: run(0x40, 0) },
    })),
  ),
  "a pick without bits, of many positions": withStructured([
    { kind: "pick", p: run(0, 12), q: run(0x40, 0), entries: many(4_000, () => 0) },
  ]),
  "publics of seven axes of any bits": [
    DRAWN,
    {
      ...DRAWN,
      inputs: [spec([64], "i8", 124)],
      publics: many(20, () => ({
        port: 0,
        axes: [...ones(1, 0), ...[30, 23, 1, 1, 26, 1].map((bits) => ({ size: 2, coordinates: rho(bits) }))],
      })),
    },
  ],
  "thin picks, p of 30 bits": withStructured(
    many(200, () => ({ kind: "pick" as const, p: run(0, 30), q: run(0, 0), entries: [0] })),
  ),
  "thin picks, p of 29 bits, q by index of 30": withStructured(
    many(200, () => ({ kind: "pick" as const, p: run(0, 29), q: run(0x40, 30), entries: [5] })),
  ),
  "picks of two by table": withStructured(
    many(300, () => ({ kind: "pick" as const, p: run(0, 1), q: run(0x40, 1), entries: [0, 1] })),
  ),
  "picks without bits": withStructured(
    many(300, () => ({ kind: "pick" as const, p: run(0, 0), q: run(0x40, 0), entries: [0] })),
  ),
  "a pick of an eighth of its table": withStructured([pickOf(512, 12)]),
  "selects of nothing": withStructured(many(500, () => ({ kind: "select" as const, axes: [] }))),
  "selects of 30 ones": withStructured([
    { kind: "select", axes: many(255, () => ({ size: 2 ** 30 - 1, run: run(0, 30) })) },
  ]),
  "selects of a bit": withStructured([{ kind: "select", axes: many(255, () => ({ size: 1, run: run(0, 1) })) }]),
  "steps of no bits": withStructured([
    { kind: "steps", run: run(0, 0), steps: many(300, () => ({ bits: 0, index: 0, value: 1n, coefficient: 1n })) },
  ]),
  "steps of no steps": withStructured(many(300, () => ({ kind: "steps" as const, run: run(0, 30), steps: [] }))),
  "indices of no bits": withStructured(many(300, () => ({ kind: "index" as const, run: run(0, 0) }))),
  "the most of all points": [BASE, { ...BASE, n: 18, K: 30, R: 30, D: 6 }],
  "points without r": [BASE, { ...BASE, n: 18, K: 0, R: 30, D: 6 }],
  "points without ρ": [BASE, { ...BASE, n: 18, K: 30, R: 0, D: 6 }],
  "help chunks": [BASE, { ...BASE, chunks: { pre: 0, wit: 1, help: 200 } }],
};
