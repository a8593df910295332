// SPDX-License-Identifier: GPL-3.0-or-later
// What a model is made of, node by node, whether or not it compiles (docs/cli.md, inspect). Pure.
import type { FloatGraph, OnnxNode } from "../onnx/types.ts";
import { isFloatType, type ElementType } from "../onnx/types.ts";
import { sizeOf } from "../tensor/spec.ts";
import type { Analysis, Offence } from "./analyse.ts";
import { macsOf } from "./cost.ts";
import type { LoweredNodes } from "./lower.ts";
import { operandsOf } from "./nodes/registry.ts";
import type { GraphNode, GraphTensor, IntegerGraph } from "./types.ts";

export const INSPECTION_FORMAT = "verigrad.inspection.v1";

/** What a node's values are computed by; a composite operator has several. */
export type Kind = "linear" | "bilinear" | "look-up" | "compare" | "index";

/**
 * compiled: part of the integer graph. constant: folded away. dropped: a classifier head, or what relabels its result.
 * unused: no output depends on it. unsupported: has an entry in `unsupported`. unknown: nothing can be said, as it reads what an unsupported
 * node writes or the model was too large to be lowered.
 */
export type NodeStatus = "compiled" | "constant" | "dropped" | "unused" | "unsupported" | "unknown";

/** One node of the model, in its order. */
export interface InspectedNode {
  readonly name: string;
  readonly operator: string;
  readonly status: NodeStatus;
  readonly inputs: readonly string[];
  /** Real ends of the proven range, null where they are not known. */
  readonly outputs: readonly {
    readonly name: string;
    readonly type: ElementType | null;
    readonly shape: readonly number[] | null;
    readonly range: readonly [lo: number, hi: number] | null;
  }[];
  readonly kinds: readonly Kind[];
  /** Real constants that the node reads. */
  readonly parameters: number;
  readonly macs: number;
  readonly requantizations: number;
  readonly tableEntries: number;
  /** By proof system: what proving the node costs; null where it cannot prove it, or where nothing is known. */
  readonly cost: Readonly<Record<string, number | null>>;
}

export interface Totals {
  readonly parameters: number;
  readonly macs: number;
  /** Values that are requantized. */
  readonly requantizations: number;
  readonly tableEntries: number;
  /** By proof system, inputs and outputs included; null where it cannot prove the whole model. */
  readonly cost: Readonly<Record<string, number | null>>;
}

export interface Inspection {
  readonly nodes: readonly InspectedNode[];
  readonly totals: Totals;
  readonly unsupported: readonly Offence[];
  readonly notices: readonly string[];
}

/** What a proof system says of a graph. */
export interface Estimate {
  readonly name: string;
  /** what costs are counted in */
  readonly unit: string;
  /** Of each node of the graph; null where it cannot be proven. */
  readonly nodes: readonly (number | null)[];
  readonly ports: number;
  /** Why the graph as a whole cannot be proven; empty if it can, or if it is not whole. */
  readonly refusals: readonly { readonly node: string; readonly operator: string; readonly reason: string }[];
}

/** What could be lowered of the model. */
export interface LoweredPart {
  readonly lowered: LoweredNodes;
  /** The nodes that count, with their tensors; the whole graph if nothing is missing. */
  readonly graph: Pick<IntegerGraph, "tensors" | "nodes">;
  readonly whole: boolean;
  readonly estimates: readonly Estimate[];
}

const COMPARISONS: readonly GraphNode["op"][] = ["step", "isZero", "maximum", "minimum"];
const KINDS: readonly Kind[] = ["linear", "bilinear", "look-up", "compare", "index"];

function kindOf({ op, kind }: GraphNode): Kind {
  if (COMPARISONS.includes(op)) return "compare";
  return kind === "lookup" ? "look-up" : kind;
}

const qualified = ({ domain, operator }: OnnxNode): string => (domain === "" ? operator : `${domain}.${operator}`);

/** The nodes of a graph under construction that matter for the values named. */
export function reachable({ builder, tensorOf }: LoweredNodes, names: readonly string[]): GraphNode[] {
  const used = new Set<number | undefined>(names.map(tensorOf));
  return builder.nodes
    .toReversed()
    .filter((node) => {
      if (used.has(node.output)) operandsOf(node).forEach((id) => used.add(id));
      return used.has(node.output);
    })
    .toReversed();
}

