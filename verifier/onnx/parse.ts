// SPDX-License-Identifier: GPL-3.0-or-later
// ONNX bytes -> FloatGraph: everything about the file that can be wrong is found here.
import { VerigradError } from "../errors.ts";
import { decodeMessage } from "./protobuf.ts";
import type { Message, NumberList } from "./schema.ts";
import { isPlainName } from "./names.ts";
import { elementType, MAX_CONSTANT_VALUES, readTensor, type Room } from "./tensor.ts";
import type { Attribute, FloatGraph, FloatTensor, OnnxInput, OnnxNode } from "./types.ts";

/** Operator sets of ai.onnx that are read. */
export const MIN_OPSET = 7;
export const MAX_OPSET = 28;

const MAX_RANK = 8;
const MAX_VALUES = 2 ** 24;
/** Inputs, and outputs: as many as an integer graph may have. */
const MAX_PORTS = 16;
/** Numbers, and bytes of text, in all attributes. */
const MAX_ATTRIBUTE_NUMBERS = 2 ** 22;
const MAX_ATTRIBUTE_TEXT = 2 ** 24;

/** What the rest of the file may still claim. */
interface FileRoom extends Room {
  numbers: number;
  text: number;
}

export interface ParseOptions {
  /** Sizes of symbolic dimensions by name, each one of the model's. A first dimension that is not given is 1. */
  readonly dims?: Readonly<Record<string, number>>;
}

function malformed(why: string): VerigradError {
  return new VerigradError("ONNX_MALFORMED", `not a well-formed ONNX file: ${why}`, { data: { why } });
}

/**
 * Reads an ONNX model. Pure. Errors: ONNX_MALFORMED, ONNX_EXTERNAL_DATA, ONNX_OPSET, ONNX_SYMBOLIC_DIM, and
 * ONNX_UNSUPPORTED for element types or structures that no operator of ours could use.
 */
export function parseModel(bytes: Uint8Array, options: ParseOptions = {}): FloatGraph {
  const model = decodeMessage("ModelProto", bytes);
  if (model.irVersion === undefined || model.graph === undefined) throw malformed("no IR version or no graph");
  const opsets = readOpsets(model);
  if (model.functions.length > 0) throw unsupported("model-local functions", "inline them before exporting");
  const { graph } = model;
  if (graph.sparseInitializer.length > 0) throw unsupported("sparse initializers", "store them dense");

  const room = { values: MAX_CONSTANT_VALUES, numbers: MAX_ATTRIBUTE_NUMBERS, text: MAX_ATTRIBUTE_TEXT };
  const initializers = new Map<string, FloatTensor>();
  for (const proto of graph.initializer) {
    const name = proto.name ?? "";
    if (!isPlainName(name)) throw badName("an initializer");
    if (name === "" || initializers.has(name)) throw malformed(`initializer "${name}": missing or duplicate name`);
    initializers.set(name, readTensor(proto, `initializer "${name}"`, room));
  }
  const infos = graph.input.filter((info) => !initializers.has(info.name ?? "")); // before IR 4, they were listed, too
  if (Math.max(infos.length, graph.output.length) > MAX_PORTS)
    throw unsupported(`${infos.length} inputs and ${graph.output.length} outputs`, `at most ${MAX_PORTS} of each`);
  assertDims(infos, options.dims ?? {});
  const inputs = infos.map((info) => readInput(info, options.dims ?? {}));
  const nodes = readNodes(graph.node, room);
  const outputs = graph.output.map((info) => info.name ?? "");
  if (outputs.length === 0) throw malformed("the graph has no outputs");
  assertNames(inputs, initializers, nodes, outputs);
  return { opsets, inputs, outputs, initializers, nodes };
}

const badName = (what: string): VerigradError => malformed(`${what}: its name has control characters or is too long`);

const unsupported = (what: string, accepted: string): VerigradError =>
  new VerigradError("ONNX_UNSUPPORTED", `${what} are not supported: ${accepted}`, { data: { what } });

