// SPDX-License-Identifier: GPL-3.0-or-later
// Lowers whatever of a model can be lowered, with a calibration made in a moment: what `inspect` looks at.
import { VerigradError } from "../errors.ts";
import type { Analysis, AnalysedNode, Offence } from "../graph/analyse.ts";
import { CALIBRATION_FORMAT, type Calibration } from "../graph/calibration.ts";
import { interpret } from "../graph/interpret.ts";
import { lowerNodes, lowerOutputs, type LoweredNodes } from "../graph/lower.ts";
import { Refusal } from "../graph/operators/types.ts";
import type { Sample } from "../graph/samples.ts";
import { workOf } from "../graph/work.ts";
import type { IntegerGraph } from "../graph/types.ts";
import { isFloatType, type FloatGraph, type OnnxNode } from "../onnx/types.ts";
import { sizeOf } from "../tensor/spec.ts";
import { noteSeen, type Seen } from "./observe.ts";
import { plan, type Widths } from "./plan.ts";
import { fitOutputs } from "./search.ts";

/** Widths of a quick calibration. */
export const QUICK_WIDTHS: Widths = { weightBits: 8, activationBits: 8 };

/** Multiply-accumulates that looking at one sample may take, and values that all tensors may have. */
const MAX_WORK = 2 ** 28;
const MAX_VALUES = 2 ** 25;
/** Nodes that lowering refuses: each is one more attempt without it. */
const MAX_ATTEMPTS = 32;

/** What could be lowered. */
export interface QuickLowering {
  readonly lowered: LoweredNodes;
  /** The whole graph, where nothing is missing. */
  readonly graph: IntegerGraph | null;
  /** Nodes that lowering refused: what only proven ranges show. */
  readonly offences: readonly Offence[];
}

/**
 * Lowers every node that can be, planned for what the float model does on the samples. `inputs` are the public input
 * specs. Null where the model is too large to be looked at in a moment. Nodes that cannot be lowered are offences, no
 * errors.
 */
export function lowerQuickly(
  model: FloatGraph,
  analysis: Analysis,
  inputs: Calibration["inputs"],
  samples: readonly Sample[],
): QuickLowering | null {
  if (!isModest(analysis)) return null;
  const base: Calibration = {
    ...{ format: CALIBRATION_FORMAT, model: `0x${"0".repeat(64)}`, target: "groth16", heads: "keep", dims: [] },
    ...{ inputs: [...inputs], constants: [], tensors: [], lookups: [], outputs: [] },
  };
  const offences: Offence[] = [];
  const refused = new Set<string>();
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const blamed = new WeakMap<object, OnnxNode>();
    const nodes = withoutRefused(analysis, model, refused).map((node) => watched(node, blamed));
    const part: Analysis = { ...analysis, nodes, outputs: [] };
    try {
      const seen = observed(model, part, samples);
      const calibration = plan(model, part, base, QUICK_WIDTHS, seen);
      return finished(lowerNodes(model, part, calibration), analysis, seen, offences);
    } catch (error) {
      const offence = offenceOf(error, blamed, nodes);
      if (offence === null || refused.has(offence.node)) throw error;
      offences.push(offence);
      refused.add(offence.node);
    }
  }
  return null;
}

/** With its public outputs, where every one of them is there. */
function finished(
  lowered: LoweredNodes,
  { outputs, types }: Analysis,
  seen: ReadonlyMap<string, Seen>,
  offences: readonly Offence[],
): QuickLowering {
  if (offences.length > 0 || outputs.some((name) => lowered.tensorOf(name) === undefined))
    return { lowered, graph: null, offences };
  const ports = outputs.map((name) => ({
    ...{ name, exponent: null },
    type: isFloatType(types.get(name)?.type ?? "float32") ? ("i16" as const) : ("i32" as const),
  }));
  try {
    return { lowered, graph: lowerOutputs(lowered, fitOutputs(lowered, seen, ports)), offences };
  } catch (error) {
    if (!(error instanceof VerigradError)) throw error;
    return { lowered, graph: null, offences: [{ node: "the model", operator: "graph", reason: error.message }] };
  }
}

/** The nodes whose inputs are all there, without those of the model's nodes that are `refused`. */
function withoutRefused(analysis: Analysis, model: FloatGraph, refused: ReadonlySet<string>): AnalysedNode[] {
  const known = new Set([...model.inputs.map(({ name }) => name), ...analysis.constants.keys()]);
  return analysis.nodes.filter(({ view, source }) => {
    const there = !refused.has(source.name) && view.node.inputs.every((name) => name === "" || known.has(name));
    if (there) view.node.outputs.forEach((name) => known.add(name));
    return there;
  });
}

/** The node with an operator that notes which of the model's nodes an error is about. */
function watched(node: AnalysedNode, blamed: WeakMap<object, OnnxNode>): AnalysedNode {
  const { operator, source } = node;
  const watch =
    <A extends readonly unknown[], R>(call: (...args: A) => R) =>
    (...args: A): R => {
      try {
        return call(...args);
      } catch (error) {
        if (typeof error === "object" && error !== null) blamed.set(error, source);
        throw error;
      }
    };
  return {
    ...node,
    operator: {
      ...operator,
      fold: watch((view) => operator.fold(view)),
      lower: watch((view, lowering) => operator.lower(view, lowering)),
    },
  };
}

/** Whether looking at one sample, and lowering, stay within bounds. */
function isModest({ nodes, types }: Analysis): boolean {
  let values = 0;
  let work = 0;
  for (const { view } of nodes) {
    const outputs = view.node.outputs.flatMap((name) => types.get(name) ?? []);
    values += outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    work += workOf(view, outputs);
  }
  return values <= MAX_VALUES && work <= MAX_WORK;
}

function observed(model: FloatGraph, analysis: Analysis, samples: readonly Sample[]): ReadonlyMap<string, Seen> {
  const seen = new Map<string, Seen>();
  for (const sample of samples) interpret(model, analysis, sample, (name, values) => noteSeen(seen, name, values));
  return seen;
}

/** What an error says about a node of the model; null for an error of another kind. */
function offenceOf(error: unknown, blamed: WeakMap<object, OnnxNode>, nodes: readonly AnalysedNode[]): Offence | null {
  if (!(error instanceof VerigradError || error instanceof Refusal)) return null;
  const listed = error instanceof VerigradError ? error.data["nodes"] : undefined;
  if (Array.isArray(listed)) return (listed as Offence[])[0] ?? null;
  // Requantizations stand between operators; their errors quote the node that asked for them.
  const quoted = error instanceof VerigradError ? String(error.data["node"]) : "";
  const node = blamed.get(error) ?? nodes.find(({ source }) => quoted.startsWith(`"${source.name}"`))?.source;
  return node === undefined ? null : { node: node.name, operator: node.operator, reason: error.message };
}
