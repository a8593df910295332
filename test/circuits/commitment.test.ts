// SPDX-License-Identifier: GPL-3.0-or-later
// Committed inputs in the circuit: the sponge equals the vectors, each value's declared range is exact, and a witness
// that opens the commitment otherwise is none.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { execute } from "../../verifier/graph/execute.ts";
import { newGraphBuilder } from "../../verifier/graph/builder.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { commitInputs, commitmentTag } from "../../verifier/proofs/commitment.ts";
import { compileCircom } from "../../verifier/proofs/groth16/circom.ts";
import { emitCircuit } from "../../verifier/proofs/groth16/emit.ts";
import { witnessOf, type CircuitInputs } from "../../verifier/proofs/groth16/prove.ts";
import { readR1csHeader } from "../../verifier/proofs/groth16/r1cs.ts";
import { packTensors, SCALAR_FIELD as r } from "../../verifier/tensor/packing.ts";
import { rejectionOf } from "../graph/codes.ts";
import {
  brokenRows,
  compileForTest,
  compileSource,
  forge,
  freeWires,
  invR,
  modR,
  movableWires,
  type Circuit,
} from "../helpers/circuit-harness.ts";
import { loadDigits } from "../helpers/circuit-digits.ts";
import { sponge, type CommitmentVector } from "../proofs/commitment-vectors.ts";

const { commitments } = JSON.parse(readFileSync(new URL("../vectors/commitment.json", import.meta.url), "utf8")) as {
  commitments: readonly CommitmentVector[];
};

const wireOf = (circuit: Circuit, witness: readonly bigint[], name: string): bigint =>
  witness[circuit.wires.get(name) as number] as bigint;

describe("circuits: InRange", () => {
  /** in[m] checked against [-5, -5 + m], for every m that 4 bits hold. */
  const MOST = Array.from({ length: 16 }, (_, m) => m);
  const ALL = `template All() {
    signal input in[16];
    ${MOST.map((m) => `component each${m} = InRange(4, -5, ${m - 5}); each${m}.in <== in[${m}];`).join("\n    ")}
  }
  component main = All();`;
  let circuit: Circuit;

  before(async () => {
    circuit = await compileForTest(ALL);
  });

  const inputs = (at: number, value: number): { in: number[] } => ({
    in: MOST.map((m) => (m === at ? value : Math.min(m, 9)) - 5),
  });

  it("accepts each value up to the end, pins every wire but quotients that nothing reads", async () => {
    for (const m of MOST) {
      const witness = await circuit.witness(inputs(m, m));
      expect(brokenRows(circuit, witness)).to.deep.equal([]);
      const fixed = (name: string): boolean => name.startsWith("main.in[");
      const moved = movableWires(circuit, witness, fixed).map((name) => name.replace(/ by .*/, ""));
      for (const name of [...moved, ...freeWires(circuit, witness, fixed)]) {
        expect(name).to.match(/\.quotient\[\d\]$/);
        expect(wireOf(circuit, witness, name), "free only where bits are missing nowhere").to.equal(0n);
      }
    }
  });

  it("has no witness for the values next to either end", async () => {
    for (const m of MOST) {
      for (const value of [-1, m + 1, 16])
        expect(await refusal(circuit.witness(inputs(m, value))), `${value} of ${m}`).to.equal(true);
    }
  });

  /** The witness of another value of one check: honest bits, and the quotients that come nearest. */
  function claiming(m: number, value: number, witness: readonly bigint[], quotient: bigint | null): bigint[] {
    const moves: Record<string, bigint> = {};
    const prefix = `main.each${m}`;
    for (const name of [`main.in[${m}]`, `${prefix}.in`, `${prefix}.sum.in`]) moves[name] = BigInt(value - 5);
    for (let i = 1; i < 4; i++) moves[`${prefix}.sum.upper[${i - 1}]`] = BigInt((value >> i) & 1);
    let [missing, extra, run] = [0n, 0n, 0];
    for (let i = 3; i >= 0; i--) {
      const bit = BigInt((value >> i) & 1);
      if ((m >> i) & 1) missing += 1n - bit;
      else extra += bit;
      if (!((m >> i) & 1) && (i === 0 || (m >> (i - 1)) & 1)) {
        moves[`${prefix}.quotient[${run++}]`] = quotient ?? modR(extra * (missing === 0n ? 0n : invR(missing)));
        extra = 0n;
      }
    }
    return forge(circuit, witness, moves);
  }

  it("a value beyond the end with all its bits right and any quotient: no", async () => {
    const witness = await circuit.witness(inputs(0, 0));
    for (const m of MOST) {
      for (let value = 0; value < 16; value++) {
        const honest = brokenRows(circuit, claiming(m, value, witness, null)).length;
        if (value <= m) expect(honest, `${value} of ${m}: the same path proves what is true`).to.equal(0);
        else
          for (const q of [null, 0n, 1n, r - 1n, invR(2n)])
            expect(brokenRows(circuit, claiming(m, value, witness, q)).length, `${value} of ${m}`).to.be.greaterThan(0);
      }
    }
  });

  it("costs a constraint a bit, and one for each run of zeros in the width", async () => {
    const counts = await Promise.all(
      [16, 18, 31].map(async (most) => (await compileForTest(`component main = InRange(5, 0, ${most});`)).r1cs.rows),
    );
    // at --O0 one row more, which makes `in` the decomposition's
    expect(counts.map((rows) => rows.length)).to.deep.equal([5 + 1 + 1, 5 + 2 + 1, 5 + 1]);
  });
});

