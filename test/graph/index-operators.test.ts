// SPDX-License-Identifier: GPL-3.0-or-later
// Look-ups and scatters by indices that depend on the inputs: any shape and axis, against the definition.
import { expect } from "chai";
import fc from "fast-check";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { onnxOf, type TestModel, type TestNode } from "../onnx/model.ts";
import { exactCalibration } from "./exact.ts";

const INT64 = 7;
const sizeOf = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1);

/** Coordinates of a flat index, and back. */
const coordinates = (flat: number, shape: readonly number[]): number[] =>
  shape.map((dim, axis) => Math.floor(flat / sizeOf(shape.slice(axis + 1))) % dim);
const flatIndex = (at: readonly number[], shape: readonly number[]): number =>
  at.reduce((flat, i, axis) => flat * (shape[axis] as number) + i, 0);

interface Example {
  readonly data: readonly number[];
  readonly indices: readonly number[];
  readonly axis: number;
  readonly values: readonly number[];
  readonly updates: readonly number[];
  readonly places: readonly number[];
}

/** Data of rank 1 to 3, indices that are no larger but on the axis, both signs, many to one place. */
const example: fc.Arbitrary<Example> = fc
  .array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 })
  .chain((data) =>
    fc.record({
      data: fc.constant(data),
      axis: fc.integer({ min: 0, max: data.length - 1 }),
      shrink: fc.array(fc.nat(3), { minLength: data.length, maxLength: data.length }),
      along: fc.integer({ min: 1, max: 5 }),
    }),
  )
  .chain(({ data, axis, shrink, along }) => {
    const indices = data.map((dim, a) => (a === axis ? along : Math.max(1, dim - (shrink[a] as number))));
    const dim = data[axis] as number;
    const numbers = (count: number, min: number, max: number) =>
      fc.array(fc.integer({ min, max }), { minLength: count, maxLength: count });
    return fc.record({
      data: fc.constant(data),
      indices: fc.constant(indices),
      axis: fc.constant(axis),
      values: numbers(sizeOf(data), -9, 9),
      updates: numbers(sizeOf(indices), -9, 9),
      places: numbers(sizeOf(indices), -dim, dim - 1),
    });
  });

/** Runs one node on data d, indices i and updates u, all of them inputs. */
function run(node: TestNode, { data, indices, axis, values, updates, places }: Example): number[] {
  const model: TestModel = {
    nodes: [node],
    inputs: { d: data, i: indices, u: indices },
    inputType: INT64,
    outputs: ["y"],
  };
  const onnx = onnxOf(model);
  const dim = data[axis] as number;
  const exact = exactCalibration(onnx);
  const [d, i, u] = exact.inputs as [(typeof exact.inputs)[0], (typeof exact.inputs)[0], (typeof exact.inputs)[0]];
  const inputs = [d, { ...i, lo: -dim, hi: Math.max(0, dim - 1) }, u];
  const { graph } = compileModel(onnx, { ...exact, inputs });
  // An input that no node reads stays an input of the graph.
  return [...(execute(graph, [values, places, updates])[0] ?? [])];
}

/** The place of the data that index p names. */
function target({ data, indices, axis, places }: Example, p: number): number {
  const index = places[p] as number;
  const at = coordinates(p, indices).with(axis, index < 0 ? index + (data[axis] as number) : index);
  return flatIndex(at, data);
}

describe("graph/operators: indices that depend on the inputs", () => {
  it("GatherElements picks what each index names", () => {
    fc.assert(
      fc.property(example, (e) => {
        const y = run({ op: "GatherElements", in: ["d", "i"], out: ["y"], attributes: { axis: e.axis } }, e);
        expect(y).to.deep.equal(e.places.map((_, p) => e.values[target(e, p)]));
      }),
      { numRuns: 60 },
    );
  });

  for (const reduction of ["none", "add"]) {
    it(`ScatterElements writes in the order of the updates: ${reduction}`, () => {
      fc.assert(
        fc.property(example, (e) => {
          const attributes = { axis: e.axis, reduction };
          const y = run({ op: "ScatterElements", in: ["d", "i", "u"], out: ["y"], attributes }, e);
          const expected = [...e.values];
          e.updates.forEach((update, p) => {
            const place = target(e, p);
            expected[place] = reduction === "add" ? (expected[place] as number) + update : update;
          });
          expect(y).to.deep.equal(expected);
        }),
        { numRuns: 60 },
      );
    });
  }

  it("look-ups by the same indices share their one-hot rows", () => {
    const table = { dims: [6, 2], values: Array.from({ length: 12 }, (_, i) => i) };
    const onnx = onnxOf({
      nodes: [
        { op: "Gather", in: ["t", "x"], out: ["a"] },
        { op: "Gather", in: ["u", "x"], out: ["b"] },
        { op: "Add", in: ["a", "b"], out: ["y"] },
      ],
      inputs: { x: [4] },
      inputType: INT64,
      outputs: ["y"],
      constants: { t: table, u: { ...table, values: table.values.toReversed() } },
    });
    const exact = exactCalibration(onnx);
    const inputs = exact.inputs.map((input) => ({ ...input, lo: 0, hi: 5 }));
    const { graph } = compileModel(onnx, { ...exact, inputs });
    expect(graph.nodes.filter(({ op }) => op === "isZero")).to.have.length(1);
    expect(execute(graph, [[5, 0, 2, 2]])[0]).to.deep.equal(new Float64Array(8).fill(11));
  });
});
