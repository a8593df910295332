// SPDX-License-Identifier: GPL-3.0-or-later
// Chooses a model's exponents and widths on sample inputs (docs/spec/calibration.md, section 4).
import { VerigradError } from "../errors.ts";
import { analyse, type Analysis } from "../graph/analyse.ts";
import { CALIBRATION_FORMAT, checkCalibration, modelHash, type Calibration } from "../graph/calibration.ts";
import { executionCost } from "../graph/cost.ts";
import { lowerNodes, lowerOutputs } from "../graph/lower.ts";
import type { Sample } from "../graph/samples.ts";
import { parseModel } from "../onnx/parse.ts";
import { isFloatType, type FloatGraph } from "../onnx/types.ts";
import type { WorkOptions } from "../proofs/types.ts";
import type { TensorType } from "../tensor/spec.ts";
import { suggestInput, type InputBits, type InputEntry } from "./input-spec.ts";
import { observe, type Observations } from "./observe.ts";
import { plan, type Widths } from "./plan.ts";
import { descend, evaluate, type Candidate, type Problem } from "./search.ts";

export interface CalibrateOptions {
  readonly target: Calibration["target"];
  /** Width of weights, sign included (default: searched). */
  readonly weightBits?: number;
  /** Width of activations after a Relu, unsigned, and of look-ups (default: searched). */
  readonly activationBits?: number;
  /** Width of inputs that are not integers (default 8). */
  readonly inputBits?: InputBits;
  /** Type of all outputs (default i16, or i32 for integers that need it). */
  readonly outputType?: TensorType;
  /** Input specs, when they should not follow from the samples. */
  readonly inputs?: readonly InputEntry[];
  /** Sizes of symbolic dimensions. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Whether a final Softmax, LogSoftmax or ArgMax is dropped (default) or kept. */
  readonly heads?: Calibration["heads"];
  /** The narrowest widths with at most this error (share of the largest float output) are taken (default 0.02). */
  readonly targetError?: number;
}

/** What calibration chose, and what it measured on its samples. */
export interface Calibrated {
  readonly calibration: Calibration;
  /** Widths looked at, in order; the last or the best was taken. */
  readonly tried: readonly (Widths & { readonly relativeError: number })[];
  /** Largest error over the largest float value of the same output, on the samples. */
  readonly relativeError: number;
  readonly samples: number;
  /** Whose outputs the errors are measured against. */
  readonly reference: Observations["reference"];
}

/** Widths that are looked at, narrowest first. */
const WIDTHS: readonly Widths[] = [8, 12, 16].map((bits) => ({ weightBits: bits, activationBits: bits }));
const TARGET_ERROR = 0.02;
/** About how many multiply-accumulates the float model may be observed for; at least so many samples. */
const OBSERVE_BUDGET = 5e8;
const MIN_OBSERVED = 8;
/** Most samples that the float model is observed on. */
const MAX_OBSERVED = 4096;

/**
 * Calibrates a model on samples (per sample, per input: real values). Deterministic for the same float results.
 * Errors: those of parseModel and analyse, INPUT_* for samples that do not fit, GRAPH_ACCUMULATOR_OVERFLOW,
 * FLOAT_MODEL_FAILED, ABORTED.
 */
export async function calibrate(
  onnx: Uint8Array,
  samples: readonly Sample[],
  options: CalibrateOptions,
  work: WorkOptions = {},
): Promise<Calibrated> {
  if (samples.length === 0) throw new VerigradError("INPUT_SHAPE", "calibration needs at least one sample");
  const { dims = {}, targetError = TARGET_ERROR, heads = "drop" } = options;
  const model = parseModel(onnx, { dims });
  const analysis = analyse(model, { heads });
  work.onProgress?.("float model", 0);
  const first = await observe(onnx, model, analysis, samples.slice(0, MIN_OBSERVED), work);
  const base = baseOf(onnx, model, analysis, samples, options);
  const widths = widthsOf(options);
  const macs = planned(model, analysis, plan(model, analysis, base, widths[0] as Widths, first.seen));
  const count = Math.min(samples.length, MAX_OBSERVED, Math.max(MIN_OBSERVED, Math.floor(OBSERVE_BUDGET / macs)));
  const observed =
    count <= first.samples.length ? first : await observe(onnx, model, analysis, samples.slice(0, count), work);
  const problem: Problem = { model, analysis, ...observed };

  const tried: (Widths & { relativeError: number })[] = [];
  let best: Candidate | undefined;
  for (const width of widths) {
    const start = startOf(problem, plan(model, analysis, base, width, observed.seen));
    const candidate = descend(problem, start, work);
    tried.push({ ...width, relativeError: candidate.relativeError });
    if (best === undefined || candidate.error < best.error) best = candidate;
    if (candidate.relativeError <= targetError) break;
  }
  const { calibration, relativeError } = best as Candidate;
  return {
    calibration: checkCalibration(calibration),
    tried,
    relativeError,
    samples: observed.samples.length,
    reference: observed.reference,
  };
}

function widthsOf({ weightBits, activationBits }: CalibrateOptions): readonly Widths[] {
  if (weightBits === undefined && activationBits === undefined) return WIDTHS;
  return [{ weightBits: weightBits ?? 8, activationBits: activationBits ?? 8 }];
}

/** A calibration without entries for any node. */
function baseOf(
  onnx: Uint8Array,
  model: FloatGraph,
  analysis: Analysis,
  samples: readonly Sample[],
  { target, inputs, inputBits = 8, outputType, dims = {}, heads = "drop" }: CalibrateOptions,
): Calibration {
  const suggested = (): InputEntry[] =>
    model.inputs.map(({ name }, i) =>
      suggestInput(
        name,
        samples.map((sample) => sample[i] ?? []),
        inputBits,
      ),
    );
  const typeOf = (name: string): TensorType => {
    const float = isFloatType(analysis.types.get(name)?.type ?? "float32");
    return outputType ?? (float ? "i16" : "i32");
  };
  return checkCalibration({
    format: CALIBRATION_FORMAT,
    model: modelHash(onnx),
    target,
    heads,
    dims: Object.entries(dims).map(([name, size]) => ({ name, size })),
    inputs: inputs ?? suggested(),
    constants: [],
    tensors: [],
    lookups: [],
    outputs: analysis.outputs.map((name) => ({ name, type: typeOf(name), exponent: null })),
  });
}

/** What running a plan costs. */
function planned(model: FloatGraph, analysis: Analysis, calibration: Calibration): number {
  const { builder } = lowerNodes(model, analysis, calibration);
  return executionCost(builder);
}

/** A plan as the first candidate. Throws why it does not lower, if it does not. */
function startOf(problem: Problem, calibration: Calibration): Candidate {
  const start = evaluate(problem, calibration);
  if (start !== undefined) return start;
  lowerOutputs(lowerNodes(problem.model, problem.analysis, calibration), calibration.outputs); // throws, saying why
  throw new VerigradError("GRAPH_MALFORMED", "the model does not lower with any output exponent");
}
