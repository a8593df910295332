// SPDX-License-Identifier: GPL-3.0-or-later
// Every check of registerKey with its reason.
import { expect } from "chai";
import fc from "fast-check";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { parseTensorcheckKey, type Key } from "../../../../verifier/proofs/tensorcheck/verify/key.ts";
import { verify } from "../../../../verifier/proofs/tensorcheck/verify/verify.ts";
import { SCALAR_FIELD } from "../../../../verifier/proofs/points.ts";
import { errorOf } from "../../../helpers/errors.ts";
import { TAU2, keyWith, WRONG, type Name } from "../key-pieces.ts";
import { tau2Bytes } from "../powers.ts";

const reasonOf = async (key: Uint8Array, setup?: Uint8Array): Promise<unknown> => {
  const error = await errorOf(parseTensorcheckKey(key, setup));
  if (error === null) return "none";
  expect(error.code).to.equal("TENSORCHECK_KEY_INVALID");
  return error.data.reason ?? error.data.fault;
};

describe("tensorcheck/verify: keys", () => {
  it("are read as the specification writes them", async () => {
    const key = await parseTensorcheckKey(keyWith());
    const { n, K, R, D, chunks, wit, help, claims } = key;
    expect({ n, K, R, D, chunks, wit, help, claims }).to.deep.equal({
      ...{ n: 2, K: 4, R: 3, D: 6, chunks: 6 },
      ...{ wit: 3, help: 1, claims: 3 },
    });
    expect(key.inputs).to.deep.equal([
      { shape: [2, 3], type: "u8", exponent: 0, lo: 0, hi: 255 },
      { shape: [4], type: "i8", exponent: -1, lo: -128, hi: 127 },
    ]);
    expect(key.outputs).to.deep.equal([{ shape: [2], type: "i32", exponent: 7, lo: -(2 ** 31), hi: 2 ** 31 - 1 }]);
    expect(key.pre).to.deep.equal([
      { x: 0n, y: 0n },
      { x: 1n, y: 2n },
    ]);
    expect(key.outputPorts).to.deep.equal([
      { equation: 2, axes: [{ size: 2, coordinates: Uint8Array.of(0x80, 0x42) }] },
    ]);
    expect(key.publics.map(({ port, axes }) => [port, axes.map(({ size }) => size)])).to.deep.equal([
      [0, [2, 3]],
      [1, [4]],
    ]);
    expect(key.structured).to.deep.equal(STRUCTURED);
    expect(key.entities).to.deep.equal([
      {
        chunk: 5,
        upper: new Uint8Array(),
        claims: [
          { bits: 2, block: 0, coordinates: Uint8Array.of(0x03, 0x42) },
          { bits: 1, block: 1 },
        ],
      },
      { chunk: 2, upper: Uint8Array.of(0x80, 0x03), claims: [{ bits: 0, block: 3, coordinates: new Uint8Array() }] },
    ]);
    expect(key.blocks).to.deep.equal(BLOCKS);
  });

  for (const [changes, reason] of WRONG) {
    const what = Object.entries(changes).map(
      ([name, hex]) => `${name} ${hex.length > 64 ? `${hex.slice(0, 12)}…` : hex}`,
    );
    it(`${what.join(", ")}: MalformedKey(${reason})`, async () => {
      expect(await reasonOf(keyWith(changes))).to.equal(reason);
    });
  }

  it("cut short anywhere: MalformedKey(1)", async () => {
    const key = keyWith();
    const reasons = await Promise.all(
      Array.from({ length: key.length }, (_, length) => reasonOf(key.subarray(0, length))),
    );
    expect(new Set(reasons)).to.deep.equal(new Set([1]));
  });

  it("[τ]_2: the set-up's own where one is named, never one whose τ everybody knows", async () => {
    expect(await reasonOf(keyWith(), hexToBytes(TAU2))).to.equal("none");
    expect(await reasonOf(keyWith(), await tau2Bytes(2n))).to.equal(13);
    for (const tau of [1n, SCALAR_FIELD - 1n]) {
      const tau2 = await tau2Bytes(tau);
      expect(await reasonOf(keyWith({ tau: bytesToHex(tau2) }))).to.equal("ForgeableKey");
      expect(await reasonOf(keyWith({ tau: bytesToHex(tau2) }), tau2)).to.equal("ForgeableKey");
    }
  });

  it("more than 65,535 values: MalformedKey(22)", async () => {
    const claims = (count: number): string => count.toString(16).padStart(4, "0") + "8000000000".repeat(count);
    const changes = (count: number): Partial<Record<Name, string>> => ({
      ...{ "entity 0": `00 0005 ${claims(count)}`, "claim 0": "", "claim 1": "" },
    });
    expect(await reasonOf(keyWith(changes(65_535 - 8)))).to.equal("none");
    expect(await reasonOf(keyWith(changes(65_535 - 7)))).to.equal(22);
  });

  it("work is bounded, whatever it is spent on: MalformedKey(24)", async () => {
    const uint32 = (value: number): string => value.toString(16).padStart(8, "0");
    const sizes = { K: "1e", R: "1e" };
    const window = (positions: number): Partial<Record<Name, string>> => ({
      ...sizes,
      window: `01 ${uint32(positions)} 0002 00000004 00000002 00000001 ffffffff`,
      "window runs": "401e 0301 0002",
    });
    // 10 for the publics, 3 for the pick, 4 for the fold
    expect(await reasonOf(keyWith(window((2 ** 22 - 18) / 2)))).to.equal("none");
    expect(await reasonOf(keyWith(window((2 ** 22 - 16) / 2)))).to.equal(24);
    expect(await reasonOf(keyWith({ ...sizes, pick: `02 ${uint32(2 ** 22)} 401e 0202` }))).to.equal(24);
    const manyFolds = {
      ...{ chunks: "0002 fffc 0001", entities: "0402", "claim 2": "" },
      "entity 1 claims": `0000${`01 0000 0f ${"00".repeat(15)} 0000`.repeat(1024)}`,
    };
    expect(await reasonOf(keyWith(manyFolds))).to.equal(24);
    const large = {
      ...{ "input 1": "01 01000000 00 ff ffffff80 0000007f", publics: "0004" },
      "public 1": `01 01 01000000 18 ${"00".repeat(24)}`.repeat(3),
    };
    expect(await reasonOf(keyWith(large))).to.equal(24);
  });

  it("a byte changed anywhere: refused, or another key; verify never throws", async () => {
    const key = keyWith();
    const claim = { context: 1n, input: new Uint8Array(10), output: new Uint8Array(8) };
    const change = fc.tuple(fc.nat(key.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(change, async ([at, flip]) => {
        const other = Uint8Array.from(key, (byte, i) => (i === at ? byte ^ flip : byte));
        const { ok } = await verify(other, claim, new Uint8Array());
        expect(ok).to.equal(false);
        const reason = await reasonOf(other);
        if (reason !== "none") return;
        const [before, after] = [await parseTensorcheckKey(key), await parseTensorcheckKey(other)];
        expect(after).not.to.deep.equal(before);
      }),
      { numRuns: 300 },
    );
  });
});

const STRUCTURED: Key["structured"] = [
  {
    kind: "select",
    axes: [
      { size: 3, run: { low: 0, bits: 2 } },
      { size: 1, run: { low: 0x42, bits: 1 } },
    ],
  },
  {
    kind: "window",
    ...{ positions: 3, taps: 2, size: 4, stride: 2, dilation: 1, pad: -1 },
    ...{ p: { low: 0x40, bits: 2 }, k: { low: 3, bits: 1 }, q: { low: 0, bits: 2 } },
  },
  { kind: "pick", p: { low: 0x40, bits: 2 }, q: { low: 2, bits: 2 }, entries: [3, 0xffffff, 0] },
  { kind: "index", run: { low: 4, bits: 0 } },
  {
    kind: "steps",
    run: { low: 0, bits: 4 },
    steps: [
      { bits: 2, index: 3, coefficient: 7n },
      { bits: 4, index: 0, coefficient: 1n },
    ],
  },
];

const BLOCKS: Key["blocks"] = [
  {
    variables: 3,
    eq: true,
    terms: [{ equation: 2, coefficient: 0n, factors: [9, 0xffff] }],
    lookups: [
      {
        equation: 1,
        help: 1,
        fractions: [
          {
            numerator: 0xffff,
            negative: true,
            linear: [{ power: 3, coefficient: SCALAR_FIELD - 256n, value: 2, mask: 9 }],
          },
          { numerator: 0, negative: false, linear: [] },
        ],
      },
    ],
  },
  { variables: 4, eq: false, terms: [], lookups: [] },
];
