// SPDX-License-Identifier: GPL-3.0-or-later
// graph.json and weights.bin (docs/spec/formats.md, section 10): one graph has one serialization, and only that is read.
import { z } from "zod";
import { VerigradError } from "../errors.ts";
import { keccakHex, type Hex } from "../hash.ts";
import { sizeOf, TENSOR_TYPES } from "../tensor/spec.ts";
import { canonicalJson, parseJson, sameBytes, type Canonical } from "./canonical-json.ts";
import { readConstant, writeConstant } from "./constants.ts";
import { fieldsFromJson, fieldsToJson, zBig, zId, zInt, zShape, type Place } from "./nodes/fields.ts";
import { constantsOf, definitionOf, zNode } from "./nodes/registry.ts";
import type { Constant, GraphNode, GraphPort, IntegerGraph } from "./types.ts";
import { assertGraph } from "./validate.ts";

export const GRAPH_FORMAT = "verigrad.graph.v1";

export interface SerializedGraph {
  readonly json: Uint8Array;
  readonly weights: Uint8Array;
  readonly graphHash: Hex;
  readonly weightsHash: Hex;
}

/** Canonical bytes and hashes of a graph. Errors: those of assertGraph. */
export function serializeGraph(graph: IntegerGraph): SerializedGraph {
  assertGraph(graph);
  const weights = new Uint8Array(graph.nodes.flatMap(constantsOf).reduce((sum, c) => sum + byteLength(c), 0));
  const view = new DataView(weights.buffer);
  let offset = 0;
  const place = (constant: Constant): Place => {
    const { shape, width } = constant;
    const here = { offset, shape: [...shape], width };
    writeConstant(constant, view, offset);
    offset += byteLength(constant);
    return here;
  };
  const json = canonicalJson({
    format: GRAPH_FORMAT,
    inputs: graph.inputs.map(portJson),
    outputs: graph.outputs.map(portJson),
    tensors: graph.tensors.map(({ name, shape, exponent, lo, hi }) => ({ name, shape, exponent, lo, hi })),
    nodes: graph.nodes.map((node) => fieldsToJson(definitionOf(node).fields, node, place)),
  });
  return { json, weights, graphHash: keccakHex(json), weightsHash: keccakHex(weights) };
}

const byteLength = (constant: Constant): number => constant.values.length * constant.width;

function portJson({ name, tensor, spec }: GraphPort): Canonical {
  const { shape, type, exponent, lo, hi } = spec;
  return { name, tensor, spec: { shape, type, exponent, lo, hi } };
}

const zSpec = z.strictObject({ shape: zShape, type: z.enum(TENSOR_TYPES), exponent: zInt, lo: zInt, hi: zInt });
const zPort = z.strictObject({ name: z.string(), tensor: zId, spec: zSpec });
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
  const read = (place: Place): Constant => {
    const length = sizeOf(place.shape) * place.width;
    if (place.offset !== end || length > weights.length - end) {
      throw new VerigradError("GRAPH_MALFORMED", "graph.json: constants do not lie one after the other in weights.bin");
    }
    end += length;
    return readConstant(place.shape, place.width, view, place.offset);
  };
  // The schema has checked that each entry is its op's, but for the constants, which it names by place.
  const entries = raw.nodes as unknown as readonly GraphNode[];
  const nodes = entries.map((entry) => fieldsFromJson(definitionOf(entry).fields, entry, read));
  if (end !== weights.length) throw new VerigradError("GRAPH_MALFORMED", "weights.bin has bytes that no node names");
  const graph = { inputs: raw.inputs, outputs: raw.outputs, tensors: raw.tensors, nodes };
  if (!sameBytes(serializeGraph(graph).json, json)) {
    throw new VerigradError("GRAPH_MALFORMED", "graph.json is not in canonical form");
  }
  return graph;
}
