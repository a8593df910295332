// SPDX-License-Identifier: GPL-3.0-or-later
// Vectors over the scalar field. Elements are 32 bytes; lengths count elements. Results may lie where operands do.
// Slots 0..15 of the scratch belong to this file and to inverses.
import {
  frAdd,
  frMinusTwo,
  frModulus,
  frMul,
  frMul2,
  frOne,
  frSqr,
  frSquare,
  frSub,
  fqMinusTwo,
  fqMul,
  fqOne,
  fqSqr,
} from "./field";
import { buffer, clear32, copy32, isZero32, slot } from "./memory";

/** Elements that share one inversion. */
const INVERSE_BATCH: usize = 1024;

export function frVecAdd(out: usize, a: usize, b: usize, n: usize): void {
  for (let i: usize = 0; i < n << 5; i += 32) frAdd(out + i, a + i, b + i);
}

export function frVecSub(out: usize, a: usize, b: usize, n: usize): void {
  for (let i: usize = 0; i < n << 5; i += 32) frSub(out + i, a + i, b + i);
}

export function frVecMul(out: usize, a: usize, b: usize, n: usize): void {
  const paired = (n >> 1) << 6;
  for (let i: usize = 0; i < paired; i += 64) frMul2(out + i, a + i, b + i, out + i + 32, a + i + 32, b + i + 32);
  if (n & 1) frMul(out + paired, a + paired, b + paired);
}

/** s lies outside of out. */
export function frVecScale(out: usize, a: usize, s: usize, n: usize): void {
  const paired = (n >> 1) << 6;
  for (let i: usize = 0; i < paired; i += 64) frMul2(out + i, a + i, s, out + i + 32, a + i + 32, s);
  if (n & 1) frMul(out + paired, a + paired, s);
}

export function frVecAddScalar(out: usize, a: usize, s: usize, n: usize): void {
  for (let i: usize = 0; i < n << 5; i += 32) frAdd(out + i, a + i, s);
}

/** out += s·a */
export function frVecAxpy(out: usize, s: usize, a: usize, n: usize): void {
  const t = slot(0);
  const u = slot(1);
  const paired = (n >> 1) << 6;
  for (let i: usize = 0; i < paired; i += 64) {
    frMul2(t, a + i, s, u, a + i + 32, s);
    frAdd(out + i, out + i, t);
    frAdd(out + i + 32, out + i + 32, u);
  }
  if (n & 1) {
    frMul(t, a + paired, s);
    frAdd(out + paired, out + paired, t);
  }
}

export function frVecFill(out: usize, s: usize, n: usize): void {
  for (let i: usize = 0; i < n << 5; i += 32) copy32(out + i, s);
}

/** Out of canonical numbers. */
export function frVecToMontgomery(out: usize, a: usize, n: usize): void {
  const square = slot(0);
  frSquare(square);
  frVecScale(out, a, square, n);
}

export function frVecFromMontgomery(out: usize, a: usize, n: usize): void {
  const one = slot(0);
  clear32(one);
  store<u64>(one, 1);
  frVecScale(out, a, one, n);
}

/** The integer at index i of an array of `type`: 0 int8, 1 int16, 2 int32, 3 float64, 4 bigint64. */
export function integerAt(integers: usize, type: i32, i: usize): i64 {
  switch (type) {
    case 0:
      return <i64>load<i8>(integers + i);
    case 1:
      return <i64>load<i16>(integers + (i << 1));
    case 2:
      return <i64>load<i32>(integers + (i << 2));
    case 3:
      return <i64>load<f64>(integers + (i << 3));
    default:
      return load<i64>(integers + (i << 3));
  }
}

/**
 * out[i] (+)= s·integers[first + i]. Integers of up to 32 bits are looked up byte by byte in tables of multiples of s, which
 * beats a product; the others are multiplied.
 */
export function frVecFromIntegers(
  out: usize,
  s: usize,
  integers: usize,
  type: i32,
  first: usize,
  n: usize,
  add: bool,
): void {
  if (type <= 2 && n >= 256) return fromTables(out, s, integers + (first << type), 1 << type, n, add);
  const square = slot(0);
  const magnitude = slot(1);
  const t = slot(2);
  const zero = slot(6);
  // s·R²: its product with a plain number is in Montgomery form
  frSquare(square);
  frMul(square, square, s);
  clear32(magnitude);
  clear32(zero);
  for (let i: usize = 0; i < n; i++) {
    const value = integerAt(integers, type, first + i);
    const target = out + (i << 5);
    store<u64>(magnitude, value < 0 ? 0 - value : value); // −2^63 is its own negative, and right as an unsigned word
    frMul(t, magnitude, square);
    if (value < 0) frSub(t, zero, t);
    if (add) frAdd(target, target, t);
    else copy32(target, t);
  }
}

