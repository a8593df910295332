// SPDX-License-Identifier: GPL-3.0-or-later
import { basename, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import type { Accuracy } from "../../calibrate/accuracy.ts";
import type { NodeError } from "../../calibrate/node-errors.ts";
import { buildPackage } from "../../compile/build.ts";
import { assertFree, writePackage } from "../../compile/write.ts";
import { VerigradError } from "../../errors.ts";
import type { Calibration } from "../../graph/calibration.ts";
import { dimsOf } from "../../graph/compile.ts";
import { readSamples, type Sample } from "../../graph/samples.ts";
import type { IntegerGraph } from "../../graph/types.ts";
import { INPUT_MODES, type InputMode } from "../../proofs/types.ts";
import { addCalibrationOptions, calibrationFrom, type CalibrationOptions } from "../calibration-options.ts";
import { readNamed, type CliContext } from "../context.ts";
import { proofSystemName, proofSystemNamed } from "../proof-systems.ts";

interface CompileOptions extends CalibrationOptions {
  readonly output: string;
  readonly name?: string;
  readonly heldout?: string;
  readonly maxError?: number;
  readonly inputMode: InputMode;
  readonly proofSystem: string;
}

/** Samples that errors are looked at node by node on, and nodes that are named to people. */
const NODE_SAMPLES = 16;
const WORST_NODES = 5;

const share = (text: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && value < Infinity))
    throw new InvalidArgumentError("give a share, such as 0.02.");
  return value;
};

const inputMode = (text: string): InputMode => {
  const found = INPUT_MODES.find((mode) => mode.toLowerCase() === text);
  if (found === undefined) throw new InvalidArgumentError("give public or committed.");
  return found;
};

export function compileCommand(context: () => CliContext): Command {
  const command = new Command("compile")
    .description("compile an ONNX model into a package: integer graph, circuit, manifest")
    .argument("<model.onnx>", "the model")
    .requiredOption("-o, --output <dir>", "where the package goes; must not exist, or be empty")
    .option("--name <name>", "name of the model (default: the file's)");
  return addCalibrationOptions(command)
    .option("--heldout <json>", "samples kept apart, to measure accuracy on; labels are used if there are any")
    .option(
      "--max-error <share>",
      "fail where an output is further off than this share of the largest float output",
      share,
    )
    .option("--proof-system <name>", "proof system to compile for: groth16 or tensorcheck", "groth16")
    .option("--input-mode <mode>", "public, or committed: inputs stay off chain", inputMode, "PUBLIC" as const)
    .addHelpText(
      "after",
      `
Accuracy is measured on --heldout, else on the samples of the calibration, and written to report/accuracy.json with the
error of every node.

Examples:
  $ verigrad compile digits.onnx --calibration samples.json -o digits
  $ verigrad compile digits.onnx --calibration calibration.json --heldout heldout.json -o digits --json
  $ verigrad compile house.onnx --input-range 0,1 --max-error 0.02 -o house`,
    )
    .action((model: string, options: CompileOptions) => compile(context(), model, options));
}

async function compile(context: CliContext, model: string, options: CompileOptions): Promise<void> {
  const started = Date.now();
  const onnx = await readNamed(model);
  await assertFree(resolve(options.output));
  const proofSystem = await proofSystemNamed(options.proofSystem);
  const source = await calibrationFrom(context, onnx, proofSystemName(options.proofSystem), options);
  const { calibration } = source;
  const { inputMode } = options;
  const name = options.name ?? basename(model).replace(/\.onnx$/i, "");
  const built = await buildPackage({ onnx, calibration, name, proofSystem, inputMode }, context.work());
  const report = await measure(onnx, built.graph, calibration, source.samples, options);
  if (report === null && options.maxError !== undefined)
    throw new VerigradError("CALIBRATION_MISSING", "--max-error needs samples: give --heldout");
  if (report !== null) assertAccurate(report, options.maxError);
  const reports =
    report === null
      ? []
      : [{ path: "report/accuracy.json", bytes: Buffer.from(`${JSON.stringify(report, null, 2)}\n`) }];
  await writePackage(options.output, [...built.files, ...reports]);

  const compileMs = Date.now() - started;
  for (const notice of built.notices) context.print(`notice: ${notice}`);
  if (report !== null) printReport(context, report);
  context.print(`${options.output}: package of ${name} for ${proofSystem.name}, ${compileMs} ms`);
  const powers = await proofSystem.powersNeeded(options.output);
  context.print(
    `next: verigrad setup ${options.output} (a ceremony's takes 2^${powers} powers of tau: verigrad fetch-ptau)`,
  );
  context.result({
    directory: options.output,
    name,
    proofSystem: proofSystem.name,
    inputMode,
    files: built.files.map(({ path }) => path),
    notices: built.notices,
    accuracy: report,
    powers,
    compileMs,
  });
}

