// SPDX-License-Identifier: GPL-3.0-or-later
// The models of the tensorcheck benchmark: integer graphs with weights from a seed, and one transformer block by way of ONNX.
import { calibrate } from "../../verifier/calibrate/calibrate.ts";
import { newGraphBuilder, type GraphBuilder } from "../../verifier/graph/builder.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import { derive } from "../../verifier/graph/ranges.ts";
import type { Constant, GraphNode, IntegerGraph, TensorId } from "../../verifier/graph/types.ts";
import { sizeOf } from "../../verifier/tensor/spec.ts";
import { perceptron as smallPerceptron } from "../../test/helpers/circuit-models.ts";
import { onnxOf, type TestNode, type TestTensor } from "../../test/onnx/model.ts";

export interface BenchModel {
  readonly name: string;
  readonly graph: () => IntegerGraph | Promise<IntegerGraph>;
}

/** Pseudo-random integers in [-bound, bound] (xorshift32). */
function drawer(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) % (2 * bound + 1)) - bound;
  };
}

/** A stack of layers over one value; 8-bit weights, activations clamped to [0, 255] (a clamped ReLU). */
class Stack {
  readonly builder: GraphBuilder = newGraphBuilder();
  private readonly draw = drawer(7);
  private layers = 0;
  tensor: TensorId;

  constructor(shape: readonly number[]) {
    this.tensor = this.builder.addInput("x", { shape, type: "u8", exponent: 0, lo: 0, hi: 255 });
  }

  private constant(shape: readonly number[], bound: number): Constant {
    return makeConstant(
      shape,
      Float64Array.from({ length: sizeOf(shape) }, () => this.draw(bound)),
    );
  }

  private add(node: Parameters<GraphBuilder["addNode"]>[0], exponent = 0, shape: readonly number[] = []): this {
    this.tensor = this.builder.addNode(node, { name: `t${++this.layers}`, exponent, shape });
    return this;
  }

  private get exponent(): number {
    return this.builder.tensors[this.tensor]?.exponent ?? 0;
  }

  private get shape(): readonly number[] {
    return this.builder.tensors[this.tensor]?.shape ?? [];
  }

  dense(out: number): this {
    const weights = this.constant([out, this.shape.at(-1) as number], 127);
    const bias = this.constant([out], 4000);
    return this.add({ kind: "linear", op: "fullyConnected", from: ["fc"], input: this.tensor, weights, bias });
  }

  conv(out: number, kernel: number, pad: number): this {
    const weights = this.constant([out, this.shape[1] as number, kernel, kernel], 127);
    return this.window(weights, this.constant([out], 4000), 1, pad, 1);
  }

  /** Sums of 2 x 2. */
  pool(): this {
    const channels = this.shape[1] as number;
    return this.window(makeConstant([channels, 1, 2, 2], new Float64Array(4 * channels).fill(1)), null, 2, 0, channels);
  }

  private window(weights: Constant, bias: Constant | null, stride: number, pad: number, group: number): this {
    return this.add({
      ...{ kind: "linear", op: "convolution", from: ["conv"], input: this.tensor, weights, bias, group },
      ...{ strides: [stride, stride], dilations: [1, 1], pads: [pad, pad, pad, pad] },
    });
  }

  /** Shifts so that accumulators of typical size (a tenth of their bound, or less) use the range. */
  relu(): this {
    const node = this.builder.nodes.at(-1) as GraphNode;
    const { magnitude } = derive(node, this.builder.tensors, this.shape);
    const shift = Math.max(0, magnitude.toString(2).length - 11);
    return this.add(
      { kind: "lookup", op: "requantize", from: ["relu"], input: this.tensor, shift, lo: 0n, hi: 255n },
      this.exponent - shift,
    );
  }

  reshape(shape: readonly number[]): this {
    return this.add({ kind: "index", op: "reshape", from: ["reshape"], input: this.tensor }, this.exponent, shape);
  }

  private reshaped(shape: readonly number[]): TensorId {
    const { tensor } = this;
    const other = this.reshape(shape).tensor;
    this.tensor = tensor;
    return other;
  }

  /** x · x^T of each of `count` vectors. */
  outer(count: number, side: number): this {
    const a = this.reshaped([count, side, 1]);
    const b = this.reshaped([count, 1, side]);
    return this.add({ kind: "bilinear", op: "matMul", from: ["outer"], a, b }, 2 * this.exponent);
  }

  finish(): IntegerGraph {
    return this.builder.finish([{ name: "y", tensor: this.tensor, type: "i32" }]);
  }
}

const perceptron = (widths: readonly number[]): IntegerGraph => {
  const stack = new Stack([1, widths[0] as number]);
  widths.slice(1, -1).forEach((width) => stack.dense(width).relu());
  return stack.dense(widths.at(-1) as number).finish();
};

const lenet = (): IntegerGraph =>
  new Stack([1, 1, 32, 32])
    .conv(6, 5, 0)
    .relu()
    .pool()
    .conv(16, 5, 0)
    .relu()
    .pool()
    .reshape([1, 400])
    .dense(120)
    .relu()
    .dense(84)
    .relu()
    .dense(10)
    .finish();

