// SPDX-License-Identifier: GPL-3.0-or-later
// Keys written piece by piece, by hand from the specification; every check of registerKey with its reason.
import { expect } from "chai";
import fc from "fast-check";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { parseTensorcheckKey, type Key } from "../../../../verifier/proofs/tensorcheck/verify/key.ts";
import { verify } from "../../../../verifier/proofs/tensorcheck/verify/verify.ts";
import { BASE_FIELD, SCALAR_FIELD } from "../../../../verifier/proofs/points.ts";
import { errorOf } from "../../../helpers/errors.ts";
import { TWIST_STRAY } from "../../../contracts/proofs/groth16-vectors.ts";
import { tau2Bytes } from "../powers.ts";

const TAU2 = bytesToHex(await tau2Bytes(0x5eedn));
const hexOf = (value: bigint): string => value.toString(16).padStart(64, "0");
const INFINITY = "00".repeat(64);
const GENERATOR = hexOf(1n) + hexOf(2n);

/** n = 2, K = 4, R = 3, D = 6; 2 pre, 3 wit and 1 help chunks; all kinds of everything; each piece as [name, bytes]. */
const PIECES = [
  ["selector", "724f8e7c"],
  ["mode", "00"],
  ["input length", "0023"],
  ["input count", "02"],
  ["input 0", "02 00000002 00000003 01 00 00000000 000000ff"],
  ["input 1", "01 00000004 00 ff ffffff80 0000007f"],
  ["output length", "0010"],
  ["output specs", "01 01 00000002 04 07 80000000 7fffffff"],
  ["tau", TAU2],
  ["n", "02"],
  ["K", "04"],
  ["R", "03"],
  ["D", "06"],
  ["chunks", "0002 0003 0001"],
  ["pre 0", INFINITY],
  ["pre 1", GENERATOR],
  ["output c", "0002"],
  ["output axes", "01"],
  ["output axis", "00000002 02 80 42"],
  ["publics", "0002"],
  ["public 0", "00 02 00000002 01 03"],
  ["public 0, axis 1", "00000003 02 02 81"],
  ["public 1", "01 01 00000004 02 40 00"],
  ["structured", "0005"],
  ["select", "00 02 00000003 0002"],
  ["select axis", "00000001 4201"],
  ["window", "01 00000003 0002 00000004 00000002 00000001 ffffffff"],
  ["window runs", "4002 0301 0002"],
  ["pick", "02 00000003 4002 0202"],
  ["pick entries", "000003 ffffff 000000"],
  ["index", "03 0400"],
  ["steps", "04 0004 0002"],
  ["step 0", "02 00000003"],
  ["step 0 coefficient", "01 07"],
  ["step 1", "04 00000000"],
  ["step 1 coefficient", `a0 ${hexOf(SCALAR_FIELD - 1n)}`],
  ["entities", "0002"],
  ["entity 0", "00 0005 0002"],
  ["claim 0", "02 00000000 03 42"],
  ["claim 1", "81 00000001"],
  ["entity 1", "01 0002"],
  ["entity 1 upper", "02 80 03"],
  ["entity 1 claims", "0001"],
  ["claim 2", "00 00000003"],
  ["blocks", "0002"],
  ["block 0", "03 01"],
  ["terms", "0001"],
  ["term", "0002"],
  ["term coefficient", "00"],
  ["factors", "02 0009 ffff"],
  ["look-ups", "0001"],
  ["look-up", "0001 0001 02"],
  ["fraction 0", "ffff 01 01"],
  ["linear", "03"],
  ["linear coefficient", "82 0100"],
  ["linear value", "0002 0009"],
  ["fraction 1", "0000 00 00"],
  ["block 1", "04 00 0000 0000"],
] as const;
type Name = (typeof PIECES)[number][0];

/** The key with some pieces replaced, and bytes at its end. */
function keyWith(changes: Partial<Record<Name | "end", string>> = {}): Uint8Array {
  const known: Partial<Record<string, string>> = changes;
  const pieces = PIECES.map(([name, hex]) => known[name] ?? hex);
  return hexToBytes([...pieces, changes.end ?? ""].join("").replaceAll(" ", ""));
}

