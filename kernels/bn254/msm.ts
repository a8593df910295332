// SPDX-License-Identifier: GPL-3.0-or-later
// Multi-scalar multiplication by buckets. A scalar is written in signed digits of `bits` bits; for one digit's place, points are
// sorted by the digit's magnitude, each bucket is halved by adding neighbours until one point is left, and the buckets
// are summed with their weights. Additions are affine, hundreds to an inversion: 5 products, a square and a share of it.
// Digits come without carries: a bias of half a digit in every place below the top one is added to the scalar beforehand and
// taken off each digit. Slots 64..85 of the scratch belong to this file.
import { fqAdd, fqMul, fqMul2, fqOne, fqSqr, fqSub, frMul } from "./field";
import { SUM_BYTES, sumAdd, sumAddAffine, sumClear } from "./curve";
import { buffer, clear32, copy32, equal32, isZero32, slot, thread } from "./memory";
import { fqInverse, integerAt } from "./vectors";

/** Additions that share an inversion. */
const BATCH: i32 = 1024;
const JOB_BYTES: usize = 16;

/** What a job of two points comes to. */
const ADD: u32 = 0;
const DOUBLE: u32 = 1;
const FIRST: u32 = 2;
const SECOND: u32 = 3;
const NOTHING: u32 = 4;

let jobs: i32 = 0;

/** out[i] = a[i] as a number + Σ_{w < windows − 1} 2^(bits·w + bits − 1), 256 bits. */
export function msmScalars(out: usize, a: usize, n: usize, bits: i32, windows: i32): void {
  const one = slot(64);
  const bias = slot(65);
  clear32(one);
  store<u64>(one, 1);
  clear32(bias);
  for (let w: i32 = 0; w < windows - 1; w++) {
    const bit = bits * w + bits - 1;
    const byte = bias + (bit >> 3);
    store<u8>(byte, u8(i32(load<u8>(byte)) | (1 << (bit & 7))));
  }
  for (let i: usize = 0; i < n; i++) {
    const target = out + (i << 5);
    frMul(target, a + (i << 5), one);
    let carry: u64 = 0;
    for (let word: usize = 0; word < 32; word += 8) {
      const x = load<u64>(target + word);
      const y = x + load<u64>(bias + word);
      const z = y + carry;
      carry = u64(y < x) | u64(z < y);
      store<u64>(target + word, z);
    }
  }
}

/** The same for integers of at most 62 bits and sign: 64 bits each. */
export function msmIntegers(
  out: usize,
  integers: usize,
  type: i32,
  first: usize,
  n: usize,
  bits: i32,
  windows: i32,
): void {
  let bias: i64 = 0;
  for (let w: i32 = 0; w < windows - 1; w++) bias += (<i64>1) << (bits * w + bits - 1);
  for (let i: usize = 0; i < n; i++) store<i64>(out + (i << 3), integerAt(integers, type, first + i) + bias);
}

/** The smallest B with |v| <= 2^B for every integer; −1 if all are 0. 64 if one is −2^63. */
export function msmIntegerBits(integers: usize, type: i32, first: usize, n: usize): i32 {
  let largest: u64 = 0;
  for (let i: usize = 0; i < n; i++) {
    const value = integerAt(integers, type, first + i);
    largest = max(largest, <u64>(value < 0 ? 0 - value : value));
  }
  return largest == 0 ? -1 : largest == 1 ? 0 : 64 - <i32>clz<u64>(largest - 1);
}

function digitAt(scalars: usize, stride: usize, i: usize, shift: i32, bits: i32, top: bool): i32 {
  const offset = min(shift >> 3, <i32>stride - 8);
  const word = load<i64>(scalars + i * stride + offset);
  const within = shift - (offset << 3);
  if (top) return <i32>(word >> within);
  return <i32>(((<u64>word) >> within) & (((<u64>1) << bits) - 1)) - (1 << (bits - 1));
}

function loadY(out: usize, tagged: usize): void {
  const point = tagged & ~1;
  copy32(out, point + 32);
  if (tagged & 1) {
    const zero = slot(78);
    clear32(zero);
    fqSub(out, zero, out);
  }
}

/**
 * Adds a pair of points to the batch: out = a + b, or out = a where b is 0. Bit 0 of an address is the point's sign. Outs may
 * lie where points of this or an earlier job lie, never where one of a later job does.
 */
function push(out: usize, a: usize, b: usize): void {
  const job = buffer() + <usize>jobs * JOB_BYTES;
  store<u32>(job, <u32>out);
  store<u32>(job, <u32>a, 4);
  store<u32>(job, <u32>b, 8);
  if (++jobs == BATCH) flush();
}

