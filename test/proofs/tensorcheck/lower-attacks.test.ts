// SPDX-License-Identifier: GPL-3.0-or-later
// What a dishonest prover may commit to: every cell of every column changed, wrong tensors with a consistent rest, garbage
// in pads. Sizes without pads, so that every cell is real, unless a test is about pads.
import { expect } from "chai";
import { newGraphBuilder, type GraphBuilder } from "../../../verifier/graph/builder.ts";
import { makeConstant } from "../../../verifier/graph/constants.ts";
import { executeTrace, type Values } from "../../../verifier/graph/execute.ts";
import { definitionOf, operandsOf, OPS } from "../../../verifier/graph/nodes/registry.ts";
import { toDoubles, toIntegers } from "../../../verifier/graph/nodes/arithmetic.ts";
import type { GraphTensor, IntegerGraph, TensorId } from "../../../verifier/graph/types.ts";
import { lowerGraph } from "../../../verifier/proofs/tensorcheck/lower/index.ts";
import type { Cells, Column } from "../../../verifier/proofs/tensorcheck/program.ts";
import { sizeOf } from "../../../verifier/tensor/spec.ts";
import { integers } from "../../helpers/circuit-models.ts";
import { failuresOf } from "./ideal.ts";

const FROM = { from: ["node"] };

/** A graph of one node of interest between columns: operands are requantized inputs, results are requantized. */
class Sketch {
  readonly builder: GraphBuilder = newGraphBuilder();
  private readonly draw = integers(11);

  input(shape: readonly number[]): TensorId {
    return this.builder.addInput(`in ${shape}`, { shape, type: "i8", exponent: 0, lo: -100, hi: 100 });
  }

  private get name(): string {
    return `t${this.builder.tensors.length}`;
  }

  requantize(input: TensorId, shift = 1, lo = -(2n ** 40n), hi = 2n ** 40n): TensorId {
    const { exponent } = this.builder.tensors[input] as GraphTensor;
    const node = { kind: "lookup", op: "requantize", ...FROM, input, shift, lo, hi } as const;
    return this.builder.addNode(node, { name: this.name, exponent: exponent - shift });
  }

  add(node: Parameters<GraphBuilder["addNode"]>[0], shape: readonly number[] = []): TensorId {
    const exponents = operandsOf({ ...node, output: 0 }).map(
      (id) => (this.builder.tensors[id] as GraphTensor).exponent,
    );
    const [first = 0, second = 0] = exponents;
    const exponent = node.kind === "bilinear" ? first + second : node.op === "step" || node.op === "isZero" ? 0 : first;
    return this.builder.addNode(node, { name: this.name, exponent, shape });
  }

  constant(shape: readonly number[], bound = 20) {
    return makeConstant(
      shape,
      Array.from({ length: sizeOf(shape) }, () => this.draw(-bound, bound)),
    );
  }

  finish(...tensors: readonly TensorId[]): IntegerGraph {
    return this.builder.finish(tensors.map((tensor, i) => ({ name: `out ${i}`, tensor, type: "i32" })));
  }
}

const graphOf = (
  shape: readonly number[],
  make: (sketch: Sketch, x: TensorId) => readonly TensorId[],
): IntegerGraph => {
  const sketch = new Sketch();
  const x = sketch.requantize(sketch.input(shape));
  return sketch.finish(...make(sketch, x));
};
const dense = (s: Sketch, input: TensorId, outs: number): TensorId => {
  const ins = (s.builder.tensors[input] as GraphTensor).shape.at(-1) as number;
  const [weights, bias] = [s.constant([outs, ins]), s.constant([outs])];
  return s.add({ kind: "linear", op: "fullyConnected", ...FROM, input, weights, bias });
};
const gather = (s: Sketch, input: TensorId, shape: readonly number[], indices: readonly number[]): TensorId =>
  s.add({
    kind: "index",
    op: "gather",
    ...FROM,
    inputs: [input],
    indices: makeConstant(shape, indices),
    fill: indices.includes(-1) ? 3n : 0n,
  });

