// SPDX-License-Identifier: GPL-3.0-or-later
// From the integer graph to a program: each node becomes equations (docs/spec/tensorcheck.md, section 7). Deterministic:
// a model's key follows from its graph and `tableBits` alone.
import { VerigradError } from "../../../errors.ts";
import type { GraphNode, GraphTensor, IntegerGraph } from "../../../graph/types.ts";
import { sizeOf } from "../../../tensor/spec.ts";
import type { Refusal } from "../../types.ts";
import { bitsIn, canonical, MAX_BITS } from "../layout.ts";
import type { Program } from "../program.ts";
import { lowerConvolution } from "./convolution.ts";
import { lowerMultiply } from "./multiply.ts";
import { lowerMatMul } from "./matMul.ts";
import { lowerTable } from "./table.ts";
import { lowerStep } from "./step.ts";
import { lowerIsZero } from "./isZero.ts";
import { lowerGather } from "./gather.ts";
import { lowerExtremum } from "./extremum.ts";
import { newDraft } from "./draft.ts";
import { originOf } from "./expressions.ts";
import { lowerFullyConnected } from "./fullyConnected.ts";
import type { Lowering } from "./lowering.ts";
import { newLowering } from "./new-lowering.ts";
import { lowerRequantize } from "./requantize.ts";
import { lowerReshape } from "./reshape.ts";
import { lowerWeightedSum } from "./weightedSum.ts";

export interface LoweringOptions {
  /** Most bits of a look-up's index into a table. */
  readonly tableBits: number;
}

/**
 * The program that proves the graph. Errors: TENSORCHECK_UNSUPPORTED, whose data list every refusal.
 */
export function lowerGraph(graph: IntegerGraph, options: LoweringOptions): Program {
  const refusals = tensorcheckRefusals(graph);
  if (refusals.length > 0) {
    const list = refusals.map(({ node, operator, reason }) => `"${node}" (${operator}): ${reason}`).join("; ");
    throw new VerigradError("TENSORCHECK_UNSUPPORTED", `tensorcheck cannot prove ${list}`, { data: { refusals } });
  }
  const draft = newDraft();
  const lowering = newLowering(graph, draft, options.tableBits);
  for (const node of graph.nodes) {
    // A table is looked up together with the requantization that it alone reads.
    if (lowering.isDefined(node.output)) continue;
    const { lo, hi, shape } = lowering.tensor(node.output);
    // A tensor of one possible value is that value, whatever makes it.
    if (lo === hi) {
      const pieces = lo === 0n ? [] : [{ kind: "product", coefficient: lo, views: [] } as const];
      lowering.define(node.output, { sizes: canonical(shape), pieces });
    } else named(node, () => lowerOf(node)(node, lowering));
  }
  for (const { tensor } of graph.outputs) {
    const { sizes, expressions } = lowering.common([tensor]);
    const { shape } = lowering.tensor(tensor);
    draft.output(
      sizeOf(sizes) === sizeOf(shape) ? sizes : canonical(shape),
      expressions.flatMap(({ pieces }) => pieces),
    );
  }
  return draft.finish();
}

/** Runs `lower`. What is too large for a key is so for this node. Errors: as `lower`, TENSORCHECK_TOO_LARGE with data.refusals. */
function named(node: GraphNode, lower: () => void): void {
  try {
    lower();
  } catch (error) {
    if (!(error instanceof VerigradError && error.code === "TENSORCHECK_TOO_LARGE")) throw error;
    const refusal: Refusal = { ...originOf(node), reason: error.message };
    const message = `${error.message}; for ${refusal.operator} "${refusal.node}"`;
    throw new VerigradError(error.code, message, { data: { refusals: [refusal] }, cause: error });
  }
}

type Lower<N extends GraphNode> = (node: N, lowering: Lowering) => void;

const LOWERS: { readonly [Op in GraphNode["op"]]: Lower<Extract<GraphNode, { op: Op }>> } = {
  fullyConnected: lowerFullyConnected,
  convolution: lowerConvolution,
  weightedSum: lowerWeightedSum,
  multiply: lowerMultiply,
  matMul: lowerMatMul,
  requantize: lowerRequantize,
  table: lowerTable,
  step: lowerStep,
  isZero: lowerIsZero,
  maximum: lowerExtremum,
  minimum: lowerExtremum,
  reshape: lowerReshape,
  gather: lowerGather,
};

/** Only ever given nodes of its own op. */
const lowerOf = ({ op }: GraphNode): Lower<GraphNode> => LOWERS[op] as Lower<GraphNode>;

/** Most taps of a window on one axis: what a key can say. */
const MAX_TAPS = 0xffff;

/** Every node that cannot be lowered, with the reason. */
export const tensorcheckRefusals = (graph: IntegerGraph): Refusal[] =>
  graph.nodes.flatMap((node) => {
    const { op, output } = node;
    const refusal = (reason: string): Refusal => ({ ...originOf(node), reason });
    const bits = bitsIn(canonical((graph.tensors[output] as GraphTensor).shape));
    const taps = op === "convolution" ? Math.max(...node.weights.shape.slice(2)) : 1;
    return [
      ...(bits <= MAX_BITS.wit ? [] : [refusal(`2^${bits} cells with pads; accepted: 2^${MAX_BITS.wit}`)]),
      ...(taps <= MAX_TAPS ? [] : [refusal(`a kernel of ${taps} taps on an axis; accepted: ${MAX_TAPS}`)]),
    ];
  });
