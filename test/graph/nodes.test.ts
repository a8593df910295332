// SPDX-License-Identifier: GPL-3.0-or-later
// Each op at its edges: values by hand, ranges that are reached, and drafts that are refused.
import { expect } from "chai";
import { newGraphBuilder, type NodeDraft } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { circuitRefusals } from "../../verifier/proofs/groth16/emit.ts";
import type { ConvolutionNode, GraphTensor } from "../../verifier/graph/types.ts";
import { sizeOf } from "../../verifier/tensor/spec.ts";
import { codeOf } from "./codes.ts";
import { fullGraph } from "./full-graph.ts";

interface Input {
  readonly shape: readonly number[];
  readonly lo: number;
  readonly hi: number;
  readonly exponent?: number;
}

const from = ["node"];

/** A graph of one node over these inputs: its output tensor, and how to run it. */
function single(inputs: readonly Input[], draft: NodeDraft, exponent = 0, shape: readonly number[] = []) {
  const builder = newGraphBuilder();
  inputs.forEach((input, i) => builder.addInput(`x${i}`, { type: "i32", exponent: 0, ...input }));
  const tensor = builder.addNode(draft, { name: "y", exponent, shape });
  const graph = builder.finish([{ name: "y", tensor, type: "i32" }]);
  const { lo, hi, shape: derived } = graph.tensors[inputs.length] as GraphTensor;
  return { shape: derived, lo, hi, run: (...values: number[][]) => [...(execute(graph, values)[0] ?? [])] };
}

const refused = (inputs: readonly Input[], draft: NodeDraft, exponent = 0): string =>
  codeOf(() => single(inputs, draft, exponent));

type Convolution = Omit<ConvolutionNode, "output">;
const convolution = (
  weights: readonly number[],
  shape: readonly number[],
  more: Partial<Convolution> = {},
): Convolution => {
  const rank = shape.length - 2;
  const ones = new Array<number>(rank).fill(1);
  const pads = new Array<number>(2 * rank).fill(0);
  const constant = makeConstant(shape, weights);
  return {
    kind: "linear",
    op: "convolution",
    from,
    input: 0,
    weights: constant,
    bias: null,
    strides: ones,
    dilations: ones,
    pads,
    group: 1,
    ...more,
  };
};

