// SPDX-License-Identifier: GPL-3.0-or-later
// One node of the integer graph as circom: its template's instance, its constants, its wiring.
import type { Constant, GraphNode, GraphTensor, TensorId } from "../../graph/types.ts";
import { convolutionAxes, matMulSizes, type Intervals } from "./ranges.ts";
import { circuitTable } from "./table.ts";

const list = (values: Iterable<number | bigint>): string => `[${[...values].join(", ")}]`;

const valuesOf = (constant: Constant | null, size: number): (number | bigint)[] =>
  constant === null ? new Array<number>(size).fill(0) : [...constant.values];

/** The constant as a matrix of so many rows. */
function matrix({ values }: Constant, rows: number): string {
  const columns = values.length / rows;
  const lines = Array.from({ length: rows }, (_, o) =>
    list(values.slice(o * columns, (o + 1) * columns) as Iterable<number | bigint>),
  );
  return `[\n        ${lines.join(",\n        ")}\n    ]`;
}

/** What emitting a node takes of the circuit around it. */
export interface Emission {
  readonly tensors: readonly GraphTensor[];
  readonly shape: (id: TensorId) => readonly number[];
  readonly size: (id: TensorId) => number;
  readonly constants: (name: string, value: string) => string;
  readonly wire: (count: number, target: string, source: string) => string;
  readonly signalOf: readonly string[];
  readonly ranges: readonly Intervals[];
}

