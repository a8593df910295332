// SPDX-License-Identifier: GPL-3.0-or-later
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { checkerCurve } from "../../../verifier/proofs/curve.ts";
import { developmentPhase1 } from "../../../verifier/proofs/groth16/development-phase1.ts";
import { readSections, writeSections } from "../../../verifier/proofs/groth16/sections.ts";
import { BASE_FIELD as q, g1Bytes, g2Bytes } from "../../../verifier/proofs/points.ts";
import { blake2bHex } from "../../../verifier/proofs/ptau.ts";
import { commitPre } from "../../../verifier/proofs/tensorcheck/commit.ts";
import { placeColumns } from "../../../verifier/proofs/tensorcheck/place.ts";
import {
  checkPowers,
  decodePowers,
  developmentPowers,
  encodePowers,
  firstPowers,
  powersOf,
  type Powers,
} from "../../../verifier/proofs/tensorcheck/powers.ts";
import type { Column } from "../../../verifier/proofs/tensorcheck/program.ts";
import { readPtau } from "../../../verifier/proofs/tensorcheck/read-ptau.ts";
import { SCALAR_FIELD as r } from "../../../verifier/tensor/packing.ts";
import { codeOf } from "../../helpers/errors.ts";

const POWER = 4;

/** Powers of a τ that the test knows. */
async function knownPowers(tau: bigint, power: number): Promise<Powers> {
  const { G1, G2 } = await checkerCurve();
  const g1 = new Uint8Array(64 * 2 ** power);
  for (let i = 0, scalar = 1n; i < 2 ** power; i++, scalar = (scalar * tau) % r) {
    const [x, y] = G1.toObject(G1.toAffine(G1.timesScalar(G1.g, scalar)));
    g1.set(g1Bytes({ x, y }), 64 * i);
  }
  const [x, y] = G2.toObject(G2.toAffine(G2.timesScalar(G2.g, tau)));
  return { power, g1, tau2: g2Bytes({ x: { c0: x[0], c1: x[1] }, y: { c0: y[0], c1: y[1] } }), ptau: null };
}

