// SPDX-License-Identifier: GPL-3.0-or-later
// What a tensorcheck verification costs at the most, thing by thing: keys that consist of one thing many times, so that no bound
// that is too low hides behind another that is too high. Everything is zero, which costs what anything costs, and holds.
import { expect } from "chai";
import { keccak256 } from "ethers";
import { network } from "hardhat";
import { newGraphBuilder } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import { readUint } from "../../verifier/proofs/points.ts";
import { compileGraph } from "../../verifier/proofs/tensorcheck/compile.ts";
import { encodeKey } from "../../verifier/proofs/tensorcheck/encode.ts";
import type { NumberedProgram } from "../../verifier/proofs/tensorcheck/numbered.ts";
import { verificationCost } from "../../verifier/proofs/tensorcheck/verification-cost.ts";
import { parseTensorcheckKey, type Key } from "../../verifier/proofs/tensorcheck/verify/key.ts";
import { verify } from "../../verifier/proofs/tensorcheck/verify/verify.ts";
import { sizeOf, type TensorSpec, type TensorType } from "../../verifier/tensor/spec.ts";
import { errorOf } from "../helpers/errors.ts";
import { TAU, tau2Bytes } from "../proofs/tensorcheck/powers.ts";

type Contract = Awaited<ReturnType<Awaited<ReturnType<typeof network.create>>["ethers"]["deployContract"]>>;

const RANGES: Readonly<Record<TensorType, readonly [lo: number, hi: number, bytes: number]>> = {
  i8: [-(2 ** 7), 2 ** 7 - 1, 1],
  u8: [0, 2 ** 8 - 1, 1],
  i16: [-(2 ** 15), 2 ** 15 - 1, 2],
  u16: [0, 2 ** 16 - 1, 2],
  i32: [-(2 ** 31), 2 ** 31 - 1, 4],
};
const spec = (shape: readonly number[], type: TensorType = "u8"): TensorSpec => ({
  ...{ shape, type, exponent: 0 },
  ...{ lo: RANGES[type][0], hi: RANGES[type][1] },
});
const lengthOf = (specs: readonly TensorSpec[]): number =>
  specs.reduce((sum, { shape, type }) => sum + sizeOf(shape) * RANGES[type][2], 0);
const many = <T>(count: number, each: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => each(i));

/** A program without meaning: only its form counts. */
interface Program extends Pick<Key, "n" | "K" | "R" | "D" | "inputs" | "publics" | "structured" | "blocks"> {
  readonly chunks: { readonly pre: number; readonly wit: number; readonly help: number };
  readonly outputs: Key["outputPorts"];
  readonly entities: readonly {
    readonly chunk: number;
    readonly upper: Uint8Array;
    readonly claims: readonly Claim[];
  }[];
}

interface Claim {
  readonly bits: number;
  readonly block: number;
  readonly coordinates: Uint8Array;
}

const NONE = new Uint8Array();
const claim: Claim = { bits: 0, block: 0, coordinates: NONE };
const BASE: Program = {
  ...{ n: 1, K: 1, R: 1, D: 2, chunks: { pre: 0, wit: 1, help: 0 }, inputs: [spec([1])] },
  ...{ outputs: [{ equation: 1, axes: [] }], publics: [], structured: [], blocks: [] },
  entities: [{ chunk: 0, upper: NONE, claims: [claim] }],
};
const DRAWN: Program = { ...BASE, K: 30, R: 30 };
const LARGE: Program = { ...DRAWN, n: 18 };

