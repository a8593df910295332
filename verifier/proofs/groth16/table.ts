// SPDX-License-Identifier: GPL-3.0-or-later
// A table as the polynomial in the bits of its operand that circuits/layers/table.circom evaluates.
import type { TableNode } from "../../graph/types.ts";
import type { Intervals } from "./ranges.ts";

/** y at x, which is table entry x - lo. Beyond its ends, where only undeclared inputs lead, the nearer end's entry. */
export function entryAt({ values }: TableNode, lo: bigint, x: bigint): bigint {
  const { values: entries } = values;
  const place = x < lo ? 0n : x - lo;
  return BigInt(entries[place < BigInt(entries.length) ? Number(place) : entries.length - 1] as number | bigint);
}

/** Least and greatest value of all of a tensor's intervals. */
export const unionOfIntervals = ({ lo, hi }: Intervals): { lo: bigint; hi: bigint } => ({
  lo: lo.reduce((a, b) => (b < a ? b : a)),
  hi: hi.reduce((a, b) => (b > a ? b : a)),
});

/** Number of bits of x - least for every x of the intervals; at least 2, as the template wants it. */
export function tableBits(operand: Intervals): number {
  const { lo, hi } = unionOfIntervals(operand);
  return Math.max(2, (hi - lo).toString(2).length);
}

export interface CircuitTable {
  readonly bits: number;
  readonly least: bigint;
  /** c with T[v] = sum of c[s] over all s whose 1s are 1s of v (Moebius inversion over subsets). */
  readonly coefficients: readonly bigint[];
}

/** The table over every value that its operand may take in the circuit; `lo` is the operand's least value in the graph. */
export function circuitTable(node: TableNode, lo: bigint, operand: Intervals): CircuitTable {
  const bits = tableBits(operand);
  const least = unionOfIntervals(operand).lo;
  const coefficients = Array.from({ length: 2 ** bits }, (_, v) => entryAt(node, lo, least + BigInt(v)));
  for (let i = 1; i < coefficients.length; i *= 2) {
    for (let s = 0; s < coefficients.length; s++)
      if ((s & i) !== 0) coefficients[s] = (coefficients[s] as bigint) - (coefficients[s ^ i] as bigint);
  }
  return { bits, least, coefficients };
}