describe("tensorcheck/powers", () => {
  let powers: Powers;
  before(async () => {
    powers = await developmentPowers(POWER);
  });

  /** The powers with bytes written over those of a point. */
  const withPoint = (i: number, bytes: Uint8Array): Powers => {
    const g1 = powers.g1.slice();
    g1.set(bytes, 64 * i);
    return { ...powers, g1 };
  };
  const point = (i: number): Uint8Array => powers.g1.slice(64 * i, 64 * (i + 1));

  it("makes powers of one tau, another at each call, and reads back what it writes", async () => {
    expect(await checkPowers(powers)).to.equal(null);
    expect(await checkPowers(firstPowers(powers, 2))).to.equal(null);
    expect((await developmentPowers(1)).tau2).not.to.deep.equal(powers.tau2);
    expect(decodePowers(encodePowers(powers))).to.deep.equal(powers);
    const named = { ...powers, ptau: `0x${"ab".repeat(64)}` as const };
    expect(decodePowers(encodePowers(named))).to.deep.equal(named);
  });

  it("makes the powers that ffjavascript makes of the same tau", async () => {
    for (const [tau, power] of [
      [2n, 1],
      [r - 2n, 3],
      [0x123456789abcdef0123456789abcdefn ** 2n % r, 6],
    ] as const)
      expect(await powersOf(tau, power)).to.deep.equal(await knownPowers(tau, power));
  });

  it("makes powers that pass the check where work is shared among threads", async () => {
    const many = await developmentPowers(12);
    expect(many.g1.length).to.equal(64 * 2 ** 12);
    expect(await checkPowers(many)).to.equal(null);
  });

  it("finds every fault of the points", async () => {
    const other = await developmentPowers(POWER);
    expect(await checkPowers({ ...powers, tau2: other.tau2 })).to.equal("the points are not powers of tau");
    for (const i of [1, 7, 2 ** POWER - 1])
      expect(await checkPowers(withPoint(i, other.g1.slice(64 * i, 64 * (i + 1))))).to.contain("not powers");
    expect(await checkPowers(withPoint(0, point(1)))).to.contain("generator");
    // Every power times two, the generator too: the pairings agree.
    const { G1 } = await checkerCurve();
    const twice = new Uint8Array(powers.g1.length);
    const own = await G1.batchUtoLEM(powers.g1);
    for (let i = 0; i < 2 ** POWER; i++) {
      const [x, y] = G1.toObject(G1.toAffine(G1.timesScalar(own.subarray(64 * i, 64 * (i + 1)), 2n)));
      twice.set(g1Bytes({ x, y }), 64 * i);
    }
    expect(await checkPowers({ ...powers, g1: twice })).to.contain("generator");
    const off = point(5);
    off[63] = (off[63] as number) ^ 1;
    expect(await checkPowers(withPoint(5, off))).to.contain("point 5");
    expect(await checkPowers(withPoint(5, new Uint8Array(64)))).to.contain("point 5");
    expect(await checkPowers({ ...powers, g1: powers.g1.subarray(64) })).to.contain("there are not");
  });

  it("is not fooled by points that meet in sums", async () => {
    const [one, minus] = [g1Bytes({ x: 1n, y: 2n }), g1Bytes({ x: 1n, y: q - 2n })];
    const of = (each: (i: number) => Uint8Array, count = 2 ** 12): Powers => {
      const g1 = new Uint8Array(64 * count);
      for (let i = 0; i < count; i++) g1.set(each(i), 64 * i);
      return { ...powers, power: Math.log2(count), g1 };
    };
    for (const count of [2, 4, 2 ** 12]) {
      expect(await checkPowers(of(() => one, count))).to.contain("not powers");
      expect(await checkPowers(of((i) => (i % 2 === 0 ? one : minus), count))).to.contain("not powers");
    }
    for (const count of [4, 2 ** 12])
      expect(await checkPowers(of((i) => (i === 0 ? one : point(1)), count))).to.contain("not powers");
  });

  it("refuses a tau that everybody knows, and a [tau]_2 outside of its group", async () => {
    for (const tau of [1n, r - 1n]) expect(await checkPowers(await knownPowers(tau, 2))).to.contain("tau is 1");
    expect(await checkPowers(await knownPowers(2n, 2))).to.equal(null);
    expect(await checkPowers({ ...powers, tau2: new Uint8Array(128) })).to.contain("infinity");
    const off = powers.tau2.slice();
    off[127] = (off[127] as number) ^ 1;
    expect(await checkPowers({ ...powers, tau2: off })).to.contain("curve");
  });

  it("refuses files that are none, too short, too long, too large", async () => {
    const bytes = encodePowers(powers);
    const bad = [bytes.subarray(1), bytes.subarray(0, -1), new Uint8Array([...bytes, 0]), new Uint8Array(3)];
    const claims = (power: number) => bytes.with(4, power);
    for (const each of [...bad, claims(0), claims(POWER + 1), claims(19)])
      expect(await codeOf(() => decodePowers(each))).to.equal("POWERS_INVALID");
    expect(await codeOf(() => firstPowers(powers, POWER + 1))).to.equal("POWERS_TOO_FEW");
  });

  it("commits to integers of every size and sign, and to columns of several chunks", async () => {
    const tau = 5n;
    const known = await knownPowers(tau, 3);
    const pre = (name: string, bits: number, cells: Column["cells"]): Column => ({
      class: "pre",
      name,
      bits,
      cells: cells as Int8Array,
    });
    const columns = [
      pre("small", 1, Int8Array.of(-3, 4)),
      pre("large", 2, [r - 1n, 0n, 2n ** 200n, 1n]),
      pre(
        "two chunks",
        4,
        Int16Array.from({ length: 16 }, (_, i) => 300 * i - 2000),
      ),
      pre("zero", 3, new Float64Array(8)),
      { class: "wit", name: "y", bits: 3 } as const,
    ];
    const placement = placeColumns({ columns }, 3);
    const program = { columns, blocks: [], outputs: [], equations: 0, witness: () => new Map() };
    const found = await commitPre({ placement, program }, known);
    // Two chunks, zeros, then large and small.
    const chunks: bigint[][] = [
      Array.from({ length: 8 }, (_, i) => BigInt(300 * i - 2000)),
      Array.from({ length: 8 }, (_, i) => BigInt(300 * (i + 8) - 2000)),
      [],
      [r - 1n, 0n, 2n ** 200n, 1n, -3n, 4n],
    ];
    const { G1 } = await checkerCurve();
    expect(found.length).to.equal(64 * chunks.length);
    for (const [i, cells] of chunks.entries()) {
      const value = cells.reduce((sum, cell, at) => (((sum + cell * tau ** BigInt(at)) % r) + r) % r, 0n);
      const [x, y] = value === 0n ? [0n, 0n] : G1.toObject(G1.toAffine(G1.timesScalar(G1.g, value)));
      expect(found.slice(64 * i, 64 * (i + 1)), `chunk ${i}`).to.deep.equal(g1Bytes({ x, y }));
    }
    expect(await codeOf(commitPre({ placement, program }, firstPowers(known, 2)))).to.equal("POWERS_TOO_FEW");
    expect(await codeOf(commitPre({ placement, program }, known, { signal: AbortSignal.abort() }))).to.equal("ABORTED");
  });

  describe("from a .ptau file", () => {
    let scratch: string;
    let ptau: string;
    let bytes: Uint8Array;
    before(async () => {
      scratch = await mkdtemp(join(tmpdir(), "verigrad-powers-"));
      ptau = join(scratch, "development.ptau");
      bytes = await developmentPhase1(3);
      await writeFile(ptau, bytes);
    });
    after(() => rm(scratch, { recursive: true }));

    it("reads the powers that it needs, under the file's hash", async () => {
      const expectedBlake2b = await blake2bHex(ptau);
      for (const power of [1, 3]) {
        const read = await readPtau({ ptau, expectedBlake2b }, power);
        expect(await checkPowers(read)).to.equal(null);
        expect([read.power, read.ptau]).to.deep.equal([power, expectedBlake2b]);
      }
      expect(await codeOf(readPtau({ ptau, expectedBlake2b }, 4))).to.equal("POWERS_TOO_FEW");
    });

    it("refuses a file that is not the expected one, nor published, nor whole", async () => {
      expect(await codeOf(readPtau({ ptau }, 3))).to.equal("SETUP_PHASE1_MISMATCH");
      expect(await codeOf(readPtau({ ptau, expectedBlake2b: "00" }, 3))).to.equal("SETUP_PHASE1_MISMATCH");
      const sections = [...readSections(bytes, "ptau")];
      const damaged: readonly Uint8Array[] = [
        bytes.subarray(0, -1),
        new Uint8Array([...bytes, 0]),
        writeSections(
          "ptau",
          1,
          sections.filter(([type]) => type !== 2),
        ),
        writeSections(
          "ptau",
          1,
          sections.map(([type, each]) => [type, type === 3 ? each.subarray(128) : each]),
        ),
        writeSections("ptau", 1, [...sections, [2, new Uint8Array(0)]]),
        bytes.subarray(0, 20),
      ];
      for (const [i, each] of damaged.entries()) {
        const path = join(scratch, `${i}.ptau`);
        await writeFile(path, each);
        const source = { ptau: path, expectedBlake2b: await blake2bHex(path) };
        expect(await codeOf(readPtau(source, 2)), String(i)).to.equal("PACKAGE_MALFORMED");
      }
    });
  });
});