/** Puts everything that is known of a model together. `part` is null where nothing was lowered. */
export function inspectModel(
  model: FloatGraph,
  analysis: Analysis,
  unsupported: readonly Offence[],
  part: LoweredPart | null,
): Inspection {
  const offenders = new Set(unsupported.map(({ node }) => node));
  const compiled = new Set(analysis.nodes.map(({ source }) => source.name));
  const known = part === null ? new Map<string, Known>() : knownOf(part, new Set(model.nodes.map(({ name }) => name)));
  const live = liveNodes(model);
  const counted = new Set<string>();
  const nodes = model.nodes.map((node): InspectedNode => {
    const mine = known.get(node.name) ?? NOTHING;
    const status = statusOf(node, analysis, { offenders, compiled, live }, part);
    return {
      name: node.name,
      operator: qualified(node),
      status,
      inputs: node.inputs,
      outputs: node.outputs.flatMap((name) => (name === "" ? [] : [outputOf(name, analysis, part)])),
      kinds: KINDS.filter((kind) => mine.kinds.has(kind)),
      parameters: status === "compiled" || status === "unsupported" ? parametersOf(node, analysis, counted) : 0,
      macs: mine.macs,
      requantizations: mine.requantizations,
      tableEntries: mine.tableEntries,
      cost: Object.fromEntries((part?.estimates ?? []).map(({ name }) => [name, mine.cost.get(name) ?? null])),
    };
  });
  const sum = (of: (node: InspectedNode) => number): number => nodes.reduce((total, node) => total + of(node), 0);
  const outside = known.get("") ?? NOTHING; // what belongs to outputs
  const totals: Totals = {
    parameters: sum((node) => node.parameters),
    macs: sum((node) => node.macs) + outside.macs,
    requantizations: sum((node) => node.requantizations) + outside.requantizations,
    tableEntries: sum((node) => node.tableEntries),
    cost: Object.fromEntries(
      (part?.estimates ?? []).map(({ name, nodes: costs, ports, refusals }) => [
        name,
        part?.whole === true && refusals.length === 0 && !costs.includes(null)
          ? costs.reduce<number>((total, cost) => total + (cost ?? 0), ports)
          : null,
      ]),
    ),
  };
  return { nodes, totals, unsupported, notices: analysis.notices };
}

/** Names of the nodes that the outputs of the file depend on. */
function liveNodes({ nodes, outputs }: FloatGraph): ReadonlySet<string> {
  const read = new Set(outputs);
  const live = new Set<string>();
  for (const { name, inputs, outputs: written } of nodes.toReversed()) {
    if (!written.some((value) => value !== "" && read.has(value))) continue;
    live.add(name);
    inputs.forEach((value) => read.add(value));
  }
  return live;
}

function statusOf(
  node: OnnxNode,
  { constants, types }: Analysis,
  { offenders, compiled, live }: Readonly<Record<"offenders" | "compiled" | "live", ReadonlySet<string>>>,
  part: LoweredPart | null,
): NodeStatus {
  if (offenders.has(node.name)) return "unsupported";
  const written = node.outputs.filter((name) => name !== "");
  if (compiled.has(node.name)) {
    const lowered = written.some((name) => part?.lowered.tensorOf(name) !== undefined);
    return part === null || lowered ? "compiled" : "unknown";
  }
  if (written.some((name) => constants.has(name))) return "constant";
  if (!live.has(node.name)) return "unused";
  return node.inputs.some((name) => name !== "" && !types.has(name)) ? "unknown" : "dropped";
}

function outputOf(name: string, { types }: Analysis, part: LoweredPart | null): InspectedNode["outputs"][number] {
  const type = types.get(name);
  const tensor = part?.lowered.builder.tensors[part.lowered.tensorOf(name)];
  return {
    name,
    type: type?.type ?? null,
    shape: type?.shape ?? null,
    range: tensor === undefined ? null : real(tensor),
  };
}

/** The ends of a tensor's proven range in real units. */
function real({ lo, hi, exponent }: GraphTensor): readonly [number, number] {
  const unit = 2 ** -exponent;
  return [Number(lo) * unit, Number(hi) * unit];
}

/** Real constants among the inputs and attributes; a constant that several nodes read counts once. */
function parametersOf({ inputs, attributes }: OnnxNode, { constants }: Analysis, counted: Set<string>): number {
  let count = 0;
  for (const name of inputs) {
    const constant = constants.get(name);
    if (constant === undefined || counted.has(name) || !isFloatType(constant.type)) continue;
    counted.add(name);
    count += constant.values.length;
  }
  for (const attribute of attributes.values()) if (attribute.kind === "floats") count += attribute.value.length;
  return count;
}

/** What the integer graph has for one node of the model. */
interface Known {
  readonly kinds: Set<Kind>;
  macs: number;
  requantizations: number;
  tableEntries: number;
  readonly cost: Map<string, number | null>;
}

const nothing = (): Known => ({ kinds: new Set(), macs: 0, requantizations: 0, tableEntries: 0, cost: new Map() });
const NOTHING: Known = nothing();

/** By name of the model's node; "" for what belongs to none, such as requantizations of outputs. */
function knownOf(
  { graph: { nodes, tensors }, estimates }: LoweredPart,
  names: ReadonlySet<string>,
): ReadonlyMap<string, Known> {
  const known = new Map<string, Known>();
  nodes.forEach((node, i) => {
    const from = node.from[0] ?? "";
    const name = names.has(from) ? from : "";
    const mine = known.get(name) ?? nothing();
    known.set(name, mine);
    mine.macs += macsOf(node, tensors);
    if (node.op === "requantize") mine.requantizations += sizeOf((tensors[node.output] as GraphTensor).shape);
    if (node.op === "table") mine.tableEntries += node.values.values.length;
    // A requantization beside other nodes only narrows what they compute.
    if (node.op !== "requantize") mine.kinds.add(kindOf(node));
    for (const { name: system, nodes: costs } of estimates) {
      const cost = costs[i] ?? null;
      const before = mine.cost.get(system);
      mine.cost.set(system, before === null || cost === null ? null : (before ?? 0) + cost);
    }
  });
  for (const mine of known.values()) if (mine.kinds.size === 0) mine.kinds.add("look-up");
  return known;
}
