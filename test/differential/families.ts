// SPDX-License-Identifier: GPL-3.0-or-later
// Two ONNX models that between them use every family of operators that circuits exist for, quantized as real ones are.
import { analyse } from "../../verifier/graph/analyse.ts";
import { CALIBRATION_FORMAT, modelHash, type Calibration } from "../../verifier/graph/calibration.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { parametersOf } from "../../verifier/graph/lower.ts";
import { rewired } from "../../verifier/graph/nodes/registry.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { ints } from "../calibrate/case.ts";
import { integers } from "../helpers/circuit-models.ts";
import { onnxOf, type TestModel, type TestNode, type TestTensor } from "../onnx/model.ts";

const draw = integers(11);
/** Seeded reals in [-1, 1]. */
const reals = (...dims: number[]): TestTensor => ({
  dims,
  values: Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => draw(-1000, 1000) / 1000),
});
const positive = (...dims: number[]): TestTensor => {
  const tensor = reals(...dims);
  return { ...tensor, values: tensor.values.map((v) => Math.abs(v) + 0.5) };
};

type Step = readonly [op: string, inputs: string, output: string, attributes?: TestNode["attributes"]];
const nodesOf = (steps: readonly Step[]): TestNode[] =>
  steps.map(([op, inputs, output, attributes]) => ({
    op,
    in: inputs.split(" "),
    out: output.split(" "),
    ...(attributes === undefined ? {} : { attributes }),
  }));

/** Convolutions with one and two axes, groups, strides, pads, dilations; pools; normalization; residuals; products. */
const VISION: TestModel = {
  inputs: { x: [1, 2, 4, 4] },
  outputs: ["soft", "product"],
  nodes: nodesOf([
    ["Conv", "x w1 b1", "c1", { pads: [1, 0, 2, 1], strides: [1, 2], dilations: [2, 1], group: 2 }],
    ["BatchNormalization", "c1 scale shift mean var", "n1"],
    ["Relu", "n1", "r1"],
    ["MaxPool", "r1", "m1", { kernel_shape: [2, 2], pads: [0, 0, 1, 1], strides: [2, 1] }],
    ["Conv", "m1 w2", "c2", { pads: [1, 1, 1, 1] }],
    ["Add", "c2 m1", "sum"],
    ["AveragePool", "sum", "pooled", { kernel_shape: [2, 1], strides: [1, 2] }],
    ["Sigmoid", "pooled", "soft"],
    ["Reshape", "m1 flat", "line"],
    ["Conv", "line w3 b3", "c3", { pads: [3, 2], strides: [2], dilations: [3] }],
    ["Neg", "c3", "n3"],
    ["MaxPool", "n3", "m3", { kernel_shape: [3], pads: [1, 1] }],
    ["Mul", "m3 c3", "product"],
  ]),
  constants: {
    w1: reals(4, 1, 2, 3),
    b1: reals(4),
    scale: reals(4),
    shift: reals(4),
    mean: reals(4),
    var: positive(4),
    w2: reals(4, 4, 3, 3),
    flat: ints(1, 4, -1),
    w3: reals(2, 4, 2),
    b3: reals(2),
  },
};

