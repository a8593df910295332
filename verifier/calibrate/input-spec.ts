// SPDX-License-Identifier: GPL-3.0-or-later
// The public input spec that samples suggest.
import { VerigradError } from "../errors.ts";
import type { Calibration } from "../graph/calibration.ts";
import { TYPE_INFO, type TensorType } from "../tensor/spec.ts";

/** Widths of inputs that are not integers. 32 is for features of scales as different as those of tables. */
export type InputBits = 8 | 16 | 32;

export type InputEntry = Calibration["inputs"][number];

const BY_WIDTH: readonly TensorType[] = ["u8", "i8", "u16", "i16", "i32"];

/** No exponent is chosen beyond this, either way: what is smaller than 2^-40 counts as nothing. */
export const MAX_EXPONENT = 40;

/** Largest exponent e for which max * 2^e stays within limit, at most 40 in magnitude; 0 where every value is 0. */
export function finestExponent(max: number, limit: number): number {
  if (max === 0) return 0;
  let exponent = Math.floor(Math.log2(limit / max));
  while (max * 2 ** exponent > limit) exponent--; // log2 rounds
  return Math.max(-MAX_EXPONENT, Math.min(MAX_EXPONENT, exponent));
}

/** The type of real inputs down to `min`. */
export const typeOfReals = (min: number, bits: InputBits): TensorType =>
  bits === 32 ? "i32" : `${min < 0 ? "i" : "u"}${bits}`;

/**
 * Integer samples keep their values: exponent 0, the samples' own range. Others get `bits` bits (32 of them with a sign), the finest
 * exponent that holds every sample, and the whole type as range. Errors: INPUT_RANGE for integers beyond i32.
 */
export function suggestInput(name: string, values: readonly ArrayLike<number>[], bits: InputBits): InputEntry {
  let min = Infinity;
  let max = -Infinity;
  let integers = true;
  for (const list of values) {
    for (let i = 0; i < list.length; i++) {
      const v = list[i] as number;
      if (v < min) min = v;
      if (v > max) max = v;
      integers &&= Number.isInteger(v);
    }
  }
  if (integers) {
    const [lo, hi] = min < max ? [min, max] : [min, min + 1];
    const type = BY_WIDTH.find((t) => TYPE_INFO[t].lo <= lo && TYPE_INFO[t].hi >= hi);
    if (type === undefined)
      throw new VerigradError("INPUT_RANGE", `input "${name}": samples reach beyond 32-bit integers`);
    return { name, type, exponent: 0, lo: lo + 0, hi: hi + 0 };
  }
  const type = typeOfReals(min, bits);
  const { lo, hi } = TYPE_INFO[type];
  return { name, type, exponent: finestExponent(Math.max(max, -min), hi), lo, hi };
}
