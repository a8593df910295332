// SPDX-License-Identifier: GPL-3.0-or-later
// Where accuracy goes: each value of the float model against the tensor that stands for it, node by node.
import { analyse } from "../graph/analyse.ts";
import { dimsOf } from "../graph/compile.ts";
import type { Calibration } from "../graph/calibration.ts";
import { executeTrace, type Values } from "../graph/execute.ts";
import { interpret } from "../graph/interpret.ts";
import { quantizeSample, type Sample } from "../graph/samples.ts";
import type { GraphTensor, IntegerGraph } from "../graph/types.ts";
import { parseModel } from "../onnx/parse.ts";

/** Error of one value, as it has accumulated up to there. */
export interface NodeError {
  /** Name of the value; values inside a composite operator are named after its output. */
  readonly value: string;
  /** The ONNX node that it comes from, and that node's operator. */
  readonly node: string;
  readonly operator: string;
  /** In real units. */
  readonly maxAbsError: number;
  /** maxAbsError over the largest float value; 0 where both are 0. */
  readonly relativeError: number;
}

/**
 * Errors of all values that the graph has a tensor for, in execution order. Errors: INPUT_*, those of parseModel and
 * analyse.
 */
export function measureNodes(
  onnx: Uint8Array,
  graph: IntegerGraph,
  calibration: Calibration,
  samples: readonly Sample[],
): NodeError[] {
  const model = parseModel(onnx, { dims: dimsOf(calibration) });
  const analysis = analyse(model, calibration);
  // A value that is requantized has two tensors: the later one is what further nodes read.
  const ids = new Map(graph.tensors.map(({ name }, id) => [name, id]));
  const worst = new Map<string, { error: number; peak: number }>();
  for (const sample of samples) {
    const trace = executeTrace(graph, quantizeSample(graph.inputs, sample));
    interpret(model, analysis, sample, (name, values) => {
      const id = ids.get(name);
      if (id === undefined || (trace[id] as Values).length !== values.length) return;
      const { error, peak } = worst.get(name) ?? { error: 0, peak: 0 };
      const found = compare(values, trace[id] as Values, (graph.tensors[id] as GraphTensor).exponent);
      worst.set(name, { error: Math.max(error, found.error), peak: Math.max(peak, found.peak) });
    });
  }
  return analysis.nodes.flatMap(({ view, source }) =>
    view.node.outputs.flatMap((value): NodeError[] => {
      const found = worst.get(value);
      if (found === undefined) return [];
      const { error, peak } = found;
      const relativeError = error === 0 ? 0 : error / (peak || 1);
      return [{ value, node: source.name, operator: source.operator, maxAbsError: error, relativeError }];
    }),
  );
}

function compare(reals: Float64Array, integers: Values, exponent: number): { error: number; peak: number } {
  const unit = 2 ** -exponent;
  let error = 0;
  let peak = 0;
  for (let i = 0; i < reals.length; i++) {
    const real = reals[i] as number;
    error = Math.max(error, Math.abs(real - Number(integers[i]) * unit));
    peak = Math.max(peak, Math.abs(real));
  }
  return { error, peak };
}
