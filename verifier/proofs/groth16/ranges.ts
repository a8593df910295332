// SPDX-License-Identifier: GPL-3.0-or-later
// Range analysis of the circuit: an interval for each VALUE of each tensor (docs/spec/groth16.md, section 4). It is
// independent of the ranges that the graph declares, so that no mistake of the compiler can make a circuit unsound; but
// where a table begins is the least declared value of its operand, for the executor too.
import { packingLayout } from "../../tensor/packing.ts";
import { sizeOf, type TensorSpec } from "../../tensor/spec.ts";
import { VerigradError } from "../../errors.ts";
import { fillPatches, windowOf } from "../../graph/nodes/window.ts";
import { constantRange, max, min, productRange } from "../../graph/nodes/arithmetic.ts";
import { roundShift } from "../../graph/ranges.ts";
import type {
  Constant,
  ConvolutionNode,
  GraphNode,
  GraphTensor,
  IntegerGraph,
  TableNode,
  TensorId,
} from "../../graph/types.ts";

/** Closed intervals [lo[i], hi[i]] of a tensor's values, row-major. */
export interface Intervals {
  readonly lo: readonly bigint[];
  readonly hi: readonly bigint[];
}

/** Least and greatest value that an input may take. */
export type InputBounds = (spec: TensorSpec) => readonly [bigint, bigint];

/** The range that the spec declares: what the chain has checked. */
export const declaredBounds: InputBounds = (spec) => [BigInt(spec.lo), BigInt(spec.hi)];

/** The range that unpacking admits: every pattern of b bits, whether or not the spec declares it. */
export const unpackedBounds: InputBounds = (spec) => [
  BigInt(spec.lo),
  BigInt(spec.lo) + (1n << BigInt(packingLayout(spec).bits)) - 1n,
];

const constantAt = (constant: Constant | null, i: number): bigint =>
  constant === null ? 0n : BigInt(constant.values[i] as number | bigint);

const clamp = (value: bigint, lo: bigint, hi: bigint): bigint => (value < lo ? lo : value > hi ? hi : value);

/** Intervals of every tensor, by id. Errors: GRAPH_MALFORMED where a node reads a tensor that nothing has written. */
export function analyseRanges(graph: IntegerGraph, bounds: InputBounds): Intervals[] {
  const known: Intervals[] = [];
  const read = (id: TensorId): Intervals => {
    const intervals = known[id];
    if (intervals === undefined)
      throw new VerigradError("GRAPH_MALFORMED", `tensor ${id} is read before it is written`);
    return intervals;
  };
  for (const port of graph.inputs) {
    const size = sizeOf(port.spec.shape);
    const [lo, hi] = bounds(port.spec);
    known[port.tensor] = { lo: new Array<bigint>(size).fill(lo), hi: new Array<bigint>(size).fill(hi) };
  }
  for (const node of graph.nodes) {
    known[node.output] = nodeIntervals(node, read, (id) => graph.tensors[id] as GraphTensor);
  }
  for (const port of graph.outputs) read(port.tensor);
  return known;
}

/** Axes of a convolution, and of its input. Errors: GRAPH_MALFORMED. */
export const convolutionAxes = (node: ConvolutionNode, input: readonly number[]) =>
  windowOf(node, input.slice(2), node.weights.shape.slice(2), node);

/** Sizes of a matrix product; `batch` counts products. */
export function matMulSizes(a: readonly number[], b: readonly number[]) {
  const [rows, inner] = a.slice(-2) as [number, number];
  return { batch: sizeOf(a.slice(0, -2)), rows, inner, columns: b.at(-1) as number };
}

type Term = readonly [factor: bigint, operand: Intervals, index: number];