describe("graph/nodes: convolution", () => {
  const line = { shape: [1, 1, 4], lo: -10, hi: 10 };
  const values = [1, 2, 3, 4];

  it("one axis: stride, dilation, pads at either end", () => {
    const [w, shape] = [
      [1, 10],
      [1, 1, 2],
    ];
    expect(single([line], convolution(w, shape)).run(values)).to.deep.equal([21, 32, 43]);
    expect(single([line], convolution(w, shape, { strides: [2] })).run(values)).to.deep.equal([21, 43]);
    expect(single([line], convolution(w, shape, { dilations: [3] })).run(values)).to.deep.equal([41]);
    expect(single([line], convolution(w, shape, { pads: [1, 0] })).run(values)).to.deep.equal([10, 21, 32, 43]);
    expect(single([line], convolution(w, shape, { pads: [0, 1] })).run(values)).to.deep.equal([21, 32, 43, 4]);
  });

  it("two and three axes", () => {
    const plane = { shape: [1, 1, 2, 2], lo: -10, hi: 10 };
    const ring = convolution([1, 10, 100, 1000], [1, 1, 2, 2], { pads: [1, 0, 0, 1] });
    expect(single([plane], ring).run([1, 2, 3, 4])).to.deep.equal([2100, 200, 4321, 402]);
    const cube = { shape: [1, 1, 2, 1, 2], lo: -10, hi: 10 };
    const draft = convolution([1, 10, 100, 1000], [1, 1, 2, 1, 2]);
    expect(single([cube], draft).run([1, 2, 3, 4])).to.deep.equal([4321]);
  });

  it("groups keep channels apart, also in a batch", () => {
    const input = { shape: [2, 2, 2], lo: -10, hi: 10 };
    const draft = convolution([1, 2, 3, 4, 5, 6, 7, 8], [4, 1, 2], { group: 2 });
    const got = single([input], draft);
    expect(got.shape).to.deep.equal([2, 4, 1]);
    expect(got.run([1, 2, 3, 4, 5, 6, 7, 8])).to.deep.equal([5, 11, 39, 53, 17, 39, 83, 113]);
  });

  it("z = bias where all is padding: pads larger than the kernel", () => {
    const draft = convolution([5, 7], [1, 1, 2], { pads: [3, 3], bias: makeConstant([1], [-9]) });
    const got = single([{ shape: [1, 1, 1], lo: 2, hi: 3 }], draft);
    expect(got.run([2])).to.deep.equal([-9, -9, 5, 1, -9, -9]);
    expect([got.lo, got.hi]).to.deep.equal([-9n, 27n]); // -9 is reached; 27 = 3 * (5 + 7) - 9 bounds each tap on its own
  });

  it("the bound holds where padding drops a term that could not be 0: an input that is never 0", () => {
    // Without the padded positions the range would be [3 * (9 - 4), ..]: the first tap alone gives 3 * -4.
    const draft = convolution([9, -4], [1, 1, 2], { pads: [1, 0] });
    const got = single([{ shape: [1, 1, 2], lo: 3, hi: 5 }], draft);
    expect(got.run([5, 3])).to.deep.equal([-20, 33]);
    expect(got.lo <= -20n && got.hi >= 33n).to.equal(true);
    expect(got.lo).to.equal(-20n);
  });

  it("all-negative inputs; taps that only ever meet padding count for nothing", () => {
    const draft = convolution([1000, 2, 1000], [1, 1, 3], { pads: [1, 1] });
    const got = single([{ shape: [1, 1, 1], lo: -8, hi: -3 }], draft);
    expect([got.lo, got.hi]).to.deep.equal([-16n, -6n]);
    expect(got.run([-8])).to.deep.equal([-16]);
  });

  it("refuses what does not fit", () => {
    const w = [1, 1, 2];
    const refusedWith = (more: Partial<Convolution>, shape = w, input: Input = line): void => {
      const draft = convolution(new Array<number>(sizeOf(shape)).fill(1), shape, more);
      expect(refused([input], draft), JSON.stringify({ ...more, shape })).to.equal("GRAPH_MALFORMED");
    };
    refusedWith({}, [1, 1, 5]); // window larger than the input
    refusedWith({ dilations: [4] });
    refusedWith({ pads: [1] });
    refusedWith({ pads: [-1, 0] });
    refusedWith({ pads: [0.5, 0] });
    refusedWith({ pads: [2 ** 25, 0] });
    refusedWith({ strides: [0] });
    refusedWith({ strides: [] });
    refusedWith({ dilations: [0] });
    refusedWith({ group: 0 });
    refusedWith({ group: 2 });
    refusedWith({ group: NaN });
    refusedWith({}, [1, 2, 2]);
    refusedWith({}, [1, 1, 1, 2]);
    refusedWith({ bias: makeConstant([2], [1, 1]) });
    refusedWith({}, [1, 4], { ...line, shape: [1, 4] });
    refusedWith({}, [1, 1, 1, 1, 1, 1], { ...line, shape: [1, 1, 1, 1, 1, 1] });
  });
});

