// SPDX-License-Identifier: GPL-3.0-or-later
// Rankings: the comparison network selects, keys keep values and indices apart, at any exponent and at both ends.
import { expect } from "chai";
import fc from "fast-check";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { selectionNetwork } from "../../verifier/graph/operators/selection-network.ts";
import { onnxOf } from "../onnx/model.ts";
import { exactCalibration } from "./exact.ts";

/** Runs the network as its users do: a position that nothing needs keeps what it had. */
function select(values: readonly number[], k: number): number[] {
  const at = [...values];
  for (const layer of selectionNetwork(values.length, k)) {
    const before = [...at];
    for (const { i, j, high, low } of layer) {
      const [a, b] = [before[i] as number, before[j] as number];
      if (high) at[i] = Math.max(a, b);
      if (low) at[j] = Math.min(a, b);
    }
  }
  return at.slice(0, k);
}

describe("graph/operators: selection network", () => {
  it("brings the k greatest to the front, for every n and k up to 8 and all zeros and ones", () => {
    // A network that sorts all sequences of zeros and ones sorts everything (Knuth, 5.3.4, theorem Z).
    for (let n = 1; n <= 8; n++)
      for (let k = 1; k <= n; k++)
        for (let pattern = 0; pattern < 2 ** n; pattern++) {
          const values = Array.from({ length: n }, (_, i) => (pattern >> i) & 1);
          expect(select(values, k)).to.deep.equal(values.toSorted((a, b) => b - a).slice(0, k));
        }
  });

  it("does so for longer sequences", () => {
    const sequences = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 100 });
    const cases = sequences.chain((values) =>
      fc.tuple(fc.constant(values), fc.integer({ min: 1, max: values.length })),
    );
    fc.assert(
      fc.property(cases, ([values, k]) => {
        expect(select(values, k)).to.deep.equal(values.toSorted((a, b) => b - a).slice(0, k));
      }),
    );
  });

  it("compares distinct positions in a layer, and n - 1 times for the greatest alone", () => {
    for (const n of [1, 2, 3, 10, 17, 64, 1000]) {
      const layers = selectionNetwork(n, 1);
      for (const layer of layers) {
        const touched = layer.flatMap(({ i, j }) => [i, j]);
        expect(new Set(touched).size).to.equal(touched.length);
      }
      expect(layers.flat()).to.have.length(n - 1);
    }
  });
});

describe("graph/operators: TopK and ArgMax", () => {
  const onnx = (n: number, k: number, largest: number): Uint8Array =>
    onnxOf({
      nodes: [{ op: "TopK", in: ["x", "k"], out: ["v", "i"], attributes: { largest } }],
      inputs: { x: [n] },
      outputs: ["v", "i"],
      constants: { k: { dims: [1], values: [k], type: "int64" } },
    });

  it("values keep their exponent, indices are integers, equals come by the lower index", () => {
    const cases = fc
      .array(fc.integer({ min: -3, max: 2 }), { minLength: 1, maxLength: 9 })
      .chain((x) =>
        fc.tuple(
          fc.constant(x),
          fc.integer({ min: 1, max: x.length }),
          fc.constantFrom(0, 1),
          fc.integer({ min: -5, max: 9 }),
        ),
      );
    fc.assert(
      fc.property(cases, ([x, k, largest, exponent]) => {
        const bytes = onnx(x.length, k, largest);
        const exact = exactCalibration(bytes);
        const inputs = exact.inputs.map((input) => ({ ...input, exponent, lo: -3, hi: 2 }));
        const { graph } = compileModel(bytes, { ...exact, inputs });
        const order = x
          .map((_, i) => i)
          .sort((a, b) => (largest === 1 ? -1 : 1) * ((x[a] as number) - (x[b] as number)) || a - b);
        const top = order.slice(0, k);
        expect(execute(graph, [x]).map((values) => [...values])).to.deep.equal([top.map((i) => x[i]), top]);
        expect(graph.outputs.map(({ spec }) => spec.exponent)).to.deep.equal([exponent, 0]);
        // Proven ranges: whoever reads an index may rely on it.
        expect(graph.tensors[graph.outputs[1]?.tensor ?? -1]).to.include({ lo: 0n, hi: BigInt(x.length - 1) });
        expect(graph.tensors[graph.outputs[0]?.tensor ?? -1]).to.include({ lo: -3n, hi: 2n });
      }),
      { numRuns: 60 },
    );
  });
});
