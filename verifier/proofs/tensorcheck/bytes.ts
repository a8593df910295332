// SPDX-License-Identifier: GPL-3.0-or-later
// Parts of a key as bytes (docs/spec/tensorcheck.md, sections 4 and 5): whatever both numbering and key are made of.
import type { Axis, Factor, Run } from "./program.ts";

/** A factor that the verifier computes by a formula. */
export type Structured = Exclude<Factor, { kind: "column" | "input" }>;
/** A factor that the verifier computes from the input. */
export type Public = Extract<Factor, { kind: "input" }>;

/** Kinds of structured values in the order of their codes. */
const STRUCTURED_KINDS: readonly Structured["kind"][] = ["select", "window", "pick", "index", "steps"];
/** The entry of a pick for a position that reads nothing: no index that a key can say. */
export const NOTHING = 0xffffff;
/** Coordinates of no letter: what the run of no bits begins with. */
const NO_RUN = [0, 0];

/** `length` big-endian bytes of a number or bigint. Errors: RangeError if it does not fit. */
export function uint(value: number | bigint, length: number): number[] {
  let rest = BigInt(value);
  const bytes = new Array<number>(length);
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  // A negative number leaves -1.
  if (rest !== 0n) throw new RangeError(`${value} does not fit ${length} bytes`);
  return bytes;
}

/** Length (0x80 added for a negative one), magnitude without leading zeros; at most 32 bytes. */
export function coefficientBytes(value: bigint): number[] {
  const magnitude = value < 0n ? -value : value;
  const length = magnitude === 0n ? 0 : Math.ceil(magnitude.toString(16).length / 2);
  if (length > 32) throw new RangeError("a coefficient has at most 32 bytes");
  return [(value < 0n ? 0x80 : 0) + length, ...uint(magnitude, length)];
}

/** Count, then size, bits and coordinates of each axis. */
export function axesBytes(axes: readonly Axis[]): number[] {
  return [
    ...uint(axes.length, 1),
    ...axes.flatMap(({ size, coordinates }) => [...uint(size, 4), ...uint(coordinates.length, 1), ...coordinates]),
  ];
}

/** Input port and axes. */
export const publicBytes = ({ port, axes }: Public): number[] => [...uint(port, 1), ...axesBytes(axes)];

/** SAFETY: cut off, it would be another window. Errors: RangeError if it does not fit. */
function signed32(value: number): number[] {
  if (value !== (value | 0)) throw new RangeError(`${value} does not fit 32 bits, signed`);
  return uint(value >>> 0, 4);
}

const runBytes = ({ low, bits }: Run): number[] => (bits === 0 ? NO_RUN : [low, ...uint(bits, 1)]);

/** Kind and body of a structured value. Axes that a select fills are left out; one that fills all is the constant 1. */
export function structuredBytes(factor: Structured): number[] {
  return [STRUCTURED_KINDS.indexOf(factor.kind), ...bodyBytes(factor)];
}

function bodyBytes(factor: Structured): number[] {
  switch (factor.kind) {
    case "select": {
      const axes = paddedAxes(factor);
      return [...uint(axes.length, 1), ...axes.flatMap(({ size, run }) => [...uint(size, 4), ...runBytes(run)])];
    }
    case "window": {
      const { positions, taps, size, stride, dilation, pad, p, k, q } = factor;
      return [
        ...uint(positions, 4),
        ...uint(taps, 2),
        ...uint(size, 4),
        ...uint(stride, 4),
        ...uint(dilation, 4),
        ...signed32(pad),
        ...[p, k, q].flatMap(runBytes),
      ];
    }
    case "pick": {
      // SAFETY: the last index of an axis of 2^24 would read as nothing.
      if (factor.entries.includes(NOTHING)) throw new RangeError("a pick reads no index 0xffffff");
      const entries = Array.from(factor.entries, (entry) => uint(entry === -1 ? NOTHING : entry, 3));
      return [...uint(entries.length, 4), ...runBytes(factor.p), ...runBytes(factor.q), ...entries.flat()];
    }
    case "index":
      return runBytes(factor.run);
    case "steps": {
      const { run, steps } = factor;
      const each = steps.map(({ bits, index, value }) => [
        ...uint(bits, 1),
        ...uint(index, 4),
        ...coefficientBytes(value),
      ]);
      return [...runBytes(run), ...uint(each.length, 2), ...each.flat()];
    }
  }
}

/** The axes of a select that have pads. */
export const paddedAxes = ({ axes }: Extract<Factor, { kind: "select" }>): typeof axes =>
  axes.filter(({ size, run }) => size !== 2 ** run.bits);
