// SPDX-License-Identifier: GPL-3.0-or-later
// Constraint counts are checked-in numbers, and the example model's circuit agrees with the executor on held-out samples.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { execute } from "../../verifier/graph/execute.ts";
import { compileCircom } from "../../verifier/proofs/groth16/circom.ts";
import { emitCircuit } from "../../verifier/proofs/groth16/emit.ts";
import { witnessOf } from "../../verifier/proofs/groth16/prove.ts";
import { readR1csHeader } from "../../verifier/proofs/groth16/r1cs.ts";
import { packTensors } from "../../verifier/tensor/packing.ts";
import { BENCH_MODELS, inputConstraints } from "../helpers/circuit-bench.ts";
import { loadDigits } from "../helpers/circuit-digits.ts";

interface Snapshot {
  readonly models: Readonly<Record<string, { readonly constraints: number; readonly publicSignals: number }>>;
}

const snapshot = JSON.parse(
  readFileSync(new URL("../../bench/snapshots/groth16.json", import.meta.url), "utf8"),
) as Snapshot;

/** LeNet-5 takes the compiler a minute: scripts/test.ts --deep. */
const deep = process.env["VERIGRAD_TEST_DEEP"] === "1";

describe("circuits: counts", function () {
  this.timeout(600_000);

  for (const [name, model] of Object.entries(BENCH_MODELS)) {
    (model.deep === true && !deep ? it.skip : it)(`${name}: as in the snapshot, and inside its limit`, async () => {
      const graph = model.load();
      const { constraints, publicSignals } = readR1csHeader((await compileCircom(emitCircuit(graph))).r1cs);
      const expected = snapshot.models[name];
      expect({ constraints, publicSignals }).to.deep.equal({
        constraints: expected?.constraints,
        publicSignals: expected?.publicSignals,
      });
      expect(constraints).to.be.at.most(model.limit ?? Infinity);
      expect(constraints - inputConstraints(graph)).to.be.at.most(model.limitOutsideInput ?? Infinity);
    });
  }

  it("digits: circuit == executor on every ninth held-out sample (all: scripts/check-circuit.ts)", async () => {
    const { graph, samples } = loadDigits();
    const { wasm } = await compileCircom(emitCircuit(graph));
    const inputs = graph.inputs.map((port) => port.spec);
    const outputs = graph.outputs.map((port) => port.spec);
    for (let i = 0; i < samples.length; i += 9) {
      const sample = samples[i] as readonly Float64Array[];
      const outputWords = packTensors(outputs, execute(graph, sample));
      await witnessOf(wasm, { context: 1n, inputWords: packTensors(inputs, sample), outputWords });
    }
  });
});