const CASES: Readonly<Record<string, () => IntegerGraph>> = {
  "fullyConnected, requantize": () => graphOf([2, 4], (s, x) => [s.requantize(dense(s, x, 4), 4)]),
  "requantize that saturates": () => graphOf([2, 4], (s, x) => [s.requantize(dense(s, x, 4), 4, 0n, 7n)]),
  "requantize that saturates on both sides": () =>
    graphOf([2, 4], (s, x) => [s.requantize(dense(s, x, 4), 2, -9n, 6n)]),
  "requantize to a whole block": () => graphOf([2, 4], (s, x) => [s.requantize(dense(s, x, 4), 1, -128n, 127n)]),
  "requantize, table": () =>
    graphOf([2, 4], (s, x) => {
      const input = s.requantize(dense(s, x, 4), 2, -7n, 8n);
      return [s.add({ kind: "lookup", op: "table", ...FROM, input, values: s.constant([16], 1000) })];
    }),
  "requantize by signs": () => graphOf([2, 4], (s, x) => [s.requantize(dense(s, x, 4), 1, -700n, 900n)]),
  "requantize of a column without shift": () => graphOf([2, 4], (s, x) => [s.requantize(x, 0, -5n, 9n)]),
  weightedSum: () =>
    graphOf([2, 4], (s, x) => {
      const constant = s.constant([2, 4]);
      const z = s.add({ kind: "linear", op: "weightedSum", ...FROM, inputs: [x, x], multipliers: [3n, -5n], constant });
      return [s.requantize(z), s.requantize(z, 2)];
    }),
  convolution: () =>
    graphOf([1, 4, 4, 4], (s, input) => {
      const weights = s.constant([4, 2, 3, 1]);
      const at = { strides: [1, 2], dilations: [1, 1], pads: [1, 0, 1, 0], group: 2 };
      const bias = s.constant([4]);
      return [s.requantize(s.add({ kind: "linear", op: "convolution", ...FROM, input, weights, bias, ...at }), 3)];
    }),
  "convolution of windows side by side": () =>
    graphOf([1, 2, 4, 4], (s, input) => {
      const at = { strides: [2, 1], dilations: [1, 1], pads: [0, 0, 0, 0], group: 2, bias: null };
      const weights = s.constant([2, 1, 2, 1]);
      return [s.requantize(s.add({ kind: "linear", op: "convolution", ...FROM, input, weights, ...at }), 3)];
    }),
  multiply: () =>
    graphOf([2, 4], (s, a) => [s.requantize(s.add({ kind: "bilinear", op: "multiply", ...FROM, a, b: a }), 3)]),
  matMul: () =>
    graphOf([2, 2, 2], (s, a) => {
      const b = s.requantize(a, 1);
      return [s.requantize(s.add({ kind: "bilinear", op: "matMul", ...FROM, a, b }), 3)];
    }),
  table: () =>
    graphOf([2, 4], (s, input) => [
      s.add({ kind: "lookup", op: "table", ...FROM, input, values: s.constant([101], 1000) }),
    ]),
  step: () => graphOf([2, 4], (s, input) => [s.add({ kind: "lookup", op: "step", ...FROM, input })]),
  isZero: () => graphOf([2, 4], (s, input) => [s.add({ kind: "lookup", op: "isZero", ...FROM, input })]),
  maximum: () =>
    graphOf([2, 4], (s, a) => [
      s.add({ kind: "lookup", op: "maximum", ...FROM, a, b: gather(s, a, [2, 4], [7, 2, 5, 4, 3, 2, 1, 0]) }),
    ]),
  minimum: () =>
    graphOf([2, 4], (s, a) => [
      s.add({ kind: "lookup", op: "minimum", ...FROM, a, b: gather(s, a, [2, 4], [1, 2, 3, 0, 5, 6, 7, 4]) }),
    ]),
  "gather that transposes": () =>
    graphOf([2, 4], (s, x) => [s.requantize(gather(s, x, [4, 2], [0, 4, 1, 5, 2, 6, 3, 7]))]),
  "gather by sums": () => graphOf([2, 4], (s, x) => [s.requantize(gather(s, x, [2, 4], [-1, 3, 0, 1, -1, 7, 4, 5]))]),
  "gather by look-up": () =>
    graphOf([2, 4], (s, x) => [s.requantize(gather(s, x, [2, 4], [7, -1, 0, 5, 5, 1, -1, 3]))]),
  "reshape across a layout": () =>
    graphOf([4, 3], (s, x) => {
      const input = s.add({ kind: "index", op: "reshape", ...FROM, input: x }, [2, 6]);
      return [s.requantize(dense(s, input, 2), 3)];
    }),
};

