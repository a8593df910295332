// SPDX-License-Identifier: GPL-3.0-or-later
// Chooses a model's exponents and widths on sample inputs (docs/spec/calibration.md, section 4).
import { VerigradError } from "../errors.ts";
import { analyse, type Analysis } from "../graph/analyse.ts";
import { CALIBRATION_FORMAT, checkCalibration, modelHash, type Calibration } from "../graph/calibration.ts";
import { execute } from "../graph/execute.ts";
import { lowerNodes, lowerOutputs, parametersOf, type LoweredNodes } from "../graph/lower.ts";
import { roundShift } from "../graph/ranges.ts";
import { quantizeSample, type Sample } from "../graph/samples.ts";
import type { GraphTensor, IntegerGraph } from "../graph/types.ts";
import { parseModel } from "../onnx/parse.ts";
import type { FloatGraph } from "../onnx/types.ts";
import { dequantizeValues } from "../tensor/codec.ts";
import { TYPE_INFO, type TensorType } from "../tensor/spec.ts";
import type { WorkOptions } from "../proofs/types.ts";
import { loadFloatModel } from "./float-model.ts";
import { finestExponent, suggestInput, type InputEntry } from "./input-spec.ts";

export interface CalibrateOptions {
  readonly target: "groth16";
  /** Width of weights, sign included (default 8). */
  readonly weightBits?: number;
  /** Width of activations after a Relu, unsigned (default 8). */
  readonly activationBits?: number;
  /** Width of inputs that are not integers (default 8). */
  readonly inputBits?: 8 | 16;
  /** Type of all outputs (default i16). */
  readonly outputType?: TensorType;
  /** Input specs, when they should not follow from the samples. */
  readonly inputs?: readonly InputEntry[];
  /** Sizes of symbolic dimensions. */
  readonly dims?: Readonly<Record<string, number>>;
}

/** Steps that the search tries on each exponent, and how often it goes through all of them. */
const STEPS = [-2, -1, 1, 2];
const MAX_ROUNDS = 4;
/** Most samples on which the search measures, and about how many multiply-accumulates it may cost altogether. */
const SEARCH_SAMPLES = 256;
const SEARCH_BUDGET = 4e9;
/** Width of an accumulator that has to be requantized only because the next one would overflow. */
const CHAIN_BITS = 16;

interface Problem {
  readonly model: FloatGraph;
  readonly analysis: Analysis;
  readonly samples: readonly Sample[];
  /** Float outputs of each sample. */
  readonly expected: readonly Float64Array[][];
}

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
): Promise<Calibration> {
  if (samples.length === 0) throw new VerigradError("INPUT_SHAPE", "calibration needs at least one sample");
  const { dims = {}, weightBits = 8, activationBits = 8, inputBits = 8, outputType = "i16" } = options;
  const model = parseModel(onnx, { dims });
  const analysis = analyse(model);
  const parameters = parametersOf(analysis);

  work.onProgress?.("float model", 0);
  const names = [...parameters.outputs, ...analysis.nodes.map((node) => node.output)];
  const observed = await observe(onnx, model, names, samples, work);
  const peak = (name: string): number => observed.peaks[names.indexOf(name)] as number;
  const inputs =
    options.inputs ??
    model.inputs.map(({ name }, i) =>
      suggestInput(
        name,
        samples.map((s) => s[i] ?? []),
        inputBits,
      ),
    );
  let weights = 0;
  const constants = analysis.nodes.flatMap(({ operator, view, output }) => {
    const values = operator.constants?.(view) ?? [];
    if (values.length === 0) return [];
    weights += values.length;
    const max = Array.prototype.reduce.call(
      values,
      (m, v) => Math.max(m as number, Math.abs(v as number)),
      0,
    ) as number;
    return [{ name: output, exponent: finestExponent(max, 2 ** (weightBits - 1) - 1), bits: weightBits }];
  });
  const tensors = parameters.tensors.map((name) => ({
    name,
    exponent: finestExponent(peak(name), 2 ** activationBits - 1),
    bits: activationBits,
  }));
  const start: Calibration = checkCalibration({
    format: CALIBRATION_FORMAT,
    model: modelHash(onnx),
    target: options.target,
    dims: Object.entries(dims).map(([name, size]) => ({ name, size })),
    inputs,
    constants,
    tensors,
    lookups: [],
    outputs: parameters.outputs.map((name) => ({ name, type: outputType, exponent: null })),
  });
  const evaluations = 1 + STEPS.length * MAX_ROUNDS * (constants.length + tensors.length);
  const count = Math.min(SEARCH_SAMPLES, Math.max(8, Math.floor(SEARCH_BUDGET / (evaluations * Math.max(1, weights)))));
  const problem: Problem = {
    model,
    analysis,
    samples: samples.slice(0, count),
    expected: observed.outputs.slice(0, count).map((values) => values.slice(0, parameters.outputs.length)),
  };
  return search(problem, withoutOverflow(problem, start, peak), work);
}

