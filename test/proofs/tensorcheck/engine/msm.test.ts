// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { checkerCurve } from "../../../../verifier/proofs/curve.ts";
import { uint256Bytes, type G1Point, SCALAR_FIELD as r, BASE_FIELD as q } from "../../../../verifier/proofs/points.ts";
import { Engine } from "../../../../verifier/proofs/tensorcheck/engine/index.ts";
import type { IntegerArray, Points } from "../../../../verifier/proofs/tensorcheck/engine/types.ts";
import { codeOf } from "../../../helpers/errors.ts";
import { KERNEL_VARIANTS, elements, mod } from "./reference.ts";

const INFINITY: G1Point = { x: 0n, y: 0n };

for (const kernels of KERNEL_VARIANTS)
  describe(`tensorcheck engine: points of G1, ${kernels} kernels`, () => {
    let engine: Engine;
    let start: number;
    /** k·G */
    let times: (k: bigint) => G1Point;
    before(async () => {
      engine = await Engine.create({ threads: 1, kernels });
      start = engine.mark();
      const { G1 } = await checkerCurve();
      times = (k) => {
        if (mod(k) === 0n) return INFINITY;
        const [x, y] = G1.toObject(G1.toAffine(G1.timesScalar(G1.g, mod(k))));
        return { x, y };
      };
    });
    after(() => engine.close());
    afterEach(() => engine.release(start));

    const pointsOf = (multiples: readonly bigint[]): Points =>
      engine.points(
        Uint8Array.from(
          multiples.flatMap((k) => {
            const { x, y } = times(k);
            return [...uint256Bytes(x), ...uint256Bytes(y)];
          }),
        ),
      );
    const sum = (multiples: readonly bigint[], scalars: readonly bigint[]): G1Point =>
      times(multiples.reduce((total, k, i) => total + k * (scalars[i] as bigint), 0n));

    /** Few points, so that equal, opposite and infinite ones meet in a bucket. */
    const multiples = (n: number): fc.Arbitrary<bigint[]> =>
      fc.array(fc.constantFrom(0n, 1n, -1n, 2n, -2n, 3n, 4n, 12345n), { minLength: n, maxLength: n });

    it("keep their coordinates", () => {
      const ks = [0n, 1n, -1n, 5n, r - 7n];
      const points = pointsOf(ks);
      expect(engine.toPoints(points)).to.deep.equal(ks.map(times));
      expect(times(1n).y + times(-1n).y).to.equal(q);
      expect(() => engine.points(new Uint8Array(65))).to.throw("64 bytes");
    });

    it("are summed with scalars of full width", () =>
      fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 12 }).chain((n) => fc.tuple(multiples(n), elements(n))),
          async ([ks, scalars]) => {
            const mark = engine.mark();
            expect(await engine.msm(pointsOf(ks), engine.fromBigints(scalars))).to.deep.equal(sum(ks, scalars));
            engine.release(mark);
          },
        ),
        { numRuns: 40 },
      ));

    it("are summed with small integers of every type", () =>
      fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 12 }).chain((n) =>
            fc.tuple(
              multiples(n),
              fc.oneof(
                fc.int8Array({ minLength: n, maxLength: n }),
                fc.int16Array({ minLength: n, maxLength: n }),
                fc.int32Array({ minLength: n, maxLength: n }),
                fc
                  .array(fc.maxSafeInteger(), { minLength: n, maxLength: n })
                  .map((values) => Float64Array.from(values)),
                fc
                  .array(fc.oneof(fc.constantFrom(2n ** 62n, -(2n ** 62n)), fc.bigInt(-(2n ** 62n), 2n ** 62n)), {
                    minLength: n,
                    maxLength: n,
                  })
                  .map((values) => BigInt64Array.from(values)),
              ),
            ),
          ),
          async ([ks, values]: [bigint[], IntegerArray]) => {
            const mark = engine.mark();
            const scalars = [...values].map(BigInt);
            expect(await engine.msmIntegers(pointsOf(ks), engine.integers(values))).to.deep.equal(sum(ks, scalars));
            engine.release(mark);
          },
        ),
        { numRuns: 60 },
      ));

    it("are summed where every digit is at an edge", async () => {
      const edges = [0, 1, -1, 2, -2, 127, -127, -128, 63, 64, 65, -64].map(BigInt);
      const bases = pointsOf(edges.map((_, i) => BigInt(i + 1)));
      for (const scale of [1n, 255n, 2n ** 20n, 2n ** 31n + 1n, 2n ** 55n]) {
        const values = edges.map((edge) => edge * scale);
        const expected = sum(
          edges.map((_, i) => BigInt(i + 1)),
          values,
        );
        expect(await engine.msm(bases, engine.fromBigints(values)), `${scale}`).to.deep.equal(expected);
        expect(
          await engine.msmIntegers(bases, engine.integers(BigInt64Array.from(values))),
          `integers, ${scale}`,
        ).to.deep.equal(expected);
      }
    });

    it("come to infinity for zeros, for opposites and for nothing", async () => {
      const bases = pointsOf([1n, 1n, -1n, 7n]);
      const zeros = engine.fromBigints([0n, 0n, 0n, 0n]);
      expect(await engine.msm(bases, zeros)).to.deep.equal(INFINITY);
      expect(await engine.msm(bases, engine.fromBigints([0n, 5n, 5n, 0n]))).to.deep.equal(INFINITY);
      expect(await engine.msm(bases, engine.vector(0))).to.deep.equal(INFINITY);
      expect(await engine.msmIntegers(bases, engine.integers(Int8Array.of(0, 0, 0, 0)))).to.deep.equal(INFINITY);
      expect(await engine.msmIntegers(bases, engine.integers(new Int8Array(0)))).to.deep.equal(INFINITY);
      expect(await engine.msmIntegers(bases, engine.integers(Int8Array.of(3, -3, 0, 0)))).to.deep.equal(INFINITY);
    });

    it("are summed from a first point on, many to a bucket", async () => {
      // 300 points of which 3 to 300 share a bucket: several halvings, with a point left over in most
      const ks = Array.from({ length: 300 }, (_, i) => BigInt((i % 7) - 3));
      const bases = pointsOf(ks);
      const values = Int16Array.from({ length: 290 }, (_, i) =>
        (i * i * 37) % 5 === 0 ? 3 : ((i * 7919) % 2000) - 1000,
      );
      const scalars = [...values].map(BigInt);
      const expected = sum(ks.slice(10), scalars);
      expect(await engine.msmIntegers(bases, engine.integers(values), 10)).to.deep.equal(expected);
      expect(await engine.msm(bases, engine.fromBigints(scalars), 10)).to.deep.equal(expected);
    });

    it("are refused where there are too few, and integers beyond 62 bits", async () => {
      const bases = pointsOf([1n, 2n]);
      expect(await codeOf(engine.msm(bases, engine.fromBigints([1n, 2n]), 1))).to.equal("ENGINE_ARGUMENT");
      expect(await codeOf(engine.msmIntegers(bases, engine.integers(Int8Array.of(1)), -1))).to.equal("ENGINE_ARGUMENT");
      for (const value of [2n ** 62n + 1n, -(2n ** 62n) - 1n, -(2n ** 63n)]) {
        const values = engine.integers(BigInt64Array.of(value));
        expect(await codeOf(engine.msmIntegers(bases, values)), `${value}`).to.equal("ENGINE_ARGUMENT");
      }
    });
  });
