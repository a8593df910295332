// SPDX-License-Identifier: GPL-3.0-or-later
// What the prover asks of the engine: vectors over F (BN254's scalar field, order r), sumcheck rounds, commitments.
// Handles are addresses in the engine's shared memory: releasing a mark invalidates every handle made after it.
//
// Methods that return a Promise split their work over the engine's threads; they are safe to await one after the other,
// not to overlap. The others run at once on the caller's thread. Every length counts elements, never bytes.
import type { G1Point } from "../../points.ts";
import type { KernelVariant } from "./kernel.ts";

/** `length` field elements at `address`: 32 bytes each, Montgomery form. */
export interface Vector {
  readonly address: number;
  readonly length: number;
}

/** `length` points of G1 at `address`: 64 bytes each, affine, coordinates in Montgomery form; infinity is (0, 0). */
export interface Points {
  readonly address: number;
  readonly length: number;
}

/** Integers in the engine's memory, as an array of `type` would hold them. */
export interface Integers {
  readonly address: number;
  readonly length: number;
  readonly type: IntegerType;
}

export type IntegerType = "int8" | "int16" | "int32" | "float64" | "bigint64";

/** How kernels know the types. */
export const INTEGER_CODES: Readonly<Record<IntegerType, number>> = {
  int8: 0,
  int16: 1,
  int32: 2,
  float64: 3,
  bigint64: 4,
};

export const INTEGER_BYTES: Readonly<Record<IntegerType, number>> = {
  int8: 1,
  int16: 2,
  int32: 4,
  float64: 8,
  bigint64: 8,
};

/** What integers are copied from; Float64Array holds integers of at most 53 bits. */
export type IntegerArray = Int8Array | Int16Array | Int32Array | Float64Array | BigInt64Array;

/** coefficient · Π vectors[factors[i]]; an index may come more than once. */
export interface RoundTerm {
  readonly coefficient: bigint;
  readonly factors: readonly number[];
}

/** The summand of a sumcheck: common · Σ terms, over vectors of 2L elements; index L + i is index i with the top variable 1. */
export interface Summand {
  readonly vectors: readonly Vector[];
  /** index of a vector that multiplies every term, such as eq(ρ, x) */
  readonly common?: number;
  readonly terms: readonly RoundTerm[];
  /** the largest number of factors of a term, `common` counted: 1..8 */
  readonly degree: number;
}

/** A place of the arena to go back to. */
export type Mark = number;

export interface EngineOptions {
  /** threads that share the work, the caller's included; as many as there are cores by default, at most 64 */
  readonly threads?: number;
  /** bound of the engine's memory, at most 4 GiB − 64 KiB; 1 GiB by default */
  readonly maximumBytes?: number;
  /** by default the faster one that this machine runs */
  readonly kernels?: KernelVariant;
}

/**
 * Arithmetic over BN254 in one WebAssembly memory that all threads share.
 *
 * Errors: ENGINE_OPTIONS (options out of bounds), ENGINE_MEMORY (the bound is reached), ENGINE_ARGUMENT (a length, an index or
 * a handle does not fit; nothing has been written), ENGINE_DIVISION (an inverse of 0), ENGINE_CLOSED (closed before or
 * during the call), ENGINE_BUSY (a threaded call while another runs), ENGINE_KERNEL (a kernel trapped, or is not built).
 */
export interface TensorcheckEngine {
  readonly threads: number;
  /** bytes in use */
  readonly used: number;

  /** Ends all threads; what is running fails with ENGINE_CLOSED. The memory goes with the last handle. */
  close(): Promise<void>;

  // ---- arena: a stack of allocations -------------------------------------------------------------------------------
  mark(): Mark;
  /** Frees everything that was allocated since. */
  release(mark: Mark): void;
  /** A vector with unspecified content. */
  vector(length: number): Vector;
  /** elements from..to−1 of a vector, without a copy */
  slice(a: Vector, from: number, to: number): Vector;

  // ---- in and out --------------------------------------------------------------------------------------------------
  /** Field elements of any integers: v mod r. */
  fromBigints(values: readonly bigint[]): Vector;
  toBigints(a: Vector): bigint[];
  get(a: Vector, index: number): bigint;
  set(a: Vector, index: number, value: bigint): void;
  /** A copy of integers in the engine's memory. */
  integers(values: IntegerArray): Integers;
  /** out[i] = integers[i] mod r; `out` is made if it is left out. */
  fromIntegers(values: Integers, out?: Vector): Promise<Vector>;
  /** out += s·values[first + i], i < out.length */
  axpyIntegers(out: Vector, s: bigint, values: Integers, first?: number): Promise<void>;
  /** 32 bytes each, least significant first, below r. */
  fromBytes(bytes: Uint8Array): Vector;
  toBytes(a: Vector): Uint8Array;