const rho = (bits: number): Uint8Array => Uint8Array.from(many(bits, (i) => 0x40 + bits - 1 - i));
const run = (low: number, bits: number) => ({ low, bits });
const termsOf = (count: number, factors: number, equation: (i: number) => number): Program["blocks"] => [
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
const lookupsOf = (count: number, fractions: number, terms: number): Program["blocks"] => [
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
const readingOf = (shape: readonly number[], type: TensorType): Program => ({
  ...DRAWN,
  inputs: [spec([sizeOf(shape)], type)],
  publics: [{ port: 0, axes: axesOf(shape) }],
});
const window: Extract<Key["structured"][number], { kind: "window" }> = {
  kind: "window",
  ...{ positions: 256, taps: 2, size: 65_536, stride: 250, dilation: 1, pad: 0 },
  ...{ p: run(0, 8), k: run(12, 1), q: run(0x40, 16) },
};
const pickOf = (positions: number, bits: number) =>
  ({
    kind: "pick",
    p: run(0, Math.log2(positions)),
    q: run(0x40, bits),
    entries: many(positions, (i) => (7 * i) % 2 ** bits),
  }) as const;

/** What it consists of, besides `of`. */
const ITEMS: Readonly<Record<string, readonly [of: Program, program: Program]>> = {
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
    (["u8", "i8", "u16", "i16", "i32"] as const).flatMap((type) =>
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
};

describe("differential: what each part of a tensorcheck verification costs at the most", function () {
  this.timeout(600_000);
  let system: Contract;
  let probe: Contract;
  let tau2: Uint8Array;

  before(async () => {
    const { ethers } = await network.create();
    tau2 = await tau2Bytes(TAU);
    system = await ethers.deployContract("TensorcheckProofSystem", [[0, 1, 2, 3].map((i) => readUint(tau2, 32 * i))]);
    probe = await ethers.deployContract("GasProbe");
  });

  const keyOf = ({ n, chunks, inputs, ...program }: Program): Uint8Array =>
    encodeKey({
      specs: { inputs, outputs: [spec([1])] },
      numbered: { placement: { n, chunks }, ...program } as unknown as NumberedProgram,
      commitments: new Uint8Array(64 * chunks.pre),
      tau2,
    });

  /** Gas of a verification on the chain, and what it was said to be at the most. */
  async function costs(
    key: Uint8Array,
    inputs: readonly TensorSpec[],
    outputs: readonly TensorSpec[],
  ): Promise<{ readonly measured: number; readonly bound: number }> {
    const { gas, sealLength } = await verificationCost(key);
    const [input, output, seal] = [
      new Uint8Array(lengthOf(inputs)),
      new Uint8Array(lengthOf(outputs)),
      new Uint8Array(sealLength),
    ];
    const limit = { gasLimit: 2 ** 24 };
    await (await system.getFunction("registerKey")(key, limit)).wait();
    const args = [await system.getAddress(), keccak256(key), 5n, input, output, seal, limit];
    const measured = Number(await probe.getFunction("gasOfVerify").staticCall(...args));
    expect(await verify(key, { context: 5n, input, output }, seal, { setup: tau2 })).to.deep.equal({ ok: true });
    return { measured, bound: gas };
  }

  it("is no less than the chain takes, for each thing that a key can hold", async () => {
    const known = new Map<Program, { measured: number; bound: number }>();
    const costOf = async (program: Program): Promise<{ measured: number; bound: number }> => {
      const found = known.get(program) ?? (await costs(keyOf(program), program.inputs, [spec([1])]));
      known.set(program, found);
      return found;
    };
    for (const [what, [of, program]] of Object.entries(ITEMS)) {
      const [less, more] = [await costOf(of), await costOf(program)];
      expect(more.bound - less.bound, what).to.be.at.least(more.measured - less.measured);
      expect(more.bound, what).to.be.within(more.measured, 2 * more.measured);
    }
  });

  it("is no less than the chain takes for a graph that gathers far and wide", async () => {
    let state = 7;
    const random = (n: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const [size, positions] = [16_384, 4_096];
    const builder = newGraphBuilder();
    const x = builder.addInput("x", spec([1, size]));
    const gathers = many(3, (i) => {
      const indices = makeConstant(
        [1, positions],
        many(positions, () => random(size)),
      );
      const node = { kind: "index", op: "gather", from: ["g"], inputs: [x], indices, fill: 0n } as const;
      return builder.addNode(node, { name: `g${i}`, exponent: 0 });
    });
    const sum = builder.addNode(
      { kind: "linear", op: "weightedSum", from: ["s"], inputs: gathers, multipliers: [1n, 2n, 3n], constant: null },
      { name: "sum", exponent: 0 },
    );
    const weights = makeConstant(
      [1, positions],
      many(positions, () => random(255) - 127),
    );
    const y = builder.addNode(
      { kind: "linear", op: "fullyConnected", from: ["fc"], input: sum, weights, bias: null },
      { name: "y", exponent: 0 },
    );
    const { numbered, specs } = compileGraph(builder.finish([{ name: "y", tensor: y, type: "i32" }]));
    const commitments = new Uint8Array(64 * numbered.placement.chunks.pre);
    const { measured, bound } = await costs(
      encodeKey({ specs, numbered, commitments, tau2 }),
      specs.inputs,
      specs.outputs,
    );
    expect(measured, "more than a market gives").to.be.greaterThan(7_000_000);
    expect(bound).to.be.within(measured, 1.5 * measured);
  });

  it("cannot be driven up by the number of an equation: there are no more than terms, look-ups and outputs", async () => {
    const withLast = (last: number): Uint8Array =>
      keyOf({ ...BASE, blocks: [...termsOf(3, 1, () => 1), ...termsOf(1, 1, () => last), ...lookupsOf(1, 1, 0)] });
    // An output, four terms and a look-up.
    expect((await parseTensorcheckKey(withLast(6), tau2)).lastEquation).to.equal(6);
    await system.getFunction("registerKey").staticCall(withLast(6));
    for (const last of [7, 65_535]) {
      const error = await errorOf(parseTensorcheckKey(withLast(last), tau2));
      expect(error?.data).to.include({ fault: "MalformedKey", reason: 23 });
      await expect(system.getFunction("registerKey").staticCall(withLast(last)))
        .to.be.revertedWithCustomError(system, "MalformedKey")
        .withArgs(23);
    }
    const outputs = [{ equation: 7, axes: [] }];
    expect((await errorOf(parseTensorcheckKey(keyOf({ ...BASE, outputs }), tau2)))?.data).to.include({ reason: 23 });
    await expect(system.getFunction("registerKey").staticCall(keyOf({ ...BASE, outputs })))
      .to.be.revertedWithCustomError(system, "MalformedKey")
      .withArgs(23);
  });
});