/** report/accuracy.json */
interface Report extends Accuracy {
  readonly measuredOn: "heldout" | "calibration";
  readonly nodes: readonly NodeError[];
}

/** On samples kept apart if there are any, else on those of the calibration; null where there are none at all. */
async function measure(
  onnx: Uint8Array,
  graph: IntegerGraph,
  calibration: Calibration,
  calibrationSamples: readonly Sample[] | null,
  { heldout }: CompileOptions,
): Promise<Report | null> {
  const inputs = graph.inputs.map(({ name, spec }) => ({ name, shape: spec.shape }));
  const given =
    heldout !== undefined
      ? readSamples(await readNamed(heldout), inputs)
      : calibrationSamples === null
        ? null
        : { samples: calibrationSamples, labels: null };
  if (given === null) return null;
  const { measureAccuracy } = await import("../../calibrate/accuracy.ts");
  const { measureNodes } = await import("../../calibrate/node-errors.ts");
  const accuracy = await measureAccuracy(onnx, graph, given.samples, given.labels, {
    dims: dimsOf(calibration),
    heads: calibration.heads,
  });
  const nodes = measureNodes(onnx, graph, calibration, given.samples.slice(0, NODE_SAMPLES));
  return { measuredOn: heldout === undefined ? "calibration" : "heldout", ...accuracy, nodes };
}

const worstOf = (nodes: readonly NodeError[]): NodeError[] =>
  nodes.toSorted((a, b) => b.relativeError - a.relativeError).slice(0, WORST_NODES);

const percent = (value: number): string => `${(100 * value).toPrecision(3)} %`;

/** Errors: ACCURACY_TOO_LOW, naming the nodes where accuracy is lost. */
function assertAccurate({ relativeError, nodes }: Report, maxError: number | undefined): void {
  if (maxError === undefined || relativeError <= maxError) return;
  const worst = worstOf(nodes);
  const lines = worst.map((node) => `  ${node.operator} "${node.node}": ${percent(node.relativeError)}`);
  throw new VerigradError(
    "ACCURACY_TOO_LOW",
    [
      `an output is off by ${percent(relativeError)} of the largest float output, above --max-error ${percent(maxError)};`,
      "try --weight-bits 16 --activation-bits 16 --input-bits 16 (32 for features of different scales), or more samples. Largest errors:",
      ...lines,
    ].join("\n"),
    { data: { relativeError, maxError, nodes: worst } },
  );
}

function printReport(context: CliContext, report: Report): void {
  const { samples, floatTop1, integerTop1, agreement, relativeError, measuredOn } = report;
  if (report.reference === "interpreter")
    context.print("onnxruntime cannot run this file: errors are measured against Verigrad's own float interpreter");
  const apart = measuredOn === "heldout" ? "held-out samples" : "samples of the calibration";
  const parts = [
    floatTop1 === null || integerTop1 === null
      ? null
      : `float ${percent(floatTop1)}, integer ${percent(integerTop1)} right`,
    agreement === null ? null : `same class on ${percent(agreement)}`,
    `largest error ${percent(relativeError)} of the largest output`,
  ];
  context.print(`accuracy on ${samples} ${apart}: ${parts.filter((part) => part !== null).join("; ")}`);
  for (const { operator, node, relativeError: error } of worstOf(report.nodes))
    if (error > 0) context.print(`  error ${percent(error)} after ${operator} "${node}"`);
}
