// SPDX-License-Identifier: GPL-3.0-or-later
// Operators that pick values: index maps from an output to an input, folded over constants or lowered to a gather.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import { MAX_TENSOR_VALUES, sameShape } from "../ranges.ts";
import type { TensorId } from "../types.ts";
import { assertFinite, quantizeExact } from "./quantize.ts";
import { graphShape, refuse, type Lowering, type NodeView, type Operator } from "./types.ts";

/** What one output picks from its input. */
export interface IndexMap {
  readonly shape: readonly number[];
  /** Of each value, row-major: where the input has it in its flat sequence, or -1 for `fill`; null for the identity. */
  readonly indices: () => Float64Array | null;
  /** Value where an index is -1 (default 0). */
  readonly fill?: number;
}

/** An axis of a separable map: what each of its coordinates adds to the index, -1 where it selects the fill. */
export type AxisOffsets = (coordinate: number) => number;

/** The map whose index is a sum of offsets, one an axis of `shape`. */
export function separable(shape: readonly number[], axes: readonly AxisOffsets[], fill = 0): IndexMap {
  const indices = (): Float64Array => {
    if (sizeOf(shape) === 0) return new Float64Array();
    let result = Float64Array.of(0);
    shape.forEach((dim, axis) => {
      const offsets = Float64Array.from({ length: dim }, (_, i) => (axes[axis] as AxisOffsets)(i));
      const next = new Float64Array(result.length * dim);
      for (let i = 0; i < next.length; i++) {
        const before = result[Math.floor(i / dim)] as number;
        const offset = offsets[i % dim] as number;
        next[i] = before < 0 || offset < 0 ? -1 : before + offset;
      }
      result = next;
    });
    return result;
  };
  return { shape, indices, fill };
}

/** Row-major strides of a shape. */
export const stridesOf = (shape: readonly number[]): number[] => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/** ONNX's broadcasting of `shape` to `target` as a map. */
export function broadcastMap(shape: readonly number[], target: readonly number[]): IndexMap {
  const missing = target.length - shape.length;
  const strides = stridesOf(shape);
  const axes = target.map((_, axis): AxisOffsets => {
    const stride = (shape[axis - missing] ?? 1) === 1 ? 0 : (strides[axis - missing] as number);
    return (i) => i * stride;
  });
  return separable(target, axes);
}

/** An axis, negative ones counted from the end. Refuses others. */
export function axisOf(given: number, rank: number): number {
  const axis = given < 0 ? given + rank : given;
  if (!(axis >= 0 && axis < rank)) refuse(`axis ${given}; accepted: ${-rank} to ${rank - 1}`);
  return axis;
}

/** A list of integers that an opset gives as an attribute and a later one as an input; undefined if neither is there. */
export function integers(view: NodeView, name: string, input: number): readonly number[] | undefined {
  const list = given(view, name, input);
  if (list?.every(Number.isInteger) === false) refuse(`${name} = [${list}]; accepted: integers`);
  return list;
}

function given(view: NodeView, name: string, input: number): readonly number[] | undefined {
  if (view.has(input)) {
    const constant = view.constant(input) ?? refuse(`input ${name} depends on the inputs; accepted: a constant`);
    return Array.from(constant.values);
  }
  return view.ints(name);
}

/** As integers, for a list that must be there. */
export const needIntegers = (view: NodeView, name: string, input: number): readonly number[] =>
  integers(view, name, input) ?? refuse(`${name} is missing`);

/** Refuses shapes that the integer graph does not have; a constant, which it need not hold, may be empty. */
export function assertShape(shape: readonly number[], constant: boolean): void {
  if (shape.length > 8 || shape.some((dim) => !(dim >= (constant ? 0 : 1) && dim <= MAX_TENSOR_VALUES)))
    refuse(`an output of shape [${shape}]; accepted: rank up to 8, no empty axis`);
}

/** The tensor that a map picks from `input`; the input itself, or a reshape of it, where nothing moves. */
export function addIndexMap(
  { builder }: Lowering,
  input: TensorId,
  map: IndexMap,
  label: { readonly from: string; readonly name: string },
): TensorId {
  const { shape: from, exponent } = builder.tensors[input] as (typeof builder.tensors)[number];
  const shape = graphShape(map.shape);
  const indices = map.indices();
  const output = { name: label.name, exponent, shape };
  if (indices === null || (indices.length === sizeOf(from) && indices.every((index, i) => index === i))) {
    return sameShape(from, shape)
      ? input
      : builder.addNode({ kind: "index", op: "reshape", from: [label.from], input }, output);
  }
  const fill = indices.includes(-1)
    ? BigInt(quantizeExact([1], [map.fill ?? 0], exponent, label.from).values[0] as number)
    : 0n;
  return builder.addNode(
    { kind: "index", op: "gather", from: [label.from], inputs: [input], indices: makeConstant(shape, indices), fill },
    output,
  );
}

/** An operator whose outputs pick from its first input. `maps` refuses what it cannot do. */
export const indexOperator = (maps: (view: NodeView) => readonly IndexMap[]): Operator => ({
  infer(view) {
    return maps(view).map(({ shape, fill = 0 }) => {
      assertShape(shape, view.constant(0) !== undefined);
      assertFinite([fill], "fill value");
      return { type: view.type(0).type, shape };
    });
  },
  fold(view) {
    const { type, values } = view.constant(0) as FloatTensor;
    return maps(view).map(({ shape, indices, fill = 0 }): FloatTensor => {
      const picked = indices()?.map((index) => (index < 0 ? fill : (values[index] as number)));
      return { type, shape, values: picked ?? values };
    });
  },
  lower(view, lowering) {
    const { name: from, outputs } = view.node;
    const { id } = lowering.input(0);
    return maps(view).map((map, i) => addIndexMap(lowering, id, map, { from, name: outputs[i] as string }));
  },
});
