// SPDX-License-Identifier: GPL-3.0-or-later
import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { VerigradError } from "../../errors.ts";
import { analyseAll, type Analysis, type Offence } from "../../graph/analyse.ts";
import { modelHash, parseCalibration, type Calibration } from "../../graph/calibration.ts";
import { dimsOf } from "../../graph/compile.ts";
import { totalMacs } from "../../graph/cost.ts";
import { drawModel } from "../../graph/draw.ts";
import { INSPECTION_FORMAT, inspectModel, reachable, type Estimate, type LoweredPart } from "../../graph/inspect.ts";
import { lowerNodes, lowerOutputs, type LoweredNodes } from "../../graph/lower.ts";
import type { GraphPort, IntegerGraph } from "../../graph/types.ts";
import { parseModel } from "../../onnx/parse.ts";
import { isFloatType, type ElementType, type FloatGraph, type OnnxInput } from "../../onnx/types.ts";
import type { InputRange } from "../../calibrate/random-samples.ts";
import { addDimOption, headsOption, inputRange, type NamedRange } from "../calibration-options.ts";
import { EXIT, readNamed, type CliContext } from "../context.ts";
import { inspectionLines, type InspectionReport, type ReportedInput } from "../inspection.ts";
import { PROOF_SYSTEM_NAMES, proofSystemNamed } from "../proof-systems.ts";

interface InspectOptions {
  readonly calibration?: string;
  readonly inputRange?: readonly NamedRange[];
  readonly dim?: Readonly<Record<string, number>>;
  readonly heads?: Calibration["heads"];
  readonly svg?: string;
}

/** Samples that a quick calibration looks at. */
const SAMPLES = 4;
/** Largest graph that proof systems are asked about as a whole, in multiply-accumulates. */
const MAX_ASKED = 2 ** 24;

export function inspectCommand(context: () => CliContext): Command {
  const command = new Command("inspect")
    .description("show what a model is made of, which of its nodes compile, and what they cost")
    .argument("<model.onnx>", "the model");
  return headsOption(addDimOption(command))
    .option("--calibration <json>", "take widths and ranges from a calibration.json")
    .option("--input-range <[name=]lo,hi>", "range of the inputs (repeatable; default: -1,1 or the type's)", inputRange)
    .option("--svg <file>", "draw the graph")
    .addHelpText(
      "after",
      `
Exit code 3 where a node cannot be compiled; each is named with the reason.

Examples:
  $ verigrad inspect digits.onnx --input-range 0,16
  $ verigrad inspect model.onnx --dim batch_size=1 --json
  $ verigrad inspect digits.onnx --calibration calibration.json --svg digits.svg`,
    )
    .action((path: string, options: InspectOptions) => inspect(context(), path, options));
}

async function inspect(context: CliContext, path: string, options: InspectOptions): Promise<void> {
  const onnx = await readNamed(path);
  const { model, report } = await inspectFile(onnx, options, await calibrationOf(options));
  if (options.svg !== undefined) await writeDrawing(options.svg, drawModel(model, report));
  for (const line of inspectionLines(report)) context.print(line);
  if (options.svg !== undefined) context.print(`drawn in ${options.svg}`);
  context.result({ ...report });
  if (report.unsupported.length > 0) context.exitCode = EXIT.refuted;
}

/** Errors: OUTPUT_UNWRITABLE. */
async function writeDrawing(path: string, svg: string): Promise<void> {
  try {
    await writeFile(path, svg);
  } catch (cause) {
    throw new VerigradError("OUTPUT_UNWRITABLE", `cannot write ${path}`, { cause });
  }
}

/** Inspects a file. Errors: those of parseModel; CALIBRATION_MISMATCH; INPUT_RANGE. */
export async function inspectFile(
  onnx: Uint8Array,
  options: InspectOptions,
  given: Calibration | null,
): Promise<{ readonly model: FloatGraph; readonly report: InspectionReport }> {
  const model = parseModel(onnx, { dims: given === null ? (options.dim ?? {}) : dimsOf(given) });
  const hash = modelHash(onnx);
  if (given !== null && given.model !== hash)
    throw new VerigradError("CALIBRATION_MISMATCH", `${options.calibration} was made for another ONNX file`);
  const { analysis, offences } = analyseAll(model, { heads: given?.heads ?? options.heads ?? "drop" });
  const inputs = given === null ? declaredInputs(model, options.inputRange ?? []) : rangesOf(model, given);
  const found = await lower(model, analysis, offences, inputs, given);
  const part = found === null ? null : await estimated(found, analysis, inputs.length);
  const report: InspectionReport = {
    format: INSPECTION_FORMAT,
    model: hash,
    opsets: [...model.opsets].map(([domain, version]) => ({ domain: domain === "" ? "ai.onnx" : domain, version })),
    inputs,
    outputs: analysis.outputs,
    calibration: given !== null ? (options.calibration as string) : found === null ? null : found.description,
    proofSystems: (part?.estimates ?? []).map(({ name, unit, refusals }) => ({ name, unit, refusals })),
    ...inspectModel(model, analysis, [...offences, ...(found?.offences ?? [])], part),
  };
  return { model, report };
}

