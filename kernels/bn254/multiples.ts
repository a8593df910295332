// SPDX-License-Identifier: GPL-3.0-or-later
// Multiples of G1's generator G = (1, 2), many at a time: of every digit of a scalar a multiple is taken from a table and added.
// Digits are those of msm.ts, so that half of the multiples suffice. Slots 86..89 of the scratch belong to this file.
import { begin, flush, push } from "./additions";
import { sumAddAffine, sumClear, sumDouble, sumToAffine } from "./curve";
import { fqAdd, fqOne } from "./field";
import { slot } from "./memory";
import { digitAt } from "./msm";

/** out[d − 1] = d·2^shift·G for 1 <= d <= n, affine; n is a power of two. */
export function multiplesRow(out: usize, shift: i32, n: usize): void {
  const sum = slot(86); // four slots
  fqOne(out);
  fqAdd(out + 32, out, out);
  sumClear(sum);
  sumAddAffine(sum, out, false);
  for (let i: i32 = 0; i < shift; i++) sumDouble(sum);
  sumToAffine(out, sum);

  begin();
  for (let known: usize = 1; known < n; known <<= 1) {
    const to = out + (known << 6);
    for (let i: usize = 0; i < known << 6; i += 64) push(to + i, out + i, to - 64);
    flush();
  }
}

/**
 * out[i] = scalars[i]·G for i < n, affine, infinity (0, 0), of scalars as msmScalars wrote them. `table`: the rows of
 * 2^(bits − 1) multiples that multiplesRow makes for the shifts 0, bits, 2·bits, …
 */
export function multiplesSum(out: usize, table: usize, scalars: usize, n: usize, bits: i32, windows: i32): void {
  memory.fill(out, 0, n << 6);
  begin();
  // One row after the other: a row fits a cache, the table does not.
  for (let w: i32 = 0; w < windows; w++) {
    const row = table + ((<usize>w) << (bits + 5));
    for (let i: usize = 0; i < n; i++) {
      const digit = digitAt(scalars, 32, i, w * bits, bits, w == windows - 1);
      if (digit == 0) continue;
      const sum = out + (i << 6);
      push(sum, sum, (row + ((<usize>(abs(digit) - 1)) << 6)) | usize(digit < 0));
    }
    flush();
  }
}
