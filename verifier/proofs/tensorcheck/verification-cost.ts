// SPDX-License-Identifier: GPL-3.0-or-later
// What TensorcheckProofSystem.verify costs at the most (docs/spec/onchain-verification.md, Tensorcheck). Each number is what the
// thing costs where it is dearest, measured on keys that consist of little else (test/differential/verification-cost.test.ts), and a
// few per cent: nothing may rest on what is left over elsewhere.
import { sizeOf, type TensorSpec, type TensorType } from "../../tensor/spec.ts";
import type { VerificationCost } from "../types.ts";
import { parseTensorcheckKey, type Key } from "./verify/key.ts";
import type { Axis, Structured } from "./verify/key-values.ts";
import { sealLength } from "./verify/seal.ts";

/** The pairing, and what does not grow with the key. */
const FIXED = 150_000;
/** A point multiplication, with reading its point. */
const CHUNK = 6_850;
/** Of s: a multiplication, and its part in claims and denominators. */
const COORDINATE_OF_S = 9_300;
/** Of r and of ρ. */
const COORDINATE_DRAWN = 750;
const SEAL_WORD = 180;
/** A piece of the key is the code of a contract. */
const PIECE = 4_700;
const PIECE_BYTES = 24_575;
/** Of a public or structured value. */
const VALUE = 1_000;
/** Of an input or output: its place among its like, the weights of a run of values, and then its values. */
const TENSOR = 2_500;
const WEIGHT = 85;
const RUN = 128;
const PORT = 1_000;
const NUMBER: Readonly<Record<TensorType, number>> = { i8: 72, u8: 72, i16: 140, u16: 140, i32: 170 };
/** A coordinate of an axis, and one of a run at one index. */
const COORDINATE = 210;
const COORDINATE_AT = 180;
const ENTITY = 700;
const CLAIM = 700;
/** Of a claim: each coordinate of s meets a coordinate or a bit. */
const CLAIM_COORDINATE = 175;
/** A chunk of a folded entity. */
const FOLDED = 330;
const BLOCK = 420;
const TERM = 480;
const FACTOR = 170;
const LOOKUP = 720;
const FRACTION = 480;
const LINEAR = 560;
/** A power of α, and that an equation may be the one that makes it. */
const POWER = 130;
const ASKED = 150;
/** A coordinate of an index at one place, beside what a place costs. */
const PLACE = 600;
/** An entry of a table of eq. */
const ENTRY = 95;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** As ProofSystem.verificationCost. Errors: TENSORCHECK_KEY_INVALID. */
export async function verificationCost(bytes: Uint8Array): Promise<VerificationCost> {
  const key = await parseTensorcheckKey(bytes);
  const seal = sealLength(key);
  const structured = key.structured.map(structuredCost);
  // Tables are made one in the place of the other; the seal is read where it stands, and hashed from a copy.
  const tables = structured.reduce((most, { entries }) => Math.max(most, entries), 0);
  const values = key.claims + key.publics.length + key.structured.length;
  const words = (bytes.length + 2 * seal) / 32 + values + tables + key.chunks + key.lastEquation + 1_000;
  const gas =
    FIXED +
    CHUNK * key.chunks +
    COORDINATE_OF_S * key.n +
    COORDINATE_DRAWN * (key.K + key.R) +
    SEAL_WORD * (seal / 32) +
    PIECE * Math.ceil(bytes.length / PIECE_BYTES) +
    sum(key.publics.map(({ port, axes }) => VALUE + tensorCost(key.inputs, port, axes))) +
    sum(key.outputPorts.map(({ axes }, port) => tensorCost(key.outputs, port, axes))) +
    sum(structured.map(({ gas }) => VALUE + gas)) +
    entitiesCost(key) +
    blocksCost(key) +
    6 * words +
    words ** 2 / 512;
  return { gas: Math.ceil(gas), sealLength: seal };
}

function tensorCost(specs: readonly TensorSpec[], port: number, axes: readonly Axis[]): number {
  const { shape, type } = specs[port] as TensorSpec;
  const coordinates = sum(axes.map((axis) => axis.coordinates.length));
  const values = sizeOf(shape);
  const weights = WEIGHT * Math.min(values, RUN) + COORDINATE * (axes.length + coordinates);
  return TENSOR + PORT * (port + 1) + weights + NUMBER[type] * values;
}

function entitiesCost({ entities, claims, n }: Key): number {
  const folded = entities.map(({ upper }) => (upper.length === 0 ? 0 : 2 ** upper.length));
  return ENTITY * entities.length + FOLDED * sum(folded) + claims * (CLAIM + CLAIM_COORDINATE * n);
}

function blocksCost({ blocks, lastEquation }: Key): number {
  const terms = blocks.flatMap((block) => block.terms);
  const lookups = blocks.flatMap((block) => block.lookups);
  const fractions = lookups.flatMap((lookup) => lookup.fractions);
  return (
    BLOCK * blocks.length +
    sum(terms.map(({ factors }) => TERM + FACTOR * factors.length)) +
    LOOKUP * lookups.length +
    sum(fractions.map(({ linear }) => FRACTION + LINEAR * linear.length)) +
    POWER * lastEquation +
    ASKED * Math.min(lastEquation, terms.length + lookups.length)
  );
}

/** Gas, and words of memory for tables. */
function structuredCost(value: Structured): { readonly gas: number; readonly entries: number } {
  switch (value.kind) {
    case "select":
      return { gas: sum(value.axes.map(({ run }) => PLACE + COORDINATE_AT * run.bits)), entries: 0 };
    case "window": {
      const { positions, taps, stride, dilation, pad, p, k, q } = value;
      const reads = positions * taps;
      const indices = stride * (positions + 3) + dilation * taps + Math.abs(pad) + 8;
      const entries = indices + positions + taps + 12;
      const byIndex = reads * (PLACE + COORDINATE_AT * (p.bits + k.bits + q.bits));
      // The contract does without tables where it reads few positions among many indices.
      if (reads * (p.bits + k.bits + q.bits) < indices) return { gas: byIndex, entries: 0 };
      return { gas: ENTRY * entries + 75 * reads, entries };
    }
    case "pick": {
      const positions = value.entries.length;
      const table = 2 ** value.q.bits;
      const tabulated = table <= positions * value.q.bits;
      const each = 280 + (tabulated ? 0 : COORDINATE_AT * value.q.bits);
      const entries = positions + (tabulated ? table : 0) + 8;
      return { gas: positions * each + ENTRY * entries, entries };
    }
    case "index":
      return { gas: COORDINATE_AT * value.run.bits, entries: 0 };
    case "steps":
      return { gas: value.steps.length * (PLACE + COORDINATE_AT * value.run.bits), entries: 0 };
  }
}
