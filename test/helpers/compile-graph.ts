// SPDX-License-Identifier: GPL-3.0-or-later
// A process of its own for the tests of determinism: node compile-graph.ts <model.onnx> <calibration.json> prints the
// integer graph's canonical bytes as one line of JSON.
import { readFileSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseCalibration } from "../../verifier/graph/calibration.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { serializeGraph } from "../../verifier/graph/serialize.ts";

// The test runner loads every file of this folder: only as a program does it do anything.
if (realpathSync(process.argv[1] ?? ".") === fileURLToPath(import.meta.url)) {
  const [model, calibration] = process.argv.slice(2) as [string, string];
  const { graph } = compileModel(readFileSync(model), parseCalibration(readFileSync(calibration)));
  const { json, weights } = serializeGraph(graph);
  console.log(JSON.stringify({ json: Buffer.from(json).toString(), weights: Buffer.from(weights).toString("hex") }));
}