describe("graph/nodes: bilinear", () => {
  const multiply = { kind: "bilinear", op: "multiply", from, a: 0, b: 1 } as const;
  const matMul = { kind: "bilinear", op: "matMul", from, a: 0, b: 1 } as const;
  const x = (shape: number[], lo: number, hi: number, exponent = 0): Input => ({ shape, lo, hi, exponent });

  it("multiply: the corners are reached; exponents add up; a single value meets all", () => {
    const got = single([x([2], -3, 5, 4), x([2], -7, 2, 3)], multiply, 7);
    expect([got.lo, got.hi]).to.deep.equal([-35n, 21n]);
    expect(got.run([5, -3], [-7, -7])).to.deep.equal([-35, 21]);
    expect(single([x([1], -3, 5), x([1, 3], 0, 9)], multiply).run([-2], [0, 1, 9])).to.deep.equal([0, -2, -18]);
    expect(refused([x([2], 0, 1, 4), x([2], 0, 1, 3)], multiply, 6)).to.equal("GRAPH_MALFORMED");
    expect(refused([x([2], 0, 1), x([2, 1], 0, 1)], multiply)).to.equal("GRAPH_MALFORMED");
  });

  it("multiply: a square is never negative, and tight on either side of 0", () => {
    const square = { ...multiply, b: 0 };
    const rangeOf = (lo: number, hi: number) => {
      const got = single([x([1], lo, hi)], square);
      return [Number(got.lo), Number(got.hi)];
    };
    expect(rangeOf(-3, 5)).to.deep.equal([0, 25]);
    expect(rangeOf(-5, 0)).to.deep.equal([0, 25]);
    expect(rangeOf(2, 5)).to.deep.equal([4, 25]);
    expect(rangeOf(-5, -2)).to.deep.equal([4, 25]);
  });

  it("has no negative zero", () => {
    expect(Object.is(single([x([1], -1, 1), x([1], -1, 1)], multiply).run([0], [-1])[0], 0)).to.equal(true);
  });

  it("matMul: batches, few and many columns; the bound is reached", () => {
    const got = single([x([2, 1, 2], -3, 5), x([2, 2, 1], -7, 2)], matMul);
    expect([got.lo, got.hi, got.shape]).to.deep.equal([-70n, 42n, [2, 1, 1]]);
    expect(got.run([5, 5, -3, -3], [-7, -7, -7, -7])).to.deep.equal([-70, 42]);
    const identity = Array.from({ length: 400 }, (_, i) => (i % 21 === 0 ? 1 : 0));
    const row = Array.from({ length: 20 }, (_, i) => i - 3);
    expect(single([x([1, 20], -9, 20), x([20, 20], 0, 1)], matMul).run(row, identity)).to.deep.equal(row);
  });

  it("matMul refuses what does not multiply", () => {
    for (const [a, b] of [
      [[2], [2]],
      [
        [1, 2],
        [3, 1],
      ],
      [
        [2, 1, 2],
        [3, 2, 1],
      ],
      [
        [1, 2],
        [1, 2, 1],
      ],
    ] as const)
      expect(refused([x([...a], 0, 1), x([...b], 0, 1)], matMul), `${a} x ${b}`).to.equal("GRAPH_MALFORMED");
  });

  it("refuses products above 2^62", () => {
    const wide = { shape: [1, 2], lo: -(2 ** 31), hi: 2 ** 31 - 1 };
    expect(refused([wide, { ...wide, shape: [2, 1] }], matMul)).to.equal("GRAPH_ACCUMULATOR_OVERFLOW");
  });
});

