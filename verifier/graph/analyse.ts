// SPDX-License-Identifier: GPL-3.0-or-later
// Shape inference and constant folding over the nodes that outputs depend on; finds every unsupported node at once.
import { VerigradError } from "../errors.ts";
import type { Attribute, FloatGraph, FloatTensor, OnnxNode } from "../onnx/types.ts";
import { MAX_TENSOR_VALUES, MAX_TOTAL_VALUES } from "./ranges.ts";
import { operatorOf, SUPPORTED_OPERATORS } from "./operators/registry.ts";
import { Refusal, refuse, type NodeView, type Operator, type ValueType } from "./operators/types.ts";
import { sizeOf } from "../tensor/spec.ts";
import { cutTail } from "./tail.ts";

/** A node that depends on the model's inputs. */
export interface AnalysedNode {
  readonly view: NodeView;
  readonly operator: Operator;
  readonly output: string;
}

export interface Analysis {
  readonly nodes: readonly AnalysedNode[];
  readonly types: ReadonlyMap<string, ValueType>;
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

/** Analyses a model. Errors: ONNX_UNSUPPORTED, whose data.nodes lists every Offence. */
export function analyse(model: FloatGraph): Analysis {
  const { outputs, notices } = cutTail(model);
  const types = new Map<string, ValueType>(model.inputs.map(({ name, type, shape }) => [name, { type, shape }]));
  const constants = new Map<string, FloatTensor>();
  for (const [name, tensor] of model.initializers) setConstant(name, tensor, types, constants);
  const nodes: AnalysedNode[] = [];
  const offences: Offence[] = [];
  let folded = 0;
  for (const node of liveNodes(model, outputs)) {
    const operator = operatorOf(node.domain, node.operator);
    const offend = (reason: string): unknown => offences.push({ node: node.name, operator: qualified(node), reason });
    if (operator === undefined) {
      offend("operator not supported");
      continue;
    }
    if (node.inputs.some((name) => name !== "" && !types.has(name))) continue; // behind an offence: nothing is known
    const view = viewOf(node, model.opsets.get(node.domain) ?? 0, types, constants);
    try {
      const inferred = operator.infer(view);
      node.outputs.forEach((name, i) => {
        if (i >= inferred.length && name !== "") refuse(`output ${i}; accepted: ${inferred.length} output`);
      });
      if ((node.outputs[0] ?? "") === "") refuse("output 0 is omitted");
      if (inferred.some(({ shape }) => sizeOf(shape) > MAX_TENSOR_VALUES))
        refuse("its output has more than 2^24 values");
      if (operator.foldsTypes === true || node.inputs.every((name) => name === "" || constants.has(name))) {
        folded += inferred.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
        if (folded > MAX_TOTAL_VALUES) refuse("constants computed from constants have more than 2^26 values in all");
        operator.fold(view).forEach((tensor, i) => setConstant(node.outputs[i] ?? "", tensor, types, constants));
        continue;
      }
      inferred.forEach((type, i) => types.set(node.outputs[i] ?? "", type));
      nodes.push({ view, operator, output: node.outputs[0] ?? "" });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      offend(error.message);
    }
  }
  for (const name of outputs) {
    if (constants.has(name))
      offences.push({ node: name, operator: "(output)", reason: "does not depend on any input" });
  }
  if (offences.length > 0) throw unsupported(offences);
  return { nodes, types, outputs, notices };
}

function unsupported(offences: readonly Offence[]): VerigradError {
  const lines = offences.map(({ node, operator, reason }) => `  ${operator} "${node}": ${reason}`);
  const accepted = `  (operators accepted: ${SUPPORTED_OPERATORS.join(", ")}; a final Softmax, LogSoftmax or ArgMax is dropped)`;
  const count = offences.length === 1 ? "1 node" : `${offences.length} nodes`;
  return new VerigradError(
    "ONNX_UNSUPPORTED",
    [`${count} of the model cannot be compiled:`, ...lines, accepted].join("\n"),
    {
      data: { nodes: offences },
    },
  );
}

const qualified = ({ domain, operator }: OnnxNode): string => (domain === "" ? operator : `${domain}.${operator}`);

function setConstant(
  name: string,
  tensor: FloatTensor,
  types: Map<string, ValueType>,
  constants: Map<string, FloatTensor>,
): void {
  types.set(name, { type: tensor.type, shape: tensor.shape });
  constants.set(name, tensor);
}

/** The nodes that the outputs depend on, in execution order. */
function liveNodes(model: FloatGraph, outputs: readonly string[]): OnnxNode[] {
  const needed = new Set(outputs);
  return model.nodes
    .toReversed()
    .filter((node) => {
      const live = node.outputs.some((name) => name !== "" && needed.has(name));
      if (live) node.inputs.forEach((name) => needed.add(name));
      return live;
    })
    .toReversed();
}

function viewOf(
  node: OnnxNode,
  opset: number,
  types: ReadonlyMap<string, ValueType>,
  constants: ReadonlyMap<string, FloatTensor>,
): NodeView {
  const input = (i: number): string => node.inputs[i] ?? "";
  const attribute = (name: string): Attribute | undefined => node.attributes.get(name);
  const number = (name: string, kind: "int" | "float", fallback: number): number => {
    const found = attribute(name);
    if (found === undefined) return fallback;
    if (found.kind !== kind) return refuse(`attribute ${name} is of kind ${found.kind}; accepted: ${kind}`);
    return found.value;
  };
  return {
    node,
    opset,
    attribute,
    has: (i) => input(i) !== "",
    type: (i) => types.get(input(i)) ?? refuse(`input ${i} is missing`),
    constant: (i) => constants.get(input(i)),
    int: (name, fallback) => number(name, "int", fallback),
    float: (name, fallback) => number(name, "float", fallback),
  };
}
