// SPDX-License-Identifier: GPL-3.0-or-later
import { max, min, type Range } from "../../../graph/nodes/arithmetic.ts";
import { unclampedRange } from "../../../graph/nodes/requantize.ts";
import type { GraphTensor, IntegerGraph, RequantizeNode } from "../../../graph/types.ts";
import { hasLimbClamp, limbClamp, signClamp, type Quotient, type Rounded, type Target } from "./clamp.ts";
import { affineOf, asAffine, piecesOf, scaled, sumOf, type Expression } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import { bitLength, combination, digits, type Recipe } from "./witness.ts";

/**
 * z + half = remainder + 2^shift · (base + v), 0 <= remainder < 2^shift, and y = clamp(base + v, lo, hi). Where that never
 * saturates, base + v is y; else it is looked up in a table, or clamped limb by limb. A table that alone reads y is
 * looked up in its place.
 */
export function lowerRequantize(node: RequantizeNode, lowering: Lowering): void {
  const { draft } = lowering;
  const { shift } = node;
  const z = lowering.values(node.input);
  const range = unclampedRange(z.range, shift);
  const saturates = range.lo < node.lo || range.hi > node.hi;
  const target = targetOf(node, range, lowering);
  if (shift === 0 && !saturates && target.isClamp) return lowering.define(node.output, lowering.expression(node.input));

  const { sizes, expressions } = lowering.common([node.input]);
  const { pieces } = expressions[0] as Expression;
  const affine = asAffine({ sizes, pieces });
  const scale = 1n << BigInt(shift);
  const half = scale / 2n;
  const shifted = (base: bigint): Recipe => combination([{ coefficient: 1n, of: z }], half - base * scale);
  const rounded: Rounded = {
    sizes,
    range,
    own: shift === 0 && affine !== null ? (base) => sumOf([[1n, affine]], -base) : null,
    rows: (base, from, bits) => digits(shifted(base), shift + from, bits),
  };
  const { base, v, check } =
    !saturates && target.isClamp ? unsaturated(node, rounded, lowering) : clamped(target, rounded, lowering);
  check();
  if (rounded.own !== null) return;
  const rest = digits(shifted(base), 0, shift);
  const offset = half - base * scale;
  if (shift > 0 && affine !== null) {
    const parts = [
      [1n, affine],
      [-scale, v],
    ] as const;
    return lowering.range(sizes, sumOf(parts, offset), shift, rest);
  }
  const quotient = piecesOf(sumOf([[scale, v]], -offset));
  const known = [...quotient, ...scaled(pieces, -1n)];
  if (shift === 0) return draft.equation(sizes, known);
  const remainder = affineOf(draft.wit(`${target.name}: remainder`, sizes, rest));
  draft.equation(sizes, [...piecesOf(remainder), ...known]);
  lowering.range(sizes, remainder, shift, rest);
}

/** The clamp itself, or the table that alone reads it where that can be looked up at once. */
function targetOf(node: RequantizeNode, range: Range, lowering: Lowering): Target {
  const window = { lo: max(node.lo, range.lo), hi: min(node.hi, range.hi) };
  const name = node.from.join(" + ");
  const own: Target = {
    name,
    output: node.output,
    window,
    clamp: { lo: node.lo, hi: node.hi },
    at: (value) => value,
    isClamp: true,
    bits: lowering.tableBits,
  };
  const reader = lowering.onlyReader(node.output);
  if (reader?.op !== "table" || !(reader.values.values instanceof Float64Array)) return own;
  const { lo, hi } = lowering.tensor(reader.output);
  if (lo === hi) return own;
  const { values } = reader.values;
  const target: Target = {
    ...own,
    output: reader.output,
    at: (value) => BigInt(values[Number(value - window.lo)] as number),
    isClamp: false,
    // The table has as many rows wherever it is looked up.
    bits: Math.max(lowering.tableBits, bitLength(window.hi - window.lo)),
  };
  return isTabled(target, range) || hasLimbClamp(target) ? target : own;
}

/** Whether all that may be rounded to are rows of one table. */
const isTabled = ({ bits }: Target, range: Range): boolean => bitLength(range.hi - range.lo) <= bits;

/** y is base + v. */
function unsaturated({ output }: RequantizeNode, { sizes, range, rows }: Rounded, lowering: Lowering): Quotient {
  const base = range.lo;
  const bits = bitLength(range.hi - base);
  const v = affineOf(lowering.defineColumn(output, sizes), 1n, -base);
  return { base, v, check: () => lowering.range(sizes, v, bits, rows(base, 0, bits)) };
}

function clamped(target: Target, rounded: Rounded, lowering: Lowering): Quotient {
  const { draft } = lowering;
  const { sizes, range, own, rows } = rounded;
  const { output, name } = target;
  if (!isTabled(target, range)) return (hasLimbClamp(target) ? limbClamp : signClamp)(target, rounded, lowering);
  const { base, entries } = tableOf(target, range, lowering);
  const values = rows(base, 0, bitLength(BigInt(entries.length - 1)));
  const v = own?.(base) ?? affineOf(draft.wit(`${name}: quotient`, sizes, values));
  return {
    base,
    v,
    check() {
      const y = affineOf(lowering.defineColumn(output, sizes));
      draft.lookup(sizes, draft.tables.function(entries), v, y, values);
    },
  };
}

/** The rows from `base` on: those of all clamps to these ends where they hold the range, else the range's own. */
function tableOf({ isClamp, clamp, window, at }: Target, range: Range, { clampBits }: Lowering) {
  const shared = isClamp ? clampBits.get(`${clamp.lo},${clamp.hi}`) : undefined;
  if (shared !== undefined && bitsAround(clamp, range) <= shared) {
    const base = clamp.lo - (1n << BigInt(shared - 1));
    const entries = Array.from({ length: 2 ** shared }, (_, i) => max(clamp.lo, min(clamp.hi, base + BigInt(i))));
    return { base, entries };
  }
  const entries = Array.from({ length: Number(range.hi - range.lo) + 1 }, (_, i) =>
    at(max(window.lo, min(window.hi, range.lo + BigInt(i)))),
  );
  return { base: range.lo, entries };
}

/** The least t for which the range lies in [lo − 2^(t−1), lo + 2^(t−1)): where rows of clamps to one range coincide. */
const bitsAround = ({ lo }: Range, range: Range): number =>
  1 + bitLength(max(max(lo - range.lo - 1n, range.hi - lo), 0n));

/**
 * Bits of the table that all clamps to the same ends share, by `lo,hi`: those of the largest range that this costs no
 * more rows than one of its own.
 */
export function sharedClamps(graph: IntegerGraph, tableBits: number): ReadonlyMap<string, number> {
  const bits = new Map<string, number>();
  for (const node of graph.nodes) {
    if (node.op !== "requantize") continue;
    const range = unclampedRange(graph.tensors[node.input] as GraphTensor, node.shift);
    const needed = bitsAround(node, range);
    if (needed > tableBits || needed > bitLength(range.hi - range.lo)) continue;
    if (range.lo >= node.lo && range.hi <= node.hi) continue;
    const key = `${node.lo},${node.hi}`;
    bits.set(key, Math.max(needed, bits.get(key) ?? 0));
  }
  return bits;
}
