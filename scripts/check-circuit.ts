// SPDX-License-Identifier: GPL-3.0-or-later
// Executor == circuit on every held-out sample of examples/digits (the test suite takes a few of them).
import { execute } from "../verifier/graph/execute.ts";
import { compileCircom } from "../verifier/proofs/groth16/circom.ts";
import { emitCircuit } from "../verifier/proofs/groth16/emit.ts";
import { witnessOf } from "../verifier/proofs/groth16/prove.ts";
import { packTensors } from "../verifier/tensor/packing.ts";
import { loadDigits } from "../test/helpers/circuit-digits.ts";

const { graph, samples } = loadDigits();
const { wasm } = await compileCircom(emitCircuit(graph));
const [inputs, outputs] = [graph.inputs, graph.outputs].map((ports) => ports.map((port) => port.spec)) as [
  (typeof graph.inputs)[number]["spec"][],
  (typeof graph.outputs)[number]["spec"][],
];
for (const [i, sample] of samples.entries()) {
  const outputWords = packTensors(outputs, execute(graph, sample));
  // Rejects unless the circuit maps this input to these words.
  await witnessOf(wasm, { context: BigInt(i), inputWords: packTensors(inputs, sample), outputWords });
}
console.log(`circuit == executor on all ${samples.length} samples`);
