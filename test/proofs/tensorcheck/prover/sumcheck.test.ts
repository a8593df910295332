// SPDX-License-Identifier: GPL-3.0-or-later
// Sumchecks of random polynomials: every round's claim is the sum, and the last is the value.
import { expect } from "chai";
import fc from "fast-check";
import { evaluate } from "../../../../verifier/proofs/tensorcheck/prover/multilinear.ts";
import { inverse, mod, power } from "../../../../verifier/proofs/tensorcheck/prover/field.ts";
import { horner } from "../../../../verifier/proofs/tensorcheck/prover/opening.ts";
import {
  sumcheckOfBlocks,
  sumcheckOfProducts,
  type Summand,
} from "../../../../verifier/proofs/tensorcheck/prover/sumcheck.ts";
import { SCALAR_FIELD } from "../../../../verifier/tensor/packing.ts";

const element = fc.bigInt({ min: 0n, max: SCALAR_FIELD - 1n });
const cells = (bits: number): fc.Arbitrary<bigint[]> =>
  fc.array(element, { minLength: 2 ** bits, maxLength: 2 ** bits });

/** A verifier of rounds: c_1 from the claim, the next claim at the challenge. */
class Rounds {
  claim: bigint;
  readonly point: bigint[] = [];
  readonly #challenges: readonly bigint[];

  constructor(claim: bigint, challenges: readonly bigint[]) {
    this.claim = claim;
    this.#challenges = challenges;
  }

  next = (coefficients: readonly bigint[]): bigint => {
    const [constant = 0n, ...rest] = coefficients;
    const linear = this.claim - 2n * constant - rest.reduce((sum, c) => sum + c, 0n);
    const challenge = this.#challenges[this.point.length] as bigint;
    this.point.push(challenge);
    this.claim = horner([constant, mod(linear), ...rest], challenge);
    return challenge;
  };
}

describe("tensorcheck: sumcheck", () => {
  it("of blocks of different sizes ends in their values, scaled", () => {
    const K = 4;
    const summand = fc.integer({ min: 0, max: K }).chain((variables) =>
      fc.record({
        variables: fc.constant(variables),
        polynomials: fc.tuple(cells(variables), cells(variables), cells(variables)),
      }),
    );
    const at = ([a = 0n, b = 0n, c = 0n]: readonly bigint[]): bigint => mod(a * b * c + 3n * a * b - c + 7n);
    fc.assert(
      fc.property(
        fc.array(summand, { minLength: 1, maxLength: 3 }),
        fc.array(element, { minLength: K, maxLength: K }),
        (drawn, challenges) => {
          const summands: Summand[] = drawn.map((one) => ({ ...one, at }));
          const sum = summands.reduce((total, { variables, polynomials }) => {
            for (let x = 0; x < 2 ** variables; x++) total += at(polynomials.map((poly) => poly[x] as bigint));
            return total;
          }, 0n);
          const rounds = new Rounds(mod(sum), challenges);
          sumcheckOfBlocks(summands, K, 3, rounds.next);
          const end = summands.reduce((total, { variables, polynomials }) => {
            const own = rounds.point.slice(K - variables);
            const value = at(polynomials.map((poly) => evaluate(poly, own)));
            return total + power(inverse(2n), BigInt(K - variables)) * value;
          }, 0n);
          expect(rounds.point).to.have.length(K);
          expect(rounds.claim).to.equal(mod(end));
        },
      ),
      { numRuns: 40 },
    );
  });

  it("of products ends in the product of both values", () => {
    const n = 3;
    fc.assert(
      fc.property(
        fc.array(fc.record({ weight: cells(n), cells: cells(n) }), { minLength: 1, maxLength: 3 }),
        fc.array(element, { minLength: n, maxLength: n }),
        (products, challenges) => {
          const sum = products.reduce(
            (total, { weight, cells }) => total + weight.reduce((part, e, i) => part + e * (cells[i] as bigint), 0n),
            0n,
          );
          const rounds = new Rounds(mod(sum), challenges);
          const ends = sumcheckOfProducts(products, n, rounds.next);
          expect(ends).to.deep.equal(products.map(({ cells }) => evaluate(cells, rounds.point)));
          expect(rounds.claim).to.equal(
            mod(
              products.reduce(
                (total, { weight }, i) => total + evaluate(weight, rounds.point) * (ends[i] as bigint),
                0n,
              ),
            ),
          );
        },
      ),
      { numRuns: 40 },
    );
  });
});