/** The multiples of s by what each byte of an integer of `width` bytes stands for, the top byte being signed. */
function fromTables(out: usize, s: usize, integers: usize, width: i32, n: usize, add: bool): void {
  const tables = buffer();
  const step = slot(0);
  const negative = slot(1);
  copy32(step, s);
  for (let byte: i32 = 0; byte < width; byte++) {
    const table = tables + ((<usize>byte) << 13);
    const signed = byte == width - 1;
    clear32(table);
    const positive: usize = signed ? 128 : 256;
    for (let v: usize = 1; v < positive; v++) frAdd(table + (v << 5), table + ((v - 1) << 5), step);
    if (signed) {
      clear32(negative);
      for (let v: usize = 255; v >= 128; v--) {
        frSub(negative, negative, step);
        copy32(table + (v << 5), negative);
      }
    } else frAdd(step, table + (255 << 5), step);
  }
  for (let i: usize = 0; i < n; i++) {
    const target = out + (i << 5);
    const source = integers + i * <usize>width;
    let byte: i32 = 0;
    if (!add) {
      copy32(target, tables + ((<usize>load<u8>(source)) << 5));
      byte = 1;
    }
    for (; byte < width; byte++) {
      frAdd(target, target, tables + ((<usize>byte) << 13) + ((<usize>load<u8>(source + byte)) << 5));
    }
  }
}

/** out[i·columns + j] = a[i]·b[j] */
export function frOuter(out: usize, a: usize, rows: usize, b: usize, columns: usize): void {
  for (let i: usize = 0; i < rows; i++) frVecScale(out + ((i * columns) << 5), b, a + (i << 5), columns);
}

/** out = 1/a = a^(r−2); 0 for 0. */
export function frInverse(out: usize, a: usize): void {
  const exponent = slot(3);
  const base = slot(4);
  const power = slot(5);
  frMinusTwo(exponent);
  copy32(base, a);
  frOne(power);
  for (let bit: i32 = 253; bit >= 0; bit--) {
    frSqr(power, power);
    if ((load<u8>(exponent + (bit >> 3)) >> (<u8>(bit & 7))) & 1) frMul(power, power, base);
  }
  copy32(out, power);
}

/** out = 1/a = a^(q−2), in the base field. */
export function fqInverse(out: usize, a: usize): void {
  const exponent = slot(3);
  const base = slot(4);
  const power = slot(5);
  fqMinusTwo(exponent);
  copy32(base, a);
  fqOne(power);
  for (let bit: i32 = 253; bit >= 0; bit--) {
    fqSqr(power, power);
    if ((load<u8>(exponent + (bit >> 3)) >> (<u8>(bit & 7))) & 1) fqMul(power, power, base);
  }
  copy32(out, power);
}

/** out[i] = 1/a[i] by one inversion for many (Montgomery's trick); 0 stays 0. Returns the number of zeros. */
export function frVecInvert(out: usize, a: usize, n: usize): usize {
  const product = slot(0);
  const inverse = slot(1);
  const t = slot(2);
  const prefixes = buffer();
  let zeros: usize = 0;
  for (let from: usize = 0; from < n; from += INVERSE_BATCH) {
    const count = min(INVERSE_BATCH, n - from);
    const source = a + (from << 5);
    const target = out + (from << 5);
    frOne(product);
    for (let i: usize = 0; i < count << 5; i += 32) {
      copy32(prefixes + i, product);
      if (isZero32(source + i)) zeros++;
      else frMul(product, product, source + i);
    }
    frInverse(inverse, product);
    for (let i: usize = (count - 1) << 5; ; i -= 32) {
      if (isZero32(source + i)) clear32(target + i);
      else {
        frMul(t, inverse, prefixes + i);
        frMul(inverse, inverse, source + i);
        copy32(target + i, t);
      }
      if (i == 0) break;
    }
  }
  return zeros;
}

