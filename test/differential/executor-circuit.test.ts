// SPDX-License-Identifier: GPL-3.0-or-later
// Executor == circuit: on random graphs and inputs the witness generator confirms the executor's output words, and no
// other words. What a circuit refuses, it refuses by name.
import fc from "fast-check";
import { expect } from "chai";
import { execute, executeTrace } from "../../verifier/graph/execute.ts";
import { newGraphBuilder, type NodeDraft } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import type { GraphTensor, IntegerGraph, TensorId } from "../../verifier/graph/types.ts";
import { compileCircom } from "../../verifier/proofs/groth16/circom.ts";
import { circuitRefusals, emitCircuit } from "../../verifier/proofs/groth16/emit.ts";
import { analyseRanges, declaredBounds, unpackedBounds, type Intervals } from "../../verifier/proofs/groth16/ranges.ts";
import { witnessOf, type CircuitInputs } from "../../verifier/proofs/groth16/prove.ts";
import { commitInputs } from "../../verifier/proofs/commitment.ts";
import type { InputMode } from "../../verifier/proofs/types.ts";
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

/**
 * Every other kind of node with a circuit: two inputs, a padded convolution, a square, a mask, a product of matrices.
 * With `whole`, the inputs' declared ranges are all that unpacking admits.
 */
function randomNodes(seed: number, whole = false): IntegerGraph {
  const draw = integers(seed);
  const count = (length: number, lo: number, hi: number): number[] => Array.from({ length }, () => draw(lo, hi));
  const graph = newGraphBuilder();
  const sizeOfTensor = (id: TensorId): number => sizeOf((graph.tensors[id] as GraphTensor).shape);
  const add = (draft: NodeDraft, shape?: readonly number[]): TensorId =>
    // The convolution's exponent is free: with 2, requantization by 2 brings everything back to exponent 0.
    graph.addNode(draft, {
      name: draft.op,
      exponent: draft.op === "convolution" ? 2 : 0,
      ...(shape === undefined ? {} : { shape }),
    });
  const [batch, group] = [draw(1, 2), draw(1, 2)];
  const [lo, least] = [-draw(0, 9), -draw(1, 5)];
  const imageShape = [batch, 2, draw(2, 4), draw(2, 4)];
  const x = graph.addInput("x", { shape: imageShape, type: "i8", exponent: 0, lo, hi: whole ? lo + 31 : 7 });
  const hi = whole ? least + 127 : draw(0, 90);
  const one = graph.addInput("one", { shape: [1], type: "i8", exponent: 0, lo: least, hi });
  const convolved = add({
    kind: "linear",
    op: "convolution",
    from: ["conv"],
    input: x,
    weights: makeConstant([2, 2 / group, 2, 2], count((4 * 4) / group, -5, 5)),
    bias: draw(0, 1) === 0 ? null : makeConstant([2], count(2, -20, 20)),
    strides: count(2, 1, 2),
    dilations: count(2, 1, 2),
    pads: count(4, 1, 2),
    group,
  });
  const values = sizeOfTensor(convolved);
  const y = add({ kind: "lookup", op: "requantize", from: ["y"], input: convolved, shift: 2, lo: -8n, hi: 7n });
  const positive = add({ kind: "lookup", op: "step", from: ["step"], input: y });
  const zero = add({ kind: "lookup", op: "isZero", from: ["equal"], input: y });
  const square = add({ kind: "bilinear", op: "multiply", from: ["square"], a: y, b: y });
  const masked = add({ kind: "bilinear", op: "multiply", from: ["mask"], a: square, b: positive });
  const scaled = add({ kind: "bilinear", op: "multiply", from: ["scale"], a: one, b: zero });
  const entries = Number((graph.tensors[y] as GraphTensor).hi - (graph.tensors[y] as GraphTensor).lo) + 1;
  const values16 = makeConstant([entries], count(entries, -20, 20));
  const looked = add({ kind: "lookup", op: "table", from: ["table"], input: y, values: values16 });
  const larger = add({ kind: "lookup", op: "maximum", from: ["max"], a: looked, b: one });
  const smaller = add({ kind: "lookup", op: "minimum", from: ["min"], a: scaled, b: larger });
  const picked = add({
    kind: "index",
    op: "gather",
    from: ["concat", "pad"],
    inputs: [masked, x, smaller],
    indices: makeConstant([3, 4], [-1, ...count(11, 0, 2 * values + sizeOf(imageShape) - 1)]),
    fill: BigInt(draw(-50, 50)),
  });
  const turned = add({
    kind: "index",
    op: "gather",
    from: ["transpose"],
    inputs: [picked],
    indices: makeConstant(
      [4, 3],
      Array.from({ length: 12 }, (_, i) => (i % 3) * 4 + Math.floor(i / 3)),
    ),
    fill: 0n,
  });
  const product = add({ kind: "bilinear", op: "matMul", from: ["matmul"], a: picked, b: turned });
  const flat = add({ kind: "index", op: "reshape", from: ["flat"], input: scaled }, [values]);
  return graph.finish([
    { name: "product", tensor: product, type: "i32" },
    { name: "flat", tensor: flat, type: "i16" },
    { name: "masked", tensor: masked, type: "i32" },
    { name: "zero", tensor: zero, type: "i8" },
  ]);
}

