// SPDX-License-Identifier: GPL-3.0-or-later
// Field packing: tensors as few field elements as a proof's public signals allow (docs/spec/formats.md, section 3).
import { assertValues, type TensorValues } from "./codec.ts";
import { sizeOf, type TensorSpec } from "./spec.ts";

/** Bits that a word may use: the largest multiple of 8 below the field's 254. */
export const WORD_BITS = 248;

/** Order of BN254's scalar field, r. */
export const SCALAR_FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** How a tensor is packed: bits a value, values a word, number of words. */
export interface PackingLayout {
  readonly bits: number;
  readonly perWord: number;
  readonly words: number;
}

/** Layout of one tensor; b = bit length of (hi - lo), k = floor(248 / b). */
export function packingLayout(spec: TensorSpec): PackingLayout {
  const bits = (spec.hi - spec.lo).toString(2).length;
  const perWord = Math.floor(WORD_BITS / bits);
  return { bits, perWord, words: Math.ceil(sizeOf(spec.shape) / perWord) };
}

/** Number of words of a list of tensors. */
export function packedLength(specs: readonly TensorSpec[]): number {
  return specs.reduce((sum, spec) => sum + packingLayout(spec).words, 0);
}

/** Words of a list of tensors, first value of each word most significant. Errors: TENSOR_SHAPE, TENSOR_RANGE. */
export function packTensors(specs: readonly TensorSpec[], tensors: readonly TensorValues[]): bigint[] {
  return specs.flatMap((spec, t) => {
    const values = tensors[t] as TensorValues;
    assertValues(spec, values);
    const { bits, perWord, words } = packingLayout(spec);
    return Array.from({ length: words }, (_, w) => {
      let word = 0n;
      const end = Math.min(values.length, (w + 1) * perWord);
      for (let i = w * perWord; i < end; i++) {
        word = (word << BigInt(bits)) | BigInt((values[i] as number) - spec.lo);
      }
      return word;
    });
  });
}
