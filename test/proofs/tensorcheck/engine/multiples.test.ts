// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { checkerCurve } from "../../../../verifier/proofs/curve.ts";
import { generatorMultiples } from "../../../../verifier/proofs/fixed-base.ts";
import { SCALAR_FIELD as r, type G1Point } from "../../../../verifier/proofs/points.ts";
import { Engine } from "../../../../verifier/proofs/tensorcheck/engine/index.ts";
import { codeOf } from "../../../helpers/errors.ts";
import { KERNEL_VARIANTS, element, mod, useEngine } from "./reference.ts";

const INFINITY: G1Point = { x: 0n, y: 0n };

/** k·G by ffjavascript. */
async function timesGenerator(): Promise<(k: bigint) => G1Point> {
  const { G1 } = await checkerCurve();
  return (k) => {
    if (mod(k) === 0n) return INFINITY;
    const [x, y] = G1.toObject(G1.toAffine(G1.timesScalar(G1.g, mod(k))));
    return { x, y };
  };
}

/** Places where digits may begin. */
const PLACES = Array.from({ length: 254 }, (_, i) => BigInt(i));

for (const kernels of KERNEL_VARIANTS)
  describe(`tensorcheck engine: multiples of the generator, ${kernels} kernels`, () => {
    let engine: Engine;
    let times: (k: bigint) => G1Point;
    useEngine(kernels, (each) => (engine = each));
    before(async () => {
      times = await timesGenerator();
    });

    const multiples = async (scalars: readonly bigint[]): Promise<G1Point[]> =>
      engine.toPoints(await engine.multiples(engine.fromBigints(scalars)));

    it("are those of ffjavascript", () =>
      fc.assert(
        fc.asyncProperty(fc.array(element(), { maxLength: 8 }), async (scalars) => {
          const mark = engine.mark();
          expect(await multiples(scalars)).to.deep.equal(scalars.map(times));
          engine.release(mark);
        }),
        { numRuns: 30 },
      ));

    it("are infinity for 0, alone and among others", async () => {
      expect(await multiples([0n])).to.deep.equal([INFINITY]);
      expect(await multiples([0n, 1n, 0n, r - 1n, 0n])).to.deep.equal([0n, 1n, 0n, -1n, 0n].map(times));
      expect(await multiples([])).to.deep.equal([]);
    });

    it("are right where a digit is at an edge, whatever the digits' size", async () => {
      const edges = PLACES.flatMap((place) => {
        const unit = 1n << place;
        return [unit - 1n, unit, unit + 1n, r - unit];
      }).filter((k) => k >= 0n && k < r);
      expect(await multiples(edges)).to.deep.equal(edges.map(times));
    });

    it("are right where a sum meets the very point that is added to it", async () => {
      // With the top digit's d·2^place just below r, the lower digits of 2·d·2^place − r come to d·2^place − r.
      const doubled = PLACES.map((place) => mod(2n * ((r >> place) << place) - r));
      expect(await multiples(doubled)).to.deep.equal(doubled.map(times));
    });
  });

describe("tensorcheck engine: many multiples of the generator", () => {
  const engines: Engine[] = [];
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.close()));
  });
  const make = async (threads: number): Promise<Engine> => {
    const engine = await Engine.create({ threads });
    engines.push(engine);
    return engine;
  };

  it("agree with ffjavascript's on any number of threads, for any size of the table", async () => {
    const { g1 } = await generatorMultiples();
    const { G1 } = await checkerCurve();
    const scalars = Array.from({ length: 509 }, (_, i) => mod(7n ** BigInt(i) * BigInt(i)));
    const each = await G1.batchLEMtoU(g1(scalars));
    // lengths for which digits of 8, 10, 11, 12 and 13 bits are chosen, and that leave parts of batches
    for (const [threads, length] of [
      [1, 300],
      [2, 5000],
      [3, 9001],
      [1, 16_000],
      [2, 60_000],
    ] as const) {
      const engine = await make(threads);
      const used = engine.used;
      const points = await engine.multiples(
        engine.fromBigints(Array.from({ length }, (_, i) => scalars[i % scalars.length] as bigint)),
      );
      expect(engine.used - used, "keeps the scalars and the points only").to.be.below(96 * length + 128);
      const bytes = engine.pointsToBytes(points);
      expect(Buffer.compare(bytes, Buffer.alloc(64 * length, each)), `${threads} threads, ${length}`).to.equal(0);
      expect(engine.toPoints(engine.points(bytes.subarray(0, 640)))).to.deep.equal(
        engine.toPoints({ ...points, length: 10 }),
      );
    }
  });

  it("are refused of a handle outside of the memory, and while the engine works", async () => {
    const engine = await make(2);
    expect(await codeOf(engine.multiples({ address: engine.used, length: 1 }))).to.equal("ENGINE_ARGUMENT");
    expect(await codeOf(() => engine.pointsToBytes({ address: engine.used, length: 1 }))).to.equal("ENGINE_ARGUMENT");
    const a = engine.vector(1 << 14);
    engine.fill(a, 2n);
    const running = engine.multiples(a);
    expect(await codeOf(engine.multiples(a))).to.equal("ENGINE_BUSY");
    expect(new Set(engine.toPoints(await running).map(({ x }) => x)).size).to.equal(1);
  });
});
