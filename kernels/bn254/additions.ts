// SPDX-License-Identifier: GPL-3.0-or-later
// Affine additions of G1, hundreds to an inversion: 5 products, a square and a share of it. Jobs are gathered by push and done
// when there are enough of them, or at flush. Slots 66..79, 84 and 85 of the scratch, and its buffer, belong to this file.
import { fqAdd, fqMul, fqMul2, fqOne, fqSqr, fqSub } from "./field";
import { buffer, clear32, copy32, equal32, isZero32, slot } from "./memory";
import { fqInverse } from "./vectors";

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

/** Before the first push of a kernel: forgets the jobs of one that failed. */
export function begin(): void {
  jobs = 0;
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
export function push(out: usize, a: usize, b: usize): void {
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

/** Does all jobs that are left. */
export function flush(): void {
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