describe("circuits: Commitment", () => {
  it("gives the known answers", async () => {
    const parts = commitments.map(
      ({ words, tag }, k) => `signal input words${k}[${words.length}];
    signal output commitment${k} <== Commitment(${words.length}, ${tag})(salt[${k}], words${k});`,
    );
    const main = `template All() {
    signal input salt[${parts.length}];
    ${parts.join("\n    ")}
  }
  component main = All();`;
    const circuit = await compileForTest(main, { inputMode: "COMMITTED" });
    const words = commitments.map((vector, k) => [`words${k}`, vector.words] as const);
    const salt = commitments.map((vector) => vector.salt);
    const witness = await circuit.witness({ salt, ...Object.fromEntries(words) });
    commitments.forEach(({ name, commitment }, k) => {
      expect(wireOf(circuit, witness, `main.commitment${k}`).toString(), name).to.equal(commitment);
    });
  });

  it("moves no wire while salt and words stand still", async () => {
    const [{ words, tag, salt }] = commitments as [CommitmentVector];
    const body = `component main = Commitment(${words.length}, ${tag});`;
    const circuit = await compileForTest(body, { inputMode: "COMMITTED" });
    const witness = await circuit.witness({ salt, words });
    const fixed = (name: string): boolean => /^main\.(salt|words\[\d+\])$/.test(name);
    expect(movableWires(circuit, witness, fixed)).to.deep.equal([]);
    expect(freeWires(circuit, witness, fixed)).to.deep.equal([]);
  });
});

async function refusal(witness: Promise<unknown>): Promise<boolean> {
  return witness.then(
    () => false,
    () => true,
  );
}

/** Two inputs whose ranges fill no whole number of bits, one of a single bit, a sum of all, its ReLU. */
function smallGraph(): IntegerGraph {
  const graph = newGraphBuilder();
  const a = graph.addInput("a", { shape: [3], type: "i8", exponent: 0, lo: -4, hi: 5 });
  const b = graph.addInput("b", { shape: [1], type: "u8", exponent: 0, lo: 0, hi: 20 });
  const flag = graph.addInput("flag", { shape: [1], type: "i8", exponent: 0, lo: 6, hi: 7 });
  const sum = graph.addNode(
    {
      kind: "linear",
      op: "weightedSum",
      from: ["sum"],
      inputs: [a, b, flag],
      multipliers: [3n, -1n, 1n],
      constant: null,
    },
    { name: "sum", exponent: 0 },
  );
  const relu = graph.addNode(
    { kind: "lookup", op: "requantize", from: ["relu"], input: sum, shift: 0, lo: 0n, hi: 127n },
    { name: "relu", exponent: 0 },
  );
  return graph.finish([{ name: "y", tensor: relu, type: "i8" }]);
}

