// SPDX-License-Identifier: GPL-3.0-or-later
// ONNX file + calibration -> the files of a package, byte for byte the same on any machine (docs/spec/package.md).
import { VerigradError } from "../errors.ts";
import { serializeCalibration, type Calibration } from "../graph/calibration.ts";
import { compileModel } from "../graph/compile.ts";
import { serializeGraph } from "../graph/serialize.ts";
import type { IntegerGraph } from "../graph/types.ts";
import { isModelName, makeManifest, MANIFEST_PATH, serializeManifest } from "../hub/manifest.ts";
import type { InputMode, PackageFile, ProofSystem, WorkOptions } from "../proofs/types.ts";

export interface BuildOptions {
  readonly onnx: Uint8Array;
  readonly calibration: Calibration;
  /** 1 to 64 bytes of UTF-8 */
  readonly name: string;
  readonly proofSystem: ProofSystem;
  /** how inputs reach the proof; default: PUBLIC */
  readonly inputMode?: InputMode;
}

export interface BuiltPackage {
  /** everything but setup/ and report/ */
  readonly files: readonly PackageFile[];
  readonly graph: IntegerGraph;
  /** what was left out of the model on purpose, for people */
  readonly notices: readonly string[];
}

/**
 * Compiles a model for a proof system. Errors: PACKAGE_NAME; CALIBRATION_*; ONNX_*; GRAPH_*; PROOF_SYSTEM_UNSUPPORTED
 * naming every node that the proof system cannot prove; those of the proof system's build; ABORTED.
 */
export async function buildPackage(options: BuildOptions, work: WorkOptions = {}): Promise<BuiltPackage> {
  const { onnx, calibration, name, proofSystem, inputMode = "PUBLIC" } = options;
  if (!isModelName(name)) throw new VerigradError("PACKAGE_NAME", "a model's name has 1 to 64 bytes");
  work.onProgress?.("lower the model to integers");
  const { graph, notices } = compileModel(onnx, calibration);
  const refusals = proofSystem.unsupported(graph, inputMode);
  if (refusals.length > 0) {
    const list = refusals.map(({ node, operator, reason }) => `${node} (${operator}): ${reason}`).join("; ");
    throw new VerigradError("PROOF_SYSTEM_UNSUPPORTED", `${proofSystem.name} cannot prove this graph: ${list}`, {
      data: { refusals },
    });
  }
  const { json, weights } = serializeGraph(graph);
  const files: PackageFile[] = [
    { path: "model.onnx", bytes: onnx },
    { path: "calibration.json", bytes: serializeCalibration(calibration) },
    { path: "graph.json", bytes: json },
    { path: "weights.bin", bytes: weights },
    ...(await proofSystem.build(graph, { ...work, inputMode })),
  ];
  const manifest = makeManifest({ name, proofSystem, inputMode, graph, files });
  return { files: [...files, { path: MANIFEST_PATH, bytes: serializeManifest(manifest) }], graph, notices };
}
