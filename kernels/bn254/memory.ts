// SPDX-License-Identifier: GPL-3.0-or-later
// Each thread has an instance of this module and, in the shared memory, scratch of its own.

/** Bytes of scratch of a thread; verifier/proofs/tensorcheck/engine/memory.ts allocates them. */
export const SCRATCH_BYTES: usize = 0x100000;
/**
 * Its first 8 KiB are 256 slots for single elements (those from 128 on hold the field's constants), the rest is a buffer for
 * one kernel at a time.
 */
const SLOT_BYTES: usize = 0x2000;

let scratch: usize = 0;
/** The number of this thread, 0 for the engine's caller. */
export let thread: usize = 0;

/** Tells an instance which thread it is and where its scratch lies. */
export function setThread(index: usize, address: usize): void {
  thread = index;
  scratch = address;
}

export function slot(index: usize): usize {
  return scratch + (index << 5);
}

export function buffer(): usize {
  return scratch + SLOT_BYTES;
}

export function copy32(out: usize, a: usize): void {
  v128.store(out, v128.load(a));
  v128.store(out, v128.load(a, 16), 16);
}

export function clear32(out: usize): void {
  v128.store(out, i64x2.splat(0));
  v128.store(out, i64x2.splat(0), 16);
}

export function isZero32(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

export function equal32(a: usize, b: usize): bool {
  return (
    ((load<u64>(a) ^ load<u64>(b)) |
      (load<u64>(a, 8) ^ load<u64>(b, 8)) |
      (load<u64>(a, 16) ^ load<u64>(b, 16)) |
      (load<u64>(a, 24) ^ load<u64>(b, 24))) ==
    0
  );
}
