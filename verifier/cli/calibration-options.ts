// SPDX-License-Identifier: GPL-3.0-or-later
// Where a compile's calibration comes from: a calibration.json, samples, or the declared range of the inputs.
import { InvalidArgumentError, type Command } from "commander";
import { VerigradError } from "../errors.ts";
import type { CalibrateOptions } from "../calibrate/calibrate.ts";
import type { InputBits } from "../calibrate/input-spec.ts";
import type { InputRange } from "../calibrate/random-samples.ts";
import { CALIBRATION_FORMAT, checkCalibration, type Calibration } from "../graph/calibration.ts";
import { readSamples, type Sample } from "../graph/samples.ts";
import { parseModel } from "../onnx/parse.ts";
import type { FloatGraph, OnnxInput } from "../onnx/types.ts";
import { TENSOR_TYPES, type TensorType } from "../tensor/spec.ts";
import { readJson, readNamed, type CliContext } from "./context.ts";

export interface CalibrationOptions {
  readonly calibration?: string;
  readonly inputRange?: readonly NamedRange[];
  readonly samples: number;
  readonly seed: number;
  readonly weightBits?: number;
  readonly activationBits?: number;
  readonly inputBits?: InputBits;
  readonly outputType?: TensorType;
  readonly heads?: Calibration["heads"];
  readonly dim?: Readonly<Record<string, number>>;
}

/** A declared range for one input, or (name null) for all that have none of their own. */
export interface NamedRange extends InputRange {
  readonly name: string | null;
}

const integerIn =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`give a whole number from ${least} to ${most}.`);
    return value;
  };

const oneOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): T =>
    values.find((value) => value === text) ??
    (() => {
      throw new InvalidArgumentError(`give one of ${values.join(", ")}.`);
    })();

/** Reads "lo,hi" or "name=lo,hi". */
export function inputRange(text: string, before: readonly NamedRange[] = []): NamedRange[] {
  const at = text.lastIndexOf("=");
  const ends = text.slice(at + 1).split(",");
  const [lo, hi] = ends.map(Number) as [number, number];
  if (
    ends.length !== 2 ||
    ends.some((end) => end.trim() === "") ||
    !Number.isFinite(lo) ||
    !(lo < hi) ||
    hi === Infinity
  )
    throw new InvalidArgumentError("give lo,hi or name=lo,hi, two numbers, the smaller first.");
  return [...before, { name: at < 0 ? null : text.slice(0, at), lo, hi }];
}

/** Reads "name=size". */
export function dimension(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const at = text.lastIndexOf("=");
  const size = Number(text.slice(at + 1));
  if (at < 1 || text.slice(at + 1).trim() === "" || !Number.isSafeInteger(size) || size < 1)
    throw new InvalidArgumentError("give name=size, such as batch_size=1.");
  return { ...before, [text.slice(0, at)]: size };
}

/** The option that sizes symbolic dimensions. */
export const addDimOption = (command: Command): Command =>
  command.option("--dim <name=size>", "size of a symbolic dimension of the inputs (repeatable)", dimension);

/** The option that says what becomes of classifier heads. */
export const headsOption = (command: Command): Command =>
  command.option(
    "--heads <what>",
    "a final Softmax or ArgMax: drop it (default) or keep it",
    oneOf(["drop", "keep"] as const),
  );

/** The options of a calibration; `compile` has others beside them. */
export function addCalibrationOptions(command: Command): Command {
  return headsOption(addDimOption(command))
    .option("--calibration <json>", "sample inputs to calibrate on, or a calibration.json made before")
    .option("--input-range <[name=]lo,hi>", "calibrate on random samples of this range (repeatable)", inputRange)
    .option("--samples <n>", "how many random samples", integerIn(1, 65536), 64)
    .option("--seed <n>", "seed of the random samples", integerIn(0, 2 ** 32 - 1), 1)
    .option(
      "--weight-bits <n>",
      "width of weights (default: 8, 12 or 16, the narrowest that suffices)",
      integerIn(2, 16),
    )
    .option("--activation-bits <n>", "width of activations (default: as weights)", integerIn(2, 16))
    .option("--input-bits <n>", "width of inputs that are not integers: 8, 16 or 32 (default: 8)", inputBits)
    .option("--output-type <type>", "integer type of the outputs", oneOf(TENSOR_TYPES));
}

function inputBits(text: string): InputBits {
  const bits = ([8, 16, 32] as const).find((width) => String(width) === text);
  if (bits === undefined) throw new InvalidArgumentError("give 8, 16 or 32.");
  return bits;
}

