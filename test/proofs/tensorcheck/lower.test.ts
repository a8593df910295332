// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { newGraphBuilder, type GraphBuilder } from "../../../verifier/graph/builder.ts";
import { makeConstant } from "../../../verifier/graph/constants.ts";
import { executeTrace } from "../../../verifier/graph/execute.ts";
import type { IntegerGraph } from "../../../verifier/graph/types.ts";
import { structuredBytes } from "../../../verifier/proofs/tensorcheck/bytes.ts";
import { assertProgram } from "../../../verifier/proofs/tensorcheck/check-program.ts";
import { lowerGraph, tensorcheckRefusals } from "../../../verifier/proofs/tensorcheck/lower/index.ts";
import { numberProgram } from "../../../verifier/proofs/tensorcheck/number.ts";
import { placeColumns } from "../../../verifier/proofs/tensorcheck/place.ts";
import { arbitraryCase, randomInputs } from "../../graph/arbitraries.ts";
import { fullGraph } from "../../graph/full-graph.ts";
import { loadDigits } from "../../helpers/circuit-digits.ts";
import { codeOf, errorOf } from "../../helpers/errors.ts";
import { integers } from "../../helpers/circuit-models.ts";
import { failuresOf } from "./ideal.ts";

/** A program with its honest witness. */
function prepare(graph: IntegerGraph, inputs: readonly ArrayLike<number>[], tableBits: number) {
  const program = lowerGraph(graph, { tableBits });
  assertProgram(program);
  const trace = executeTrace(graph, inputs);
  const outputs = graph.outputs.map(({ tensor }) => trace[tensor] as Float64Array);
  return { program, trace, assignment: { cells: program.witness(trace), inputs, outputs } };
}