function readOpsets(model: Message<"ModelProto">): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain = "", version = 0 } of model.opsetImport) {
    const name = domain === "ai.onnx" ? "" : domain;
    if (!isPlainName(name)) throw badName("an operator set");
    // Exporters list one twice now and then; two versions of one would leave the meaning of its nodes open.
    if ((opsets.get(name) ?? version) !== version)
      throw malformed(`operator set "${name}" is imported in two versions`);
    opsets.set(name, version);
  }
  const version = opsets.get("");
  if (version !== undefined && (version < MIN_OPSET || version > MAX_OPSET)) {
    throw new VerigradError("ONNX_OPSET", `operator set ${version}: versions ${MIN_OPSET} to ${MAX_OPSET} are read`, {
      data: { version, min: MIN_OPSET, max: MAX_OPSET },
    });
  }
  if (opsets.size === 0) throw malformed("no operator set is imported");
  return opsets;
}

/** Errors: ONNX_SYMBOLIC_DIM for a size that is given to a dimension which the model does not have. */
function assertDims(infos: readonly Message<"ValueInfoProto">[], dims: Readonly<Record<string, number>>): void {
  const symbolic = new Set(
    infos.flatMap(({ type }) => type?.tensorType?.shape?.dim.map(({ dimParam = "" }) => dimParam) ?? []),
  );
  symbolic.delete("");
  const stranger = Object.keys(dims).find((name) => !symbolic.has(name));
  if (stranger === undefined) return;
  const known = [...symbolic].filter(isPlainName).slice(0, 16);
  throw new VerigradError(
    "ONNX_SYMBOLIC_DIM",
    `no dimension "${stranger}"; the model's inputs have ${known.length === 0 ? "none without a size" : known.join(", ")}`,
    { data: { dim: stranger, known } },
  );
}

function readInput(info: Message<"ValueInfoProto">, dims: Readonly<Record<string, number>>): OnnxInput {
  const name = info.name ?? "";
  if (name === "") throw malformed("an input has no name");
  if (!isPlainName(name)) throw badName("an input");
  const tensor = info.type?.tensorType;
  const type = elementType(tensor?.elemType);
  if (tensor === undefined || type === undefined)
    throw unsupported(`input "${name}": other types than tensors of numbers`, "a tensor");
  if (tensor.shape === undefined) throw malformed(`input "${name}" has no shape`);
  const shape = tensor.shape.dim.map(({ dimValue, dimParam = "" }, axis): number => {
    if (dimValue !== undefined && dimValue !== -1) return dimValue;
    const given = Object.hasOwn(dims, dimParam) ? dims[dimParam] : undefined;
    if (given !== undefined) return given;
    if (!isPlainName(dimParam)) throw badName(`a dimension of input "${name}"`);
    if (axis === 0) return 1;
    throw new VerigradError(
      "ONNX_SYMBOLIC_DIM",
      `input "${name}": dimension ${axis} (${dimParam === "" ? "unnamed" : `"${dimParam}"`}) has no fixed size; give one`,
      { data: { input: name, axis, dim: dimParam } },
    );
  });
  if (shape.length > MAX_RANK) throw malformed(`input "${name}": rank above ${MAX_RANK}`);
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 1))
    throw malformed(`input "${name}": bad shape [${shape}]`);
  if (shape.reduce((product, dim) => product * dim, 1) > MAX_VALUES)
    throw malformed(`input "${name}": more than 2^24 values`);
  return { name, type, shape };
}