/** The lines that wire a node, and the array that holds its output. */
export function emitNode(node: GraphNode, name: string, e: Emission): { lines: string[]; output: string } {
  switch (node.op) {
    case "fullyConnected": {
      const [outputs, inputs] = node.weights.shape as [number, number];
      const rows = e.size(node.input) / inputs;
      const weights = e.constants(`${name}Weights`, matrix(node.weights, outputs));
      const bias = e.constants(`${name}Bias`, list(valuesOf(node.bias, outputs)));
      const lines = [
        `component ${name} = FullyConnected(${rows}, ${outputs}, ${inputs}, ${weights}, ${bias});`,
        e.wire(rows * inputs, `${name}.x[i]`, `${e.signalOf[node.input]}[i]`),
      ];
      return { lines, output: `${name}.z` };
    }
    case "convolution": {
      const input = e.shape(node.input);
      const axes = convolutionAxes(node, input);
      const [outs, ins] = node.weights.shape as [number, number];
      const weights = e.constants(`${name}Weights`, matrix(node.weights, outs));
      const bias = e.constants(`${name}Bias`, list(valuesOf(node.bias, outs)));
      // The template has three axes; missing ones, in front, have one position and one tap.
      const three = (values: readonly number[], missing: number): string =>
        list([missing, missing, ...values].slice(-3));
      const window = [
        three(input.slice(2), 1),
        ...(["output", "kernel", "stride", "dilation"] as const).map((key) =>
          three(
            axes.map((axis) => axis[key]),
            1,
          ),
        ),
        three(
          axes.map((axis) => axis.begin),
          0,
        ),
      ];
      const sizes = [input[0], node.group, outs, ins, ...window].join(", ");
      const lines = [
        `component ${name} = Convolution(${sizes}, ${weights}, ${bias});`,
        e.wire(e.size(node.input), `${name}.x[i]`, `${e.signalOf[node.input]}[i]`),
      ];
      return { lines, output: `${name}.z` };
    }
    case "multiply": {
      const count = e.size(node.output);
      const operand = (port: "a" | "b"): string =>
        e.wire(count, `${name}.${port}[i]`, `${e.signalOf[node[port]]}[${e.size(node[port]) === 1 ? "0" : "i"}]`);
      return {
        lines: [`component ${name} = Multiply(${count});`, operand("a"), operand("b")],
        output: `${name}.z`,
      };
    }
    case "matMul": {
      const { batch, rows, inner, columns } = matMulSizes(e.shape(node.a), e.shape(node.b));
      const lines = [
        `component ${name} = MatMul(${batch}, ${rows}, ${inner}, ${columns});`,
        e.wire(batch * rows * inner, `${name}.a[i]`, `${e.signalOf[node.a]}[i]`),
        e.wire(batch * inner * columns, `${name}.b[i]`, `${e.signalOf[node.b]}[i]`),
      ];
      return { lines, output: `${name}.z` };
    }
    case "weightedSum": {
      const count = e.size(node.output);
      // circom has no empty arrays: a constant is a sum of one operand that is 0.
      const multipliers = e.constants(`${name}Multipliers`, list(node.inputs.length === 0 ? [0] : node.multipliers));
      const constant = e.constants(`${name}Constants`, list(valuesOf(node.constant, count)));
      const lines = [
        `component ${name} = WeightedSum(${count}, ${Math.max(1, node.inputs.length)}, ${multipliers}, ${constant});`,
        ...(node.inputs.length === 0 ? [e.wire(count, `${name}.x[0][i]`, "0")] : []),
        ...node.inputs.map((id, k) =>
          e.wire(count, `${name}.x[${k}][i]`, `${e.signalOf[id]}[${e.size(id) === 1 ? "0" : "i"}]`),
        ),
      ];
      return { lines, output: `${name}.z` };
    }
    case "requantize": {
      const count = e.size(node.output);
      const { lo, hi } = e.ranges[node.input] as Intervals;
      const zlo = e.constants(`${name}Least`, list(lo));
      const zhi = e.constants(`${name}Most`, list(hi));
      const lines = [
        `component ${name} = RequantizeTensor(${count}, ${node.shift}, ${node.lo}, ${node.hi}, ${zlo}, ${zhi});`,
        e.wire(count, `${name}.z[i]`, `${e.signalOf[node.input]}[i]`),
      ];
      return { lines, output: `${name}.y` };
    }
    case "step":
    case "isZero": {
      const count = e.size(node.output);
      const { lo, hi } = e.ranges[node.input] as Intervals;
      const least = e.constants(`${name}Least`, list(lo));
      const most = e.constants(`${name}Most`, list(hi));
      const template = node.op === "step" ? "StepTensor" : "IsZeroTensor";
      const lines = [
        `component ${name} = ${template}(${count}, ${least}, ${most});`,
        e.wire(count, `${name}.x[i]`, `${e.signalOf[node.input]}[i]`),
      ];
      return { lines, output: `${name}.y` };
    }
    case "maximum":
    case "minimum": {
      const count = e.size(node.output);
      const [a, b] = [e.ranges[node.a] as Intervals, e.ranges[node.b] as Intervals];
      const [placeA, placeB] = [e.size(node.a) === 1 ? "0" : "i", e.size(node.b) === 1 ? "0" : "i"];
      const difference = (from: readonly bigint[], less: readonly bigint[]): bigint[] =>
        Array.from({ length: count }, (_, i) => (from[i] ?? (from[0] as bigint)) - (less[i] ?? (less[0] as bigint)));
      const least = e.constants(`${name}Least`, list(difference(a.lo, b.hi)));
      const most = e.constants(`${name}Most`, list(difference(a.hi, b.lo)));
      const greatest = node.op === "maximum" ? 1 : 0;
      const lines = [
        `component ${name} = ExtremumTensor(${greatest}, ${count}, ${least}, ${most});`,
        e.wire(count, `${name}.a[i]`, `${e.signalOf[node.a]}[${placeA}]`),
        e.wire(count, `${name}.b[i]`, `${e.signalOf[node.b]}[${placeB}]`),
      ];
      return { lines, output: `${name}.y` };
    }
    case "gather": {
      const sizes = node.inputs.map(e.size);
      const starts = sizes.map((_, k) => sizes.slice(0, k).reduce((a, b) => a + b, 0));
      const total = sizes.reduce((a, b) => a + b, 0);
      const indices = e.constants(`${name}Indices`, list(node.indices.values as Iterable<number | bigint>));
      const lines = [
        `component ${name} = Gather(${e.size(node.output)}, ${total}, ${indices}, ${node.fill});`,
        ...node.inputs.map((id, k) =>
          e.wire(sizes[k] as number, `${name}.x[${starts[k]} + i]`, `${e.signalOf[id]}[i]`),
        ),
      ];
      return { lines, output: `${name}.y` };
    }
    case "table": {
      const count = e.size(node.output);
      const operand = e.ranges[node.input] as Intervals;
      const { bits, least, coefficients } = circuitTable(node, (e.tensors[node.input] as GraphTensor).lo, operand);
      const table = e.constants(`${name}Coefficients`, list(coefficients));
      const lines = [
        `component ${name} = TableTensor(${count}, ${bits}, ${least}, ${table});`,
        e.wire(count, `${name}.x[i]`, `${e.signalOf[node.input]}[i]`),
      ];
      return { lines, output: `${name}.y` };
    }
    case "reshape":
      return { lines: [], output: e.signalOf[node.input] as string };
  }
}
