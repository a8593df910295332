// SPDX-License-Identifier: GPL-3.0-or-later
// Functions in floating point: for folding constants and for what a float model means. Not for tables.
import { functionOf, type FunctionName } from "./registry.ts";
import type { Values } from "./types.ts";

/** f(x) in double precision; NaN and infinities outside of the domain. */
export const evaluate = (name: FunctionName, parameters: Values<number>, x: number): number =>
  functionOf(name).float(x, parameters);