describe("graph/nodes: look-ups", () => {
  const x = (lo: number, hi: number): Input => ({ shape: [3], lo, hi });
  const table = (values: readonly (number | bigint)[]): NodeDraft => {
    const constant = makeConstant([values.length], values.map(BigInt));
    return { kind: "lookup", op: "table", from, input: 0, values: constant };
  };

  it("table: both ends, negative operands, an exponent of its own", () => {
    const got = single([x(-2, 1)], table([40, -7, 0, 9]), -5);
    expect([got.lo, got.hi]).to.deep.equal([-7n, 40n]);
    expect(got.run([-2, -1, 1])).to.deep.equal([40, -7, 9]);
    expect(single([x(-9, -8)], table([1, 2])).run([-9, -8, -9])).to.deep.equal([1, 2, 1]);
  });

  it("table: one entry for each value of the operand, at most 2^16 of them", () => {
    expect(refused([x(0, 2)], table([1, 2]))).to.equal("GRAPH_MALFORMED");
    expect(refused([x(0, 2)], table([1, 2, 3, 4]))).to.equal("GRAPH_MALFORMED");
    const all = Array.from({ length: 2 ** 16 + 1 }, (_, i) => i % 7);
    expect(single([x(0, 2 ** 16 - 1)], table(all.slice(1))).run([0, 65535, 6])).to.deep.equal([1, 2, 0]);
    expect(refused([x(0, 2 ** 16)], table(all))).to.equal("GRAPH_MALFORMED");
    const square: NodeDraft = { kind: "lookup", op: "table", from, input: 0, values: makeConstant([1, 2], [1, 2]) };
    expect(refused([x(0, 1)], square)).to.equal("GRAPH_MALFORMED");
    expect(refused([x(0, 1)], table([0, 2n ** 62n + 1n]))).to.equal("GRAPH_ACCUMULATOR_OVERFLOW");
  });

  it("step and isZero around 0, with the ranges that the operand leaves", () => {
    for (const op of ["step", "isZero"] as const) {
      const draft = { kind: "lookup", op, from, input: 0 } as const;
      expect(single([x(-5, 5)], draft).run([-1, 0, 1]), op).to.deep.equal(op === "step" ? [0, 1, 1] : [0, 1, 0]);
      const rangeOf = (lo: number, hi: number): string => {
        const got = single([x(lo, hi)], draft);
        return `${got.lo}..${got.hi}`;
      };
      expect([rangeOf(-5, -1), rangeOf(-5, 0), rangeOf(0, 5), rangeOf(1, 5)], op).to.deep.equal(
        op === "step" ? ["0..0", "0..1", "1..1", "1..1"] : ["0..0", "0..1", "0..1", "0..0"],
      );
      expect(refused([x(-5, 5)], draft, 1), op).to.equal("GRAPH_MALFORMED"); // its exponent is 0
    }
  });

  it("maximum and minimum: ties, a single value against many, the range of the ends", () => {
    const pair = (lo: number, hi: number, l: number, h: number) => [x(lo, hi), { ...x(l, h), shape: [1] }];
    const draft = (op: "maximum" | "minimum", a = 0, b = 1): NodeDraft => ({ kind: "lookup", op, from, a, b });
    const most = single(pair(-5, 5, -2, 9), draft("maximum"));
    expect([most.lo, most.hi, most.shape]).to.deep.equal([-2n, 9n, [3]]);
    expect(most.run([-5, 0, 5], [0])).to.deep.equal([0, 0, 5]);
    const least = single(pair(-5, 5, -2, 9), draft("minimum", 1, 0));
    expect([least.lo, least.hi, least.shape]).to.deep.equal([-5n, 5n, [3]]);
    expect(least.run([-5, 0, 5], [0])).to.deep.equal([-5, 0, 0]);
    expect(single([x(-5, 5)], draft("maximum", 0, 0)).run([-5, 0, 5])).to.deep.equal([-5, 0, 5]);
    expect(refused([x(0, 1), { ...x(0, 1), shape: [2] }], draft("maximum"))).to.equal("GRAPH_MALFORMED");
    expect(refused([x(0, 1), { ...x(0, 1), exponent: 1 }], draft("minimum"))).to.equal("GRAPH_MALFORMED");
    expect(refused([x(0, 1)], draft("maximum"), 1)).to.equal("GRAPH_MALFORMED"); // its exponent is the operands'
  });

  it("requantize: a clamp above 2^53 is exact, although the accumulator is small", () => {
    const builder = newGraphBuilder();
    const input = builder.addInput("x", { type: "i32", exponent: 0, ...x(0, 1) });
    const limit = 2n ** 60n + 1n;
    const big = builder.addNode(
      { kind: "lookup", op: "requantize", from, input, shift: 0, lo: limit, hi: limit },
      { name: "big", exponent: 0 },
    );
    const difference = builder.addNode(
      {
        kind: "linear",
        op: "weightedSum",
        from,
        inputs: [big],
        multipliers: [1n],
        constant: makeConstant([3], [-(2n ** 60n), -(2n ** 60n), -(2n ** 60n)]),
      },
      { name: "difference", exponent: 0 },
    );
    const graph = builder.finish([{ name: "difference", tensor: difference, type: "i8" }]);
    expect([...(execute(graph, [[0, 1, 0]])[0] ?? [])]).to.deep.equal([1, 1, 1]);
  });
});

