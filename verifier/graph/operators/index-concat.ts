// SPDX-License-Identifier: GPL-3.0-or-later
// Concat: one gather from all operands, scaled to the finest of their exponents; its constant parts are added to it.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import type { TensorId } from "../types.ts";
import { addAligned } from "./compare-nodes.ts";
import { assertShape, axisOf } from "./index.ts";
import { assertFinite, quantizeExact } from "./quantize.ts";
import { refuse, type NodeView, type Operator } from "./types.ts";

interface Concatenation {
  readonly shape: readonly number[];
  /** Of each value of the output: which input it is from, and where in that input. */
  readonly part: Uint32Array;
  readonly at: Float64Array;
}

const shapesOf = (view: NodeView): (readonly number[])[] => view.node.inputs.map((_, i) => view.type(i).shape);

function outputShape(view: NodeView): { shape: readonly number[]; axis: number } {
  const shapes = shapesOf(view);
  const [first = []] = shapes;
  const axis = axisOf(view.int("axis", 1), first.length);
  const fits = (shape: readonly number[]): boolean =>
    shape.length === first.length && shape.every((dim, a) => a === axis || dim === first[a]);
  const misfit = shapes.find((shape) => !fits(shape));
  if (misfit !== undefined) refuse(`shapes [${first}] and [${misfit}] do not concatenate on axis ${axis}`);
  const total = shapes.reduce((sum, shape) => sum + (shape[axis] as number), 0);
  return { shape: first.with(axis, total), axis };
}

function concatenation(view: NodeView): Concatenation {
  const { shape, axis } = outputShape(view);
  const size = sizeOf(shape);
  const part = new Uint32Array(size);
  const at = new Float64Array(size);
  const blocks = shapesOf(view).map((own) => sizeOf(own.slice(axis)));
  const outer = sizeOf(shape.slice(0, axis));
  let next = 0;
  for (let row = 0; row < outer; row++) {
    blocks.forEach((block, i) => {
      for (let j = 0; j < block; j++, next++) {
        part[next] = i;
        at[next] = row * block + j;
      }
    });
  }
  return { shape, part, at };
}

/** The values of the constant parts, 0 elsewhere. */
function constantParts(view: NodeView, { part, at }: Concatenation): Float64Array {
  const constants = view.node.inputs.map((_, i) => view.constant(i)?.values);
  return at.map((from, i) => constants[part[i] as number]?.[from] ?? 0);
}

export const Concat: Operator = {
  infer(view) {
    const { shape } = outputShape(view);
    const constants = view.node.inputs.map((_, i) => view.constant(i));
    assertShape(
      shape,
      constants.every((constant) => constant !== undefined),
    );
    for (const [i, constant] of constants.entries()) assertFinite(constant?.values ?? [], `input ${i}`);
    return [{ type: view.type(0).type, shape }];
  },
  fold(view): FloatTensor[] {
    const map = concatenation(view);
    return [{ type: view.type(0).type, shape: map.shape, values: constantParts(view, map) }];
  },
  constants: (view) => view.node.inputs.flatMap((_, i) => Array.from(view.constant(i)?.values ?? [])),
  lower(view, lowering) {
    const { name: from, outputs } = view.node;
    const name = outputs[0] as string;
    const map = concatenation(view);
    const varying = view.node.inputs.flatMap((_, i) => (view.constant(i) === undefined ? [i] : []));
    const parts = constantParts(view, map);
    const exponents = varying.map((i) => lowering.input(i).tensor.exponent);
    const withConstants = parts.some((v) => v !== 0);
    const exponent = Math.max(...exponents, ...(withConstants ? [lowering.constants().exponent] : []));
    const starts = new Map<number, number>();
    let total = 0;
    const inputs = varying.map((i): TensorId => {
      const { id, tensor } = lowering.input(i);
      starts.set(i, total);
      total += sizeOf(tensor.shape);
      return addAligned(lowering.builder, id, exponent, { from, name });
    });
    const indices = map.at.map((at, i) => {
      const start = starts.get(map.part[i] as number);
      return start === undefined ? -1 : start + at;
    });
    const gathered = lowering.builder.addNode(
      { kind: "index", op: "gather", from: [from], inputs, indices: makeConstant(map.shape, indices), fill: 0n },
      { name, exponent },
    );
    if (!withConstants) return gathered;
    const constant = quantizeExact(map.shape, parts, exponent, from);
    return lowering.builder.addNode(
      { kind: "linear", op: "weightedSum", from: [from], inputs: [gathered], multipliers: [1n], constant },
      { name, exponent },
    );
  },
};
