// SPDX-License-Identifier: GPL-3.0-or-later
// Classifier heads: a final Softmax, LogSoftmax, ArgMax or ZipMap and what only relabels its result. The scores before
// it carry the same decision, and whoever reads the output can take their maximum: the head is dropped with a notice.
import type { FloatGraph, OnnxNode } from "../onnx/types.ts";

/** By "domain:Operator", "" being ai.onnx: an operator of the same name from elsewhere may be anything. */
const HEADS = new Set([":Softmax", ":LogSoftmax", ":ArgMax", "ai.onnx.ml:ZipMap"]);

/** Operators that may stand between a head and an output, with the input that carries the result. */
const RELABELLING: Readonly<Record<string, number>> = {
  ":Identity": 0,
  ":Cast": 0,
  ":Reshape": 0,
  "ai.onnx.ml:ArrayFeatureExtractor": 1,
};

export interface Tail {
  /** Names of the values that stand for the model's outputs, without duplicates. */
  readonly outputs: readonly string[];
  readonly notices: readonly string[];
}

/** The outputs without their heads. */
export function cutTail(model: FloatGraph): Tail {
  const writer = new Map<string, OnnxNode>();
  // "" is an omitted output and an omitted input: a walk over it could go round for ever.
  for (const node of model.nodes) for (const name of node.outputs) if (name !== "") writer.set(name, node);
  const notices: string[] = [];
  const outputs = model.outputs.map((output) => {
    const dropped: string[] = [];
    let result = output;
    let between: string[] = [];
    for (let at = output, node = writer.get(at); node !== undefined; node = writer.get(at)) {
      const operator = `${node.domain}:${node.operator}`;
      const head = HEADS.has(operator);
      if (!head && !Object.hasOwn(RELABELLING, operator)) break;
      at = node.inputs[head ? 0 : (RELABELLING[operator] as number)] ?? "";
      if (at === "") break;
      between.push(`${node.operator} "${node.name}"`);
      if (!head) continue;
      result = at;
      dropped.push(...between);
      between = [];
    }
    if (result !== output) {
      notices.push(
        `output "${output}": dropped ${dropped.join(", ")}; the output is "${result}", the scores before it`,
      );
    }
    return result;
  });
  return { outputs: [...new Set(outputs)], notices };
}
