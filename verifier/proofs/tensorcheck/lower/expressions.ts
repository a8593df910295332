// SPDX-License-Identifier: GPL-3.0-or-later
// What a reader sees of a tensor: terms of its equation (docs/spec/tensorcheck.md, section 7).
import { factorOf, reframe, selectOf, sizesOf, type Frame, type FrameAxis, type View } from "../layout.ts";
import type { GraphNode } from "../../../graph/types.ts";
import type { Factor, Origin } from "../program.ts";

/** A sum over axes of its own, in a block of their variables: part of a linear node or a product of matrices. */
export interface Contraction {
  readonly origin: Origin;
  /** axes of the result */
  readonly sizes: readonly number[];
  /** variables r_{variables−1..0} that it sums over */
  readonly variables: number;
  /** What is multiplied and summed, the result being read at this frame of the result's axes. */
  factors(at: Frame): readonly Factor[];
}

export const originOf = ({ from, op }: GraphNode): Origin => ({ node: from.join(" + "), operator: op });

/** coefficient · Π views, cell by cell; without views a constant. */
export interface Product {
  readonly kind: "product";
  readonly coefficient: bigint;
  readonly views: readonly View[];
}

/** A product, or coefficient · a contraction. */
export type Piece =
  Product | { readonly kind: "contraction"; readonly coefficient: bigint; readonly contraction: Contraction };

/** A tensor as a sum of pieces, row-major over its axes. */
export interface Expression {
  readonly sizes: readonly number[];
  readonly pieces: readonly Piece[];
}

/** Bits of a window that says that two indices are equal: its cost to a verifier is its number of positions. */
const EQUAL_BITS = 4;

/**
 * 1 where both axes, of one size, have the same index below it, else 0. Two columns that vary along an axis of the result
 * are read at variables, which this binds to the result's axis: their product at ρ would be no multilinear polynomial.
 */
export function equal({ size, run: p }: FrameAxis, { run: q }: FrameAxis): Factor[] {
  const windowOf = (positions: number, from: number, bits: number): Factor => ({
    kind: "window",
    positions,
    taps: 1,
    size: positions,
    stride: 1,
    dilation: 1,
    pad: 0,
    p: { low: p.low + from, bits },
    k: { low: 0, bits: 0 },
    q: { low: q.low + from, bits },
  });
  if (p.bits <= EQUAL_BITS) return [windowOf(size, 0, p.bits)];
  const factors: Factor[] = [];
  for (let from = 0; from < p.bits; from += EQUAL_BITS) {
    const bits = Math.min(EQUAL_BITS, p.bits - from);
    factors.push(windowOf(2 ** bits, from, bits));
  }
  const select = selectOf([{ size, run: q }]);
  return select === null ? factors : [...factors, select];
}

/** What look-ups can read: Σ coefficient · view + constant. */
export interface Affine {
  readonly parts: readonly { readonly coefficient: bigint; readonly view: View }[];
  readonly constant: bigint;
}

export const viewExpression = (view: View): Expression => ({
  sizes: sizesOf(view),
  pieces: [{ kind: "product", coefficient: 1n, views: [view] }],
});

export const affineOf = (view: View, coefficient = 1n, constant = 0n): Affine => ({
  parts: [{ coefficient, view }],
  constant,
});

/** Σ multiplier · affine + constant. */
export const sumOf = (parts: readonly (readonly [bigint, Affine])[], constant = 0n): Affine => ({
  parts: parts.flatMap(([multiplier, affine]) =>
    affine.parts.map(({ coefficient, view }) => ({ coefficient: multiplier * coefficient, view })),
  ),
  constant: parts.reduce((sum, [multiplier, affine]) => sum + multiplier * affine.constant, constant),
});

/** The pieces of an expression, times a multiplier. */
export const scaled = (pieces: readonly Piece[], multiplier: bigint): Piece[] =>
  pieces.map((piece) => ({ ...piece, coefficient: multiplier * piece.coefficient }));

/** The pieces of an affine sum, times a multiplier. */
export const piecesOf = ({ parts, constant }: Affine, multiplier = 1n): Piece[] => [
  ...parts.map(({ coefficient, view }): Piece => ({
    kind: "product",
    coefficient: multiplier * coefficient,
    views: [view],
  })),
  ...(constant === 0n ? [] : [{ kind: "product", coefficient: multiplier * constant, views: [] } as const]),
];

/** The pieces of multiplier · affine · factor, cell by cell. */
export const times = ({ parts, constant }: Affine, factor: View, multiplier = 1n): Product[] =>
  [
    ...parts.map(({ coefficient, view }) => ({ coefficient, views: [view, factor] })),
    { coefficient: constant, views: [factor] },
  ].map(({ coefficient, views }) => ({ kind: "product", coefficient: multiplier * coefficient, views }));

/** An expression as an affine sum, or null where it has products or contractions. */
export function asAffine({ pieces }: Expression): Affine | null {
  const parts: { coefficient: bigint; view: View }[] = [];
  let constant = 0n;
  for (const piece of pieces) {
    if (piece.kind === "contraction" || piece.views.length > 1) return null;
    const [view] = piece.views;
    if (view === undefined) constant += piece.coefficient;
    else parts.push({ coefficient: piece.coefficient, view });
  }
  return { parts, constant };
}

/** Whether a piece can be read over the cells of a frame. */
export const fits = (piece: Piece, frame: Frame): boolean =>
  piece.kind === "contraction"
    ? reframe(frame, piece.contraction.sizes) !== null
    : piece.views.every((view) => factorOf(view, frame) !== null);
