// SPDX-License-Identifier: GPL-3.0-or-later
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { newGraphBuilder } from "../../verifier/graph/builder.ts";
import { canonicalJson } from "../../verifier/graph/canonical-json.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import { serializeGraph } from "../../verifier/graph/serialize.ts";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { makeManifest, serializeManifest } from "../../verifier/hub/manifest.ts";
import type { Hex, InputMode, PackageFile } from "../../verifier/proofs/types.ts";
import { mockKey, mockProofs } from "./mock-proofs.ts";

/** Four u8 values in 0..16 -> three i16 scores. */
export function tinyGraph(): IntegerGraph {
  const builder = newGraphBuilder();
  const input = builder.addInput("x", { shape: [1, 4], type: "u8", exponent: 0, lo: 0, hi: 16 });
  const scores = builder.addNode(
    {
      kind: "linear",
      op: "fullyConnected",
      from: ["gemm"],
      input,
      weights: makeConstant([3, 4], [1, -2, 3, 4, 5, 6, -7, 8, 9, 1, 1, -1]),
      bias: makeConstant([3], [10, -20, 30]),
    },
    { name: "scores", exponent: 2 },
  );
  return builder.finish([{ name: "scores", tensor: scores, type: "i16" }]);
}

/** The files of a package of the mock proof system, or one that says it is another's; with `insecure` in the transcript and input mode as given. */
export function mockPackageFiles(
  options: {
    insecure?: boolean;
    salt?: number;
    inputMode?: InputMode;
    proofSystem?: { readonly name: string; readonly selector: Hex };
  } = {},
): PackageFile[] {
  const graph = tinyGraph();
  const { json, weights } = serializeGraph(graph);
  const listed: PackageFile[] = [
    { path: "model.onnx", bytes: new TextEncoder().encode("not parsed by the node") },
    { path: "calibration.json", bytes: canonicalJson({}) },
    { path: "graph.json", bytes: json },
    { path: "weights.bin", bytes: weights },
  ];
  const { inputMode = "PUBLIC", proofSystem = mockProofs } = options;
  const manifest = makeManifest({ name: "tiny", proofSystem, inputMode, graph, files: listed });
  return [
    ...listed,
    { path: "manifest.json", bytes: serializeManifest(manifest) },
    { path: "setup/key.bin", bytes: mockKey(graph, options.salt, inputMode) },
    {
      path: "setup/transcript.json",
      bytes: canonicalJson({ kind: options.insecure === false ? "ceremony" : "INSECURE-development" }),
    },
  ];
}

export async function writeFiles(directory: string, files: readonly PackageFile[]): Promise<void> {
  for (const { path, bytes } of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), bytes);
  }
}
