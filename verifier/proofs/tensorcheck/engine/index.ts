// SPDX-License-Identifier: GPL-3.0-or-later
// The engine of the tensorcheck prover: see types.ts for what each method means.
import { availableParallelism } from "node:os";
import { VerigradError } from "../../../errors.ts";
import { SCALAR_FIELD, type G1Point } from "../../points.ts";
import { Arena } from "./arena.ts";
import { compileKernels, SCRATCH_BYTES, type Kernels } from "./kernel.ts";
import { matrixTasks, type MatrixShape } from "./matrix.ts";
import { msmOfIntegers, msmOfVector, readPoints, writePoints } from "./msm.ts";
import { canonical, fault, GRAIN, MUL_MS, partsOf, power, type Part } from "./parts.ts";
import { Pool } from "./pool.ts";
import { roundTasks } from "./rounds.ts";
import type { Task } from "./tasks.ts";
import {
  INTEGER_CODES,
  type EngineOptions,
  type IntegerArray,
  type IntegerType,
  type Integers,
  type Mark,
  type MatrixOptions,
  type Points,
  type Summand,
  type TensorcheckEngine,
  type Vector,
} from "./types.ts";

const MAXIMUM_BYTES = 0xffff0000;
const DEFAULT_BYTES = 0x40000000;
const MAXIMUM_THREADS = 64;
const r = SCALAR_FIELD;

function typeOf(values: IntegerArray): IntegerType {
  if (values instanceof Int8Array) return "int8";
  if (values instanceof Int16Array) return "int16";
  if (values instanceof Int32Array) return "int32";
  return values instanceof Float64Array ? "float64" : "bigint64";
}

export class Engine implements TensorcheckEngine {
  readonly #arena: Arena;
  readonly #pool: Pool;

  private constructor(arena: Arena, pool: Pool) {
    this.#arena = arena;
    this.#pool = pool;
  }

  static async create(options: EngineOptions = {}): Promise<Engine> {
    const threads = options.threads ?? Math.min(availableParallelism(), MAXIMUM_THREADS);
    const maximumBytes = options.maximumBytes ?? DEFAULT_BYTES;
    if (!Number.isInteger(threads) || threads < 1 || threads > MAXIMUM_THREADS) {
      throw new VerigradError("ENGINE_OPTIONS", `threads: 1 to ${MAXIMUM_THREADS}, not ${threads}`);
    }
    if (!Number.isInteger(maximumBytes) || maximumBytes < 65536 || maximumBytes > MAXIMUM_BYTES) {
      throw new VerigradError("ENGINE_OPTIONS", `maximumBytes: 65536 to ${MAXIMUM_BYTES}, not ${maximumBytes}`);
    }
    const module = await compileKernels();
    const arena = new Arena(maximumBytes);
    const scratch = arena.allocate(threads * SCRATCH_BYTES);
    return new Engine(arena, new Pool(module, arena.memory, threads, scratch));
  }

  get threads(): number {
    return this.#pool.threads;
  }

  get used(): number {
    return this.#arena.used;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  // ---- arena ---------------------------------------------------------------------------------------------------------
  mark(): Mark {
    return this.#arena.mark();
  }

  release(mark: Mark): void {
    void this.#kernels; // not while a kernel may write to what would be freed
    this.#arena.release(mark);
  }

  vector(length: number): Vector {
    void this.#kernels; // what a call in progress allocates would come back at its end
    if (!Number.isSafeInteger(length) || length < 0) throw fault(`no length of a vector: ${length}`);
    return { address: this.#arena.allocate(32 * length), length };
  }

  slice(a: Vector, from: number, to: number): Vector {
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= a.length))
      throw fault(`no elements ${from}..${to} of ${a.length}`);
    return { address: a.address + 32 * from, length: to - from };
  }

  // ---- in and out ----------------------------------------------------------------------------------------------------
  fromBigints(values: readonly bigint[]): Vector {
    const out = this.vector(values.length);
    this.#write(out.address, values);
    return out;
  }

