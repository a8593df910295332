// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import type { Cells } from "../../../../verifier/proofs/tensorcheck/program.ts";
import { mod } from "../../../../verifier/proofs/tensorcheck/prover/field.ts";
import {
  arrange,
  split,
  type BitOrder,
  type Parts,
  type SmallArray,
} from "../../../../verifier/proofs/tensorcheck/prover/integers.ts";
import { elements } from "../../../../verifier/proofs/tensorcheck/prover/multilinear.ts";
import { SCALAR_FIELD } from "../../../../verifier/tensor/packing.ts";

const joined = (parts: Parts<SmallArray>): bigint[] =>
  Array.from({ length: parts[0]?.integers.length ?? 0 }, (_, i) =>
    mod(parts.reduce((sum, { scale, integers }) => sum + scale * BigInt(integers[i] as number), 0n)),
  );

describe("tensorcheck: cells as small integers", () => {
  const safe = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
  const arrays: fc.Arbitrary<Cells> = fc.oneof(
    fc.int8Array({ minLength: 1, maxLength: 8 }),
    fc.int32Array({ minLength: 1, maxLength: 8 }),
    fc.array(safe, { minLength: 1, maxLength: 8 }).map((cells) => Float64Array.from(cells)),
    fc.bigInt64Array({ minLength: 1, maxLength: 8 }),
    fc.array(fc.bigInt({ min: 0n, max: SCALAR_FIELD - 1n }), { minLength: 1, maxLength: 8 }),
    fc.array(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), { minLength: 1, maxLength: 8 }),
  );

  it("are the cells", () => {
    fc.assert(fc.property(arrays, (cells) => void expect(joined(split(cells))).to.deep.equal(elements(cells))));
  });

  it("take one part where 32 bits are enough", () => {
    const narrow = [Float64Array.of(-(2 ** 31), 2 ** 31 - 1), [SCALAR_FIELD - 5n, 7n], BigInt64Array.of(-9n)];
    for (const cells of narrow) expect(split(cells)).to.have.length(1);
    expect(split(Float64Array.of(2 ** 31))).to.have.length(2);
  });

  it("are arranged bit by bit", () => {
    const source = Int16Array.from({ length: 8 }, (_, i) => 100 + i);
    const order = fc.array(fc.option(fc.constantFrom(0, 1, 2)), { maxLength: 4 });
    fc.assert(
      fc.property(order, (bits: BitOrder) => {
        const used = bits.filter((bit) => bit !== null);
        fc.pre(new Set(used).size === used.length);
        const integers = arrange(split(source), bits)[0]?.integers ?? [];
        const expected = Array.from({ length: 2 ** bits.length }, (_, i) =>
          bits.reduce<number>((cell, bit, t) => cell + (bit === null ? 0 : ((i >> t) & 1) * 2 ** bit), 100),
        );
        expect([...integers]).to.deep.equal(expected);
      }),
    );
  });
});
