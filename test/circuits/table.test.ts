// SPDX-License-Identifier: GPL-3.0-or-later
// Table look-ups: every entry, no wire that a prover could choose, no operand outside.
import { expect } from "chai";
import { makeConstant } from "../../verifier/graph/constants.ts";
import type { TableNode } from "../../verifier/graph/types.ts";
import { circuitTable, entryAt, tableBits } from "../../verifier/proofs/groth16/table.ts";
import {
  brokenRows,
  compileForTest,
  forge,
  freeWires,
  movableWires,
  signed,
  type Circuit,
} from "../helpers/circuit-harness.ts";
import { integers } from "../helpers/circuit-models.ts";

const tableOf = (values: readonly (number | bigint)[]): TableNode => ({
  kind: "lookup",
  op: "table",
  from: ["table"],
  input: 0,
  output: 1,
  values: makeConstant([values.length], values.map(BigInt)),
});

const isInput = (name: string): boolean => /^main\.x\[/.test(name);

/** A circuit of `size` look-ups of operands in [from, to]; the table begins at `lo`. */
async function tableCircuit(size: number, values: readonly (number | bigint)[], lo: bigint, from = lo, to = lo) {
  const end = to > from ? to : lo + BigInt(values.length) - 1n;
  const { bits, least, coefficients } = circuitTable(tableOf(values), lo, { lo: [from], hi: [end] });
  const main = `component main = TableTensor(${size}, ${bits}, ${least}, [${coefficients.join(", ")}]);`;
  return compileForTest(main);
}

const read = (circuit: Circuit, witness: readonly bigint[], count: number): bigint[] =>
  Array.from({ length: count }, (_, i) => signed(witness[circuit.wires.get(`main.y[${i}]`) as number] as bigint));

describe("circuits: Table", () => {
  const draw = integers(77);
  const TABLES: readonly (readonly [name: string, lo: bigint, values: (number | bigint)[]])[] = [
    ["two entries", 0n, [7, -3]],
    ["three entries below 0", -9n, [1, 0, 5]],
    ["an odd number of bits", -16n, Array.from({ length: 32 }, () => draw(-99, 99))],
    ["entries at 2^60", -3n, [2n ** 60n, -(2n ** 60n), 0n, 1n, 2n ** 60n - 1n, 5n]],
    ["all equal", 100n, [4, 4, 4, 4]],
    ["100 entries", -50n, Array.from({ length: 100 }, (_, i) => i * i)],
  ];
  for (const [name, lo, values] of TABLES) {
    it(`${name}: every entry; every wire is pinned`, async () => {
      const circuit = await tableCircuit(values.length, values, lo);
      const witness = await circuit.witness({ x: values.map((_, i) => lo + BigInt(i)) });
      expect(read(circuit, witness, values.length)).to.deep.equal(values.map(BigInt));
      expect(brokenRows(circuit, witness)).to.deep.equal([]);
      const single = await tableCircuit(1, values, lo);
      for (const i of new Set([0, 1, values.length - 1])) {
        const one = await single.witness({ x: [lo + BigInt(i)] });
        expect(movableWires(single, one, isInput)).to.deep.equal([]);
        expect(freeWires(single, one, isInput)).to.deep.equal([]);
      }
    });
  }

  it("costs what its title says", async () => {
    for (const [bits, cost] of [
      [2, 4],
      [5, 14],
      [8, 46],
    ] as const) {
      const values = Array.from({ length: 2 ** bits }, () => draw(-1000, 1000));
      const size = 3;
      const circuit = await tableCircuit(size, values, 0n);
      // Wires that only stand for others are part of the count at --O0.
      const nonlinear = circuit.r1cs.rows.filter(([a, b]) => a.size > 0 && b.size > 0).length;
      expect(nonlinear, `${bits} bits`).to.equal(size * (cost - 1));
    }
  });

  it("has no witness for an operand outside its bits", async () => {
    const circuit = await tableCircuit(1, [1, 2, 3, 4], -2n);
    for (const x of [-3n, 2n, 2n ** 200n]) {
      let refused = false;
      await circuit.witness({ x: [x] }).catch(() => (refused = true));
      expect(refused, `${x}`).to.equal(true);
    }
  });

  it("another entry, by other bits of the same sum, by a product moved, or by the last row: no", async () => {
    const values = Array.from({ length: 16 }, (_, i) => 100 + i);
    const circuit = await tableCircuit(1, values, 0n);
    const witness = await circuit.witness({ x: [6n] }); // bits 0 1 1 0, lowest first
    const claim = (y: bigint) => ({ "main.y[0]": y, "main.each[0].y": y });
    const each = "main.each[0]";
    const moves = [
      claim(107n),
      // 6 = 2 * 3: bit 1 counts three, bit 2 nothing
      { ...claim(103n), [`${each}.sum.upper[0]`]: 3n, [`${each}.sum.upper[1]`]: 0n },
      { ...claim(103n), [`${each}.inLow.bit[1]`]: 3n, [`${each}.inHigh.bit[0]`]: 0n },
      { ...claim(105n), [`${each}.inLow.product[1]`]: 0n },
      { ...claim(105n), [`${each}.inHigh.product[2]`]: 1n, [`${each}.row[0]`]: 0n },
      { ...claim(106n + 4n), [`${each}.row[0]`]: 8n },
    ];
    expect(read(circuit, witness, 1)).to.deep.equal([106n]);
    for (const move of moves) expect(brokenRows(circuit, forge(circuit, witness, move))).to.have.length.above(0);
  });

  it("covers operands that unpacking admits beyond the table with its nearer end", async () => {
    const values = [10, 20, 30];
    const node = tableOf(values);
    expect([-9n, -1n, 0n, 2n, 3n, 99n].map((x) => entryAt(node, 0n, x))).to.deep.equal([10n, 10n, 10n, 30n, 30n, 30n]);
    expect(tableBits({ lo: [-1n, 0n], hi: [0n, 6n] })).to.equal(3);
    const circuit = await tableCircuit(4, values, 0n, -1n, 6n);
    const witness = await circuit.witness({ x: [-1n, 1n, 3n, 6n] });
    expect(read(circuit, witness, 4)).to.deep.equal([10n, 20n, 30n, 30n]);
  });
});
