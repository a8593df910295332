// SPDX-License-Identifier: GPL-3.0-or-later
// The engine's memory and its vectors: the first half of what types.ts asks for, and what the other half is made of.
import { VerigradError } from "../../../errors.ts";
import { SCALAR_FIELD as r } from "../../points.ts";
import type { Arena } from "./arena.ts";
import type { Kernels } from "./kernel.ts";
import { canonical, fault, GRAIN, MUL_MS, partsOf, type Part } from "./parts.ts";
import type { Pool } from "./pool.ts";
import type { Task } from "./tasks.ts";
import {
  INTEGER_BYTES,
  INTEGER_CODES,
  type IntegerArray,
  type Integers,
  type IntegerType,
  type Mark,
  type Vector,
} from "./types.ts";

function typeOf(values: IntegerArray): IntegerType {
  if (values instanceof Int8Array) return "int8";
  if (values instanceof Int16Array) return "int16";
  if (values instanceof Int32Array) return "int32";
  return values instanceof Float64Array ? "float64" : "bigint64";
}

export abstract class VectorEngine {
  protected readonly arena: Arena;
  protected readonly pool: Pool;

  protected constructor(arena: Arena, pool: Pool) {
    this.arena = arena;
    this.pool = pool;
  }

  get threads(): number {
    return this.pool.threads;
  }

  get used(): number {
    return this.arena.used;
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  // ---- arena ---------------------------------------------------------------------------------------------------------
  mark(): Mark {
    return this.arena.mark();
  }

  release(mark: Mark): void {
    void this.kernels; // not while a kernel may write to what would be freed
    this.arena.release(mark);
  }

  vector(length: number): Vector {
    void this.kernels; // what a call in progress allocates would come back at its end
    if (!Number.isSafeInteger(length) || length < 0) throw fault(`no length of a vector: ${length}`);
    return { address: this.arena.allocate(32 * length), length };
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
    this.hold(a);
    return this.temporary(() => {
      const plain = this.vector(a.length);
      this.kernels.frVecFromMontgomery(plain.address, a.address, a.length);
      return this.arena.readNumbers(plain.address, a.length);
    });
  }

  get(a: Vector, index: number): bigint {
    return this.toBigints(this.slice(a, index, index + 1))[0] as bigint;
  }

  set(a: Vector, index: number, value: bigint): void {
    const { address } = this.hold(this.slice(a, index, index + 1));
    this.#write(address, [value]);
  }

  integers(values: IntegerArray): Integers {
    const address = this.arena.allocate(values.byteLength);
    this.arena
      .bytes(address, values.byteLength)
      .set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return { address, length: values.length, type: typeOf(values) };
  }

  async fromIntegers(values: Integers, out: Vector = this.vector(values.length)): Promise<Vector> {
    this.same(values.length, out);
    await this.#scaledIntegers(out, 1n, values, 0, false);
    return out;
  }

  async axpyIntegers(out: Vector, s: bigint, values: Integers, first = 0): Promise<void> {
    this.hold(out);
    if (!(first >= 0 && first + out.length <= values.length)) {
      throw fault(`no integers ${first}..${first + out.length} of ${values.length}`);
    }
    await this.#scaledIntegers(out, s, values, first, true);
  }

  #scaledIntegers(out: Vector, s: bigint, values: Integers, first: number, add: boolean): Promise<number[]> {
    this.holdIntegers(values);
    const type = INTEGER_CODES[values.type];
    return this.withScalars([s], (scalar) =>
      this.ranges(out.length, type <= 2 ? 0.3 : 1, (i, n) => {
        return ["frVecFromIntegers", out.address + 32 * i, scalar, values.address, type, first + i, n, add ? 1 : 0];
      }),
    );
  }

  fromBytes(bytes: Uint8Array): Vector {
    if (bytes.length % 32 !== 0) throw fault(`no whole elements of 32 bytes: ${bytes.length}`);
    const out = this.vector(bytes.length / 32);
    this.arena.bytes(out.address, bytes.length).set(bytes);
    if (this.kernels.frAllCanonical(out.address, out.length) !== 1) throw fault("an element is not below r");
    this.kernels.frVecToMontgomery(out.address, out.address, out.length);
    return out;
  }

  toBytes(a: Vector): Uint8Array {
    this.hold(a);
    return this.temporary(() => {
      const plain = this.vector(a.length);
      this.kernels.frVecFromMontgomery(plain.address, a.address, a.length);
      return Uint8Array.from(this.arena.bytes(plain.address, 32 * a.length));
    });
  }

  // ---- vectors -------------------------------------------------------------------------------------------------------
  copy(out: Vector, a: Vector): void {
    this.same(a.length, out);
    this.hold(a);
    void this.kernels;
    this.arena.bytes(out.address, 32 * out.length).set(this.arena.bytes(a.address, 32 * a.length));
  }

