// SPDX-License-Identifier: GPL-3.0-or-later
// Commitments and openings off chain; the circuit is held to the same vectors in test/circuits/commitment.test.ts.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect } from "chai";
import {
  assertOpens,
  commitInputs,
  commitmentBytes,
  commitmentTag,
  makeOpening,
  newSalt,
  parseOpening,
  serializeOpening,
  type Opening,
} from "../../verifier/proofs/commitment.ts";
import { VerigradError } from "../../verifier/errors.ts";
import { encodeTensors } from "../../verifier/tensor/codec.ts";
import { packTensors, SCALAR_FIELD } from "../../verifier/tensor/packing.ts";
import type { TensorSpec } from "../../verifier/tensor/spec.ts";
import { rejectionOf } from "../graph/codes.ts";
import { codeOf } from "../helpers/errors.ts";
import { makeVectors, sponge, VECTORS_FILE, type CommitmentVector } from "./commitment-vectors.ts";

const file = JSON.parse(readFileSync(VECTORS_FILE, "utf8")) as { commitments: readonly CommitmentVector[] };
const SPEC: TensorSpec = { shape: [5], type: "i8", exponent: 2, lo: -7, hi: 9 };
const SPECS = [SPEC];
const input = encodeTensors(SPECS, [[-7, 9, 0, 3, -1]]);

describe("commitments: known answers", () => {
  it("the vectors are what circomlibjs' reference Poseidon gives", async () => {
    expect(await makeVectors()).to.deep.equal(file);
  });

  it("tag, words and commitment are the vectors'", async () => {
    for (const { name, specs, values, salt, tag, words, commitment } of file.commitments) {
      expect(commitmentTag(specs).toString(), name).to.equal(tag);
      expect(packTensors(specs, values).map(String), name).to.deep.equal(words);
      expect((await commitInputs(specs, values, BigInt(salt))).toString(), name).to.equal(commitment);
    }
    expect(new Set(file.commitments.map(({ commitment }) => commitment)).size).to.equal(file.commitments.length);
  });
});

describe("commitments: what they bind", () => {
  const values = fc.array(fc.integer({ min: SPEC.lo, max: SPEC.hi }), { minLength: 5, maxLength: 5 });
  const salts = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });

  it("another value, salt or spec is another commitment, always below r", async () => {
    await fc.assert(
      fc.asyncProperty(values, salts, fc.nat(4), async (list, salt, at) => {
        const commitment = await commitInputs(SPECS, [list], salt);
        const moved = list.map((v, i) => (i === at ? (v === SPEC.hi ? SPEC.lo : v + 1) : v));
        const others = [
          await commitInputs(SPECS, [moved], salt),
          await commitInputs(SPECS, [list], salt ^ 1n),
          await commitInputs([{ ...SPEC, exponent: 3 }], [list], salt),
          await commitInputs([{ ...SPEC, shape: [1, 5] }], [list], salt),
          await commitInputs([{ ...SPEC, type: "i16" }], [list], salt),
          await commitInputs([{ ...SPEC, hi: 10 }], [list], salt),
          await commitInputs([SPEC, SPEC], [list, list], salt),
        ];
        expect(new Set([commitment, ...others]).size).to.equal(8);
        expect(commitment < SCALAR_FIELD && commitmentBytes(commitment).length === 32).to.equal(true);
      }),
      { numRuns: 30 },
    );
  });

  it("a message of zeros is not a shorter one: the length follows from the specs in the tag", async () => {
    const flags = (size: number): TensorSpec => ({ shape: [size], type: "u8", exponent: 0, lo: 0, hi: 1 });
    const zeros = (size: number) => commitInputs([flags(size)], [new Array<number>(size).fill(0)], 0n);
    // one word, two, three (a full block), four (the second block holds one word of zeros)
    const sizes = [1, 248, 249, 744, 745];
    expect(new Set(await Promise.all(sizes.map(zeros))).size).to.equal(sizes.length);
    const tag = commitmentTag([flags(1)]);
    expect(await sponge(tag, [0n, 0n]), "without the tag they would be equal").to.equal(
      await sponge(tag, [0n, 0n, 0n]),
    );
  });

  it("refuses salts of other lengths, values out of range, wrong sizes", async () => {
    for (const salt of [-1n, 2n ** 128n, SCALAR_FIELD])
      expect(await rejectionOf(commitInputs(SPECS, [[0, 0, 0, 0, 0]], salt))).to.equal("SALT_INVALID");
    expect(await rejectionOf(commitInputs(SPECS, [[0, 0, 0, 0, 10]], 1n))).to.equal("TENSOR_RANGE");
    expect(await rejectionOf(commitInputs(SPECS, [[0, 0, 0, 0]], 1n))).to.equal("TENSOR_SHAPE");
    expect(await rejectionOf(makeOpening(SPECS, input.subarray(1)))).to.equal("TENSOR_LENGTH");
  });

  it("draws salts of 128 bits that do not repeat", () => {
    const drawn = Array.from({ length: 200 }, newSalt);
    expect(new Set(drawn).size).to.equal(200);
    expect(drawn.every((salt) => salt >= 0n && salt < 2n ** 128n)).to.equal(true);
    for (let bit = 0n; bit < 128n; bit++) {
      const ones = drawn.filter((salt) => (salt >> bit) & 1n).length;
      expect(ones, `bit ${bit}`).to.be.within(40, 160); // 8.5 standard deviations from 100
    }
  });
});

