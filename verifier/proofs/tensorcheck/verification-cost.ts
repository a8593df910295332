// SPDX-License-Identifier: GPL-3.0-or-later
// What TensorcheckProofSystem.verify costs at the most (docs/spec/onchain-verification.md, Tensorcheck). Each number is what the
// thing costs where it is dearest, measured on keys that consist of little else (test/differential/verification-cost-items.test.ts),
// and a few per cent: nothing may rest on what is left over elsewhere.
import { sizeOf, TYPE_INFO, type TensorSpec, type TensorType } from "../../tensor/spec.ts";
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
/**
 * Of each input and output, read or not: its spec, looked at twice, and its words: hashed, and each compared with a range that is
 * narrower than its type.
 */
const PORT = 800;
const PORT_AXIS = 165;
const COMPARED = 600;
const WORD = 10;
const WORD_COMPARED = 225;
/** Of evaluating one: its place behind the specs of its like, the weights of a run of values, and then its values. */
const TENSOR = 1_700;
const SPEC = 300;
const SPEC_AXIS = 82;
const SIGNED = 160;
/** Of splitting the axis at which runs begin. */
const SPLIT = 700;
const WEIGHT = 85;
const RUN = 128;
const NUMBER: Readonly<Record<TensorType, number>> = { i8: 78, u8: 78, i16: 140, u16: 140, i32: 140 };
/** Of an axis of one index, and of any other, which has a table. */
const AXIS_OF_ONE = 550;
const COORDINATE_OF_ONE = 210;
const AXIS = 1_700;
const COORDINATE = 450;
/** Of the output's power of α, for a bit of its equation's number. */
const EXPONENT_BIT = 130;
/** Of a structured value. */
const STRUCTURED = 500;
/** A coordinate of a run at one index, and of a run that has a table. */
const COORDINATE_AT = 180;
const COORDINATE_TABULATED = 245;
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
/** A place of a select, of steps or of a window without tables, beside its coordinates. */
const PLACE = 600;
/** An entry of a table of eq. */
const ENTRY = 95;
const PICK = 450;
const PICKED = 280;
const PICKED_BY_INDEX = 370;
/** Of a window with tables; then a tap of it, and four positions at that. */
const WINDOW = 1_150;
const TAP = 345;
const FOUR_READS = 245;
/** An index of a window with tables that lies beyond what it reads: a zero. */
const OUTSIDE = 4;
const WINDOW_BY_INDEX = 400;
const WINDOW_OF_NOTHING = 100;

const bitLength = (number: number): number => 32 - Math.clz32(number);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** As ProofSystem.verificationCost. Errors: TENSORCHECK_KEY_INVALID. */
export async function verificationCost(bytes: Uint8Array): Promise<VerificationCost> {
  const key = await parseTensorcheckKey(bytes);
  const seal = sealLength(key);
  const structured = key.structured.map(structuredCost);
  // Tables are made one in the place of the other; the seal is read where it stands, and hashed from a copy.
  const tables = [
    ...structured.map(({ entries }) => entries),
    ...[...key.publics.map(({ port }) => key.inputs[port] as TensorSpec), ...key.outputs].map(
      ({ shape }) => sizeOf(shape) / 10 + 600,
    ),
    ...key.entities.map(({ upper }) => 2 ** upper.length),
  ].reduce((most, entries) => Math.max(most, entries), 0);
  const ports = [...key.inputs, ...key.outputs];
  const values = key.claims + key.publics.length + key.structured.length;
  const words =
    (bytes.length + 2 * seal) / 32 +
    values +
    tables +
    key.chunks +
    powersOf(key.blocks) +
    1_000 +
    sum(ports.map(wordsOf));
  const gas =
    FIXED +
    CHUNK * key.chunks +
    COORDINATE_OF_S * key.n +
    COORDINATE_DRAWN * (key.K + key.R) +
    SEAL_WORD * (seal / 32) +
    PIECE * Math.ceil(bytes.length / PIECE_BYTES) +
    sum(ports.map(portCost)) +
    sum(key.publics.map(({ port, axes }) => tensorCost(key.inputs, port, axes))) +
    sum(
      key.outputPorts.map(
        ({ equation, axes }, port) => EXPONENT_BIT * bitLength(equation) + tensorCost(key.outputs, port, axes),
      ),
    ) +
    sum(structured.map(({ gas }) => STRUCTURED + gas)) +
    entitiesCost(key) +
    blocksCost(key) +
    6 * words +
    words ** 2 / 512;
  return { gas: Math.ceil(gas), sealLength: seal };
}

const wordsOf = ({ shape, type }: TensorSpec): number => Math.ceil((sizeOf(shape) * TYPE_INFO[type].bytes) / 32);

