// SPDX-License-Identifier: GPL-3.0-or-later
// What one real function is: an entry of the registry (docs/spec/functions.md).
import type { Interval } from "./interval.ts";
import type { Precision } from "./precision.ts";
import type { Rational } from "./rational.ts";

/** A function's parameters by name. */
export type Values<T> = Readonly<Record<string, T>>;

interface FunctionBase {
  /** Names of the parameters. */
  readonly parameters: readonly string[];
  /** Why these finite parameters are refused, or undefined. */
  readonly refuse?: (parameters: Values<Rational>) => string | undefined;
  /** The value in double precision: what floating point gives, NaN and infinities included. */
  readonly float: (x: number, parameters: Values<number>) => number;
}

/** A function whose values are rational wherever its argument is. It is total. */
export interface RationalFunction extends FunctionBase {
  readonly value: (x: Rational, parameters: Values<Rational>) => Rational;
}

/** A function with irrational values. `rational` and `enclose` together are total. */
export interface IrrationalFunction extends FunctionBase {
  /** The value where it is rational, an infinity, or what stands for it outside of the domain; else undefined. */
  readonly rational: (x: Rational, parameters: Values<Rational>) => Rational | undefined;
  /** Encloses an irrational value: asked only where `rational` is undefined. */
  readonly enclose: (x: Rational, parameters: Values<Rational>, at: Precision) => Interval;
}

export type RealFunction = RationalFunction | IrrationalFunction;

/** The value of a parameter: tables are made of functions whose parameters are all given. */
export const parameter = <T>(parameters: Values<T>, name: string): T => parameters[name] as T;
