// SPDX-License-Identifier: GPL-3.0-or-later
// Float model against integer graph, on samples kept apart from calibration.
import { VerigradError } from "../errors.ts";
import { analyse } from "../graph/analyse.ts";
import { execute } from "../graph/execute.ts";
import { quantizeSample, type Sample } from "../graph/samples.ts";
import type { IntegerGraph } from "../graph/types.ts";
import { parseModel } from "../onnx/parse.ts";
import { dequantizeValues } from "../tensor/codec.ts";
import { indexOfLargest } from "../tensor/largest.ts";
import { loadReference, type Reference } from "./reference.ts";

/** Shares are 0..1; errors are in real units over all output values. Null where there are no labels or no classes. */
export interface Accuracy {
  /** Whose outputs the integers are compared with: onnxruntime's, or our interpreter's where it refuses the file. */
  readonly reference: Reference["kind"];
  readonly samples: number;
  /** Share of samples whose label is the float model's largest output. */
  readonly floatTop1: number | null;
  /** The same for the integer graph. */
  readonly integerTop1: number | null;
  /** Share of samples on which both have the same largest output. */
  readonly agreement: number | null;
  readonly maxAbsError: number;
  readonly meanAbsError: number;
  /** Largest error of an output over its largest float value, of the output where that is worst. */
  readonly relativeError: number;
}

/**
 * Measures a graph against the ONNX file it was compiled from; classes are read from the first output.
 * Errors: INPUT_*, FLOAT_MODEL_FAILED, those of parseModel.
 */
export async function measureAccuracy(
  onnx: Uint8Array,
  graph: IntegerGraph,
  samples: readonly Sample[],
  labels: readonly number[] | null = null,
  options: { readonly dims?: Readonly<Record<string, number>>; readonly heads?: "drop" | "keep" } = {},
): Promise<Accuracy> {
  if (samples.length === 0) throw new VerigradError("INPUT_SHAPE", "accuracy needs at least one sample");
  const model = parseModel(onnx, options);
  const reference = await loadReference(onnx, model, analyse(model, options));
  const counts = { float: 0, integer: 0, agree: 0, values: 0 };
  let maxAbsError = 0;
  let sumAbsError = 0;
  let classes = 0;
  const worst = graph.outputs.map(() => ({ error: 0, peak: 0 }));
  try {
    for (const [s, sample] of samples.entries()) {
      const expected = await reference.run(sample);
      const actual = execute(graph, quantizeSample(graph.inputs, sample)).map((values, o) =>
        dequantizeValues((graph.outputs[o] as IntegerGraph["outputs"][number]).spec, values),
      );
      actual.forEach((values, o) => {
        const output = worst[o] as (typeof worst)[number];
        values.forEach((v, i) => {
          const float = expected[o]?.[i] as number;
          const error = Math.abs(v - float);
          output.error = Math.max(output.error, error);
          output.peak = Math.max(output.peak, Math.abs(float));
          if (error > maxAbsError) maxAbsError = error;
          sumAbsError += error;
          counts.values++;
        });
      });
      classes = actual[0]?.length ?? 0;
      const [f, q] = [indexOfLargest(expected[0] ?? []), indexOfLargest(actual[0] ?? [])];
      if (f === labels?.[s]) counts.float++;
      if (q === labels?.[s]) counts.integer++;
      if (f === q) counts.agree++;
    }
  } finally {
    await reference.release();
  }
  const share = (count: number, known: boolean): number | null =>
    known && classes > 1 ? count / samples.length : null;
  return {
    reference: reference.kind,
    samples: samples.length,
    floatTop1: share(counts.float, labels !== null),
    integerTop1: share(counts.integer, labels !== null),
    agreement: share(counts.agree, true),
    maxAbsError,
    meanAbsError: sumAbsError / counts.values,
    relativeError: Math.max(...worst.map(({ error, peak }) => (error === 0 ? 0 : error / (peak || 1)))),
  };
}