function readNodes(protos: readonly Message<"NodeProto">[], room: FileRoom): OnnxNode[] {
  const taken = new Set<string>();
  return protos.map((proto, i): OnnxNode => {
    const operator = proto.opType ?? "";
    if (operator === "" || !isPlainName(operator)) throw malformed(`node ${i} has no operator`);
    let name = proto.name ?? "";
    if (!isPlainName(name) || !isPlainName(proto.domain ?? "")) {
      throw badName(`node ${i}`);
    }
    if (name === "" || taken.has(name)) name = `${operator}_${i}`;
    while (taken.has(name)) name += "'";
    taken.add(name);
    const attributes = new Map<string, Attribute>();
    for (const attribute of proto.attribute) {
      const key = attribute.name ?? "";
      if (!isPlainName(key)) throw badName(`an attribute of node "${name}"`);
      if (key === "" || attributes.has(key))
        throw malformed(`node "${name}": attribute "${key}" has no name or occurs twice`);
      attributes.set(key, readAttribute(attribute, `node "${name}", attribute "${key}"`, room));
    }
    const domain = proto.domain === undefined || proto.domain === "ai.onnx" ? "" : proto.domain;
    return { name, domain, operator, inputs: proto.input, outputs: proto.output, attributes };
  });
}

const decoder = new TextDecoder();

function readAttribute(proto: Message<"AttributeProto">, what: string, room: FileRoom): Attribute {
  const decodeText = (bytes: Uint8Array): string => {
    if ((room.text -= bytes.length) < 0) throw malformed("attributes have more than 2^24 bytes of text");
    return decoder.decode(bytes);
  };
  const numbers = (list: NumberList): readonly number[] => {
    if ((room.numbers -= list.length) < 0) throw malformed("attributes have more than 2^22 numbers");
    return Array.from(list);
  };
  if (proto.refAttrName !== undefined && proto.refAttrName !== "")
    throw malformed(`${what} refers to a function's attribute`);
  // Codes of AttributeProto.AttributeType; files of the first IR versions leave the type out.
  switch (proto.type ?? guessType(proto)) {
    case 1:
      return { kind: "float", value: proto.f ?? 0 };
    case 2:
      return { kind: "int", value: proto.i ?? 0 };
    case 3:
      return { kind: "string", value: decodeText(proto.s ?? new Uint8Array()) };
    case 4:
      if (proto.t === undefined) throw malformed(`${what} has no tensor`);
      return { kind: "tensor", value: readTensor(proto.t, what, room) };
    case 6:
      return { kind: "floats", value: numbers(proto.floats) };
    case 7:
      return { kind: "ints", value: numbers(proto.ints) };
    case 8:
      return { kind: "strings", value: proto.strings.map(decodeText) };
    default:
      return { kind: "other", value: null };
  }
}

function guessType(proto: Message<"AttributeProto">): number {
  if (proto.f !== undefined) return 1;
  if (proto.i !== undefined) return 2;
  if (proto.s !== undefined) return 3;
  if (proto.t !== undefined) return 4;
  if (proto.floats.length > 0) return 6;
  return proto.ints.length > 0 ? 7 : proto.strings.length > 0 ? 8 : 0;
}

/** Every value is written once and read after it was written: so there is no cycle either. */
function assertNames(
  inputs: readonly OnnxInput[],
  initializers: ReadonlyMap<string, FloatTensor>,
  nodes: readonly OnnxNode[],
  outputs: readonly string[],
): void {
  const known = new Set<string>();
  const write = (name: string, by: string): void => {
    if (!isPlainName(name)) throw malformed("a value's name has control characters or is too long");
    if (known.has(name)) throw malformed(`value "${name}" is written twice, the second time by ${by}`);
    known.add(name);
  };
  for (const name of initializers.keys()) write(name, "an initializer");
  for (const input of inputs) write(input.name, "an input");
  for (const node of nodes) {
    for (const name of node.inputs) {
      if (name !== "" && !known.has(name)) {
        throw malformed(`node "${node.name}" reads "${name}", which nothing before it writes (or there is a cycle)`);
      }
    }
    if (!node.outputs.some((name) => name !== "")) throw malformed(`node "${node.name}" has no output`);
    for (const name of node.outputs) if (name !== "") write(name, `node "${node.name}"`);
  }
  const listed = new Set<string>();
  for (const name of outputs) {
    if (!known.has(name)) throw malformed(`output "${name}" is written by nothing`);
    if (listed.has(name)) throw malformed(`output "${name}" is listed twice`);
    listed.add(name);
  }
}
