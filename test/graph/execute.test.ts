// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { newGraphBuilder } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import { execute, executeTrace } from "../../verifier/graph/execute.ts";
import { OPS } from "../../verifier/graph/nodes/registry.ts";
import { roundShift } from "../../verifier/graph/ranges.ts";
import type { GraphTensor, IntegerGraph } from "../../verifier/graph/types.ts";
import { arbitraryCase, randomInputs } from "./arbitraries.ts";
import { codeOf } from "./codes.ts";
import { halfUp, referenceTrace } from "./reference.ts";

const i32 = (shape: number[], lo: number, hi: number) => ({ shape, type: "i32", exponent: 0, lo, hi }) as const;

function requantizeGraph(shift: number, lo: bigint, hi: bigint): IntegerGraph {
  const builder = newGraphBuilder();
  const input = builder.addInput("z", i32([1], -(2 ** 31), 2 ** 31 - 1));
  const node = { kind: "lookup", op: "requantize", from: ["q"], input, shift, lo, hi } as const;
  const tensor = builder.addNode(node, { name: "y", exponent: -shift });
  return builder.finish([{ name: "y", tensor, type: "i32" }]);
}

describe("graph/execute", () => {
  it("T18: equals the BigInt reference on random graphs, and no value leaves its proven range", () => {
    let biggest = 0n;
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(arbitraryCase, ({ graph, draw }) => {
        for (const { op } of graph.nodes) seen.set(op, (seen.get(op) ?? 0) + 1);
        const inputs = randomInputs(graph, draw);
        const expected = referenceTrace(graph, inputs);
        const trace = executeTrace(graph, inputs);
        trace.forEach((values, id) => {
          const { lo, hi } = graph.tensors[id] as GraphTensor;
          expect(Array.from(values as ArrayLike<number | bigint>, BigInt)).to.deep.equal(expected[id]);
          for (const value of expected[id] ?? []) {
            expect(value >= lo && value <= hi, `${value} in [${lo}, ${hi}]`).to.equal(true);
            if (value > biggest) biggest = value;
          }
        });
        const outputs = execute(graph, inputs);
        graph.outputs.forEach((port, o) =>
          expect(Array.from(outputs[o] ?? [], BigInt)).to.deep.equal(expected[port.tensor]),
        );
      }),
      { numRuns: 1000, seed: 20260, endOnFailure: true },
    );
    for (const op of OPS) expect(seen.get(op), op).to.be.greaterThan(30);
    expect(biggest > 2n ** 53n, "the random graphs reach beyond doubles").to.equal(true);
  }).timeout(30_000);

  it("proven ranges of one linear layer are reached: the analysis is exact where a channel is alone", () => {
    const builder = newGraphBuilder();
    const input = builder.addInput("x", i32([2], -3, 5));
    const weights = makeConstant([1, 2], [2, -7]);
    const node = {
      kind: "linear",
      op: "fullyConnected",
      from: ["fc"],
      input,
      weights,
      bias: makeConstant([1], [11]),
    } as const;
    const tensor = builder.addNode(node, { name: "z", exponent: 0 });
    const graph = builder.finish([{ name: "z", tensor, type: "i16" }]);
    expect(graph.outputs[0]?.spec).to.include({ lo: -30, hi: 42 });
    expect(execute(graph, [[-3, 5]])[0]).to.deep.equal(Float64Array.of(-30));
    expect(execute(graph, [[5, -3]])[0]).to.deep.equal(Float64Array.of(42));
  });

  it("requantization rounds ties up, also below zero, and clamps", () => {
    const at = (shift: number, lo: bigint, hi: bigint, z: number) =>
      execute(requantizeGraph(shift, lo, hi), [[z]])[0]?.[0];
    const wide = [-(2n ** 31n), 2n ** 31n - 1n] as const;
    expect(at(1, ...wide, 1)).to.equal(1); // 0.5 -> 1
    expect(at(1, ...wide, -1)).to.equal(0); // -0.5 -> 0
    expect(at(1, ...wide, -3)).to.equal(-1); // -1.5 -> -1
    expect(at(2, ...wide, 5)).to.equal(1); // 1.25
    expect(at(2, ...wide, -6)).to.equal(-1); // -1.5 -> -1
    expect(at(2, ...wide, -7)).to.equal(-2); // -1.75
    expect(at(0, ...wide, -7)).to.equal(-7); // no rounding term
    expect(at(0, ...wide, -(2 ** 31))).to.equal(-(2 ** 31));
    expect(at(62, ...wide, 2 ** 31 - 1)).to.equal(0);
    expect(at(3, 0n, 255n, -1)).to.equal(0); // ReLU
    expect(at(3, 0n, 255n, 8 * 255 + 3)).to.equal(255);
    expect(at(3, 0n, 255n, 8 * 256)).to.equal(255);
    expect(at(3, 0n, 255n, 8 * 254 + 4)).to.equal(255);
    expect(at(3, 0n, 255n, 8 * 254 + 3)).to.equal(254);
    expect(at(3, -5n, -5n, 1000)).to.equal(-5);
    expect(Object.is(at(4, 0n, 7n, -3), 0), "no negative zero").to.equal(true);
  });

  it("roundShift equals the definition floor(z / 2^s + 1/2)", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), fc.integer({ min: 0, max: 62 }), (z, shift) => {
        expect(roundShift(z, shift)).to.equal(halfUp(z, shift));
      }),
    );
  });

  it("refuses inputs that the spec does not allow", () => {
    const graph = requantizeGraph(1, 0n, 5n);
    expect(codeOf(() => execute(graph, []))).to.equal("TENSOR_SHAPE");
    expect(codeOf(() => execute(graph, [[1, 2]]))).to.equal("TENSOR_SHAPE");
    expect(codeOf(() => execute(graph, [[2 ** 31]]))).to.equal("TENSOR_RANGE");
    expect(codeOf(() => execute(graph, [[0.5]]))).to.equal("TENSOR_RANGE");
    expect(codeOf(() => execute(graph, [[NaN]]))).to.equal("TENSOR_RANGE");
  });

  it("stops when a value leaves its proven range (a graph whose ranges lie)", () => {
    const graph = requantizeGraph(1, 0n, 100n);
    const tensors = graph.tensors.map((tensor, id) => (id === 1 ? { ...tensor, hi: 40n } : tensor));
    expect(execute({ ...graph, tensors }, [[80]])[0]?.[0]).to.equal(40);
    expect(codeOf(() => execute({ ...graph, tensors }, [[82]]))).to.equal("GRAPH_RANGE_VIOLATED");
  });

  it("refuses accumulators above 2^62, naming the node", () => {
    const builder = newGraphBuilder();
    const input = builder.addInput("x", i32([1], -(2 ** 31), 2 ** 31 - 1));
    const sum = (multiplier: bigint) => () =>
      builder.addNode(
        {
          kind: "linear",
          op: "weightedSum",
          from: ["big one"],
          inputs: [input],
          multipliers: [multiplier],
          constant: null,
        },
        { name: "z", exponent: 0 },
      );
    expect(codeOf(sum(2n ** 31n + 1n))).to.equal("GRAPH_ACCUMULATOR_OVERFLOW");
    expect(sum(2n ** 31n + 1n)).to.throw(/big one/);
    expect(sum(2n ** 31n)).not.to.throw();
  });
});
