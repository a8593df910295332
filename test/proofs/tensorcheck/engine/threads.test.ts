// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import { checkerCurve } from "../../../../verifier/proofs/curve.ts";
import { SCALAR_FIELD as r } from "../../../../verifier/proofs/points.ts";
import { compileKernels, SCRATCH_BYTES } from "../../../../verifier/proofs/tensorcheck/engine/kernel.ts";
import { Arena } from "../../../../verifier/proofs/tensorcheck/engine/arena.ts";
import { Engine } from "../../../../verifier/proofs/tensorcheck/engine/index.ts";
import { Pool } from "../../../../verifier/proofs/tensorcheck/engine/pool.ts";
import { codeOf } from "../../../helpers/errors.ts";
import { mod } from "./reference.ts";

/** Enough elements that every operation is shared. */
const N = 1 << 14;

describe("tensorcheck engine: threads and memory", () => {
  const engines: Engine[] = [];
  const make = async (options?: Parameters<typeof Engine.create>[0]): Promise<Engine> => {
    const engine = await Engine.create(options);
    engines.push(engine);
    return engine;
  };
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.close()));
  });

  it("three threads compute what one does", async () => {
    const { G1 } = await checkerCurve();
    const [x, y] = G1.toObject(G1.g);
    const generator = [x, y].flatMap((c) =>
      Array.from({ length: 32 }, (_, i) => Number((c >> BigInt(248 - 8 * i)) & 255n)),
    );
    const run = async (threads: number): Promise<unknown[]> => {
      const engine = await make({ threads });
      expect(engine.threads).to.equal(threads);
      const ints = engine.integers(Int32Array.from({ length: N }, (_, i) => (i * 2654435761) | 0));
      const a = await engine.fromIntegers(ints);
      const b = engine.vector(N);
      await engine.addScalar(b, a, 2n ** 240n);
      await engine.mul(b, b, a);
      const out: unknown[] = [await engine.dot(a, b), await engine.evaluate(b, 3n)];
      const point = Array.from({ length: 14 }, (_, i) => BigInt(i + 2) ** 60n);
      out.push(await engine.evaluateMultilinear(b, point));
      const eq = await engine.eqTable(point);
      out.push(
        await engine.round({
          vectors: [a, b, eq],
          common: 2,
          terms: [{ coefficient: 3n, factors: [0, 1] }],
          degree: 3,
        }),
      );
      await engine.invert(eq, eq);
      out.push(engine.get(eq, 12345));
      await engine.foldPairs(engine.slice(b, 0, N / 2), b, 5n);
      out.push(engine.toBytes(engine.slice(b, 0, N / 2)));
      const columns = engine.vector(128);
      await engine.rowsTimes(columns, engine.slice(a, 0, 128), ints);
      out.push(engine.toBigints(columns));
      // every base the same point: each bucket is full of doublings
      const bases = engine.points(Uint8Array.from({ length: 64 * 9000 }, (_, i) => generator[i % 64] as number));
      const scalars = engine.slice(a, 0, 9000);
      const total = engine.toBigints(scalars).reduce((sum, v) => sum + v, 0n) % r;
      const [px, py] = G1.toObject(G1.toAffine(G1.timesScalar(G1.g, total)));
      const integers = engine.integers(Int32Array.from({ length: 9000 }, (_, i) => (i * 2654435761) | 0));
      expect(await engine.msm(bases, scalars)).to.deep.equal({ x: px, y: py });
      expect(await engine.msmIntegers(bases, integers)).to.deep.equal({ x: px, y: py });
      return out;
    };
    expect(await run(3)).to.deep.equal(await run(1));
  });

  it("an engine works for one caller at a time", async () => {
    const engine = await make({ threads: 2 });
    const [a, b] = [engine.vector(N), engine.vector(N)];
    engine.fill(a, 2n);
    const first = engine.mul(b, a, a);
    expect(await codeOf(engine.mul(a, a, a))).to.equal("ENGINE_BUSY");
    expect(await codeOf(() => engine.vector(1))).to.equal("ENGINE_BUSY");
    expect(await codeOf(() => engine.release(engine.mark()))).to.equal("ENGINE_BUSY");
    expect(await codeOf(() => engine.get(b, 0))).to.equal("ENGINE_BUSY");
    await first;
    expect(engine.get(b, N - 1)).to.equal(4n);
  });

  it("closing ends what runs, and everything after it", async () => {
    for (const threads of [1, 2]) {
      const engine = await make({ threads });
      const a = engine.vector(1 << 17);
      engine.fill(a, 2n);
      const running = codeOf(engine.invert(a, a));
      await new Promise((resolve) => setImmediate(resolve));
      const started = Date.now();
      await engine.close();
      expect(await running, `${threads}`).to.equal(threads === 1 ? "none" : "ENGINE_CLOSED");
      expect(Date.now() - started).to.be.below(5000);
      expect(await codeOf(engine.mul(a, a, a))).to.equal("ENGINE_CLOSED");
      expect(await codeOf(() => engine.vector(1))).to.equal("ENGINE_CLOSED");
      await engine.close();
    }
  });

  it("a kernel that fails fails the call, whichever thread it ran on, and the next one works", async () => {
    const arena = new Arena(1 << 24);
    const scratch = arena.allocate(2 * SCRATCH_BYTES);
    const pool = new Pool(await compileKernels(), arena.memory, 2, scratch);
    const out = arena.allocate(32);
    try {
      for (const tasks of [1, 6]) {
        const outside = Array.from({ length: tasks }, () => ["frVecAdd", 0xfffffff0, 0, 0, 1] as const);
        expect(await codeOf(pool.run(outside, 1000)), `${tasks}`).to.equal("ENGINE_KERNEL");
      }
      const sums = await pool.run(
        Array.from({ length: 6 }, () => ["frVecInvert", out, out, 1] as const),
        1000,
      );
      expect(sums.length).to.equal(6);
    } finally {
      await pool.close();
    }
  });

  it("memory is bounded, and comes back at a mark", async () => {
    const engine = await make({ threads: 1, maximumBytes: 1 << 22 });
    const start = engine.mark();
    expect(await codeOf(() => engine.vector(1 << 17))).to.equal("ENGINE_MEMORY");
    expect(engine.used).to.equal(start);
    for (let i = 0; i < 20; i++) {
      const a = engine.fromBigints(Array.from({ length: 1000 }, () => BigInt(i)));
      const b = await engine.eqTable([1n, 2n, 3n], 5n);
      await engine.foldTop(engine.slice(b, 0, 4), b, 7n);
      expect(await engine.dot(a, a)).to.equal(mod(1000n * BigInt(i * i)));
      const used = engine.used;
      await engine.evaluate(a, 3n);
      await engine.round({ vectors: [a], terms: [{ coefficient: 1n, factors: [0] }], degree: 1 });
      engine.toBigints(a);
      expect(engine.used, "operations leave nothing behind").to.equal(used);
      engine.release(start);
    }
    expect(engine.used).to.equal(start);
  });

  it("options out of bounds are refused", async () => {
    for (const options of [
      { threads: 0 },
      { threads: 65 },
      { threads: 1.5 },
      { maximumBytes: 0 },
      { maximumBytes: 2 ** 32 },
    ]) {
      expect(await codeOf(Engine.create(options)), JSON.stringify(options)).to.equal("ENGINE_OPTIONS");
    }
    // the threads' scratch alone is more
    expect(await codeOf(Engine.create({ threads: 2, maximumBytes: 1 << 20 }))).to.equal("ENGINE_MEMORY");
  });
});