const reasonOf = async (key: Uint8Array, setup?: Uint8Array): Promise<unknown> => {
  const error = await errorOf(parseTensorcheckKey(key, setup));
  if (error === null) return "none";
  expect(error.code).to.equal("TENSORCHECK_KEY_INVALID");
  return error.data.reason ?? error.data.fault;
};

const BEYOND_R = `20 ${hexOf(SCALAR_FIELD)}`;

/** What is wrong, and the reason that registerKey gives. */
const WRONG: readonly (readonly [Partial<Record<Name | "end", string>>, number])[] = [
  [{ selector: "724f8e7d" }, 2],
  [{ selector: "624f8e7c" }, 2],
  [{ mode: "01" }, 3],
  [{ mode: "02" }, 3],
  [{ mode: "01", "output specs": "01 01 00000002 05 07 80000000 7fffffff" }, 7],
  [{ "input length": "0000" }, 9],
  [{ "input length": "0001" }, 9],
  [{ "input length": "0022" }, 9],
  [{ "input length": "0024" }, 9],
  [{ "input length": "ffff" }, 1],
  // What lies beyond the list is not looked at.
  [{ "input length": "0000", "input count": "00" }, 9],
  [{ "input length": "0001", "input 0": "00 00000002 00000003 01 00 00000000 000000ff" }, 9],
  [{ "input length": "0015", "input 1": "01 00000004 05 ff ffffff80 0000007f" }, 9],
  [{ "input count": "00" }, 4],
  [{ "input count": "11" }, 4],
  [{ "input count": "01" }, 9],
  [{ "input 0": "00 00000002 00000003 01 00 00000000 000000ff" }, 5],
  [{ "input 0": "09 00000002 00000003 01 00 00000000 000000ff" }, 5],
  [{ "input 0": "02 00000000 00000003 01 00 00000000 000000ff" }, 6],
  [{ "input 0": "02 00001001 00001000 01 00 00000000 000000ff" }, 6],
  [{ "input 0": "02 00000002 00000003 05 00 00000000 000000ff" }, 7],
  [{ "input 0": "02 00000002 00000003 01 00 00000000 00000100" }, 8],
  [{ "input 0": "02 00000002 00000003 01 00 ffffffff 000000ff" }, 8],
  [{ "input 0": "02 00000002 00000003 01 00 00000005 00000005" }, 8],
  [{ "output length": "0011" }, 9],
  [{ "output length": "fff0" }, 1],
  [{ tau: bytesToHex(TWIST_STRAY) }, 12],
  [{ tau: "00".repeat(128) }, 12],
  [{ n: "00" }, 14],
  [{ n: "13" }, 14],
  [{ K: "1f" }, 14],
  [{ R: "1f" }, 14],
  [{ D: "01" }, 14],
  [{ D: "07" }, 14],
  [{ "pre 1": hexOf(1n) + hexOf(2n + BASE_FIELD) }, 11],
  [{ "pre 1": hexOf(1n) + hexOf(3n) }, 11],
  [{ "output c": "0000" }, 23],
  [{ "output axis": "00000002 02 80 02" }, 15],
  [{ "output axis": "00000002 02 80 43" }, 15],
  [{ "output axis": "00000002 00" }, 16],
  [{ "output axis": "00000001 02 80 42" }, 16],
  [{ "output axis": "00000000 02 80 42" }, 16],
  [{ "output axis": "00000003 02 80 42" }, 16],
  [{ "output axis": `00000002 1f ${"80".repeat(31)}` }, 16],
  [{ "output axes": "00", "output axis": "" }, 16],
  [{ "public 0": "02 02 00000002 01 03" }, 17],
  [{ "public 0": "00 02 00000002 01 04" }, 15],
  [{ "public 0": "00 02 00000002 01 3f" }, 15],
  [{ "public 0": "00 02 00000002 01 82" }, 15],
  [{ "public 0": "00 02 00000002 01 ff" }, 15],
  [{ "public 0, axis 1": "00000002 02 02 81" }, 16],
  [{ "public 1": "01 01 00000004 02 43 00" }, 15],
  [{ select: "05 02 00000003 0002" }, 18],
  [{ select: "00 02 00000004 0002" }, 18],
  [{ select: "00 02 00000000 0002" }, 18],
  [{ select: "00 02 00000003 0302" }, 15],
  [{ "select axis": "00000001 4202" }, 15],
  [{ "select axis": "00000001 8001" }, 15],
  [{ "select axis": "00000001 4301" }, 15],
  [{ window: "01 00000005 0002 00000004 00000002 00000001 ffffffff" }, 18],
  [{ window: "01 00000000 0002 00000004 00000002 00000001 ffffffff" }, 18],
  [{ window: "01 00000003 0003 00000004 00000002 00000001 ffffffff" }, 18],
  [{ window: "01 00000003 0000 00000004 00000002 00000001 ffffffff" }, 18],
  [{ window: "01 00000003 0002 00000005 00000002 00000001 ffffffff" }, 18],
  [{ window: "01 00000003 0002 00000000 00000002 00000001 ffffffff" }, 18],
  [{ "window runs": "4004 0301 0002" }, 15],
  [{ "window runs": "4002 0302 0002" }, 15],
  [{ "window runs": "4002 0301 0005" }, 15],
  [{ pick: "02 00000005 4002 0202" }, 18],
  [{ pick: "02 00000000 4002 0202" }, 18],
  [{ pick: "02 00000003 4004 0202" }, 15],
  [{ pick: "02 00000003 4002 0302" }, 15],
  [{ "pick entries": "000004 ffffff 000000" }, 18],
  [{ "pick entries": "000003 fffffe 000000" }, 18],
  [{ index: "03 0500" }, 15],
  [{ index: "03 4004" }, 15],
  [{ index: "05 0400" }, 18],
  [{ steps: "04 0005 0002" }, 15],
  [{ steps: "05 0004 0002" }, 18],
  [{ "step 0": "05 00000000" }, 18],
  [{ "step 0": "02 00000004" }, 18],
  [{ "step 0 coefficient": "02 0007" }, 19],
  [{ "step 0 coefficient": "80" }, 19],
  [{ "step 0 coefficient": `21 ${"01".repeat(33)}` }, 19],
  [{ "step 1 coefficient": BEYOND_R }, 19],
  [{ "step 1 coefficient": BEYOND_R.replace("20", "a0") }, 19],
  [{ "entity 0": "02 0005 0002" }, 20],
  [{ "entity 0": "00 0006 0002" }, 20],
  [{ "entity 1": "01 0003" }, 20],
  [{ "entity 1 upper": "00" }, 20],
  [{ "entity 1 upper": "02 04 03" }, 15],
  [{ chunks: "0002 ffff ffff", "entity 1": "01 0000", "entity 1 upper": `11 ${"00".repeat(17)}` }, 20],
  [{ "claim 0": "03 00000000 00 03 42" }, 21],
  [{ "claim 0": "02 00000001 03 42" }, 21],
  [{ "claim 0": "02 00000000 03 44" }, 15],
  [{ "claim 1": "81 00000002" }, 21],
  [{ "claim 1": "83 00000000" }, 21],
  [{ "claim 2": "00 00000004" }, 21],
  [{ "block 0": "04 01" }, 23],
  [{ "block 0": "05 00" }, 23],
  [{ "block 0": "03 02" }, 23],
  [{ "block 0": "03 00" }, 23],
  [{ term: "0000" }, 23],
  [{ "term coefficient": "01 00" }, 19],
  [{ factors: "02 000a ffff" }, 22],
  [{ factors: "02 0009 fffe" }, 22],
  [{ "look-up": "0000 0001 02" }, 23],
  [{ "look-up": "0001 000a 02" }, 22],
  [{ "look-up": "0001 0001 00" }, 23],
  [{ "look-up": "0001 0001 04" }, 23],
  [{ "fraction 0": "000a 01 01" }, 22],
  [{ "fraction 0": "ffff 02 01" }, 23],
  [{ linear: "04" }, 23],
  [{ "linear coefficient": "82 0000" }, 19],
  [{ "linear value": "000a 0009" }, 22],
  [{ "linear value": "0002 000a" }, 22],
  [{ "block 1": "05 00 0000 0000" }, 23],
  [{ end: "00" }, 1],
];

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
    expect(await reasonOf(keyWith(window((2 ** 25 - 18) / 2)))).to.equal("none");
    expect(await reasonOf(keyWith(window((2 ** 25 - 16) / 2)))).to.equal(24);
    expect(await reasonOf(keyWith({ ...sizes, pick: `02 ${uint32(2 ** 25)} 401e 0202` }))).to.equal(24);
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
