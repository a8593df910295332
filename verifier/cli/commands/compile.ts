// SPDX-License-Identifier: GPL-3.0-or-later
import { basename, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import type { Accuracy } from "../../calibrate/accuracy.ts";
import { buildPackage } from "../../compile/build.ts";
import { assertFree, writePackage } from "../../compile/write.ts";
import { VerigradError } from "../../errors.ts";
import { CALIBRATION_FORMAT, checkCalibration, type Calibration } from "../../graph/calibration.ts";
import { dimsOf } from "../../graph/compile.ts";
import { readSamples } from "../../graph/samples.ts";
import type { IntegerGraph } from "../../graph/types.ts";
import { parseModel } from "../../onnx/parse.ts";
import { TENSOR_TYPES, type TensorType } from "../../tensor/spec.ts";
import { readJson, readNamed, type CliContext } from "../context.ts";
import { proofSystemNamed } from "../proof-systems.ts";

interface CompileOptions {
  readonly calibration: string;
  readonly output: string;
  readonly name?: string;
  readonly heldout?: string;
  readonly weightBits?: number;
  readonly activationBits?: number;
  readonly outputType?: TensorType;
  readonly proofSystem: string;
}

const bits = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 2 || value > 16)
    throw new InvalidArgumentError("give a number from 2 to 16.");
  return value;
};

const tensorType = (text: string): TensorType => {
  const found = TENSOR_TYPES.find((type) => type === text);
  if (found === undefined) throw new InvalidArgumentError(`give one of ${TENSOR_TYPES.join(", ")}.`);
  return found;
};

export function compileCommand(context: () => CliContext): Command {
  return new Command("compile")
    .description("compile an ONNX model into a package: integer graph, circuit, manifest")
    .argument("<model.onnx>", "the model")
    .requiredOption("--calibration <json>", "sample inputs to calibrate on, or a calibration.json made before")
    .requiredOption("-o, --output <dir>", "where the package goes; must not exist, or be empty")
    .option("--name <name>", "name of the model (default: the file's)")
    .option("--heldout <json>", "samples kept apart, to measure accuracy on; labels are used if there are any")
    .option("--weight-bits <n>", "width of weights", bits)
    .option("--activation-bits <n>", "width of activations", bits)
    .option("--output-type <type>", "integer type of the outputs", tensorType)
    .option("--proof-system <name>", "proof system to compile for", "groth16")
    .addHelpText(
      "after",
      `
Examples:
  $ verigrad compile digits.onnx --calibration samples.json -o digits
  $ verigrad compile digits.onnx --calibration calibration.json --heldout heldout.json -o digits --json`,
    )
    .action((model: string, options: CompileOptions) => compile(context(), model, options));
}

async function compile(context: CliContext, model: string, options: CompileOptions): Promise<void> {
  const started = Date.now();
  const onnx = await readNamed(model);
  await assertFree(resolve(options.output));
  const proofSystem = await proofSystemNamed(options.proofSystem);
  const calibration = await calibrationFrom(context, onnx, options);
  const name = options.name ?? basename(model).replace(/\.onnx$/i, "");
  const built = await buildPackage({ onnx, calibration, name, proofSystem }, context.work());
  const accuracy =
    options.heldout === undefined ? null : await measure(onnx, built.graph, calibration, options.heldout);
  const report =
    accuracy === null
      ? []
      : [{ path: "report/accuracy.json", bytes: Buffer.from(`${JSON.stringify(accuracy, null, 2)}\n`) }];
  await writePackage(options.output, [...built.files, ...report]);

  const compileMs = Date.now() - started;
  for (const notice of built.notices) context.print(`notice: ${notice}`);
  if (accuracy !== null) {
    context.print(
      `accuracy on ${accuracy.samples} samples: float ${accuracy.floatTop1}, integer ${accuracy.integerTop1}`,
    );
  }
  context.print(`${options.output}: package of ${name} for ${proofSystem.name}, ${compileMs} ms`);
  context.print(`next: verigrad setup ${options.output}`);
  context.result({
    directory: options.output,
    name,
    proofSystem: proofSystem.name,
    files: built.files.map(({ path }) => path),
    notices: built.notices,
    accuracy,
    compileMs,
  });
}

/** A calibration that was made before, or one made now on samples. */
async function calibrationFrom(context: CliContext, onnx: Uint8Array, options: CompileOptions): Promise<Calibration> {
  const content = await readJson(options.calibration);
  const isCalibration = typeof content === "object" && content !== null && "format" in content;
  if (isCalibration && content.format === CALIBRATION_FORMAT) {
    if (options.weightBits !== undefined || options.activationBits !== undefined || options.outputType !== undefined) {
      throw new VerigradError("CALIBRATION_INVALID", "a calibration.json fixes all widths and types already");
    }
    return checkCalibration(content);
  }
  const { samples } = readSamples(await readNamed(options.calibration), parseModel(onnx).inputs);
  const { calibrate } = await import("../../calibrate/calibrate.ts");
  const { calibration } = await calibrate(
    onnx,
    samples,
    {
      target: "groth16",
      ...(options.weightBits === undefined ? {} : { weightBits: options.weightBits }),
      ...(options.activationBits === undefined ? {} : { activationBits: options.activationBits }),
      ...(options.outputType === undefined ? {} : { outputType: options.outputType }),
    },
    context.work(),
  );
  return calibration;
}

async function measure(
  onnx: Uint8Array,
  graph: IntegerGraph,
  calibration: Calibration,
  heldout: string,
): Promise<Accuracy> {
  const { samples, labels } = readSamples(
    await readNamed(heldout),
    graph.inputs.map(({ name, spec }) => ({ name, shape: spec.shape })),
  );
  const { measureAccuracy } = await import("../../calibrate/accuracy.ts");
  return measureAccuracy(onnx, graph, samples, labels, { dims: dimsOf(calibration) });
}
