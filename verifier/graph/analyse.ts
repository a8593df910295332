// SPDX-License-Identifier: GPL-3.0-or-later
// Shape inference and constant folding over the nodes that outputs depend on; finds every unsupported node at once.
import { VerigradError } from "../errors.ts";
import type { FloatGraph, FloatTensor, OnnxNode } from "../onnx/types.ts";
import { sizeOf } from "../tensor/spec.ts";
import { foldNormalizations } from "./fold-normalization.ts";
import { ConstantOutput } from "./operators/constant-output.ts";
import { operatorOf, SUPPORTED_OPERATORS } from "./operators/registry.ts";
import {
  Refusal,
  refuse,
  type AnalysedNode,
  type Composite,
  type Expansion,
  type NodeView,
  type Operator,
  type ValueType,
} from "./operators/types.ts";
import { MAX_TENSOR_VALUES, MAX_TOTAL_VALUES } from "./ranges.ts";
import { cutTail } from "./tail.ts";
import { viewOf } from "./view.ts";
import { workOf } from "./work.ts";

/** Multiply-accumulates of all folding: seconds. */
const MAX_FOLDING = 2 ** 29;

export type { AnalysedNode } from "./operators/types.ts";

export interface Analysis {
  readonly nodes: readonly AnalysedNode[];
  readonly types: ReadonlyMap<string, ValueType>;
  /** Values that no input has an effect on. */
  readonly constants: ReadonlyMap<string, FloatTensor>;
  /** Names of the values that are the model's outputs, classifier heads dropped. */
  readonly outputs: readonly string[];
  readonly notices: readonly string[];
}

/** One node that cannot be compiled. */
export interface Offence {
  readonly node: string;
  readonly operator: string;
  readonly reason: string;
}

export interface AnalyseOptions {
  /** Whether classifier heads are dropped (default) or part of what is computed. */
  readonly heads?: "drop" | "keep";
}

/** Analyses a model. Errors: ONNX_UNSUPPORTED, whose data.nodes lists every Offence. */
export function analyse(model: FloatGraph, options: AnalyseOptions = {}): Analysis {
  const { analysis, offences } = analyseAll(model, options);
  if (offences.length > 0) throw unsupported(offences);
  return analysis;
}

/** As analyse, for whoever wants to see what can be analysed of a model that cannot be compiled. */
export function analyseAll(
  model: FloatGraph,
  { heads = "drop" }: AnalyseOptions = {},
): { readonly analysis: Analysis; readonly offences: readonly Offence[] } {
  const { outputs, notices } =
    heads === "drop" ? cutTail(model) : { outputs: [...new Set(model.outputs)], notices: [] };
  const { live, needed } = liveNodes(model, outputs);
  const state = newState(model, needed);
  const offences: Offence[] = [];
  for (const node of live) {
    const known = operatorOf(node.domain, node.operator) !== undefined;
    if (known && node.inputs.some((name) => name !== "" && !state.types.has(name))) continue; // behind an offence
    try {
      analyseNode(state, node, model.opsets.get(node.domain) ?? 0, node);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      offences.push({ node: node.name, operator: qualified(node), reason: error.message });
    }
  }
  for (const name of outputs) if (state.constants.has(name)) state.nodes.push(constantOutput(state, name));
  const { types, constants } = state;
  const nodes = foldNormalizations({ ...state, outputs });
  const analysis = { nodes, types, constants, outputs, notices: [...notices, ...state.notices] };
  return { analysis, offences };
}

interface State {
  readonly types: Map<string, ValueType>;
  readonly constants: Map<string, FloatTensor>;
  readonly nodes: AnalysedNode[];
  /** Lines of composite operators for people. */
  readonly notices: string[];
  /** Values of the model that something reads. */
  readonly needed: ReadonlySet<string>;
  /** Values that folding has made, and the multiply-accumulates that it took. */
  folded: number;
  work: number;
  /** Nodes that expansions have made, constant ones included. */
  expanded: number;
}

function newState(model: FloatGraph, needed: ReadonlySet<string>): State {
  const types = new Map<string, ValueType>(model.inputs.map(({ name, type, shape }) => [name, { type, shape }]));
  const state: State = { types, constants: new Map(), nodes: [], notices: [], needed, folded: 0, work: 0, expanded: 0 };
  for (const [name, tensor] of model.initializers) setConstant(state, name, tensor);
  return state;
}

function setConstant({ types, constants }: State, name: string, tensor: FloatTensor): void {
  types.set(name, { type: tensor.type, shape: tensor.shape });
  constants.set(name, tensor);
}

/** The one error for nodes that cannot be compiled. */
export function unsupported(offences: readonly Offence[]): VerigradError {
  const lines = offences.map(({ node, operator, reason }) => `  ${operator} "${node}": ${reason}`);
  const accepted = `  (operators accepted: ${SUPPORTED_OPERATORS.join(", ")}; a final Softmax, LogSoftmax or ArgMax is dropped)`;
  const count = offences.length === 1 ? "1 node" : `${offences.length} nodes`;
  return new VerigradError(
    "ONNX_UNSUPPORTED",
    [`${count} of the model cannot be compiled:`, ...lines, accepted].join("\n"),
    { data: { nodes: offences } },
  );
}

const qualified = ({ domain, operator }: OnnxNode): string => (domain === "" ? operator : `${domain}.${operator}`);

