// SPDX-License-Identifier: GPL-3.0-or-later
// Random integer graphs and inputs for them; `wide` graphs reach accumulators near 2^62.
import fc from "fast-check";
import { newGraphBuilder } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import type { GraphTensor, IntegerGraph } from "../../verifier/graph/types.ts";
import { sizeOf, TENSOR_TYPES, TYPE_INFO } from "../../verifier/tensor/spec.ts";
import { VerigradError } from "../../verifier/errors.ts";

/** Draws from a stream of random integers, so that shrinking stays simple. */
export type Draw = (lo: number, hi: number) => number;

const MAX_I32 = TYPE_INFO.i32.hi;

function addRandomNode(builder: ReturnType<typeof newGraphBuilder>, i: number, draw: Draw, wide: boolean): void {
  const input = draw(0, builder.tensors.length - 1);
  const tensor = builder.tensors[input] as GraphTensor;
  const from = [`node ${i}`];
  const name = `t${i}`;
  const bits = draw(1, wide ? 20 : 8);
  const weight = (): number => draw(-(2 ** bits), 2 ** bits);
  switch (draw(0, 3)) {
    case 0: {
      const ins = tensor.shape.at(-1) as number;
      const outs = draw(1, 4);
      const weights = makeConstant([outs, ins], Array.from({ length: outs * ins }, weight));
      const bias =
        draw(0, 1) === 0
          ? null
          : makeConstant(
              [outs],
              Array.from({ length: outs }, () => draw(-MAX_I32, MAX_I32)),
            );
      builder.addNode(
        { kind: "linear", op: "fullyConnected", from, input, weights, bias },
        { name, exponent: draw(-20, 20) },
      );
      return;
    }
    case 1: {
      const equal = [...builder.tensors.keys()].filter((id) => {
        const { shape } = builder.tensors[id] as GraphTensor;
        return sizeOf(shape) === 1 || `${shape}` === `${tensor.shape}`;
      });
      const inputs = [input, ...Array.from({ length: draw(0, 2) }, () => equal[draw(0, equal.length - 1)] as number)];
      const multipliers = inputs.map(() => BigInt(weight()));
      const size = sizeOf(tensor.shape);
      const biggest = inputs.every((id) => [1, size].includes(sizeOf((builder.tensors[id] as GraphTensor).shape)));
      const constant =
        biggest && size > 1 && draw(0, 1) === 1
          ? makeConstant(tensor.shape, Array.from({ length: size }, weight))
          : null;
      builder.addNode(
        { kind: "linear", op: "weightedSum", from, inputs, multipliers, constant },
        { name, exponent: 0 },
      );
      return;
    }
    case 2: {
      const shift = draw(0, 12);
      const lo = BigInt(draw(0, 1) * -(2 ** draw(1, wide ? 40 : 12)));
      const node = {
        kind: "lookup",
        op: "requantize",
        from,
        input,
        shift,
        lo,
        hi: BigInt(2 ** draw(0, wide ? 40 : 12)),
      } as const;
      builder.addNode(node, { name, exponent: tensor.exponent - shift });
      return;
    }
    default: {
      const shape = draw(0, 1) === 0 ? [sizeOf(tensor.shape)] : [1, ...tensor.shape.slice(-3)];
      if (sizeOf(shape) !== sizeOf(tensor.shape)) return;
      builder.addNode({ kind: "index", op: "reshape", from, input }, { name, exponent: tensor.exponent, shape });
    }
  }
}

/** A random well-formed graph. */
export function randomGraph(draw: Draw, wide: boolean): IntegerGraph {
  const builder = newGraphBuilder();
  for (let i = draw(1, 2); i > 0; i--) {
    const type = TENSOR_TYPES[draw(0, TENSOR_TYPES.length - 1)] as (typeof TENSOR_TYPES)[number];
    const info = TYPE_INFO[type];
    const lo = draw(info.lo, info.hi - 1);
    const shape = Array.from({ length: draw(1, 3) }, () => draw(1, 3));
    builder.addInput(`in${i}`, { shape, type, exponent: draw(-8, 8), lo, hi: draw(lo + 1, info.hi) });
  }
  for (let i = draw(0, 7); i > 0; i--) {
    try {
      addRandomNode(builder, i, draw, wide);
    } catch (error) {
      if (!(error instanceof VerigradError && error.code === "GRAPH_ACCUMULATOR_OVERFLOW")) throw error; // left out
    }
  }
  const outputs = Array.from({ length: draw(1, 2) }, (_, i) => {
    const input = draw(0, builder.tensors.length - 1);
    const { exponent } = builder.tensors[input] as GraphTensor;
    const node = {
      kind: "lookup",
      op: "requantize",
      from: [`out${i}`],
      input,
      shift: 3,
      lo: -32768n,
      hi: 32767n,
    } as const;
    return {
      name: `out${i}`,
      tensor: builder.addNode(node, { name: `out${i}`, exponent: exponent - 3 }),
      type: "i16" as const,
    };
  });
  return builder.finish(outputs);
}

/** Inputs inside their declared ranges; both ends are likely. */
export function randomInputs(graph: IntegerGraph, draw: Draw): number[][] {
  return graph.inputs.map(({ spec }) =>
    Array.from({ length: sizeOf(spec.shape) }, () => {
      const kind = draw(0, 3);
      return kind === 0 ? spec.lo : kind === 1 ? spec.hi : draw(spec.lo, spec.hi);
    }),
  );
}

/** A graph together with a source of inputs. */
export const arbitraryCase = fc.record({ gen: fc.gen(), wide: fc.boolean() }).map(({ gen, wide }) => {
  const draw: Draw = (min, max) => gen(() => fc.integer({ min, max }));
  return { graph: randomGraph(draw, wide), draw };
});
