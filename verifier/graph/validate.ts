// SPDX-License-Identifier: GPL-3.0-or-later
// What makes an IntegerGraph well formed (docs/spec/integer-graph.md, section 4), whoever made it.
import { VerigradError } from "../errors.ts";
import { isPlainName } from "../onnx/names.ts";
import { assertSpec, sizeOf, TYPE_INFO, type TensorSpec, type TensorType } from "../tensor/spec.ts";
import { narrowestWidth } from "./constants.ts";
import { sameShape } from "./nodes/arithmetic.ts";
import { constantsOf, definitionOf, operandsOf } from "./nodes/registry.ts";
import { derive, MAX_TENSOR_VALUES, MAX_TOTAL_VALUES } from "./ranges.ts";
import type { Constant, GraphNode, GraphTensor, IntegerGraph } from "./types.ts";

const MAX_NODES = 2 ** 16;
const MAX_PORTS = 16;
const MAX_RANK = 8;

function fail(why: string, data: Record<string, unknown> = {}): never {
  throw new VerigradError("GRAPH_MALFORMED", `integer graph: ${why}`, { data: { ...data, why } });
}

/**
 * The declared range of an output: its tensor's proven range, widened by one where that is a single value (a declared
 * range is never empty). Errors: GRAPH_OUTPUT_RANGE where it does not fit the type.
 */
export function outputRange(
  name: string,
  tensor: Pick<GraphTensor, "lo" | "hi">,
  type: TensorType,
): { lo: number; hi: number } {
  const info = TYPE_INFO[type];
  if (tensor.lo < BigInt(info.lo) || tensor.hi > BigInt(info.hi)) {
    throw new VerigradError(
      "GRAPH_OUTPUT_RANGE",
      `output "${name}": [${tensor.lo}, ${tensor.hi}] does not fit ${type}`,
      {
        data: { output: name, lo: tensor.lo.toString(), hi: tensor.hi.toString(), type },
      },
    );
  }
  const lo = Number(tensor.lo);
  const hi = Number(tensor.hi);
  if (lo < hi) return { lo, hi };
  return hi < info.hi ? { lo, hi: hi + 1 } : { lo: lo - 1, hi };
}

/** Throws GRAPH_MALFORMED unless an exponent fits its byte: unbounded ones would overflow a double on the way. */
export function assertExponent(name: string, exponent: number): void {
  if (!Number.isInteger(exponent) || exponent < -128 || exponent > 127)
    fail(`tensor "${name}": exponent must be -128..127`);
}

/** Number of values of all constants of a node. */
export const constantValues = (node: GraphNode): number =>
  constantsOf(node).reduce((sum, { values }) => sum + values.length, 0);

/** Throws GRAPH_MALFORMED where constants have more values than tensors may. */
export function assertConstantTotal(values: number): void {
  if (values > MAX_TOTAL_VALUES) fail("more than 2^26 values in all constants");
}

function assertTensor(tensor: GraphTensor): void {
  const { name, shape, exponent, lo, hi } = tensor;
  if (shape.length < 1 || shape.length > MAX_RANK) fail(`tensor "${name}": rank must be 1..${MAX_RANK}`);
  if (!shape.every((dim) => Number.isInteger(dim) && dim >= 1 && dim <= MAX_TENSOR_VALUES))
    fail(`tensor "${name}": bad shape`);
  if (sizeOf(shape) > MAX_TENSOR_VALUES) fail(`tensor "${name}": more than 2^24 values`);
  assertExponent(name, exponent);
  if (lo > hi) fail(`tensor "${name}": empty range`);
}

function assertConstant(constant: Constant, from: string): void {
  const { shape, width, values } = constant;
  if (values.length !== sizeOf(shape)) fail(`constant of "${from}": shape and values differ`);
  if (width !== narrowestWidth(values)) fail(`constant of "${from}": width ${width} is not the narrowest`);
  if ((width === 8) !== values instanceof BigInt64Array) fail(`constant of "${from}": wrong array type`);
}