describe("tensorcheck: lowering", () => {
  it("the honest witness of examples/digits satisfies its program", () => {
    const { graph, samples } = loadDigits();
    const { program, assignment } = prepare(graph, samples[0] as readonly Float64Array[], 9);
    expect(failuresOf(program, assignment)).to.deep.equal([]);
  });

  for (const tableBits of [6, 10])
    it(`so does that of a graph with every op, with tables of ${tableBits} bits`, () => {
      const graph = fullGraph();
      const { program, assignment } = prepare(graph, randomInputs(graph, integers(3)), tableBits);
      expect(failuresOf(program, assignment)).to.deep.equal([]);
    });

  it("T18: so does that of any graph, on any input", () => {
    fc.assert(
      fc.property(arbitraryCase, fc.integer({ min: 5, max: 9 }), ({ graph, draw }, tableBits) => {
        const { program, assignment } = prepare(graph, randomInputs(graph, draw), tableBits);
        expect(failuresOf(program, assignment)).to.deep.equal([]);
      }),
      { numRuns: 60 },
    );
  });

  it("clamps to the same ends share one table, whatever their shifts", () => {
    const builder = newGraphBuilder();
    const input = builder.addInput("x", { shape: [4], type: "i16", exponent: 0, lo: -2000, hi: 2000 });
    const outputs = [1, 2, 3].map((shift) => {
      const node = { kind: "lookup", op: "requantize", from: ["relu"], input, shift, lo: 0n, hi: 200n } as const;
      return {
        name: `${shift}`,
        tensor: builder.addNode(node, { name: `${shift}`, exponent: -shift }),
        type: "u8" as const,
      };
    });
    const { program, assignment } = prepare(builder.finish(outputs), [[-2000, -1, 200, 2000]], 12);
    // x >> 1 lies in -1000..1000: 2^11 rows around 0.
    expect(program.columns.find(({ name }) => name === "values of tables")?.bits).to.equal(11);
    expect(failuresOf(program, assignment)).to.deep.equal([]);
  });

  it("clamps to a window beyond 2^53", () => {
    // In limbs whose lowest has too many rows to be looked up with a code.
    const builder = newGraphBuilder();
    const spec = { shape: [4], type: "i8", exponent: 0, lo: -100, hi: 100 } as const;
    const sum = (input: number, multiplier: bigint, addend: bigint) => {
      const constant = { shape: [4], width: 8, values: new BigInt64Array(4).fill(addend) } as const;
      const node = { kind: "linear", op: "weightedSum", from: ["sum"], inputs: [input] } as const;
      return builder.addNode({ ...node, multipliers: [multiplier], constant }, { name: "sum", exponent: 0 });
    };
    const lo = 2n ** 60n + 1n;
    const input = sum(builder.addInput("x", spec), 1000n, lo);
    const clamp = { kind: "lookup", op: "requantize", from: ["clamp"], input, shift: 0, lo: lo - 5n } as const;
    const clamped = builder.addNode({ ...clamp, hi: lo + 5000n }, { name: "clamped", exponent: 0 });
    const graph = builder.finish([{ name: "y", tensor: sum(clamped, 1n, -lo), type: "i32" }]);
    const { program, assignment } = prepare(graph, [[-100, 0, 3, 100]], 13);
    expect(program.columns.some(({ name }) => name.endsWith("inside"))).to.equal(true);
    expect(assignment.outputs.map((values) => Array.from(values, Number))).to.deep.equal([[-5, 0, 3000, 5000]]);
    expect(failuresOf(program, assignment)).to.deep.equal([]);
  });

  /** A single value that a sum with zeros repeats, and what reads it as one operand. */
  const repeated = (read: (builder: GraphBuilder, x: number) => number): IntegerGraph => {
    const builder = newGraphBuilder();
    const single = builder.addInput("x", { shape: [1], type: "i8", exponent: 0, lo: -100, hi: 100 });
    const constant = makeConstant([1, 4], [0, 0, 0, 0]);
    const sum = { kind: "linear", op: "weightedSum", from: ["sum"], inputs: [single] } as const;
    const x = builder.addNode({ ...sum, multipliers: [1n], constant }, { name: "repeated", exponent: 0 });
    return builder.finish([{ name: "y", tensor: read(builder, x), type: "i32" }]);
  };
  const from = ["reader"];
  const REPEATED: Readonly<Record<string, () => IntegerGraph>> = {
    fullyConnected: () =>
      repeated((builder, input) => {
        const weights = makeConstant([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]);
        const node = { kind: "linear", op: "fullyConnected", from, input, weights, bias: null } as const;
        return builder.addNode(node, { name: "y", exponent: 0 });
      }),
    gather: () =>
      repeated((builder, input) => {
        const indices = makeConstant([3], [2, -1, 1]);
        const node = { kind: "index", op: "gather", from, inputs: [input], indices, fill: 7n } as const;
        return builder.addNode(node, { name: "y", exponent: 0 });
      }),
    matMul: () =>
      repeated((builder, a) => {
        const reshape = { kind: "index", op: "reshape", from, input: a } as const;
        const b = builder.addNode(reshape, { name: "column", exponent: 0, shape: [4, 1] });
        return builder.addNode({ kind: "bilinear", op: "matMul", from, a, b }, { name: "y", exponent: 0 });
      }),
    convolution: () =>
      repeated((builder, x) => {
        const reshape = { kind: "index", op: "reshape", from, input: x } as const;
        const input = builder.addNode(reshape, { name: "image", exponent: 0, shape: [1, 1, 4] });
        const weights = makeConstant([1, 1, 2], [3, -1]);
        const at = { strides: [1], dilations: [1], pads: [0, 1], group: 1, bias: null };
        const node = { kind: "linear", op: "convolution", from, input, weights, ...at } as const;
        return builder.addNode(node, { name: "y", exponent: 0 });
      }),
    multiply: () =>
      repeated((builder, a) =>
        builder.addNode({ kind: "bilinear", op: "multiply", from, a, b: a }, { name: "y", exponent: 0 }),
      ),
  };
  for (const [name, make] of Object.entries(REPEATED))
    it(`a single value that a sum repeats is as many values: ${name}`, () => {
      const { program, assignment } = prepare(make(), [[-9]], 8);
      expect(failuresOf(program, assignment)).to.deep.equal([]);
    });

  it("never names an index that a key reads as none", () => {
    const builder = newGraphBuilder();
    const last = 2 ** 24 - 1;
    const input = builder.addInput("x", { shape: [last + 1], type: "i8", exponent: 0, lo: 0, hi: 1 });
    const indices = makeConstant([2], [last, 5]);
    const node = { kind: "index", op: "gather", from, inputs: [input], indices, fill: 0n } as const;
    const tensor = builder.addNode(node, { name: "y", exponent: 0 });
    const { blocks } = lowerGraph(builder.finish([{ name: "y", tensor, type: "u8" }]), { tableBits: 8 });
    const factors = blocks.flatMap(({ terms }) => terms.flatMap((term) => term.factors));
    expect(factors.some((factor) => factor.kind === "pick")).to.equal(false);
  });

  it("never names a pad that a key would cut off", () => {
    // Steps of 2^15 from 0 on, that begin at 2^17: as a window its pad were 2^32, which a key would read as 0.
    const builder = newGraphBuilder();
    const input = builder.addInput("x", { shape: [2 ** 15 + 1], type: "i8", exponent: 0, lo: 0, hi: 1 });
    const places = new Array<number>(2 ** 17 + 2).fill(-1);
    places.splice(-2, 2, 0, 2 ** 15);
    const indices = makeConstant([places.length], places);
    const node = { kind: "index", op: "gather", from, inputs: [input], indices, fill: 0n } as const;
    const tensor = builder.addNode(node, { name: "y", exponent: 0 });
    const { blocks } = lowerGraph(builder.finish([{ name: "y", tensor, type: "u8" }]), { tableBits: 8 });
    const factors = blocks.flatMap(({ terms }) => terms.flatMap((term) => term.factors));
    expect(factors.map(({ kind }) => kind)).to.deep.equal(["input", "pick"]);
    const run = { low: 0, bits: 4 };
    const window = { kind: "window", positions: 2, taps: 1, size: 2, stride: 1, dilation: 1 } as const;
    for (const pad of [2 ** 31, -(2 ** 31) - 1, 2 ** 32])
      expect(() => structuredBytes({ ...window, pad, p: run, k: { low: 0, bits: 0 }, q: run })).to.throw(RangeError);
    expect(() => structuredBytes({ kind: "pick", p: run, q: run, entries: Int32Array.of(2 ** 24 - 1) })).to.throw(
      RangeError,
    );
  });

  it("refuses kernels with more taps than a key can say, naming the node", () => {
    const builder = newGraphBuilder();
    const taps = 2 ** 16;
    const input = builder.addInput("x", { shape: [1, 1, taps], type: "i8", exponent: 0, lo: 0, hi: 1 });
    const weights = makeConstant([1, 1, taps], new Array<number>(taps).fill(1));
    const at = { strides: [1], dilations: [1], pads: [0, 0], group: 1, bias: null };
    const node = { kind: "linear", op: "convolution", from: ["long"], input, weights, ...at } as const;
    const tensor = builder.addNode(node, { name: "y", exponent: 0 });
    const graph = builder.finish([{ name: "y", tensor, type: "i32" }]);
    expect(tensorcheckRefusals(graph).map(({ node: name }) => name)).to.deep.equal(["long"]);
  });

  it("refuses sums of more terms than a key can say", async () => {
    const builder = newGraphBuilder();
    const input = builder.addInput("x", { shape: [1], type: "i8", exponent: 0, lo: 0, hi: 1 });
    const inputs = new Array<number>(2 ** 16).fill(input);
    const multipliers = inputs.map(() => 1n);
    const node = { kind: "linear", op: "weightedSum", from, inputs, multipliers, constant: null } as const;
    const graph = builder.finish([
      { name: "y", tensor: builder.addNode(node, { name: "y", exponent: 0 }), type: "i32" },
    ]);
    const program = lowerGraph(graph, { tableBits: 8 });
    expect(await codeOf(() => numberProgram(program, placeColumns(program, 4)))).to.equal("TENSORCHECK_TOO_LARGE");
  });

  it("refuses columns of layouts whose pads take too many cells", async () => {
    // The reshape has few pads, the layout that its reader sees has those of the input's shape.
    const builder = newGraphBuilder();
    const shape = [9, 9, 9, 9, 9, 9, 9];
    const x = builder.addInput("x", { shape, type: "i8", exponent: 0, lo: 0, hi: 1 });
    const reshape = { kind: "index", op: "reshape", from, input: x } as const;
    const input = builder.addNode(reshape, { name: "flat", exponent: 0, shape: [9 ** 7] });
    const tensor = builder.addNode({ kind: "lookup", op: "isZero", from, input }, { name: "y", exponent: 0 });
    const graph = builder.finish([{ name: "y", tensor, type: "u8" }]);
    const error = await errorOf(async () => lowerGraph(graph, { tableBits: 8 }));
    expect(error?.code).to.equal("TENSORCHECK_TOO_LARGE");
    expect(error?.data["refusals"]).to.have.lengthOf(1);
    expect((error?.data["refusals"] as { operator: string }[])[0]?.operator).to.equal("isZero");
  });

  it("refuses tensors whose pads take too many cells, naming the node", async () => {
    const builder = newGraphBuilder();
    const shape = [9, 9, 9, 9, 9, 9, 9];
    const input = builder.addInput("x", { shape, type: "i8", exponent: 0, lo: 0, hi: 1 });
    const node = { kind: "lookup", op: "isZero", from: ["huge"], input } as const;
    const tensor = builder.addNode(node, { name: "y", exponent: 0 });
    const graph = builder.finish([{ name: "y", tensor, type: "u8" }]);
    expect(tensorcheckRefusals(graph).map(({ node: name }) => name)).to.deep.equal(["huge"]);
    expect(await codeOf(() => lowerGraph(graph, { tableBits: 8 }))).to.equal("TENSORCHECK_UNSUPPORTED");
  });
});
