// SPDX-License-Identifier: GPL-3.0-or-later
// Candidates: lowered, run on samples, measured against the float model; and a descent over their exponents.
import { VerigradError } from "../errors.ts";
import type { Analysis } from "../graph/analyse.ts";
import type { Calibration } from "../graph/calibration.ts";
import { executionCost } from "../graph/cost.ts";
import { execute } from "../graph/execute.ts";
import { lowerNodes, lowerOutputs, realConstants, type LoweredNodes } from "../graph/lower.ts";
import { roundShift } from "../graph/ranges.ts";
import { quantizeSample, type Sample } from "../graph/samples.ts";
import type { GraphTensor, IntegerGraph } from "../graph/types.ts";
import type { FloatGraph } from "../onnx/types.ts";
import type { WorkOptions } from "../proofs/types.ts";
import { dequantizeValues } from "../tensor/codec.ts";
import { TYPE_INFO } from "../tensor/spec.ts";
import { throwIfAborted, type Seen } from "./observe.ts";

/** Steps that the descent tries on each exponent, and how often it goes through all of them. */
const STEPS = [-2, -1, 1, 2];
const MAX_ROUNDS = 4;
/** Most samples that a candidate is measured on, and about how many multiply-accumulates a descent may take. */
const MAX_SAMPLES = 256;
const MIN_SAMPLES = 8;
const BUDGET = 1e9;
/** What lowering one constant costs, in multiply-accumulates. */
const LOWERING_COST = 100;
/** An output whose peak has this many steps keeps its whole proven range; a coarser one saturates instead. */
const FINE_STEPS = 2 ** 11;

export interface Problem {
  readonly model: FloatGraph;
  readonly analysis: Analysis;
  readonly seen: ReadonlyMap<string, Seen>;
  readonly samples: readonly Sample[];
  /** Float outputs of each sample. */
  readonly expected: readonly (readonly Float64Array[])[];
}

export interface Candidate {
  readonly calibration: Calibration;
  readonly graph: IntegerGraph;
  /** Sum of squared output errors over the samples. */
  readonly error: number;
  /** Largest error over the largest float value, of the output where that is worst. */
  readonly relativeError: number;
}

/**
 * Exponents of outputs: the finest for which no value of the proven range saturates; where that is coarse because the
 * range is far wider than what was seen, the finest for which twice what was seen fits. Null where all fit as they are.
 */
export function fitOutputs(
  { builder, tensorOf }: LoweredNodes,
  seen: ReadonlyMap<string, Seen>,
  outputs: Calibration["outputs"],
): Calibration["outputs"] {
  return outputs.map(({ name, type }) => {
    const { lo, hi, exponent } = builder.tensors[tensorOf(name)] as GraphTensor;
    const limits = { lo: BigInt(TYPE_INFO[type].lo), hi: BigInt(TYPE_INFO[type].hi) };
    const fits = (least: bigint, most: bigint, shift: number): boolean =>
      roundShift(least, shift) >= limits.lo && roundShift(most, shift) <= limits.hi;
    const least = seen.get(name) ?? { lo: 0, hi: 0 };
    const steps = (v: number): bigint => BigInt(Math.round(v * 2 ** Math.min(exponent, 1000)) || 0);
    const peak = Math.max(Math.abs(least.lo), Math.abs(least.hi)) * 2 ** exponent;
    let shift = 0;
    while (!fits(lo, hi, shift) && shift < 62) shift++;
    while (shift > 0 && peak * 2 ** -shift < FINE_STEPS && fits(steps(2 * least.lo), steps(2 * least.hi), shift - 1))
      shift--;
    return { name, type, exponent: fits(lo, hi, 0) ? null : exponent - shift };
  });
}

