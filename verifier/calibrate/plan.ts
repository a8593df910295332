// SPDX-License-Identifier: GPL-3.0-or-later
// A first calibration for given widths: the finest exponents that hold what was seen, and a requantization wherever an
// accumulator would outgrow the doubles in which graphs are executed.
import { VerigradError } from "../errors.ts";
import type { Analysis, AnalysedNode } from "../graph/analyse.ts";
import type { Calibration } from "../graph/calibration.ts";
import { newLowering, realConstants, type NodeLowering } from "../graph/lower.ts";
import { magnitudeOf } from "../graph/ranges.ts";
import type { GraphTensor } from "../graph/types.ts";
import { isFloatType, type FloatGraph } from "../onnx/types.ts";
import { finestExponent, MAX_EXPONENT } from "./input-spec.ts";
import type { Seen } from "./observe.ts";

/** Widths of a plan: of constants, sign included; of activations after a Relu (unsigned) and of look-ups. */
export interface Widths {
  readonly weightBits: number;
  readonly activationBits: number;
}

/** Accumulators beyond this are requantized before they grow further: below it, doubles are exact. */
const MAX_PLANNED = 2n ** 52n;
/** Width, sign included, of an accumulator that is requantized only because the next one would be too wide. */
const CHAIN_BITS = 16;
/** Steps by which a node's constants are coarsened where an addend does not fit at the accumulator's exponent. */
const COARSER = 4;
/** Look-ups have at least this width, operand and values: narrower ones lose far more accuracy than they save. */
const LOOKUP_BITS = 12;
/** Real inputs may go beyond what was seen: wide activations leave room for it. */
const HEADROOM = 1.25;

type Lookup = Calibration["lookups"][number];
type Quantized = Calibration["tensors"][number];

/**
 * The calibration `base` with entries for every node. `seen` has the range of each value of the float model.
 * Errors: ONNX_UNSUPPORTED and GRAPH_ACCUMULATOR_OVERFLOW of lowering.
 */
export function plan(
  model: FloatGraph,
  analysis: Analysis,
  base: Calibration,
  { weightBits, activationBits }: Widths,
  seen: ReadonlyMap<string, Seen>,
): Calibration {
  const headroom = activationBits > 8 ? HEADROOM : 1;
  const peak = (name: string): number => {
    const { lo, hi } = seen.get(name) ?? { lo: 0, hi: 0 };
    return Math.max(Math.abs(lo), Math.abs(hi)) * headroom;
  };
  const constants = new Map<string, Quantized>();
  const tensors = new Map<string, Quantized>();
  const lookups = new Map<string, Lookup>();
  const lowering = newLowering(model, base.inputs, { constants, tensors, lookups });
  for (const node of analysis.nodes) {
    const { operator, view, output } = node;
    const values = realConstants(analysis, node);
    if (values.length > 0) {
      const exponent = finestExponent(largest(values), 2 ** (weightBits - 1) - 1);
      constants.set(output, { name: output, exponent, bits: weightBits });
    }
    if (operator.requantizes === true) {
      const exponent = finestExponent(peak(output), 2 ** activationBits - 1);
      tensors.set(output, { name: output, exponent, bits: activationBits });
    }
    if (operator.looksUp === true) {
      const bits = Math.min(16, Math.max(activationBits, LOOKUP_BITS));
      const exponent = finestExponent(peak(output), 2 ** (bits - 1) - 1);
      lookups.set(output, { name: output, exponent, bits, input: operandGrid(lowering, node, seen, bits, headroom) });
    }
    const coarsen = (): boolean => {
      const entry = constants.get(output);
      if (entry === undefined || entry.exponent < -MAX_EXPONENT) return false;
      constants.set(output, { ...entry, exponent: entry.exponent - COARSER });
      return true;
    };
    lowerNarrowing(lowering, node, coarsen, (name) => {
      if (tensors.has(name) || model.inputs.some((input) => input.name === name)) return false;
      // Integers are exact: one that grows too wide is refused by name instead.
      if (!isFloatType(analysis.types.get(name)?.type ?? "float32")) return false;
      const exponent = finestExponent(peak(name), 2 ** (CHAIN_BITS - 1) - 1);
      tensors.set(name, { name, exponent, bits: CHAIN_BITS });
      lowering.requantize(name, { exponent, bits: CHAIN_BITS }, view.node.name);
      return true;
    });
  }
  const order = analysis.nodes.flatMap(({ view }) => view.node.outputs);
  const listed = order.flatMap((name) => tensors.get(name) ?? []);
  return { ...base, constants: [...constants.values()], tensors: listed, lookups: [...lookups.values()] };
}

