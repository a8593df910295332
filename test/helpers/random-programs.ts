// SPDX-License-Identifier: GPL-3.0-or-later
// Programs of every kind of thing that a key can hold, at random sizes, that zero fulfils: each term and each numerator has a
// claimed value for a factor.
import { TENSOR_TYPES, TYPE_INFO, sizeOf, type TensorSpec } from "../../verifier/tensor/spec.ts";
import { many, spec, type Claim, type Program } from "./verification-cost.ts";

export interface Random {
  /** One of 0, ..., n - 1. */
  below(n: number): number;
  within(least: number, most: number): number;
  /** Small mostly, and up to `most`. */
  size(most: number): number;
  oneOf<T>(choices: readonly T[]): T;
}

/** Numbers that follow from a seed. */
export function newRandom(seed: number): Random {
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const within = (least: number, most: number): number => least + below(most - least + 1);
  return {
    below,
    within,
    size: (most) => Math.floor((most + 1) ** (below(1_000) / 1_000)),
    oneOf: (choices) => choices[below(choices.length)] as (typeof choices)[number],
  };
}

type Structured = Program["structured"][number];
type Axes = Program["outputs"][number]["axes"];

const descending = (bits: number): Uint8Array => Uint8Array.from(many(bits, (i) => bits - 1 - i));
const bitsFor = (size: number): number => Math.ceil(Math.log2(size));

function randomSpec(random: Random): TensorSpec {
  const type = random.oneOf(TENSOR_TYPES);
  const shape = many(random.within(1, 8), () => random.size(random.oneOf([1, 4, 40])));
  const { hi } = TYPE_INFO[type];
  return spec(sizeOf(shape) > 3_000 ? [random.size(3_000)] : shape, type, random.oneOf([0, 1, hi - 3]));
}

/** Axes of so many values, with coordinates of r (below `K`), of ρ (below `R`) and constants. */
function randomAxes(random: Random, values: number, K: number, R: number): Axes {
  const sizes: number[] = [];
  let left = values;
  for (let factor = 2; left > 1; factor++) {
    for (; left % factor === 0; left /= factor) sizes.push(factor);
  }
  while (sizes.length > 1 && random.below(2) === 0) sizes.push((sizes.pop() as number) * (sizes.shift() as number));
  for (const _ of many(random.oneOf([0, 0, 1, 20]), () => 0)) sizes.splice(random.below(sizes.length + 1), 0, 1);
  const coordinate = (): number =>
    random.oneOf([...(K > 0 ? [random.below(K)] : []), ...(R > 0 ? [0x40 + random.below(R)] : []), 0x80, 0x81]);
  return sizes.map((size) => {
    const bits = random.oneOf([bitsFor(size), bitsFor(size), random.within(bitsFor(size), 30)]);
    return { size, coordinates: Uint8Array.from(many(bits, coordinate)) };
  });
}

function randomStructured(random: Random, K: number, R: number): Structured {
  /** `bits` coordinates of r or of ρ, whichever has as many. */
  const run = (bits: number) =>
    R >= bits && (K < bits || random.below(2) === 0)
      ? { low: 0x40 + random.below(R - bits + 1), bits }
      : { low: random.below(K - bits + 1), bits };
  const longest = Math.max(K, R);
  const bits = (least = 0): number => random.oneOf([least, random.within(least, Math.min(longest, 12)), longest]);
  /** A number that a run of so many coordinates can count. */
  const count = (of: number, most: number): number => random.size(Math.min(2 ** of, most));
  switch (random.below(5)) {
    case 0: {
      const axes = many(random.size(40), () => {
        const of = bits(1);
        return { size: random.within(1, 2 ** of - 1), run: run(of) };
      });
      return { kind: "select", axes };
    }
    case 1: {
      const [p, k, q] = [run(bits()), run(bits()), run(bits())];
      const [positions, taps] = [count(p.bits, 500), count(k.bits, 60)];
      const size = random.within(1, Math.min(2 ** q.bits, random.oneOf([20, 3_000, 2 ** 30])));
      const [stride, dilation] = [random.oneOf([0, 1, 2, 3, 50]), random.oneOf([0, 1, 2, 70])];
      return {
        kind: "window",
        positions,
        taps,
        size,
        stride,
        dilation,
        pad: random.oneOf([0, 1, 9, 400, -7]),
        p,
        k,
        q,
      };
    }
    case 2: {
      const [p, q] = [run(bits()), run(bits())];
      const limit = Math.min(2 ** q.bits, 0xffffff);
      return { kind: "pick", p, q, entries: many(count(p.bits, 600), () => random.below(limit)) };
    }
    case 3:
      return { kind: "index", run: run(bits()) };
    default: {
      const of = run(bits());
      const steps = many(random.size(60) - 1, () => {
        const dropped = random.within(0, of.bits);
        const coefficient = random.oneOf([0n, 1n, -5n, 2n ** 200n]);
        return { bits: dropped, index: random.below(2 ** (of.bits - dropped)), value: coefficient, coefficient };
      });
      return { kind: "steps", run: of, steps };
    }
  }
}

