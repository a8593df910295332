// SPDX-License-Identifier: GPL-3.0-or-later
import type { MultiplyNode } from "../../../graph/types.ts";
import { sizeOf } from "../../../tensor/spec.ts";
import type { Lowering } from "./lowering.ts";

/** a · b, cell by cell. */
export function lowerMultiply({ a, b, output }: MultiplyNode, lowering: Lowering): void {
  const { sizes, views } = lowering.views([a, b]);
  const own = sizeOf(sizes) === 1 ? [] : sizes;
  lowering.define(output, { sizes: own, pieces: [{ kind: "product", coefficient: 1n, views }] });
}