/** Operators that move values, sums that broadcast, maxima and minima, a dense layer. */
const INDEX: TestModel = {
  inputs: { v: [2, 3, 4] },
  outputs: ["extremes", "scores"],
  opset: 18,
  nodes: nodesOf([
    ["Transpose", "v", "t", { perm: [2, 0, 1] }],
    ["Slice", "t s0 e0 a0 d0", "sliced"],
    ["Split", "sliced", "p q", { axis: 1, num_outputs: 2 }],
    ["Concat", "q k p", "joined", { axis: 2 }],
    ["Gather", "joined rows", "gathered", { axis: 2 }],
    ["Pad", "gathered pads", "edged", { mode: "edge" }],
    ["Pad", "edged pads value", "padded"],
    ["Squeeze", "padded one", "flat"],
    ["Tile", "flat repeats", "tiled"],
    ["Slice", "tiled three seven", "cut"],
    ["Reshape", "cut halves", "lifted"],
    ["Slice", "flat first one one", "column"],
    ["Unsqueeze", "column one", "single"],
    ["Expand", "single wide", "expanded"],
    ["Sub", "lifted expanded", "difference"],
    ["Neg", "difference", "negated"],
    ["Max", "difference negated", "most"],
    ["Min", "most lifted", "extremes"],
    ["Flatten", "extremes", "row", { axis: 0 }],
    ["MatMul", "row w", "scores"],
  ]),
  constants: {
    s0: ints(-1, 0),
    e0: ints(-100, 2),
    a0: ints(0, 2),
    d0: ints(-2, 1),
    k: reals(2, 1, 1),
    rows: ints(4, 0, -2, 1),
    pads: ints(0, 0, 1, 1, 0, 0),
    value: { dims: [], values: [-0.75] },
    one: ints(1),
    repeats: ints(2, 1),
    halves: ints(4, 1, 6),
    wide: ints(1, 1, 6),
    first: ints(0),
    three: ints(3),
    seven: ints(7),
    w: reals(24, 3),
  },
};

/** Values of each model that are requantized besides those that must be. */
const REQUANTIZED: readonly string[] = ["c1", "sum", "c3", "lifted"];

function compile(model: TestModel): IntegerGraph {
  const onnx = onnxOf(model);
  const analysis = analyse(parseModel(onnx));
  const parameters = parametersOf(analysis);
  const wanted = new Set([...parameters.tensors, ...REQUANTIZED]);
  const calibration: Calibration = {
    format: CALIBRATION_FORMAT,
    model: modelHash(onnx),
    target: "groth16",
    heads: "drop",
    dims: [],
    inputs: Object.keys(model.inputs).map((name) => ({ name, type: "i8", exponent: 5, lo: -60, hi: 67 })),
    constants: parameters.constants.map((name) => ({ name, exponent: 6, bits: 8 })),
    tensors: analysis.nodes
      .filter(({ output }) => wanted.has(output))
      .map(({ output }) => ({ name: output, exponent: 4, bits: 8 })),
    lookups: parameters.lookups.map((name) => ({
      name,
      exponent: 7,
      bits: 9,
      input: { exponent: 4, lo: -64, hi: 63 },
    })),
    outputs: parameters.outputs.map((name) => ({ name, type: "i16", exponent: 8 })),
  };
  return compileModel(onnx, calibration).graph;
}

/** Both models side by side, as one graph of two inputs and four outputs: one circuit, one set-up. */
export const familiesGraph = (): IntegerGraph => sideBySide([compile(VISION), compile(INDEX)]);

/** Graphs that share nothing, as one. Names of ports and tensors are numbered apart. */
export function sideBySide(graphs: readonly IntegerGraph[]): IntegerGraph {
  const inputs = graphs.flatMap((graph) => graph.inputs);
  let [input, node] = [0, inputs.length];
  const ids = graphs.map((graph) => {
    const at = graph.tensors.map((_, id) => (id < graph.inputs.length ? input + id : node + id - graph.inputs.length));
    input += graph.inputs.length;
    node += graph.nodes.length;
    return (id: number): number => at[id] as number;
  });
  const eachOf = <T>(pick: (graph: IntegerGraph, id: (old: number) => number, g: number) => readonly T[]): T[] =>
    graphs.flatMap((graph, g) => pick(graph, ids[g] as (old: number) => number, g));
  return {
    inputs: eachOf(({ inputs: ports }, id, g) =>
      ports.map((port) => ({ ...port, name: `${g}:${port.name}`, tensor: id(port.tensor) })),
    ),
    outputs: eachOf(({ outputs: ports }, id, g) =>
      ports.map((port) => ({ ...port, name: `${g}:${port.name}`, tensor: id(port.tensor) })),
    ),
    tensors: [
      ...graphs.flatMap((graph) => graph.tensors.slice(0, graph.inputs.length)),
      ...graphs.flatMap((graph) => graph.tensors.slice(graph.inputs.length)),
    ],
    nodes: eachOf(({ nodes }, id) => nodes.map((each) => rewired(each, id))),
  };
}
