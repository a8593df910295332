// SPDX-License-Identifier: GPL-3.0-or-later
// Requantization: every branch at its edges against plain integers, and forged witnesses for each.
import { expect } from "chai";
import {
  brokenRows,
  compileForTest,
  forge,
  freeWires,
  invR,
  movableWires,
  signed,
  type Circuit,
} from "../helpers/circuit-harness.ts";
import { integers } from "../helpers/circuit-models.ts";

interface Case {
  readonly name: string;
  readonly shift: number;
  readonly lo: bigint;
  readonly hi: bigint;
  readonly zlo: bigint;
  readonly zhi: bigint;
}

const named = (name: string, shift: number, lo: bigint, hi: bigint, zlo: bigint, zhi: bigint): Case => ({
  name,
  shift,
  lo,
  hi,
  zlo,
  zhi,
});

const CASES: readonly Case[] = [
  named("no clamp binds", 3, -1000n, 1000n, -100n, 100n),
  named("nothing to do", 0, -200n, 200n, -100n, 100n),
  named("ReLU", 4, 0n, 255n, -1000n, 3000n),
  named("ReLU without shift", 0, 0n, 300n, -100n, 300n),
  named("ReLU, far more below than above", 2, 0n, 255n, -(2n ** 40n), 700n),
  named("upper clamp", 4, -255n, 100n, -1000n, 3000n),
  named("upper clamp without shift", 0, -100n, 7n, -100n, 9n),
  named("both clamps, unsigned 8 bits", 6, 0n, 255n, -300000n, 250000n),
  named("both clamps, signed 8 bits", 5, -128n, 127n, -100000n, 90000n),
  named("both clamps, one bit", 2, 0n, 1n, -100n, 100n),
  named("both clamps without shift", 0, -8n, 7n, -9n, 8n),
  named("both clamps, interval no power of two", 3, -10n, 20n, -1000n, 1000n),
  named("both clamps, widest accumulator", 40, -8n, 7n, -(2n ** 62n), 2n ** 62n),
  named("always below", 2, 50n, 90n, -1000n, 100n),
  named("always above", 2, -90n, -50n, -100n, 1000n),
  named("a single value inside", 2, 3n, 3n, -100n, 100n),
  ...fuzzedCases(24),
];

function fuzzedCases(count: number): Case[] {
  const draw = integers(20261121);
  return Array.from({ length: count }, (_, i) => {
    const [a, b] = [draw(-5000, 5000), draw(-5000, 5000)];
    const [c, d] = [draw(-300, 300), draw(-300, 300)];
    const [zlo, zhi] = [Math.min(a, b), Math.max(a, b) + 1].map(BigInt) as [bigint, bigint];
    return named(`fuzzed ${i}`, draw(0, 8), BigInt(Math.min(c, d)), BigInt(Math.max(c, d)), zlo, zhi);
  });
}

/** The specification, in plain integers: round half up, then clamp. */
function reference({ shift, lo, hi }: Case, z: bigint): bigint {
  const scale = 2n ** BigInt(shift);
  const sum = z + (shift === 0 ? 0n : scale / 2n);
  let q = sum / scale;
  if (sum % scale < 0n) q -= 1n; // BigInt division rounds towards zero
  return q < lo ? lo : q > hi ? hi : q;
}

/** Values of z at which something changes: ends of the range, zero, ties, both clamps, each with its neighbours. */
function edges(c: Case): bigint[] {
  const scale = 2n ** BigInt(c.shift);
  const around = [c.zlo, c.zhi, 0n, scale / 2n, -scale / 2n, c.lo * scale, c.hi * scale, (c.hi + 1n) * scale];
  const ties = [c.lo * scale - scale / 2n, c.hi * scale + scale / 2n, scale + scale / 2n];
  const all = [...around, ...ties].flatMap((z) => [z - 1n, z, z + 1n]);
  return [...new Set(all)].filter((z) => z >= c.zlo && z <= c.zhi);
}

