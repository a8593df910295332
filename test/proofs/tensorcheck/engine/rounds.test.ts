// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import type { Engine } from "../../../../verifier/proofs/tensorcheck/engine/index.ts";
import type { RoundTerm, Summand } from "../../../../verifier/proofs/tensorcheck/engine/types.ts";
import { codeOf } from "../../../helpers/errors.ts";
import { KERNEL_VARIANTS, element, elements, mod, useEngine } from "./reference.ts";

interface Case {
  readonly cells: readonly (readonly bigint[])[];
  readonly terms: readonly RoundTerm[];
  readonly common: number | undefined;
  readonly degree: number;
}

/** Σ over pairs of the summand with its top variable set to x. */
function sumAt({ cells, terms, common }: Case, x: bigint): bigint {
  const half = (cells[0]?.length ?? 0) / 2;
  let sum = 0n;
  for (let i = 0; i < half; i++) {
    const value = (v: number): bigint => {
      const [low, high] = [cells[v]?.[i] as bigint, cells[v]?.[i + half] as bigint];
      return low + x * (high - low);
    };
    const inner = terms.reduce((total, { coefficient, factors }) => {
      return total + factors.reduce((product, v) => mod(product * value(v)), coefficient);
    }, 0n);
    sum += inner * (common === undefined ? 1n : value(common));
  }
  return mod(sum);
}

for (const kernels of KERNEL_VARIANTS)
  describe(`tensorcheck engine: rounds of a sumcheck, ${kernels} kernels`, () => {
    let engine: Engine;
    useEngine(kernels, (made) => (engine = made));

    const cases = fc
      .record({ count: fc.integer({ min: 1, max: 4 }), half: fc.integer({ min: 1, max: 70 }) })
      .chain(({ count, half }) =>
        fc.record<Case>({
          cells: fc.array(elements(2 * half), { minLength: count, maxLength: count }),
          terms: fc.array(
            fc.record({
              coefficient: element(),
              factors: fc.array(fc.integer({ min: 0, max: count - 1 }), { maxLength: 3 }),
            }),
            { maxLength: 4 },
          ),
          common: fc.option(fc.integer({ min: 0, max: count - 1 }), { nil: undefined }),
          degree: fc.integer({ min: 4, max: 6 }),
        }),
      );

    const summandOf = ({ cells, terms, common, degree }: Case): Summand => ({
      vectors: cells.map((list) => engine.fromBigints(list)),
      terms,
      degree,
      ...(common === undefined ? {} : { common }),
    });

    it("give the sums at 0, 2, 3, …, and change nothing", () =>
      fc.assert(
        fc.asyncProperty(cases, async (each) => {
          const mark = engine.mark();
          const summand = summandOf(each);
          const sums = await engine.round(summand);
          const at = [0, ...Array.from({ length: each.degree - 1 }, (_, i) => i + 2)];
          expect(sums).to.deep.equal(at.map((x) => sumAt(each, BigInt(x))));
          expect(summand.vectors.map((vector) => engine.toBigints(vector))).to.deep.equal(each.cells);
          engine.release(mark);
        }),
        { numRuns: 50 },
      ));

    it("end, bound at every challenge, at the value at the point", async () => {
      const cells = [0, 1, 2].map((v) =>
        Array.from({ length: 16 }, (_, i) => mod(BigInt(7 * i + 3) ** BigInt(20 + v))),
      );
      const each: Case = { cells, terms: [{ coefficient: 3n, factors: [0, 1, 2] }], common: undefined, degree: 3 };
      let { vectors } = summandOf(each);
      let current = each;
      for (const challenge of [11n, 2n ** 200n, 0n, 1n]) {
        const bound = await engine.bind(vectors, challenge);
        const half = (current.cells[0] as bigint[]).length / 2;
        const folded = current.cells.map((list) =>
          list.slice(0, half).map((low, i) => mod(low + challenge * ((list[i + half] as bigint) - low))),
        );
        expect(bound.map((vector) => engine.toBigints(vector))).to.deep.equal(folded);
        current = { ...current, cells: folded };
        vectors = bound;
      }
      expect(vectors.map(({ length }) => length)).to.deep.equal([1, 1, 1]);
    });

    it("are refused where a vector, a term or the degree does not fit", async () => {
      const [a, b, odd] = [engine.vector(4), engine.vector(6), engine.vector(3)];
      const term = { coefficient: 1n, factors: [0] };
      const bad: Summand[] = [
        { vectors: [], terms: [], degree: 1 },
        { vectors: [a, b], terms: [term], degree: 1 },
        { vectors: [odd], terms: [term], degree: 1 },
        { vectors: [a], terms: [{ coefficient: 1n, factors: [1] }], degree: 1 },
        { vectors: [a], terms: [term], common: 1, degree: 2 },
        { vectors: [a], terms: [term], common: 0, degree: 1 },
        { vectors: [a], terms: [term], degree: 0 },
        { vectors: [a], terms: [term], degree: 9 },
        { vectors: Array.from({ length: 257 }, () => a), terms: [term], degree: 1 },
        { vectors: [a], terms: Array.from({ length: 2000 }, () => term), degree: 5 },
      ];
      for (const [i, summand] of bad.entries()) {
        expect(await codeOf(engine.round(summand)), `${i}`).to.equal("ENGINE_ARGUMENT");
      }
      expect(await codeOf(engine.bind([odd], 1n))).to.equal("ENGINE_ARGUMENT");
    });
  });
