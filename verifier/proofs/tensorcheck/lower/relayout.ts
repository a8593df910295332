// SPDX-License-Identifier: GPL-3.0-or-later
// Operands in the layout that a node needs: by a view where one gives it, else by a column of that layout.
import type { TensorId } from "../../../graph/types.ts";
import { frameOf, reframe, sizesOf, type View } from "../layout.ts";
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
  if (split !== null) return { view, ...split };
  throw new Error("unreachable");
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
    if (rest === 1 && size !== 1) return { outer: sizes.slice(0, a + 1), inner: after };
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
