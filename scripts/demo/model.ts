// SPDX-License-Identifier: GPL-3.0-or-later
// The demo's model: the digits example, compiled for each proof system, measured, and given INSECURE development keys.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { measureAccuracy, type Accuracy } from "../../verifier/calibrate/accuracy.ts";
import { calibrate } from "../../verifier/calibrate/calibrate.ts";
import { buildPackage } from "../../verifier/compile/build.ts";
import { writePackage } from "../../verifier/compile/write.ts";
import { parseCalibration } from "../../verifier/graph/calibration.ts";
import { readSamples, type Sample } from "../../verifier/graph/samples.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { groth16, readR1csHeader, setupDevelopment } from "../../verifier/proofs/groth16/index.ts";
import { setupDevelopment as setupTensorcheck, tensorcheck } from "../../verifier/proofs/tensorcheck/index.ts";

const EXAMPLE = join(import.meta.dirname, "../../examples/digits");

/** A package with its development key. */
export interface PreparedPackage {
  readonly directory: string;
  readonly compileMs: number;
  readonly setupMs: number;
  readonly setupCached: boolean;
}

export interface DemoModel extends PreparedPackage {
  readonly accuracy: Accuracy;
  readonly constraints: number;
  readonly publicSignals: number;
  /** held-out images and what they show */
  readonly heldOut: readonly Sample[];
  readonly labels: readonly number[];
}

/** Calibrates on training samples only, compiles for groth16, measures on held-out samples, and makes a development key. */
export async function prepareModel(
  directory: string,
  cacheDir: string,
  log: (line: string) => void,
): Promise<DemoModel> {
  const onnx = await readFile(join(EXAMPLE, "digits.onnx"));
  const { inputs } = parseModel(onnx);
  const training = readSamples(await readFile(join(EXAMPLE, "calibration-samples.json")), inputs);
  const { samples: heldOut, labels } = readSamples(await readFile(join(EXAMPLE, "heldout.json")), inputs);
  if (labels === null) throw new Error("examples/digits/heldout.json has no labels");

  let started = performance.now();
  const { calibration } = await calibrate(onnx, training.samples, { target: "groth16" });
  const { files, graph, notices } = await buildPackage({ onnx, calibration, name: "digits", proofSystem: groth16 });
  await writePackage(directory, files);
  const compileMs = performance.now() - started;
  notices.forEach(log);
  const r1cs = files.find(({ path }) => path === "circuit/main.r1cs");
  if (r1cs === undefined) throw new Error("the package has no circuit");
  const { constraints, publicSignals } = readR1csHeader(r1cs.bytes);

  const accuracy = await measureAccuracy(onnx, graph, heldOut, labels);
  await mkdir(join(directory, "report"), { recursive: true });
  await writeFile(join(directory, "report/accuracy.json"), `${JSON.stringify(accuracy, null, 2)}\n`);

  started = performance.now();
  const { cached } = await setupDevelopment(directory, { cacheDir });
  const setupMs = performance.now() - started;
  return { directory, accuracy, constraints, publicSignals, compileMs, setupMs, setupCached: cached, heldOut, labels };
}

/** The same model, with the same calibration and so the same integers, in a package for tensorcheck. */
export async function prepareTensorcheck(
  { directory: source }: DemoModel,
  directory: string,
  cacheDir: string,
): Promise<PreparedPackage> {
  let started = performance.now();
  const onnx = await readFile(join(source, "model.onnx"));
  const calibration = parseCalibration(await readFile(join(source, "calibration.json")));
  const { files } = await buildPackage({ onnx, calibration, name: "digits", proofSystem: tensorcheck });
  await writePackage(directory, files);
  const compileMs = performance.now() - started;
  started = performance.now();
  const { cached } = await setupTensorcheck(directory, { cacheDir });
  return { directory, compileMs, setupMs: performance.now() - started, setupCached: cached };
}
