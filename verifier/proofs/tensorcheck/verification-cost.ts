// SPDX-License-Identifier: GPL-3.0-or-later
// What TensorcheckProofSystem.verify costs at the most (docs/spec/onchain-verification.md, Tensorcheck).
import { sizeOf, type TensorSpec, type TensorType } from "../../tensor/spec.ts";
import type { VerificationCost } from "../types.ts";
import { parseTensorcheckKey } from "./verify/key.ts";
import type { Structured } from "./verify/key-values.ts";
import { sealLength } from "./verify/seal.ts";

/** The pairing, and what does not grow with the key. */
const FIXED = 113_000 + 110_000;
/** Of a value of a tensor. */
const VALUE: Readonly<Record<TensorType, number>> = { i8: 70, u8: 70, i16: 140, u16: 140, i32: 170 };
/** Of an entry of a table, made or read. */
const ENTRY = 60;
/** Of eq at one index, for each coordinate. */
const COORDINATE = 160;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** As ProofSystem.verificationCost. Errors: TENSORCHECK_KEY_INVALID. */
export async function verificationCost(bytes: Uint8Array): Promise<VerificationCost> {
  const key = await parseTensorcheckKey(bytes);
  const seal = sealLength(key);
  const structured = key.structured.map(costOf);
  const terms = key.blocks.flatMap((block) => block.terms);
  const fractions = key.blocks.flatMap(({ lookups }) => lookups.flatMap((lookup) => lookup.fractions));
  const folded = sum(key.entities.map(({ upper }) => (upper.length === 0 ? 0 : 2 ** upper.length)));
  const values = key.claims + key.publics.length + key.structured.length;
  const tables = structured.reduce((most, { entries }) => Math.max(most, entries), 0); // each in the place of the last
  const words = (bytes.length + seal) / 32 + values + tables + 1_000;
  const gas =
    FIXED +
    6_450 * (key.chunks + key.n + 2) +
    150 * (seal / 32) +
    1_000 * values +
    ENTRY * 4 * folded +
    4_700 * Math.ceil(bytes.length / 24_575) +
    sum(key.publics.map(({ port }) => tensorGas(key.inputs[port] as TensorSpec))) +
    sum(key.outputs.map(tensorGas)) +
    sum(structured.map(({ gas }) => gas)) +
    sum(terms.map(({ factors }) => 200 + 150 * factors.length)) +
    sum(fractions.map(({ linear }) => 500 + 300 * linear.length)) +
    6 * words +
    words ** 2 / 512;
  return { gas: Math.ceil(gas), sealLength: seal };
}

const tensorGas = ({ shape, type }: TensorSpec): number => 5_000 + VALUE[type] * sizeOf(shape);

/** Gas, and words of memory for tables. */
function costOf(value: Structured): { readonly gas: number; readonly entries: number } {
  switch (value.kind) {
    case "select":
      return { gas: sum(value.axes.map(({ run }) => 500 + COORDINATE * run.bits)), entries: 0 };
    case "window": {
      const { positions, taps, stride, dilation, pad, p, k, q } = value;
      const reads = positions * taps;
      const indices = stride * (positions + 3) + dilation * taps + Math.abs(pad) + 8;
      const entries = indices + positions + taps + 12;
      const byIndex = reads * (400 + COORDINATE * (p.bits + k.bits + q.bits));
      // The contract does without tables where it reads few positions among many indices.
      if (reads * (p.bits + k.bits + q.bits) < indices) return { gas: byIndex, entries: 0 };
      return { gas: ENTRY * (entries + reads), entries };
    }
    case "pick": {
      const positions = value.entries.length;
      const table = 2 ** value.q.bits;
      const tabulated = table <= positions * value.q.bits;
      const each = 150 + (tabulated ? 0 : COORDINATE * value.q.bits);
      const entries = positions + (tabulated ? table : 0) + 8;
      return { gas: positions * each + ENTRY * entries, entries };
    }
    case "index":
      return { gas: COORDINATE * value.run.bits, entries: 0 };
    case "steps":
      return { gas: value.steps.length * (500 + COORDINATE * value.run.bits), entries: 0 };
  }
}
