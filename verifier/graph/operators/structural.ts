// SPDX-License-Identifier: GPL-3.0-or-later
// Operators that keep values as they are: names, types and shapes change, numbers do not.
import { ELEMENT_TYPES, isFloatType, type ElementType, type FloatTensor } from "../../onnx/types.ts";
import { elementType } from "../../onnx/tensor.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { sameShape } from "../ranges.ts";
import { addComplement } from "./logic.ts";
import { labelOf } from "./operands.ts";
import { addRequantize } from "./quantize.ts";
import { addRounded } from "./terms.ts";
import type { GraphTensor } from "../types.ts";
import { graphShape, refuse, type Lowering, type NodeView, type Operator, type Composite, int } from "./types.ts";

/** An operator whose output is its first input under another type or shape. */
function view(
  infer: Operator["infer"],
  convert: (values: Float64Array, to: ElementType) => Float64Array = (v) => v,
): Operator {
  return {
    infer,
    fold(node) {
      const [output] = infer(node);
      const { values } = node.constant(0) as FloatTensor;
      return output === undefined ? [] : [{ ...output, values: convert(values, output.type) }];
    },
    lower(node, lowering) {
      const shape = graphShape(infer(node)[0]?.shape ?? []);
      const { id, tensor } = lowering.input(0);
      if (sameShape(tensor.shape, shape)) return id;
      return addReshape(node, lowering, shape);
    },
  };
}

function addReshape(node: NodeView, lowering: Lowering, shape: readonly number[]) {
  const { id, tensor } = lowering.input(0);
  return lowering.builder.addNode(
    { kind: "index", op: "reshape", from: [node.node.name], input: id },
    { name: node.node.outputs[0] as string, exponent: tensor.exponent, shape },
  );
}

export const Identity: Operator = view((node) => [node.type(0)]);

/** At inference Dropout is the identity; its mask is not computed. */
export const Dropout: Operator = view((node) => {
  const training = node.constant(2)?.values[0];
  if (node.has(2) && training !== 0) refuse("input training_mode; accepted: omitted or false");
  if ((node.node.outputs[1] ?? "") !== "") refuse("output mask; accepted: unused");
  return [node.type(0)];
});

const INTEGER_BITS: Partial<Record<ElementType, [bits: number, signed: boolean]>> = {
  int8: [8, true],
  uint8: [8, false],
  int16: [16, true],
  uint16: [16, false],
  int32: [32, true],
  uint32: [32, false],
  int64: [64, true],
  uint64: [64, false],
};

const castTarget = (node: NodeView): ElementType =>
  elementType(node.int("to", 0)) ??
  refuse(`attribute to = ${node.int("to", 0)}; accepted: ${Object.keys(ELEMENT_TYPES).join(", ")}`);

/** Whether an integer type has every value of another. */
function holds(to: ElementType, from: ElementType): boolean {
  const source = from === "bool" ? ([1, false] as const) : INTEGER_BITS[from];
  const target = INTEGER_BITS[to];
  if (source === undefined || target === undefined) return false;
  return source[1] === target[1] ? source[0] <= target[0] : target[1] && source[0] < target[0];
}

/** Values do not change between float types, nor from integers to a type that holds them all. */
const valueCast: Operator = view(
  (node) => [{ type: castTarget(node), shape: node.type(0).shape }],
  (values, to) => {
    if (to === "bool") return values.map((v) => (v === 0 ? 0 : 1));
    if (to === "float32") return values.map(Math.fround);
    if (isFloatType(to)) return values;
    const { lo, hi } = limitsOf(to);
    return values.map((v) => Math.min(Number(hi), Math.max(Number(lo), Math.trunc(v))));
  },
);

/** Least and greatest value of an integer type. */
function limitsOf(to: ElementType): { lo: bigint; hi: bigint } {
  const [bits, signed] = INTEGER_BITS[to] as [number, boolean];
  return { lo: signed ? -(2n ** BigInt(bits - 1)) : 0n, hi: 2n ** BigInt(signed ? bits - 1 : bits) - 1n };
}

