// SPDX-License-Identifier: GPL-3.0-or-later
// TensorcheckProofSystem by itself, and what it evaluates against the TypeScript verifier. Verdicts on proofs and keys are in
// test/differential/tensorcheck-chain.test.ts.
import { expect } from "chai";
import { getBytes, hexlify, id, keccak256 } from "ethers";
import fc from "fast-check";
import { network } from "hardhat";
import {
  axesBytes,
  structuredBytes,
  type Structured as Encodable,
} from "../../../verifier/proofs/tensorcheck/bytes.ts";
import type { Axis } from "../../../verifier/proofs/tensorcheck/program.ts";
import { evaluateStructured, evaluateTensor } from "../../../verifier/proofs/tensorcheck/verify/values.ts";
import { Reader } from "../../../verifier/proofs/tensorcheck/verify/reader.ts";
import { readStructured } from "../../../verifier/proofs/tensorcheck/verify/key-values.ts";
import { BASE_FIELD, readUint, SCALAR_FIELD } from "../../../verifier/proofs/points.ts";
import { encodeTensors } from "../../../verifier/tensor/codec.ts";
import { specListHash, type TensorSpec } from "../../../verifier/tensor/spec.ts";
import { honestTiny, type Honest } from "../../proofs/tensorcheck/honest.ts";
import { TAU, tau2Bytes } from "../../proofs/tensorcheck/powers.ts";
import { SPECS } from "../../proofs/tensorcheck/tiny-program.ts";
import { TWIST_STRAY } from "./groth16-vectors.ts";

type Contract = Awaited<ReturnType<Awaited<ReturnType<typeof network.create>>["ethers"]["deployContract"]>>;

const K = 12;
const R = 12;
const TYPES = ["i8", "u8", "i16", "u16", "i32"] as const;
const BOUNDS = { i8: [-128, 127], u8: [0, 255], i16: [-32768, 32767], u16: [0, 65535], i32: [-(2 ** 31), 2 ** 31 - 1] };

const element = fc.oneof(
  fc.bigInt({ min: 0n, max: SCALAR_FIELD - 1n }),
  fc.constantFrom(0n, 1n, 2n, SCALAR_FIELD - 1n),
);
const drawnPoint = fc.record({
  r: fc.array(element, { minLength: K, maxLength: K }),
  rho: fc.array(element, { minLength: R, maxLength: R }),
});
type Drawn = typeof drawnPoint extends fc.Arbitrary<infer T> ? T : never;

const coordinate = fc.oneof(
  fc.nat(K - 1),
  fc.nat(R - 1).map((t) => 0x40 + t),
  fc.constantFrom(0x80, 0x81),
);
/** A run of up to `most` bits, of either letter. */
const run = (least: number, most: number) =>
  fc
    .record({ bits: fc.integer({ min: least, max: most }), letter: fc.constantFrom(0, 0x40), shift: fc.nat(K) })
    .map(({ bits, letter, shift }) => ({ low: letter + Math.min(shift, K - bits), bits }));
const axis: fc.Arbitrary<Axis> = fc
  .array(coordinate, { maxLength: 7 })
  .chain((coordinates) =>
    fc.record({ size: fc.integer({ min: 1, max: 2 ** coordinates.length }), coordinates: fc.constant(coordinates) }),
  );

/** The words that TensorcheckValues finds coordinates in. */
function tableOf({ r, rho }: Drawn): bigint[] {
  const table = new Array<bigint>(131).fill(0n);
  r.forEach((value, t) => (table[t] = value));
  rho.forEach((value, t) => (table[0x40 + t] = value));
  table[0x81] = 1n;
  table[0x82] = SCALAR_FIELD;
  return table;
}

