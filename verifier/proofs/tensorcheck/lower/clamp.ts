// SPDX-License-Identifier: GPL-3.0-or-later
// Clamps of what is too wide for one table: limb by limb, or by the signs of differences.
import { max, min, type Range } from "../../../graph/nodes/arithmetic.ts";
import type { TensorId } from "../../../graph/types.ts";
import type { View } from "../layout.ts";
import { affineOf, piecesOf, scaled, sumOf, times, type Affine } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import { signOf } from "./step.ts";
import { bitLength, combination, entriesAt, mapped, type Recipe } from "./witness.ts";

/** What a requantization rounds to before its clamp: base + v with v >= 0. */
export interface Rounded {
  readonly sizes: readonly number[];
  readonly range: Range;
  /** z − base where that is v itself and look-ups can read it: nothing is shifted */
  readonly own: ((base: bigint) => Affine) | null;
  /** some bits of v, and so on above them, in honest witnesses */
  readonly rows: (base: bigint, from: number, bits: number) => Recipe;
}

/** v as look-ups read it, and what pins it and the node's output. */
export interface Quotient {
  readonly base: bigint;
  readonly v: Affine;
  readonly check: () => void;
}

/** What a rounded value becomes: its clamp, or the entry of the table that alone reads the clamp. */
export interface Target {
  readonly name: string;
  readonly output: TensorId;
  /** values inside the clamp that some input reaches */
  readonly window: Range;
  /** the ends that the node states */
  readonly clamp: Range;
  /** of a value of the window */
  readonly at: (value: bigint) => bigint;
  /** whether the values of the window are themselves */
  readonly isClamp: boolean;
  /** most bits of a look-up's index */
  readonly bits: number;
}

const ceilDivide = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** A limb's place relative to that of the window: the limbs above lie below those of the window, are they, or above. */
const CODES = 3;
const CODE_BITS = 2;

/** The bits of the block that holds the window. */
const blockBits = ({ window }: Target): number => bitLength(window.hi - window.lo);
/** Whether a row can be the lowest limb with the code of those above it. */
const hasCodedRows = (target: Target): boolean => blockBits(target) + CODE_BITS <= target.bits;
/** Whether the window is a whole block, and nothing is looked up in it. */
const isWholeBlock = (target: Target): boolean =>
  target.isClamp && target.window.hi - target.window.lo + 1n === 1n << BigInt(blockBits(target));

/** Whether limbClamp can clamp to this window. */
export const hasLimbClamp = (target: Target): boolean => blockBits(target) <= target.bits || isWholeBlock(target);

/** A limb above the lowest: v's bits from `at` on. */
interface Limb {
  readonly at: number;
  readonly bits: number;
  readonly values: Recipe;
  readonly view: Affine;
}

/**
 * The window is one block of 2^b, aligned to it by the choice of base. From the top, each limb with the code of those
 * above it is looked up: below the window's block (0), in it (1), above (2). The lowest limb with its code is a row of
 * a table of y; or, where that had too many rows, y = low · [code = 0] + inside · [code = 1] + high · [code = 2].
 */
export function limbClamp(target: Target, rounded: Rounded, lowering: Lowering): Quotient {
  const { draft } = lowering;
  const { sizes, range, own, rows } = rounded;
  const { name, window } = target;
  const width = blockBits(target);
  const block = ceilDivide(window.lo - range.lo, 1n << BigInt(width)); // the window's block
  const base = window.lo - (block << BigInt(width));
  const bits = bitLength(range.hi - base);

  const upper: Limb[] = [];
  for (let at = width; at < bits; at += (upper.at(-1) as Limb).bits) {
    // All but the top one leave room for a code.
    const most = bits - at <= lowering.tableBits ? bits - at : lowering.tableBits - CODE_BITS;
    const values = rows(base, at, most);
    upper.push({
      at,
      bits: most,
      values,
      view: affineOf(draft.wit(`${name}: limb ${upper.length + 1}`, sizes, values)),
    });
  }
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
      const code = placeOf(upper, block, width, name, sizes, lowering);
      (hasCodedRows(target) ? clampByRows : clampByCode)(
        target,
        sizes,
        { view: lowLimb, values: lowest, code },
        lowering,
      );
    },
  };
}

/** Where the limbs above the window's block lie: below those of the block (0), there (1), above (2). */
interface Code {
  readonly view: View;
  readonly values: Recipe;
}