/** Every sum of a convolution in the order of its output: its channel, and its terms without those of padding. */
function* convolutionSums(node: ConvolutionNode, x: Intervals, shape: readonly number[]): Generator<[number, Term[]]> {
  const axes = convolutionAxes(node, shape);
  const [outs, ins] = node.weights.shape as [number, number];
  const inner = sizeOf(node.weights.shape.slice(1));
  const positions = sizeOf(axes.map((axis) => axis.output));
  const inputSize = sizeOf(shape.slice(2));
  // The patch holds which value of x each tap meets: its index + 1, or 0 for padding.
  const places = Float64Array.from({ length: x.lo.length }, (_, i) => i + 1);
  const patch = { values: new Float64Array(inner), at: 0, stride: 1 };
  for (let row = 0; row < (shape[0] as number) * outs; row++) {
    const m = row % outs;
    const channel = (((row - m) / outs) * node.group + Math.floor(m / (outs / node.group))) * ins;
    for (let p = 0; p < positions; p++) {
      fillPatches(patch, places, channel * inputSize, ins, axes, p, 1);
      const terms: Term[] = [];
      patch.values.forEach((place, k) => {
        if (place > 0) terms.push([constantAt(node.weights, m * inner + k), x, place - 1]);
      });
      yield [m, terms];
    }
  }
}

/** Intervals of a matrix product: each product on its own. */
function matMulIntervals(a: Intervals, b: Intervals, sizes: ReturnType<typeof matMulSizes>): Intervals {
  const { batch, rows, inner, columns } = sizes;
  const lo = new Array<bigint>(batch * rows * columns).fill(0n);
  const hi = [...lo];
  for (let i = 0; i < lo.length; i++) {
    const row = Math.floor(i / columns);
    const first = Math.floor(row / rows) * inner;
    for (let k = 0; k < inner; k++) {
      const product = productRange(at(a, row * inner + k), at(b, (first + k) * columns + (i % columns)));
      lo[i] = (lo[i] as bigint) + product.lo;
      hi[i] = (hi[i] as bigint) + product.hi;
    }
  }
  return { lo, hi };
}

const at = ({ lo, hi }: Intervals, i: number): { lo: bigint; hi: bigint } => ({
  lo: lo[i] as bigint,
  hi: hi[i] as bigint,
});

/** x[0], x[1], .. of all operands, one after the other. */
const concatenated = (operands: readonly Intervals[]): Intervals => ({
  lo: operands.flatMap((x) => x.lo),
  hi: operands.flatMap((x) => x.hi),
});

