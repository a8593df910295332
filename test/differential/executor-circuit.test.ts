// SPDX-License-Identifier: GPL-3.0-or-later
// Executor == circuit: on random graphs and inputs the witness generator confirms the executor's output words, and no
// other words. What a circuit refuses, it refuses by name.
import fc from "fast-check";
import { expect } from "chai";
import { execute } from "../../verifier/graph/execute.ts";
import { newGraphBuilder } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import type { IntegerGraph, TensorId } from "../../verifier/graph/types.ts";
import { compileCircom } from "../../verifier/proofs/groth16/circom.ts";
import { circuitRefusals, emitCircuit } from "../../verifier/proofs/groth16/emit.ts";
import { witnessOf } from "../../verifier/proofs/groth16/prove.ts";
import { packTensors } from "../../verifier/tensor/packing.ts";
import { sizeOf } from "../../verifier/tensor/spec.ts";
import { rejectionOf } from "../graph/codes.ts";
import { integers } from "../helpers/circuit-models.ts";

/** Two inputs of odd ranges, every kind of node, a broadcast operand, several rows, two outputs. */
function randomGraph(seed: number): IntegerGraph {
  const draw = integers(seed);
  const constant = (shape: readonly number[], bound: number): ReturnType<typeof makeConstant> =>
    makeConstant(
      shape,
      Array.from({ length: sizeOf(shape) }, () => draw(-bound, bound)),
    );
  const graph = newGraphBuilder();
  const [rows, width, out] = [draw(1, 3), draw(1, 5), draw(1, 4)];
  const lo = draw(-20, 20);
  const a = graph.addInput("a", { shape: [rows, width], type: "i8", exponent: 0, lo, hi: lo + draw(1, 60) });
  const b = graph.addInput("b", { shape: [1], type: "i16", exponent: 0, lo: -draw(1, 900), hi: draw(0, 900) });
  const requantized = (input: TensorId, name: string): TensorId => {
    const [p, q] = [draw(-90, 90), draw(-90, 90)];
    const clamp = draw(0, 2);
    const [low, high] = clamp === 0 ? [0, 63] : clamp === 1 ? [-32, 31] : [Math.min(p, q), Math.max(p, q)];
    const shift = draw(0, 9);
    return graph.addNode(
      { kind: "lookup", op: "requantize", from: [name], input, shift, lo: BigInt(low), hi: BigInt(high) },
      { name, exponent: -shift },
    );
  };
  const z = graph.addNode(
    {
      kind: "linear",
      op: "fullyConnected",
      from: ["fc"],
      input: a,
      weights: constant([out, width], 127),
      bias: draw(0, 1) === 0 ? null : constant([out], 3000),
    },
    { name: "z", exponent: 0 },
  );
  const y = requantized(z, "y");
  const sum = graph.addNode(
    {
      kind: "linear",
      op: "weightedSum",
      from: ["sum"],
      inputs: [y, b, z],
      multipliers: [BigInt(draw(-9, 9)), BigInt(draw(-9, 9)), BigInt(draw(-9, 9))],
      constant: draw(0, 1) === 0 ? null : constant([rows, out], 500),
    },
    { name: "sum", exponent: 0 },
  );
  const flat = graph.addNode(
    { kind: "index", op: "reshape", from: ["flat"], input: sum },
    { name: "flat", exponent: 0, shape: [rows * out] },
  );
  return graph.finish([
    { name: "scores", tensor: requantized(flat, "scores"), type: "i8" },
    { name: "raw", tensor: sum, type: "i32" },
  ]);
}

const specsOf = (ports: IntegerGraph["inputs"]): IntegerGraph["inputs"][number]["spec"][] => ports.map((p) => p.spec);

describe("differential: executor == circuit", () => {
  for (const seed of [11, 12, 15, 16]) {
    it(`random graph ${seed}: outputs confirmed, others refused`, async () => {
      const graph = randomGraph(seed);
      const [inputs, outputs] = [specsOf(graph.inputs), specsOf(graph.outputs)];
      const { wasm } = await compileCircom(emitCircuit(graph));
      const tensor = (spec: (typeof inputs)[number]) =>
        fc.array(fc.oneof(fc.integer({ min: spec.lo, max: spec.hi }), fc.constantFrom(spec.lo, spec.hi)), {
          minLength: sizeOf(spec.shape),
          maxLength: sizeOf(spec.shape),
        });
      const anyInput = fc.tuple(...inputs.map(tensor));
      await fc.assert(
        fc.asyncProperty(anyInput, async (values) => {
          const result = execute(graph, values);
          const signals = {
            context: 7n,
            inputWords: packTensors(inputs, values),
            outputWords: packTensors(outputs, result),
          };
          await witnessOf(wasm, signals); // rejects unless the circuit agrees
        }),
        { numRuns: 25, seed },
      );
      const values = inputs.map((spec) => new Array<number>(sizeOf(spec.shape)).fill(spec.hi));
      const signals = {
        context: 7n,
        inputWords: packTensors(inputs, values),
        outputWords: packTensors(outputs, execute(graph, values)),
      };
      for (let i = 0; i < signals.outputWords.length; i++) {
        const outputWords = signals.outputWords.map((word, at) => (at === i ? word + 1n : word));
        expect(await rejectionOf(witnessOf(wasm, { ...signals, outputWords }))).to.equal("PROVE_FAILED");
      }
    });
  }

  it("refuses an output whose declared range is not proven, naming it", () => {
    const graph = randomGraph(11);
    const [scores, raw] = graph.outputs as [IntegerGraph["outputs"][number], IntegerGraph["outputs"][number]];
    const narrow = { ...graph, outputs: [scores, { ...raw, spec: { ...raw.spec, lo: 0, hi: 1 } }] };
    const refusals = circuitRefusals(narrow);
    expect(refusals).to.have.lengthOf(1);
    expect(refusals[0]).to.include({ node: "raw", operator: "output" });
    expect(() => emitCircuit(narrow)).to.throw("is not proven");
  });

  it("refuses a shift that needs more bits than the field has", () => {
    const graph = randomGraph(12);
    const nodes = graph.nodes.map((node) => (node.op === "requantize" ? { ...node, shift: 260 } : node));
    expect(circuitRefusals({ ...graph, nodes }).some(({ reason }) => reason.includes("253 bits"))).to.equal(true);
  });
});
