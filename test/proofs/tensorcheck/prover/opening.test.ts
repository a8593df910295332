// SPDX-License-Identifier: GPL-3.0-or-later
// The opening's polynomials against the verifier's equations, as numbers at random points.
import { expect } from "chai";
import fc from "fast-check";
import { eqCells, evaluate } from "../../../../verifier/proofs/tensorcheck/prover/multilinear.ts";
import { inverse, mod, powersOf } from "../../../../verifier/proofs/tensorcheck/prover/field.ts";
import {
  firstQuotient,
  folds,
  horner,
  openingPoints,
  secondQuotient,
} from "../../../../verifier/proofs/tensorcheck/prover/opening.ts";
import { SCALAR_FIELD } from "../../../../verifier/tensor/packing.ts";

const element = fc.bigInt({ min: 1n, max: SCALAR_FIELD - 1n });

const opened = fc.integer({ min: 1, max: 5 }).chain((n) =>
  fc.record({
    f: fc.array(element, { minLength: 2 ** n, maxLength: 2 ** n }),
    s: fc.array(element, { minLength: n, maxLength: n }),
    zeta: element,
    nu: element,
    z: element,
  }),
);

/** a_j of the spec: from y and the e_j down. */
function descend(points: bigint[], negated: bigint[], s: bigint[], y: bigint): bigint[] {
  const values: bigint[] = [];
  for (let j = points.length - 1, above = y; j >= 0; j--) {
    const [x, e, u] = [points[j] as bigint, negated[j] as bigint, s[j] as bigint];
    above = mod((2n * x * above - e * ((1n - u) * x - u)) * inverse((1n - u) * x + u));
    values[j] = above;
  }
  return values;
}

describe("tensorcheck: opening", () => {
  it("ends in what the verifier checks", () => {
    fc.assert(
      fc.property(opened, ({ f, s, zeta, nu, z }) => {
        const polynomials = folds(f, s);
        const points = openingPoints(zeta, s.length);
        // What honest challenges meet with a probability below 2^-240, small numbers meet often.
        fc.pre(points.every((x, j) => mod(z * z - x * x) !== 0n && mod(x + (s[j] as bigint) * (1n - x)) !== 0n));
        const y = evaluate(f, s.toReversed());
        const negated = polynomials.map((poly, j) => horner(poly, mod(-(points[j] as bigint))));
        const values = descend(points, negated, s, y);
        expect(values).to.deep.equal(polynomials.map((poly, j) => mod(horner(poly, points[j] as bigint))));

        const first = firstQuotient(polynomials, points, nu);
        const second = secondQuotient(polynomials, first, points, nu, z);
        const weights = powersOf(nu, 2 * s.length);
        const at = 123456789n;
        let left = horner(first, at);
        polynomials.forEach((poly, j) => {
          const near = (weights[2 * j] as bigint) * inverse(z - (points[j] as bigint));
          const far = (weights[2 * j + 1] as bigint) * inverse(z + (points[j] as bigint));
          left += near * (values[j] as bigint) + far * (negated[j] as bigint) - (near + far) * horner(poly, at);
        });
        expect(mod(left)).to.equal(mod((at - z) * horner(second, at)));
      }),
      { numRuns: 30 },
    );
  });

  it("folds to the extension", () => {
    fc.assert(
      fc.property(opened, ({ f, s }) => {
        const [low = 0n, high = 0n] = folds(f, s).at(-1) as bigint[];
        const y = mod(low + (s.at(-1) as bigint) * (high - low));
        const weights = eqCells(s.toReversed());
        expect(y).to.equal(mod(f.reduce((sum, cell, i) => sum + cell * (weights[i] as bigint), 0n)));
      }),
      { numRuns: 30 },
    );
  });
});
