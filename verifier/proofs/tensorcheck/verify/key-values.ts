// SPDX-License-Identifier: GPL-3.0-or-later
// Coordinates, axes and structured values of a key (docs/spec/tensorcheck.md, sections 4 and 5).
import { check, REASON, signed32, type Bounds, type Reader } from "./reader.ts";

/** The first byte of ρ's coordinates, and of the constants 0 and 1. */
export const RHO = 0x40;
export const CONSTANTS = 0x80;

const MAX_AXIS_BITS = 30;

/** Bytes of coordinates, the most significant first. */
export type Coordinates = Uint8Array;

/** Coordinates low+bits−1, …, low. */
export interface Run {
  readonly low: number;
  readonly bits: number;
}

/** An axis of a padded tensor: index i lies at the bits of i. */
export interface Axis {
  readonly size: number;
  readonly coordinates: Coordinates;
}

export type Structured =
  | { readonly kind: "select"; readonly axes: readonly { readonly size: number; readonly run: Run }[] }
  | {
      readonly kind: "window";
      readonly positions: number;
      readonly taps: number;
      readonly size: number;
      readonly stride: number;
      readonly dilation: number;
      readonly pad: number;
      readonly p: Run;
      readonly k: Run;
      readonly q: Run;
    }
  | { readonly kind: "pick"; readonly p: Run; readonly q: Run; readonly entries: readonly number[] }
  | { readonly kind: "index"; readonly run: Run }
  | { readonly kind: "steps"; readonly run: Run; readonly steps: readonly Step[] };

export interface Step {
  readonly bits: number;
  readonly index: number;
  readonly coefficient: bigint;
}

/** The entry of a pick for a position that reads nothing. */
export const NOTHING = 0xffffff;

/** `count` coordinates, each of a point that is drawn or a constant. */
export function readCoordinates(reader: Reader, { K, R }: Pick<Bounds, "K" | "R">, count: number): Coordinates {
  const coordinates = reader.take(count);
  const known = (byte: number): boolean =>
    byte < RHO ? byte < K : byte < CONSTANTS ? byte - RHO < R : byte - CONSTANTS <= 1;
  check(coordinates.every(known), REASON.COORDINATE, "a coordinate of no point");
  return coordinates;
}

/** Axes of a tensor of `values` values. */
export function readAxes(reader: Reader, bounds: Bounds, values: number): Axis[] {
  let product = 1;
  const axes = reader.list(1, () => {
    reader.piece(5);
    const size = reader.uint(4);
    const bits = reader.uint(1);
    product *= size;
    const fitting = bits <= MAX_AXIS_BITS && size >= 1 && size <= 2 ** bits && product <= values;
    check(fitting, REASON.AXES, "an axis does not fit its bits or its port");
    return { size, coordinates: readCoordinates(reader, bounds, bits) };
  });
  check(product === values, REASON.AXES, "axes of another number of values than the port's");
  return axes;
}

/** A structured value; `spend` is told the work beyond the bytes read. */
export function readStructured(reader: Reader, bounds: Bounds, spend: (work: number) => void): Structured {
  const kind = reader.uint(1);
  if (kind === 0) return { kind: "select", axes: reader.list(1, () => readSelectAxis(reader, bounds)) };
  if (kind === 1) return readWindow(reader, bounds, spend);
  if (kind === 2) return readPick(reader, bounds, spend);
  if (kind === 3) return { kind: "index", run: readRun(reader, bounds) };
  check(kind === 4, REASON.STRUCTURED, `unknown kind ${kind}`);
  reader.piece(4);
  const run = readRun(reader, bounds);
  return { kind: "steps", run, steps: reader.list(2, () => readStep(reader, run.bits)) };
}

function readRun(reader: Reader, { K, R }: Bounds): Run {
  reader.piece(2);
  const low = reader.uint(1);
  const bits = reader.uint(1);
  // A constant is beyond R.
  const known = low < RHO ? low + bits <= K : low - RHO + bits <= R;
  check(known, REASON.COORDINATE, "a run beyond its point");
  return { low, bits };
}

const fits = (count: number, run: Run): boolean => count >= 1 && count <= 2 ** run.bits;

function readSelectAxis(reader: Reader, bounds: Bounds): { size: number; run: Run } {
  reader.piece(6);
  const size = reader.uint(4);
  const run = readRun(reader, bounds);
  check(size >= 1 && size < 2 ** run.bits, REASON.STRUCTURED, "select of nothing or of everything");
  return { size, run };
}

function readWindow(reader: Reader, bounds: Bounds, spend: (work: number) => void): Structured {
  reader.piece(28);
  const positions = reader.uint(4);
  const taps = reader.uint(2);
  const size = reader.uint(4);
  const stride = reader.uint(4);
  const dilation = reader.uint(4);
  const pad = signed32(reader.uint(4));
  const [p, k, q] = [readRun(reader, bounds), readRun(reader, bounds), readRun(reader, bounds)];
  check(fits(positions, p) && fits(taps, k) && fits(size, q), REASON.STRUCTURED, "a window does not fit its runs");
  spend(positions * taps);
  return { kind: "window", positions, taps, size, stride, dilation, pad, p, k, q };
}

function readPick(reader: Reader, bounds: Bounds, spend: (work: number) => void): Structured {
  reader.piece(8);
  const positions = reader.uint(4);
  const [p, q] = [readRun(reader, bounds), readRun(reader, bounds)];
  check(fits(positions, p), REASON.STRUCTURED, "a pick does not fit its run");
  spend(positions);
  reader.piece(3 * positions);
  const entries = Array.from({ length: positions }, () => {
    const entry = reader.uint(3);
    check(entry === NOTHING || entry < 2 ** q.bits, REASON.STRUCTURED, "a pick reads beyond its run");
    return entry;
  });
  return { kind: "pick", p, q, entries };
}

function readStep(reader: Reader, runBits: number): Step {
  reader.piece(5);
  const bits = reader.uint(1);
  const index = reader.uint(4);
  check(bits <= runBits && index < 2 ** (runBits - bits), REASON.STRUCTURED, "a step beyond its run");
  return { bits, index, coefficient: reader.coefficient() };
}