const isInput = (name: string): boolean => /^main\.z\[/.test(name);

describe("circuits: requantize", function () {
  let circuit: Circuit;
  const y = (witness: readonly bigint[], i: number): bigint =>
    signed(witness[circuit.wires.get(`main.y[${i}]`) as number] as bigint);
  const clampedEdges = CASES.map(edges);
  const rounds = Math.max(...clampedEdges.map((list) => list.length));
  const inputsOf = (round: number): bigint[] => clampedEdges.map((list) => list[round % list.length] as bigint);

  before(async () => {
    const parts = CASES.map(
      ({ shift, lo, hi, zlo, zhi }, i) =>
        `    component c${i} = Requantize(${shift}, ${lo}, ${hi}, ${zlo}, ${zhi});\n    c${i}.z <== z[${i}];\n    y[${i}] <== c${i}.y;`,
    );
    const n = CASES.length;
    circuit = await compileForTest(
      `template All() {\n    signal input z[${n}];\n    signal output y[${n}];\n${parts.join("\n")}\n}\ncomponent main = All();`,
    );
  });

  it("equals the specification at every edge of every case", async () => {
    for (let round = 0; round < rounds; round++) {
      const z = inputsOf(round);
      const witness = await circuit.witness({ z });
      CASES.forEach((c, i) => expect(y(witness, i), `${c.name}, z = ${z[i]}`).to.equal(reference(c, z[i] as bigint)));
      expect(brokenRows(circuit, witness)).to.deep.equal([]);
    }
  });

  it("lets no wire move alone, but for the inverse of zero that nothing reads", async () => {
    for (const round of [0, 3, 7, 11, 17, 23]) {
      const witness = await circuit.witness({ z: inputsOf(round) });
      const moved = movableWires(circuit, witness, isInput);
      expect(moved.filter((name) => !/\.inverse by /.test(name))).to.deep.equal([]);
    }
  });

  it("has no free direction (Jacobian rank), but for the inverse of zero", async () => {
    for (const round of [0, 5, 13, 21]) {
      const witness = await circuit.witness({ z: inputsOf(round) });
      const free = freeWires(circuit, witness, isInput);
      expect(free.filter((name) => !name.endsWith(".inverse"))).to.deep.equal([]);
      for (const name of free) {
        const inside = witness[circuit.wires.get(name.replace(/inverse$/, "inside")) as number];
        expect(inside, `${name} is free only inside the interval`).to.equal(1n);
      }
    }
  });

  it("has no witness for a z outside its proven range", async () => {
    const z = CASES.map((c) => c.zlo);
    z[0] = -(2n ** 60n);
    let refused = false;
    await circuit.witness({ z }).catch(() => (refused = true));
    expect(refused).to.equal(true);
  });

  describe("joint forgeries", () => {
    /** Names inside the only component of a case: `main.c6.<template>_<n>.`. */
    const inner = (i: number): string => {
      const name = circuit.names.find((candidate) => new RegExp(`^main\\.c${i}\\.[A-Z]\\w+\\.z$`).test(candidate));
      return (name as string).replace(/z$/, "");
    };
    const caseOf = (name: string): number => CASES.findIndex((c) => c.name === name);
    /** An honest witness with z at case i, and its y moved to `claimed` together with `values`. */
    async function attempt(i: number, z: bigint, claimed: bigint, values: (prefix: string) => Record<string, bigint>) {
      const inputs = CASES.map((c) => c.zlo);
      inputs[i] = z;
      const witness = await circuit.witness({ z: inputs });
      const prefix = inner(i);
      expect(y(witness, i)).to.not.equal(claimed);
      const forged = forge(circuit, witness, {
        [`main.y[${i}]`]: claimed,
        [`main.c${i}.y`]: claimed,
        [`${prefix}y`]: claimed,
        ...values(prefix),
      });
      return brokenRows(circuit, forged);
    }

    it("quotient one less, remainder one scale more", async () => {
      // z = 40, shift 3, qlo = -12: 40 + 4 + 96 = 140 = 17 * 8 + 4; claim 16 * 8 + 12, bits 1 0 0 0 0 | 1 1 0 0
      const i = caseOf("no clamp binds");
      const broken = await attempt(i, 40n, 4n, (prefix) => ({
        [`${prefix}sum.upper[2]`]: 0n, // 8: was the quotient's lowest bit
        [`${prefix}sum.upper[1]`]: 3n, // 4: the remainder takes 8 more
      }));
      expect(broken).to.have.length.greaterThan(0);
    });

    it("sign flipped, its weight put into the bit below", async () => {
      // ReLU of a positive number claimed to be 0
      const i = caseOf("ReLU");
      const m = 8n; // bits of 188
      const top = 4 + Number(m);
      const broken = await attempt(i, 1600n, 0n, (prefix) => ({
        [`${prefix}sum.upper[${top - 1}]`]: 0n,
        [`${prefix}sum.upper[${top - 2}]`]: 2n,
      }));
      expect(broken).to.have.length.greaterThan(0);
    });

    it("sign claimed positive by a wrap of the field", async () => {
      const i = caseOf("ReLU");
      const broken = await attempt(i, -1000n, 255n, (prefix) => ({ [`${prefix}sum.in`]: -1000n + (2n ** 253n - 1n) }));
      expect(broken).to.have.length.greaterThan(0);
    });

    it("saturation flag up, with the inverse that suits the first constraint", async () => {
      // z far above the interval, claimed to be inside it: y = its low bits
      const i = caseOf("both clamps, unsigned 8 bits");
      const z = 64n * 300n;
      for (const inverse of [0n, 1n]) {
        const broken = await attempt(i, z, 300n & 255n, (prefix) => ({
          [`${prefix}inside`]: 1n,
          [`${prefix}inverse`]: inverse,
        }));
        expect(broken).to.have.length.greaterThan(0);
      }
    });

    it("saturation flag at half", async () => {
      const i = caseOf("both clamps, unsigned 8 bits");
      const z = 64n * 300n;
      // outside = 300 / 256 -> 1 in units of the interval; inside = 1/2 needs inverse = 1/2
      const claimed = 255n + ((300n % 256n) - 255n) * invR(2n);
      const broken = await attempt(i, z, claimed, (prefix) => ({
        [`${prefix}inside`]: invR(2n),
        [`${prefix}inverse`]: invR(2n),
      }));
      expect(broken).to.have.length.greaterThan(0);
    });
  });
});
