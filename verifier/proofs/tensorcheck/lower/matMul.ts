// SPDX-License-Identifier: GPL-3.0-or-later
import type { MatMulNode } from "../../../graph/types.ts";
import { bitsIn, factorOf, frameOf, selectOf, type FrameAxis, type View } from "../layout.ts";
import { atR, type Factor } from "../program.ts";
import { equal, originOf, type Contraction } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import { viewAs } from "./relayout.ts";

/** Whether a view is 0 on the pads of an axis whatever the prover commits to. */
const weighsPads = ({ source, axes }: View, axis: number): boolean =>
  axes.at(axis)?.at !== null && (source.kind === "input" || source.column.class === "pre");

/**
 * Σ_{batch, k} equal(ρ_batch, batch) · lt(k) · A~(batch, i, k) · B~(batch, k, j): lt weighs pads of both by 0, which one
 * that cannot hold anything there does itself.
 */
export function lowerMatMul(node: MatMulNode, lowering: Lowering): void {
  const { shape } = lowering.tensor(node.a);
  const inner = shape.at(-1) as number;
  const a = viewAs(lowering, node.a, shape);
  const b = viewAs(lowering, node.b, lowering.tensor(node.b).shape);
  const sizes = lowering.tensor(node.output).shape;
  const batch = sizes.slice(0, -2);
  const varies = (view: View, axis: number): boolean => view.axes[axis]?.at !== null;
  const shared = batch.map((size, axis) => size > 1 && varies(a, axis) && varies(b, axis));
  const summed = frameOf([...batch.filter((_, axis) => shared[axis]), inner], atR(0));
  const needsSelect = !(weighsPads(a, -1) || weighsPads(b, -2));
  const contraction: Contraction = {
    origin: originOf(node),
    sizes,
    variables: bitsIn(summed.map(({ size }) => size)),
    factors(at) {
      const variables = [...summed];
      const read = batch.map((_, axis) => (shared[axis] ? variables.shift() : at[axis]) as FrameAxis);
      const [i, j] = at.slice(-2) as [FrameAxis, FrameAxis];
      const k = summed.slice(-1);
      const select = needsSelect ? selectOf(k) : null;
      return [
        factorOf(a, [...read, i, ...k]) as Factor,
        factorOf(b, [...read, ...k, j]) as Factor,
        ...read.flatMap((axis, n) => (shared[n] ? equal(at[n] as FrameAxis, axis) : [])),
        ...(select === null ? [] : [select]),
      ];
    },
  };
  const pieces = [{ kind: "contraction", coefficient: 1n, contraction } as const];
  lowering.define(node.output, { sizes, pieces });
}
