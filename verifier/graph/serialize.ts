// SPDX-License-Identifier: GPL-3.0-or-later
// graph.json and weights.bin (docs/spec/formats.md, section 10): one graph has one serialization, and only that is read.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { z } from "zod";
import { VerigradError } from "../errors.ts";
import { sizeOf, TENSOR_TYPES } from "../tensor/spec.ts";
import { canonicalJson, parseJson, sameBytes, type Canonical } from "./canonical-json.ts";
import { readConstant, writeConstant } from "./constants.ts";
import type { Constant, GraphNode, GraphPort, IntegerGraph } from "./types.ts";
import { assertGraph, constantsOf } from "./validate.ts";

export const GRAPH_FORMAT = "verigrad.graph.v1";

export interface SerializedGraph {
  readonly json: Uint8Array;
  readonly weights: Uint8Array;
  readonly graphHash: `0x${string}`;
  readonly weightsHash: `0x${string}`;
}

const hashOf = (bytes: Uint8Array): `0x${string}` => `0x${bytesToHex(keccak_256(bytes))}`;

/** Canonical bytes and hashes of a graph. Errors: those of assertGraph. */
export function serializeGraph(graph: IntegerGraph): SerializedGraph {
  assertGraph(graph);
  const constants = graph.nodes.flatMap(constantsOf);
  const weights = new Uint8Array(constants.reduce((sum, c) => sum + byteLength(c), 0));
  const view = new DataView(weights.buffer);
  const places = new Map<Constant, Canonical>();
  let offset = 0;
  for (const constant of constants) {
    writeConstant(constant, view, offset);
    places.set(constant, { offset, shape: constant.shape, width: constant.width });
    offset += byteLength(constant);
  }
  const place = (constant: Constant | null): Canonical =>
    constant === null ? null : (places.get(constant) as Canonical);
  const json = canonicalJson({
    format: GRAPH_FORMAT,
    inputs: graph.inputs.map(portJson),
    outputs: graph.outputs.map(portJson),
    tensors: graph.tensors.map(({ name, shape, exponent, lo, hi }) => ({ name, shape, exponent, lo, hi })),
    nodes: graph.nodes.map((node) => nodeJson(node, place)),
  });
  return { json, weights, graphHash: hashOf(json), weightsHash: hashOf(weights) };
}

const byteLength = (constant: Constant): number => constant.values.length * constant.width;

function portJson({ name, tensor, spec }: GraphPort): Canonical {
  const { shape, type, exponent, lo, hi } = spec;
  return { name, tensor, spec: { shape, type, exponent, lo, hi } };
}

function nodeJson(node: GraphNode, place: (constant: Constant | null) => Canonical): Canonical {
  const base = { kind: node.kind, op: node.op, from: node.from, output: node.output };
  switch (node.op) {
    case "fullyConnected":
      return { ...base, input: node.input, weights: place(node.weights), bias: place(node.bias) };
    case "weightedSum":
      return { ...base, inputs: node.inputs, multipliers: node.multipliers, constant: place(node.constant) };
    case "requantize":
      return { ...base, input: node.input, shift: node.shift, lo: node.lo, hi: node.hi };
    case "reshape":
      return { ...base, input: node.input };
  }
}

const zInt = z.int();
const zId = z.int().min(0);
// At most 2^63 in magnitude, so that a hostile string cannot make BigInt() work for long.
const zBig = z.union([zInt, z.string().regex(/^-?[1-9][0-9]{15,19}$/)]).transform((v) => BigInt(v));
const zShape = z.array(z.int().min(1)).max(8);
const zPlace = z.strictObject({
  offset: zId,
  shape: zShape,
  width: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]),
});
const zSpec = z.strictObject({ shape: zShape, type: z.enum(TENSOR_TYPES), exponent: zInt, lo: zInt, hi: zInt });
const zPort = z.strictObject({ name: z.string(), tensor: zId, spec: zSpec });
const base = { from: z.array(z.string()), output: zId };
const zNode = z.discriminatedUnion("op", [
  z.strictObject({
    ...base,
    kind: z.literal("linear"),
    op: z.literal("fullyConnected"),
    input: zId,
    weights: zPlace,
    bias: zPlace.nullable(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal("linear"),
    op: z.literal("weightedSum"),
    inputs: z.array(zId),
    multipliers: z.array(zBig),
    constant: zPlace.nullable(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal("lookup"),
    op: z.literal("requantize"),
    input: zId,
    shift: zInt,
    lo: zBig,
    hi: zBig,
  }),
  z.strictObject({ ...base, kind: z.literal("index"), op: z.literal("reshape"), input: zId }),
]);
const zGraph = z.strictObject({
  format: z.literal(GRAPH_FORMAT),
  inputs: z.array(zPort),
  outputs: z.array(zPort),
  tensors: z.array(z.strictObject({ name: z.string(), shape: zShape, exponent: zInt, lo: zBig, hi: zBig })),
  nodes: z.array(zNode),
});

/**
 * Reads a graph back. Everything that serializeGraph would not have written, byte for byte, is refused. Errors:
 * GRAPH_MALFORMED (syntax, topology, shapes, ranges, canonical form) and the other errors of assertGraph.
 */
export function parseGraph(json: Uint8Array, weights: Uint8Array): IntegerGraph {
  let raw: z.infer<typeof zGraph>;
  try {
    raw = zGraph.parse(parseJson(json));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    const why = issue === undefined ? "not JSON" : `${issue.path.join(".")}: ${issue.message}`;
    throw new VerigradError("GRAPH_MALFORMED", `graph.json: ${why}`, { cause, data: { why } });
  }
  const view = new DataView(weights.buffer, weights.byteOffset, weights.byteLength);
  let end = 0;
  const constant = (place: z.infer<typeof zPlace>): Constant => {
    const length = sizeOf(place.shape) * place.width;
    if (place.offset !== end || length > weights.length - end) {
      throw new VerigradError("GRAPH_MALFORMED", "graph.json: constants do not lie one after the other in weights.bin");
    }
    end += length;
    return readConstant(place.shape, place.width, view, place.offset);
  };
  const nodes = raw.nodes.map((node): GraphNode => {
    if (node.op === "fullyConnected") {
      const matrix = constant(node.weights); // evaluated before the bias: the order in weights.bin
      return { ...node, weights: matrix, bias: node.bias === null ? null : constant(node.bias) };
    }
    if (node.op === "weightedSum")
      return { ...node, constant: node.constant === null ? null : constant(node.constant) };
    return node;
  });
  if (end !== weights.length) throw new VerigradError("GRAPH_MALFORMED", "weights.bin has bytes that no node names");
  const graph = { inputs: raw.inputs, outputs: raw.outputs, tensors: raw.tensors, nodes };
  if (!sameBytes(serializeGraph(graph).json, json)) {
    throw new VerigradError("GRAPH_MALFORMED", "graph.json is not in canonical form");
  }
  return graph;
}
