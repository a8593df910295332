// SPDX-License-Identifier: GPL-3.0-or-later
// Random tensor specs and values of them, for property tests.
import fc from "fast-check";
import { TENSOR_TYPES, TYPE_INFO, sizeOf, type TensorSpec } from "../../verifier/tensor/spec.ts";

/** A canonical spec of at most 81 values. */
export const specArbitrary: fc.Arbitrary<TensorSpec> = fc.constantFrom(...TENSOR_TYPES).chain((type) => {
  const { lo, hi } = TYPE_INFO[type];
  return fc
    .record({
      shape: fc.oneof(
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 1 }),
      ),
      exponent: fc.integer({ min: -128, max: 127 }),
      lo: fc.integer({ min: lo, max: hi - 1 }),
    })
    .chain((fields) =>
      fc.integer({ min: fields.lo + 1, max: hi }).map((top): TensorSpec => ({ ...fields, type, hi: top })),
    );
});

export const specListArbitrary = fc.array(specArbitrary, { minLength: 1, maxLength: 4 });

/** Values of each tensor of a list, inside their ranges. */
export function valuesArbitrary(specs: readonly TensorSpec[]): fc.Arbitrary<number[][]> {
  return fc.tuple(
    ...specs.map(({ shape, lo, hi }) =>
      fc.array(fc.integer({ min: lo, max: hi }), { minLength: sizeOf(shape), maxLength: sizeOf(shape) }),
    ),
  );
}

/** A spec list with values. */
export const tensorsArbitrary = specListArbitrary.chain((specs) =>
  valuesArbitrary(specs).map((values) => ({ specs, values })),
);