/** Errors: CALIBRATION_INVALID beside options that the calibration fixes already. */
async function calibrationOf(options: InspectOptions): Promise<Calibration | null> {
  if (options.calibration === undefined) return null;
  if ([options.inputRange, options.dim, options.heads].some((option) => option !== undefined))
    throw new VerigradError("CALIBRATION_INVALID", "a calibration.json fixes ranges, sizes and heads already");
  return parseCalibration(await readNamed(options.calibration));
}

const rangesOf = (model: FloatGraph, { inputs }: Calibration): ReportedInput[] =>
  model.inputs.map(({ name, type, shape }): ReportedInput => {
    const spec = inputs.find((input) => input.name === name);
    if (spec === undefined) throw new VerigradError("CALIBRATION_MISMATCH", `the calibration has no input "${name}"`);
    const unit = 2 ** -spec.exponent;
    return { name, type, shape, range: [spec.lo * unit, spec.hi * unit], assumed: false };
  });

/** Ranges of integer types that nobody declared: the type's, of wide ones what 16 bits hold. */
const ASSUMED: Partial<Record<ElementType, readonly [number, number]>> = {
  bool: [0, 1],
  int8: [-128, 127],
  uint8: [0, 255],
  uint16: [0, 65535],
  uint32: [0, 65535],
  uint64: [0, 65535],
};

/** Errors: INPUT_RANGE for the name of an input that the model lacks. */
function declaredInputs({ inputs }: FloatGraph, ranges: readonly NamedRange[]): ReportedInput[] {
  const stranger = ranges.find((range) => range.name !== null && !inputs.some(({ name }) => name === range.name));
  if (stranger !== undefined) {
    const names = inputs.map(({ name }) => name).join(", ");
    throw new VerigradError("INPUT_RANGE", `no input "${stranger.name}"; the model has ${names}`);
  }
  return inputs.map(({ name, type, shape }: OnnxInput): ReportedInput => {
    const declared = ranges.find((range) => range.name === name) ?? ranges.find((range) => range.name === null);
    if (declared !== undefined) return { name, type, shape, range: [declared.lo, declared.hi], assumed: false };
    const range = isFloatType(type) ? ([-1, 1] as const) : (ASSUMED[type] ?? ([-32768, 32767] as const));
    return { name, type, shape, range, assumed: true };
  });
}

interface Found {
  readonly lowered: LoweredNodes;
  readonly graph: IntegerGraph | null;
  readonly offences: readonly Offence[];
  readonly description: string;
}

/** Lowers what can be lowered; null where the model is too large for that without a calibration.json. */
async function lower(
  model: FloatGraph,
  analysis: Analysis,
  offences: readonly Offence[],
  inputs: readonly ReportedInput[],
  given: Calibration | null,
): Promise<Found | null> {
  if (given !== null && offences.length === 0) {
    const lowered = lowerNodes(model, analysis, given);
    return { lowered, graph: lowerOutputs(lowered, given.outputs), offences: [], description: "" };
  }
  const { inputOfRange, randomSamples } = await import("../../calibrate/random-samples.ts");
  const { lowerQuickly, QUICK_WIDTHS } = await import("../../calibrate/quick.ts");
  const ranges = inputs.map(({ range: [lo, hi] }): InputRange => ({ lo, hi }));
  const specs = given?.inputs ?? model.inputs.map((input, i) => inputOfRange(input, ranges[i] as InputRange, 8));
  const found = lowerQuickly(model, analysis, specs, randomSamples(model.inputs, ranges, SAMPLES));
  const { weightBits } = QUICK_WIDTHS;
  const description = `a quick one: ${weightBits} bits, ${SAMPLES} random samples of the inputs' ranges`;
  return found === null ? null : { ...found, description };
}

async function estimated(found: Found, { outputs }: Analysis, inputCount: number): Promise<LoweredPart> {
  const { lowered, graph } = found;
  const { tensors } = lowered.builder;
  const ports = tensors.slice(0, inputCount).map(({ name, shape, exponent, lo, hi }, tensor): GraphPort => {
    return { name, tensor, spec: { shape, exponent, type: "i32", lo: Number(lo), hi: Number(hi) } };
  });
  const names = outputs.filter((name) => lowered.tensorOf(name) !== undefined);
  const part = graph ?? { inputs: ports, tensors, nodes: reachable(lowered, names), outputs: [] };
  const systems = await Promise.all(PROOF_SYSTEM_NAMES.map(proofSystemNamed));
  const estimates = systems.map((system): Estimate => {
    const { unit, nodes, ports: portCost } = system.cost(part);
    const asked = graph !== null && !nodes.includes(null) && totalMacs(graph) <= MAX_ASKED;
    return { name: system.name, unit, nodes, ports: portCost, refusals: asked ? system.unsupported(graph) : [] };
  });
  return { lowered, graph: part, whole: graph !== null, estimates };
}
