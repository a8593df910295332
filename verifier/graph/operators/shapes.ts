// SPDX-License-Identifier: GPL-3.0-or-later
// Shape, ConstantOfShape and Range: folded always, so that the chains that exporters write to compute shapes vanish.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { assertShape, needIntegers } from "./index.ts";
import { refuse, type NodeView, type Operator } from "./types.ts";

const notFolded = (): never => refuse("a constant was not folded");

/** Start and end follow Python's slices. */
function dimsOf(view: NodeView): readonly number[] {
  const { shape } = view.type(0);
  return shape.slice(view.int("start", 0), view.int("end", shape.length));
}

export const Shape: Operator = {
  foldsTypes: true,
  infer: (view) => [{ type: "int64", shape: [dimsOf(view).length] }],
  fold: (view) => [{ type: "int64", shape: [dimsOf(view).length], values: Float64Array.from(dimsOf(view)) }],
  lower: notFolded,
};

const ZERO: FloatTensor = { type: "float32", shape: [1], values: Float64Array.of(0) };

function filling(view: NodeView): FloatTensor {
  const attribute = view.attribute("value");
  if (attribute === undefined) return ZERO;
  if (attribute.kind !== "tensor" || attribute.value.values.length !== 1)
    return refuse("attribute value; accepted: a tensor of one value");
  return attribute.value;
}

export const ConstantOfShape: Operator = {
  infer(view) {
    const shape = needIntegers(view, "input", 0);
    assertShape(shape, true);
    return [{ type: filling(view).type, shape }];
  },
  fold(view) {
    const shape = needIntegers(view, "input", 0);
    const { type, values } = filling(view);
    return [{ type, shape, values: new Float64Array(sizeOf(shape)).fill(values[0] as number) }];
  },
  lower: notFolded,
};

function progression(view: NodeView): { start: number; delta: number; count: number } {
  const [start, limit, delta] = [0, 1, 2].map((i) => {
    const constant = view.constant(i) ?? refuse(`input ${i} depends on the inputs; accepted: a constant`);
    if (constant.values.length !== 1) refuse(`input ${i} of shape [${constant.shape}]; accepted: a scalar`);
    return constant.values[0] as number;
  }) as [number, number, number];
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (!Number.isFinite(count)) refuse(`from ${start} to ${limit} in steps of ${delta}`);
  return { start, delta, count };
}

export const Range: Operator = {
  infer(view) {
    const { count } = progression(view);
    assertShape([count], true);
    return [{ type: view.type(0).type, shape: [count] }];
  },
  fold(view) {
    const { start, delta, count } = progression(view);
    const values = Float64Array.from({ length: count }, (_, i) => start + i * delta);
    return [{ type: view.type(0).type, shape: [count], values }];
  },
  lower: notFolded,
};