/** The nodes that the outputs depend on, in execution order, and the values that they and the outputs read. */
function liveNodes(model: FloatGraph, outputs: readonly string[]): { live: OnnxNode[]; needed: ReadonlySet<string> } {
  const needed = new Set(outputs);
  const live = model.nodes.toReversed().filter((node) => {
    const read = node.outputs.some((name) => name !== "" && needed.has(name));
    if (read) node.inputs.forEach((name) => needed.add(name));
    return read;
  });
  return { live: live.toReversed(), needed };
}

/** Infers, folds or expands one node; `given` is its operator where it is none of ONNX. Refuses what cannot be compiled. */
function analyseNode(state: State, node: OnnxNode, opset: number, source: OnnxNode, given?: Operator): void {
  const entry = given ?? operatorOf(node.domain, node.operator) ?? refuse("operator not supported");
  const view = viewOf(node, opset, state.types, state.constants);
  const operator = typeof entry === "function" ? entry(view) : entry;
  if ("expand" in operator) return expand(state, operator, view, source);
  const inferred = operator.infer(view);
  node.outputs.forEach((name, i) => {
    if (i >= inferred.length && name !== "") refuse(`output ${i}; accepted: ${inferred.length} output`);
  });
  const named = node.outputs.flatMap((name, i) => (name === "" ? [] : [{ name, i }]));
  if (inferred.some(({ shape }) => sizeOf(shape) > MAX_TENSOR_VALUES)) refuse("its output has more than 2^24 values");
  if (operator.foldsTypes === true || node.inputs.every((name) => name === "" || state.constants.has(name))) {
    spendValues(
      state,
      inferred.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    );
    const work = workOf(view, inferred);
    if (state.work + work > MAX_FOLDING)
      refuse("constants computed from constants take more than 2^29 multiply-accumulates");
    state.work += work;
    const folded = operator.fold(view);
    for (const { name, i } of named) setConstant(state, name, folded[i] as FloatTensor);
    return;
  }
  for (const { name, i } of named) state.types.set(name, inferred[i] as ValueType);
  state.nodes.push({ view, operator, output: named[0]?.name ?? refuse("no output has a name"), source });
}

/** Counts values that folding or an expansion makes. */
function spendValues(state: State, values: number): void {
  state.folded += values;
  if (state.folded > MAX_TOTAL_VALUES) refuse("constants computed from constants have more than 2^26 values in all");
}

/** Most nodes that expansions may make: unrolled cells, chains of comparisons. */
const MAX_EXPANDED_NODES = 2 ** 16;
/** Version of ai.onnx that inner nodes are of. */
const INNER_OPSET = 24;

/** Analyses the nodes that a composite operator is made of. Their values are named after its first output. */
function expand(state: State, composite: Composite, view: NodeView, source: OnnxNode): void {
  const { name, outputs } = view.node;
  const base = outputs.find((output) => output !== "") ?? name;
  let count = 0;
  const fresh = (what: string): string => {
    let value = `${base}/${what}.${count++}`;
    while (state.types.has(value)) value = `${base}/${what}.${count++}`;
    return value;
  };
  const add = (
    operator: string,
    inputs: readonly string[],
    attributes: Parameters<Expansion["nodes"]>[2],
    names: string[],
    given?: Operator,
  ): void => {
    if (++state.expanded > MAX_EXPANDED_NODES) refuse("it expands to more than 2^16 nodes");
    const node = {
      name,
      domain: "",
      operator,
      inputs,
      outputs: names,
      attributes: new Map(Object.entries(attributes)),
    };
    analyseNode(state, node, INNER_OPSET, source, given);
  };
  const nodes: Expansion["nodes"] = (operator, inputs, attributes, total) => {
    const names = Array.from({ length: total }, () => fresh(operator));
    add(operator, inputs, attributes, names);
    return names;
  };
  // What nothing reads is not computed; which inner values an expansion reads only it can know.
  const wanted = (i: number): boolean => {
    const output = outputs[i] ?? "";
    return output !== "" && (view.node !== source || state.needed.has(output));
  };
  composite.expand(view, {
    nodes,
    own(operator, label, inputs) {
      const value = fresh(label);
      add(label, inputs, {}, [value], operator);
      return value;
    },
    wanted,
    notice: (line) => void state.notices.push(`${source.operator} "${name}": ${line}`),
    node: (operator, inputs, attributes = {}) => nodes(operator, inputs, attributes, 1)[0] as string,
    constant(values, shape, type = "float32") {
      const value = fresh("constant");
      spendValues(state, values.length);
      setConstant(state, value, { type, shape, values: Float64Array.from(values) });
      return value;
    },
    type: (value) => state.types.get(value) ?? refuse(`value "${value}" is missing`),
    output(i, value) {
      if (wanted(i)) add("Identity", [value], {}, [outputs[i] as string]);
    },
  });
  outputs.forEach((output, i) => {
    if (wanted(i) && !state.types.has(output)) refuse(`output "${output}" is not computed`);
  });
}

/** An output that no input has an effect on is a node of its own. */
function constantOutput(state: State, output: string): AnalysedNode {
  const node = {
    name: output,
    domain: "",
    operator: "Constant",
    inputs: [output],
    outputs: [output],
    attributes: new Map(),
  };
  return {
    view: viewOf(node, INNER_OPSET, state.types, state.constants),
    operator: ConstantOutput,
    output,
    source: node,
  };
}
