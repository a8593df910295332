// SPDX-License-Identifier: GPL-3.0-or-later
// Decision trees: onnxruntime == executor == circuit, what a branch costs in constraints, and a proof.
import { readFile, rm } from "node:fs/promises";
import { expect } from "chai";
import { loadFloatModel } from "../../verifier/calibrate/float-model.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { compileCircom } from "../../verifier/proofs/groth16/circom.ts";
import { emitCircuit } from "../../verifier/proofs/groth16/emit.ts";
import { groth16, setupDevelopment } from "../../verifier/proofs/groth16/index.ts";
import { witnessOf } from "../../verifier/proofs/groth16/prove.ts";
import { readR1csHeader } from "../../verifier/proofs/groth16/r1cs.ts";
import { decodeTensors, encodeTensors } from "../../verifier/tensor/codec.ts";
import { packTensors } from "../../verifier/tensor/packing.ts";
import { sizeOf } from "../../verifier/tensor/spec.ts";
import { exactCalibration } from "../graph/exact.ts";
import { rejectionOf } from "../graph/codes.ts";
import { integers, writePackage } from "../helpers/circuit-models.ts";
import { forestAttributes, type ForestOptions } from "../helpers/trees.ts";
import { onnxOf } from "../onnx/model.ts";

const FEATURES = 4;
const FOREST: ForestOptions = {
  trees: 6,
  depth: 4,
  features: FEATURES,
  targets: 3,
  thresholds: [-90, -61, -30.5, -7, 0, 0.5, 12, 33, 58, 99],
};

/** A classifier of three classes: label and scores, all integers. */
function classifier(seed: number, options: Partial<ForestOptions> = {}): Uint8Array {
  const attributes = { ...forestAttributes("class", seed, { ...FOREST, ...options }), classlabels_int64s: [0, 1, 2] };
  const node = { op: "TreeEnsembleClassifier", domain: "ai.onnx.ml", in: ["x"], out: ["label", "scores"], attributes };
  return onnxOf({ nodes: [node], inputs: { x: [1, FEATURES] }, outputs: ["label", "scores"] });
}

const compiled = (onnx: Uint8Array): IntegerGraph => compileModel(onnx, exactCalibration(onnx)).graph;

/** Values that the graph's nodes of an op compute. */
const countOf = (graph: IntegerGraph, op: string): number =>
  graph.nodes.reduce((sum, node) => sum + (node.op === op ? sizeOf(graph.tensors[node.output]?.shape ?? []) : 0), 0);

const specsOf = (graph: IntegerGraph) => ({
  inputs: graph.inputs.map((port) => port.spec),
  outputs: graph.outputs.map((port) => port.spec),
});

describe("differential: decision trees", () => {
  it("onnxruntime, executor and circuit agree, ties at thresholds included", async () => {
    const onnx = classifier(11);
    const graph = compiled(onnx);
    const { inputs, outputs } = specsOf(graph);
    const { wasm } = await compileCircom(emitCircuit(graph));
    const float = await loadFloatModel(onnx, parseModel(onnx), ["label", "scores"]);
    const next = integers(3);
    const ties = FOREST.thresholds.filter(Number.isInteger);
    try {
      for (let i = 0; i < 12; i++) {
        const x = Array.from({ length: FEATURES }, () =>
          next(0, 1) === 0 ? next(-100, 100) : (ties[next(0, ties.length - 1)] as number),
        );
        const expected = execute(graph, [x]);
        expect(await float.run([x])).to.deep.equal(expected);
        const outputWords = packTensors(outputs, expected);
        await witnessOf(wasm, { context: 1n, inputWords: packTensors(inputs, [x]), outputWords });
        if (i % 6 !== 0) continue;
        const wrong = expected.map((values) => Float64Array.from(values));
        const label = wrong[0] as Float64Array;
        label[0] = ((label[0] as number) + 1) % 3;
        const claim = { context: 1n, inputWords: packTensors(inputs, [x]), outputWords: packTensors(outputs, wrong) };
        expect(await rejectionOf(witnessOf(wasm, claim))).to.equal("PROVE_FAILED");
      }
    } finally {
      await float.release();
    }
  });

  it("a distinct test costs its bits + 3 constraints, a branch below the roots at most 2", async () => {
    // A single target and the scores alone: what is left over is unpacking, packing and the score.
    const attributes = { ...forestAttributes("target", 5, { ...FOREST, targets: 1, modes: [0] }), n_targets: 1 };
    const node = { op: "TreeEnsembleRegressor", domain: "ai.onnx.ml", in: ["x"], out: ["y"], attributes };
    const graph = compiled(onnxOf({ nodes: [node], inputs: { x: [1, FEATURES] }, outputs: ["y"] }));
    const { constraints } = readR1csHeader((await compileCircom(emitCircuit(graph))).r1cs);
    const tests = countOf(graph, "step");
    const branches = countOf(graph, "multiply");
    expect(constraints).to.be.at.most(tests * (8 + 3) + branches * 2 + FEATURES * 9 + 50);
  });

  it("is proven and verified", async () => {
    const graph = compiled(classifier(12, { trees: 3, depth: 3 }));
    const { inputs, outputs } = specsOf(graph);
    const directory = await writePackage(graph);
    const cacheDir = `${directory}-cache`;
    try {
      await setupDevelopment(directory, { cacheDir });
      const key = await readFile(`${directory}/setup/key.bin`);
      const x = [-61, 12, 5, 99];
      const input = encodeTensors(inputs, [x]);
      const { output, seal } = await groth16.prove(directory, { context: 7n, input });
      expect(decodeTensors(outputs, output)).to.deep.equal(execute(graph, [x]));
      expect(await groth16.verify(key, { context: 7n, input, output }, seal)).to.deep.equal({ ok: true });
      const other = encodeTensors(outputs, [[(Number(decodeTensors(outputs, output)[0]?.[0]) + 1) % 3], [0, 0, 0]]);
      expect((await groth16.verify(key, { context: 7n, input, output: other }, seal)).ok).to.equal(false);
    } finally {
      await rm(directory, { recursive: true });
      await rm(cacheDir, { recursive: true });
    }
  });
});