function assertPortSpec(name: string, spec: TensorSpec, tensor: GraphTensor, range: { lo: number; hi: number }): void {
  assertSpec(spec);
  if (!sameShape(spec.shape, tensor.shape) || spec.exponent !== tensor.exponent)
    fail(`port "${name}": spec and tensor differ`);
  if (spec.lo !== range.lo || spec.hi !== range.hi) fail(`port "${name}": declared range is not the proven one`);
}

/**
 * Throws GRAPH_MALFORMED, GRAPH_ACCUMULATOR_OVERFLOW, GRAPH_OUTPUT_RANGE or TENSOR_SPEC_INVALID unless the graph is
 * well formed: tensors numbered inputs first, then one a node in execution order; shapes, exponents and proven ranges
 * exactly as derived; constants in canonical width; no node without effect on an output.
 */
export function assertGraph(graph: IntegerGraph): void {
  const { inputs, outputs, tensors, nodes } = graph;
  if (inputs.length > MAX_PORTS) fail(`at most ${MAX_PORTS} inputs`);
  if (outputs.length < 1 || outputs.length > MAX_PORTS) fail(`1..${MAX_PORTS} outputs`);
  if (nodes.length > MAX_NODES) fail(`more than ${MAX_NODES} nodes`);
  if (tensors.length !== inputs.length + nodes.length) fail("one tensor an input and node");
  const names = [...inputs, ...outputs, ...tensors].map(({ name }) => name);
  if (![...names, ...nodes.flatMap((node) => node.from)].every(isPlainName))
    fail("a name has control characters or is too long");
  tensors.forEach(assertTensor);
  if (tensors.reduce((sum, t) => sum + sizeOf(t.shape), 0) > MAX_TOTAL_VALUES)
    fail("more than 2^26 values in all tensors");
  assertConstantTotal(nodes.reduce((sum, node) => sum + constantValues(node), 0));

  inputs.forEach((port, i) => {
    const tensor = tensors[i] as GraphTensor;
    if (port.tensor !== i) fail(`input "${port.name}" must be tensor ${i}`);
    assertPortSpec(port.name, port.spec, tensor, { lo: Number(tensor.lo), hi: Number(tensor.hi) });
  });
  nodes.forEach((node, i) => assertNode(node, inputs.length + i, tensors));
  const used = new Set<number>();
  for (const port of outputs) {
    const tensor = tensors[port.tensor];
    if (tensor === undefined) fail(`output "${port.name}": no such tensor`);
    assertPortSpec(port.name, port.spec, tensor, outputRange(port.name, tensor, port.spec.type));
    used.add(port.tensor);
  }
  for (const node of nodes.toReversed()) {
    if (!used.has(node.output)) fail(`node "${node.from.join(" + ")}" has no effect on any output`);
    for (const id of operandsOf(node)) used.add(id);
  }
}

function assertNode(node: GraphNode, id: number, tensors: readonly GraphTensor[]): void {
  const from = node.from.join(" + ");
  if (node.output !== id) fail(`node "${from}" must write tensor ${id}`);
  for (const operand of operandsOf(node)) {
    if (!Number.isInteger(operand) || operand < 0 || operand >= id)
      fail(`node "${from}" reads a tensor not yet written`);
  }
  for (const constant of constantsOf(node)) assertConstant(constant, from);
  const output = tensors[id] as GraphTensor;
  const derived = derive(node, tensors, output.shape);
  if (!sameShape(derived.shape, output.shape)) fail(`node "${from}": shape is not the derived one`);
  if (derived.lo !== output.lo || derived.hi !== output.hi) fail(`node "${from}": range is not the derived one`);
  const operands = operandsOf(node).map((operand) => tensors[operand] as GraphTensor);
  const exponent = definitionOf(node).exponent(node, operands);
  if (exponent !== null && exponent !== output.exponent) fail(`node "${from}": exponent is not the derived one`);
}
