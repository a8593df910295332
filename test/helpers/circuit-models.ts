// SPDX-License-Identifier: GPL-3.0-or-later
// Small integer graphs for circuit tests, and packages of them on disk.
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { newGraphBuilder } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import { serializeGraph } from "../../verifier/graph/serialize.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { groth16 } from "../../verifier/proofs/groth16/index.ts";
import type { ProofSystem } from "../../verifier/proofs/types.ts";
import type { TensorSpec } from "../../verifier/tensor/spec.ts";

/** A deterministic generator of integers (xorshift32), so that snapshots and failures repeat. */
export function integers(seed: number): (lo: number, hi: number) => number {
  let state = seed | 1;
  return (lo, hi) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return lo + ((state >>> 0) % (hi - lo + 1));
  };
}

/** A perceptron inputs-hidden-outputs with 8-bit weights, ReLU and 8-bit activations, weights from a seed. */
export function perceptron(
  [inputs, hidden, outputs]: readonly [number, number, number],
  options: { readonly pixelMax?: number; readonly shift?: number; readonly seed?: number } = {},
): IntegerGraph {
  const next = integers(options.seed ?? 7);
  const constants = (shape: readonly number[], lo: number, hi: number): ReturnType<typeof makeConstant> =>
    makeConstant(
      shape,
      Array.from({ length: shape.reduce((a, b) => a * b) }, () => next(lo, hi)),
    );
  const graph = newGraphBuilder();
  const spec: TensorSpec = { shape: [1, inputs], type: "u8", exponent: 4, lo: 0, hi: options.pixelMax ?? 16 };
  const x = graph.addInput("pixels", spec);
  const z = graph.addNode(
    {
      kind: "linear",
      op: "fullyConnected",
      from: ["first"],
      input: x,
      weights: constants([hidden, inputs], -127, 127),
      bias: constants([hidden], -2000, 2000),
    },
    { name: "hidden sums", exponent: 11 },
  );
  const y = graph.addNode(
    { kind: "lookup", op: "requantize", from: ["relu"], input: z, shift: options.shift ?? 6, lo: 0n, hi: 255n },
    { name: "hidden", exponent: 11 - (options.shift ?? 6) },
  );
  const logits = graph.addNode(
    {
      kind: "linear",
      op: "fullyConnected",
      from: ["second"],
      input: y,
      weights: constants([outputs, hidden], -127, 127),
      bias: constants([outputs], -2000, 2000),
    },
    { name: "logits", exponent: 12 },
  );
  return graph.finish([{ name: "logits", tensor: logits, type: "i32" }]);
}

/** Writes a package's files without setup/ into a fresh directory. */
export async function writePackage(graph: IntegerGraph, proofSystem: ProofSystem = groth16): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "verigrad-test-"));
  const { json, weights } = serializeGraph(graph);
  const files = [
    { path: "graph.json", bytes: json },
    { path: "weights.bin", bytes: weights },
    ...(await proofSystem.build(graph)),
  ];
  for (const { path, bytes } of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), bytes);
  }
  return directory;
}
