// SPDX-License-Identifier: GPL-3.0-or-later
// Sums of field elements times small integers: out[a] (+)= Σ_b w[b]·M[a·outStride + b·sumStride]. With a the column and b the row
// that is a row vector times a matrix; the other way round, a matrix times a column.
//
// w is written in 16 signed digits of 16 bits (balanced: −2^15 … 2^15 − 1), the integers in bytes, the top one signed. One
// instruction multiplies eight digits by a pair of bytes and adds the pairs: |digit · byte| < 2^23, so that 127 pairs
// fit the 32-bit lanes. They are then moved to 64-bit sums, one for each digit, which are brought into the field at the end.
// Slots 16..31 of the scratch belong to this file.
import { frAdd, frFifthWord, frModulus, frMul, frSquare, frSub } from "./field";
import { buffer, clear32, copy32, slot } from "./memory";

/** Pairs of bytes between two transfers to 64-bit sums; 2^24 · 127 < 2^31. */
const PAIRS: usize = 127;
/** Outputs summed side by side; their sums take 128 bytes each. */
const OUTPUTS: usize = 512;
/** Eight 16-bit digits of each of two weights, interleaved, twice. */
const PAIR_BYTES: usize = 64;

/** The balanced digits of w, a canonical number below r: those of w − r where w > r/2. 16 words of 16 bits. */
function writeDigits(out: usize, w: usize): void {
  const t = slot(16);
  const modulus = slot(17);
  frModulus(modulus);
  copy32(t, w);
  // |w| < 2^253 afterwards, as a two's complement of 256 bits.
  if (load<u64>(w, 24) > load<u64>(modulus, 24) >> 1) {
    let k: u64 = 0;
    for (let i: usize = 0; i < 32; i += 8) {
      const a = load<u64>(w + i);
      const b = load<u64>(modulus + i);
      const d = a - b;
      store<u64>(t + i, d - k);
      k = u64(a < b) | u64(d < k);
    }
  }
  let carry: i32 = 0;
  for (let i: usize = 0; i < 16; i++) {
    const digit = <i32>load<i16>(t + (i << 1)) + carry;
    // load<i16> has taken 2^16 off where bit 15 was set; it comes back as a carry, also where the carry itself made 2^15.
    carry = i32(load<i16>(t + (i << 1)) < 0 || digit > 32767);
    store<i16>(out + (i << 2), <i16>digit);
  }
}

/**
 * Digits of w[from..from+n−1] for bytes of `width` = 1, 2 or 4: one pair holds two weights for bytes, (w, 2^8 w) for 16-bit
 * integers, and two pairs (w, 2^8 w), (2^16 w, 2^24 w) for 32-bit ones.
 */
function writePairs(out: usize, w: usize, n: usize, width: i32): void {
  const scaled = slot(18);
  const one = slot(19);
  const shifted = slot(20);
  const square = slot(21);
  frSquare(square);
  clear32(one);
  store<u64>(one, 1);
  for (let i: usize = 0; i < n; i++) {
    for (let byte: i32 = 0; byte < width; byte++) {
      clear32(shifted);
      store<u64>(shifted, (<u64>1) << (byte << 3));
      // canonical(w)·2^(8 byte): a product of a Montgomery and a plain number is plain
      frMul(scaled, w + (i << 5), shifted);
      const index = width == 1 ? i : i * <usize>width + <usize>byte;
      writeDigits(out + (index >> 1) * PAIR_BYTES + ((index & 1) << 1), scaled);
    }
  }
  if (width == 1 && n & 1) {
    for (let i: usize = 0; i < 64; i += 4) store<i16>(out + (n >> 1) * PAIR_BYTES + 2 + i, 0);
  }
}

/** Two bytes as the two 16-bit halves of a lane. */
function halves(low: i32, high: i32): v128 {
  return i32x4.splat((low & 0xffff) | (high << 16));
}

function transfer(sums: usize, digits: v128, group: usize): void {
  const at = sums + (group << 5);
  v128.store(at, i64x2.add(v128.load(at), i64x2.extend_low_i32x4_s(digits)));
  v128.store(at, i64x2.add(v128.load(at, 16), i64x2.extend_high_i32x4_s(digits)), 16);
}

