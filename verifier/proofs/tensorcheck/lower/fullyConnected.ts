// SPDX-License-Identifier: GPL-3.0-or-later
import type { FullyConnectedNode } from "../../../graph/types.ts";
import { bitsIn, factorOf, frameOf } from "../layout.ts";
import { atR, type Factor } from "../program.ts";
import { originOf, type Contraction, type Piece } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import { splitAt } from "./relayout.ts";

/** Σ_j W~(ρ_o, j) · x~(ρ_b, j) + bias: the weights have rows and columns of 0 for pads. */
export function lowerFullyConnected(node: FullyConnectedNode, lowering: Lowering): void {
  const { draft } = lowering;
  const name = node.from.join(" + ");
  const [outs, ins] = node.weights.shape as [number, number];
  const { view, outer, inner } = splitAt(lowering, node.input, ins);
  const weights = draft.pre(`${name}: weights`, node.weights.values, [outs, ...inner]);
  const variables = bitsIn(inner);
  const contraction: Contraction = {
    origin: originOf(node),
    sizes: [...outer, outs],
    variables,
    factors(at) {
      const summed = frameOf(inner, atR(0));
      const rows = at.slice(0, -1);
      const out = at.slice(-1);
      const w = factorOf(weights, [...out, ...summed]) as Factor;
      return [w, factorOf(view, [...rows, ...summed]) as Factor];
    },
  };
  const pieces: Piece[] = [{ kind: "contraction", coefficient: 1n, contraction }];
  if (node.bias !== null && node.bias.values.some((v) => BigInt(v) !== 0n)) {
    const bias = draft.pre(`${name}: bias`, node.bias.values, [outs]);
    const repeated = { ...bias, axes: [...outer.map((size) => ({ size, at: null })), ...bias.axes] };
    pieces.push({ kind: "product", coefficient: 1n, views: [repeated] });
  }
  lowering.define(node.output, { sizes: [...outer, outs], pieces });
}
