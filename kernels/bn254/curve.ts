// SPDX-License-Identifier: GPL-3.0-or-later
// G1 of BN254, y² = x³ + 3, no point of order 2. Affine points are x ‖ y, infinity (0, 0). Sums are kept as (X, Y, ZZ, ZZZ),
// x = X/ZZ, y = Y/ZZZ, ZZ³ = ZZZ², infinity ZZ = 0: the formulas of Sutherland (EFD, "xyzz", add-2008-s and following).
// Slots 40..63 of the scratch belong to this file.
import { fqAdd, fqMul, fqOne, fqSqr, fqSquare, fqSub } from "./field";
import { clear32, copy32, isZero32, slot } from "./memory";
import { fqInverse } from "./vectors";

/** Bytes of a sum. */
export const SUM_BYTES: usize = 128;

export function sumClear(out: usize): void {
  memory.fill(out, 0, SUM_BYTES);
}

/** out = 2·out */
export function sumDouble(out: usize): void {
  if (isZero32(out + 64)) return;
  const u = slot(40);
  const v = slot(41);
  const w = slot(42);
  const s = slot(43);
  const m = slot(44);
  fqAdd(u, out + 32, out + 32);
  fqSqr(v, u);
  fqMul(w, u, v);
  fqMul(s, out, v);
  fqSqr(u, out);
  fqAdd(m, u, u);
  fqAdd(m, m, u); // 3 X²
  fqMul(out + 64, out + 64, v);
  fqMul(out + 96, out + 96, w);
  fqMul(w, w, out + 32);
  fqSqr(out, m);
  fqSub(out, out, s);
  fqSub(out, out, s);
  fqSub(s, s, out);
  fqMul(s, s, m);
  fqSub(out + 32, s, w);
}

/** out += (x, y)·(−1)^negative for an affine point. */
export function sumAddAffine(out: usize, point: usize, negative: bool): void {
  if (isZero32(point) && isZero32(point + 32)) return;
  const y = slot(45);
  if (negative) {
    clear32(y);
    fqSub(y, y, point + 32);
  } else copy32(y, point + 32);
  if (isZero32(out + 64)) {
    copy32(out, point);
    copy32(out + 32, y);
    fqOne(out + 64);
    fqOne(out + 96);
    return;
  }
  const p = slot(46);
  const r = slot(47);
  fqMul(p, point, out + 64);
  fqSub(p, p, out);
  fqMul(r, y, out + 96);
  fqSub(r, r, out + 32);
  if (isZero32(p)) {
    if (isZero32(r)) sumDouble(out);
    else sumClear(out);
    return;
  }
  const pp = slot(48);
  const ppp = slot(49);
  const q = slot(50);
  fqSqr(pp, p);
  fqMul(ppp, pp, p);
  fqMul(q, out, pp);
  fqMul(out + 64, out + 64, pp);
  fqMul(out + 96, out + 96, ppp);
  finish(out, r, ppp, q, out + 32);
}

/** out += a */
export function sumAdd(out: usize, a: usize): void {
  if (isZero32(a + 64)) return;
  if (isZero32(out + 64)) {
    memory.copy(out, a, SUM_BYTES);
    return;
  }
  const u = slot(51);
  const s = slot(52);
  const p = slot(46);
  const r = slot(47);
  fqMul(u, out, a + 64);
  fqMul(p, a, out + 64);
  fqSub(p, p, u);
  fqMul(s, out + 32, a + 96);
  fqMul(r, a + 32, out + 96);
  fqSub(r, r, s);
  if (isZero32(p)) {
    if (isZero32(r)) sumDouble(out);
    else sumClear(out);
    return;
  }
  const pp = slot(48);
  const ppp = slot(49);
  const q = slot(50);
  fqSqr(pp, p);
  fqMul(ppp, pp, p);
  fqMul(q, u, pp);
  fqMul(out + 64, out + 64, a + 64);
  fqMul(out + 64, out + 64, pp);
  fqMul(out + 96, out + 96, a + 96);
  fqMul(out + 96, out + 96, ppp);
  finish(out, r, ppp, q, s);
}

/** X = R² − PPP − 2Q, Y = R (Q − X) − S·PPP */
function finish(out: usize, r: usize, ppp: usize, q: usize, s: usize): void {
  const t = slot(53);
  fqMul(t, s, ppp);
  fqSqr(out, r);
  fqSub(out, out, ppp);
  fqSub(out, out, q);
  fqSub(out, out, q);
  fqSub(q, q, out);
  fqMul(q, q, r);
  fqSub(out + 32, q, t);
}

/** The affine point of a sum. */
export function sumToAffine(out: usize, sum: usize): void {
  if (isZero32(sum + 64)) {
    clear32(out);
    clear32(out + 32);
    return;
  }
  const inverse = slot(54);
  fqInverse(inverse, sum + 64);
  fqMul(out, sum, inverse);
  fqInverse(inverse, sum + 96);
  fqMul(out + 32, sum + 32, inverse);
}

/** out = Σ_w 2^(bits·w) Σ_r sums[w·parts + r]: windows put together. */
export function sumCombine(out: usize, sums: usize, windows: i32, parts: i32, bits: i32): void {
  const total = slot(56); // four slots
  sumClear(total);
  for (let w: i32 = windows - 1; w >= 0; w--) {
    for (let i: i32 = 0; i < bits && w < windows - 1; i++) sumDouble(total);
    for (let p: i32 = 0; p < parts; p++) sumAdd(total, sums + <usize>(w * parts + p) * SUM_BYTES);
  }
  sumToAffine(out, total);
}

/** Coordinates from canonical numbers, 2n of them, little-endian; big-endian bytes are turned before. */
export function fqVecToMontgomery(out: usize, a: usize, n: usize): void {
  const square = slot(40);
  fqSquare(square);
  for (let i: usize = 0; i < n << 5; i += 32) fqMul(out + i, a + i, square);
}

export function fqVecFromMontgomery(out: usize, a: usize, n: usize): void {
  const one = slot(40);
  clear32(one);
  store<u64>(one, 1);
  for (let i: usize = 0; i < n << 5; i += 32) fqMul(out + i, a + i, one);
}

/** Each element's 32 bytes the other way round, in place. */
export function reverseBytes(a: usize, n: usize): void {
  for (let i: usize = a; i < a + (n << 5); i += 32) {
    const w0 = load<u64>(i);
    const w1 = load<u64>(i, 8);
    const w2 = load<u64>(i, 16);
    const w3 = load<u64>(i, 24);
    store<u64>(i, bswap<u64>(w3));
    store<u64>(i, bswap<u64>(w2), 8);
    store<u64>(i, bswap<u64>(w1), 16);
    store<u64>(i, bswap<u64>(w0), 24);
  }
}