/** What becomes of job k: its kind is stored with it, its denominator (1 if it has none) where it belongs. */
function classify(k: i32, denominator: usize): void {
  const job = buffer() + <usize>k * JOB_BYTES;
  const a = <usize>load<u32>(job, 4);
  const b = <usize>load<u32>(job, 8);
  const pointA = a & ~1;
  const pointB = b & ~1;
  let kind = ADD;
  if (b == 0 || (isZero32(pointB) && isZero32(pointB + 32))) kind = FIRST;
  else if (isZero32(pointA) && isZero32(pointA + 32)) kind = SECOND;
  else if (equal32(pointA, pointB)) {
    const y1 = slot(67);
    const y2 = slot(68);
    loadY(y1, a);
    loadY(y2, b);
    if (equal32(y1, y2)) {
      kind = DOUBLE;
      fqAdd(denominator, y1, y1);
    } else kind = NOTHING;
  } else fqSub(denominator, pointB, pointA);
  if (kind > DOUBLE) fqOne(denominator);
  store<u32>(job, kind, 12);
}

/** The slope's numerator, and y of the first point. */
function numerator(k: i32, out: usize, y1: usize): void {
  const job = buffer() + <usize>k * JOB_BYTES;
  const a = <usize>load<u32>(job, 4);
  loadY(y1, a);
  if (load<u32>(job, 12) == DOUBLE) {
    const square = slot(68);
    fqSqr(square, a & ~1);
    fqAdd(out, square, square);
    fqAdd(out, out, square);
  } else if (load<u32>(job, 12) == ADD) {
    const y2 = slot(68);
    loadY(y2, <usize>load<u32>(job, 8));
    fqSub(out, y2, y1);
  }
}

/** x3 becomes slope² − x1 − x2, given slope², and t = x1 − x3. */
function abscissa(k: i32, x3: usize, t: usize): void {
  const job = buffer() + <usize>k * JOB_BYTES;
  if (load<u32>(job, 12) > DOUBLE) return;
  const pointA = (<usize>load<u32>(job, 4)) & ~1;
  fqSub(x3, x3, pointA);
  fqSub(x3, x3, (<usize>load<u32>(job, 8)) & ~1);
  fqSub(t, pointA, x3);
}

/** Writes job k's result: (x3, t − y1) with t = slope (x1 − x3), or one of the points. */
function settle(k: i32, x3: usize, t: usize, y1: usize): void {
  const job = buffer() + <usize>k * JOB_BYTES;
  const out = <usize>load<u32>(job);
  const kind = load<u32>(job, 12);
  if (kind <= DOUBLE) {
    copy32(out, x3);
    fqSub(out + 32, t, y1);
  } else if (kind == NOTHING) {
    clear32(out);
    clear32(out + 32);
  } else {
    const from = <usize>(kind == FIRST ? load<u32>(job, 4) : load<u32>(job, 8));
    loadY(y1, from);
    copy32(out, from & ~1);
    copy32(out + 32, y1);
  }
}

function flush(): void {
  if (jobs == 0) return;
  const denominators = buffer() + <usize>BATCH * JOB_BYTES;
  const suffixes = denominators + ((<usize>BATCH) << 5);
  // Two jobs at a time, each with a chain of products of its own.
  const inverse0 = slot(66);
  const inverse1 = slot(69);
  const both = slot(70);
  const y0 = slot(71);
  const y1 = slot(72);
  const slope0 = slot(73);
  const slope1 = slot(74);
  const x0 = slot(75);
  const x1 = slot(76);
  const t0 = slot(77);
  const t1 = slot(79);
  if (jobs & 1) {
    // a last job that does nothing: the first point where it lies
    const last = buffer() + <usize>jobs * JOB_BYTES;
    const spare = slot(84); // two slots
    store<u32>(last, <u32>spare);
    store<u32>(last, <u32>spare, 4);
    store<u32>(last, 0, 8);
    jobs++;
  }

  // From the last to the first, so that the second pass goes forwards: results may then take the places of points used.
  fqOne(inverse0);
  fqOne(inverse1);
  for (let k: i32 = jobs - 2; k >= 0; k -= 2) {
    const denominator = denominators + ((<usize>k) << 5);
    const suffix = suffixes + ((<usize>k) << 5);
    classify(k, denominator);
    classify(k + 1, denominator + 32);
    copy32(suffix, inverse0);
    copy32(suffix + 32, inverse1);
    fqMul2(inverse0, inverse0, denominator, inverse1, inverse1, denominator + 32);
  }
  fqMul(both, inverse0, inverse1);
  fqInverse(both, both);
  copy32(t0, inverse0);
  fqMul(inverse0, both, inverse1);
  fqMul(inverse1, both, t0);

  for (let k: i32 = 0; k < jobs; k += 2) {
    const denominator = denominators + ((<usize>k) << 5);
    const suffix = suffixes + ((<usize>k) << 5);
    numerator(k, slope0, y0);
    numerator(k + 1, slope1, y1);
    fqMul2(t0, inverse0, suffix, t1, inverse1, suffix + 32);
    fqMul2(inverse0, inverse0, denominator, inverse1, inverse1, denominator + 32);
    fqMul2(slope0, slope0, t0, slope1, slope1, t1);
    fqMul2(x0, slope0, slope0, x1, slope1, slope1);
    abscissa(k, x0, t0);
    abscissa(k + 1, x1, t1);
    fqMul2(t0, t0, slope0, t1, t1, slope1);
    settle(k, x0, t0, y0);
    settle(k + 1, x1, t1, y1);
  }
  jobs = 0;
}