/** What every input and output costs, whether or not a public evaluates it. */
function portCost(spec: TensorSpec): number {
  const { lo, hi } = TYPE_INFO[spec.type];
  const narrower = spec.lo !== lo || spec.hi !== hi;
  const words = wordsOf(spec);
  return PORT + PORT_AXIS * spec.shape.length + WORD * words + (narrower ? COMPARED + WORD_COMPARED * words : 0);
}

function tensorCost(specs: readonly TensorSpec[], port: number, axes: readonly Axis[]): number {
  const { shape, type } = specs[port] as TensorSpec;
  const values = sizeOf(shape);
  return (
    TENSOR +
    sum(specs.slice(0, port + 1).map((before) => SPEC + SPEC_AXIS * before.shape.length)) +
    sum(axes.map(axisCost)) +
    WEIGHT * Math.min(values, RUN) +
    (TYPE_INFO[type].lo < 0 ? SIGNED : 0) +
    (values > 1 ? SPLIT : 0) +
    NUMBER[type] * values
  );
}

const axisCost = ({ size, coordinates: { length } }: Axis): number =>
  size === 1 ? AXIS_OF_ONE + COORDINATE_OF_ONE * length : AXIS + COORDINATE * length;

function entitiesCost({ entities, claims, n }: Key): number {
  const folded = entities.map(({ upper }) => (upper.length === 0 ? 0 : 2 ** upper.length));
  return ENTITY * entities.length + FOLDED * sum(folded) + claims * (CLAIM + CLAIM_COORDINATE * n);
}

/** Powers of α that are made for terms and look-ups. */
const powersOf = (blocks: Key["blocks"]): number =>
  blocks
    .flatMap(({ terms, lookups }) => [...terms, ...lookups])
    .reduce((most, { equation }) => Math.max(most, equation), 0);

function blocksCost({ blocks }: Key): number {
  const terms = blocks.flatMap((block) => block.terms);
  const lookups = blocks.flatMap((block) => block.lookups);
  const fractions = lookups.flatMap((lookup) => lookup.fractions);
  const powers = powersOf(blocks);
  return (
    BLOCK * blocks.length +
    sum(terms.map(({ factors }) => TERM + FACTOR * factors.length)) +
    LOOKUP * lookups.length +
    sum(fractions.map(({ linear }) => FRACTION + LINEAR * linear.length)) +
    POWER * powers +
    ASKED * Math.min(powers, terms.length + lookups.length)
  );
}

/** Gas, and words of memory for tables. */
function structuredCost(value: Structured): { readonly gas: number; readonly entries: number } {
  switch (value.kind) {
    case "select":
      return { gas: sum(value.axes.map(({ run }) => PLACE + COORDINATE_AT * run.bits)), entries: 0 };
    case "window":
      return windowCost(value);
    case "pick": {
      const { p, q } = value;
      const positions = value.entries.length;
      const table = 2 ** q.bits;
      const tabulated = table <= positions * q.bits;
      const each = tabulated ? PICKED : PICKED_BY_INDEX + COORDINATE_AT * q.bits;
      const entries = positions + (tabulated ? table : 0);
      const coordinates = p.bits + (tabulated ? q.bits : 0);
      const tables = ENTRY * entries + COORDINATE_TABULATED * coordinates;
      return { gas: PICK + positions * each + tables, entries: entries + 8 };
    }
    case "index":
      return { gas: COORDINATE_AT * value.run.bits, entries: 0 };
    case "steps":
      return { gas: value.steps.length * (PLACE + COORDINATE_AT * value.run.bits), entries: 0 };
  }
}

/** The contract does without tables where it reads few positions among many indices. */
function windowCost(value: Extract<Structured, { kind: "window" }>): {
  readonly gas: number;
  readonly entries: number;
} {
  const { positions, taps, size, stride, dilation, pad, p, k, q } = value;
  const last = stride * (positions - 1) + dilation * (taps - 1) - pad;
  if (last < 0 || pad <= -size) return { gas: WINDOW_OF_NOTHING, entries: 0 };
  const indices = last + Math.max(pad, 0) + 3 * stride;
  const bits = p.bits + k.bits + q.bits;
  if (positions * taps * bits < indices) {
    const each = positions * (PLACE + COORDINATE_AT * (p.bits + q.bits));
    return { gas: WINDOW_BY_INDEX + taps * (each + PLACE + COORDINATE_AT * k.bits), entries: 0 };
  }
  const tabulated = Math.min(last + 1, size) + positions + taps;
  const reads = FOUR_READS * Math.ceil(positions / 4);
  return {
    gas: WINDOW + COORDINATE_TABULATED * bits + ENTRY * tabulated + OUTSIDE * indices + taps * (TAP + reads),
    entries: indices + positions + taps + 16,
  };
}
