// SPDX-License-Identifier: GPL-3.0-or-later
// One round of a sumcheck. Pairs (i, i + half) are taken in blocks of 32: a vector's values at the next X are those at the
// last one plus its differences, and every term reads them from the cache.
// Slots 32..39 of the scratch belong to this file.
import { frAdd, frMul, frMul2, frOne, frSub } from "./field";
import { buffer, clear32, copy32, slot } from "./memory";

const BLOCK: usize = 32;
const BLOCK_BYTES: usize = BLOCK << 5;

/**
 * out[x] = Σ_{from <= i < to} Σ_terms coefficient·Π factors at X = 0, 2, 3, …, degree (`degree` values).
 * vectors: `count` addresses (u32) of 2·half elements; terms: for each the number of its factors and their indices (u32),
 * coefficients: one element a term.
 */
export function frRound(
  out: usize,
  vectors: usize,
  count: usize,
  half: usize,
  terms: usize,
  coefficients: usize,
  termCount: usize,
  degree: usize,
  from: usize,
  to: usize,
): void {
  const values = buffer();
  const differences = values + count * BLOCK_BYTES;
  const sums = differences + count * BLOCK_BYTES; // termCount · degree elements
  const product = slot(32);
  const one = slot(33);
  const second = slot(35);
  frOne(one);
  memory.fill(sums, 0, (termCount * degree) << 5);
  for (let start: usize = from; start < to; start += BLOCK) {
    const pairs = min(BLOCK, to - start) << 5;
    for (let v: usize = 0; v < count; v++) {
      const low = <usize>load<u32>(vectors + (v << 2)) + (start << 5);
      const high = low + (half << 5);
      const value = values + v * BLOCK_BYTES;
      const difference = differences + v * BLOCK_BYTES;
      memory.copy(value, low, pairs);
      for (let i: usize = 0; i < pairs; i += 32) frSub(difference + i, high + i, low + i);
    }
    for (let x: usize = 0; x < degree; x++) {
      if (x > 0) {
        // X = 1 is passed over.
        for (let step: usize = x == 1 ? 2 : 1; step > 0; step--) {
          for (let v: usize = 0; v < count; v++) {
            const value = values + v * BLOCK_BYTES;
            const difference = differences + v * BLOCK_BYTES;
            for (let i: usize = 0; i < pairs; i += 32) frAdd(value + i, value + i, difference + i);
          }
        }
      }
      let term = terms;
      for (let t: usize = 0; t < termCount; t++) {
        const factors = <usize>load<u32>(term);
        const sum = sums + ((t * degree + x) << 5);
        term += 4;
        if (factors == 0) {
          for (let i: usize = 0; i < pairs; i += 32) frAdd(sum, sum, one);
        } else if (factors == 1) {
          const a = values + <usize>load<u32>(term) * BLOCK_BYTES;
          for (let i: usize = 0; i < pairs; i += 32) frAdd(sum, sum, a + i);
        } else {
          const a = values + <usize>load<u32>(term) * BLOCK_BYTES;
          const b = values + <usize>load<u32>(term, 4) * BLOCK_BYTES;
          const even = pairs & ~63;
          for (let i: usize = 0; i < even; i += 64) {
            frMul2(product, a + i, b + i, second, a + i + 32, b + i + 32);
            for (let f: usize = 2; f < factors; f++) {
              const c = values + <usize>load<u32>(term + (f << 2)) * BLOCK_BYTES + i;
              frMul2(product, product, c, second, second, c + 32);
            }
            frAdd(sum, sum, product);
            frAdd(sum, sum, second);
          }
          if (even < pairs) {
            frMul(product, a + even, b + even);
            for (let f: usize = 2; f < factors; f++) {
              frMul(product, product, values + <usize>load<u32>(term + (f << 2)) * BLOCK_BYTES + even);
            }
            frAdd(sum, sum, product);
          }
        }
        term += factors << 2;
      }
    }
  }
  for (let x: usize = 0; x < degree; x++) {
    const total = slot(34);
    clear32(total);
    for (let t: usize = 0; t < termCount; t++) {
      frMul(product, sums + ((t * degree + x) << 5), coefficients + (t << 5));
      frAdd(total, total, product);
    }
    copy32(out + (x << 5), total);
  }
}
