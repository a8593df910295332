// SPDX-License-Identifier: GPL-3.0-or-later
import { windowOf, type Axis } from "../../../graph/nodes/window.ts";
import type { ConvolutionNode } from "../../../graph/types.ts";
import { bitsIn, factorOf, frameOf, isPowerOfTwo, type Frame, type FrameAxis } from "../layout.ts";
import { atR, type Factor } from "../program.ts";
import { equal, originOf, type Contraction, type Piece } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import { viewAs } from "./relayout.ts";

/** Whether every output position reads the input's value at the same place. */
const isPointwise = ({ input, output, kernel, stride, begin }: Axis): boolean =>
  kernel === 1 && stride === 1 && begin === 0 && input === output;

/** Whether windows lie side by side, each 2^i long: position and tap are the index's upper and lower bits. */
const isAligned = ({ input, output, kernel, stride, dilation, begin }: Axis): boolean =>
  kernel > 1 && kernel === stride && dilation === 1 && begin === 0 && input === output * kernel && isPowerOfTwo(kernel);

/**
 * Σ_{g, c, k, q} equal(ρ_g, g) · W~(g, ρ_m, c, k) · Π_axes window(ρ_p; k, q) · x~(ρ_n, g, c, q) + bias: windows are of real sizes, the
 * weights 0 on pads. An axis whose output is its input has no window, and q = p; nor has one of windows side by side, where
 * q = (p ‖ k). Where nothing is left to sum (one
 * weight a channel) it is a product, cell by cell.
 */
export function lowerConvolution(node: ConvolutionNode, lowering: Lowering): void {
  const { draft } = lowering;
  const name = node.from.join(" + ");
  const { group } = node;
  const [batch, , ...spatial] = lowering.tensor(node.input).shape as [number, number, ...number[]];
  const [outs, ins, ...kernel] = node.weights.shape as [number, number, ...number[]];
  const axes = windowOf(node, spatial, kernel, node);
  const perGroup = outs / group;
  const sizes = [batch, group, perGroup, ...axes.map(({ output }) => output)];
  const aligned = axes.map(isAligned);
  const split = axes.flatMap(({ input, output }, a) => (aligned[a] ? [output, kernel[a] as number] : [input]));
  const view = viewAs(lowering, node.input, [batch, group, ins, ...split]);
  const weights = draft.pre(`${name}: weights`, node.weights.values, [group, perGroup, ins, ...kernel]);

  const summedOver = axes.map((axis) => !isPointwise(axis)); // its taps
  const slid = axes.map((_, a) => summedOver[a] === true && aligned[a] === false); // its input as well
  // Taps above, channels and positions below: an operand that is one image is read at r_{t−1..0}.
  const of = (items: readonly number[], which: readonly boolean[]): number[] => items.filter((_, a) => which[a]);
  const summed = frameOf([...of(kernel, summedOver), group, ins, ...of(spatial, slid)], atR(0));
  const variables = bitsIn(summed.map(({ size }) => size));
  const isProduct = perGroup === 1 && ins === 1 && !summedOver.includes(true);
  const pieces: Piece[] = [];
  if (isProduct) {
    const repeated = {
      ...weights,
      axes: [{ size: batch, at: null }, ...weights.axes.slice(0, 3), ...spatial.map((size) => ({ size, at: null }))],
    };
    pieces.push({ kind: "product", coefficient: 1n, views: [view, repeated] });
  } else {
    const contraction: Contraction = {
      origin: originOf(node),
      sizes,
      variables,
      factors(at) {
        const [n, g, m, ...positions] = at as [FrameAxis, FrameAxis, FrameAxis, ...FrameAxis[]];
        const inner = [...summed];
        const none: FrameAxis = { size: 1, run: { low: 0, bits: 0 } };
        const taps = summedOver.map((sums) => (sums ? (inner.shift() as FrameAxis) : none));
        const [ofGroup, channel] = inner.splice(0, 2) as [FrameAxis, FrameAxis];
        const read = slid.flatMap((slides, a) => {
          if (slides) return [inner.shift() as FrameAxis];
          return aligned[a] ? [positions[a] as FrameAxis, taps[a] as FrameAxis] : [positions[a] as FrameAxis];
        });
        const readAt = (a: number): number => a + aligned.slice(0, a).filter(Boolean).length;
        const windows = axes.flatMap((axis, a) =>
          slid[a]
            ? [windowFactor(axis, positions[a] as FrameAxis, taps[a] as FrameAxis, read[readAt(a)] as FrameAxis)]
            : [],
        );
        const ofWeights: Frame = [ofGroup, m, channel, ...taps];
        const ofInput: Frame = [n, ofGroup, channel, ...read];
        const groups = group === 1 ? [] : equal(g, ofGroup);
        return [factorOf(weights, ofWeights) as Factor, ...groups, ...windows, factorOf(view, ofInput) as Factor];
      },
    };
    pieces.push({ kind: "contraction", coefficient: 1n, contraction });
  }
  if (node.bias !== null && node.bias.values.some((v) => BigInt(v) !== 0n)) {
    const bias = draft.pre(`${name}: bias`, node.bias.values, [group, perGroup]);
    const repeats = (of: readonly number[]) => of.map((size) => ({ size, at: null }));
    const repeated = { ...bias, axes: [...repeats([batch]), ...bias.axes, ...repeats(sizes.slice(3))] };
    pieces.push({ kind: "product", coefficient: 1n, views: [repeated] });
  }
  lowering.define(node.output, { sizes, pieces });
}

const windowFactor = (
  { input, output, kernel, stride, dilation, begin }: Axis,
  p: FrameAxis,
  k: FrameAxis,
  q: FrameAxis,
): Factor => ({
  kind: "window",
  positions: output,
  taps: kernel,
  size: input,
  stride,
  dilation,
  pad: begin,
  p: p.run,
  k: k.run,
  q: q.run,
});
