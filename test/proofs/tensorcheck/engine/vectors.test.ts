// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { checkerCurve } from "../../../../verifier/proofs/curve.ts";
import type { Engine } from "../../../../verifier/proofs/tensorcheck/engine/index.ts";
import { SCALAR_FIELD as r } from "../../../../verifier/proofs/points.ts";
import { codeOf } from "../../../helpers/errors.ts";
import { KERNEL_VARIANTS, element, elements, mod, multilinear, power, useEngine } from "./reference.ts";

for (const kernels of KERNEL_VARIANTS)
  describe(`tensorcheck engine: vectors, ${kernels} kernels`, () => {
    let engine: Engine;
    useEngine(kernels, (made) => (engine = made));

    /** Runs a property on vectors of one length, at edges and at random. */
    const check = (work: (a: bigint[], b: bigint[], s: bigint) => Promise<void>): Promise<void> =>
      fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 40 }).chain((n) => fc.tuple(elements(n), elements(n), element())),
          async ([a, b, s]) => {
            const mark = engine.mark();
            await work(a, b, s);
            engine.release(mark);
          },
        ),
        { numRuns: 60 },
      );

    it("adds, subtracts, multiplies, scales as the field does", () =>
      check(async (a, b, s) => {
        const [x, y, out] = [engine.fromBigints(a), engine.fromBigints(b), engine.vector(a.length)];
        const zip = (f: (u: bigint, v: bigint) => bigint): bigint[] => a.map((u, i) => mod(f(u, b[i] as bigint)));
        await engine.add(out, x, y);
        expect(engine.toBigints(out)).to.deep.equal(zip((u, v) => u + v));
        await engine.sub(out, x, y);
        expect(engine.toBigints(out)).to.deep.equal(zip((u, v) => u - v));
        await engine.mul(out, x, y);
        expect(engine.toBigints(out)).to.deep.equal(zip((u, v) => u * v));
        await engine.mul(out, x, x);
        expect(engine.toBigints(out)).to.deep.equal(zip((u) => u * u));
        await engine.scale(out, x, s);
        expect(engine.toBigints(out)).to.deep.equal(zip((u) => u * s));
        await engine.addScalar(out, x, s);
        expect(engine.toBigints(out)).to.deep.equal(zip((u) => u + s));
        await engine.axpy(y, s, x);
        expect(engine.toBigints(y)).to.deep.equal(zip((u, v) => v + s * u));
        expect(await engine.dot(x, out)).to.equal(mod(a.reduce((sum, u) => sum + u * (u + s), 0n)));
      }));

    it("adds, subtracts, multiplies and inverts as ffjavascript does", async () => {
      const { Fr } = await checkerCurve();
      await check(async (a, b) => {
        const [x, y, out] = [engine.fromBigints(a), engine.fromBigints(b), engine.vector(a.length)];
        const [us, vs] = [a, b].map((values) => values.map((v) => Fr.e(v))) as [Uint8Array[], Uint8Array[]];
        for (const op of ["add", "sub", "mul"] as const) {
          await engine[op](out, x, y);
          const theirs = us.map((u, i) => Fr.toObject(Fr[op](u, vs[i] as Uint8Array)));
          expect(engine.toBigints(out), op).to.deep.equal(theirs);
        }
        const units = a.map((u) => (u === 0n ? 1n : u));
        await engine.invert(out, engine.fromBigints(units));
        expect(engine.toBigints(out)).to.deep.equal(units.map((u) => Fr.toObject(Fr.inv(Fr.e(u)))));
      });
    });

    it("multiplies limbs at every edge", async () => {
      // 0, 1, ones and powers of two in each of the limbs of 29 and of 51 bits, against one another
      const edges = [29, 51].flatMap((bits) =>
        Array.from({ length: Math.ceil(254 / bits) }, (_, i) => {
          const low = 2n ** BigInt(bits * i);
          return [
            low,
            low - 1n,
            low * (2n ** BigInt(bits) - 1n),
            low * 2n ** BigInt(bits - 1),
            low * (2n ** BigInt(bits - 1) + 1n),
          ];
        }).flat(),
      );
      const plain = [0n, 1n, r - 1n, r - 2n, ...edges].map(mod);
      // what the kernels multiply is x·2^255: those of which that is an edge, and the edges themselves
      const scaled = plain.map((v) => mod(v * power(2n, r - 2n - 254n)));
      const values = [...plain, ...scaled];
      const b = engine.fromBigints(values);
      const out = engine.vector(values.length);
      for (const value of values) {
        await engine.scale(out, b, value);
        expect(engine.toBigints(out)).to.deep.equal(values.map((v) => mod(v * value)));
      }
    });

    it("computes where the result takes an operand's place", () =>
      check(async (a, b, s) => {
        const [x, y] = [engine.fromBigints(a), engine.fromBigints(b)];
        await engine.mul(x, x, y);
        await engine.sub(y, x, y);
        await engine.scale(y, y, s);
        expect(engine.toBigints(y)).to.deep.equal(a.map((u, i) => mod(s * (u * (b[i] as bigint) - (b[i] as bigint)))));
      }));

    it("inverts, and refuses 0", async () => {
      await check(async (a) => {
        const whole = a.map((u) => (u === 0n ? 1n : u));
        const x = engine.fromBigints(whole);
        await engine.invert(x, x);
        for (const [i, inverse] of engine.toBigints(x).entries())
          expect(mod(inverse * (whole[i] as bigint))).to.equal(1n);
      });
      // more than one batch of the kernel's, then a zero in the second one
      const long = engine.fromBigints(Array.from({ length: 1500 }, (_, i) => BigInt(i + 1)));
      const out = engine.vector(1500);
      await engine.invert(out, long);
      expect(mod(engine.get(out, 1499) * 1500n)).to.equal(1n);
      expect(mod(engine.get(out, 1023) * 1024n)).to.equal(1n);
      engine.set(long, 1200, 0n);
      expect(await codeOf(engine.invert(out, long))).to.equal("ENGINE_DIVISION");
    });

    it("reads and writes elements: integers of any size, bytes below r", () =>
      check(async (a) => {
        const x = engine.fromBigints(a.map((u, i) => (i % 2 === 0 ? u - r : u + r)));
        expect(engine.toBigints(x)).to.deep.equal(a);
        const bytes = engine.toBytes(x);
        expect(engine.toBigints(engine.fromBytes(bytes))).to.deep.equal(a);
        expect(bytes[0]).to.equal(Number((a[0] as bigint) & 255n));
        engine.fill(x, -1n);
        expect(engine.toBigints(x)).to.deep.equal(a.map(() => r - 1n));
      }));

    it("refuses bytes of r and above", () => {
      const bytes = (value: bigint): Uint8Array =>
        Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
      expect(engine.toBigints(engine.fromBytes(bytes(r - 1n)))).to.deep.equal([r - 1n]);
      for (const value of [r, r + 1n, 2n ** 256n - 1n]) {
        expect(() => engine.fromBytes(bytes(value))).to.throw("not below r");
      }
    });

    it("takes integers of every type", async () => {
      const arrays = [
        Int8Array.of(-128, -1, 0, 1, 127),
        Int16Array.of(-32768, -1, 0, 1, 32767),
        Int32Array.of(-(2 ** 31), -1, 0, 1, 2 ** 31 - 1),
        Float64Array.of(-(2 ** 53), -1, 0, 1, 2 ** 53),
        BigInt64Array.of(-(2n ** 63n), -1n, 0n, 1n, 2n ** 63n - 1n),
      ];
      for (const array of arrays) {
        const values = engine.integers(array);
        const out = await engine.fromIntegers(values);
        expect(engine.toBigints(out)).to.deep.equal([...array].map((v) => mod(BigInt(v))));
        await engine.axpyIntegers(engine.slice(out, 0, 2), r - 3n, values, 3);
        expect(engine.toBigints(out)).to.deep.equal(
          [...array].map((v, i) => mod(BigInt(v) - (i < 2 ? 3n * BigInt(array[i + 3] as number | bigint) : 0n))),
        );
        expect(await codeOf(engine.axpyIntegers(out, 1n, values, 1))).to.equal("ENGINE_ARGUMENT");
      }
    });

    it("takes many integers by tables of their bytes", async () => {
      const random = (i: number, bits: number): number => Math.trunc((Math.sin(i + 1) * 2 ** bits) % 2 ** (bits - 1));
      const arrays = [
        Int8Array.from({ length: 300 }, (_, i) => i),
        Int16Array.from({ length: 300 }, (_, i) => (i < 4 ? [-32768, 32767, -256, 255][i] : random(i, 16)) as number),
        Int32Array.from(
          { length: 300 },
          (_, i) => (i < 4 ? [-(2 ** 31), 2 ** 31 - 1, -1, 65535][i] : random(i, 32)) as number,
        ),
      ];
      for (const array of arrays) {
        const values = engine.integers(array);
        const out = await engine.fromIntegers(values);
        expect(engine.toBigints(out)).to.deep.equal(Array.from(array, (v) => mod(BigInt(v))));
        await engine.axpyIntegers(out, r >> 1n, values);
        expect(engine.toBigints(out)).to.deep.equal(Array.from(array, (v) => mod(BigInt(v) * ((r >> 1n) + 1n))));
      }
    });

    it("multiplies every element with every element", () =>
      check(async (a, b) => {
        const out = engine.vector(a.length * 3);
        await engine.outer(out, engine.fromBigints(a), engine.fromBigints([b[0] as bigint, 0n, 2n]));
        expect(engine.toBigints(out)).to.deep.equal(a.flatMap((u) => [mod(u * (b[0] as bigint)), 0n, mod(2n * u)]));
      }));

    it("folds the top variable and the lowest one, in place and out of it", () =>
      check(async (a, b, u) => {
        const both = [...a, ...b];
        const top = a.map((low, i) => mod(low + u * ((b[i] as bigint) - low)));
        const low = a.map((_, i) => mod((both[2 * i] as bigint) * (1n - u) + u * (both[2 * i + 1] as bigint)));
        const out = engine.vector(a.length);
        const x = engine.fromBigints(both);
        await engine.foldTop(out, x, u);
        expect(engine.toBigints(out)).to.deep.equal(top);
        await engine.foldPairs(out, x, u);
        expect(engine.toBigints(out)).to.deep.equal(low);
        await engine.foldPairs(engine.slice(x, 0, a.length), x, u);
        expect(engine.toBigints(engine.slice(x, 0, a.length))).to.deep.equal(low);
        const y = engine.fromBigints(both);
        const [bound] = await engine.bind([y, y], u);
        expect(engine.toBigints(bound as { address: number; length: number })).to.deep.equal(top);
      }));

    it("evaluates multilinear extensions, whose points begin with the most significant coordinate", () =>
      fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: 6 }).chain((k) => fc.tuple(elements(k), elements(2 ** k), element())),
          async ([point, cells, scale]) => {
            const mark = engine.mark();
            const a = engine.fromBigints(cells);
            expect(await engine.evaluateMultilinear(a, point)).to.equal(multilinear(cells, point));
            const eq = await engine.eqTable(point, scale);
            expect(await engine.dot(eq, a)).to.equal(mod(scale * multilinear(cells, point)));
            engine.release(mark);
          },
        ),
        { numRuns: 40 },
      ));

    it("evaluates and divides univariate polynomials", () =>
      check(async (a, _, x) => {
        const p = engine.fromBigints(a);
        const value = a.reduceRight((sum, c) => mod(sum * x + c), 0n);
        expect(await engine.evaluate(p, x)).to.equal(value);
        const quotient = engine.slice(p, 0, a.length - 1);
        expect(engine.divide(quotient, p, x)).to.equal(value);
        const q = engine.toBigints(quotient);
        // (X − x)·q + value
        const back = a.map((__, i) => mod((q[i - 1] ?? 0n) - x * (q[i] ?? 0n) + (i === 0 ? value : 0n)));
        expect(back).to.deep.equal(a);
      }));

    it("refuses handles, lengths and marks that do not fit", async () => {
      const [a, b] = [engine.vector(4), engine.vector(5)];
      for (const call of [
        () => engine.add(a, a, b),
        () => engine.foldTop(a, b, 1n),
        () => engine.dot(a, b),
        () => engine.evaluateMultilinear(b, [1n]),
        () => engine.add(b, b, { address: b.address + 64, length: 5 }),
        () => engine.fromIntegers({ address: b.address, length: 5, type: "bigint64" }, engine.slice(a, 0, 4)),
        () => engine.axpyIntegers(b, 1n, { address: b.address, length: 1000, type: "int8" }),
        () => engine.rowsTimes(a, b, { address: b.address, length: 1000, type: "int8" }),
        () => engine.msmIntegers({ address: b.address, length: 2 }, { address: b.address, length: 1000, type: "int8" }),
        () => engine.msm({ address: b.address, length: 1000 }, b),
      ]) {
        expect(await codeOf(call), String(call)).to.equal("ENGINE_ARGUMENT");
      }
      expect(() => engine.slice(a, 2, 5)).to.throw("no elements");
      expect(() => engine.vector(-1)).to.throw("no length");
      expect(() => engine.release(engine.mark() + 64)).to.throw("no mark");
      expect(() => engine.fromBytes(new Uint8Array(33))).to.throw("32 bytes");
    });
  });