describe("commitments: opening files", () => {
  let opening: Opening;
  let text: string;

  before(async () => {
    opening = await makeOpening(SPECS, input);
    text = serializeOpening(opening);
  });

  it("read back the same, and open their commitment and no other", async () => {
    const read = await parseOpening(SPECS, text);
    expect(read).to.deep.equal(opening);
    const bytes = Buffer.from(opening.commitment.slice(2), "hex");
    assertOpens(read, bytes);
    const other = await makeOpening(SPECS, input);
    expect(other.commitment, "a salt of its own each time").to.not.equal(opening.commitment);
    expect(await codeOf(() => assertOpens(other, bytes))).to.equal("OPENING_INVALID");
    expect(await codeOf(() => assertOpens(read, bytes.subarray(1)))).to.equal("OPENING_INVALID");
  });

  it("are refused when anything in them is another, without a word about what is in them", async () => {
    const fields = JSON.parse(text) as Record<string, string>;
    const flip = (hex: string): string => hex.slice(0, -1) + (hex.endsWith("0") ? "1" : "0");
    const edited = (change: Record<string, unknown>): string => JSON.stringify({ ...fields, ...change });
    const bad = [
      ...["inputSpecHash", "commitment", "salt", "input"].map((name) => edited({ [name]: flip(fields[name] ?? "") })),
      edited({ format: "verigrad.opening.v2" }),
      edited({ salt: `${fields["salt"]}00` }),
      edited({ salt: "0x1" }),
      edited({ salt: 1 }),
      edited({ input: `${fields["input"]}00` }),
      edited({ input: `0x${"7f".repeat(5)}` }), // out of range
      edited({ commitment: `0x${(BigInt(fields["commitment"] ?? "") + SCALAR_FIELD).toString(16)}` }),
      edited({ more: 1 }),
      text.slice(0, -10),
      "",
      "[]",
    ];
    for (const broken of bad) {
      const error: unknown = await parseOpening(SPECS, broken).catch((thrown: unknown) => thrown);
      expect(error, broken).to.be.instanceOf(VerigradError);
      expect(error).to.include({ code: "OPENING_INVALID" });
      for (const name of ["salt", "input"])
        expect((error as VerigradError).message).to.not.contain(fields[name]?.slice(2));
    }
    const long = edited({ input: `0x${"00".repeat(2 ** 22)}` }); // more than a pattern may remember
    expect(await rejectionOf(parseOpening(SPECS, long))).to.equal("OPENING_INVALID");
    expect(await rejectionOf(parseOpening([{ ...SPEC, exponent: 0 }], text))).to.equal("OPENING_INVALID");
  });
});
