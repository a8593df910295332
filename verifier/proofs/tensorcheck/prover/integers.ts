// SPDX-License-Identifier: GPL-3.0-or-later
// Cells as small integers, as long as they can stay that: a weight is never spread out to 32 bytes.
import { SCALAR_FIELD as r } from "../../../tensor/packing.ts";
import type { Integers, TensorcheckEngine, Vector } from "../engine/types.ts";
import type { Cells } from "../program.ts";
import { mod } from "./field.ts";

export type SmallArray = Int8Array | Int16Array | Int32Array;

/** Cells are Σ scale · array over the parts. */
export interface Part<A> {
  readonly scale: bigint;
  readonly integers: A;
}
export type Parts<A> = readonly Part<A>[];

/** Bits of every part of wide cells but the most significant one. */
const LIMB = 31;

/** Cells by integers of at most 32 bits; most often in one part. */
export function split(cells: Cells): Parts<SmallArray> {
  if (cells instanceof Int8Array || cells instanceof Int16Array || cells instanceof Int32Array) {
    return [{ scale: 1n, integers: cells }];
  }
  if (cells instanceof Float64Array) {
    if (cells.every((v) => v === (v | 0))) return [{ scale: 1n, integers: Int32Array.from(cells) }];
    const high = Int32Array.from(cells, (v) => Math.floor(v / 2 ** LIMB));
    const low = Int32Array.from(cells, (v, i) => v - (high[i] as number) * 2 ** LIMB);
    return [
      { scale: 1n, integers: low },
      { scale: 1n << BigInt(LIMB), integers: high },
    ];
  }
  let left = Array.from(cells as ArrayLike<bigint>, centred);
  const parts: Part<SmallArray>[] = [];
  for (let scale = 1n; ; scale <<= BigInt(LIMB)) {
    if (left.every((v) => v === BigInt.asIntN(32, v))) {
      return [...parts, { scale, integers: Int32Array.from(left, Number) }];
    }
    parts.push({ scale, integers: Int32Array.from(left, (v) => Number(BigInt.asUintN(LIMB, v))) });
    left = left.map((v) => v >> BigInt(LIMB));
  }
}

/** The integer of least magnitude that is v modulo r. */
function centred(v: bigint): bigint {
  const rest = mod(v);
  return rest > r / 2n ? rest - r : rest;
}

/** For each target bit, from the least significant, the bit of the source's index that it is; null: none, cells repeat. */
export type BitOrder = readonly (number | null)[];

/** Cells of 2^order.length, taken from the source; `offset` is added to every source index. */
export function arrange(parts: Parts<SmallArray>, order: BitOrder, offset = 0): Parts<SmallArray> {
  const length = 2 ** order.length;
  const isSame =
    offset === 0 && parts.every(({ integers }) => integers.length === length) && order.every((bit, t) => bit === t);
  if (isSame) return parts;
  const source = new Int32Array(length).fill(offset);
  order.forEach((bit, t) => {
    const step = bit === null ? 0 : 2 ** bit;
    for (let i = 0; i < 2 ** t; i++) source[2 ** t + i] = (source[i] as number) + step;
  });
  return parts.map(({ scale, integers }) => {
    const cells = new (integers.constructor as new (length: number) => SmallArray)(length);
    for (let i = 0; i < length; i++) cells[i] = integers[source[i] as number] as number;
    return { scale, integers: cells };
  });
}

/** The parts in the engine's memory. */
export const upload = (engine: TensorcheckEngine, parts: Parts<SmallArray>): Parts<Integers> =>
  parts.map(({ scale, integers }) => ({ scale, integers: engine.integers(integers) }));

/** out[j] (+)= Σ_i w[i]·M[i][j], M the cells in rows of out.length. */
export async function combineRows(
  engine: TensorcheckEngine,
  out: Vector,
  w: Vector,
  parts: Parts<Integers>,
  accumulate = false,
): Promise<void> {
  const mark = engine.mark();
  let adds = accumulate;
  for (const { scale, integers } of parts) {
    await engine.rowsTimes(out, await scaled(engine, w, scale), integers, { accumulate: adds });
    adds = true;
  }
  engine.release(mark);
}

/** out[i] = Σ_j M[i][j]·w[j], M the cells in rows of w.length. */
export async function combineColumns(
  engine: TensorcheckEngine,
  out: Vector,
  w: Vector,
  parts: Parts<Integers>,
): Promise<void> {
  const mark = engine.mark();
  let accumulate = false;
  for (const { scale, integers } of parts) {
    await engine.timesColumns(out, await scaled(engine, w, scale), integers, { accumulate });
    accumulate = true;
  }
  engine.release(mark);
}

async function scaled(engine: TensorcheckEngine, w: Vector, scale: bigint): Promise<Vector> {
  if (scale === 1n) return w;
  const out = engine.vector(w.length);
  await engine.scale(out, w, scale);
  return out;
}

/** out += factor · cells. */
export async function addMultiple(
  engine: TensorcheckEngine,
  out: Vector,
  factor: bigint,
  parts: Parts<Integers>,
): Promise<void> {
  for (const { scale, integers } of parts) await engine.axpyIntegers(out, mod(factor * scale), integers);
}

/** The cells as elements of F. */
export async function toVector(engine: TensorcheckEngine, parts: Parts<Integers>, out: Vector): Promise<void> {
  const [first, ...others] = parts;
  if (first !== undefined) await engine.fromIntegers(first.integers, out);
  await addMultiple(engine, out, 1n, others);
}
