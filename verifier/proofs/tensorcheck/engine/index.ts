// SPDX-License-Identifier: GPL-3.0-or-later
// The engine of the tensorcheck prover: see types.ts for what each method means.
import { availableParallelism } from "node:os";
import { VerigradError } from "../../../errors.ts";
import { SCALAR_FIELD as r, type G1Point } from "../../points.ts";
import { Arena } from "./arena.ts";
import { compileKernels, SCRATCH_BYTES } from "./kernel.ts";
import { matrixTasks, type MatrixShape } from "./matrix.ts";
import { msmOfIntegers, msmOfVector, readPoints, toPointBytes, writePoints } from "./msm.ts";
import { multiplesOf } from "./multiples.ts";
import { GRAIN, MUL_MS, power, type Part } from "./parts.ts";
import { Pool } from "./pool.ts";
import { roundTasks } from "./rounds.ts";
import type { Task } from "./tasks.ts";
import type { EngineOptions, Integers, MatrixOptions, Points, Summand, TensorcheckEngine, Vector } from "./types.ts";
import { VectorEngine } from "./vectors.ts";

const MAXIMUM_BYTES = 0xffff0000;
const DEFAULT_BYTES = 0x40000000;
const MAXIMUM_THREADS = 64;

export class Engine extends VectorEngine implements TensorcheckEngine {
  static async create(options: EngineOptions = {}): Promise<Engine> {
    const threads = options.threads ?? Math.min(availableParallelism(), MAXIMUM_THREADS);
    const maximumBytes = options.maximumBytes ?? DEFAULT_BYTES;
    if (!Number.isInteger(threads) || threads < 1 || threads > MAXIMUM_THREADS) {
      throw new VerigradError("ENGINE_OPTIONS", `threads: 1 to ${MAXIMUM_THREADS}, not ${threads}`);
    }
    if (!Number.isInteger(maximumBytes) || maximumBytes < 65536 || maximumBytes > MAXIMUM_BYTES) {
      throw new VerigradError("ENGINE_OPTIONS", `maximumBytes: 65536 to ${MAXIMUM_BYTES}, not ${maximumBytes}`);
    }
    const module = await compileKernels(options.kernels);
    const arena = new Arena(maximumBytes);
    const scratch = arena.allocate(threads * SCRATCH_BYTES);
    return new Engine(arena, new Pool(module, arena.memory, threads, scratch));
  }

  // ---- multilinear polynomials ---------------------------------------------------------------------------------------
  async foldTop(out: Vector, a: Vector, u: bigint): Promise<void> {
    this.same(2 * out.length, a);
    this.hold(out);
    const high = a.address + 32 * out.length;
    await this.withScalars([u], (s) =>
      this.ranges(out.length, 1.2, (i, n) => [
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
    this.same(2 * out.length, a);
    this.hold(out);
    // Where the result takes the place of its operand, a thread's results would overwrite what another has yet to read.
    const overlap = out.address < a.address + 32 * a.length && a.address < out.address + 32 * out.length;
    await this.withScalars([u], (s) =>
      this.ranges(
        out.length,
        1.2,
        (i, n) => ["frVecFoldPairs", out.address + 32 * i, a.address + 64 * i, s, n],
        overlap ? Infinity : GRAIN,
      ),
    );
  }

  async eqTable(point: readonly bigint[], scale = 1n, out: Vector = this.vector(2 ** point.length)): Promise<Vector> {
    this.same(2 ** point.length, out);
    await this.withScalars([scale, ...point], async (scaled, coordinates) => {
      // The upper coordinates' table scales the lower ones' tables, which threads fill side by side.
      const upper = point.length >= 12 ? Math.min(5, point.length) : 0;
      const lower = point.length - upper;
      const top = this.vector(2 ** upper);
      this.kernels.frEqTable(top.address, coordinates, upper, scaled);
      const tasks = Array.from({ length: top.length }, (_, i): Task => {
        const target = out.address + 32 * i * 2 ** lower;
        return ["frEqTable", target, coordinates + 32 * upper, lower, top.address + 32 * i];
      });
      await this.pool.run(tasks, out.length * MUL_MS);
    });
    return out;
  }

  async evaluateMultilinear(a: Vector, point: readonly bigint[]): Promise<bigint> {
    this.same(2 ** point.length, a);
    const upper = point.length >> 1;
    return this.temporaryAsync(async () => {
      const columns = await this.eqTable(point.slice(upper));
      const rows = await this.eqTable(point.slice(0, upper));
      const sums = this.vector(rows.length);
      const width = columns.length;
      await this.ranges(
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
    this.hold(a);
    if (a.length === 0) return 0n;
    return this.withScalars([x], async (s) => {
      const parts = this.parts(a.length, GRAIN);
      const values = this.vector(parts.length);
      await this.pool.run(
        parts.map(([from, n], i): Task => ["frEvaluate", values.address + 32 * i, a.address + 32 * from, n, s]),
        a.length * MUL_MS,
      );
      let sum = 0n;
      for (const [i, value] of this.toBigints(values).entries()) sum += value * power(x, (parts[i] as Part)[0]);
      return sum % r;
    });
  }

  divide(out: Vector, a: Vector, x: bigint): bigint {
    this.same(out.length + 1, a);
    this.hold(out);
    return this.withScalars([x, 0n], (s, remainder) => {
      this.kernels.frDivide(out.address, remainder, a.address, a.length, s);
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
    this.hold(out);
    this.hold(w);
    this.holdIntegers(m);
    const { first = 0, rowStride = shape.columns, columnStride = 1, accumulate = false } = options;
    if (w.length === 1 && (shape.transposed ? rowStride : columnStride) === 1) {
      // A scalar times integers has a faster kernel.
      if (!accumulate) this.fill(out, 0n);
      return this.axpyIntegers(out, this.get(w, 0), m, first);
    }
    const { tasks, ms } = matrixTasks(out, w, m, shape, options, this.threads);
    await this.pool.run(tasks, ms);
  }

  // ---- sumcheck ------------------------------------------------------------------------------------------------------
  async round(summand: Summand): Promise<bigint[]> {
    for (const vector of summand.vectors) this.hold(vector);
    return this.temporaryAsync(async () => {
      const { tasks, ms, partials } = roundTasks(
        summand,
        this.arena,
        (values) => this.fromBigints(values),
        this.threads,
      );
      await this.pool.run(tasks, ms);
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
    return writePoints(bytes, this.arena, this.kernels);
  }

  toPoints(a: Points): G1Point[] {
    return this.temporary(() => readPoints(a, this.arena, this.kernels));
  }

  pointsToBytes(a: Points): Uint8Array {
    return this.temporary(() => toPointBytes(a, this.arena, this.kernels));
  }

  async multiples(a: Vector): Promise<Points> {
    this.hold(a);
    void this.kernels; // what is allocated while another call works would come back at its end
    const out = { address: this.arena.allocate(64 * a.length), length: a.length };
    await this.temporaryAsync(() => multiplesOf(out, a, this.arena, this.pool));
    return out;
  }

  msm(bases: Points, a: Vector, first = 0): Promise<G1Point> {
    this.hold(a);
    return this.temporaryAsync(() => msmOfVector(bases, a, first, this.arena, this.pool));
  }

  msmIntegers(bases: Points, values: Integers, first = 0): Promise<G1Point> {
    this.holdIntegers(values);
    return this.temporaryAsync(() => msmOfIntegers(bases, values, first, this.arena, this.pool));
  }
}
