// SPDX-License-Identifier: GPL-3.0-or-later
// The fast prover against the reference: the same bytes.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { expect } from "chai";
import fc from "fast-check";
import type { IntegerGraph } from "../../../../verifier/graph/types.ts";
import { checkerCurve } from "../../../../verifier/proofs/curve.ts";
import type { KeySpecs } from "../../../../verifier/proofs/tensorcheck/encode.ts";
import { Engine } from "../../../../verifier/proofs/tensorcheck/engine/index.ts";
import { numberProgram } from "../../../../verifier/proofs/tensorcheck/number.ts";
import { placeColumns } from "../../../../verifier/proofs/tensorcheck/place.ts";
import { Prover, type Statement } from "../../../../verifier/proofs/tensorcheck/prover/prove.ts";
import { proveReference } from "../../../../verifier/proofs/tensorcheck/prover/reference.ts";
import { encodeTensors } from "../../../../verifier/tensor/codec.ts";
import { arbitraryCase, randomInputs } from "../../../graph/arbitraries.ts";
import { fullGraph } from "../../../graph/full-graph.ts";
import { integers } from "../../../helpers/circuit-models.ts";
import { errorOf } from "../../../helpers/errors.ts";
import { WIDE_SPECS, wideProgram } from "./wide-program.ts";
import { honestGraph, honestProof, honestKinds, type Honest } from "../honest.ts";
import { KINDS_SPECS } from "../kinds-program.ts";
import { testPowers } from "../powers.ts";
import { CONVOLUTION_SPECS, convolutionProgram } from "./convolution-program.ts";
import { numberTiny, SPECS, tiny } from "../tiny-program.ts";

type Draw = (lo: number, hi: number) => number;

const INPUT = [7, 2, 3];
const KEY_HASH = `0x${"2b".repeat(32)}` as const;