/** Lowers a candidate, fits its outputs and measures it; undefined where it does not lower. */
export function evaluate(
  problem: Problem,
  calibration: Calibration,
  samples = problem.samples.length,
): Candidate | undefined {
  let graph: IntegerGraph;
  let fitted: Calibration;
  try {
    const nodes = lowerNodes(problem.model, problem.analysis, calibration);
    fitted = { ...calibration, outputs: fitOutputs(nodes, problem.seen, calibration.outputs) };
    graph = lowerOutputs(nodes, fitted.outputs);
  } catch (error) {
    const known = ["GRAPH_ACCUMULATOR_OVERFLOW", "GRAPH_OUTPUT_RANGE", "GRAPH_MALFORMED", "ONNX_UNSUPPORTED"];
    if (error instanceof VerigradError && known.includes(error.code)) return undefined;
    throw error;
  }
  let error = 0;
  const worst = graph.outputs.map(() => 0);
  const peak = graph.outputs.map(() => 0);
  problem.samples.slice(0, samples).forEach((sample, s) => {
    execute(graph, quantizeSample(graph.inputs, sample)).forEach((values, o) => {
      const reals = dequantizeValues((graph.outputs[o] as IntegerGraph["outputs"][number]).spec, values);
      const expected = problem.expected[s]?.[o] as Float64Array;
      for (let i = 0; i < reals.length; i++) {
        const difference = Math.abs((reals[i] as number) - (expected[i] as number));
        error += difference ** 2;
        worst[o] = Math.max(worst[o] as number, difference);
        peak[o] = Math.max(peak[o] as number, Math.abs(expected[i] as number));
      }
    });
  });
  const relativeError = Math.max(...worst.map((most, o) => (most === 0 ? 0 : most / ((peak[o] as number) || 1))));
  return { calibration: fitted, graph, error, relativeError };
}

/** How many candidates a descent may look at, on how many samples each. */
function effortOf({ samples, analysis }: Problem, { graph, calibration }: Candidate) {
  let constants = 0;
  for (const node of analysis.nodes) constants += realConstants(analysis, node).length;
  const lowering = constants * LOWERING_COST;
  const running = executionCost(graph);
  const wanted =
    STEPS.length * (calibration.constants.length + calibration.tensors.length + calibration.lookups.length);
  const affordable = Math.floor((BUDGET / Math.max(1, wanted * MAX_ROUNDS) - lowering) / running);
  const count = Math.min(samples.length, MAX_SAMPLES, Math.max(MIN_SAMPLES, affordable));
  return { count, candidates: Math.floor(BUDGET / (lowering + count * running)) };
}

/** The same calibration with one exponent moved: `list` and index say which. */
type Move = (calibration: Calibration, step: number) => Calibration;

const moved = <T extends { readonly exponent: number }>(
  entries: readonly T[],
  i: number,
  step: number,
  finest = Infinity,
): T[] =>
  entries.map((entry, k) => (k === i ? { ...entry, exponent: Math.min(finest, entry.exponent + step) } : entry));

function movesOf({ constants, tensors, lookups }: Calibration): Move[] {
  return [
    ...constants.map((_, i): Move => (c, step) => ({ ...c, constants: moved(c.constants, i, step) })),
    ...tensors.map((_, i): Move => (c, step) => ({ ...c, tensors: moved(c.tensors, i, step) })),
    // A table that saturates on what was seen wins on average, and fails where its function is steepest.
    ...lookups.map(({ exponent }, i): Move => (c, step) => ({ ...c, lookups: moved(c.lookups, i, step, exponent) })),
  ];
}

/** Coordinate descent over all exponents; large models get as many steps as the budget allows. Errors: ABORTED. */
export function descend(problem: Problem, start: Candidate, work: WorkOptions): Candidate {
  const { count, candidates } = effortOf(problem, start);
  let left = candidates - 1;
  let best = count < problem.samples.length ? (evaluate(problem, start.calibration, count) ?? start) : start;
  const moves = movesOf(start.calibration);
  for (let round = 0; round < MAX_ROUNDS && left > 0; round++) {
    const before = best.error;
    for (const move of moves) {
      for (const step of STEPS) {
        if (left-- <= 0) break;
        throwIfAborted(work);
        const candidate = evaluate(problem, move(best.calibration, step), count);
        if (candidate !== undefined && candidate.error < best.error) best = candidate;
      }
    }
    work.onProgress?.("search", (round + 1) / MAX_ROUNDS);
    if (best.error === before) break;
  }
  return count < problem.samples.length ? (evaluate(problem, best.calibration) ?? best) : best;
}
