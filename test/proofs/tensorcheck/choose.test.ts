// SPDX-License-Identifier: GPL-3.0-or-later
// Sizes of least cost, and what is said of a model that none fits.
import { expect } from "chai";
import { newGraphBuilder } from "../../../verifier/graph/builder.ts";
import { makeConstant } from "../../../verifier/graph/constants.ts";
import type { IntegerGraph } from "../../../verifier/graph/types.ts";
import { chooseN, chooseProgram } from "../../../verifier/proofs/tensorcheck/choose.ts";
import { workOf } from "../../../verifier/proofs/tensorcheck/limits.ts";
import { numberProgram } from "../../../verifier/proofs/tensorcheck/number.ts";
import { placeColumns } from "../../../verifier/proofs/tensorcheck/place.ts";
import { atR, ONE, ZERO, type Column, type Program } from "../../../verifier/proofs/tensorcheck/program.ts";
import { codeOf, errorOf } from "../../helpers/errors.ts";

/** Two convolutions of one input: `short` of three taps, `long` of as many as told. */
function twoConvolutions(length: number, taps: number): IntegerGraph {
  const builder = newGraphBuilder();
  const input = builder.addInput("x", { shape: [1, 1, length], type: "i8", exponent: 0, lo: 0, hi: 1 });
  const convolve = (name: string, width: number): number => {
    const weights = makeConstant([1, 1, width], new Array<number>(width).fill(1));
    const at = { strides: [1], dilations: [1], pads: [0, 0], group: 1, bias: null };
    const node = { kind: "linear", op: "convolution", from: [name], input, weights, ...at } as const;
    return builder.addNode(node, { name, exponent: 0 });
  };
  return builder.finish([
    { name: "a", tensor: convolve("short", 3), type: "i32" },
    { name: "b", tensor: convolve("long", taps), type: "i32" },
  ]);
}

/** A column of 2^bits cells, read at `count` points whose upper coordinates differ. */
function manyFolds(bits: number, count: number): Program {
  const column: Column = { class: "wit", name: "x", bits };
  const terms = Array.from({ length: count }, (_, point) => {
    const upper = Array.from({ length: 12 }, (__, i) => ((point >> i) & 1 ? ONE : ZERO)).reverse();
    const lower = Array.from({ length: bits - 12 }, (__, i) => atR(bits - 13 - i));
    return { equation: 1, coefficient: 1n, factors: [{ kind: "column", column, coordinates: [...upper, ...lower] }] };
  }) as Program["blocks"][number]["terms"];
  const block = { name: "folds", variables: bits - 12, eq: true, terms, lookups: [] };
  return { columns: [column], blocks: [block], outputs: [], equations: 1, witness: () => new Map() };
}

describe("tensorcheck/choose", () => {
  it("counts a verifier's work: values of the input, taps at positions, chunks of folds, each once", () => {
    const program = chooseProgram(twoConvolutions(100, 5));
    const work = workOf(program);
    // One input of 100 values, which both read; windows of 98 positions and 3 taps, 96 and 5.
    expect(work.reduce((sum, each) => sum + each, 0)).to.equal(100 + 98 * 3 + 96 * 5);
    const folds = manyFolds(16, 3);
    expect(workOf(numberProgram(folds, placeColumns(folds, 4)))).to.deep.equal([3 * 2 ** 12]);
    expect(workOf(numberProgram(folds, placeColumns(folds, 16)))).to.deep.equal([0]);
  });

  it("passes over sizes beyond a limit, where others keep it", async () => {
    // 1,025 folds of 2^12 chunks are more than 2^22; with chunks twice as large, there are half as many of half the size.
    const program = manyFolds(22, 1025);
    expect(await codeOf(() => numberProgram(program, placeColumns(program, 10)))).to.equal("TENSORCHECK_TOO_LARGE");
    expect(chooseN(program).placement.n).to.be.greaterThan(10);
  });

  it("names the node that takes most where nothing fits", async () => {
    for (const [graph, limit] of [
      [twoConvolutions(2 ** 17, 2 ** 14), "K"],
      [twoConvolutions(2 ** 17, 64), "work"],
    ] as const) {
      const error = await errorOf(async () => chooseProgram(graph));
      expect(error?.code).to.equal("TENSORCHECK_TOO_LARGE");
      expect(error?.message).to.match(
        new RegExp(`program's ${limit} is \\d+, above \\d+; most of it for convolution "long"`),
      );
      const [refusal, ...others] = error?.data["refusals"] as { node: string; operator: string; reason: string }[];
      expect(others).to.deep.equal([]);
      expect(refusal).to.include({ node: "long", operator: "convolution" });
    }
  });
});