/** Runs the float model: the named values' largest magnitudes over all samples, and the values of each sample. */
async function observe(
  onnx: Uint8Array,
  model: FloatGraph,
  names: readonly string[],
  samples: readonly Sample[],
  work: WorkOptions,
) {
  const float = await loadFloatModel(onnx, model, names);
  const peaks = names.map(() => 0);
  const outputs: Float64Array[][] = [];
  try {
    for (const [s, sample] of samples.entries()) {
      throwIfAborted(work);
      const values = await float.run(sample);
      values.forEach((list, i) => {
        for (const v of list) if (Math.abs(v) > (peaks[i] as number)) peaks[i] = Math.abs(v);
      });
      if (s < SEARCH_SAMPLES) outputs.push(values);
      work.onProgress?.("float model", (s + 1) / samples.length);
    }
  } finally {
    await float.release();
  }
  return { peaks, outputs };
}

function throwIfAborted({ signal }: WorkOptions): void {
  if (signal?.aborted === true) throw new VerigradError("ABORTED", "calibration was aborted", { consequence: "RETRY" });
}

/** groth16 prefers few requantizations: a chain of linear nodes gets one only where its accumulators would overflow. */
function withoutOverflow(problem: Problem, start: Calibration, peak: (name: string) => number): Calibration {
  try {
    lowerNodes(problem.model, problem.analysis, start);
    return start;
  } catch (error) {
    if (!(error instanceof VerigradError && error.code === "GRAPH_ACCUMULATOR_OVERFLOW")) throw error;
  }
  const given = new Map(start.tensors.map((entry) => [entry.name, entry]));
  const read = new Set(problem.analysis.nodes.flatMap(({ view }) => view.node.inputs));
  const tensors = problem.analysis.nodes.flatMap(({ output, operator }) => {
    const entry = given.get(output);
    if (entry !== undefined) return [entry];
    if (operator.constants === undefined || !read.has(output)) return [];
    return [{ name: output, exponent: finestExponent(peak(output), 2 ** (CHAIN_BITS - 1) - 1), bits: CHAIN_BITS }];
  });
  return { ...start, tensors };
}

/** Exponents of outputs: the finest for which no value in the proven range saturates; null where all fit as they are. */
function fitOutputs({ builder, tensorOf }: LoweredNodes, outputs: Calibration["outputs"]): Calibration["outputs"] {
  return outputs.map(({ name, type }) => {
    const { lo, hi, exponent } = builder.tensors[tensorOf(name)] as GraphTensor;
    const fits = (shift: number): boolean =>
      roundShift(lo, shift) >= BigInt(TYPE_INFO[type].lo) && roundShift(hi, shift) <= BigInt(TYPE_INFO[type].hi);
    let shift = 0;
    while (!fits(shift) && shift < 62) shift++;
    return { name, type, exponent: shift === 0 ? null : exponent - shift };
  });
}

interface Candidate {
  readonly calibration: Calibration;
  readonly error: number;
}

/** Lowers a candidate, fits its outputs and measures it; undefined where it does not lower. */
function evaluate(problem: Problem, calibration: Calibration): Candidate | undefined {
  let graph: IntegerGraph;
  let fitted: Calibration;
  try {
    const nodes = lowerNodes(problem.model, problem.analysis, calibration);
    fitted = { ...calibration, outputs: fitOutputs(nodes, calibration.outputs) };
    graph = lowerOutputs(nodes, fitted.outputs);
  } catch (error) {
    const known = ["GRAPH_ACCUMULATOR_OVERFLOW", "GRAPH_OUTPUT_RANGE", "GRAPH_MALFORMED"];
    if (error instanceof VerigradError && known.includes(error.code)) return undefined;
    throw error;
  }
  let error = 0;
  problem.samples.forEach((sample, s) => {
    execute(graph, quantizeSample(graph.inputs, sample)).forEach((values, o) => {
      const reals = dequantizeValues((graph.outputs[o] as IntegerGraph["outputs"][number]).spec, values);
      const expected = problem.expected[s]?.[o] as Float64Array;
      for (let i = 0; i < reals.length; i++) error += ((reals[i] as number) - (expected[i] as number)) ** 2;
    });
  });
  return { calibration: fitted, error };
}

/** Coordinate descent over all exponents, from those that just hold every value seen. */
function search(problem: Problem, start: Calibration, work: WorkOptions): Calibration {
  const first = evaluate(problem, start);
  if (first === undefined) {
    lowerOutputs(lowerNodes(problem.model, problem.analysis, start), start.outputs); // throws, saying why
    throw new VerigradError("GRAPH_MALFORMED", "the model does not lower with any output exponent");
  }
  let best = first;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = best.error;
    for (const list of ["constants", "tensors"] as const) {
      for (const i of best.calibration[list].keys()) {
        throwIfAborted(work);
        const entries = best.calibration[list];
        for (const step of STEPS) {
          const moved = entries.map((entry, k) => (k === i ? { ...entry, exponent: entry.exponent + step } : entry));
          const candidate = evaluate(problem, { ...best.calibration, [list]: moved });
          if (candidate !== undefined && candidate.error < best.error) best = candidate;
        }
      }
    }
    work.onProgress?.("search", (round + 1) / MAX_ROUNDS);
    if (best.error === before) break;
  }
  return best.calibration;
}
