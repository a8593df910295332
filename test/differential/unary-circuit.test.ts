// SPDX-License-Identifier: GPL-3.0-or-later
// Executor == circuit for operators that are lowered to clamps, comparisons and shifts: all of them in one circuit.
import { expect } from "chai";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { compileCircom } from "../../verifier/proofs/groth16/circom.ts";
import { emitCircuit } from "../../verifier/proofs/groth16/emit.ts";
import { witnessOf } from "../../verifier/proofs/groth16/prove.ts";
import { packTensors } from "../../verifier/tensor/packing.ts";
import { rejectionOf } from "../graph/codes.ts";
import { exactCalibration } from "../graph/exact.ts";
import { onnxOf, type TestNode } from "../onnx/model.ts";

const SIZE = 6;
const number = (value: number) => ({ float: value });

/** Of x, and of q = x / 4. */
const NODES: TestNode[] = [
  { op: "Mul", in: ["x", "quarter"], out: ["q"] },
  { op: "Abs", in: ["x"], out: ["abs"] },
  { op: "Sign", in: ["x"], out: ["sign"] },
  { op: "LeakyRelu", in: ["x"], out: ["leaky"], attributes: { alpha: number(-0.75) } },
  { op: "PRelu", in: ["x", "slopes"], out: ["prelu"] },
  { op: "Clip", in: ["x", "low", "high"], out: ["clip"] },
  { op: "HardSigmoid", in: ["x"], out: ["hardSigmoid"], attributes: { alpha: number(0.25), beta: number(0.5) } },
  { op: "ThresholdedRelu", in: ["x"], out: ["thresholded"], attributes: { alpha: number(2.5) } },
  { op: "Shrink", in: ["x"], out: ["shrink"], attributes: { lambd: number(3), bias: number(1.5) } },
  { op: "Floor", in: ["q"], out: ["floor"] },
  { op: "Ceil", in: ["q"], out: ["ceil"] },
  { op: "Round", in: ["q"], out: ["round"] },
  { op: "Cast", in: ["q"], out: ["cast"], attributes: { to: 6 } },
];
const OUTPUTS = NODES.slice(1).flatMap(({ out }) => out);

describe("differential: operators of one value, executor == circuit", () => {
  it("outputs confirmed over the whole range of the inputs, others refused", async () => {
    const onnx = onnxOf({
      nodes: NODES,
      inputs: { x: [SIZE] },
      outputs: OUTPUTS,
      constants: {
        quarter: { dims: [], values: [0.25] },
        low: { dims: [], values: [-3] },
        high: { dims: [], values: [2.5] },
        slopes: { dims: [SIZE], values: [0.5, -1, 0, 2, 0.25, 1] },
      },
    });
    const base = exactCalibration(onnx);
    const { graph } = compileModel(onnx, {
      ...base,
      inputs: base.inputs.map((entry) => ({ ...entry, lo: -9, hi: 9 })),
      constants: base.constants.map((entry) => ({ ...entry, exponent: 2 })),
      tensors: base.tensors.map((entry) => ({ ...entry, exponent: 2 })),
    });
    const [inputs, outputs] = [graph.inputs, graph.outputs].map((ports) => ports.map(({ spec }) => spec));
    const { wasm } = await compileCircom(emitCircuit(graph));
    const signalsOf = (values: number[]) => ({
      context: 7n,
      inputWords: packTensors(inputs ?? [], [values]),
      outputWords: packTensors(outputs ?? [], execute(graph, [values])),
    });
    for (let first = -9; first <= 9; first += 3) {
      const values = Array.from({ length: SIZE }, (_, i) => ((first + 9 + i * 5) % 19) - 9);
      await witnessOf(wasm, signalsOf(values)); // rejects unless the circuit agrees
    }
    const signals = signalsOf([-9, -6, -2, 0, 2, 9]);
    for (let i = 0; i < signals.outputWords.length; i++) {
      const outputWords = signals.outputWords.map((word, at) => (at === i ? word ^ 1n : word));
      expect(await rejectionOf(witnessOf(wasm, { ...signals, outputWords })), OUTPUTS[i]).to.equal("PROVE_FAILED");
    }
  });
});
