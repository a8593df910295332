// SPDX-License-Identifier: GPL-3.0-or-later
// Float model + calibration -> integer graph (docs/spec/integer-graph.md, section 6). Pure and deterministic.
import { VerigradError } from "../errors.ts";
import { isFloatType, type FloatGraph, type OnnxNode } from "../onnx/types.ts";
import { TYPE_INFO, type TensorSpec } from "../tensor/spec.ts";
import { analyse, unsupported, type Analysis, type AnalysedNode } from "./analyse.ts";
import { newGraphBuilder, type GraphBuilder } from "./builder.ts";
import type { Calibration } from "./calibration.ts";
import { addRequantize } from "./operators/quantize.ts";
import { graphShape, Refusal, type LookupQuantization, type Quantization } from "./operators/types.ts";
import type { GraphTensor, IntegerGraph, TensorId } from "./types.ts";

export interface Lowered {
  readonly graph: IntegerGraph;
  /** Lines for people: what was dropped, and why that changes no decision. */
  readonly notices: readonly string[];
}

/** Names that a calibration must have entries for, in order. */
export interface Parameters {
  readonly constants: readonly string[];
  readonly tensors: readonly string[];
  readonly lookups: readonly string[];
  readonly outputs: readonly string[];
}

function mismatch(why: string): VerigradError {
  return new VerigradError("CALIBRATION_MISMATCH", `calibration does not belong to this model: ${why}`, {
    data: { why },
  });
}

/** The real constants of a node, whose exponent is calibrated. Integers are none: they stay exact, at exponent 0. */
export function realConstants({ types }: Analysis, { operator, view, output }: AnalysedNode): ArrayLike<number> {
  const type = types.get(output)?.type;
  return type === undefined || !isFloatType(type) ? [] : (operator.constants?.(view) ?? []);
}

/** What `lower` holds integer constants at: whatever an accumulator can. */
const INTEGER_CONSTANTS: Quantization = { exponent: 0, bits: 63 };

/** What of a model is calibrated. `tensors` are those that must be; other values may be requantized as well. */
export function parametersOf(analysis: Analysis): Parameters {
  const { nodes, outputs } = analysis;
  return {
    constants: nodes.filter((node) => realConstants(analysis, node).length > 0).map(({ output }) => output),
    tensors: nodes.filter(({ operator }) => operator.requantizes === true).map(({ output }) => output),
    lookups: nodes.filter(({ operator }) => operator.looksUp === true).map(({ output }) => output),
    outputs,
  };
}

/**
 * Lowers a model. Errors: ONNX_UNSUPPORTED (all nodes at once), CALIBRATION_MISMATCH (names),
 * GRAPH_ACCUMULATOR_OVERFLOW, GRAPH_OUTPUT_RANGE.
 */
export function lowerModel(model: FloatGraph, calibration: Calibration): Lowered {
  return lowerAnalysed(model, analyse(model, calibration), calibration);
}

/** A model whose nodes are lowered: tensors by the name of their value. Its outputs are still accumulators. */
export interface LoweredNodes {
  readonly builder: GraphBuilder;
  readonly tensorOf: (name: string) => TensorId;
}

/** As lowerModel, for a model that is analysed once and lowered many times. */
export function lowerAnalysed(model: FloatGraph, analysis: Analysis, calibration: Calibration): Lowered {
  const nodes = lowerNodes(model, analysis, calibration);
  return { graph: lowerOutputs(nodes, calibration.outputs), notices: analysis.notices };
}

/** The part of lowering before the public outputs: what calibration looks at to choose their exponents. */
export function lowerNodes(model: FloatGraph, analysis: Analysis, calibration: Calibration): LoweredNodes {
  assertEntries(model, analysis, calibration);
  const lowering = newLowering(model, calibration.inputs, {
    constants: byName(calibration.constants),
    tensors: byName(calibration.tensors),
    lookups: byName(calibration.lookups),
  });
  for (const node of analysis.nodes) lowering.lower(node);
  return lowering;
}

/** Calibrated parameters by name. A plan fills them in while it lowers. */
export interface EntriesByName {
  readonly constants: ReadonlyMap<string, Quantization>;
  readonly tensors: ReadonlyMap<string, Quantization>;
  readonly lookups: ReadonlyMap<string, LookupQuantization>;
}