function placeOf(
  upper: readonly Limb[],
  block: bigint,
  width: number,
  name: string,
  sizes: readonly number[],
  lowering: Lowering,
): Code {
  const { draft } = lowering;
  let code: Code | null = null;
  for (const { at, bits, values, view } of upper.toReversed()) {
    const expected = Number((block >> BigInt(at - width)) & ((1n << BigInt(bits)) - 1n));
    const size = 2 ** bits;
    const isTop = code === null;
    const entries = Float64Array.from({ length: isTop ? size : CODES * size }, (_, row) => {
      const [limb, outer] = [row % size, isTop ? 1 : Math.floor(row / size)];
      return outer !== 1 ? outer : limb < expected ? 0 : limb === expected ? 1 : 2;
    });
    if (!isTop) lowering.range(sizes, view, bits, values);
    const row = withCodeValues(values, code?.values ?? null, bits);
    const next = mapped(row, { lo: 0n, hi: 2n }, (r) => entries[r] as number);
    const column = draft.wit(`${name}: place of limb`, sizes, next);
    draft.lookup(sizes, draft.tables.function(entries), withCode(view, code, bits), affineOf(column), row);
    code = { view: column, values: next };
  }
  return code as Code;
}

interface Lowest {
  readonly view: Affine;
  readonly values: Recipe;
  readonly code: Code;
}

/** T(lowest + 2^b · code, y). */
function clampByRows(
  target: Target,
  sizes: readonly number[],
  { view, values, code }: Lowest,
  lowering: Lowering,
): void {
  const { draft } = lowering;
  const { window, at, output } = target;
  const width = blockBits(target);
  lowering.range(sizes, view, width, values);
  const entries = Array.from({ length: CODES << width }, (_, row) => {
    const [limb, outer] = [BigInt(row % (1 << width)), row >> width];
    return at(outer === 0 ? window.lo : outer === 2 ? window.hi : min(window.hi, window.lo + limb));
  });
  const y = affineOf(lowering.defineColumn(output, sizes));
  const row = withCodeValues(values, code.values, width);
  draft.lookup(sizes, draft.tables.function(entries), withCode(view, code, width), y, row);
}

/** 2 y = 2 low + 2 (inside − low) code (2 − code) + (high − low) code (code − 1), T(lowest, inside). */
function clampByCode(
  target: Target,
  sizes: readonly number[],
  { view, values, code }: Lowest,
  lowering: Lowering,
): void {
  const { draft } = lowering;
  const { window, at, output, name } = target;
  const width = blockBits(target);
  const [low, high] = [at(window.lo), at(window.hi)];
  let above: Affine; // inside − low
  if (isWholeBlock(target)) {
    lowering.range(sizes, view, width, values);
    above = view;
  } else {
    const entries = Array.from({ length: 1 << width }, (_, i) => at(min(window.hi, window.lo + BigInt(i))));
    const inside = entriesAt(values, lowering.tensor(output), entries);
    const column = affineOf(draft.wit(`${name}: inside`, sizes, inside));
    draft.lookup(sizes, draft.tables.function(entries), view, column, values);
    above = sumOf([[1n, column]], -low);
  }
  const y = affineOf(lowering.defineColumn(output, sizes));
  const squared = times(above, code.view).map((piece) => ({ ...piece, views: [...piece.views, code.view] }));
  draft.equation(sizes, [
    ...piecesOf(sumOf([[2n, y]], -2n * low)),
    ...times(above, code.view, -4n),
    ...scaled(squared, 2n),
    { kind: "product", coefficient: low - high, views: [code.view, code.view] },
    { kind: "product", coefficient: high - low, views: [code.view] },
  ]);
}

const withCode = (limb: Affine, code: Code | null, bits: number): Affine =>
  code === null
    ? limb
    : sumOf([
        [1n, limb],
        [1n << BigInt(bits), affineOf(code.view)],
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

/** u = base + v in limbs; m = lo + [u >= lo] · (u − lo); y = hi − [m <= hi] · (hi − m); of the ends that are reached. */
export function signClamp({ name, output, window }: Target, rounded: Rounded, lowering: Lowering): Quotient {
  const { draft } = lowering;
  const { sizes, range, own, rows } = rounded;
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
      if (range.lo < window.lo) {
        const { lo } = window;
        const above = combination([{ coefficient: 1n, of: honest }], -lo);
        const sign = signOf(lowering, `${name}: low end`, sizes, sumOf([[1n, u]], -lo), above);
        // lo + [u >= lo] · (u − lo)
        const pieces = [
          { kind: "product", coefficient: lo, views: [] } as const,
          ...times(sumOf([[1n, u]], -lo), sign),
        ];
        if (range.hi <= window.hi) return lowering.define(output, { sizes, pieces });
        honest = mappedMax(honest, lo);
        const larger = draft.wit(`${name}: above the low end`, sizes, honest);
        u = affineOf(larger);
        draft.equation(sizes, [...pieces, ...piecesOf(u, -1n)]);
      }
      const { hi } = window;
      const below = combination([{ coefficient: -1n, of: honest }], hi);
      const sign = signOf(lowering, `${name}: high end`, sizes, sumOf([[-1n, u]], hi), below);
      // hi − [u <= hi] · (hi − u)
      const pieces = [
        { kind: "product", coefficient: hi, views: [] } as const,
        ...times(sumOf([[-1n, u]], hi), sign, -1n),
      ];
      lowering.define(output, { sizes, pieces });
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
