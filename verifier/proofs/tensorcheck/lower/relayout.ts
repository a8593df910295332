// SPDX-License-Identifier: GPL-3.0-or-later
// Operands in the layout that a node needs: by a view where one gives it, else by a column of that layout.
import type { TensorId } from "../../../graph/types.ts";
import { sizeOf } from "../../../tensor/spec.ts";
import { atR, type Factor, type Fraction, type LinearTerm } from "../program.ts";
import {
  bitsIn,
  canonical,
  factorOf,
  frameOf,
  ownFrame,
  reframe,
  refineView,
  selectOf,
  sizesOf,
  type Frame,
  type View,
} from "../layout.ts";
import type { Lowering } from "./lowering.ts";

/** A tensor whose last axes have `inner` values together. */
export interface SplitView {
  readonly view: View;
  /** sizes of the axes before, and of those that have `inner` values */
  readonly outer: readonly number[];
  readonly inner: readonly number[];
}

/** A tensor's view, split where the last `inner` values of each row begin. */
export function splitAt(lowering: Lowering, id: TensorId, inner: number): SplitView {
  const view = lowering.view(id);
  const split = splitSizes(sizesOf(view), inner);
  if (split !== null) return { view: refineView(view, [...split.outer, ...split.inner]) as View, ...split };
  const outer = [sizeOf(lowering.tensor(id).shape) / inner];
  return { view: relay(lowering, id, [...outer, inner]), outer, inner: [inner] };
}

/** Sizes before and after the place where the last `inner` values begin; null where that lies inside an axis. */
export function splitSizes(
  sizes: readonly number[],
  inner: number,
): { readonly outer: readonly number[]; readonly inner: readonly number[] } | null {
  const after: number[] = [];
  let rest = inner;
  for (let a = sizes.length - 1; a >= 0; a--) {
    const size = sizes[a] as number;
    if (rest === 1) return { outer: sizes.slice(0, a + 1), inner: after };
    if (rest % size === 0) {
      after.unshift(size);
      rest /= size;
      continue;
    }
    const before = size / rest;
    if (!Number.isInteger(before) || reframe(frameOf([size], 0), [before, rest]) === null) return null;
    return { outer: [...sizes.slice(0, a), before], inner: [rest, ...after] };
  }
  return rest === 1 ? { outer: [], inner: after } : null;
}

/** A tensor's view with these axes. */
export const viewAs = (lowering: Lowering, id: TensorId, sizes: readonly number[]): View =>
  refineView(lowering.view(id), sizes) ?? (refineView(relay(lowering, id, canonical(sizes)), sizes) as View);

/** The index of a value of a tensor, as a sum over the axes of a frame. */
export function flatIndex(frame: Frame): LinearTerm[] {
  let stride = 1;
  return frame.toReversed().flatMap(({ size, run }): LinearTerm[] => {
    const coefficient = BigInt(stride);
    stride *= size;
    return size === 1 ? [] : [{ power: 1, coefficient, value: { kind: "index", run } }];
  });
}

/** A fraction ± numerator / (γ − tag − β · key − β² · value) over the cells of a frame. */
export const keyed = (
  negative: boolean,
  numerator: Factor | null,
  tag: bigint,
  key: readonly LinearTerm[],
  value: Factor,
): Fraction => ({
  ...(numerator === null ? {} : { numerator }),
  negative,
  linear: [{ power: 0, coefficient: tag }, ...key, { power: 2, coefficient: 1n, value }],
});

/** A new column that holds a tensor in another layout: both hold the same values at the same indices. */
export function relay(lowering: Lowering, id: TensorId, sizes: readonly number[]): View {
  const { draft } = lowering;
  const source = lowering.view(id);
  const target = draft.wit(`${lowering.tensor(id).name} in another layout`, sizes, lowering.values(id));
  const group = {};
  for (const [view, frame, negative] of [
    [target, frameOf(sizes, atR(0)), false],
    [source, ownFrame(source), true],
  ] as const) {
    const value = factorOf(view, frame) as Factor;
    const bits = bitsIn(frame.map(({ size }) => size));
    draft.fraction(bits, (tag) => keyed(negative, selectOf(frame), tag, flatIndex(frame), value), group);
  }
  return target;
}
