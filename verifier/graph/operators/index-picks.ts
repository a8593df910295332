// SPDX-License-Identifier: GPL-3.0-or-later
// GatherND, Compress, Trilu, DepthToSpace and SpaceToDepth as index maps; NonZero, EyeLike and Size, always folded.
import { ELEMENT_TYPES, type ElementType, type FloatTensor } from "../../onnx/types.ts";
import { elementType } from "../../onnx/tensor.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { sameShape } from "../ranges.ts";
import { assertShape, axisOf, indexOperator, separable, stridesOf } from "./index.ts";
import { tupleStarts } from "./scatter.ts";
import { ints, refuse, type Composite, type NodeView, type Operator } from "./types.ts";

const notFolded = (): never => refuse("a constant was not folded");

/** A constant input; refuses one that depends on the inputs. */
const constantInput = (view: NodeView, i: number, name: string): FloatTensor =>
  view.constant(i) ?? refuse(`input ${name} depends on the inputs; accepted: a constant`);

export const GatherND = indexOperator((view) => {
  const { shape } = view.type(0);
  const indices = constantInput(view, 1, "indices");
  const batch = view.int("batch_dims", 0);
  const length = indices.shape.at(-1) ?? refuse("input indices is a scalar; accepted: rank 1 or more");
  const shared = shape.slice(0, batch);
  if (batch < 0 || batch >= indices.shape.length || !sameShape(shared, indices.shape.slice(0, batch)))
    refuse(`attribute batch_dims = ${batch} for shapes [${shape}] and [${indices.shape}]`);
  if (batch + length > shape.length)
    refuse(
      `input indices of shape [${indices.shape}] for a value of shape [${shape}]; accepted: tuples of up to ${shape.length - batch}`,
    );
  const picked = shape.slice(batch + length);
  const inner = sizeOf(picked);
  const starts = tupleStarts(indices, shape, batch);
  const perBatch = starts.length / Math.max(1, sizeOf(shared));
  const stride = sizeOf(shape.slice(batch));
  const result = [...indices.shape.slice(0, -1), ...picked];
  const at = (): Float64Array =>
    Float64Array.from({ length: sizeOf(result) }, (_, i) => {
      const tuple = Math.floor(i / inner);
      return Math.floor(tuple / perBatch) * stride + (starts[tuple] as number) + (i % inner);
    });
  return [{ shape: result, indices: at }];
});

/** The slices of an axis, or the values of the flat input, at which a constant condition holds. */
export const Compress = indexOperator((view) => {
  const { shape } = view.type(0);
  const condition = constantInput(view, 1, "condition").values;
  const flat = view.attribute("axis") === undefined;
  const axis = flat ? 0 : axisOf(view.int("axis", 0), shape.length);
  const from = flat ? [sizeOf(shape)] : shape;
  if (condition.length > (from[axis] as number))
    refuse(`input condition of ${condition.length} values for an axis of size ${from[axis]}`);
  const places = Array.from(condition.keys()).filter((i) => condition[i] !== 0);
  const strides = stridesOf(from);
  const offsets = from.map((_, a) => (i: number) => (a === axis ? (places[i] as number) : i) * (strides[a] as number));
  return [separable(from.with(axis, places.length), offsets)];
});

/** The upper or lower triangle of the last two axes, 0 elsewhere. */
export const Trilu = indexOperator((view) => {
  const { shape } = view.type(0);
  if (shape.length < 2) refuse(`an input of shape [${shape}]; accepted: rank 2 or more`);
  const k = view.has(1) ? (constantInput(view, 1, "k").values[0] ?? 0) : 0;
  const upper = view.int("upper", 1) !== 0;
  const [rows, columns] = shape.slice(-2) as [number, number];
  const indices = (): Float64Array =>
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
      const beyond = (i % columns) - (Math.floor(i / columns) % rows) - k;
      return (upper ? beyond >= 0 : beyond <= 0) ? i : -1;
    });
  return [{ shape, indices }];
});

/** Space and depth exchange blocks: what a Reshape, a Transpose and a Reshape do. */
function blocks(view: NodeView): { batch: number; channels: number; rows: number; columns: number; block: number } {
  const { shape } = view.type(0);
  if (shape.length !== 4) refuse(`an input of shape [${shape}]; accepted: [N, C, H, W]`);
  const [batch, channels, rows, columns] = shape as [number, number, number, number];
  const block = view.int("blocksize", 0);
  if (block < 1) refuse(`attribute blocksize = ${block}; accepted: 1 or more`);
  return { batch, channels, rows, columns, block };
}

