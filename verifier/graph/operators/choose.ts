// SPDX-License-Identifier: GPL-3.0-or-later
// Where, Max, Min, Sum and Mean: one of several values, or all of them, element by element.
import type { FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import { addMaximum, addMinimum } from "./compare-nodes.ts";
import { assertShape, broadcastMap } from "./index.ts";
import { reshaped } from "./linear.ts";
import {
  addOperand,
  addProduct,
  addSum,
  broadcastOf,
  broadcastValues,
  commonExponent,
  constantValues,
  labelOf,
} from "./operands.ts";
import { assertFinite } from "./quantize.ts";
import { graphShape, refuse, type Composite, type Lowering, type NodeView, type Operator } from "./types.ts";

/** What stands for an infinite value of Where: masks of attention use those, and exp(-128) is 0 at every exponent. */
const MASKED = 2 ** 7;
/** Values from here on count as infinite: exporters write the least float32 for -Infinity. */
const INFINITE = 2 ** 64;

/** The view with finite constants for inputs 1 and 2. */
function masked(view: NodeView): NodeView {
  const finite = (v: number): number => (Math.abs(v) >= INFINITE ? Math.sign(v) * MASKED : v);
  return {
    ...view,
    constant(i) {
      const constant = view.constant(i);
      if (i === 0 || constant?.values.some((v) => Math.abs(v) >= INFINITE) !== true) return constant;
      return { ...constant, values: constant.values.map(finite) };
    },
  };
}

const [CONDITION, X, Y] = [0, 1, 2] as const;

/** Where the condition is constant: one gather from x and y. */
function addFixedChoice(view: NodeView, lowering: Lowering, condition: Float64Array, shape: readonly number[]) {
  const exponent = commonExponent(view, lowering, [X, Y]);
  const [x, y] = [X, Y].map((i) => ({
    tensor: addOperand(view, lowering, i, view.type(i).shape, exponent),
    at: broadcastMap(view.type(i).shape, shape).indices() as Float64Array,
  })) as [{ tensor: TensorId; at: Float64Array }, { tensor: TensorId; at: Float64Array }];
  const start = sizeOf((lowering.builder.tensors[x.tensor] as GraphTensor).shape);
  const indices = condition.map((holds, i) => (holds === 0 ? start + (y.at[i] as number) : (x.at[i] as number)));
  const { from, name } = labelOf(view);
  return lowering.builder.addNode(
    {
      kind: "index",
      op: "gather",
      from: [from],
      inputs: [x.tensor, y.tensor],
      indices: makeConstant(graphShape(shape), indices),
      fill: 0n,
    },
    { name, exponent },
  );
}

/** x where the condition holds, else y: y + condition * (x - y). */
export const Where: Operator = {
  infer(view) {
    const shape = broadcastOf(view, [CONDITION, X, Y]);
    if (view.type(CONDITION).type !== "bool") refuse(`input condition is ${view.type(0).type}; accepted: bool`);
    assertShape(
      shape,
      [CONDITION, X, Y].every((i) => view.constant(i) !== undefined),
    );
    for (const i of [X, Y])
      if (view.constant(i)?.values.some(Number.isNaN) === true) refuse(`input ${i}: has a NaN; accepted: numbers`);
    return [{ type: view.type(X).type, shape }];
  },
  fold(given) {
    const view = masked(given);
    const shape = broadcastOf(view, [CONDITION, X, Y]);
    const [condition, x, y] = [CONDITION, X, Y].map((i) => broadcastValues(view.constant(i) as FloatTensor, shape)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const values = new Float64Array(condition.length);
    for (let i = 0; i < values.length; i++) values[i] = (condition[i] === 0 ? y[i] : x[i]) as number;
    return [{ type: view.type(X).type, shape, values }];
  },
  constants: (view) => constantValues(masked(view), [X, Y]),
  lower(given, lowering) {
    const view = masked(given);
    const label = labelOf(view);
    const shape = broadcastOf(view, [CONDITION, X, Y]);
    const condition = view.constant(CONDITION);
    if (condition !== undefined) return addFixedChoice(view, lowering, broadcastValues(condition, shape), shape);
    const exponent = commonExponent(view, lowering, [X, Y]);
    const [x, y] = [X, Y].map((i) => addOperand(view, lowering, i, shape, exponent)) as [TensorId, TensorId];
    const difference = addSum(lowering, [x, y], [1n, -1n], null, label);
    const chosen = addProduct(lowering, addOperand(view, lowering, CONDITION, shape, 0), difference, label);
    return reshaped(lowering, addSum(lowering, [y, chosen], [1n, 1n], null, label), shape, label.from);
  },
};

const allInputs = (view: NodeView): number[] => view.node.inputs.map((_, i) => i);

const extremum = (add: typeof addMaximum, of: (a: number, b: number) => number): Operator => ({
  infer(view) {
    const inputs = allInputs(view);
    const shape = broadcastOf(view, inputs);
    assertShape(
      shape,
      inputs.every((i) => view.constant(i) !== undefined),
    );
    for (const i of inputs) assertFinite(view.constant(i)?.values ?? [], `input ${i}`);
    return [{ type: view.type(0).type, shape }];
  },
  fold(view) {
    const shape = broadcastOf(view, allInputs(view));
    const values = allInputs(view)
      .map((i) => Float64Array.from(broadcastValues(view.constant(i) as FloatTensor, shape)))
      .reduce((best, next) => {
        for (let i = 0; i < best.length; i++) best[i] = of(best[i] as number, next[i] as number);
        return best;
      });
    return [{ type: view.type(0).type, shape, values }];
  },
  constants: (view) => constantValues(view, allInputs(view)),
  lower(view, lowering) {
    const inputs = allInputs(view);
    const shape = broadcastOf(view, inputs);
    const exponent = commonExponent(view, lowering, inputs);
    const label = labelOf(view);
    const best = inputs
      .map((i) => addOperand(view, lowering, i, shape, exponent))
      .reduce((a, b) => add(lowering.builder, a, b, label));
    return reshaped(lowering, best, shape, label.from);
  },
});

export const Max = extremum(addMaximum, Math.max);
export const Min = extremum(addMinimum, Math.min);

export const Sum: Composite = {
  expand(view, expansion) {
    const [first, ...rest] = view.node.inputs as [string, ...string[]];
    expansion.output(
      0,
      rest.reduce((sum, next) => expansion.node("Add", [sum, next]), first),
    );
  },
};

export const Mean: Composite = {
  expand(view, expansion) {
    const { inputs } = view.node;
    const sum = expansion.node("Sum", inputs);
    const count = expansion.constant([1 / inputs.length], [], view.type(0).type);
    expansion.output(0, inputs.length === 1 ? sum : expansion.node("Mul", [sum, count]));
  },
};
