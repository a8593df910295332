// SPDX-License-Identifier: GPL-3.0-or-later
// The two inner loops of every matrix product, in doubles. Sums are exact, so that their order does not matter; several
// products are added at a time to read and write the accumulator less often.

/** A matrix inside an array: row i starts at `at + i * stride`, its values lie side by side. */
export interface Matrix {
  readonly values: Float64Array;
  readonly at: number;
  readonly stride: number;
}

/** z[i, j] += sum_k a[i, k] * b[k, j]: fast where z has many columns. */
export function addProduct(z: Matrix, a: Matrix, b: Matrix, rows: number, inner: number, columns: number): void {
  const [zs, as, bs] = [z.values, a.values, b.values];
  for (let i = 0; i < rows; i++) {
    const zAt = z.at + i * z.stride;
    const aAt = a.at + i * a.stride;
    let k = 0;
    for (; k + 3 < inner; k += 4) {
      const a0 = as[aAt + k] as number;
      const a1 = as[aAt + k + 1] as number;
      const a2 = as[aAt + k + 2] as number;
      const a3 = as[aAt + k + 3] as number;
      const b0 = b.at + k * b.stride;
      const b1 = b0 + b.stride;
      const b2 = b1 + b.stride;
      const b3 = b2 + b.stride;
      for (let j = 0; j < columns; j++) {
        zs[zAt + j] =
          (zs[zAt + j] as number) +
          a0 * (bs[b0 + j] as number) +
          a1 * (bs[b1 + j] as number) +
          a2 * (bs[b2 + j] as number) +
          a3 * (bs[b3 + j] as number);
      }
    }
    for (; k < inner; k++) {
      const a0 = as[aAt + k] as number;
      const b0 = b.at + k * b.stride;
      for (let j = 0; j < columns; j++) zs[zAt + j] = (zs[zAt + j] as number) + a0 * (bs[b0 + j] as number);
    }
  }
}

/** z[i, j] += sum_k a[i, k] * b[j, k], b given by rows of its transpose: fast where `inner` is long. */
export function addDotProducts(z: Matrix, a: Matrix, b: Matrix, rows: number, inner: number, columns: number): void {
  const [zs, as, bs] = [z.values, a.values, b.values];
  for (let j = 0; j < columns; j++) {
    const bAt = b.at + j * b.stride;
    let i = 0;
    for (; i + 3 < rows; i += 4) {
      const a0 = a.at + i * a.stride;
      const a1 = a0 + a.stride;
      const a2 = a1 + a.stride;
      const a3 = a2 + a.stride;
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      for (let k = 0; k < inner; k++) {
        const w = bs[bAt + k] as number;
        s0 += w * (as[a0 + k] as number);
        s1 += w * (as[a1 + k] as number);
        s2 += w * (as[a2 + k] as number);
        s3 += w * (as[a3 + k] as number);
      }
      const zAt = z.at + i * z.stride + j;
      zs[zAt] = (zs[zAt] as number) + s0;
      zs[zAt + z.stride] = (zs[zAt + z.stride] as number) + s1;
      zs[zAt + 2 * z.stride] = (zs[zAt + 2 * z.stride] as number) + s2;
      zs[zAt + 3 * z.stride] = (zs[zAt + 3 * z.stride] as number) + s3;
    }
    for (; i < rows; i++) {
      const zAt = z.at + i * z.stride + j;
      zs[zAt] = (zs[zAt] as number) + dot(as, a.at + i * a.stride, bs, bAt, inner);
    }
  }
}

function dot(a: Float64Array, aAt: number, b: Float64Array, bAt: number, length: number): number {
  // Four sums break the dependency between additions.
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s0 += (a[aAt + k] as number) * (b[bAt + k] as number);
    s1 += (a[aAt + k + 1] as number) * (b[bAt + k + 1] as number);
    s2 += (a[aAt + k + 2] as number) * (b[bAt + k + 2] as number);
    s3 += (a[aAt + k + 3] as number) * (b[bAt + k + 3] as number);
  }
  for (; k < length; k++) s0 += (a[aAt + k] as number) * (b[bAt + k] as number);
  return s0 + s1 + s2 + s3;
}
