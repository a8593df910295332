// SPDX-License-Identifier: GPL-3.0-or-later
// Every real function that can be tabulated, by name. A new function is a new entry here and in docs/spec/functions.md.
import * as activations from "./activations.ts";
import * as circular from "./circular.ts";
import * as piecewise from "./piecewise.ts";
import * as powers from "./powers.ts";
import type { RealFunction } from "./types.ts";

const FUNCTIONS = { ...activations, ...circular, ...piecewise, ...powers } as const;

export type FunctionName = keyof typeof FUNCTIONS;

/** The function of a name. */
export const functionOf = (name: FunctionName): RealFunction => FUNCTIONS[name];

/** All names, sorted. */
export const FUNCTION_NAMES = Object.keys(FUNCTIONS).sort() as FunctionName[];
