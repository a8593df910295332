// SPDX-License-Identifier: GPL-3.0-or-later
// What the verifier computes by formula, against the definition: Σ over the cube of cell · eq.
import { expect } from "chai";
import fc from "fast-check";
import type { Run, Structured } from "../../../../verifier/proofs/tensorcheck/verify/key-values.ts";
import type { Drawn } from "../../../../verifier/proofs/tensorcheck/verify/point.ts";
import { EqTable, eqIndex, inverse, mod, powers } from "../../../../verifier/proofs/tensorcheck/verify/field.ts";
import { evaluateStructured, evaluateTensor } from "../../../../verifier/proofs/tensorcheck/verify/values.ts";
import { SCALAR_FIELD } from "../../../../verifier/proofs/points.ts";

const element = fc.bigInt({ min: 0n, max: SCALAR_FIELD - 1n });
const drawnPoints: fc.Arbitrary<Drawn> = fc.record({
  r: fc.array(element, { minLength: 8, maxLength: 8 }),
  rho: fc.array(element, { minLength: 8, maxLength: 8 }),
});
/** Runs that share no coordinate: one of r's lower half, one of its upper half, one of ρ. */
const [LOW, HIGH, RHO]: readonly [Run, Run, Run] = [
  { low: 0, bits: 3 },
  { low: 4, bits: 2 },
  { low: 0x41, bits: 3 },
];
const bitAt = (index: number, t: number): number => Math.floor(index / 2 ** t) % 2;

/** Σ_i cell(i) Π_t eq(bit t of i, point_t), the point from the least significant coordinate. */
function extension(point: readonly bigint[], cell: (index: number) => bigint): bigint {
  let sum = 0n;
  for (let i = 0; i < 2 ** point.length; i++) {
    const weight = point.reduce((product, x, t) => product * (bitAt(i, t) === 1 ? x : 1n - x), 1n);
    sum += weight * cell(i);
  }
  return mod(sum);
}

/** The coordinates of a run, from the least significant. */
const pointOf = ({ r, rho }: Drawn, { low, bits }: Run): bigint[] =>
  low < 0x40 ? r.slice(low, low + bits) : rho.slice(low - 0x40, low - 0x40 + bits);

const matches = (value: Structured, runs: readonly Run[], cell: (...indices: number[]) => bigint): void =>
  fc.assert(
    fc.property(drawnPoints, (drawn) => {
      const expected = extension(
        runs.flatMap((run) => pointOf(drawn, run)),
        (index) => {
          let rest = index;
          const indices = runs.map(({ bits }) => {
            const own = rest % 2 ** bits;
            rest = Math.floor(rest / 2 ** bits);
            return own;
          });
          return cell(...indices);
        },
      );
      expect(evaluateStructured(drawn, value)).to.equal(expected);
    }),
    { numRuns: 3 },
  );

describe("tensorcheck/verify: values", () => {
  it("select is 1 on cells within every axis", () => {
    for (let size = 1; size < 8; size++) {
      const axes = [
        { size, run: LOW },
        { size: 3, run: HIGH },
      ];
      matches({ kind: "select", axes }, [LOW, HIGH], (i = 0, j = 0) => (i < size && j < 3 ? 1n : 0n));
    }
  });

  it("window is 1 where q = stride p + dilation k − pad, within its sizes", () => {
    const window = fc.record({
      ...{ positions: fc.integer({ min: 1, max: 8 }), taps: fc.integer({ min: 1, max: 4 }) },
      ...{ size: fc.integer({ min: 1, max: 8 }), stride: fc.integer({ min: 0, max: 3 }) },
      ...{ dilation: fc.integer({ min: 0, max: 3 }), pad: fc.integer({ min: -3, max: 5 }) },
    });
    fc.assert(
      fc.property(window, (shape) => {
        const { positions, taps, size, stride, dilation, pad } = shape;
        const value: Structured = { kind: "window", ...shape, p: RHO, k: HIGH, q: LOW };
        matches(value, [RHO, HIGH, LOW], (p = 0, k = 0, q = 0) =>
          p < positions && k < taps && q < size && q === stride * p + dilation * k - pad ? 1n : 0n,
        );
      }),
      { numRuns: 12 },
    );
  });

  it("pick is 1 where q is the entry of p", () => {
    const entries = [7, 0xffffff, 0, 3, 3, 0xffffff];
    matches({ kind: "pick", p: RHO, q: LOW, entries }, [RHO, LOW], (p = 0, q = 0) => (entries[p] === q ? 1n : 0n));
  });

  it("index is the index, also over runs of no bits", () => {
    matches({ kind: "index", run: LOW }, [LOW], (i = 0) => BigInt(i));
    matches({ kind: "index", run: { low: 8, bits: 0 } }, [], () => 0n);
  });

  it("steps adds up coefficients of aligned blocks", () => {
    const steps = [
      { bits: 2, index: 1, coefficient: 9n },
      { bits: 0, index: 6, coefficient: SCALAR_FIELD - 2n },
      { bits: 3, index: 0, coefficient: 5n },
    ];
    matches({ kind: "steps", run: LOW, steps }, [LOW], (i = 0) =>
      steps.reduce((sum, { bits, index, coefficient }) => (i >> bits === index ? sum + coefficient : sum), 0n),
    );
  });

  it("a tensor is padded by zeros on each axis, wherever the axis lies", () => {
    // [3][2] with the first axis at ρ_2 ρ_0 and a constant 0 above, the second at a constant 1 and r_5
    const axes = [
      { size: 3, coordinates: Uint8Array.of(0x80, 0x42, 0x40) },
      { size: 2, coordinates: Uint8Array.of(0x81, 5) },
    ];
    const tensor = [1, -2, 3, 4, 5, -(2 ** 31)];
    fc.assert(
      fc.property(drawnPoints, (drawn) => {
        const { r, rho } = drawn;
        const point = [r[5] as bigint, 1n, rho[0] as bigint, rho[2] as bigint, 0n];
        const expected = extension(point, (index) => {
          const [i, j] = [index >> 2, index & 3];
          return i < 3 && j < 2 ? BigInt(tensor[2 * i + j] as number) : 0n;
        });
        expect(evaluateTensor(drawn, axes, tensor)).to.equal(expected);
      }),
      { numRuns: 5 },
    );
    expect(evaluateTensor({ r: [], rho: [] }, [], [-7])).to.equal(SCALAR_FIELD - 7n);
  });

  it("axes and runs of more than ten bits need no table of their size", () => {
    const r = powers(1234567n, 30);
    const point = r.toReversed();
    const table = new EqTable(point);
    for (const index of [0, 1, 1023, 1024, 2 ** 20, 2 ** 30 - 1]) {
      expect(table.at(index)).to.equal(eqIndex(index, point));
    }
    const axes = [{ size: 2, coordinates: Uint8Array.from({ length: 30 }, (_, i) => 29 - i) }];
    const zero = eqIndex(0, point);
    expect(evaluateTensor({ r, rho: [] }, axes, [5, 0])).to.equal(mod(5n * zero));
  });

  it("inverse: of everything but 0", () => {
    fc.assert(fc.property(element, (v) => (v === 0n ? inverse(v) === null : mod(v * (inverse(v) as bigint)) === 1n)));
    expect(inverse(0n)).to.equal(null);
    expect(inverse(SCALAR_FIELD)).to.equal(null);
  });
});
