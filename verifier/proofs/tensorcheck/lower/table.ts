// SPDX-License-Identifier: GPL-3.0-or-later
import type { TableNode } from "../../../graph/types.ts";
import { affineOf, sumOf } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import { combination } from "./witness.ts";

/** T(x − a, y): earlier equations, or the declared range of a public input, pin x to [a, b]. */
export function lowerTable({ input, values, output }: TableNode, lowering: Lowering): void {
  const { lo } = lowering.tensor(input);
  const { sizes, affine } = lowering.affine(input);
  const y = affineOf(lowering.defineColumn(output, sizes));
  const rows = combination([{ coefficient: 1n, of: lowering.values(input) }], -lo);
  lowering.draft.lookup(sizes, lowering.draft.tables.function(values.values), sumOf([[1n, affine]], -lo), y, rows);
}
