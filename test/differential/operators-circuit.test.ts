// SPDX-License-Identifier: GPL-3.0-or-later
// Executor == circuit for every family of ONNX operators, as they are lowered, and a real proof through all of them.
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { compileCircom } from "../../verifier/proofs/groth16/circom.ts";
import { circuitRefusals, emitCircuit } from "../../verifier/proofs/groth16/emit.ts";
import { groth16, setupDevelopment } from "../../verifier/proofs/groth16/index.ts";
import { witnessOf } from "../../verifier/proofs/groth16/prove.ts";
import { encodeTensors } from "../../verifier/tensor/codec.ts";
import { packTensors } from "../../verifier/tensor/packing.ts";
import { sizeOf, type TensorSpec } from "../../verifier/tensor/spec.ts";
import type { Case } from "../calibrate/case.ts";
import { COMPARE_CASES } from "../calibrate/compare-cases.ts";
import { COMPOSITE_CASES } from "../calibrate/composite-cases.ts";
import { CONV_CASES } from "../calibrate/conv-cases.ts";
import { rejectionOf } from "../graph/codes.ts";
import { exactCalibration } from "../graph/exact.ts";
import { integers, writePackage } from "../helpers/circuit-models.ts";
import { onnxOf } from "../onnx/model.ts";
import { familiesGraph, sideBySide } from "./families.ts";

const specsOf = (ports: IntegerGraph["inputs"]): TensorSpec[] => ports.map(({ spec }) => spec);

/** Inputs at both ends of their ranges, at one value after the other, and drawn. */
function* inputsOf(graph: IntegerGraph, drawn: number): Generator<number[][]> {
  const draw = integers(97);
  const fill = (value: (spec: TensorSpec, i: number) => number): number[][] =>
    specsOf(graph.inputs).map((spec) => Array.from({ length: sizeOf(spec.shape) }, (_, i) => value(spec, i)));
  yield fill(({ lo }) => lo);
  yield fill(({ hi }) => hi);
  yield fill(({ lo, hi }, i) => (i % 2 === 0 ? lo : hi));
  yield fill(({ lo, hi }) => Math.max(lo, Math.min(hi, 0)));
  for (let n = 0; n < drawn; n++) yield fill(({ lo, hi }) => draw(lo, hi));
}

/** The circuit confirms the executor's words on all these inputs. */
async function expectAgreement(graph: IntegerGraph, wasm: Uint8Array, drawn: number): Promise<void> {
  for (const values of inputsOf(graph, drawn)) {
    const inputWords = packTensors(specsOf(graph.inputs), values);
    const outputWords = packTensors(specsOf(graph.outputs), execute(graph, values));
    await witnessOf(wasm, { context: 5n, inputWords, outputWords }); // rejects unless the circuit agrees
  }
}

describe("differential: ONNX operators, executor == circuit", function () {
  this.timeout(600_000);
  describe("families, quantized", () => {
    const graph = familiesGraph();

    it("uses every op that has a circuit", () => {
      expect(circuitRefusals(graph)).to.deep.equal([]);
      const ops = new Set(graph.nodes.map(({ op }) => op));
      const used = [
        "fullyConnected",
        "convolution",
        "weightedSum",
        "multiply",
        "requantize",
        "maximum",
        "minimum",
        "table",
      ];
      expect([...ops]).to.include.members([...used, "gather", "reshape"]);
    });

    it("agrees at the ends of the ranges and inside; a word more is refused; a proof of it verifies", async () => {
      const directory = await writePackage(graph);
      try {
        const wasm = await readFile(join(directory, "circuit/main.wasm"));
        await expectAgreement(graph, wasm, 20);
        const [values] = inputsOf(graph, 0);
        const [inputs, outputs] = [specsOf(graph.inputs), specsOf(graph.outputs)];
        const inputWords = packTensors(inputs, values as number[][]);
        const words = packTensors(outputs, execute(graph, values as number[][]));
        for (let i = 0; i < words.length; i++) {
          const outputWords = words.map((word, at) => (at === i ? word + 1n : word));
          expect(await rejectionOf(witnessOf(wasm, { context: 5n, inputWords, outputWords }))).to.equal("PROVE_FAILED");
        }
        await setupDevelopment(directory);
        const key = await readFile(join(directory, "setup/key.bin"));
        const draw = integers(3);
        const sample = inputs.map(({ shape, lo, hi }) => Array.from({ length: sizeOf(shape) }, () => draw(lo, hi)));
        const input = encodeTensors(inputs, sample);
        const { output, seal } = await groth16.prove(directory, { context: 9n, input });
        expect(output).to.deep.equal(encodeTensors(outputs, execute(graph, sample)));
        expect(await groth16.verify(key, { context: 9n, input, output }, seal)).to.deep.equal({ ok: true });
        const wrong = output.map((byte, i) => (i === output.length - 1 ? byte ^ 1 : byte));
        expect(await groth16.verify(key, { context: 9n, input, output: wrong }, seal)).to.include({
          code: "InvalidProof",
        });
      } finally {
        await rm(directory, { recursive: true });
      }
    });
  });

  describe("every case of calibrate/operators that has a circuit, many side by side", () => {
    /** Ports of a graph: at most 16. */
    const PER_CIRCUIT = 16;
    const compile = ({ x, nodes, constants = {}, opset = 17, exponent = 0, inputType = 1, range }: Case) => {
      const onnx = onnxOf({ nodes, inputs: { x }, outputs: ["y"], constants, opset, inputType });
      const calibration = exactCalibration(onnx);
      const [lo, hi] = range ?? [-100, 100];
      return compileModel(onnx, {
        ...calibration,
        inputs: calibration.inputs.map((entry) => ({ ...entry, lo, hi })),
        constants: calibration.constants.map((entry) => ({ ...entry, exponent })),
      }).graph;
    };
    const graphs = [...CONV_CASES, ...COMPARE_CASES, ...COMPOSITE_CASES]
      .map(compile)
      .filter((graph) => circuitRefusals(graph).length === 0);
    for (let first = 0; first < graphs.length; first += PER_CIRCUIT) {
      const some = sideBySide(graphs.slice(first, first + PER_CIRCUIT));
      it(`cases ${first} to ${Math.min(first + PER_CIRCUIT, graphs.length) - 1}`, async () => {
        await expectAgreement(some, (await compileCircom(emitCircuit(some))).wasm, 4);
      });
    }

    it("has most of them", () => {
      expect(graphs.length).to.be.above(0.8 * (CONV_CASES.length + COMPARE_CASES.length));
    });
  });
});
