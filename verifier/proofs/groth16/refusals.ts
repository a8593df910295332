// SPDX-License-Identifier: GPL-3.0-or-later
// What no sound circuit can be made of, and the ranges that circuits of everything else are made with.
import { macsOf } from "../../graph/cost.ts";
import { constantsOf } from "../../graph/nodes/registry.ts";
import { roundShift } from "../../graph/ranges.ts";
import type { GraphNode, GraphPort, GraphTensor, IntegerGraph } from "../../graph/types.ts";
import { packedLength } from "../../tensor/packing.ts";
import { sizeOf } from "../../tensor/spec.ts";
import type { InputMode, Refusal } from "../types.ts";
import { analyseRanges, declaredBounds, unpackedBounds, type InputBounds, type Intervals } from "./ranges.ts";
import { tableBits } from "./table.ts";

/** Public signals are counted in two bytes of the key. */
const MAX_PUBLIC_SIGNALS = 65535;
/** No integer of a circuit reaches this in magnitude: far from r / 2, so that field arithmetic is integer arithmetic. */
const FIELD_LIMIT = 1n << 240n;
/** Largest decomposition with a unique solution modulo r. */
const MAX_DECOMPOSITION_BITS = 253;

/** Most values, multiply-accumulates and look-ups times their entries in all: minutes of the compiler, and gigabytes. */
const MAX_TERMS = 2 ** 23;
/** Most bits of a table's operand. */
const MAX_TABLE_BITS = 16;
/** Most constants, 8 tables of 16 bits or half a million weights: the compiler has 4 GB, 6.5 to 8 KB for each. */
const MAX_CONSTANTS = 2 ** 19;

const bitLength = (v: bigint): number => (v <= 0n ? 0 : v.toString(2).length);

/** What a circuit itself guarantees of its inputs: committed ones are checked to the declared end, nobody else can. */
export const checkedBounds = (inputMode: InputMode): InputBounds =>
  inputMode === "PUBLIC" ? unpackedBounds : declaredBounds;

/** The words of some ports, on the chain and in the circuit. */
export const wordsOf = (ports: readonly GraphPort[]): number => packedLength(ports.map((port) => port.spec));

/** What a node is to a circuit: how many terms its sums, products and tables have. `bits` are a table's, once known. */
function termsOf(node: GraphNode, tensors: readonly GraphTensor[], bits?: number): number {
  const values = sizeOf((tensors[node.output] as GraphTensor).shape);
  if (node.op !== "table") return Math.max(values, macsOf(node, tensors));
  return values * (bits === undefined ? node.values.values.length : 2 ** bits);
}

/** A circuit that can be emitted, or why not. */
export interface CircuitPlan {
  /** Every reason why no sound circuit can be emitted for the graph; empty when one can. */
  readonly refusals: readonly Refusal[];
  /** Intervals of every tensor that hold for whatever the circuit accepts as input; empty where they were not computed. */
  readonly ranges: readonly Intervals[];
}

/** Every reason why no sound circuit can be emitted for the graph; empty when one can. */
export const circuitRefusals = (graph: IntegerGraph, inputMode: InputMode = "PUBLIC"): Refusal[] => [
  ...planCircuit(graph, inputMode).refusals,
];

