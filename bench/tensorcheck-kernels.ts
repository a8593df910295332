// SPDX-License-Identifier: GPL-3.0-or-later
// What the kernels of the tensorcheck prover cost, each the best of several runs: nanoseconds an element, by wall clock.
//   ./dev node bench/tensorcheck-kernels.ts [--threads n] [--bits n] [--json]     1 thread, vectors of 2^14 elements by default
import { parseArgs } from "node:util";
import { checkerCurve } from "../verifier/proofs/curve.ts";
import { SCALAR_FIELD } from "../verifier/proofs/points.ts";
import { Engine } from "../verifier/proofs/tensorcheck/engine/index.ts";

const { values: options } = parseArgs({
  options: {
    threads: { type: "string", default: "1" },
    bits: { type: "string", default: "14" },
    json: { type: "boolean", default: false },
  },
});
const N = 2 ** Number(options.bits);
const ROWS = 512;
const COLUMNS = N / 16;

let state = 1;
/** A pseudo-random integer of 32 bits (xorshift32). */
function draw(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state;
}
const drawElement = (): bigint =>
  Array.from({ length: 8 }, () => BigInt(draw() >>> 0)).reduce((value, word) => (value << 32n) | word) % SCALAR_FIELD;

/** N points in an arithmetic progression, which look random to sums of random multiples. */
async function progression(): Promise<Uint8Array> {
  const { G1 } = await checkerCurve();
  const step = G1.timesScalar(G1.g, drawElement());
  const points = new Uint8Array(96 * N);
  let point = G1.timesScalar(G1.g, drawElement());
  for (let i = 0; i < N; i++, point = G1.add(point, step)) points.set(point, 96 * i);
  return G1.batchLEMtoU(await G1.batchToAffine(points));
}

const engine = await Engine.create({ threads: Number(options.threads) });
const a = engine.fromBigints(Array.from({ length: N }, drawElement));
const b = engine.fromBigints(Array.from({ length: N }, drawElement));
const out = engine.vector(N);
const half = engine.slice(out, 0, N / 2);
const bytes = engine.integers(Int8Array.from({ length: ROWS * COLUMNS }, draw));
const words = engine.integers(Int16Array.from({ length: ROWS * COLUMNS }, draw));
const small = engine.integers(Int8Array.from({ length: N }, draw));
const medium = engine.integers(Int32Array.from({ length: N }, () => draw() >> 12));
const bases = engine.points(await progression());
const point = Array.from({ length: Math.log2(N) }, drawElement);
const s = drawElement();
const w = engine.slice(a, 0, ROWS);
const product = [{ coefficient: 1n, factors: [0, 1] }];

const cases: readonly [name: string, elements: number, repeats: number, run: () => unknown][] = [
  ["multiply", N, 20, () => engine.mul(out, a, b)],
  ["add", N, 20, () => engine.add(out, a, b)],
  ["from 8-bit integers", N, 20, () => engine.fromIntegers(small, out)],
  ["invert", N, 5, () => engine.invert(out, a)],
  ["fold the top variable", N / 2, 10, () => engine.foldTop(half, a, s)],
  ["eq table", N, 10, () => engine.eqTable(point, 1n, out)],
  ["multilinear evaluation", N, 10, () => engine.evaluateMultilinear(a, point)],
  ["division by X - x", N, 10, () => engine.divide(engine.slice(out, 1, N), a, s)],
  ["round of degree 2, a pair", N / 2, 5, () => engine.round({ vectors: [a, b], terms: product, degree: 2 })],
  [
    "round of degree 3, a pair",
    N / 2,
    5,
    () => engine.round({ vectors: [a, b], common: 0, terms: product, degree: 3 }),
  ],
  ["row times 8-bit matrix", ROWS * COLUMNS, 5, () => engine.rowsTimes(engine.slice(out, 0, COLUMNS), w, bytes)],
  ["row times 16-bit matrix", ROWS * COLUMNS, 5, () => engine.rowsTimes(engine.slice(out, 0, COLUMNS), w, words)],
  [
    "8-bit matrix times column",
    ROWS * COLUMNS,
    5,
    () => engine.timesColumns(engine.slice(out, 0, ROWS), engine.slice(a, 0, COLUMNS), bytes),
  ],
  ["points by 8-bit scalars", N, 5, () => engine.msmIntegers(bases, small)],
  ["points by 20-bit scalars", N, 5, () => engine.msmIntegers(bases, medium)],
  ["points by full scalars", N, 3, () => engine.msm(bases, a)],
  ["generator by full scalars", N, 3, () => engine.multiples(a)],
];

const results: Record<string, number> = {};
for (const [name, elements, repeats, run] of cases) {
  let best = Infinity;
  for (let i = 0; i < repeats; i++) {
    const mark = engine.mark();
    const started = performance.now();
    await run();
    best = Math.min(best, performance.now() - started);
    engine.release(mark);
  }
  results[name] = Number(((best * 1e6) / elements).toPrecision(3));
}
await engine.close();
if (options.json) console.log(JSON.stringify({ threads: engine.threads, elements: N, nanoseconds: results }));
else for (const [name, ns] of Object.entries(results)) console.log(`${name.padEnd(28)}${String(ns).padStart(8)} ns`);
