// SPDX-License-Identifier: GPL-3.0-or-later
// Range checks and packing; and that the harness catches templates that are broken on purpose.
import { expect } from "chai";
import { rejectionOf } from "../graph/codes.ts";
import {
  brokenRows,
  compileForTest,
  forge,
  freeWires,
  movableWires,
  signed,
  type Circuit,
} from "../helpers/circuit-harness.ts";
import { SCALAR_FIELD as r } from "../../verifier/tensor/packing.ts";

const fromInput = (name: string): boolean => /^main\.in$/.test(name);

describe("circuits: ToBits", () => {
  const OFFSET = -40n;
  const N = 9;
  let circuit: Circuit;

  before(async () => {
    circuit = await compileForTest(`component main {public [in]} = ToBits(${N}, ${OFFSET});`);
  });

  it("decomposes 0, 1, 2^n - 2, 2^n - 1", async () => {
    for (const value of [0n, 1n, 2n ** 9n - 2n, 2n ** 9n - 1n]) {
      const witness = await circuit.witness({ in: value - OFFSET });
      for (let i = 1; i < N; i++) {
        const bit = witness[circuit.wires.get(`main.upper[${i - 1}]`) as number];
        expect(bit).to.equal((value >> BigInt(i)) & 1n);
      }
    }
  });

  it("has no witness for -1, 2^n, r - 1", async () => {
    for (const value of [-1n, 2n ** 9n, (r - 1n) / 2n]) {
      let refused = false;
      await circuit.witness({ in: value - OFFSET }).catch(() => (refused = true));
      expect(refused, `${value}`).to.equal(true);
    }
  });

  it("pins every wire, alone and to first order", async () => {
    for (const value of [0n, 5n, 2n ** 9n - 1n]) {
      const witness = await circuit.witness({ in: value - OFFSET });
      expect(movableWires(circuit, witness, fromInput)).to.deep.equal([]);
      expect(freeWires(circuit, witness, fromInput)).to.deep.equal([]);
    }
  });

  it("refuses to be instantiated with 254 bits", async () => {
    expect(await rejectionOf(compileForTest("component main = ToBits(254, 0);"))).to.equal("CIRCUIT_COMPILE_FAILED");
  });
});

describe("circuits: the harness", () => {
  it("catches a flag whose second constraint is missing (Jacobian rank)", async () => {
    const circuit = await compileForTest("component main {public [in]} = IsZeroUnpinned();", {
      fixture: "unpinnedFlag.circom",
    });
    const witness = await circuit.witness({ in: 7 });
    expect(movableWires(circuit, witness, fromInput)).to.deep.equal([]); // why single wires are not enough
    expect(freeWires(circuit, witness, fromInput)).to.have.members(["main.out", "main.inverse"]);
  });

  it("catches a bit without its own constraint (single wires)", async () => {
    const circuit = await compileForTest("component main {public [in]} = ToBitsUnchecked(5);", {
      fixture: "uncheckedBit.circom",
    });
    const witness = await circuit.witness({ in: 9 });
    expect(freeWires(circuit, witness, fromInput)).to.deep.equal([]); // why the rank is not enough
    expect(movableWires(circuit, witness, fromInput).every((name) => name.startsWith("main.upper[1] by "))).to.equal(
      true,
    );
    expect(movableWires(circuit, witness, fromInput)).to.have.length.greaterThan(0);
  });

  it("catches a decomposition wider than the field (wrap by r)", async () => {
    const circuit = await compileForTest("component main {public [in]} = ToBitsAliased(254);", {
      fixture: "tooManyBits.circom",
    });
    const witness = await circuit.witness({ in: 7 });
    const wrapped = 7n + r;
    const bits = Object.fromEntries(
      Array.from({ length: 253 }, (_, i) => [`main.upper[${i}]`, (wrapped >> BigInt(i + 1)) & 1n]),
    );
    expect(brokenRows(circuit, forge(circuit, witness, bits))).to.deep.equal([]);
  });
});