/** Bytes of work space that msmWindow needs for each thread. */
export function msmWorkBytes(n: usize, bits: i32): usize {
  const buckets: usize = (<usize>1) << (bits - 1);
  return (((buckets + 1) << 3) + (n << 2) + (((n >> 1) + buckets + 1) << 6) + 63) & ~63;
}

/**
 * out = Σ_i digit_i·bases[i], a sum of curve.ts, where digit_i are the bits shift..shift+bits−1 of scalars[i] (`stride` bytes
 * each, as msmScalars or msmIntegers wrote them), or all from shift on where `top`. Each thread has `workBytes` bytes from
 * `work` on, at a multiple of 64.
 */
export function msmWindow(
  out: usize,
  bases: usize,
  scalars: usize,
  stride: usize,
  n: usize,
  shift: i32,
  bits: i32,
  top: bool,
  work: usize,
  workBytes: usize,
): void {
  const buckets: usize = (<usize>1) << (bits - 1);
  const points = work + thread * workBytes;
  const sizes = points + (((n >> 1) + buckets + 1) << 6); // u32 for 0..buckets
  const cursors = sizes + ((buckets + 1) << 2);
  const order = cursors + ((buckets + 1) << 2);

  memory.fill(sizes, 0, (buckets + 1) << 2);
  for (let i: usize = 0; i < n; i++) {
    const digit = digitAt(scalars, stride, i, shift, bits, top);
    if (digit == 0) continue;
    const size = sizes + ((<usize>abs(digit)) << 2);
    store<u32>(size, load<u32>(size) + 1);
  }
  let total: u32 = 0;
  for (let b: usize = 4; b <= buckets << 2; b += 4) {
    store<u32>(cursors + b, total);
    total += load<u32>(sizes + b);
  }
  for (let i: usize = 0; i < n; i++) {
    const digit = digitAt(scalars, stride, i, shift, bits, top);
    if (digit == 0) continue;
    const cursor = cursors + ((<usize>abs(digit)) << 2);
    const position = load<u32>(cursor);
    store<u32>(cursor, position + 1);
    store<u32>(order + ((<usize>position) << 2), (<u32>(bases + (i << 6))) | u32(digit < 0));
  }

  // The first halving reads the bases, the others the points that the one before wrote, in place.
  jobs = 0;
  let longest = halve(points, order, sizes, buckets, true);
  while (longest > 1) longest = halve(points, 0, sizes, buckets, false);

  sumClear(out);
  const running = slot(80); // four slots
  sumClear(running);
  let point = points + ((<usize>occupied(sizes, buckets)) << 6);
  for (let b = buckets << 2; b > 0; b -= 4) {
    if (load<u32>(sizes + b) != 0) {
      point -= 64;
      sumAddAffine(running, point, false);
    }
    sumAdd(out, running);
  }
}

/** Adds neighbours within each bucket; returns the size of the largest one afterwards. */
function halve(points: usize, order: usize, sizes: usize, buckets: usize, first: bool): u32 {
  let longest: u32 = 0;
  let from: usize = first ? order : points;
  const step: usize = first ? 4 : 64;
  let to = points;
  for (let b: usize = 4; b <= buckets << 2; b += 4) {
    const size = load<u32>(sizes + b);
    for (let i: u32 = 1; i < size; i += 2) {
      if (first) push(to, <usize>load<u32>(from), <usize>load<u32>(from, 4));
      else push(to, from, from + 64);
      from += step << 1;
      to += 64;
    }
    if (size & 1) {
      if (first) push(to, <usize>load<u32>(from), 0);
      else if (to != from) push(to, from, 0);
      from += step;
      to += 64;
    }
    const half = (size + 1) >> 1;
    store<u32>(sizes + b, half);
    longest = max(longest, half);
  }
  flush();
  return longest;
}

function occupied(sizes: usize, buckets: usize): u32 {
  let count: u32 = 0;
  for (let b: usize = 4; b <= buckets << 2; b += 4) count += u32(load<u32>(sizes + b) != 0);
  return count;
}
