// SPDX-License-Identifier: GPL-3.0-or-later
// A second executor, written from docs/spec/integer-graph.md and integer-graph-nodes.md in BigInt and mathematical
// definitions only: the oracle. It shares no code with the product.
import type { Constant, ConvolutionNode, GraphNode, IntegerGraph } from "../../verifier/graph/types.ts";

const product = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1);

/** floor(z / 2^s + 1/2) by Euclidean division, not by shifting. */
export function halfUp(z: bigint, shift: number): bigint {
  const divisor = 2n ** BigInt(shift);
  const numerator = 2n * z + divisor;
  const remainder = ((numerator % (2n * divisor)) + 2n * divisor) % (2n * divisor);
  return (numerator - remainder) / (2n * divisor);
}

/** A tensor as a function of coordinates; 0 outside its bounds. */
interface Tensor {
  readonly shape: readonly number[];
  readonly values: readonly bigint[];
}

const dim = (x: Tensor, axis: number): number => x.shape.at(axis) ?? 0;

function at(x: Tensor, coordinates: readonly number[]): bigint {
  let index = 0;
  for (const [axis, size] of x.shape.entries()) {
    const i = coordinates[axis] ?? 0;
    if (i < 0 || i >= size) return 0n;
    index = index * size + i;
  }
  return x.values[index] ?? 0n;
}

/** A tensor from its value at each coordinate, row-major. */
function tensorOf(shape: readonly number[], value: (coordinates: number[]) => bigint): Tensor {
  const values = Array.from({ length: product(shape) }, (_, i) => {
    const coordinates: number[] = [];
    let rest = i;
    for (const size of shape.toReversed()) {
      coordinates.unshift(rest % size);
      rest = (rest - (rest % size)) / size;
    }
    return value(coordinates);
  });
  return { shape, values };
}

const constant = ({ shape, values }: Constant): Tensor => ({ shape, values: Array.from(values, BigInt) });
const single = (x: Tensor, coordinates: readonly number[]): bigint =>
  product(x.shape) === 1 ? (x.values[0] ?? 0n) : at(x, coordinates);
const sum = (count: number, term: (k: number) => bigint): bigint =>
  Array.from({ length: count }, (_, k) => term(k)).reduce((a, b) => a + b, 0n);

function convolve(node: ConvolutionNode, x: Tensor, shape: readonly number[]): Tensor {
  const weights = constant(node.weights);
  const kernel = weights.shape.slice(2);
  const biases = node.bias === null ? null : constant(node.bias);
  return tensorOf(shape, ([n = 0, m = 0, ...p]) => {
    const perGroup = dim(weights, 1);
    const group = Math.floor(m / (dim(weights, 0) / node.group));
    const bias = biases === null ? 0n : at(biases, [m]);
    const terms = tensorOf([perGroup, ...kernel], ([c = 0, ...k]) => {
      const place = p.map(
        (o, a) => o * (node.strides[a] ?? 0) + (k[a] ?? 0) * (node.dilations[a] ?? 0) - (node.pads[a] ?? 0),
      );
      return at(weights, [m, c, ...k]) * at(x, [n, group * perGroup + c, ...place]);
    });
    return terms.values.reduce((a, b) => a + b, bias);
  });
}

function evaluate(
  node: GraphNode,
  read: (id: number) => Tensor,
  lo: (id: number) => bigint,
  shape: readonly number[],
): Tensor {
  const map = (id: number, f: (v: bigint) => bigint): Tensor => ({ shape, values: read(id).values.map(f) });
  switch (node.op) {
    case "reshape":
      return map(node.input, (v) => v);
    case "requantize":
      return map(node.input, (z) => {
        const y = halfUp(z, node.shift);
        if (y < node.lo) return node.lo;
        return y > node.hi ? node.hi : y;
      });
    case "table":
      return map(node.input, (v) => at(constant(node.values), [Number(v - lo(node.input))]));
    case "step":
      return map(node.input, (v) => (v < 0n ? 0n : 1n));
    case "isZero":
      return map(node.input, (v) => (v === 0n ? 1n : 0n));
    case "weightedSum":
      return tensorOf(
        shape,
        (i) =>
          sum(node.inputs.length, (k) => (node.multipliers[k] ?? 0n) * single(read(node.inputs[k] ?? 0), i)) +
          (node.constant === null ? 0n : at(constant(node.constant), i)),
      );
    case "multiply":
      return tensorOf(shape, (i) => single(read(node.a), i) * single(read(node.b), i));
    case "maximum":
    case "minimum":
      return tensorOf(shape, (i) => {
        const sorted = [single(read(node.a), i), single(read(node.b), i)].sort((x, y) => (x < y ? -1 : 1));
        return sorted.at(node.op === "maximum" ? -1 : 0) ?? 0n;
      });
    case "matMul":
      return tensorOf(shape, (i) => {
        const [a, b, batch] = [read(node.a), read(node.b), i.slice(0, -2)];
        return sum(dim(a, -1), (k) => at(a, [...batch, i.at(-2) ?? 0, k]) * at(b, [...batch, k, i.at(-1) ?? 0]));
      });
    case "fullyConnected":
      return tensorOf(shape, (i) => {
        const [x, weights, o] = [read(node.input), constant(node.weights), i.at(-1) ?? 0];
        const bias = node.bias === null ? 0n : at(constant(node.bias), [o]);
        return bias + sum(dim(weights, 1), (j) => at(weights, [o, j]) * at(x, [...i.slice(0, -1), j]));
      });
    case "convolution":
      return convolve(node, read(node.input), shape);
    case "gather": {
      const all = node.inputs.flatMap((id) => read(id).values);
      return {
        shape,
        values: constant(node.indices).values.map((i) => (i < 0n ? node.fill : (all[Number(i)] ?? 0n))),
      };
    }
  }
}

/** Every tensor of the graph by id. */
export function referenceTrace(graph: IntegerGraph, inputs: readonly (readonly number[])[]): bigint[][] {
  const shapeOf = (id: number): readonly number[] => graph.tensors[id]?.shape ?? [];
  const tensors: Tensor[] = inputs.map((values, id) => ({ shape: shapeOf(id), values: values.map(BigInt) }));
  for (const node of graph.nodes) {
    const read = (id: number): Tensor => tensors[id] ?? { shape: [], values: [] };
    tensors[node.output] = evaluate(node, read, (id) => graph.tensors[id]?.lo ?? 0n, shapeOf(node.output));
  }
  return tensors.map(({ values }) => [...values]);
}