describe("TensorcheckProofSystem", function () {
  this.timeout(120_000);
  let ethers: Awaited<ReturnType<typeof network.create>>["ethers"];
  let harness: Contract;
  let system: Contract;
  let proof: Honest;
  let setup: Uint8Array;

  const deploy = (tau2: Uint8Array): Promise<Contract> =>
    ethers.deployContract("TensorcheckProofSystem", [[0, 1, 2, 3].map((i) => readUint(tau2, 32 * i))]);

  before(async () => {
    ({ ethers } = await network.create());
    harness = await ethers.deployContract("TensorcheckHarness");
    setup = await tau2Bytes(TAU);
    system = await deploy(setup);
    proof = await honestTiny();
  });

  /** Name of the error that a call reverts with, "ok" if it does not, "nothing" if it reverts without data. */
  async function verdictOf(call: Promise<unknown>): Promise<string> {
    try {
      await call;
      return "ok";
    } catch (error) {
      const { data } = error as { data?: unknown };
      if (typeof data !== "string" || data === "0x") return "nothing";
      const parsed = system.interface.parseError(data);
      if (parsed === null) throw error;
      return parsed.name === "MalformedKey" ? `MalformedKey(${String(parsed.args[0])})` : parsed.name;
    }
  }

  describe("values", () => {
    const structured = async (drawn: Drawn, value: Encodable): Promise<void> => {
      const bytes = Uint8Array.from(structuredBytes(value));
      const [there, read] = (await harness.getFunction("structured")(tableOf(drawn), bytes)) as [bigint, bigint];
      const parsed = readStructured(new Reader(bytes), { n: 1, K, R, D: 2, chunks: 1 }, () => undefined);
      expect(there).to.equal(evaluateStructured(drawn, parsed));
      expect(read).to.equal(BigInt(bytes.length));
    };
    const holds = (arbitrary: fc.Arbitrary<Encodable>): Promise<void> =>
      fc.assert(fc.asyncProperty(drawnPoint, arbitrary, structured), { numRuns: 25 });
    /** As `run`, with a size that leaves pads. */
    const sized = run(1, 7).chain((of) =>
      fc.record({ size: fc.integer({ min: 1, max: 2 ** of.bits - 1 }), run: fc.constant(of) }),
    );

    it("select", () => holds(fc.array(sized, { maxLength: 3 }).map((axes) => ({ kind: "select", axes }))));

    type Ends = readonly [min: number, max: number];
    const windowOf = (
      bits: Readonly<Record<"p" | "k" | "q", Ends>>,
      steps: Readonly<Record<"stride" | "dilation" | "pad", Ends>>,
    ): fc.Arbitrary<Encodable> =>
      fc.tuple(run(...bits.p), run(...bits.k), run(...bits.q)).chain(([p, k, q]) => {
        const integer = ([min, max]: Ends): fc.Arbitrary<number> => fc.integer({ min, max });
        return fc.record({
          kind: fc.constant("window" as const),
          ...{ positions: integer([1, 2 ** p.bits]), taps: integer([1, 2 ** k.bits]), size: integer([1, 2 ** q.bits]) },
          ...{ stride: integer(steps.stride), dilation: integer(steps.dilation), pad: integer(steps.pad) },
          ...{ p: fc.constant(p), k: fc.constant(k), q: fc.constant(q) },
        });
      });

    it("window", () =>
      holds(windowOf({ p: [0, 5], k: [0, 3], q: [0, 6] }, { stride: [0, 3], dilation: [0, 3], pad: [-70, 40] })));

    it("window of long steps", () =>
      holds(
        windowOf({ p: [0, 2], k: [0, 2], q: [4, 11] }, { stride: [20, 900], dilation: [0, 300], pad: [-900, 900] }),
      ));

    it("steps of a window that reads little cost nothing", async () => {
      const drawn = { r: Array.from({ length: K }, (_, t) => BigInt(t + 2)), rho: new Array<bigint>(R).fill(9n) };
      const window = (positions: number, stride: number, pad = 0): Encodable => ({
        ...{ kind: "window", positions, taps: 1, size: 4096, stride, dilation: 1, pad },
        ...{ p: { low: 0x40, bits: 1 }, k: { low: 0, bits: 0 }, q: { low: 0, bits: 12 } },
      });
      const gas = async (value: Encodable): Promise<number> => {
        await structured(drawn, value);
        const bytes = Uint8Array.from(structuredBytes(value));
        return Number(await harness.getFunction("structured").estimateGas(tableOf(drawn), bytes));
      };
      // The first and the last of 4096 rows, the last two, one position of a stride that no memory holds.
      const little = await gas({ kind: "index", run: { low: 0, bits: 12 } });
      expect(await gas(window(2, 4095))).to.be.lessThan(little + 10_000);
      expect(await gas(window(2, 1, -4094))).to.be.lessThan(little + 10_000);
      expect(await gas(window(1, 2 ** 32 - 1))).to.be.lessThan(little + 10_000);
    });

    // With few entries over many bits eq is computed for each, else there is a table.
    for (const [name, pBits, qBits] of [
      ["pick from a few", 5, 3],
      ["pick from many", 1, 11],
    ] as const) {
      it(name, () =>
        holds(
          fc.tuple(run(pBits, pBits), run(qBits, qBits)).chain(([p, q]) =>
            fc.record({
              kind: fc.constant("pick" as const),
              entries: fc
                .array(fc.integer({ min: -1, max: 2 ** q.bits - 1 }), { minLength: 1, maxLength: 2 ** p.bits })
                .map((list) => Int32Array.from(list)),
              ...{ p: fc.constant(p), q: fc.constant(q) },
            }),
          ),
        ),
      );
    }

    it("index", () => holds(run(0, 9).map((of) => ({ kind: "index", run: of }))));

    it("steps", () =>
      holds(
        run(0, 8).chain((of) => {
          const step = fc
            .record({ bits: fc.integer({ min: 0, max: of.bits }), at: fc.double({ min: 0, max: 0.99, noNaN: true }) })
            .chain(({ bits, at }) =>
              fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }).map((value) => ({
                ...{ bits, value },
                index: Math.floor(at * 2 ** (of.bits - bits)),
              })),
            );
          return fc.record({
            kind: fc.constant("steps" as const),
            run: fc.constant(of),
            steps: fc.array(step, { maxLength: 4 }),
          });
        }),
      ));

    // Runs of 64 to 127 values, whatever axes they span: around their edges, and with pads in the axis that is split.
    const SHAPES = [
      [],
      [1],
      [63],
      [64],
      [65],
      [80],
      [81],
      [127],
      [128],
      [129],
      [21, 3],
      [22, 3],
      [43, 3],
      [3, 100],
      [5, 3, 7],
      [2, 33, 2],
    ];
    const axesOf = (shape: readonly number[]): Axis[] => {
      let low = 0;
      return shape.map((size) => {
        const bits = Math.ceil(Math.log2(size));
        low += bits;
        return { size, coordinates: Array.from({ length: bits }, (_, i) => low - 1 - i) };
      });
    };
    const point = { r: Array.from({ length: K }, (_, t) => BigInt(t + 2) ** 60n), rho: new Array<bigint>(R).fill(9n) };

    it("tensors of every shape around a run's edge", async () => {
      for (const shape of SHAPES) {
        for (const type of TYPES) {
          const [lo, hi] = BOUNDS[type] as [number, number];
          const size = shape.reduce((product, each) => product * each, 1);
          const values = Array.from({ length: size }, (_, i) => lo + ((i * 40503 + 7) % (hi - lo + 1)));
          const data = encodeTensors([{ shape: [size], type, exponent: 0, lo, hi }], [values]);
          // What follows in the calldata is not the tensor's.
          const more = Uint8Array.from([...data, ...new Uint8Array(40).fill(0xa5)]);
          const bytes = Uint8Array.from(axesBytes(axesOf(shape)));
          const [there] = (await harness.getFunction("tensor")(tableOf(point), bytes, TYPES.indexOf(type), more)) as [
            bigint,
          ];
          const parsed = axesOf(shape).map((a) => ({ size: a.size, coordinates: Uint8Array.from(a.coordinates) }));
          expect(there, `${type} ${shape.join("x")}`).to.equal(
            evaluateTensor(point, parsed, Float64Array.from(values)),
          );
        }
      }
    });

    it("a short last axis costs no more gas than a long one", async () => {
      const gas = async (shape: readonly number[], type: number): Promise<number> => {
        const bytes = Uint8Array.from(axesBytes(axesOf(shape)));
        return Number(
          await harness.getFunction("tensor").estimateGas(tableOf(point), bytes, type, new Uint8Array(3072 * 2)),
        );
      };
      for (const type of [1, 2]) {
        const planes = await gas([3, 32, 32], type);
        expect(await gas([32, 32, 3], type)).to.be.lessThan(1.1 * planes);
        expect(await gas([1024, 3], type)).to.be.lessThan(1.1 * planes);
      }
    });

    it("axes of one index cost no more than what the key takes to say them", async () => {
      const ones = (count: number): Axis[] => Array.from({ length: count }, () => ({ size: 1, coordinates: [3] }));
      const wide = { ...point, r: Array.from({ length: 14 }, (_, t) => BigInt(t + 2) ** 60n) };
      const gas = async (axes: readonly Axis[]): Promise<number> => {
        const bytes = Uint8Array.from(axesBytes(axes));
        return Number(await harness.getFunction("tensor").estimateGas(tableOf(wide), bytes, 1, new Uint8Array(16384)));
      };
      const [outer, inner] = axesOf([256, 64]) as [Axis, Axis];
      const plain = await gas([outer, inner]);
      expect(await gas([outer, ...ones(253), inner])).to.be.lessThan(1.5 * plain);
      const values = Float64Array.from({ length: 2 ** 14 }, (_, i) => (i * 31) % 256);
      const many = [...ones(2), outer, ...ones(1), inner, ...ones(250)];
      const [there] = (await harness.getFunction("tensor")(
        tableOf(wide),
        Uint8Array.from(axesBytes(many)),
        1,
        Uint8Array.from(values),
      )) as [bigint];
      const parsed = many.map((a) => ({ size: a.size, coordinates: Uint8Array.from(a.coordinates) }));
      const levels = (): number => {
        const start = performance.now();
        expect(evaluateTensor(wide, parsed, values)).to.equal(there);
        return performance.now() - start;
      };
      const alone = parsed.filter(({ size }) => size > 1);
      const start = performance.now();
      evaluateTensor(wide, alone, values);
      // A level an axis and value would make it a hundred times as long.
      expect(levels()).to.be.lessThan(30 * (performance.now() - start) + 200);
    });

    for (const type of TYPES) {
      it(`tensors of ${type}`, () =>
        fc.assert(
          fc.asyncProperty(
            drawnPoint,
            fc.array(axis, { maxLength: 3 }).filter((axes) => axes.reduce((size, a) => size * a.size, 1) <= 2000),
            fc.nat(),
            async (drawn, axes, seed) => {
              const size = axes.reduce((product, a) => product * a.size, 1);
              const [lo, hi] = BOUNDS[type] as [number, number];
              const values = Array.from({ length: size }, (_, i) => lo + ((seed + i * i * 40503) % (hi - lo + 1)));
              const spec: TensorSpec = { shape: [size], type, exponent: 0, lo, hi };
              const data = encodeTensors([spec], [values]);
              const bytes = Uint8Array.from(axesBytes(axes));
              const [there, read] = (await harness.getFunction("tensor")(
                tableOf(drawn),
                bytes,
                TYPES.indexOf(type),
                data,
              )) as [bigint, bigint];
              const parsed = axes.map((a) => ({ size: a.size, coordinates: Uint8Array.from(a.coordinates) }));
              expect(there).to.equal(evaluateTensor(drawn, parsed, Float64Array.from(values)));
              expect(read).to.equal(BigInt(bytes.length));
            },
          ),
          { numRuns: 25 },
        ));
    }
  });

  it("a denominator of 0 is a refusal", async () => {
    const tau2 = [0, 1, 2, 3].map((i) => readUint(setup, 32 * i));
    const opens = (changes: Partial<Record<"s" | "y" | "e" | "zeta" | "nu" | "z", bigint>>): Promise<unknown> => {
      const { s, y, e, zeta, nu, z } = { s: 2n, y: 0n, e: 0n, zeta: 3n, nu: 5n, z: 7n, ...changes };
      return harness.getFunction("opensZero")(s, y, e, zeta, nu, z, tau2);
    };
    expect(await opens({})).to.equal(true);
    expect(await opens({ y: 1n })).to.equal(false);
    expect(await opens({ e: 1n })).to.equal(false);
    // z = ±r_0, and (1 - s) r_0 + s = 0
    expect(await opens({ z: 3n })).to.equal(false);
    expect(await opens({ z: SCALAR_FIELD - 3n })).to.equal(false);
    expect(await opens({ zeta: 2n })).to.equal(false);
  });

  it("is made for a set-up that is a point of the group, and nobody's", async () => {
    expect(await system.getFunction("setup")()).to.deep.equal([0, 1, 2, 3].map((i) => readUint(setup, 32 * i)));
    const word = (i: number, change: (v: bigint) => bigint): Uint8Array => {
      const other = Uint8Array.from(setup);
      other.set(
        getBytes(
          `0x${change(readUint(setup, 32 * i))
            .toString(16)
            .padStart(64, "0")}`,
        ),
        32 * i,
      );
      return other;
    };
    const wrong: readonly (readonly [string, Uint8Array, string])[] = [
      ["infinity", new Uint8Array(128), "MalformedKey(12)"],
      ["off the twist", word(3, (v) => v ^ 1n), "MalformedKey(12)"],
      ["not canonical", word(0, (v) => v + BASE_FIELD), "MalformedKey(12)"],
      ["outside of the subgroup", TWIST_STRAY, "MalformedKey(12)"],
      ["tau = 1", await tau2Bytes(1n), "ForgeableKey"],
      ["tau = -1", await tau2Bytes(SCALAR_FIELD - 1n), "ForgeableKey"],
    ];
    for (const [name, tau2, verdict] of wrong) expect(await verdictOf(deploy(tau2)), name).to.equal(verdict);
  });

  it("is not made on a chain without CLZ, which proofs need", async () => {
    const point = [0, 1, 2, 3].map((i) => readUint(setup, 32 * i));
    const before = await network.create({ network: "default", override: { hardfork: "prague" } });
    try {
      const refused = await before.ethers.getContractFactory("TensorcheckProofSystem");
      await expect(refused.deploy(point)).to.be.revertedWithCustomError(refused, "UnsupportedChain");
      await before.ethers.deployContract("Groth16ProofSystem"); // which needs nothing of the kind
    } finally {
      await before.close();
    }
    await ethers.deployContract("TensorcheckProofSystem", [point]);
  });

  it("registers a key once, and tells what is in it", async () => {
    const { key } = proof;
    const keyHash = keccak256(key);
    const call = (name: string, ...args: unknown[]): Promise<unknown> => system.getFunction(name)(...args);
    expect(await call("isRegistered", keyHash)).to.equal(false);
    const hashes = [SPECS.inputs, SPECS.outputs].map((specs) => hexlify(specListHash(specs)));
    const receipt = await (
      (await call("registerKey", key)) as { wait(): Promise<{ logs: { topics: string[] }[] }> }
    ).wait();
    expect(receipt.logs.map(({ topics }) => topics)).to.deep.equal([
      [id("KeyRegistered(bytes32,bytes32,bytes32)"), keyHash],
    ]);
    const again = await ((await call("registerKey", key)) as { wait(): Promise<{ logs: unknown[] }> }).wait();
    expect(again.logs).to.deep.equal([]);
    expect(await call("isRegistered", keyHash)).to.equal(true);
    expect(getBytes((await call("keyOf", keyHash)) as string)).to.deep.equal(key);
    expect([...((await call("specHashes", keyHash)) as Iterable<string>)]).to.deep.equal(hashes);
    expect(await call("inputModeOf", keyHash)).to.equal(0n);
    expect(await call("outputLengthOf", keyHash)).to.equal(3n);
    expect(await call("selector")).to.equal(id("verigrad.tensorcheck.v1").slice(0, 10));
    for (const [input, verdict] of [
      [[7, 7, 0], "ok"],
      [[7, 7], "WrongLength"],
      [[7, 7, 0, 0], "WrongLength"],
      [[7, 8, 0], "ValueOutOfRange"],
    ] as const) {
      expect(await verdictOf(call("checkInput", keyHash, Uint8Array.from(input))), String(input)).to.equal(verdict);
    }
  });

  it("names the value that is out of range", async () => {
    await system.getFunction("registerKey")(proof.key);
    const error = await system
      .getFunction("checkInput")(keccak256(proof.key), Uint8Array.of(7, 255, 9))
      .then(
        () => null,
        (reason: unknown) => reason as { data: string },
      );
    const parsed = error && system.interface.parseError(error.data);
    expect(parsed && [...(parsed.args as Iterable<bigint>)]).to.deep.equal([1n, 255n, 0n, 7n]);
  });

  it("too little gas is no verdict", async () => {
    const { key, claim, seal } = proof;
    await system.getFunction("registerKey")(key);
    const verify = system.getFunction("verify");
    const args = [keccak256(key), claim.context, claim.input, claim.output, seal] as const;
    const needed = Number(await verify.estimateGas(...args));
    for (let gas = needed - 1000; gas > 100_000; gas = Math.floor(gas * 0.97)) {
      expect(await verdictOf(verify.staticCall(...args, { gasLimit: gas })), `gas ${gas}`).to.equal("nothing");
    }
    expect(await verdictOf(verify.staticCall(...args, { gasLimit: 2 * needed }))).to.equal("ok");
  });

  it("the code fits", async () => {
    const code = await system.getDeployedCode();
    expect(((code as string).length - 2) / 2).to.be.lessThan(24_576);
  });
});