function randomEntities(random: Random, { n, K, R }: Pick<Program, "n" | "K" | "R">, chunks: number) {
  const coordinate = (): number =>
    random.oneOf([K > 0 ? random.below(K) : 0x80, R > 0 ? 0x40 + random.below(R) : 0x81]);
  const claim = (): Claim => {
    const bits = random.within(0, n);
    const block = random.below(2 ** (n - bits));
    // These the encoding leaves out.
    if (bits <= K && random.below(3) === 0) return { bits, block, coordinates: descending(bits) };
    return { bits, block, coordinates: Uint8Array.from(many(bits, coordinate)) };
  };
  return many(random.size(60), (i) => {
    const upper = random.below(3) === 0 ? random.within(0, Math.floor(Math.log2(chunks))) : 0;
    const chunk = random.below(chunks - 2 ** upper + 1);
    const claims = many(i === 0 ? random.size(40) : random.size(20) - 1, claim);
    return { chunk, upper: Uint8Array.from(many(upper, coordinate)), claims };
  });
}

/** A program of a few of everything. */
export function randomProgram(random: Random): Program {
  const [n, K, R] = [random.within(1, 18), random.within(0, 30), random.within(0, 30)];
  const D = random.within(2, 6);
  const chunks = { pre: random.size(40) - 1, wit: random.size(40), help: random.size(20) - 1 };
  const inputs = many(random.oneOf([1, 2, 16]), () => randomSpec(random));
  const outputSpecs = many(random.oneOf([1, 1, 2, 16]), () => randomSpec(random));
  const publics = many(random.size(12) - 1, () => {
    const port = random.below(inputs.length);
    return { port, axes: randomAxes(random, sizeOf((inputs[port] as TensorSpec).shape), K, R) };
  });
  const structured = many(random.size(25) - 1, () => randomStructured(random, K, R));
  const entities = randomEntities(random, { n, K, R }, chunks.pre + chunks.wit + chunks.help);
  const claims = entities.reduce((sum, entity) => sum + entity.claims.length, 0);
  const value = (): number => random.oneOf([random.below(claims + publics.length + structured.length), 0xffff]);
  const coefficient = (): bigint => random.oneOf([0n, 1n, -1n, 77n, -(2n ** 31n), 2n ** 250n]);
  const shapes = many(random.size(30) - 1, () => {
    const variables = random.within(0, K);
    const eq = variables <= R && random.below(3) > 0;
    return { variables, eq, terms: random.size(40) - 1, lookups: eq ? random.size(20) - 1 : 0 };
  });
  const equations = outputSpecs.length + shapes.reduce((sum, { terms, lookups }) => sum + terms + lookups, 0);
  const equation = (): number => random.within(1, equations);
  const blocks = shapes.map(({ variables, eq, terms, lookups }) => ({
    ...{ variables, eq },
    terms: many(terms, () => ({
      ...{ equation: equation(), coefficient: coefficient() },
      factors: [random.below(claims), ...many(random.below(4), value)],
    })),
    lookups: many(lookups, () => ({
      ...{ equation: equation(), help: random.below(claims) },
      fractions: many(random.within(1, 3), () => ({
        ...{ numerator: random.below(claims), negative: random.below(2) === 0 },
        linear: many(random.size(6) - 1, () => ({
          ...{ power: random.below(4), coefficient: coefficient(), value: value(), mask: value() },
        })),
      })),
    })),
  }));
  const outputs = outputSpecs.map(({ shape }) => ({
    equation: equation(),
    axes: randomAxes(random, sizeOf(shape), 0, R),
  }));
  return { n, K, R, D, chunks, inputs, outputSpecs, outputs, publics, structured, blocks, entities };
}