/** Samples that a calibration was made on, or could be measured on. */
export interface Source {
  readonly calibration: Calibration;
  /** Null for a calibration that was made before. */
  readonly samples: readonly Sample[] | null;
  /** For people: what the calibration was made from. */
  readonly description: string;
}

/**
 * The calibration that the options ask for. Errors: CALIBRATION_INVALID, INPUT_*, CALIBRATION_MISSING, those of
 * calibrate.
 */
export async function calibrationFrom(
  context: CliContext,
  onnx: Uint8Array,
  target: Calibration["target"],
  options: CalibrationOptions,
): Promise<Source> {
  if (options.calibration !== undefined) {
    const content = await readJson(options.calibration);
    const isCalibration = typeof content === "object" && content !== null && "format" in content;
    if (isCalibration && content.format === CALIBRATION_FORMAT) {
      assertNoChoices(options);
      return { calibration: checkCalibration(content), samples: null, description: options.calibration };
    }
  }
  const { inputs, samples, description } = await samplesFrom(parseModel(onnx, { dims: options.dim ?? {} }), options);
  const { calibrate } = await import("../calibrate/calibrate.ts");
  const { calibration, relativeError } = await calibrate(
    onnx,
    samples,
    { target, ...choicesOf(options), ...inputs },
    context.work(),
  );
  context.print(`calibrated on ${description}: largest error there ${percent(relativeError)} of the largest output`);
  return { calibration, samples, description };
}

const percent = (share: number): string => `${(100 * share).toPrecision(3)} %`;

function assertNoChoices(options: CalibrationOptions): void {
  const { weightBits, activationBits, inputBits: bits, outputType, heads, inputRange: ranges, dim } = options;
  const choices = [weightBits, activationBits, bits, outputType, heads, ranges, dim];
  if (choices.every((choice) => choice === undefined)) return;
  throw new VerigradError(
    "CALIBRATION_INVALID",
    "a calibration.json fixes all widths, types, ranges and sizes already",
  );
}

const choicesOf = (options: CalibrationOptions): Omit<CalibrateOptions, "target"> => ({
  dims: options.dim ?? {},
  ...(options.weightBits === undefined ? {} : { weightBits: options.weightBits }),
  ...(options.activationBits === undefined ? {} : { activationBits: options.activationBits }),
  ...(options.inputBits === undefined ? {} : { inputBits: options.inputBits }),
  ...(options.outputType === undefined ? {} : { outputType: options.outputType }),
  ...(options.heads === undefined ? {} : { heads: options.heads }),
});

async function samplesFrom(
  model: FloatGraph,
  options: CalibrationOptions,
): Promise<{ inputs: Pick<CalibrateOptions, "inputs">; samples: readonly Sample[]; description: string }> {
  const { calibration, inputRange: ranges } = options;
  const { inputOfRange, randomSamples } = await import("../calibrate/random-samples.ts");
  const declared = ranges === undefined ? undefined : model.inputs.map((input) => rangeOf(input, model, ranges));
  const inputs =
    declared === undefined
      ? {}
      : {
          inputs: model.inputs.map((input, i) =>
            inputOfRange(input, declared[i] as InputRange, options.inputBits ?? 8),
          ),
        };
  if (calibration !== undefined) {
    const { samples } = readSamples(await readNamed(calibration), model.inputs);
    return { inputs, samples, description: `${samples.length} samples of ${calibration}` };
  }
  if (declared === undefined) {
    throw new VerigradError(
      "CALIBRATION_MISSING",
      "nothing to calibrate on: give sample inputs by --calibration, or the range of the inputs by --input-range lo,hi",
    );
  }
  const samples = randomSamples(model.inputs, declared, options.samples, options.seed);
  return {
    inputs,
    samples,
    description: `${samples.length} random samples of the declared range (seed ${options.seed})`,
  };
}

/** The declared range of one input. Errors: INPUT_RANGE for a name that the model lacks, or an input without a range. */
function rangeOf({ name }: OnnxInput, { inputs }: FloatGraph, ranges: readonly NamedRange[]): InputRange {
  const names = inputs.map((input) => input.name);
  const stranger = ranges.find((range) => range.name !== null && !names.includes(range.name));
  if (stranger !== undefined)
    throw new VerigradError("INPUT_RANGE", `no input "${stranger.name}"; the model has ${names.join(", ")}`);
  const found = ranges.find((range) => range.name === name) ?? ranges.find((range) => range.name === null);
  if (found === undefined) throw new VerigradError("INPUT_RANGE", `input "${name}" has no --input-range`);
  return found;
}
