// SPDX-License-Identifier: GPL-3.0-or-later
// What a key says and a proof proves: columns, equations, look-ups (docs/spec/tensorcheck.md, sections 1 and 2). The lowering
// makes programs, the key writer numbers and serializes them, the prover proves them. The verifiers read keys only.
import type { Values } from "../../graph/execute.ts";

/** A coordinate of a point of evaluation, as keys hold it: one byte. */
export type Coordinate = number;
/** r_t, where sumcheck A ends; t counts from the least significant. */
export const atR = (t: number): Coordinate => t;
/** ρ_t, the point of equations. */
export const atRho = (t: number): Coordinate => 0x40 + t;
export const ZERO: Coordinate = 0x80;
export const ONE: Coordinate = 0x81;

export type ColumnClass = "pre" | "wit" | "help";

/** Integers, or field elements in 0..r−1 where they are bigint[]. Row-major over the layout with its pads: 2^bits cells. */
export type Cells = Int8Array | Int16Array | Int32Array | Float64Array | BigInt64Array | readonly bigint[];

/** A committed multilinear polynomial. Its identity is the object. */
export interface Column {
  readonly class: ColumnClass;
  /** for people and errors */
  readonly name: string;
  /** 2^bits cells */
  readonly bits: number;
  /** of a pre column, and only of one */
  readonly cells?: Cells;
}

/** A run of coordinates low+bits−1, …, low of one letter, the most significant first. */
export interface Run {
  readonly low: Coordinate;
  readonly bits: number;
}

/** An axis of a padded tensor: index i lies at the bits of i, most significant first. */
export interface Axis {
  readonly size: number;
  readonly coordinates: readonly Coordinate[];
}

/** What a term multiplies. */
export type Factor =
  | { readonly kind: "column"; readonly column: Column; readonly coordinates: readonly Coordinate[] }
  | { readonly kind: "input"; readonly port: number; readonly axes: readonly Axis[] }
  | { readonly kind: "select"; readonly axes: readonly { readonly size: number; readonly run: Run }[] }
  | {
      readonly kind: "window";
      readonly positions: number;
      readonly taps: number;
      readonly size: number;
      readonly stride: number;
      readonly dilation: number;
      readonly pad: number;
      readonly p: Run;
      readonly k: Run;
      readonly q: Run;
    }
  /** entries: index read by each position, −1 for none */
  | { readonly kind: "pick"; readonly entries: Int32Array; readonly p: Run; readonly q: Run }
  | { readonly kind: "index"; readonly run: Run }
  | {
      readonly kind: "steps";
      readonly run: Run;
      readonly steps: readonly { readonly bits: number; readonly index: number; readonly value: bigint }[];
    };

/** The coordinates of a run, the most significant first. */
export const coordinatesOf = ({ low, bits }: Run): Coordinate[] =>
  Array.from({ length: bits }, (_, i) => low + bits - 1 - i);

/** Coordinates at which a factor is evaluated; it is of degree 1 in each place where one stands. */
export function coordinatesOfFactor(factor: Factor): Coordinate[] {
  switch (factor.kind) {
    case "column":
      return [...factor.coordinates];
    case "input":
      return factor.axes.flatMap((axis) => axis.coordinates);
    case "select":
      return factor.axes.flatMap(({ run }) => coordinatesOf(run));
    case "window":
      return [factor.p, factor.k, factor.q].flatMap(coordinatesOf);
    case "pick":
      return [factor.p, factor.q].flatMap(coordinatesOf);
    case "index":
    case "steps":
      return coordinatesOf(factor.run);
  }
}

/** coefficient · Π factors, in equation `equation` >= 1. */
export interface Term {
  readonly equation: number;
  readonly coefficient: bigint;
  readonly factors: readonly Factor[];
}

/** β^power · coefficient · value · mask, subtracted from γ; a missing value or mask is 1. */
export interface LinearTerm {
  readonly power: 0 | 1 | 2 | 3;
  readonly coefficient: bigint;
  readonly value?: Factor;
  readonly mask?: Factor;
}

/** ± numerator / φ; a missing numerator is 1. */
export interface Fraction {
  readonly numerator?: Factor;
  readonly negative: boolean;
  readonly linear: readonly LinearTerm[];
}

/** help = Σ of one to three fractions in every cell; all helps of a program sum to 0. */
export interface Lookup {
  readonly equation: number;
  readonly help: Column;
  readonly fractions: readonly Fraction[];
}

/** The node of a graph that something comes from: its names in the ONNX file, and what it does. */
export interface Origin {
  readonly node: string;
  readonly operator: string;
}

/** A polynomial in the variables r_{variables−1..0} that sumcheck A sums over the cube. */
export interface Block {
  /** for people */
  readonly name: string;
  /** of a contraction; cells of many nodes share a block */
  readonly origin?: Origin;
  readonly variables: number;
  /** whether it is multiplied by eq(ρ, x); only then it may have look-ups */
  readonly eq: boolean;
  readonly terms: readonly Term[];
  readonly lookups: readonly Lookup[];
}

/** Equation `equation` sums to the output tensor at `axes`, whose coordinates are ρ's. */
export interface OutputPort {
  readonly equation: number;
  readonly axes: readonly Axis[];
}

export interface Program {
  /** every column of every class; pre and wit in any order, help as the look-ups name them */
  readonly columns: readonly Column[];
  readonly blocks: readonly Block[];
  readonly outputs: readonly OutputPort[];
  /** equations are numbered 1..equations */
  readonly equations: number;
  /** The cells of every wit column, from all tensors of an execution (executeTrace), by tensor id. */
  witness(trace: readonly Values[]): ReadonlyMap<Column, Cells>;
}
