// SPDX-License-Identifier: GPL-3.0-or-later
// Random integer graphs of every op, and inputs for them; `wide` graphs reach accumulators near 2^62.
import fc from "fast-check";
import { newGraphBuilder, type GraphBuilder, type NodeDraft } from "../../verifier/graph/builder.ts";
import { makeConstant } from "../../verifier/graph/constants.ts";
import type { Constant, GraphNode, GraphTensor, IntegerGraph } from "../../verifier/graph/types.ts";
import { sizeOf, TENSOR_TYPES, TYPE_INFO } from "../../verifier/tensor/spec.ts";
import { VerigradError } from "../../verifier/errors.ts";

/** Draws from a stream of random integers, so that shrinking stays simple. */
export type Draw = (lo: number, hi: number) => number;

const MAX_I32 = TYPE_INFO.i32.hi;

/** What a random node is made from: an operand, and ways to draw the rest. */
interface Source {
  readonly builder: GraphBuilder;
  readonly draw: Draw;
  readonly wide: boolean;
  readonly from: readonly string[];
  readonly input: number;
  readonly tensor: GraphTensor;
  /** A random integer of a width that is the node's own. */
  readonly weight: () => number;
  readonly constant: (shape: readonly number[], value?: () => number) => Constant;
  /** A tensor that fits the operand in an element-wise node. */
  readonly partner: () => number;
}

/** A node as it is added: its draft, its output's exponent where it is free, and its shape where that is. */
type Added = readonly [draft: NodeDraft, exponent?: number | undefined, shape?: readonly number[]];