/** Adds the products of one output with `pairs` pairs of digits. The integers begin at m, sumBytes from one weight to the next. */
function addProducts(sums: usize, digits: usize, m: usize, sumBytes: usize, count: usize, width: i32): void {
  let s0 = i32x4.splat(0);
  let s1 = i32x4.splat(0);
  let s2 = i32x4.splat(0);
  let s3 = i32x4.splat(0);
  const end = digits + (width == 1 ? (count + 1) >> 1 : (count * <usize>width) >> 1) * PAIR_BYTES;
  if (width == 1) {
    const whole = digits + (count >> 1) * PAIR_BYTES;
    for (; digits < whole; digits += PAIR_BYTES) {
      const x = halves(<i32>load<i8>(m), <i32>load<i8>(m + sumBytes));
      m += sumBytes << 1;
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load(digits), x));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load(digits, 16), x));
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v128.load(digits, 32), x));
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v128.load(digits, 48), x));
    }
    if (digits < end) {
      const x = halves(<i32>load<i8>(m), 0);
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load(digits), x));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load(digits, 16), x));
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v128.load(digits, 32), x));
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v128.load(digits, 48), x));
    }
  } else if (width == 2) {
    for (; digits < end; digits += PAIR_BYTES) {
      const x = halves(<i32>load<u8>(m), <i32>load<i8>(m + 1));
      m += sumBytes;
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load(digits), x));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load(digits, 16), x));
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v128.load(digits, 32), x));
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v128.load(digits, 48), x));
    }
  } else {
    for (; digits < end; digits += PAIR_BYTES << 1) {
      const x = halves(<i32>load<u8>(m), <i32>load<u8>(m + 1));
      const y = halves(<i32>load<u8>(m + 2), <i32>load<i8>(m + 3));
      m += sumBytes;
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load(digits), x));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load(digits, 16), x));
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v128.load(digits, 32), x));
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v128.load(digits, 48), x));
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load(digits, 64), y));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load(digits, 80), y));
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v128.load(digits, 96), y));
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v128.load(digits, 112), y));
    }
  }
  transfer(sums, s0, 0);
  transfer(sums, s1, 1);
  transfer(sums, s2, 2);
  transfer(sums, s3, 3);
}

/** out (+)= Σ_k sums[k]·2^(16k), the sums signed and below 2^62. */
function collect(out: usize, sums: usize, add: bool): void {
  const words = slot(24); // 256 bits, and what lies above them in `carry`
  const square = slot(25);
  const fifth = slot(26);
  const high = slot(27);
  frSquare(square);
  let carry: i64 = 0;
  for (let k: usize = 0; k < 16; k++) {
    carry += load<i64>(sums + (k << 3));
    store<u16>(words + (k << 1), <u16>carry);
    carry >>= 16;
  }
  frMul(words, words, square);
  clear32(high);
  frAdd(words, words, high); // 256 bits instead of 255: the product may be up to 3 r, which takes a second subtraction
  // carry·2^256, carry being signed
  clear32(high);
  store<u64>(high, carry < 0 ? 0 - carry : carry);
  frMul(high, high, square);
  frFifthWord(fifth);
  frMul(high, high, fifth);
  if (carry < 0) frSub(words, words, high);
  else frAdd(words, words, high);
  if (add) frAdd(out, out, words);
  else copy32(out, words);
}

/** See the top of this file. `width` is 1, 2 or 4 bytes, strides count bytes; out of `outputs`, w of n elements. */
export function frMatrix(
  out: usize,
  outputs: usize,
  w: usize,
  n: usize,
  m: usize,
  width: i32,
  outStride: usize,
  sumStride: usize,
  add: bool,
): void {
  const digits = buffer();
  const sums = digits + (PAIRS + 1) * PAIR_BYTES;
  // weights a transfer: an even number, so that pairs of two weights stay together
  const chunk: usize = width == 1 ? PAIRS * 2 : width == 2 ? PAIRS : PAIRS >> 1;
  for (let first: usize = 0; first < outputs; first += OUTPUTS) {
    const count = min(OUTPUTS, outputs - first);
    memory.fill(sums, 0, count << 7);
    for (let from: usize = 0; from < n; from += chunk) {
      const weights = min(chunk, n - from);
      writePairs(digits, w + (from << 5), weights, width);
      const start = m + first * outStride + from * sumStride;
      for (let a: usize = 0; a < count; a++) {
        addProducts(sums + (a << 7), digits, start + a * outStride, sumStride, weights, width);
      }
    }
    for (let a: usize = 0; a < count; a++) collect(out + ((first + a) << 5), sums + (a << 7), add);
  }
}