  // ---- vectors: out may be an operand ------------------------------------------------------------------------------
  copy(out: Vector, a: Vector): void;
  fill(out: Vector, value: bigint): void;
  add(out: Vector, a: Vector, b: Vector): Promise<void>;
  sub(out: Vector, a: Vector, b: Vector): Promise<void>;
  mul(out: Vector, a: Vector, b: Vector): Promise<void>;
  /** out = s·a */
  scale(out: Vector, a: Vector, s: bigint): Promise<void>;
  /** out += s·a */
  axpy(out: Vector, s: bigint, a: Vector): Promise<void>;
  /** out = a + s in every element */
  addScalar(out: Vector, a: Vector, s: bigint): Promise<void>;
  /** out[i] = 1/a[i]; ENGINE_DIVISION if some a[i] is 0 */
  invert(out: Vector, a: Vector): Promise<void>;
  dot(a: Vector, b: Vector): Promise<bigint>;
  /** out[i·|b| + j] = a[i]·b[j]; out is neither operand. */
  outer(out: Vector, a: Vector, b: Vector): Promise<void>;

  // ---- multilinear polynomials -------------------------------------------------------------------------------------
  /** Binds the top variable: out[i] = a[i] + u (a[i + L] − a[i]), for a of 2L elements and out of L; out may begin where a does. */
  foldTop(out: Vector, a: Vector, u: bigint): Promise<void>;
  /** Binds the lowest variable (Gemini): out[i] = a[2i] + u (a[2i + 1] − a[2i]); out may begin where a does. */
  foldPairs(out: Vector, a: Vector, u: bigint): Promise<void>;
  /** scale·eq(point, i) for every i of point.length bits; the point begins with the most significant coordinate. */
  eqTable(point: readonly bigint[], scale?: bigint, out?: Vector): Promise<Vector>;
  /** The value of the multilinear extension of a at a point, most significant coordinate first. */
  evaluateMultilinear(a: Vector, point: readonly bigint[]): Promise<bigint>;

  // ---- univariate polynomials: coefficients, the constant one first --------------------------------------------------
  evaluate(a: Vector, x: bigint): Promise<bigint>;
  /** a = (X − x)·out + remainder; out has one element less than a, and may begin where a does. Returns the remainder. */
  divide(out: Vector, a: Vector, x: bigint): bigint;

  // ---- integer matrices: M[i][j] at index first + i·rowStride + j·columnStride ----------------------------------------
  /** out[j] (+)= Σ_i w[i]·M[i][j], M of w.length rows and out.length columns, row-major, int8, int16 or int32. */
  rowsTimes(out: Vector, w: Vector, m: Integers, options?: MatrixOptions): Promise<void>;
  /** out[i] (+)= Σ_j M[i][j]·w[j], M of out.length rows and w.length columns, row-major, int8, int16 or int32. */
  timesColumns(out: Vector, w: Vector, m: Integers, options?: MatrixOptions): Promise<void>;

  // ---- sumcheck ------------------------------------------------------------------------------------------------------
  /** Σ_{i < L} summand at X = 0, 2, 3, …, degree: `degree` values. At X = 1 it is the claim less the first value. */
  round(summand: Summand): Promise<bigint[]>;
  /** Binds the top variable of every vector in place: the first halves. A vector that comes twice is bound once. */
  bind(vectors: readonly Vector[], u: bigint): Promise<Vector[]>;

  // ---- G1 ------------------------------------------------------------------------------------------------------------
  /** Bases from x ‖ y of 32 bytes each, big-endian; infinity is 0 ‖ 0. The caller checks that they lie on the curve. */
  points(bytes: Uint8Array): Points;
  toPoints(a: Points): G1Point[];
  /** What points() reads. */
  pointsToBytes(a: Points): Uint8Array;
  /** a[i]·G, G the generator (1, 2); infinity for 0. Works in 32 bytes an element and 5 MiB. */
  multiples(a: Vector): Promise<Points>;
  /** Σ a[i]·bases[first + i]; infinity is (0, 0). */
  msm(bases: Points, a: Vector, first?: number): Promise<G1Point>;
  /** Σ values[i]·bases[first + i], of any integers of at most 62 bits and sign; far cheaper than full width. */
  msmIntegers(bases: Points, values: Integers, first?: number): Promise<G1Point>;
}

export interface MatrixOptions {
  /** index of M[0][0] among the integers; 0 by default */
  readonly first?: number;
  /** integers from one row to the next; the number of columns by default */
  readonly rowStride?: number;
  /** integers from one column to the next; 1 by default */
  readonly columnStride?: number;
  /** add to what `out` holds instead of replacing it */
  readonly accumulate?: boolean;
}
