// SPDX-License-Identifier: GPL-3.0-or-later
// Multi-scalar multiplication by buckets. A scalar is written in signed digits of `bits` bits; for one digit's place, points are
// sorted by the digit's magnitude, each bucket is halved by adding neighbours until one point is left, and the buckets
// are summed with their weights.
// Digits come without carries: a bias of half a digit in every place below the top one is added to the scalar beforehand and
// taken off each digit. Slots 64, 65 and 80..83 of the scratch belong to this file.
import { begin, flush, push } from "./additions";
import { frMul } from "./field";
import { SUM_BYTES, sumAdd, sumAddAffine, sumClear } from "./curve";
import { clear32, slot, thread } from "./memory";
import { integerAt } from "./vectors";

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

/** The signed digit of scalars[i] at `shift`, without the bias that msmScalars or msmIntegers added; `top`: all from there on. */
export function digitAt(scalars: usize, stride: usize, i: usize, shift: i32, bits: i32, top: bool): i32 {
  const offset = min(shift >> 3, <i32>stride - 8);
  const word = load<i64>(scalars + i * stride + offset);
  const within = shift - (offset << 3);
  if (top) return <i32>(word >> within);
  return <i32>(((<u64>word) >> within) & (((<u64>1) << bits) - 1)) - (1 << (bits - 1));
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
  begin();
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