/** Executes the nodes after node k again, the tensors before and its own being given. */
function continueFrom(graph: IntegerGraph, trace: readonly Values[], k: number): Values[] {
  const tensors = trace.slice();
  graph.nodes.slice(k + 1).forEach((node) => {
    const ids = operandsOf(node);
    const around = {
      operands: ids.map((id) => graph.tensors[id] as GraphTensor),
      output: graph.tensors[node.output] as GraphTensor,
    };
    const operands = ids.map((id) => toIntegers(tensors[id] as Values));
    tensors[node.output] = toDoubles(definitionOf(node).evaluateExact(node, operands, around));
  });
  return tensors;
}

const inputsOf = (graph: IntegerGraph, seed: number): Float64Array[] => {
  const draw = integers(seed);
  return graph.inputs.map(({ spec }) => Float64Array.from({ length: sizeOf(spec.shape) }, () => draw(-100, 100)));
};
const outputsOf = (graph: IntegerGraph, trace: readonly Values[]) =>
  graph.outputs.map(({ tensor }) => trace[tensor] as Float64Array);

/** A column with one cell changed. */
function changed(cells: ReadonlyMap<Column, Cells>, column: Column, at: number, by: bigint): Map<Column, Cells> {
  const values = Array.from(cells.get(column) as ArrayLike<number | bigint>, BigInt);
  values[at] = (values[at] as bigint) + by;
  return new Map(cells).set(column, values);
}