describe("tensorcheck: prover", () => {
  let engine: Engine;
  let powers: Uint8Array;
  let uncompressed: Uint8Array;
  const model = tiny(INPUT);
  const statement: Statement = {
    keyHash: KEY_HASH,
    context: 3n,
    specs: SPECS,
    input: Uint8Array.from(INPUT),
    output: Uint8Array.from(model.output),
  };

  before(async () => {
    powers = await testPowers(9);
    uncompressed = await (await checkerCurve()).G1.batchLEMtoU(powers);
    engine = await Engine.create({ threads: 2 });
  });
  after(() => engine.close());

  /** Proves with a prover of its own, and frees what it held. */
  async function withProver<T>(
    numbered: ReturnType<typeof numberTiny>,
    work: (prover: Prover) => Promise<T>,
  ): Promise<T> {
    const mark = engine.mark();
    try {
      return await work(new Prover(engine, numbered, engine.points(uncompressed)));
    } finally {
      engine.release(mark);
    }
  }

  async function isSame({ numbered, witness, key, claim, seal }: Honest, specs: KeySpecs): Promise<void> {
    const about: Statement = { keyHash: `0x${bytesToHex(keccak_256(key))}`, specs, ...claim };
    const sent = await withProver(numbered, (prover) => prover.prove(witness, about));
    expect(Buffer.from(sent).equals(seal)).to.equal(true);
  }

  async function isSameGraph(
    graph: IntegerGraph,
    draw: Draw,
    options: { n: number; tableBits: number },
  ): Promise<void> {
    const specs = { inputs: graph.inputs.map(({ spec }) => spec), outputs: graph.outputs.map(({ spec }) => spec) };
    await isSame(await honestGraph(graph, randomInputs(graph, draw), options), specs);
  }

  it("sends what the reference sends, whatever the size of chunks", async () => {
    for (const n of [2, 4, 5, 7]) {
      const numbered = numberTiny(model, n);
      const witness = model.program.witness([]);
      const expected = await proveReference(numbered, witness, statement, powers);
      const seal = await withProver(numbered, (prover) => prover.prove(witness, statement));
      expect(Buffer.from(seal).equals(expected), `n = ${n}`).to.equal(true);
    }
  });

  it("sends what the reference sends of every kind of value", async () => {
    for (const n of [2, 6]) await isSame(await honestKinds(n), KINDS_SPECS);
  });

  it("sends what the reference sends of a graph with every op", async () => {
    await isSameGraph(fullGraph(), integers(3), { n: 8, tableBits: 6 });
  });

  it("sends what the reference sends of any graph", async () => {
    const options = { n: 6, tableBits: 5 };
    const property = fc.asyncProperty(arbitraryCase, ({ graph, draw }) => isSameGraph(graph, draw, options));
    await fc.assert(property, { numRuns: 8 });
  });

  it("sends what the reference sends of a convolution, in two phases", async () => {
    const { program, input, output } = convolutionProgram(integers(5));
    const numbered = numberProgram(program, placeColumns(program, 5));
    const about: Statement = {
      ...statement,
      specs: CONVOLUTION_SPECS,
      input: encodeTensors(CONVOLUTION_SPECS.inputs, [input]),
      output: encodeTensors(CONVOLUTION_SPECS.outputs, [output]),
    };
    const expected = await proveReference(numbered, program.witness([]), about, powers);
    const seal = await withProver(numbered, (prover) => prover.prove(program.witness([]), about));
    expect(Buffer.from(seal).equals(expected)).to.equal(true);
  });

  it("sends what the reference sends of columns of every width", async () => {
    const program = wideProgram();
    // Chunks of one column each, of some, and of all: commitments to integers and to field elements.
    for (const n of [2, 3, 5]) {
      const tensors = { inputs: [[1]], outputs: [[0]] };
      await isSame(await honestProof(program, n, WIDE_SPECS, program.witness([]), tensors), WIDE_SPECS);
    }
  });

  it("proves one execution after the other, and holds no memory of the last", async () => {
    await withProver(numberTiny(model, 5), async (prover) => {
      const first = await prover.prove(model.program.witness([]), statement);
      const { used } = engine;
      const other = tiny([1, 1, 1]);
      const witness = new Map(
        [...other.program.witness([])].map(([column, cells]) => [
          model.program.columns.find(({ name }) => name === column.name) as typeof column,
          cells,
        ]),
      );
      const input = Uint8Array.from([1, 1, 1]);
      await prover.prove(witness, { ...statement, input, output: Uint8Array.from(other.output) });
      expect(await prover.prove(model.program.witness([]), statement)).to.deep.equal(first);
      expect(engine.used).to.equal(used);
    });
  });

  it("refuses a witness that breaks an equation", async () => {
    await withProver(numberTiny(model, 5), async (prover) => {
      for (const name of ["z", "y", "count"] as const) {
        const witness = new Map(model.program.witness([]));
        const cells = Int32Array.from(witness.get(model.columns[name]) as Int32Array);
        cells[1] = (cells[1] as number) + 1;
        witness.set(model.columns[name], cells);
        const error = await errorOf(() => prover.prove(witness, statement));
        expect(error, name).to.include({ code: "PROVE_FAILED", consequence: "ESCALATE" });
      }
    });
  });

  it("reports its steps and stops when it is told to", async () => {
    await withProver(numberTiny(model, 5), async (prover) => {
      const steps = new Set<string>();
      const whole = await prover.prove(model.program.witness([]), statement, { onProgress: (step) => steps.add(step) });
      const { used } = engine;
      expect(steps.size).to.be.greaterThan(5);
      for (const last of steps) {
        const controller = new AbortController();
        const onProgress = (step: string): void => {
          if (step === last) controller.abort();
        };
        const options = { onProgress, signal: controller.signal };
        const error = await errorOf(() => prover.prove(model.program.witness([]), statement, options));
        expect(error?.code, last).to.equal("ABORTED");
        expect(engine.used, last).to.equal(used);
      }
      expect(await prover.prove(model.program.witness([]), statement)).to.deep.equal(whole);
    });
  });
});