/** out[h] = Σ_i a[h·columns + i]·b[i] for h < rows. */
export function frDotRows(out: usize, a: usize, b: usize, rows: usize, columns: usize): void {
  const sum = slot(0);
  const t = slot(1);
  const u = slot(2);
  const paired = (columns >> 1) << 6;
  for (let h: usize = 0; h < rows; h++) {
    clear32(sum);
    for (let i: usize = 0; i < paired; i += 64) {
      frMul2(t, a + i, b + i, u, a + i + 32, b + i + 32);
      frAdd(sum, sum, t);
      frAdd(sum, sum, u);
    }
    if (columns & 1) {
      frMul(t, a + paired, b + paired);
      frAdd(sum, sum, t);
    }
    copy32(out + (h << 5), sum);
    a += columns << 5;
  }
}

/** out[i] = low[i] + u (high[i] − low[i]) */
export function frVecFold(out: usize, low: usize, high: usize, u: usize, n: usize): void {
  foldSteps(out, low, high, 32, u, n);
}

/** out[i] = a[2i] + u (a[2i + 1] − a[2i]) */
export function frVecFoldPairs(out: usize, a: usize, u: usize, n: usize): void {
  foldSteps(out, a, a + 32, 64, u, n);
}

/** out[i] = low[i·step] + u (high[i·step] − low[i·step]), in steps of bytes. */
function foldSteps(out: usize, low: usize, high: usize, step: usize, u: usize, n: usize): void {
  const t = slot(0);
  const v = slot(1);
  for (let i: usize = 1; i < n; i += 2) {
    frSub(t, high, low);
    frSub(v, high + step, low + step);
    frMul2(t, t, u, v, v, u);
    frAdd(out, low, t);
    frAdd(out + 32, low + step, v);
    out += 64;
    low += step << 1;
    high += step << 1;
  }
  if (n & 1) {
    frSub(t, high, low);
    frMul(t, t, u);
    frAdd(out, low, t);
  }
}

/** scale·eq(point, i) for i < 2^k; the point is k elements, most significant coordinate first. */
export function frEqTable(out: usize, point: usize, k: usize, scale: usize): void {
  const t = slot(0);
  const u = slot(1);
  copy32(out, scale);
  if (k == 0) return;
  frMul(t, scale, point);
  frSub(out, out, t);
  copy32(out + 32, t);
  for (let c: usize = 1; c < k; c++) {
    // From the end, two at a time: each entry becomes the pair at twice its place.
    const x = point + (c << 5);
    for (let i: usize = ((<usize>1) << c) - 1; ; i -= 2) {
      const entry = out + (i << 5);
      const pair = out + (i << 6);
      frMul2(t, entry, x, u, entry - 32, x);
      frSub(pair, entry, t);
      copy32(pair + 32, t);
      frSub(pair - 64, entry - 32, u);
      copy32(pair - 32, u);
      if (i == 1) break;
    }
  }
}

/** out = Σ_i a[i] x^i, n >= 1 */
export function frEvaluate(out: usize, a: usize, n: usize, x: usize): void {
  const sum = slot(0);
  copy32(sum, a + ((n - 1) << 5));
  for (let i: usize = n - 1; i > 0; i--) {
    frMul(sum, sum, x);
    frAdd(sum, sum, a + ((i - 1) << 5));
  }
  copy32(out, sum);
}

/** a = (X − x)·out + remainder; n >= 1 coefficients of a, n − 1 of out. */
export function frDivide(out: usize, remainder: usize, a: usize, n: usize, x: usize): void {
  const carry = slot(0);
  const coefficient = slot(1);
  copy32(carry, a + ((n - 1) << 5));
  for (let i: usize = n - 1; i > 0; i--) {
    // Read before it is written: out may begin where a does.
    copy32(coefficient, a + ((i - 1) << 5));
    copy32(out + ((i - 1) << 5), carry);
    frMul(carry, carry, x);
    frAdd(carry, carry, coefficient);
  }
  copy32(remainder, carry);
}

/** Whether every 32-byte word is below r. */
export function frAllCanonical(a: usize, n: usize): bool {
  const modulus = slot(0);
  frModulus(modulus);
  for (let i: usize = 0; i < n << 5; i += 32) {
    let below = false;
    for (let word: i32 = 24; word >= 0; word -= 8) {
      const value = load<u64>(a + i + word);
      const bound = load<u64>(modulus + word);
      if (value != bound) {
        below = value < bound;
        break;
      }
    }
    if (!below) return false;
  }
  return true;
}
