// SPDX-License-Identifier: GPL-3.0-or-later
// The digits model as a package of the mock proof system: real ONNX, real integer graph, no circuit.
import { readFile } from "node:fs/promises";
import { buildPackage } from "../../verifier/compile/build.ts";
import { parseCalibration } from "../../verifier/graph/calibration.ts";
import { canonicalJson } from "../../verifier/graph/canonical-json.ts";
import type { PackageFile } from "../../verifier/proofs/types.ts";
import { mockKey, mockProofs } from "./mock-proofs.ts";

const EXAMPLE = new URL("../../examples/digits/", import.meta.url);

export async function digitsPackage(): Promise<PackageFile[]> {
  const read = (name: string): Promise<Buffer> => readFile(new URL(name, EXAMPLE));
  const { files, graph } = await buildPackage({
    onnx: await read("digits.onnx"),
    calibration: parseCalibration(await read("calibration.json")),
    name: "digits",
    proofSystem: mockProofs,
  });
  return [
    ...files,
    { path: "setup/key.bin", bytes: mockKey(graph) },
    { path: "setup/transcript.json", bytes: canonicalJson({ kind: "INSECURE-development" }) },
  ];
}

/** The first held-out digit, and its label. */
export async function heldOutDigit(): Promise<{ pixels: number[]; label: number }> {
  const file = JSON.parse(await readFile(new URL("heldout.json", EXAMPLE), "utf8")) as {
    input_data: number[][][];
    labels: number[];
  };
  return { pixels: file.input_data[0]?.[0] as number[], label: file.labels[0] as number };
}
