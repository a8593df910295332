// SPDX-License-Identifier: GPL-3.0-or-later
// Circuits as they are proven (--O1, simplified): no public output word may move while the inputs stand still, however
// little lies between input and output.
import { expect } from "chai";
import { execute } from "../../verifier/graph/execute.ts";
import { newGraphBuilder } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { compileCircom } from "../../verifier/proofs/groth16/circom.ts";
import { emitCircuit } from "../../verifier/proofs/groth16/emit.ts";
import { witnessOf } from "../../verifier/proofs/groth16/prove.ts";
import { readR1cs, readWitness } from "../../verifier/proofs/groth16/r1cs.ts";
import { packTensors } from "../../verifier/tensor/packing.ts";
import type { TensorSpec } from "../../verifier/tensor/spec.ts";
import { freeWires, type Circuit } from "../helpers/circuit-harness.ts";

const spec = (shape: number[], lo: number, hi: number): TensorSpec => ({ shape, type: "i32", exponent: 0, lo, hi });

const GRAPHS: Readonly<Record<string, () => IntegerGraph>> = {
  "an output that is an input, an input that nothing uses, and one bit a value": () => {
    const graph = newGraphBuilder();
    const a = graph.addInput("a", spec([1], -1, 0));
    graph.addInput("unused", spec([300], 5, 6));
    const b = graph.addInput("b", spec([9], -(2 ** 31), 2 ** 31 - 1));
    return graph.finish([
      { name: "a", tensor: a, type: "i8" },
      { name: "b", tensor: b, type: "i32" },
      { name: "b again", tensor: b, type: "i32" },
    ]);
  },
  "constant outputs, lo = hi, shift 0, operands of one value under several shapes": () => {
    const graph = newGraphBuilder();
    const a = graph.addInput("a", spec([1, 1], -3, 9));
    const linear = (inputs: number[], multipliers: bigint[], constant: number[] | null, name: string) =>
      graph.addNode(
        {
          kind: "linear",
          op: "weightedSum",
          from: [name],
          inputs,
          multipliers,
          constant: constant === null ? null : makeConstant([constant.length], constant),
        },
        { name, exponent: 0 },
      );
    const clamp = (input: number, shift: number, lo: bigint, hi: bigint, name: string) =>
      graph.addNode(
        { kind: "lookup", op: "requantize", from: [name], input, shift, lo, hi },
        { name, exponent: -shift },
      );
    const zero = linear([a], [0n], [-7, 0, 7], "zero");
    const row = linear([a, zero, a], [-2n, -1n, 1n], null, "row");
    const flat = graph.addNode(
      { kind: "index", op: "reshape", from: ["flat"], input: a },
      { name: "flat", exponent: 0, shape: [1, 1, 1] },
    );
    const one = linear([flat, a], [-1n, 3n], null, "one");
    const point = clamp(row, 0, 2n, 2n, "point");
    const below = clamp(row, 0, -90n, -80n, "below");
    const half = clamp(one, 1, -1n, 1n, "half");
    const same = clamp(one, 0, -999n, 999n, "same");
    const sum = linear([point, half, same], [-1n, 100n, 1n], [1, -2, 3], "sum");
    return graph.finish(
      [zero, row, point, below, half, same, sum].map((tensor, i) => ({ name: `o${i}`, tensor, type: "i32" as const })),
    );
  },
};

describe("circuits: signature", () => {
  for (const [name, build] of Object.entries(GRAPHS)) {
    it(name, async () => {
      const graph = build();
      const { r1cs: bytes, wasm } = await compileCircom(emitCircuit(graph));
      const r1cs = readR1cs(bytes);
      const inputSpecs = graph.inputs.map((port) => port.spec);
      const outputSpecs = graph.outputs.map((port) => port.spec);
      for (const pick of [(s: TensorSpec) => s.lo, (s: TensorSpec) => s.hi, (s: TensorSpec) => s.lo + 1]) {
        const inputs = inputSpecs.map((s) => new Array<number>(s.shape.reduce((x, y) => x * y)).fill(pick(s)));
        const signals = {
          context: 3n,
          inputWords: packTensors(inputSpecs, inputs),
          outputWords: packTensors(outputSpecs, execute(graph, inputs)),
        };
        const witness = readWitness(await witnessOf(wasm, signals));
        const fixed = 1 + signals.inputWords.length; // context and input words; output words and inner wires may move
        const names = Array.from({ length: r1cs.wires }, (_, wire) => (wire <= fixed ? "fixed" : `wire ${wire}`));
        const circuit = { r1cs, names } as unknown as Circuit;
        const free = freeWires(circuit, witness, (wire) => wire === "fixed");
        const words = signals.outputWords.map((_, i) => `wire ${fixed + 1 + i}`);
        expect(free.filter((wire) => words.includes(wire))).to.deep.equal([]);
      }
    });
  }
});