/** One random node an op; null where the operand does not allow it. */
const NODES: { readonly [Op in GraphNode["op"]]: (source: Source) => Added | null } = {
  fullyConnected({ from, input, tensor, draw, constant }) {
    const ins = tensor.shape.at(-1) as number;
    const outs = draw(1, 6);
    const bias = draw(0, 1) === 0 ? null : constant([outs], () => draw(-MAX_I32, MAX_I32));
    const weights = constant([outs, ins]);
    return [{ kind: "linear", op: "fullyConnected", from, input, weights, bias }, draw(-20, 20)];
  },
  convolution({ builder, from, input, tensor, draw, constant }) {
    if (sizeOf(tensor.shape) > 36) return null; // the reference is slow
    // Any tensor is a batch of one with one or more channels.
    const shape = tensor.shape.length > 3 ? [1, ...tensor.shape.slice(1)] : [1, ...tensor.shape];
    while (shape.length < 3) shape.push(1);
    if (sizeOf(shape) !== sizeOf(tensor.shape)) return null;
    const { name, exponent } = tensor;
    const image = builder.addNode({ kind: "index", op: "reshape", from, input }, { name, exponent, shape });
    const spatial = shape.slice(2);
    const channels = shape[1] as number;
    const group = draw(0, 1) === 0 ? 1 : channels;
    const outs = group * draw(1, 2);
    const dilations = spatial.map(() => draw(1, 2));
    const kernel = spatial.map(() => draw(1, 3));
    const begins = spatial.map(() => draw(0, draw(0, 3) === 0 ? 4 : 1)); // also pads that no window sees the end of
    const ends = spatial.map((size, a) => {
      const span = (dilations[a] as number) * ((kernel[a] as number) - 1) + 1;
      return Math.max(0, span - size - (begins[a] as number)) + draw(0, 1);
    });
    const node = {
      kind: "linear",
      op: "convolution",
      from,
      input: image,
      weights: constant([outs, channels / group, ...kernel]),
      bias: draw(0, 1) === 0 ? null : constant([outs]),
      strides: spatial.map(() => draw(1, 3)),
      dilations,
      pads: [...begins, ...ends],
      group,
    } as const;
    return [node, draw(-20, 20)];
  },
  weightedSum({ builder, from, input, tensor, draw, weight, constant, partner }) {
    const inputs = [input, ...Array.from({ length: draw(0, 2) }, partner)];
    const multipliers = inputs.map(() => BigInt(weight()));
    const size = sizeOf(tensor.shape);
    const same = inputs.every((id) => [1, size].includes(sizeOf((builder.tensors[id] as GraphTensor).shape)));
    const addend = same && size > 1 && draw(0, 1) === 1 ? constant(tensor.shape) : null;
    return [{ kind: "linear", op: "weightedSum", from, inputs, multipliers, constant: addend }, 0];
  },
  multiply({ from, input, draw, partner }) {
    return [{ kind: "bilinear", op: "multiply", from, a: input, b: draw(0, 2) === 0 ? input : partner() }];
  },
  matMul({ builder, from, input, tensor, draw }) {
    if (tensor.shape.length < 2) return null;
    // The second factor repeats values of the first, under a shape that fits.
    const inner = tensor.shape.at(-1) as number;
    const shape = [...tensor.shape.slice(0, -2), inner, draw(1, 4) * (draw(0, 7) === 0 ? 5 : 1)];
    const size = sizeOf(tensor.shape);
    const indices = makeConstant(
      shape,
      Array.from({ length: sizeOf(shape) }, () => draw(0, size - 1)),
    );
    const node = { kind: "index", op: "gather", from, inputs: [input], indices, fill: 0n } as const;
    const b = builder.addNode(node, { name: "factor", exponent: tensor.exponent });
    return [{ kind: "bilinear", op: "matMul", from, a: input, b }];
  },
  requantize({ from, input, draw, wide }) {
    const lo = BigInt(draw(0, 1) * -(2 ** draw(1, wide ? 40 : 12)));
    const hi = BigInt(2 ** draw(0, wide ? 40 : 12));
    return [{ kind: "lookup", op: "requantize", from, input, shift: draw(0, 12), lo, hi }];
  },
  table({ builder, from, input, tensor, draw, constant }) {
    let operand = input;
    if (tensor.hi - tensor.lo > 300n) {
      const clamp = { shift: 0, lo: BigInt(draw(-100, 0)), hi: BigInt(draw(0, 100)) };
      const { name, exponent } = tensor;
      operand = builder.addNode({ kind: "lookup", op: "requantize", from, input, ...clamp }, { name, exponent });
    }
    const { lo, hi } = builder.tensors[operand] as GraphTensor;
    const values = constant([Number(hi - lo) + 1]);
    return [{ kind: "lookup", op: "table", from, input: operand, values }, draw(-20, 20)];
  },
  step: ({ from, input }) => [{ kind: "lookup", op: "step", from, input }],
  isZero: ({ from, input }) => [{ kind: "lookup", op: "isZero", from, input }],
  maximum: (source) => extremum(source, "maximum"),
  minimum: (source) => extremum(source, "minimum"),
  reshape({ from, input, tensor, draw }) {
    const shape = draw(0, 1) === 0 ? [sizeOf(tensor.shape)] : [1, ...tensor.shape.slice(-3)];
    if (sizeOf(shape) !== sizeOf(tensor.shape)) return null;
    return [{ kind: "index", op: "reshape", from, input }, undefined, shape];
  },
  gather({ builder, from, input, tensor, draw }) {
    const alike = [...builder.tensors.keys()].filter((id) => builder.tensors[id]?.exponent === tensor.exponent);
    const inputs = [input, ...Array.from({ length: draw(0, 2) }, () => alike[draw(0, alike.length - 1)] as number)];
    const total = inputs.reduce((sum, id) => sum + sizeOf((builder.tensors[id] as GraphTensor).shape), 0);
    const shape = Array.from({ length: draw(1, 4) }, () => draw(1, 3));
    const least = -draw(0, 1);
    const indices = Array.from({ length: sizeOf(shape) }, () => draw(least, total - 1));
    const fill = indices.includes(-1) ? BigInt(draw(-100, 100)) : 0n;
    return [{ kind: "index", op: "gather", from, inputs, indices: makeConstant(shape, indices), fill }];
  },
};