const moving = (of: (view: NodeView) => { split: number[]; perm: number[]; shape: number[] }): Composite => ({
  expand(view, expansion) {
    const { split, perm, shape } = of(view);
    const dims = (list: readonly number[]): string => expansion.constant(list, [list.length], "int64");
    const parts = expansion.node("Reshape", [view.node.inputs[0] as string, dims(split)]);
    const moved = expansion.node("Transpose", [parts], { perm: ints(perm) });
    expansion.output(0, expansion.node("Reshape", [moved, dims(shape)]));
  },
});

export const DepthToSpace = moving((view) => {
  const { batch, channels, rows, columns, block } = blocks(view);
  const depth = channels / block ** 2;
  if (!Number.isInteger(depth)) refuse(`attribute blocksize = ${block} for ${channels} channels`);
  const mode = view.attribute("mode");
  const name = mode?.kind === "string" ? mode.value : "DCR";
  if (name !== "DCR" && name !== "CRD") refuse(`attribute mode = ${name}; accepted: DCR, CRD`);
  const shape = [batch, depth, rows * block, columns * block];
  return name === "DCR"
    ? { split: [batch, block, block, depth, rows, columns], perm: [0, 3, 4, 1, 5, 2], shape }
    : { split: [batch, depth, block, block, rows, columns], perm: [0, 1, 4, 2, 5, 3], shape };
});

export const SpaceToDepth = moving((view) => {
  const { batch, channels, rows, columns, block } = blocks(view);
  const [high, wide] = [rows / block, columns / block];
  if (!Number.isInteger(high) || !Number.isInteger(wide))
    refuse(`attribute blocksize = ${block} for an input of shape [${view.type(0).shape}]`);
  return {
    split: [batch, channels, high, block, wide, block],
    perm: [0, 3, 5, 1, 2, 4],
    shape: [batch, channels * block ** 2, high, wide],
  };
});

/** Where a constant is not 0: one row an axis, one column a value. */
export const NonZero: Operator = {
  infer(view) {
    const { shape, values } = constantInput(view, 0, "X");
    return [{ type: "int64", shape: [shape.length, values.filter((v) => v !== 0).length] }];
  },
  fold(view) {
    const { shape, values } = constantInput(view, 0, "X");
    const found = Float64Array.from(values.keys()).filter((i) => values[i] !== 0);
    const strides = stridesOf(shape);
    const places = new Float64Array(shape.length * found.length);
    shape.forEach((dim, axis) =>
      found.forEach((at, i) => {
        places[axis * found.length + i] = Math.floor(at / (strides[axis] as number)) % dim;
      }),
    );
    return [{ type: "int64", shape: [shape.length, found.length], values: places }];
  },
  lower: notFolded,
};

function eyeType(view: NodeView): ElementType {
  if (view.attribute("dtype") === undefined) return view.type(0).type;
  const dtype = view.int("dtype", 0);
  return elementType(dtype) ?? refuse(`attribute dtype = ${dtype}; accepted: ${Object.keys(ELEMENT_TYPES).join(", ")}`);
}

/** 1 on a diagonal of a matrix of the input's shape. */
export const EyeLike: Operator = {
  foldsTypes: true,
  infer(view) {
    const { shape } = view.type(0);
    if (shape.length !== 2) refuse(`an input of shape [${shape}]; accepted: rank 2`);
    assertShape(shape, true);
    return [{ type: eyeType(view), shape }];
  },
  fold(view) {
    const { shape } = view.type(0);
    const [rows, columns] = shape as [number, number];
    const k = view.int("k", 0);
    const values = new Float64Array(rows * columns);
    for (let row = Math.max(0, -k); row < Math.min(rows, columns - k); row++) values[row * columns + row + k] = 1;
    return [{ type: eyeType(view), shape, values }];
  },
  lower: notFolded,
};

/** How many values its input has. */
export const Size: Operator = {
  foldsTypes: true,
  infer: () => [{ type: "int64", shape: [] }],
  fold: (view) => [{ type: "int64", shape: [], values: Float64Array.of(sizeOf(view.type(0).shape)) }],
  lower: notFolded,
};
