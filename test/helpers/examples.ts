// SPDX-License-Identifier: GPL-3.0-or-later
// The models under examples/: their files, their packages, and how well their integer graphs do on held-out samples.
import { readFile } from "node:fs/promises";
import { loadFloatModel } from "../../verifier/calibrate/float-model.ts";
import { buildPackage, type BuiltPackage } from "../../verifier/compile/build.ts";
import { parseCalibration, type Calibration } from "../../verifier/graph/calibration.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { quantizeSample, readSamples, type Sample } from "../../verifier/graph/samples.ts";
import type { GraphPort, IntegerGraph } from "../../verifier/graph/types.ts";
import { filesCid } from "../../verifier/hub/cid.ts";
import { parseManifest } from "../../verifier/hub/manifest.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { groth16 } from "../../verifier/proofs/groth16/index.ts";
import type { PackageFile } from "../../verifier/proofs/types.ts";
import { dequantizeValues } from "../../verifier/tensor/codec.ts";

/** Examples whose key and proof are a matter of seconds. */
export const SMALL_EXAMPLES = ["diabetes", "tumour"] as const;
/** Examples whose whole way over a chain takes longer than a minute. */
export const DEEP_EXAMPLES = ["digits-cnn"] as const;
/** Every model under examples/. */
export const EXAMPLES = ["digits", ...SMALL_EXAMPLES, ...DEEP_EXAMPLES] as const;
export type ExampleName = (typeof EXAMPLES)[number];

const ROOT = new URL("../../examples/", import.meta.url);

export const exampleFile = (name: ExampleName, file: string): Promise<Buffer> =>
  readFile(new URL(`${name}/${file}`, ROOT));

export interface Example {
  readonly onnx: Uint8Array;
  readonly calibration: Calibration;
  readonly heldOut: readonly Sample[];
  /** Classes, or measured values. */
  readonly labels: readonly number[];
}

export async function readExample(name: ExampleName): Promise<Example> {
  const onnx = await exampleFile(name, `${name}.onnx`);
  const calibration = parseCalibration(await exampleFile(name, "calibration.json"));
  const { samples, labels } = readSamples(await exampleFile(name, "heldout.json"), parseModel(onnx).inputs);
  if (labels === null) throw new Error(`examples/${name}/heldout.json has no labels`);
  return { onnx, calibration, heldOut: samples, labels };
}

/** The example's package without keys: ONNX file and calibration.json, compiled. */
export async function buildExample(name: ExampleName): Promise<BuiltPackage> {
  const { onnx, calibration } = await readExample(name);
  return buildPackage({ onnx, calibration, name, proofSystem: groth16 });
}

/** What must be the same on any machine: the CID of a package without keys and reports, and the hash of each file. */
export interface PackageHashes {
  readonly cid: string;
  readonly files: Readonly<Record<string, string>>;
}

export async function hashesOf(files: readonly PackageFile[]): Promise<PackageHashes> {
  const manifest = files.find(({ path }) => path === "manifest.json");
  if (manifest === undefined) throw new Error("the package has no manifest");
  const listed = Object.entries(parseManifest(manifest.bytes).files);
  return {
    cid: await filesCid(files),
    files: Object.fromEntries(listed.map(([path, { keccak256 }]) => [path, keccak256])),
  };
}

/** First outputs on each held-out sample, in real units: of the float model, and of the integer graph. */
export interface Outputs {
  readonly float: readonly Float64Array[];
  readonly integer: readonly Float64Array[];
}

export async function outputsOf({ onnx, heldOut }: Example, graph: IntegerGraph): Promise<Outputs> {
  const { name, spec } = graph.outputs[0] as GraphPort;
  const model = await loadFloatModel(onnx, parseModel(onnx), [name]);
  const float: Float64Array[] = [];
  for (const sample of heldOut) float.push((await model.run(sample))[0] as Float64Array);
  await model.release();
  const integer = heldOut.map((sample) => {
    const [values] = execute(graph, quantizeSample(graph.inputs, sample));
    return dequantizeValues(spec, values as Float64Array);
  });
  return { float, integer };
}

/** Largest and mean difference of the two models' values. */
export function differencesOf({ float, integer }: Outputs): { readonly largest: number; readonly mean: number } {
  const differences = float.flatMap((values, s) =>
    Array.from(values, (v, i) => Math.abs(v - (integer[s]?.[i] as number))),
  );
  return { largest: Math.max(...differences), mean: differences.reduce((a, b) => a + b) / differences.length };
}
