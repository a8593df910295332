// SPDX-License-Identifier: GPL-3.0-or-later
// What the engine's results are compared with.
import fc from "fast-check";
import { SCALAR_FIELD as r } from "../../../../verifier/proofs/points.ts";
import { Engine } from "../../../../verifier/proofs/tensorcheck/engine/index.ts";

/** Both are built everywhere; "fused" runs where the processor fuses (every x86-64 since 2013, every ARM64). */
export const KERNEL_VARIANTS = ["fused", "portable"] as const;

/** An engine of one thread for the tests of a suite, given to `take` before them; each has its memory afresh. */
export function useEngine(kernels: (typeof KERNEL_VARIANTS)[number], take: (engine: Engine) => void): void {
  let engine: Engine;
  let start: number;
  before(async () => {
    engine = await Engine.create({ threads: 1, kernels });
    start = engine.mark();
    take(engine);
  });
  after(() => engine.close());
  afterEach(() => engine.release(start));
}

export const mod = (value: bigint): bigint => ((value % r) + r) % r;

/** Elements at the edges and anywhere. */
export const element = (): fc.Arbitrary<bigint> =>
  fc.oneof(fc.constantFrom(0n, 1n, r - 1n, r - 2n, r >> 1n, (r >> 1n) + 1n, 2n ** 253n), fc.bigInt(0n, r - 1n));

export const elements = (length: number): fc.Arbitrary<bigint[]> =>
  fc.array(element(), { minLength: length, maxLength: length });

/** The multilinear extension's value, from its definition; the point begins with the most significant coordinate. */
export function multilinear(cells: readonly bigint[], point: readonly bigint[]): bigint {
  return cells.reduce((sum, cell, index) => {
    const weight = point.reduce((product, x, t) => {
      const bit = (index >> (point.length - 1 - t)) & 1;
      return mod(product * (bit === 1 ? x : 1n - x));
    }, 1n);
    return mod(sum + cell * weight);
  }, 0n);
}

/** base^exponent mod r */
export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = mod(base), rest = exponent; rest > 0n; rest >>= 1n, square = mod(square * square)) {
    if (rest & 1n) result = mod(result * square);
  }
  return result;
}