  toBigints(a: Vector): bigint[] {
    this.#hold(a);
    return this.#temporary(() => {
      const plain = this.vector(a.length);
      this.#kernels.frVecFromMontgomery(plain.address, a.address, a.length);
      return this.#arena.readNumbers(plain.address, a.length);
    });
  }

  get(a: Vector, index: number): bigint {
    return this.toBigints(this.slice(a, index, index + 1))[0] as bigint;
  }

  set(a: Vector, index: number, value: bigint): void {
    const { address } = this.#hold(this.slice(a, index, index + 1));
    this.#write(address, [value]);
  }

  integers(values: IntegerArray): Integers {
    const address = this.#arena.allocate(values.byteLength);
    this.#arena
      .bytes(address, values.byteLength)
      .set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return { address, length: values.length, type: typeOf(values) };
  }

  async fromIntegers(values: Integers, out: Vector = this.vector(values.length)): Promise<Vector> {
    this.#same(values.length, out);
    await this.#scaledIntegers(out, 1n, values, 0, false);
    return out;
  }

  async axpyIntegers(out: Vector, s: bigint, values: Integers, first = 0): Promise<void> {
    this.#hold(out);
    if (!(first >= 0 && first + out.length <= values.length)) {
      throw fault(`no integers ${first}..${first + out.length} of ${values.length}`);
    }
    await this.#scaledIntegers(out, s, values, first, true);
  }

  #scaledIntegers(out: Vector, s: bigint, values: Integers, first: number, add: boolean): Promise<number[]> {
    const type = INTEGER_CODES[values.type];
    return this.#withScalars([s], (scalar) =>
      this.#ranges(out.length, type <= 2 ? 0.3 : 1, (i, n) => {
        return ["frVecFromIntegers", out.address + 32 * i, scalar, values.address, type, first + i, n, add ? 1 : 0];
      }),
    );
  }

  fromBytes(bytes: Uint8Array): Vector {
    if (bytes.length % 32 !== 0) throw fault(`no whole elements of 32 bytes: ${bytes.length}`);
    const out = this.vector(bytes.length / 32);
    this.#arena.bytes(out.address, bytes.length).set(bytes);
    if (this.#kernels.frAllCanonical(out.address, out.length) !== 1) throw fault("an element is not below r");
    this.#kernels.frVecToMontgomery(out.address, out.address, out.length);
    return out;
  }

  toBytes(a: Vector): Uint8Array {
    this.#hold(a);
    return this.#temporary(() => {
      const plain = this.vector(a.length);
      this.#kernels.frVecFromMontgomery(plain.address, a.address, a.length);
      return Uint8Array.from(this.#arena.bytes(plain.address, 32 * a.length));
    });
  }

  // ---- vectors -------------------------------------------------------------------------------------------------------
  copy(out: Vector, a: Vector): void {
    this.#same(a.length, out);
    this.#hold(a);
    void this.#kernels;
    this.#arena.bytes(out.address, 32 * out.length).set(this.#arena.bytes(a.address, 32 * a.length));
  }

  fill(out: Vector, value: bigint): void {
    this.#hold(out);
    this.#withScalars([value], (s) => this.#kernels.frVecFill(out.address, s, out.length));
  }

  add(out: Vector, a: Vector, b: Vector): Promise<void> {
    return this.#pointwise("frVecAdd", out, a, b);
  }

  sub(out: Vector, a: Vector, b: Vector): Promise<void> {
    return this.#pointwise("frVecSub", out, a, b);
  }

  mul(out: Vector, a: Vector, b: Vector): Promise<void> {
    return this.#pointwise("frVecMul", out, a, b);
  }

  async scale(out: Vector, a: Vector, s: bigint): Promise<void> {
    this.#same(out.length, out, a);
    await this.#withScalars([s], (scalar) =>
      this.#ranges(out.length, 1, (i, n) => ["frVecScale", out.address + 32 * i, a.address + 32 * i, scalar, n]),
    );
  }

  async axpy(out: Vector, s: bigint, a: Vector): Promise<void> {
    this.#same(out.length, out, a);
    await this.#withScalars([s], (scalar) =>
      this.#ranges(out.length, 1, (i, n) => ["frVecAxpy", out.address + 32 * i, scalar, a.address + 32 * i, n]),
    );
  }

  async addScalar(out: Vector, a: Vector, s: bigint): Promise<void> {
    this.#same(out.length, out, a);
    await this.#withScalars([s], (scalar) =>
      this.#ranges(out.length, 0.2, (i, n) => ["frVecAddScalar", out.address + 32 * i, a.address + 32 * i, scalar, n]),
    );
  }

  async invert(out: Vector, a: Vector): Promise<void> {
    this.#same(out.length, out, a);
    const zeros = await this.#ranges(out.length, 4, (i, n) => [
      "frVecInvert",
      out.address + 32 * i,
      a.address + 32 * i,
      n,
    ]);
    const count = zeros.reduce((sum, n) => sum + n, 0);
    if (count > 0)
      throw new VerigradError("ENGINE_DIVISION", `${count} of ${a.length} elements have no inverse: they are 0`);
  }

  async outer(out: Vector, a: Vector, b: Vector): Promise<void> {
    this.#hold(a);
    this.#hold(b);
    this.#same(a.length * b.length, out);
    const row = 32 * b.length;
    await this.#ranges(
      a.length,
      b.length,
      (i, n) => ["frOuter", out.address + row * i, a.address + 32 * i, n, b.address, b.length],
      Math.ceil(GRAIN / Math.max(b.length, 1)),
    );
  }

  async dot(a: Vector, b: Vector): Promise<bigint> {
    this.#same(a.length, a, b);
    return this.#sum(a.length, 1, (out, i, n) => ["frDotRows", out, a.address + 32 * i, b.address + 32 * i, 1, n]);
  }

  // ---- multilinear polynomials ---------------------------------------------------------------------------------------
  async foldTop(out: Vector, a: Vector, u: bigint): Promise<void> {
    this.#same(2 * out.length, a);
    this.#hold(out);
    const high = a.address + 32 * out.length;
    await this.#withScalars([u], (s) =>
      this.#ranges(out.length, 1.2, (i, n) => [
        "frVecFold",
        out.address + 32 * i,
        a.address + 32 * i,
        high + 32 * i,
        s,
        n,
      ]),
    );
  }

  async foldPairs(out: Vector, a: Vector, u: bigint): Promise<void> {
    this.#same(2 * out.length, a);
    this.#hold(out);
    // Where the result takes the place of its operand, a thread's results would overwrite what another has yet to read.
    const overlap = out.address < a.address + 32 * a.length && a.address < out.address + 32 * out.length;
    await this.#withScalars([u], (s) =>
      this.#ranges(
        out.length,
        1.2,
        (i, n) => ["frVecFoldPairs", out.address + 32 * i, a.address + 64 * i, s, n],
        overlap ? Infinity : GRAIN,
      ),
    );
  }

  async eqTable(point: readonly bigint[], scale = 1n, out: Vector = this.vector(2 ** point.length)): Promise<Vector> {
    this.#same(2 ** point.length, out);
    await this.#withScalars([scale, ...point], async (scaled, coordinates) => {
      // The upper coordinates' table scales the lower ones' tables, which threads fill side by side.
      const upper = point.length >= 12 ? Math.min(5, point.length) : 0;
      const lower = point.length - upper;
      const top = this.vector(2 ** upper);
      this.#kernels.frEqTable(top.address, coordinates, upper, scaled);
      const tasks = Array.from({ length: top.length }, (_, i): Task => {
        const target = out.address + 32 * i * 2 ** lower;
        return ["frEqTable", target, coordinates + 32 * upper, lower, top.address + 32 * i];
      });
      await this.#pool.run(tasks, out.length * MUL_MS);
    });
    return out;
  }

  async evaluateMultilinear(a: Vector, point: readonly bigint[]): Promise<bigint> {
    this.#same(2 ** point.length, a);
    const upper = point.length >> 1;
    return this.#temporaryAsync(async () => {
      const columns = await this.eqTable(point.slice(upper));
      const rows = await this.eqTable(point.slice(0, upper));
      const sums = this.vector(rows.length);
      const width = columns.length;
      await this.#ranges(
        rows.length,
        width,
        (h, n) => ["frDotRows", sums.address + 32 * h, a.address + 32 * h * width, columns.address, n, width],
        Math.ceil(GRAIN / width),
      );
      return this.dot(sums, rows);
    });
  }

  // ---- univariate polynomials ----------------------------------------------------------------------------------------
  async evaluate(a: Vector, x: bigint): Promise<bigint> {
    this.#hold(a);
    if (a.length === 0) return 0n;
    return this.#withScalars([x], async (s) => {
      const parts = this.#parts(a.length, GRAIN);
      const values = this.vector(parts.length);
      await this.#pool.run(
        parts.map(([from, n], i): Task => ["frEvaluate", values.address + 32 * i, a.address + 32 * from, n, s]),
        a.length * MUL_MS,
      );
      let sum = 0n;
      for (const [i, value] of this.toBigints(values).entries()) sum += value * power(x, (parts[i] as Part)[0]);
      return sum % r;
    });
  }

  divide(out: Vector, a: Vector, x: bigint): bigint {
    this.#same(out.length + 1, a);
    this.#hold(out);
    return this.#withScalars([x, 0n], (s, remainder) => {
      this.#kernels.frDivide(out.address, remainder, a.address, a.length, s);
      return this.get({ address: remainder, length: 1 }, 0);
    });
  }

  // ---- integer matrices ----------------------------------------------------------------------------------------------
  rowsTimes(out: Vector, w: Vector, m: Integers, options: MatrixOptions = {}): Promise<void> {
    return this.#matrix(out, w, m, { rows: w.length, columns: out.length, transposed: false }, options);
  }

  timesColumns(out: Vector, w: Vector, m: Integers, options: MatrixOptions = {}): Promise<void> {
    return this.#matrix(out, w, m, { rows: out.length, columns: w.length, transposed: true }, options);
  }

  async #matrix(out: Vector, w: Vector, m: Integers, shape: MatrixShape, options: MatrixOptions): Promise<void> {
    this.#hold(out);
    this.#hold(w);
    const { first = 0, rowStride = shape.columns, columnStride = 1, accumulate = false } = options;
    if (w.length === 1 && (shape.transposed ? rowStride : columnStride) === 1) {
      // A scalar times integers has a faster kernel.
      if (!accumulate) this.fill(out, 0n);
      return this.axpyIntegers(out, this.get(w, 0), m, first);
    }
    const { tasks, ms } = matrixTasks(out, w, m, shape, options, this.threads);
    await this.#pool.run(tasks, ms);
  }

  // ---- sumcheck ------------------------------------------------------------------------------------------------------
  async round(summand: Summand): Promise<bigint[]> {
    for (const vector of summand.vectors) this.#hold(vector);
    return this.#temporaryAsync(async () => {
      const { tasks, ms, partials } = roundTasks(
        summand,
        this.#arena,
        (values) => this.fromBigints(values),
        this.threads,
      );
      await this.#pool.run(tasks, ms);
      const sums = new Array<bigint>(summand.degree).fill(0n);
      for (const [i, value] of this.toBigints(partials).entries()) {
        const x = i % summand.degree;
        sums[x] = ((sums[x] as bigint) + value) % r;
      }
      return sums;
    });
  }

  async bind(vectors: readonly Vector[], u: bigint): Promise<Vector[]> {
    const bound = vectors.map((vector) => this.slice(vector, 0, vector.length / 2));
    for (const [i, vector] of vectors.entries()) {
      if (vectors.findIndex(({ address }) => address === vector.address) === i)
        await this.foldTop(bound[i] as Vector, vector, u);
    }
    return bound;
  }

  // ---- G1 ------------------------------------------------------------------------------------------------------------
  points(bytes: Uint8Array): Points {
    return writePoints(bytes, this.#arena, this.#kernels);
  }

  toPoints(a: Points): G1Point[] {
    return this.#temporary(() => readPoints(a, this.#arena, this.#kernels));
  }

  msm(bases: Points, a: Vector, first = 0): Promise<G1Point> {
    this.#hold(a);
    return this.#temporaryAsync(() => msmOfVector(bases, a, first, this.#arena, this.#pool));
  }

  msmIntegers(bases: Points, values: Integers, first = 0): Promise<G1Point> {
    return this.#temporaryAsync(() => msmOfIntegers(bases, values, first, this.#arena, this.#pool));
  }

  // ---- helpers -------------------------------------------------------------------------------------------------------
  /** The caller's kernels; refuses while a batch runs, or after close. */
  get #kernels(): Kernels {
    return this.#pool.kernels;
  }

  #write(address: number, values: readonly bigint[]): void {
    this.#arena.writeNumbers(address, values.map(canonical));
    this.#kernels.frVecToMontgomery(address, address, values.length);
  }

  /** A vector whose elements all lie in the arena. */
  #hold(a: Vector): Vector {
    this.#arena.bytes(a.address, 32 * a.length);
    return a;
  }

  #same(length: number, ...vectors: readonly Vector[]): void {
    for (const vector of vectors) {
      this.#hold(vector);
      if (vector.length !== length) throw fault(`${vector.length} elements where ${length} belong`);
    }
  }

  #temporary<T>(work: () => T): T {
    const mark = this.#arena.mark();
    try {
      return work();
    } finally {
      this.#arena.release(mark);
    }
  }

  async #temporaryAsync<T>(work: () => Promise<T>): Promise<T> {
    const mark = this.#arena.mark();
    try {
      return await work();
    } finally {
      this.#arena.release(mark);
    }
  }

  /** Calls `work` with the addresses of scalars, the second one's being that of all that follow. */
  #withScalars<T>(scalars: readonly bigint[], work: (first: number, second: number) => T): T {
    const mark = this.#arena.mark();
    const { address } = this.fromBigints(scalars);
    const release = (): void => this.#arena.release(mark);
    let result: T;
    try {
      result = work(address, address + 32);
    } catch (error) {
      release();
      throw error;
    }
    if (result instanceof Promise) return result.finally(release) as T;
    release();
    return result;
  }

  #parts(length: number, grain: number): Part[] {
    return partsOf(length, grain, this.threads);
  }

  /** One task for each part of 0..length−1; `products` estimates the work for an element. */
  #ranges(length: number, products: number, task: (from: number, n: number) => Task, grain = GRAIN): Promise<number[]> {
    const tasks = this.#parts(length, grain).map(([from, n]) => task(from, n));
    return this.#pool.run(tasks, length * products * MUL_MS);
  }

  #pointwise(kernel: "frVecAdd" | "frVecSub" | "frVecMul", out: Vector, a: Vector, b: Vector): Promise<void> {
    this.#same(out.length, out, a, b);
    const products = kernel === "frVecMul" ? 1 : 0.2;
    return this.#ranges(out.length, products, (i, n) => [
      kernel,
      out.address + 32 * i,
      a.address + 32 * i,
      b.address + 32 * i,
      n,
    ]).then(() => undefined);
  }

  /** The sum of what tasks write for parts of 0..length−1. */
  #sum(length: number, products: number, task: (out: number, from: number, n: number) => Task): Promise<bigint> {
    return this.#temporaryAsync(async () => {
      const parts = this.#parts(length, GRAIN);
      const values = this.vector(parts.length);
      await this.#pool.run(
        parts.map(([from, n], i) => task(values.address + 32 * i, from, n)),
        length * products * MUL_MS,
      );
      return this.toBigints(values).reduce((sum, value) => sum + value, 0n) % r;
    });
  }
}