describe("graph/nodes: gather", () => {
  const x = (lo: number, hi: number, exponent = 0): Input => ({ shape: [2, 2], lo, hi, exponent });
  const gather = (inputs: number[], shape: number[], indices: number[], fill = 0n): NodeDraft => {
    return { kind: "index", op: "gather", from, inputs, indices: makeConstant(shape, indices), fill };
  };

  it("transposes, concatenates, pads and repeats; the range is of what is read", () => {
    expect(single([x(0, 9)], gather([0], [2, 2], [0, 2, 1, 3])).run([1, 2, 3, 4])).to.deep.equal([1, 3, 2, 4]);
    const got = single([x(0, 9), x(-50, 3)], gather([1, 0], [5], [-1, 7, 0, 4, 4], 77n));
    expect([got.lo, got.hi, got.shape]).to.deep.equal([-50n, 77n, [5]]);
    expect(got.run([1, 2, 3, 4], [-5, -6, -7, -8])).to.deep.equal([77, 4, -5, 1, 1]);
    const one = single([x(0, 9), x(-50, 3)], gather([1, 0], [2], [4, 5]));
    expect([one.lo, one.hi]).to.deep.equal([0n, 9n]); // the first operand is never read
    expect(single([x(2, 9)], gather([0], [2], [-1, -1], -3n)).run([2, 2, 2, 2])).to.deep.equal([-3, -3]);
  });

  it("refuses empty gathers, indices outside, a fill that is not used, mixed exponents", () => {
    expect(codeOf(() => makeConstant([0], []))).to.equal("GRAPH_MALFORMED");
    const malformed = (inputs: Input[], draft: NodeDraft): void =>
      void expect(refused(inputs, draft)).to.equal("GRAPH_MALFORMED");
    malformed([x(0, 9)], gather([], [1], [-1]));
    malformed([x(0, 9)], gather([0], [1], [4]));
    malformed([x(0, 9)], gather([0], [1], [-2]));
    malformed([x(0, 9)], gather([0], [1], [2 ** 40]));
    malformed([x(0, 9)], gather([0], [1], [0], 1n));
    malformed([x(0, 9), x(0, 9, 1)], gather([0, 1], [2], [0, 4]));
    malformed([x(0, 9)], gather([0, 1], [1], [4])); // an operand that is the output itself
    expect(refused([x(0, 9)], gather([0], [1], [-1], 2n ** 62n + 1n))).to.equal("GRAPH_ACCUMULATOR_OVERFLOW");
  });
});