describe("tensorcheck: dishonest witnesses", () => {
  it("of every op that a graph can have", () => {
    const ops = new Set(Object.values(CASES).flatMap((make) => make().nodes.map(({ op }) => op)));
    expect([...ops].sort()).to.deep.equal([...OPS].sort());
  });

  for (const [name, make] of Object.entries(CASES))
    for (const tableBits of [4, 7])
      it(`${name}, tables of ${tableBits} bits`, () => {
        const graph = make();
        const program = lowerGraph(graph, { tableBits });
        const inputs = inputsOf(graph, 5);
        const trace = executeTrace(graph, inputs);
        const cells = program.witness(trace);
        const outputs = outputsOf(graph, trace);
        expect(failuresOf(program, { cells, inputs, outputs })).to.deep.equal([]);

        const draw = integers(name.length);
        for (const [number, [column, values]] of [...cells].entries()) {
          // Of 0 any number is as good an inverse.
          if (column.name.includes("inverse")) continue;
          // Where a size has pads, they are the last cells.
          const by = [1n, -1n, 2n ** 20n][number % 3] as bigint;
          const at = name.startsWith("reshape") ? 0 : draw(0, values.length - 1);
          const failures = failuresOf(program, { cells: changed(cells, column, at, by), inputs, outputs });
          expect(failures, `${column.name}[${at}] + ${by}`).not.to.deep.equal([]);
        }

        graph.nodes.forEach((node, k) => {
          const { lo, hi } = graph.tensors[node.output] as GraphTensor;
          const wrong = Float64Array.from(trace[node.output] as Float64Array);
          if (lo === hi) return;
          wrong[0] = (wrong[0] as number) + (BigInt(wrong[0] as number) < hi ? 1 : -1);
          const lie = continueFrom(graph, Object.assign(trace.slice(), { [node.output]: wrong }), k);
          const claimed = outputsOf(graph, lie);
          const failures = failuresOf(program, { cells: program.witness(lie), inputs, outputs: claimed });
          expect(failures, `wrong output of node ${k} (${node.op})`).not.to.deep.equal([]);
        });
      });

  it("a remainder that is a whole step too large, with the quotient that fits it", () => {
    const graph = (CASES["requantize that saturates"] as () => IntegerGraph)();
    const program = lowerGraph(graph, { tableBits: 12 });
    const inputs = inputsOf(graph, 5);
    const trace = executeTrace(graph, inputs);
    const cells = program.witness(trace);
    const find = (part: string): Column => [...cells.keys()].find(({ name }) => name.endsWith(part)) as Column;
    const [remainder, quotient, counts] = [find("remainder"), find("quotient"), find("multiplicities")];
    // A cell whose result is clamped, so that the smaller quotient has the same.
    const at = Array.from(
      cells.get([...cells.keys()].find(({ name }) => name === "t3") as Column) as Float64Array,
    ).indexOf(0);
    expect(at).to.be.greaterThan(-1);
    const v = Number((cells.get(quotient) as Float64Array)[at]);
    let lie = changed(changed(cells, remainder, at, 16n), quotient, at, -1n);
    // The function's rows come first.
    lie = changed(changed(lie, counts, v, -1n), counts, v - 1, 1n);
    const failures = failuresOf(program, { cells: lie, inputs, outputs: outputsOf(graph, trace) });
    expect(failures).to.deep.equal(["look-ups", "sum"]);
  });

  const PADDED: Readonly<Record<string, () => IntegerGraph>> = {
    fullyConnected: () => graphOf([2, 3], (s, x) => [s.requantize(dense(s, x, 3), 4)]),
    matMul: () =>
      graphOf([2, 3], (s, x) => {
        const b = gather(s, x, [3, 2], [0, 3, 1, 4, 2, 5]);
        return [s.requantize(s.add({ kind: "bilinear", op: "matMul", ...FROM, a: x, b }), 4)];
      }),
    convolution: () =>
      graphOf([1, 3, 3], (s, input) => {
        const at = { strides: [1], dilations: [1], pads: [1, 1], group: 1, bias: null };
        const weights = s.constant([2, 3, 2]);
        return [s.requantize(s.add({ kind: "linear", op: "convolution", ...FROM, input, weights, ...at }), 3)];
      }),
    "convolution of windows side by side": () =>
      graphOf([1, 2, 2, 3], (s, input) => {
        const at = { strides: [2, 1], dilations: [1, 1], pads: [0, 0, 0, 0], group: 2, bias: null };
        const weights = s.constant([2, 1, 2, 2]);
        return [s.requantize(s.add({ kind: "linear", op: "convolution", ...FROM, input, weights, ...at }), 3)];
      }),
    "gather by sums": () => graphOf([3], (s, x) => [s.requantize(gather(s, x, [4], [2, -1, 0, 0]))]),
    "gather by look-up": () => graphOf([2, 3], (s, x) => [s.requantize(gather(s, x, [8], [5, -1, 0, 4, 4, 1, -1, 2]))]),
    "reshape across a layout": () =>
      graphOf([4, 3], (s, x) => {
        const input = s.add({ kind: "index", op: "reshape", ...FROM, input: x }, [2, 6]);
        return [s.requantize(dense(s, input, 2), 3)];
      }),
    // Read twice, so that it is a column.
    table: () =>
      graphOf([3], (s, x) => [
        s.add({ kind: "lookup", op: "table", ...FROM, input: x, values: s.constant([101]) }),
        s.requantize(x, 2),
      ]),
  };
  for (const [name, make] of Object.entries(PADDED))
    it(`garbage in pads changes nothing: ${name}`, () => {
      const graph = make();
      const program = lowerGraph(graph, { tableBits: 8 });
      const inputs = inputsOf(graph, 6);
      const trace = executeTrace(graph, inputs);
      const cells = program.witness(trace);
      const outputs = outputsOf(graph, trace);
      // The operand: in its pads no equation holds it, since the look-ups that pin it count real cells only.
      const operand = [...cells.keys()].find(({ name: of }) => of === "t1") as Column;
      const axis = (graph.tensors[1] as GraphTensor).shape.at(-1) as number;
      const garbage = Array.from(cells.get(operand) as ArrayLike<number>, (v, i) => (i % 4 < axis ? v : 1000 + i));
      expect(garbage).not.to.deep.equal(Array.from(cells.get(operand) as ArrayLike<number>));
      const lie = new Map(cells).set(operand, Float64Array.from(garbage));
      expect(failuresOf(program, { cells: lie, inputs, outputs })).to.deep.equal([]);
    });
});
