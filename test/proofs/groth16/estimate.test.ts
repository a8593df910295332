// SPDX-License-Identifier: GPL-3.0-or-later
// The estimate is circom's own count, op by op; larger graphs get an upper bound.
import { expect } from "chai";
import { newGraphBuilder, type GraphBuilder, type NodeDraft } from "../../../verifier/graph/builder.ts";
import { makeConstant } from "../../../verifier/graph/constants.ts";
import { OPS } from "../../../verifier/graph/nodes/registry.ts";
import type { IntegerGraph, TensorId } from "../../../verifier/graph/types.ts";
import { compileCircom } from "../../../verifier/proofs/groth16/circom.ts";
import { emitCircuit } from "../../../verifier/proofs/groth16/emit.ts";
import { constraintsOf } from "../../../verifier/proofs/groth16/estimate.ts";
import { readR1csHeader } from "../../../verifier/proofs/groth16/r1cs.ts";
import { perceptron } from "../../helpers/circuit-models.ts";

/** A graph over four values of -100..100. */
function graphOf(make: (add: (draft: NodeDraft, shape?: readonly number[]) => TensorId, x: TensorId) => TensorId) {
  const builder: GraphBuilder = newGraphBuilder();
  const x = builder.addInput("x", { shape: [4], type: "i8", exponent: 0, lo: -100, hi: 100 });
  const add = (draft: NodeDraft, shape: readonly number[] = [4]): TensorId => {
    const shift = draft.op === "requantize" ? draft.shift : 0;
    return builder.addNode(draft, { name: draft.op, exponent: -shift, shape });
  };
  return builder.finish([{ name: "y", tensor: make(add, x), type: "i32" }]);
}

const from = ["node"];
const requantized = (shift: number, lo: bigint, hi: bigint) =>
  graphOf((add, x) => add({ kind: "lookup", op: "requantize", from, input: x, shift, lo, hi }));
const linear = { kind: "linear", op: "weightedSum", from } as const;

const GRAPHS: Readonly<Record<string, IntegerGraph>> = {
  "nothing but ports": graphOf((_, x) => x),
  "requantize, never clamped": requantized(2, -100n, 100n),
  "requantize, clamped below": requantized(2, 0n, 100n),
  "requantize, clamped above": requantized(2, -100n, 10n),
  "requantize, clamped to a power of two": requantized(2, -8n, 7n),
  "requantize, clamped to another size": requantized(2, -8n, 8n),
  "requantize, constant": requantized(2, 50n, 90n),
  weightedSum: graphOf((add, x) => {
    const constant = makeConstant([4], [1, 2, 3, 4]);
    const c = add({ ...linear, inputs: [], multipliers: [], constant });
    const twice = add({ ...linear, inputs: [x], multipliers: [2n], constant: null });
    const same = add({ ...linear, inputs: [twice], multipliers: [1n], constant: null });
    return add({ ...linear, inputs: [same, c], multipliers: [1n, 1n], constant: null });
  }),
  multiply: graphOf((add, x) => add({ kind: "bilinear", op: "multiply", from, a: x, b: x })),
  step: graphOf((add, x) => add({ kind: "lookup", op: "step", from, input: x })),
  isZero: graphOf((add, x) => add({ kind: "lookup", op: "isZero", from, input: x })),
  table: graphOf((add, x) => {
    const values = makeConstant(
      [201],
      Array.from({ length: 201 }, (_, i) => (i * i * 37) % 211),
    );
    return add({ kind: "lookup", op: "table", from, input: x, values });
  }),
  "maximum and minimum": graphOf((add, x) => {
    const c = add({ ...linear, inputs: [x], multipliers: [-1n], constant: makeConstant([4], [1, 2, 3, 4]) });
    const larger = add({ kind: "lookup", op: "maximum", from, a: x, b: c });
    return add({ kind: "lookup", op: "minimum", from, a: larger, b: x });
  }),
  "gather, reshape and matMul": graphOf((add, x) => {
    const picked = add({
      ...{ kind: "index", op: "gather", from, inputs: [x] },
      ...{ indices: makeConstant([4], [1, -1, 0, 2]), fill: 5n },
    });
    const square = add({ kind: "index", op: "reshape", from, input: picked }, [2, 2]);
    return add({ kind: "bilinear", op: "matMul", from, a: square, b: square });
  }),
  fullyConnected: graphOf((add, x) => {
    const weights = makeConstant([4, 4], [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 1, 0, 0, 0, 0, 0]);
    return add({ kind: "linear", op: "fullyConnected", from, input: x, weights, bias: null });
  }),
  convolution: graphOf((add, x) => {
    const input = add({ kind: "index", op: "reshape", from, input: x }, [1, 1, 4]);
    const weights = makeConstant([2, 1, 2], [1, -2, 3, 4]);
    const window = { strides: [1], dilations: [1], pads: [0, 0], group: 1 };
    return add({ kind: "linear", op: "convolution", from, input, weights, bias: null, ...window });
  }),
  "a perceptron": perceptron([8, 6, 3]),
};

describe("groth16/estimate", () => {
  it("has a graph for every op", () => {
    const ops = new Set(Object.values(GRAPHS).flatMap(({ nodes }) => nodes.map(({ op }) => op)));
    expect([...ops].sort()).to.deep.equal([...OPS].sort());
  });

  for (const [name, graph] of Object.entries(GRAPHS)) {
    it(`${name}: as many as circom makes`, async () => {
      const { nodes, ports, unit } = constraintsOf(graph);
      const { constraints } = readR1csHeader((await compileCircom(emitCircuit(graph))).r1cs);
      expect(nodes).to.have.length(graph.nodes.length);
      expect(nodes.reduce<number>((sum, cost) => sum + (cost ?? NaN), ports)).to.equal(constraints);
      expect(unit).to.equal("constraints");
    }).timeout(60_000);
  }
});