function nodeIntervals(
  node: GraphNode,
  read: (id: TensorId) => Intervals,
  tensorOf: (id: TensorId) => GraphTensor,
): Intervals {
  const shapeOf = (id: TensorId): readonly number[] => tensorOf(id).shape;
  const size = sizeOf(shapeOf(node.output));
  const lo: bigint[] = [];
  const hi: bigint[] = [];
  /** Appends the interval of sum_k factors(k) * operand(k) + constant. */
  const pushSum = (terms: Iterable<Term>, constant: bigint): void => {
    let least = constant;
    let most = constant;
    for (const [factor, operand, i] of terms) {
      const a = factor * (operand.lo[i] as bigint);
      const b = factor * (operand.hi[i] as bigint);
      least += a < b ? a : b;
      most += a < b ? b : a;
    }
    lo.push(least);
    hi.push(most);
  };
  switch (node.op) {
    case "fullyConnected": {
      const x = read(node.input);
      const inputs = node.weights.shape[1] as number;
      const outputs = node.weights.shape[0] as number;
      for (let i = 0; i < size; i++) {
        const o = i % outputs;
        const first = ((i - o) / outputs) * inputs;
        const terms = Array.from(
          { length: inputs },
          (_, j) => [constantAt(node.weights, o * inputs + j), x, first + j] as const,
        );
        pushSum(terms, constantAt(node.bias, o));
      }
      return { lo, hi };
    }
    case "convolution": {
      for (const [m, terms] of convolutionSums(node, read(node.input), shapeOf(node.input)))
        pushSum(terms, constantAt(node.bias, m));
      return { lo, hi };
    }
    case "multiply": {
      const [a, b] = [read(node.a), read(node.b)];
      for (let i = 0; i < size; i++) {
        const product = productRange(at(a, a.lo.length === 1 ? 0 : i), at(b, b.lo.length === 1 ? 0 : i));
        // A square is never negative: the two factors are one wire, not two that have the same interval.
        lo.push(node.a === node.b && product.lo < 0n ? 0n : product.lo);
        hi.push(product.hi);
      }
      return { lo, hi };
    }
    case "matMul":
      return matMulIntervals(read(node.a), read(node.b), matMulSizes(shapeOf(node.a), shapeOf(node.b)));
    case "weightedSum": {
      const operands = node.inputs.map(read);
      for (let i = 0; i < size; i++) {
        const terms = operands.map((x, k) => [node.multipliers[k] as bigint, x, x.lo.length === 1 ? 0 : i] as const);
        pushSum(terms, constantAt(node.constant, i));
      }
      return { lo, hi };
    }
    case "requantize": {
      const z = read(node.input);
      const bound = (v: bigint): bigint => clamp(roundShift(v, node.shift), node.lo, node.hi);
      return { lo: z.lo.map(bound), hi: z.hi.map(bound) };
    }
    case "step": {
      const x = read(node.input);
      const bound = (v: bigint): bigint => (v >= 0n ? 1n : 0n);
      return { lo: x.lo.map(bound), hi: x.hi.map(bound) };
    }
    case "isZero": {
      const x = read(node.input);
      return {
        lo: x.lo.map((v, i) => (v === 0n && x.hi[i] === 0n ? 1n : 0n)),
        hi: x.lo.map((v, i) => (v <= 0n && (x.hi[i] as bigint) >= 0n ? 1n : 0n)),
      };
    }
    case "maximum":
    case "minimum": {
      const [a, b] = [read(node.a), read(node.b)];
      const pick = node.op === "maximum" ? max : min;
      for (let i = 0; i < size; i++) {
        const [ai, bi] = [at(a, a.lo.length === 1 ? 0 : i), at(b, b.lo.length === 1 ? 0 : i)];
        lo.push(pick(ai.lo, bi.lo));
        hi.push(pick(ai.hi, bi.hi));
      }
      return { lo, hi };
    }
    case "gather": {
      const x = concatenated(node.inputs.map(read));
      for (const index of node.indices.values) {
        lo.push(Number(index) === -1 ? node.fill : at(x, Number(index)).lo);
        hi.push(Number(index) === -1 ? node.fill : at(x, Number(index)).hi);
      }
      return { lo, hi };
    }
    case "reshape":
      return read(node.input);
    case "table":
      return tableIntervals(node, tensorOf(node.input).lo, read(node.input));
  }
}

/** Intervals of look-ups: the least and greatest entry that each operand may meet. */
function tableIntervals(node: TableNode, least: bigint, x: Intervals): Intervals {
  const known = new Map<string, { lo: bigint; hi: bigint }>(); // most operands have the same interval
  const each = x.lo.map((lo, i) => {
    const hi = x.hi[i] as bigint;
    const found = known.get(`${lo} ${hi}`) ?? entriesOf(node, least, lo, hi);
    known.set(`${lo} ${hi}`, found);
    return found;
  });
  return { lo: each.map(({ lo }) => lo), hi: each.map(({ hi }) => hi) };
}

/** Least and greatest entry for operands from `from` to `to`; what lies beyond the table gives its nearer end. */
function entriesOf({ values: { values } }: TableNode, least: bigint, from: bigint, to: bigint) {
  const last = BigInt(values.length - 1);
  const [first, end] = [clamp(from - least, 0n, last), clamp(to - least, 0n, last)];
  return constantRange({ values: values.slice(Number(first), Number(end) + 1) });
}