/** A lowering in progress, node by node in execution order. */
export interface NodeLowering extends LoweredNodes {
  /**
   * Lowers a node whose entries are there by now. Errors: ONNX_UNSUPPORTED for what only the operands' ranges show,
   * GRAPH_ACCUMULATOR_OVERFLOW.
   */
  lower(node: AnalysedNode): void;
  /** Requantizes a value for whoever reads it from now on. */
  requantize(name: string, to: Quantization, from: string): void;
}

/** A lowering of no node yet. */
export function newLowering(
  model: FloatGraph,
  inputs: Calibration["inputs"],
  { constants, tensors, lookups }: EntriesByName,
): NodeLowering {
  const builder = newGraphBuilder();
  const ids = new Map<string, TensorId>();
  // Analysis has checked every name that is looked up.
  const tensorOf = (name: string): TensorId => ids.get(name) as TensorId;
  model.inputs.forEach(({ name, shape }, i) => {
    const { type, exponent, lo, hi } = inputs[i] as Calibration["inputs"][number];
    const spec: TensorSpec = { shape: graphShape(shape), type, exponent, lo, hi };
    ids.set(name, builder.addInput(name, spec));
  });
  const requantize: NodeLowering["requantize"] = (name, { exponent, bits }, from) => {
    const limit = 2n ** BigInt(bits - 1);
    const clamp = { lo: -limit, hi: limit - 1n };
    ids.set(name, addRequantize(builder, tensorOf(name), { from, name, exponent, clamp }));
  };
  return {
    builder,
    tensorOf,
    requantize,
    lower({ view, operator, output }) {
      const { node } = view;
      const lowered = refusing(node, () =>
        operator.lower(view, {
          builder,
          input: (i) => {
            const id = tensorOf(node.inputs[i] ?? "");
            return { id, tensor: builder.tensors[id] as GraphTensor };
          },
          constants: () => constants.get(output) ?? INTEGER_CONSTANTS,
          quantization: () => tensors.get(output) as Quantization,
          lookup: () => lookups.get(output) as LookupQuantization,
        }),
      );
      const list = typeof lowered === "number" ? [lowered] : lowered;
      node.outputs.forEach((name, i) => {
        if (name === "") return;
        ids.set(name, list[i] as TensorId);
        const extra = operator.requantizes === true && i === 0 ? undefined : tensors.get(name);
        if (extra !== undefined) requantize(name, extra, node.name);
      });
    },
  };
}

const byName = <T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> =>
  new Map(list.map((entry) => [entry.name, entry]));

/** A refusal that analysis could not see, because it depends on the calibration. */
function refusing<T>({ name, operator }: OnnxNode, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal) throw unsupported([{ node: name, operator, reason: error.message }]);
    throw error;
  }
}

/** Requantizes the outputs that ask for it and finishes the graph. Errors: GRAPH_OUTPUT_RANGE. */
export function lowerOutputs({ builder, tensorOf }: LoweredNodes, outputs: Calibration["outputs"]): IntegerGraph {
  return builder.finish(
    outputs.map(({ name, type, exponent }) => {
      const tensor = tensorOf(name);
      if (exponent === null) return { name, tensor, type };
      const clamp = { lo: BigInt(TYPE_INFO[type].lo), hi: BigInt(TYPE_INFO[type].hi) };
      return { name, tensor: addRequantize(builder, tensor, { from: `output ${name}`, name, exponent, clamp }), type };
    }),
  );
}

/** Entries are exactly those that the model needs, in its order; further requantizations name values of the model. */
function assertEntries(model: FloatGraph, analysis: Analysis, calibration: Calibration): void {
  const wanted = parametersOf(analysis);
  const names = (list: readonly { readonly name: string }[]): string[] => list.map((entry) => entry.name);
  const same = (what: string, given: readonly string[], needed: readonly string[]): void => {
    if (given.length === needed.length && given.every((name, i) => name === needed[i])) return;
    throw mismatch(`${what}: it has [${given.join(", ")}], the model [${needed.join(", ")}]`);
  };
  same("inputs", names(calibration.inputs), names(model.inputs));
  same("constants", names(calibration.constants), wanted.constants);
  same("lookups", names(calibration.lookups), wanted.lookups);
  same("outputs", names(calibration.outputs), wanted.outputs);
  const given = new Set(names(calibration.tensors));
  const must = new Set(wanted.tensors);
  const values = analysis.nodes.flatMap(({ view }) => view.node.outputs);
  const order = values.filter((name) => name !== "" && (given.has(name) || must.has(name)));
  same("tensors", names(calibration.tensors), order);
}
