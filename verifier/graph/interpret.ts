// SPDX-License-Identifier: GPL-3.0-or-later
// The float model, inner values of composite operators included: what calibration and error reports look at. Doubles;
// its outputs are compared with onnxruntime's, so that a misread model does not go unnoticed.
import { VerigradError } from "../errors.ts";
import type { FloatGraph, FloatTensor } from "../onnx/types.ts";
import type { Analysis } from "./analyse.ts";
import type { Sample } from "./samples.ts";
import { viewOf } from "./view.ts";

/**
 * Runs the analysed model on one sample (real values, row-major, one list an input) and calls `observe` with each value
 * as it is computed, the model's inputs first. Returns the outputs in order.
 */
export function interpret(
  model: FloatGraph,
  analysis: Analysis,
  sample: Sample,
  observe: (name: string, values: Float64Array) => void = () => {},
): Float64Array[] {
  const held = new Map<string, FloatTensor>();
  const values = { get: (name: string) => held.get(name) ?? analysis.constants.get(name) };
  model.inputs.forEach(({ name, type, shape }, i) => {
    held.set(name, { type, shape, values: Float64Array.from(sample[i] ?? []) });
    observe(name, (held.get(name) as FloatTensor).values);
  });
  const lastUse = lastUses(analysis);
  analysis.nodes.forEach(({ view, operator }, at) => {
    const { node, opset } = view;
    const results = operator.fold(viewOf(node, opset, { get: (name) => values.get(name) }, values));
    results.forEach((tensor, i) => {
      const name = node.outputs[i] ?? "";
      if (name === "") return;
      held.set(name, tensor);
      observe(name, tensor.values);
    });
    for (const name of node.inputs) if (lastUse.get(name) === at) held.delete(name);
  });
  return analysis.outputs.map((name) => {
    const output = values.get(name);
    if (output === undefined) throw new VerigradError("FLOAT_MODEL_FAILED", `output "${name}" was not computed`);
    return output.values;
  });
}

/** Index of the last node that reads each value; outputs are read after all nodes. */
function lastUses({ nodes, outputs }: Analysis): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  nodes.forEach(({ view }, at) => view.node.inputs.forEach((name) => last.set(name, at)));
  outputs.forEach((name) => last.delete(name));
  return last;
}