/** As a boolean, a number is whether it is not 0. As an integer, it is rounded toward 0; the type's range saturates. */
export const Cast: Operator = {
  ...valueCast,
  infer(node) {
    const to = castTarget(node);
    const values = node.constant(0)?.values;
    if (to !== "bool" && !isFloatType(to) && values !== undefined) {
      const { lo, hi } = limitsOf(to);
      const outside = values.find((v) => !(Math.trunc(v) >= Number(lo) && Math.trunc(v) <= Number(hi)));
      if (outside !== undefined) refuse(`attribute to: the constant ${outside} does not fit ${to}`);
    }
    return valueCast.infer(node);
  },
  lower(node, lowering) {
    const [from, to] = [node.type(0).type, castTarget(node)];
    if (from === to || isFloatType(to) || holds(to, from)) return valueCast.lower(node, lowering);
    const { builder } = lowering;
    const { id } = lowering.input(0);
    const label = labelOf(node);
    if (to === "bool") {
      const input = { kind: "lookup", op: "isZero", from: [label.from], input: id } as const;
      return addComplement(lowering, builder.addNode(input, { name: label.name, exponent: 0 }), label);
    }
    const limits = limitsOf(to);
    const whole = isFloatType(from) ? addRounded(builder, id, "trunc", 0, label) : id;
    const { exponent, lo, hi } = builder.tensors[whole] as GraphTensor;
    const scale = 2n ** BigInt(Math.max(0, -exponent)); // whole numbers have no finer exponent than 0, or are multiples
    const clamp = { lo: limits.lo / scale, hi: limits.hi / scale };
    if (!isFloatType(from) && exponent <= 0 && (lo < clamp.lo || hi > clamp.hi))
      refuse(`attribute to: values in ${lo * scale}..${hi * scale} do not fit ${to}; accepted: a wider type`);
    return addRequantize(builder, whole, { ...label, exponent: Math.min(exponent, 0), clamp });
  },
};

/** Cast to the type of a second value, which is not read otherwise. */
export const CastLike: Composite = {
  expand(view, expansion) {
    const { type } = view.type(1);
    const code = Object.entries(ELEMENT_TYPES).find(([, name]) => name === type)?.[0];
    expansion.output(0, expansion.node("Cast", [view.node.inputs[0] as string], { to: int(Number(code)) }));
  },
};

export const Constant: Operator = {
  infer: (node) => [constantValue(node)],
  fold: (node) => [constantValue(node)],
  lower: () => refuse("a constant was not folded"),
};

function constantValue(node: NodeView): FloatTensor {
  const float = (values: readonly number[], shape: readonly number[], type: ElementType): FloatTensor => ({
    type,
    shape,
    values: Float64Array.from(values),
  });
  for (const [name, attribute] of node.node.attributes) {
    if (name === "value" && attribute.kind === "tensor") return attribute.value;
    if (name === "value_float" && attribute.kind === "float") return float([attribute.value], [], "float32");
    if (name === "value_int" && attribute.kind === "int") return float([attribute.value], [], "int64");
    if (name === "value_floats" && attribute.kind === "floats")
      return float(attribute.value, [attribute.value.length], "float32");
    if (name === "value_ints" && attribute.kind === "ints")
      return float(attribute.value, [attribute.value.length], "int64");
  }
  return refuse("its attribute; accepted: value, value_float, value_floats, value_int, value_ints");
}

export const Flatten: Operator = view((node) => {
  const { type, shape } = node.type(0);
  const given = node.int("axis", 1);
  const axis = given < 0 ? given + shape.length : given;
  if (!(axis >= 0 && axis <= shape.length))
    refuse(`attribute axis = ${given}; accepted: ${-shape.length} to ${shape.length}`);
  return [{ type, shape: [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))] }];
});

export const Reshape: Operator = view((node) => {
  const { type, shape } = node.type(0);
  if (!node.has(1)) refuse("input shape is missing");
  const wanted = node.constant(1);
  if (wanted === undefined) return refuse("input shape depends on the inputs; accepted: a constant");
  const allowZero = node.int("allowzero", 0) !== 0;
  const dims = Array.from(wanted.values, (dim, axis) => (dim === 0 && !allowZero ? (shape[axis] ?? 0) : dim));
  const open = dims.indexOf(-1);
  if (open >= 0) dims[open] = sizeOf(shape) / sizeOf(dims.filter((_, axis) => axis !== open));
  if (!dims.every((dim) => Number.isInteger(dim) && dim >= 1) || sizeOf(dims) !== sizeOf(shape) || dims.length > 8) {
    refuse(
      `input shape [${wanted.values}] for a value of shape [${shape}]; accepted: a shape of as many values, rank up to 8`,
    );
  }
  return [{ type, shape: dims }];
});