describe("circuits: a model with committed inputs", () => {
  const graph = smallGraph();
  const specs = graph.inputs.map((port) => port.spec);
  const outputs = graph.outputs.map((port) => port.spec);
  const values = [[5, -4, 4], [20], [7]];
  const salt = 0xfeedn << 100n;
  let circuit: Circuit;
  let honest: CircuitInputs;

  before(async () => {
    circuit = await compileSource(emitCircuit(graph, "COMMITTED"));
    honest = {
      context: 7n,
      salt,
      commitment: await commitInputs(specs, values, salt),
      inputWords: packTensors(specs, values),
      outputWords: packTensors(outputs, execute(graph, values)),
    };
  });

  it("declares context, commitment and output words public, salt and input words private", () => {
    const { publicSignals, privateInputs } = circuit.r1cs;
    expect([publicSignals, privateInputs]).to.deep.equal([3, 4]);
    expect(circuit.names.slice(1, 8)).to.deep.equal([
      ...["main.context", "main.commitment", "main.outputWords[0]"],
      ...["main.salt", "main.inputWords[0]", "main.inputWords[1]", "main.inputWords[2]"],
    ]);
  });

  it("pins every wire but quotients that nothing reads", async () => {
    const witness = await circuit.witness({ ...honest });
    expect(brokenRows(circuit, witness)).to.deep.equal([]);
    const fixed = (name: string): boolean => /^main\.(context|salt|inputWords\[\d\])$/.test(name);
    const moved = movableWires(circuit, witness, fixed).map((name) => name.replace(/ by .*/, ""));
    expect(moved.filter((name) => !/\.quotient\[\d\]$/.test(name))).to.deep.equal([]);
  });

  it("no other salt, word or commitment, alone", async () => {
    const witness = await circuit.witness({ ...honest });
    for (const name of ["main.salt", "main.inputWords[0]", "main.inputWords[1]", "main.commitment"]) {
      for (const delta of [1n, -1n, 2n ** 128n, 2n ** 248n, r - 2n ** 248n]) {
        const moved = { [name]: wireOf(circuit, witness, name) + delta };
        expect(brokenRows(circuit, forge(circuit, witness, moved)), name).to.have.length.greaterThan(0);
      }
    }
  });

  it("no other opening of the same commitment", async () => {
    const { salt: _, ...rest } = honest;
    const others: CircuitInputs[] = [
      { ...rest, salt: salt + 1n },
      { ...rest, salt: 0n },
      { ...rest, salt: salt + 2n ** 128n },
      { ...honest, inputWords: packTensors(specs, [[5, -4, 3], [20], [7]]) },
      { ...honest, inputWords: packTensors(specs, [[-4, 5, 4], [20], [7]]) },
      { ...honest, commitment: (honest.commitment as bigint) + 1n },
    ];
    for (const other of others) expect(await refusal(circuit.witness({ ...other }))).to.equal(true);
    expect(await refusal(circuit.witness({ ...honest })), "the honest opening, by the same path").to.equal(false);
  });

  it("no value beyond its declared range, in a commitment that is right", async () => {
    // What packing and commitInputs refuse, put together by hand: 4 bits a value of a, 5 bits of b.
    const cases: readonly (readonly [readonly number[], number])[] = [
      [[5, -4, 4], 20], // the one that is right
      [[6, -4, 4], 20],
      [[11, -4, 4], 20],
      [[5, -4, 6], 20],
      [[5, -4, 4], 21],
      [[5, -4, 4], 31],
    ];
    const lenient = specs.map((spec, i) => ({ ...spec, hi: [11, 31, 7][i] as number }));
    const commit = (words: readonly bigint[]): Promise<bigint> => sponge(commitmentTag(specs), [salt, ...words]);
    expect(await commit(honest.inputWords)).to.equal(honest.commitment);
    for (const [a, b] of cases) {
      const inputWords = packTensors(lenient, [a, [b], [7]]);
      const y = a.map((v) => Math.max(0, 3 * v - b + 7));
      const outputWords = packTensors(outputs, [y.map((v) => Math.min(v, outputs[0]?.hi ?? 0))]);
      const commitment = await commit(inputWords);
      const claim = { ...honest, commitment, inputWords, outputWords };
      expect(await refusal(circuit.witness({ ...claim })), `${a} ${b}`).to.equal(commitment !== honest.commitment);
    }
  });
});

describe("circuits: the cost of committed inputs", () => {
  it("digits: 1,906 constraints instead of 1,143; circuit == executor, and no other opening", async () => {
    const { graph, samples } = loadDigits();
    const specs = graph.inputs.map((port) => port.spec);
    const outputs = graph.outputs.map((port) => port.spec);
    const { r1cs, wasm } = await compileCircom(emitCircuit(graph, "COMMITTED"));
    expect(readR1csHeader(r1cs)).to.include({ constraints: 1906, publicSignals: 3, privateInputs: 3 });
    for (const sample of samples.slice(0, 5)) {
      const signals = {
        context: 1n,
        salt: 99n,
        commitment: await commitInputs(specs, sample, 99n),
        inputWords: packTensors(specs, sample),
        outputWords: packTensors(outputs, execute(graph, sample)),
      };
      await witnessOf(wasm, signals);
      expect(await rejectionOf(witnessOf(wasm, { ...signals, salt: 98n }))).to.equal("PROVE_FAILED");
    }
  });
});
