// SPDX-License-Identifier: GPL-3.0-or-later
// TensorSpecLib.check, which looks at whole words, and placeOf: against values one by one.
import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { encodeSpecList, type TensorSpec } from "../../../verifier/tensor/spec.ts";

const TYPES = ["i8", "u8", "i16", "u16", "i32"] as const;
const WIDTH = { i8: 1, u8: 1, i16: 2, u16: 2, i32: 4 };
const LEAST = { i8: -128, u8: 0, i16: -32768, u16: 0, i32: -(2 ** 31) };

/** A spec, and values that are all inside of [lo, hi], but for `stray` of the type's. */
const tensor = fc
  .record({ type: fc.constantFrom(...TYPES), size: fc.integer({ min: 1, max: 70 }) })
  .chain(({ type, size }) => {
    const least = LEAST[type];
    const most = least + 2 ** (8 * WIDTH[type]) - 1;
    const value = fc.oneof(fc.integer({ min: least, max: most }), fc.constantFrom(least, least + 1, most - 1, most, 0));
    return fc
      .tuple(value, value)
      .filter(([a, b]) => a !== b)
      .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)])
      .chain(([lo, hi]) =>
        fc.record({
          spec: fc.constant<TensorSpec>({ shape: [size], type, exponent: 0, lo, hi }),
          values: fc.array(fc.oneof(fc.integer({ min: lo, max: hi }), fc.constantFrom(lo, hi)), {
            minLength: size,
            maxLength: size,
          }),
          strays: fc.array(fc.tuple(fc.nat(size - 1), fc.oneof(value, fc.constantFrom(lo - 1, hi + 1))), {
            maxLength: 2,
          }),
        }),
      )
      .map(({ spec, values, strays }) => {
        for (const [at, stray] of strays) if (stray >= least && stray <= most) values[at] = stray;
        return { spec, values };
      });
  });

function bytesOf(tensors: readonly { spec: TensorSpec; values: readonly number[] }[]): Uint8Array {
  return Uint8Array.from(
    tensors.flatMap(({ spec, values }) =>
      values.flatMap((value) =>
        Array.from({ length: WIDTH[spec.type] }, (_, i) => (value >> (8 * (WIDTH[spec.type] - 1 - i))) & 255),
      ),
    ),
  );
}

describe("TensorSpecLib", function () {
  this.timeout(60_000);
  let harness: Awaited<ReturnType<Awaited<ReturnType<typeof network.create>>["ethers"]["deployContract"]>>;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("TensorHarness");
  });

  /** The error of check, with what it says. */
  async function faultOf(list: Uint8Array, data: Uint8Array): Promise<unknown[]> {
    try {
      await harness.getFunction("check")(list, data);
      return [];
    } catch (error) {
      const parsed = harness.interface.parseError((error as { data: string }).data);
      if (parsed === null) throw error;
      return [parsed.name, ...(parsed.args as Iterable<unknown>)];
    }
  }

  it("finds the first value outside of its range, in any lane of any word", () =>
    fc.assert(
      fc.asyncProperty(fc.array(tensor, { minLength: 1, maxLength: 3 }), async (tensors) => {
        const list = encodeSpecList(tensors.map(({ spec }) => spec));
        const all = tensors.flatMap(({ spec, values }) => values.map((value) => ({ value, lo: spec.lo, hi: spec.hi })));
        const at = all.findIndex(({ value, lo, hi }) => value < lo || value > hi);
        const { value = 0, lo = 0, hi = 0 } = all[at] ?? {};
        const expected = at < 0 ? [] : ["ValueOutOfRange", ...[at, value, lo, hi].map(BigInt)];
        expect(await faultOf(list, bytesOf(tensors))).to.deep.equal(expected);
      }),
      { numRuns: 150 },
    ));

  it("wants the length of all tensors", async () => {
    const spec: TensorSpec = { shape: [3, 2], type: "i16", exponent: 0, lo: -5, hi: 5 };
    const list = encodeSpecList([spec, { ...spec, type: "u8", lo: 0 }]);
    expect(await faultOf(list, new Uint8Array(18))).to.deep.equal([]);
    for (const length of [0, 17, 19]) {
      expect(await faultOf(list, new Uint8Array(length))).to.deep.equal(["WrongLength", 18n, BigInt(length)]);
    }
  });

  it("says where each tensor stands", () =>
    fc.assert(
      fc.asyncProperty(fc.array(tensor, { minLength: 1, maxLength: 4 }), async (tensors) => {
        const list = encodeSpecList(tensors.map(({ spec }) => spec));
        let from = 0;
        for (const [i, { spec, values }] of tensors.entries()) {
          const place = [...((await harness.getFunction("placeOf")(list, i)) as Iterable<bigint>)];
          expect(place).to.deep.equal([from, TYPES.indexOf(spec.type), values.length].map(BigInt));
          from += values.length * WIDTH[spec.type];
        }
      }),
      { numRuns: 20 },
    ));
});