function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i] as number));
  return most;
}

/** What a look-up's operand is rounded and clamped to: the part of its proven range that was seen, and some more. */
function operandGrid(
  { builder, tensorOf }: NodeLowering,
  { view }: AnalysedNode,
  seen: ReadonlyMap<string, Seen>,
  bits: number,
  headroom: number,
): Lookup["input"] {
  const varying = view.node.inputs.findIndex((name, i) => name !== "" && view.constant(i) === undefined);
  const name = view.node.inputs[varying] as string;
  const proven = builder.tensors[tensorOf(name)] as GraphTensor;
  if (proven.hi - proven.lo < 2n ** BigInt(bits) && magnitudeOf(proven) < 2n ** 31n)
    return { exponent: proven.exponent, lo: Number(proven.lo), hi: Number(proven.hi) };
  const unit = 2 ** -proven.exponent;
  const { lo, hi } = seen.get(name) ?? { lo: Number(proven.lo) * unit, hi: Number(proven.hi) * unit };
  const margin = Math.max(((headroom - 1) / 2) * (hi - lo), Math.max(Math.abs(lo), Math.abs(hi)) * 2 ** -8, unit);
  const from = Math.max(lo - margin, Number(proven.lo) * unit);
  const to = Math.min(hi + margin, Number(proven.hi) * unit);
  let exponent = Math.min(proven.exponent, finestExponent(to - from, 2 ** bits - 2));
  while (Math.max(Math.abs(from), Math.abs(to)) * 2 ** exponent >= 2 ** 31 - 1) exponent--;
  const scale = 2 ** exponent;
  const least = Math.floor(from * scale) + 0;
  return { exponent, lo: least, hi: Math.min(Math.ceil(to * scale), least + 2 ** bits - 1) + 0 };
}

/** Lowers a node; where its accumulators grow too wide, its operands are narrowed first, or its constants coarsened. */
function lowerNarrowing(
  lowering: NodeLowering,
  node: AnalysedNode,
  coarsen: () => boolean,
  narrow: (name: string) => boolean,
): void {
  const { builder, tensorOf } = lowering;
  const before = builder.tensors.length;
  let overflow: VerigradError | undefined;
  try {
    lowering.lower(node);
    if (builder.tensors.slice(before).every((tensor) => magnitudeOf(tensor) <= MAX_PLANNED)) return;
  } catch (error) {
    if (!(error instanceof VerigradError && error.code === "GRAPH_ACCUMULATOR_OVERFLOW")) throw error;
    overflow = error;
  }
  const operands = new Set(node.view.node.inputs);
  const narrowed = [...operands].filter((name) => {
    const tensor = builder.tensors[tensorOf(name)];
    if (tensor === undefined) return false;
    // Too many bits, or bits of no weight: those make whatever is added at their exponent too wide.
    return (magnitudeOf(tensor) >= 2n ** BigInt(CHAIN_BITS) || tensor.exponent > MAX_EXPONENT) && narrow(name);
  });
  if (narrowed.length > 0 || (overflow !== undefined && coarsen()))
    return lowerNarrowing(lowering, node, coarsen, narrow);
  if (overflow !== undefined) throw overflow;
}
