// SPDX-License-Identifier: GPL-3.0-or-later
// Clamps of what is too wide for one table: limb by limb, or by the signs of differences.
import { max, min } from "../../../graph/nodes/arithmetic.ts";
import type { RequantizeNode } from "../../../graph/types.ts";
import { affineOf, piecesOf, sumOf, times, type Affine } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import type { Quotient, Rounded } from "./requantize.ts";
import { signOf } from "./step.ts";
import { bitLength, combination, mapped, type Recipe } from "./witness.ts";

const ceilDivide = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** A limb's place relative to that of the window: the limbs above lie below those of the window, are they, or above. */
const CODES = 3;
const CODE_BITS = 2;

/**
 * The window of values that are not clamped is one block of 2^b, aligned to it by the choice of base. From the top, each
 * limb with the code of those above it is looked up: below the window's block (0), in it (1), above (2); the lowest limb
 * with its code gives y. Null where the window is too wide.
 */
export function limbClamp(node: RequantizeNode, rounded: Rounded, lowering: Lowering): Quotient | null {
  const { draft, tableBits } = lowering;
  const { sizes, range, own, rows } = rounded;
  const name = node.from.join(" + ");
  const [low, high] = [max(node.lo, range.lo), min(node.hi, range.hi)];
  const width = bitLength(max(high - low, 0n));
  if (low > high || width + CODE_BITS > tableBits) return null;
  const block = ceilDivide(low - range.lo, 1n << BigInt(width)); // the window's block
  const base = low - (block << BigInt(width));
  const bits = bitLength(range.hi - base);

  // Limbs above the window's: those that get a code from above leave room for it.
  const widths: number[] = [];
  for (let rest = bits - width; rest > 0; rest -= widths.at(-1))
    widths.push(rest <= tableBits ? rest : Math.min(rest, tableBits - CODE_BITS));
  let from = width;
  const upper = widths.map((limbBits, i) => {
    const values = rows(base, from, limbBits);
    const limb = {
      at: from,
      bits: limbBits,
      values,
      view: affineOf(draft.wit(`${name}: limb ${i + 1}`, sizes, values)),
    };
    from += limbBits;
    return limb;
  });
  const above = upper.map(({ at, view }) => [1n << BigInt(at), view] as const);
  const lowest = rows(base, 0, width);
  const whole = own?.(base);
  const lowLimb =
    whole === undefined
      ? affineOf(draft.wit(`${name}: limb 0`, sizes, lowest))
      : sumOf([[1n, whole], ...above.map(([scale, view]) => [-scale, view] as const)]);

  return {
    base,
    v: whole ?? sumOf([[1n, lowLimb], ...above]),
    check() {
      let code: { readonly affine: Affine; readonly values: Recipe } | null = null;
      for (const { at, bits: limbBits, values, view } of upper.toReversed()) {
        const expected = Number((block >> BigInt(at - width)) & ((1n << BigInt(limbBits)) - 1n));
        const size = 2 ** limbBits;
        const entry = (row: number): number => {
          const [limb, outer] = [row % size, code === null ? 1 : Math.floor(row / size)];
          return outer !== 1 ? outer : limb < expected ? 0 : limb === expected ? 1 : 2;
        };
        const entries = Float64Array.from({ length: code === null ? size : CODES * size }, (_, row) => entry(row));
        if (code !== null) lowering.range(sizes, view, limbBits, values);
        const index: Affine = withCode(view, code?.affine ?? null, limbBits);
        const row: Recipe = withCodeValues(values, code?.values ?? null, limbBits);
        const next = mapped(row, { lo: 0n, hi: 2n }, (r) => entries[r] as number);
        const own = affineOf(draft.wit(`${name}: place of limb`, sizes, next));
        draft.lookup(sizes, draft.tables.function(entries), index, own, row);
        code = { affine: own, values: next };
      }
      lowering.range(sizes, lowLimb, width, lowest);
      const outputs = Array.from({ length: CODES << width }, (_, row) => {
        const [limb, outer] = [BigInt(row % (1 << width)), row >> width];
        return outer === 0 ? low : outer === 2 ? high : min(high, low + limb);
      });
      const y = affineOf(lowering.defineColumn(node.output, sizes));
      const index = withCode(lowLimb, code?.affine ?? null, width);
      const row = withCodeValues(lowest, code?.values ?? null, width);
      draft.lookup(sizes, draft.tables.function(outputs), index, y, row);
    },
  };
}

const withCode = (limb: Affine, code: Affine | null, bits: number): Affine =>
  code === null
    ? limb
    : sumOf([
        [1n, limb],
        [1n << BigInt(bits), code],
      ]);

const withCodeValues = (limb: Recipe, code: Recipe | null, bits: number): Recipe =>
  code === null
    ? limb
    : combination(
        [
          { coefficient: 1n, of: limb },
          { coefficient: 1n << BigInt(bits), of: code },
        ],
        0n,
      );

/** u = base + v in limbs; m = lo + [u >= lo] · (u − lo); y = m + [hi >= m] · ... of either end that is reached. */
export function signClamp(node: RequantizeNode, rounded: Rounded, lowering: Lowering): Quotient {
  const { draft } = lowering;
  const { sizes, range, own, rows } = rounded;
  const name = node.from.join(" + ");
  const base = range.lo;
  const bits = bitLength(range.hi - base);
  const values = rows(base, 0, bits);
  const v = own?.(base) ?? affineOf(draft.wit(`${name}: quotient`, sizes, values));
  return {
    base,
    v,
    check() {
      if (own === null) lowering.range(sizes, v, bits, values);
      let u: Affine = sumOf([[1n, v]], base);
      let honest: Recipe = { ...combination([{ coefficient: 1n, of: values }], base), range };
      if (range.lo < node.lo) {
        const { lo } = node;
        const above = combination([{ coefficient: 1n, of: honest }], -lo);
        const sign = signOf(lowering, `${name}: low end`, sizes, sumOf([[1n, u]], -lo), above);
        // lo + [u >= lo] · (u − lo)
        const pieces = [
          { kind: "product", coefficient: lo, views: [] } as const,
          ...times(sumOf([[1n, u]], -lo), sign),
        ];
        if (range.hi <= node.hi) return lowering.define(node.output, { sizes, pieces });
        honest = mappedMax(honest, lo);
        const larger = draft.wit(`${name}: above the low end`, sizes, honest);
        u = affineOf(larger);
        draft.equation(sizes, [...pieces, ...piecesOf(u, -1n)]);
      }
      const { hi } = node;
      const below = combination([{ coefficient: -1n, of: honest }], hi);
      const sign = signOf(lowering, `${name}: high end`, sizes, sumOf([[-1n, u]], hi), below);
      // hi − [u <= hi] · (hi − u)
      const pieces = [
        { kind: "product", coefficient: hi, views: [] } as const,
        ...times(sumOf([[-1n, u]], hi), sign, -1n),
      ];
      lowering.define(node.output, { sizes, pieces });
    },
  };
}

/** max(v, lo). */
function mappedMax(of: Recipe, lo: bigint): Recipe {
  return {
    range: { lo: max(of.range.lo, lo), hi: max(of.range.hi, lo) },
    evaluate(from) {
      const values = from.of(of);
      return values instanceof Float64Array
        ? values.map((v) => Math.max(v, Number(lo)))
        : values.map((v) => max(v, lo));
    },
  };
}
