// SPDX-License-Identifier: GPL-3.0-or-later
// LeNet-5 as ONNX, with weights from a seed, and calibrations that suit groth16: few requantizations, after pooling.
import { analyse } from "../../verifier/graph/analyse.ts";
import { CALIBRATION_FORMAT, modelHash, type Calibration } from "../../verifier/graph/calibration.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { parametersOf } from "../../verifier/graph/lower.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { onnxOf, type TestNode, type TestTensor } from "../onnx/model.ts";
import { integers } from "./circuit-models.ts";

/** Weights as PyTorch starts with: uniform below 1 / sqrt(inputs of a sum). */
function seeded(dims: readonly number[], fanIn: number, draw: (lo: number, hi: number) => number): TestTensor {
  const bound = 1 / Math.sqrt(fanIn);
  const count = dims.reduce((a, b) => a * b);
  return { dims, values: Array.from({ length: count }, () => (draw(-(2 ** 20), 2 ** 20) / 2 ** 20) * bound) };
}

/** What stands between a convolution and its pool: x * x + x, as in EZKL's lenet_5, or max(x, 0). */
export type LenetActivation = "square" | "relu";

/** Conv 6@5x5, activation, average pool, Conv 16@5x5, activation, average pool, dense 400-120-84-10, over 32 x 32. */
export function lenetOnnx(activation: LenetActivation): Uint8Array {
  const draw = integers(5);
  const constants: Record<string, TestTensor> = {};
  const nodes: TestNode[] = [];
  const layer = (op: "Conv" | "Gemm", from: string, to: string, dims: readonly number[]): void => {
    const fanIn = dims.slice(1).reduce((a, b) => a * b);
    constants[`${to}.w`] = seeded(dims, fanIn, draw);
    constants[`${to}.b`] = seeded(dims.slice(0, 1), fanIn, draw);
    const attributes = op === "Gemm" ? { transB: 1 } : {};
    nodes.push({ op, in: [from, `${to}.w`, `${to}.b`], out: [to], attributes });
  };
  const activate = (from: string, to: string): void => {
    if (activation === "relu") return void nodes.push({ op: "Relu", in: [from], out: [to] });
    nodes.push({ op: "Mul", in: [from, from], out: [`${to}.square`] });
    nodes.push({ op: "Add", in: [`${to}.square`, from], out: [to] });
  };
  const pool = (from: string, to: string): void =>
    void nodes.push({
      op: "AveragePool",
      in: [from],
      out: [to],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    });
  layer("Conv", "image", "conv1", [6, 1, 5, 5]);
  activate("conv1", "a1");
  pool("a1", "pool1");
  layer("Conv", "pool1", "conv2", [16, 6, 5, 5]);
  activate("conv2", "a2");
  pool("a2", "pool2");
  nodes.push({ op: "Flatten", in: ["pool2"], out: ["flat"] });
  layer("Gemm", "flat", "dense1", [120, 400]);
  layer("Gemm", "dense1", "dense2", [84, 120]);
  layer("Gemm", "dense2", "logits", [10, 84]);
  return onnxOf({ nodes, inputs: { image: [1, 1, 32, 32] }, outputs: ["logits"], constants });
}

/** lenetOnnx for 8-bit pixels in [0, 1): 8-bit weights, 8-bit activations, 16-bit logits. */
export function lenet(activation: LenetActivation): IntegerGraph {
  const onnx = lenetOnnx(activation);
  const parameters = parametersOf(analyse(parseModel(onnx)));
  const weightExponents: Readonly<Record<string, number>> = {
    conv1: 9,
    pool1: 2,
    conv2: 10,
    pool2: 2,
    dense1: 11,
    dense2: 10,
    logits: 10,
  };
  const tensors: Calibration["tensors"] =
    activation === "square"
      ? [
          { name: "pool1", exponent: 5, bits: 8 },
          { name: "pool2", exponent: 5, bits: 8 },
        ]
      : [
          { name: "a1", exponent: 6, bits: 8 },
          { name: "a2", exponent: 6, bits: 8 },
        ];
  const graph = compileModel(onnx, {
    format: CALIBRATION_FORMAT,
    model: modelHash(onnx),
    target: "groth16",
    heads: "drop",
    dims: [],
    inputs: [{ name: "image", type: "u8", exponent: 8, lo: 0, hi: 255 }],
    constants: parameters.constants.map((name) => ({ name, exponent: weightExponents[name] ?? 0, bits: 8 })),
    tensors,
    lookups: [],
    outputs: [{ name: "logits", type: "i16", exponent: 8 }],
  });
  return graph.graph;
}
