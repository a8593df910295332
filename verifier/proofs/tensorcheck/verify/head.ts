// SPDX-License-Identifier: GPL-3.0-or-later
// The head of a key: selector, input mode and spec lists (docs/spec/formats.md, sections 1 and 5), checked in the order of
// KeyHeader.sol and TensorSpecLib.sol, reason by reason.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { TENSOR_TYPES, TYPE_INFO, type TensorSpec } from "../../../tensor/spec.ts";
import { check, REASON, signed32, type Reader } from "./reader.ts";

/** keccak256 of it begins every transcript; its first four bytes select the proof system. */
export const DOMAIN = keccak_256(utf8ToBytes("verigrad.tensorcheck.v1"));

const COMMITTED = 1;
const MAX_TENSORS = 16;
const MAX_RANK = 8;
const MAX_VALUES = 2 ** 24;

/** Reads the head. Errors: TENSORCHECK_KEY_INVALID. */
export function readHead(reader: Reader): { readonly inputs: TensorSpec[]; readonly outputs: TensorSpec[] } {
  reader.piece(7);
  check(
    reader.take(4).every((byte, i) => byte === DOMAIN[i]),
    REASON.SELECTOR,
    "another proof system's selector",
  );
  const inputMode = reader.uint(1);
  check(inputMode <= COMMITTED, REASON.INPUT_MODE, "unknown input mode");
  const inputLength = reader.uint(2);
  reader.piece(inputLength + 2);
  const inputs = readSpecList(reader, inputLength);
  const outputs = readSpecList(reader, reader.uint(2));
  check(inputMode !== COMMITTED, REASON.INPUT_MODE, "inputs are public");
  return { inputs, outputs };
}

function readSpecList(reader: Reader, length: number): TensorSpec[] {
  reader.piece(length);
  const end = reader.at + length;
  check(length > 0, REASON.SPEC_LENGTH, "spec list without a byte");
  const count = reader.uint(1);
  check(count >= 1 && count <= MAX_TENSORS, REASON.SPEC_COUNT, `a spec list has 1..${MAX_TENSORS} tensors`);
  const specs = Array.from({ length: count }, () => {
    check(reader.at < end, REASON.SPEC_LENGTH, "spec list is cut short");
    const rank = reader.uint(1);
    check(rank >= 1 && rank <= MAX_RANK, REASON.SPEC_RANK, `rank must be 1..${MAX_RANK}`);
    check(reader.at + 10 + 4 * rank <= end, REASON.SPEC_LENGTH, "spec list is cut short");
    return readSpec(reader, rank);
  });
  check(reader.at === end, REASON.SPEC_LENGTH, "spec list has trailing bytes");
  return specs;
}

function readSpec(reader: Reader, rank: number): TensorSpec {
  let size = 1;
  const shape = Array.from({ length: rank }, () => {
    const dimension = reader.uint(4);
    size *= dimension;
    check(size >= 1 && size <= MAX_VALUES, REASON.SPEC_SHAPE, "a tensor has 1..2^24 values");
    return dimension;
  });
  const type = TENSOR_TYPES[reader.uint(1)];
  check(type !== undefined, REASON.SPEC_TYPE, "unknown type");
  const exponent = signed32(reader.uint(1) << 24) >> 24;
  const lo = signed32(reader.uint(4));
  const hi = signed32(reader.uint(4));
  const bounds = TYPE_INFO[type];
  check(lo < hi && lo >= bounds.lo && hi <= bounds.hi, REASON.SPEC_RANGE, "range is empty or outside of its type");
  return { shape, type, exponent, lo, hi };
}
