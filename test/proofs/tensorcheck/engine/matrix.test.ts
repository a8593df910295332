// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import type { Engine } from "../../../../verifier/proofs/tensorcheck/engine/index.ts";
import { codeOf } from "../../../helpers/errors.ts";
import { SCALAR_FIELD as r } from "../../../../verifier/proofs/points.ts";
import { KERNEL_VARIANTS, elements, mod, useEngine } from "./reference.ts";

type Small = Int8Array | Int16Array | Int32Array;

for (const kernels of KERNEL_VARIANTS)
  describe(`tensorcheck engine: integer matrices, ${kernels} kernels`, () => {
    let engine: Engine;
    useEngine(kernels, (made) => (engine = made));

    const matrix = (n: number): fc.Arbitrary<Small> => {
      const length = { minLength: n, maxLength: n };
      return fc.oneof(fc.int8Array(length), fc.int16Array(length), fc.int32Array(length));
    };

    it("are multiplied from either side, with any strides, added or not", () =>
      fc.assert(
        fc.asyncProperty(
          fc.record({ rows: fc.integer({ min: 1, max: 9 }), columns: fc.integer({ min: 1, max: 9 }) }).chain((shape) =>
            fc.record({
              shape: fc.constant(shape),
              m: matrix(shape.rows * shape.columns + 5),
              row: elements(shape.columns),
              column: elements(shape.rows),
              first: fc.integer({ min: 0, max: 5 }),
              byColumns: fc.boolean(),
            }),
          ),
          async ({ shape: { rows, columns }, m, row, column, first, byColumns }) => {
            const mark = engine.mark();
            const at = (i: number, j: number): bigint =>
              BigInt(m[first + (byColumns ? i + j * rows : i * columns + j)] as number);
            const times = row.map((_, j) => mod(column.reduce((sum, w, i) => sum + w * at(i, j), 0n)));
            const timesT = column.map((_, i) => mod(row.reduce((sum, w, j) => sum + w * at(i, j), 0n)));
            const [x, y, integers] = [engine.fromBigints(column), engine.fromBigints(row), engine.integers(m)];
            const options = { first, ...(byColumns ? { rowStride: 1, columnStride: rows } : {}) };
            const [a, b] = [engine.vector(columns), engine.vector(rows)];
            await engine.rowsTimes(a, x, integers, options);
            expect(engine.toBigints(a)).to.deep.equal(times);
            await engine.timesColumns(b, y, integers, options);
            expect(engine.toBigints(b)).to.deep.equal(timesT);
            await engine.rowsTimes(a, x, integers, { ...options, accumulate: true });
            expect(engine.toBigints(a)).to.deep.equal(times.map((v) => mod(2n * v)));
            engine.release(mark);
          },
        ),
        { numRuns: 80 },
      ));

    it("overflow no lane: extreme digits times extreme integers, over more rows than a transfer takes", async () => {
      // −2^15 in every digit is the weight whose products are largest; r − 1 and both halves are edges of its sign.
      const lowest = mod(-Array.from({ length: 16 }, (_, i) => 2n ** BigInt(16 * i + 15)).reduce((a, b) => a + b));
      for (const weight of [lowest, r - 1n, r >> 1n, (r >> 1n) + 1n, 2n ** 253n - 1n]) {
        for (const [make, extremes] of [
          [Int8Array, [-128, 127]],
          [Int16Array, [-32768, 32767, 255, -1]],
          [Int32Array, [-(2 ** 31), 2 ** 31 - 1, 2 ** 24 - 1]],
        ] as const) {
          for (const extreme of extremes) {
            const rows = 600;
            const mark = engine.mark();
            const w = engine.vector(rows);
            engine.fill(w, weight);
            const out = engine.vector(2);
            await engine.rowsTimes(out, w, engine.integers(new make(2 * rows).fill(extreme)));
            const expected = mod(weight * BigInt(extreme) * BigInt(rows));
            expect(engine.toBigints(out), `${weight} ${extreme}`).to.deep.equal([expected, expected]);
            engine.release(mark);
          }
        }
      }
    });

    it("are wider than a kernel's block of outputs", async () => {
      const m = Int8Array.from({ length: 3 * 1100 }, (_, i) => (i * 31) % 256);
      const w = [5n, r - 2n, 1n << 200n];
      const out = engine.vector(1100);
      await engine.rowsTimes(out, engine.fromBigints(w), engine.integers(m));
      const got = engine.toBigints(out);
      for (const j of [0, 511, 512, 1023, 1024, 1099]) {
        expect(got[j], `${j}`).to.equal(mod(w.reduce((sum, v, i) => sum + v * BigInt(m[1100 * i + j] as number), 0n)));
      }
    });

    it("are refused where an index lies outside, or integers are of another type", async () => {
      const [w, out] = [engine.vector(3), engine.vector(4)];
      const m = engine.integers(new Int8Array(12));
      expect(await codeOf(engine.rowsTimes(out, w, m))).to.equal("none");
      expect(await codeOf(engine.rowsTimes(out, w, m, { first: 1 }))).to.equal("ENGINE_ARGUMENT");
      expect(await codeOf(engine.rowsTimes(out, w, m, { rowStride: 5 }))).to.equal("ENGINE_ARGUMENT");
      expect(await codeOf(engine.rowsTimes(out, w, m, { columnStride: -1 }))).to.equal("ENGINE_ARGUMENT");
      expect(await codeOf(engine.timesColumns(out, w, engine.integers(new Float64Array(12))))).to.equal(
        "ENGINE_ARGUMENT",
      );
      expect(await codeOf(engine.rowsTimes(out, engine.vector(1), m, { first: 9 }))).to.equal("ENGINE_ARGUMENT");
    });
  });