describe("circuits: packing", () => {
  // 5 values of 3 bits, 2 a word, from -3 on: the last word holds one value.
  const LO = -3n;
  const values = [-3n, 4n, 0n, -1n, 3n];
  const words = [(0n << 3n) | 7n, (3n << 3n) | 2n, 6n];

  it("unpacks, most significant value first, and pins every wire", async () => {
    const circuit = await compileForTest("component main {public [words]} = UnpackTensor(3, 2, 5, -3, 4);");
    const isInput = (name: string): boolean => name.startsWith("main.words");
    const witness = await circuit.witness({ words });
    const got = values.map((_, i) => signed(witness[circuit.wires.get(`main.values[${i}]`) as number] as bigint));
    expect(got).to.deep.equal(values);
    expect(movableWires(circuit, witness, isInput)).to.deep.equal([]);
    expect(freeWires(circuit, witness, isInput)).to.deep.equal([]);
  });

  it("two values that make the same sum: no", async () => {
    const circuit = await compileForTest("component main {public [words]} = UnpackTensor(3, 2, 5, -3, 4);");
    const witness = await circuit.witness({ words });
    // word 0 = 0 * 8 + 7 = (0 + 1) * 8 + (7 - 8): one up, the other eight down
    const forged = forge(circuit, witness, {
      "main.values[0]": (values[0] as bigint) + 1n,
      "main.values[1]": (values[1] as bigint) - 8n,
      "main.inRange[0].in": (values[0] as bigint) + 1n,
      "main.inRange[0].sum.in": (values[0] as bigint) + 1n,
      "main.inRange[1].in": (values[1] as bigint) - 8n,
      "main.inRange[1].sum.in": (values[1] as bigint) - 8n,
    });
    expect(brokenRows(circuit, forged)).to.have.length.greaterThan(0);
  });

  it("has no witness for a word with a bit too many", async () => {
    const circuit = await compileForTest("component main {public [words]} = UnpackTensor(3, 2, 5, -3, 4);");
    for (const bad of [
      [64n, 0n, 0n],
      [0n, 64n, 0n],
      [0n, 0n, 8n],
      [0n, 0n, r - 1n],
    ]) {
      let refused = false;
      await circuit.witness({ words: bad }).catch(() => (refused = true));
      expect(refused, bad.join()).to.equal(true);
    }
  });

  it("unpacks single bits, and takes no 2", async () => {
    const circuit = await compileForTest("component main {public [words]} = UnpackTensor(1, 3, 4, 0, 1);");
    const isInput = (name: string): boolean => name.startsWith("main.words");
    const witness = await circuit.witness({ words: [5n, 1n] });
    const got = [0, 1, 2, 3].map((i) => witness[circuit.wires.get(`main.values[${i}]`) as number]);
    expect(got).to.deep.equal([1n, 0n, 1n, 1n]);
    expect(movableWires(circuit, witness, isInput)).to.deep.equal([]);
    expect(freeWires(circuit, witness, isInput)).to.deep.equal([]);
    // 5 = 4 + 1 = 2 * 2 + 1: the second bit 2, the first 0
    const moved = { "main.values[0]": 0n, "main.values[1]": 2n, "main.inRange[0].in": 0n, "main.inRange[1].in": 2n };
    expect(brokenRows(circuit, forge(circuit, witness, moved))).to.have.length.greaterThan(0);
  });

  it("packs what it unpacks", async () => {
    const circuit = await compileForTest("component main {public [values]} = PackTensor(3, 2, 5, -3);");
    const isInput = (name: string): boolean => name.startsWith("main.values");
    const witness = await circuit.witness({ values });
    expect(words.map((_, i) => witness[circuit.wires.get(`main.words[${i}]`) as number])).to.deep.equal(words);
    expect(movableWires(circuit, witness, isInput)).to.deep.equal([]);
    expect(freeWires(circuit, witness, isInput)).to.deep.equal([]);
    expect(LO).to.equal(values[0]);
  });
});