describe("graph/nodes: groth16", () => {
  it("has a circuit for every op", () => {
    expect(circuitRefusals(fullGraph())).to.deep.equal([]);
  });

  it("names the largest node of a circuit that nobody could compile, before it analyses any", () => {
    const builder = newGraphBuilder();
    const x = builder.addInput("x", { shape: [2 ** 9], type: "u16", exponent: 0, lo: 0, hi: 65535 });
    const values = makeConstant([2 ** 16], new Float64Array(2 ** 16).fill(3));
    const y = builder.addNode({ kind: "lookup", op: "table", from, input: x, values }, { name: "y", exponent: 0 });
    const refusals = circuitRefusals(builder.finish([{ name: "y", tensor: y, type: "i8" }]));
    expect(refusals).to.have.length(1);
    expect(refusals[0]).to.include({ node: "node", operator: "table" });
    expect(refusals[0]?.reason).to.match(/^33554432 of the 33554944 terms .* accepted: 2\^23 in all; use tensorcheck$/);
  });

  it("counts the entries of tables over what unpacking admits, not over what the graph declares", () => {
    const size = 2 ** 11;
    const builder = newGraphBuilder();
    const x = builder.addInput("x", { shape: [size], type: "u8", exponent: 0, lo: 0, hi: 4 });
    const multiply = (a: number, b: number): number =>
      builder.addNode({ kind: "bilinear", op: "multiply", from, a, b }, { name: "product", exponent: 0 });
    const square = multiply(x, x);
    const fifth = multiply(multiply(square, square), x); // at most 4^5; unpacked 7^5, which has 15 bits
    const values = makeConstant([4 ** 5 + 1], new Float64Array(4 ** 5 + 1).fill(3));
    const draft: NodeDraft = { kind: "lookup", op: "table", from: ["looked up"], input: fifth, values };
    const y = builder.addNode(draft, { name: "y", exponent: 0 });
    const graph = builder.finish([{ name: "y", tensor: y, type: "i8" }]);
    const total = size * (2 ** 15 + 4);
    expect(circuitRefusals(graph)).to.have.length(1);
    expect(circuitRefusals(graph)[0]).to.include({ node: "looked up", operator: "table" });
    expect(circuitRefusals(graph)[0]?.reason).to.contain(`${size * 2 ** 15} of the ${total} terms`);
    // Committed inputs are checked to their declared end: 11 bits.
    expect(circuitRefusals(graph, "COMMITTED")).to.deep.equal([]);
  });

  it("refuses tables of more than 16 bits, and more tables than the compiler has memory for", () => {
    const pairs = newGraphBuilder();
    const [p, q] = [256, 250].map((hi) => pairs.addInput("x", { shape: [1], type: "u16", exponent: 0, lo: 0, hi })) as [
      number,
      number,
    ];
    const pair = pairs.addNode(
      { kind: "linear", op: "weightedSum", from, inputs: [p, q], multipliers: [251n, 1n], constant: null },
      { name: "pair", exponent: 0 },
    );
    const wide = makeConstant([257 * 251], new Float64Array(257 * 251).fill(3));
    const y = pairs.addNode(
      { kind: "lookup", op: "table", from, input: pair, values: wide },
      { name: "y", exponent: 0 },
    );
    const graph = pairs.finish([{ name: "y", tensor: y, type: "i8" }]); // unpacked, 511 * 251 + 255
    expect(circuitRefusals(graph).map(({ reason }) => reason)).to.deep.equal([
      "its operand may have more than 16 bits where undeclared inputs are unpacked",
    ]);
    expect(circuitRefusals(graph, "COMMITTED")).to.deep.equal([]);

    const tables = (count: number): ReturnType<typeof circuitRefusals> => {
      const builder = newGraphBuilder();
      const x = builder.addInput("x", { shape: [1], type: "u16", exponent: 0, lo: 0, hi: 65535 });
      const values = makeConstant([2 ** 16], new Float64Array(2 ** 16).fill(3));
      const outputs = Array.from({ length: count }, (_, k) => {
        const draft: NodeDraft = { kind: "lookup", op: "table", from, input: x, values };
        return { name: `y${k}`, tensor: builder.addNode(draft, { name: `y${k}`, exponent: 0 }), type: "i8" } as const;
      });
      return circuitRefusals(builder.finish(outputs));
    };
    expect(tables(8)).to.deep.equal([]);
    expect(tables(9)).to.deep.equal([
      {
        node: "node",
        operator: "table",
        reason: "the circuit has 589824 constants (weights, table entries); accepted: 2^19 in all; use tensorcheck",
      },
    ]);
  });
});