/** Analyses a graph as a circuit. Errors: GRAPH_MALFORMED. */
export function planCircuit(graph: IntegerGraph, inputMode: InputMode): CircuitPlan {
  const refusals: Refusal[] = [];
  const refuse = (node: string, operator: string, reason: string): void => {
    refusals.push({ node, operator, reason });
  };
  const inputValues = graph.inputs.reduce((sum, { spec }) => sum + sizeOf(spec.shape), 0);
  /** Refuses the largest node of a circuit with too many terms; whether there are. */
  const refuseTerms = (terms: readonly number[]): boolean => {
    const total = terms.reduce((a, b) => a + b, inputValues);
    if (total <= MAX_TERMS) return false;
    const share = terms.reduce((a, b) => Math.max(a, b), 0);
    const most = graph.nodes[terms.indexOf(share)];
    const reason = `${share} of the ${total} terms of the circuit (values, products, table entries times look-ups); accepted: 2^23 in all; use tensorcheck`;
    refuse(most?.from.join(" + ") ?? "graph", most?.op ?? "signature", reason);
    return true;
  };
  if (refuseTerms(graph.nodes.map((node) => termsOf(node, graph.tensors)))) return { refusals, ranges: [] };
  const bounds = checkedBounds(inputMode);
  const checked = analyseRanges(graph, bounds);
  // Where every pattern of an input's bits is declared, both runs are one.
  const same = graph.inputs.every(({ spec }) => `${bounds(spec)}` === `${declaredBounds(spec)}`);
  const declared = same ? checked : analyseRanges(graph, declaredBounds);
  for (const node of graph.nodes) {
    const name = node.from.join(" + ");
    const { lo, hi } = checked[node.output] as Intervals;
    if (lo.some((v) => v <= -FIELD_LIMIT) || hi.some((v) => v >= FIELD_LIMIT)) {
      refuse(name, node.op, "its values may exceed 2^240 in magnitude and wrap around the field");
    }
    if (node.op === "table" && tableBits(checked[node.input] as Intervals) > MAX_TABLE_BITS)
      refuse(
        name,
        node.op,
        `its operand may have more than ${MAX_TABLE_BITS} bits where undeclared inputs are unpacked`,
      );
    if (node.op !== "requantize") continue;
    const z = checked[node.input] as Intervals;
    if (!Number.isInteger(node.shift) || node.shift < 0) refuse(name, node.op, "shift must be a natural number");
    else if (node.lo > node.hi) refuse(name, node.op, `clamp interval [${node.lo}, ${node.hi}] is empty`);
    else if (z.lo.some((v, i) => decompositionBits(v, z.hi[i] as bigint, node) > MAX_DECOMPOSITION_BITS)) {
      refuse(name, node.op, `its decomposition needs more than ${MAX_DECOMPOSITION_BITS} bits`);
    }
  }
  // A circuit's table covers what unpacking admits, which may be many times what the graph's table has entries for.
  const bits = graph.nodes.map((node) =>
    node.op === "table" ? Math.min(MAX_TABLE_BITS, tableBits(checked[node.input] as Intervals)) : undefined,
  );
  refuseTerms(graph.nodes.map((node, n) => termsOf(node, graph.tensors, bits[n])));
  const constants = graph.nodes.map((node, n) =>
    bits[n] === undefined ? constantsOf(node).reduce((sum, { values }) => sum + values.length, 0) : 2 ** bits[n],
  );
  const stored = constants.reduce((a, b) => a + b, 0);
  if (stored > MAX_CONSTANTS) {
    const most = graph.nodes[constants.indexOf(constants.reduce((a, b) => Math.max(a, b)))] as GraphNode;
    const reason = `the circuit has ${stored} constants (weights, table entries); accepted: 2^19 in all; use tensorcheck`;
    refuse(most.from.join(" + "), most.op, reason);
  }
  for (const port of graph.outputs) {
    // SAFETY: packing is injective only for values inside the declared range; nothing else in the circuit checks it.
    const { lo, hi } = declared[port.tensor] as Intervals;
    if (lo.some((v) => v < BigInt(port.spec.lo)) || hi.some((v) => v > BigInt(port.spec.hi))) {
      refuse(port.name, "output", `range [${port.spec.lo}, ${port.spec.hi}] is not proven for every declared input`);
    }
  }
  if (graph.inputs.length === 0) refuse("graph", "signature", "the model has no input: there is nothing to prove");
  const signals = 1 + (inputMode === "PUBLIC" ? wordsOf(graph.inputs) : 1) + wordsOf(graph.outputs);
  if (signals > MAX_PUBLIC_SIGNALS) refuse("graph", "signature", `${signals} public signals; at most 65535`);
  return { refusals, ranges: checked };
}

/** An upper bound of the bits that requantization of z in [zlo, zhi] decomposes: q - lo or q - hi, with a sign. */
function decompositionBits(zlo: bigint, zhi: bigint, node: { shift: number; lo: bigint; hi: bigint }): number {
  const ends = [zlo, zhi].flatMap((z) => [node.lo, node.hi].map((end) => roundShift(z, node.shift) - end));
  return node.shift + 1 + Math.max(...ends.map((v) => bitLength(v < 0n ? -v : v)));
}