/** 3×3 convolutions of these widths, a pool after each list of them, then two dense layers. */
function convolutional(stages: readonly (readonly number[])[], hidden: number): IntegerGraph {
  const stack = new Stack([1, 3, 32, 32]);
  for (const widths of stages) {
    for (const width of widths) stack.conv(width, 3, 1).relu();
    stack.pool();
  }
  return stack.reshape([1, 2048]).dense(hidden).relu().dense(10).finish();
}

/** Three convolutions, each with a pool: 264,155 parameters, 57,427 activations. */
const cnn = (): IntegerGraph => convolutional([[32], [64], [128]], 83);

/** Five convolutions and three pools: 263 thousand parameters, 106,556 activations. */
const deepCnn = (): IntegerGraph => convolutional([[32, 32], [64, 64], [128]], 60);

/** 2^bits look-up rows: products of a vector's entries (of two vectors' if bits is odd), clamped, then summed up to ten numbers. */
const rows = (bits: number): IntegerGraph => {
  const [count, side] = [2 ** (bits % 2), 2 ** (bits >> 1)];
  const length = count * side;
  return new Stack([1, length]).outer(count, side).relu().dense(1).relu().reshape([1, length]).dense(10).finish();
};

/** One block of a decoder-less transformer: width 64, 4 heads, context 64, hidden layer 256, Gelu. */
async function transformer(): Promise<IntegerGraph> {
  const [context, width, heads, hidden] = [64, 64, 4, 256];
  const draw = drawer(11);
  const constants: Record<string, TestTensor> = {};
  const nodes: TestNode[] = [];
  const weight = (name: string, dims: readonly number[]): string => {
    const scale = 1 / Math.sqrt(dims[0] as number) / 2 ** 20;
    constants[name] = { dims, values: Array.from({ length: sizeOf(dims) }, () => draw(2 ** 20) * scale) };
    return name;
  };
  const ones = (name: string, value: number): string => {
    constants[name] = { dims: [width], values: new Array<number>(width).fill(value) };
    return name;
  };
  const node = (
    op: string,
    inputs: readonly string[],
    out: string,
    attributes: TestNode["attributes"] = {},
  ): string => {
    nodes.push({ op, in: inputs, out: [out], attributes });
    return out;
  };
  const norm = (x: string, out: string): string =>
    node("LayerNormalization", [x, ones(`${out}.g`, 1), ones(`${out}.b`, 0)], out);
  const project = (x: string, out: string, from: number, to: number): string =>
    node("MatMul", [x, weight(`${out}.w`, [from, to])], out);

  const n1 = norm("x", "n1");
  const [q, k, v] = ["q", "k", "v"].map((name) => project(n1, name, width, width)) as [string, string, string];
  const mixed = node("Attention", [q, k, v], "mixed", { q_num_heads: heads, kv_num_heads: heads });
  const a = node("Add", ["x", project(mixed, "proj", width, width)], "a");
  const up = node("Gelu", [project(norm(a, "n2"), "up", width, hidden)], "gelu");
  node("Add", [a, project(up, "down", hidden, width)], "y");
  const onnx = onnxOf({ nodes, inputs: { x: [1, context, width] }, outputs: ["y"], constants, opset: 24 });
  const samples = Array.from({ length: 8 }, () => [
    Float64Array.from({ length: context * width }, () => draw(2 ** 20) / 2 ** 20),
  ]);
  const { calibration } = await calibrate(onnx, samples, { target: "tensorcheck" });
  return compileModel(onnx, calibration).graph;
}

export const BENCH_MODELS: readonly BenchModel[] = [
  { name: "64-32-10", graph: () => smallPerceptron([64, 32, 10]) },
  { name: "784-128-64-10", graph: () => perceptron([784, 128, 64, 10]) },
  { name: "LeNet-5", graph: lenet },
  { name: "FC 4.2 M", graph: () => perceptron([2048, 2048, 10]) },
  { name: "CNN 264 k", graph: cnn },
  { name: "CNN 263 k, five convolutions", graph: deepCnn },
  ...[14, 16, 18].map((bits) => ({ name: `2^${bits} look-up rows`, graph: () => rows(bits) })),
  { name: "transformer block", graph: transformer },
];

/** For slopes: fully connected layers of 2^bits weights, and 2^bits look-up rows. */
export const SLOPE_MODELS = {
  weights: [14, 16, 18, 20, 22].map((bits) => ({
    bits,
    graph: () => perceptron([2 ** (bits / 2), 2 ** (bits / 2), 10]),
  })),
  rows: [12, 13, 14, 15, 16, 17, 18, 19].map((bits) => ({ bits, graph: () => rows(bits) })),
};

/** Any of the benchmark's models. Slopes: "weights 2^20", "rows 2^16". */
export function modelNamed(name: string): BenchModel {
  const slopes = Object.entries(SLOPE_MODELS).flatMap(([kind, models]) =>
    models.map(({ bits, graph }) => ({ name: `${kind} 2^${bits}`, graph })),
  );
  const model = [...BENCH_MODELS, ...slopes].find((each) => each.name === name);
  if (model === undefined) throw new Error(`no model "${name}"`);
  return model;
}
