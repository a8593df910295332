// SPDX-License-Identifier: GPL-3.0-or-later
// A small graph with every op, every optional constant and a gather that fills; two inputs, two outputs.
import { newGraphBuilder } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import type { GraphTensor, IntegerGraph } from "../../verifier/graph/types.ts";

const count = (length: number, f: (i: number) => number): number[] => Array.from({ length }, (_, i) => f(i));

export function fullGraph(): IntegerGraph {
  const builder = newGraphBuilder();
  const image = builder.addInput("image", { shape: [1, 2, 4, 4], type: "i8", exponent: 4, lo: -100, hi: 127 });
  const side = builder.addInput("side", { shape: [1], type: "u8", exponent: 2, lo: 1, hi: 200 });
  const convolved = builder.addNode(
    {
      kind: "linear",
      op: "convolution",
      from: ["conv"],
      input: image,
      weights: makeConstant(
        [2, 1, 3, 2],
        count(12, (i) => 3 * i - 17),
      ),
      bias: makeConstant([2], [70000, -5]),
      strides: [2, 1],
      dilations: [1, 2],
      pads: [1, 0, 2, 1],
      group: 2,
    },
    { name: "convolved", exponent: 9 },
  );
  const y = builder.addNode(
    { kind: "lookup", op: "requantize", from: ["relu"], input: convolved, shift: 3, lo: 0n, hi: 200n },
    { name: "y", exponent: 6 },
  );
  const { lo, hi } = builder.tensors[y] as GraphTensor;
  const values = makeConstant(
    [Number(hi - lo) + 1],
    count(Number(hi - lo) + 1, (i) => (i * i) % 251),
  );
  const looked = builder.addNode(
    { kind: "lookup", op: "table", from: ["sigmoid"], input: y, values },
    { name: "looked", exponent: 8 },
  );
  const positive = builder.addNode(
    { kind: "lookup", op: "step", from: ["less"], input: convolved },
    { name: "positive", exponent: 0 },
  );
  const zero = builder.addNode(
    { kind: "lookup", op: "isZero", from: ["equal"], input: y },
    { name: "zero", exponent: 0 },
  );
  const chosen = builder.addNode(
    { kind: "bilinear", op: "multiply", from: ["where"], a: looked, b: positive },
    { name: "chosen", exponent: 8 },
  );
  const larger = builder.addNode(
    { kind: "lookup", op: "maximum", from: ["max"], a: chosen, b: looked },
    { name: "larger", exponent: 8 },
  );
  const smaller = builder.addNode(
    { kind: "lookup", op: "minimum", from: ["min"], a: larger, b: chosen },
    { name: "smaller", exponent: 8 },
  );
  const rows = builder.addNode(
    { kind: "index", op: "reshape", from: ["flatten"], input: zero },
    { name: "rows", exponent: 0, shape: [2, 9] },
  );
  const columns = builder.addNode(
    {
      kind: "index",
      op: "gather",
      from: ["transpose", "pad"],
      inputs: [smaller, larger],
      indices: makeConstant(
        [9, 3],
        count(27, (i) => (i % 5 === 0 ? -1 : (i * 7) % 36)),
      ),
      fill: -9n,
    },
    { name: "columns", exponent: 8 },
  );
  const product = builder.addNode(
    { kind: "bilinear", op: "matMul", from: ["matmul"], a: rows, b: columns },
    { name: "product", exponent: 8 },
  );
  const scores = builder.addNode(
    {
      kind: "linear",
      op: "fullyConnected",
      from: ["dense", "bias"],
      input: product,
      weights: makeConstant([2, 3], [1, -2, 3, 127, 0, -30]),
      bias: makeConstant([2], [-1, 4]),
    },
    { name: "scores", exponent: 12 },
  );
  const sum = builder.addNode(
    {
      kind: "linear",
      op: "weightedSum",
      from: ["residual"],
      inputs: [scores, side],
      multipliers: [3n, -(2n ** 53n) - 1n],
      constant: makeConstant([2, 2], [0n, 2n ** 53n + 1n, -(2n ** 60n), 7n]),
    },
    { name: "sum", exponent: 12 },
  );
  const out = builder.addNode(
    { kind: "lookup", op: "requantize", from: ["output"], input: sum, shift: 50, lo: -32768n, hi: 32767n },
    { name: "out", exponent: -38 },
  );
  return builder.finish([
    { name: "out", tensor: out, type: "i16" },
    { name: "scores", tensor: scores, type: "i32" },
  ]);
}
