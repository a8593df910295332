// SPDX-License-Identifier: GPL-3.0-or-later
import type { ReshapeNode } from "../../../graph/types.ts";
import type { Lowering } from "./lowering.ts";

/** The same values: its layout stays, and its reader splits or merges axes. */
export function lowerReshape({ input, output }: ReshapeNode, lowering: Lowering): void {
  lowering.define(output, lowering.expression(input));
}
