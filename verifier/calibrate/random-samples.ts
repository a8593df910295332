// SPDX-License-Identifier: GPL-3.0-or-later
// Samples drawn from the declared range of each input, for owners who have no data at hand. Seeded: the same everywhere.
import { VerigradError } from "../errors.ts";
import type { Sample } from "../graph/samples.ts";
import { isFloatType, type OnnxInput } from "../onnx/types.ts";
import { sizeOf, TYPE_INFO, type TensorType } from "../tensor/spec.ts";
import { finestExponent, typeOfReals, type InputBits, type InputEntry } from "./input-spec.ts";

/** Real values that an input may have, both ends included. */
export interface InputRange {
  readonly lo: number;
  readonly hi: number;
}

/** 32 random bits a call (mulberry32: Tommy Ettinger, public domain); the same sequence for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const isInteger = ({ type }: OnnxInput): boolean => !isFloatType(type);

/** `count` samples, each value uniform in its input's range (integers for integer inputs). Errors: INPUT_RANGE. */
export function randomSamples(
  inputs: readonly OnnxInput[],
  ranges: readonly InputRange[],
  count: number,
  seed = 1,
): Sample[] {
  const next = generator(seed);
  ranges.forEach((range, i) => assertRange(inputs[i] as OnnxInput, range));
  return Array.from({ length: count }, () =>
    inputs.map((input, i) => {
      const { lo, hi } = ranges[i] as InputRange;
      const draw = isInteger(input)
        ? () => lo + Math.floor((next() / 2 ** 32) * (hi - lo + 1))
        : () => lo + (next() / (2 ** 32 - 1)) * (hi - lo);
      return Float64Array.from({ length: sizeOf(input.shape) }, draw);
    }),
  );
}

function assertRange(input: OnnxInput, { lo, hi }: InputRange): void {
  const whole = Number.isInteger(lo) && Number.isInteger(hi);
  if (Number.isFinite(lo) && Number.isFinite(hi) && lo < hi && (whole || !isInteger(input))) return;
  throw new VerigradError(
    "INPUT_RANGE",
    `input "${input.name}": range ${lo},${hi}; give two ${isInteger(input) ? "integers" : "numbers"}, the smaller first`,
  );
}

const INTEGER_TYPES: readonly TensorType[] = ["u8", "i8", "u16", "i16", "i32"];

/** The public input spec for a declared range: integers as they are, real numbers with `bits` bits. Errors: INPUT_RANGE. */
export function inputOfRange(input: OnnxInput, range: InputRange, bits: InputBits): InputEntry {
  assertRange(input, range);
  const { lo, hi } = range;
  const { name } = input;
  if (isInteger(input)) {
    const type = INTEGER_TYPES.find((t) => TYPE_INFO[t].lo <= lo && TYPE_INFO[t].hi >= hi);
    if (type !== undefined) return { name, type, exponent: 0, lo, hi };
    throw new VerigradError("INPUT_RANGE", `input "${name}": the range reaches beyond 32-bit integers`);
  }
  const type = typeOfReals(lo, bits);
  const exponent = finestExponent(Math.max(hi, -lo), TYPE_INFO[type].hi);
  const scale = 2 ** exponent;
  return { name, type, exponent, lo: Math.floor(lo * scale) + 0, hi: Math.ceil(hi * scale) + 0 };
}