  fill(out: Vector, value: bigint): void {
    this.hold(out);
    this.withScalars([value], (s) => this.kernels.frVecFill(out.address, s, out.length));
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
    this.same(out.length, out, a);
    await this.withScalars([s], (scalar) =>
      this.ranges(out.length, 1, (i, n) => ["frVecScale", out.address + 32 * i, a.address + 32 * i, scalar, n]),
    );
  }

  async axpy(out: Vector, s: bigint, a: Vector): Promise<void> {
    this.same(out.length, out, a);
    await this.withScalars([s], (scalar) =>
      this.ranges(out.length, 1, (i, n) => ["frVecAxpy", out.address + 32 * i, scalar, a.address + 32 * i, n]),
    );
  }

  async addScalar(out: Vector, a: Vector, s: bigint): Promise<void> {
    this.same(out.length, out, a);
    await this.withScalars([s], (scalar) =>
      this.ranges(out.length, 0.2, (i, n) => ["frVecAddScalar", out.address + 32 * i, a.address + 32 * i, scalar, n]),
    );
  }

  async invert(out: Vector, a: Vector): Promise<void> {
    this.same(out.length, out, a);
    const zeros = await this.ranges(out.length, 4, (i, n) => [
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
    this.hold(a);
    this.hold(b);
    this.same(a.length * b.length, out);
    const row = 32 * b.length;
    await this.ranges(
      a.length,
      b.length,
      (i, n) => ["frOuter", out.address + row * i, a.address + 32 * i, n, b.address, b.length],
      Math.ceil(GRAIN / Math.max(b.length, 1)),
    );
  }

  async dot(a: Vector, b: Vector): Promise<bigint> {
    this.same(a.length, a, b);
    return this.#sum(a.length, 1, (out, i, n) => ["frDotRows", out, a.address + 32 * i, b.address + 32 * i, 1, n]);
  }

  // ---- helpers -------------------------------------------------------------------------------------------------------
  /** The caller's kernels; refuses while a batch runs, or after close. */
  protected get kernels(): Kernels {
    return this.pool.kernels;
  }

  #write(address: number, values: readonly bigint[]): void {
    this.arena.writeNumbers(address, values.map(canonical));
    this.kernels.frVecToMontgomery(address, address, values.length);
  }

  /** A vector whose elements all lie in the arena. */
  protected hold(a: Vector): Vector {
    this.arena.bytes(a.address, 32 * a.length);
    return a;
  }

  protected holdIntegers(values: Integers): void {
    this.arena.bytes(values.address, INTEGER_BYTES[values.type] * values.length);
  }

  protected same(length: number, ...vectors: readonly Vector[]): void {
    for (const vector of vectors) {
      this.hold(vector);
      if (vector.length !== length) throw fault(`${vector.length} elements where ${length} belong`);
    }
  }

  protected temporary<T>(work: () => T): T {
    const mark = this.arena.mark();
    try {
      return work();
    } finally {
      this.arena.release(mark);
    }
  }

  protected async temporaryAsync<T>(work: () => Promise<T>): Promise<T> {
    const mark = this.arena.mark();
    try {
      return await work();
    } finally {
      this.arena.release(mark);
    }
  }

  /** Calls `work` with the addresses of scalars, the second one's being that of all that follow. */
  protected withScalars<T>(scalars: readonly bigint[], work: (first: number, second: number) => T): T {
    const mark = this.arena.mark();
    const { address } = this.fromBigints(scalars);
    const release = (): void => this.arena.release(mark);
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

  protected parts(length: number, grain: number): Part[] {
    return partsOf(length, grain, this.threads);
  }

  /** One task for each part of 0..length−1; `products` estimates the work for an element. */
  protected ranges(
    length: number,
    products: number,
    task: (from: number, n: number) => Task,
    grain = GRAIN,
  ): Promise<number[]> {
    const tasks = this.parts(length, grain).map(([from, n]) => task(from, n));
    return this.pool.run(tasks, length * products * MUL_MS);
  }

  #pointwise(kernel: "frVecAdd" | "frVecSub" | "frVecMul", out: Vector, a: Vector, b: Vector): Promise<void> {
    this.same(out.length, out, a, b);
    const products = kernel === "frVecMul" ? 1 : 0.2;
    return this.ranges(out.length, products, (i, n) => [
      kernel,
      out.address + 32 * i,
      a.address + 32 * i,
      b.address + 32 * i,
      n,
    ]).then(() => undefined);
  }

  /** The sum of what tasks write for parts of 0..length−1. */
  #sum(length: number, products: number, task: (out: number, from: number, n: number) => Task): Promise<bigint> {
    return this.temporaryAsync(async () => {
      const parts = this.parts(length, GRAIN);
      const values = this.vector(parts.length);
      await this.pool.run(
        parts.map(([from, n], i) => task(values.address + 32 * i, from, n)),
        length * products * MUL_MS,
      );
      return this.toBigints(values).reduce((sum, value) => sum + value, 0n) % r;
    });
  }
}
