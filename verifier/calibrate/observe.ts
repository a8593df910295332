// SPDX-License-Identifier: GPL-3.0-or-later
// What the float model does on samples: the range of every value, and the outputs that integers are compared with.
import { VerigradError } from "../errors.ts";
import type { Analysis } from "../graph/analyse.ts";
import { interpret } from "../graph/interpret.ts";
import type { Sample } from "../graph/samples.ts";
import type { FloatGraph } from "../onnx/types.ts";
import type { WorkOptions } from "../proofs/types.ts";
import { loadReference, type Reference } from "./reference.ts";

/** Least and greatest value of a tensor over the samples. */
export interface Seen {
  readonly lo: number;
  readonly hi: number;
}

export interface Observations {
  /** By name of the value, those inside composite operators included. */
  readonly seen: ReadonlyMap<string, Seen>;
  /** Samples that the float model was run on, and its outputs for each. */
  readonly samples: readonly Sample[];
  readonly expected: readonly (readonly Float64Array[])[];
  /** What those outputs are from. */
  readonly reference: Reference["kind"];
}

/** Errors: INPUT_*, FLOAT_MODEL_FAILED, ABORTED. */
export async function observe(
  onnx: Uint8Array,
  model: FloatGraph,
  analysis: Analysis,
  samples: readonly Sample[],
  work: WorkOptions,
): Promise<Observations> {
  const reference = await loadReference(onnx, model, analysis);
  const seen = new Map<string, Seen>();
  const expected: Float64Array[][] = [];
  const note = (name: string, values: Float64Array): void => noteSeen(seen, name, values);
  try {
    for (const [s, sample] of samples.entries()) {
      throwIfAborted(work);
      expected.push(await reference.run(sample)); // checks the sample, too
      interpret(model, analysis, sample, note);
      work.onProgress?.("float model", (s + 1) / samples.length);
    }
  } finally {
    await reference.release();
  }
  return { seen, samples, expected, reference: reference.kind };
}

/** Widens what was seen of a value by further values. */
export function noteSeen(seen: Map<string, Seen>, name: string, values: Float64Array): void {
  let { lo, hi } = seen.get(name) ?? { lo: Infinity, hi: -Infinity };
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    if (v < lo) lo = v;
    if (v > hi) hi = v;
  }
  seen.set(name, { lo, hi });
}

export function throwIfAborted({ signal }: WorkOptions): void {
  if (signal?.aborted === true) throw new VerigradError("ABORTED", "calibration was aborted", { consequence: "RETRY" });
}