/** The other operand fits in shape; scaled by a constant, it takes the exponent of the first. */
function extremum({ builder, from, input, tensor, draw, partner }: Source, op: "maximum" | "minimum"): Added {
  const other = partner();
  const { name, exponent } = builder.tensors[other] as GraphTensor;
  const scaled = {
    kind: "linear",
    op: "weightedSum",
    from,
    inputs: [other],
    multipliers: [3n],
    constant: null,
  } as const;
  const b = exponent === tensor.exponent ? other : builder.addNode(scaled, { name, exponent: tensor.exponent });
  return [draw(0, 1) === 0 ? { kind: "lookup", op, from, a: input, b } : { kind: "lookup", op, from, a: b, b: input }];
}

const OPS = Object.keys(NODES) as GraphNode["op"][];

/** The exponent that the rules of docs/spec/integer-graph-nodes.md give. */
function exponentOf(draft: NodeDraft, tensors: readonly GraphTensor[]): number {
  const of = (id: number | undefined): number => tensors[id ?? 0]?.exponent ?? 0;
  if (draft.kind === "bilinear") return of(draft.a) + of(draft.b);
  if (draft.op === "maximum" || draft.op === "minimum") return of(draft.a);
  if (draft.op === "step" || draft.op === "isZero") return 0;
  if (draft.op === "gather") return of(draft.inputs[0]);
  return "input" in draft ? of(draft.input) - (draft.op === "requantize" ? draft.shift : 0) : 0;
}

function addRandomNode(builder: GraphBuilder, i: number, draw: Draw, wide: boolean): void {
  const input = draw(0, builder.tensors.length - 1);
  const tensor = builder.tensors[input] as GraphTensor;
  const bits = draw(1, wide ? 20 : 8);
  const weight = (): number => draw(-(2 ** bits), 2 ** bits);
  const equal = [...builder.tensors.keys()].filter((id) => {
    const { shape } = builder.tensors[id] as GraphTensor;
    return sizeOf(shape) === 1 || `${shape}` === `${tensor.shape}`;
  });
  const added = NODES[OPS[draw(0, OPS.length - 1)] as GraphNode["op"]]({
    builder,
    draw,
    wide,
    from: [`node ${i}`],
    input,
    tensor,
    weight,
    constant: (shape, value = weight) => makeConstant(shape, Array.from({ length: sizeOf(shape) }, value)),
    partner: () => equal[draw(0, equal.length - 1)] as number,
  });
  if (added === null) return;
  const [draft, exponent = exponentOf(draft, builder.tensors), shape = []] = added;
  if (exponent < -128 || exponent > 127) return;
  builder.addNode(draft, { name: `t${i}`, exponent, shape });
}

/** A random well-formed graph. */
export function randomGraph(draw: Draw, wide: boolean): IntegerGraph {
  const builder = newGraphBuilder();
  for (let i = draw(1, 2); i > 0; i--) {
    const type = TENSOR_TYPES[draw(0, TENSOR_TYPES.length - 1)] as (typeof TENSOR_TYPES)[number];
    const info = TYPE_INFO[type];
    const lo = draw(info.lo, info.hi - 1);
    const shape = Array.from({ length: draw(1, 4) }, () => draw(1, 3));
    builder.addInput(`in${i}`, { shape, type, exponent: draw(-8, 8), lo, hi: draw(lo + 1, info.hi) });
  }
  for (let i = draw(0, 8); i > 0; i--) {
    try {
      addRandomNode(builder, i, draw, wide);
    } catch (error) {
      if (!(error instanceof VerigradError && error.code === "GRAPH_ACCUMULATOR_OVERFLOW")) throw error; // left out
    }
  }
  const outputs = Array.from({ length: draw(1, 2) }, (_, i) => {
    const input = draw(0, 1) === 0 ? builder.tensors.length - 1 : draw(0, builder.tensors.length - 1);
    const { exponent } = builder.tensors[input] as GraphTensor;
    const node = {
      kind: "lookup",
      op: "requantize",
      from: [`out${i}`],
      input,
      shift: exponent < -120 ? 0 : 3,
      lo: -32768n,
      hi: 32767n,
    } as const;
    return {
      name: `out${i}`,
      tensor: builder.addNode(node, { name: `out${i}`, exponent: exponent - node.shift }),
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