const GRAPHS: readonly (readonly [string, (seed: number) => IntegerGraph, number, InputMode])[] = [
  ...[11, 12, 15, 16].map((seed) => ["dense", randomGraph, seed, "PUBLIC"] as const),
  ...[21, 22, 23].map((seed) => ["other nodes", (s: number) => randomNodes(s), seed, "PUBLIC"] as const),
  // With committed inputs the circuit's widths come from the declared ranges.
  ["dense", randomGraph, 11, "COMMITTED"],
  ["other nodes", (seed: number) => randomNodes(seed), 21, "COMMITTED"],
];

const specsOf = (ports: IntegerGraph["inputs"]): IntegerGraph["inputs"][number]["spec"][] => ports.map((p) => p.spec);

describe("differential: executor == circuit", () => {
  for (const [name, build, seed, inputMode] of GRAPHS) {
    it(`T18: random graph ${seed} (${name}, ${inputMode}): outputs confirmed, others refused`, async () => {
      const graph = build(seed);
      const [inputs, outputs] = [specsOf(graph.inputs), specsOf(graph.outputs)];
      const { wasm } = await compileCircom(emitCircuit(graph, inputMode));
      const opening = async (values: readonly number[][]): Promise<Partial<CircuitInputs>> =>
        inputMode === "PUBLIC" ? {} : { salt: 5n, commitment: await commitInputs(inputs, values, 5n) };
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
            ...(await opening(values)),
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
        ...(await opening(values)),
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

  it("proves ranges of every value that no input leaves, for every pattern that unpacking admits", () => {
    for (const seed of [21, 22, 23, 24, 25, 26]) {
      const graph = randomNodes(seed, true);
      const draw = integers(seed + 1000);
      const ranges = analyseRanges(graph, unpackedBounds);
      expect(ranges).to.deep.equal(analyseRanges(graph, declaredBounds));
      for (let round = 0; round < 40; round++) {
        const inputs = specsOf(graph.inputs).map(({ shape, lo, hi }) =>
          Array.from({ length: sizeOf(shape) }, () => [draw(lo, hi), lo, hi, 0][draw(0, 3)] as number),
        );
        executeTrace(graph, inputs).forEach((values, id) => {
          const { lo, hi } = ranges[id] as Intervals;
          const outside = [...values].findIndex((v, i) => v < (lo[i] as bigint) || v > (hi[i] as bigint));
          expect(outside, `graph ${seed}, ${graph.tensors[id]?.name}, at`).to.equal(-1);
        });
      }
    }
  });

  it("refuses a shift that needs more bits than the field has", () => {
    const graph = randomGraph(12);
    const nodes = graph.nodes.map((node) => (node.op === "requantize" ? { ...node, shift: 260 } : node));
    expect(circuitRefusals({ ...graph, nodes }).some(({ reason }) => reason.includes("253 bits"))).to.equal(true);
  });
});
