// SPDX-License-Identifier: GPL-3.0-or-later
// Tensors [rows, width] of exact integers and the few nodes that decision trees are made of.
import { sizeOf } from "../../tensor/spec.ts";
import type { GraphBuilder } from "../builder.ts";
import { makeConstant } from "../constants.ts";
import type { Constant, GraphTensor, TensorId } from "../types.ts";

/** A tensor of `rows` rows, whatever its shape. */
export interface Columns {
  readonly id: TensorId;
  readonly width: number;
}

export interface ColumnsWriter {
  /** Columns of several tensors, each as which tensor and which of its columns. */
  select(from: readonly Columns[], places: readonly (readonly [part: number, column: number])[]): Columns;
  /** Sum of multiples, plus a constant for each column. At the operands' exponent, which is one. */
  sum(terms: readonly (readonly [multiplier: bigint, of: Columns])[], constant?: readonly bigint[]): Columns;
  product(a: Columns, b: Columns): Columns;
  /** 1 where x >= 0 (step) or x = 0 (isZero), else 0. */
  bits(op: "step" | "isZero", x: Columns): Columns;
}

/** Writes nodes for `rows` rows; `from` and `name` are those of the ONNX node and its value. */
export function newColumns(
  builder: GraphBuilder,
  { rows, from, name }: { readonly rows: number; readonly from: string; readonly name: string },
): ColumnsWriter {
  const label = [from];
  const exponentOf = (id: TensorId): number => (builder.tensors[id] as GraphTensor).exponent;
  const repeated = (row: readonly bigint[]): Constant =>
    makeConstant(
      [rows, row.length],
      Array.from({ length: rows * row.length }, (_, i) => row[i % row.length] as bigint),
    );
  return {
    select(parts, places) {
      const width = places.length;
      const starts = parts.map((_, i) => parts.slice(0, i).reduce((sum, part) => sum + rows * part.width, 0));
      const indices = new Float64Array(rows * width);
      for (let i = 0; i < indices.length; i++) {
        const [part, column] = places[i % width] as readonly [number, number];
        const stride = (parts[part] as Columns).width;
        indices[i] = (starts[part] as number) + Math.floor(i / width) * stride + column;
      }
      const [first] = parts as [Columns];
      const { shape } = builder.tensors[first.id] as GraphTensor;
      const whole = parts.length === 1 && indices.length === sizeOf(shape) && indices.every((index, i) => index === i);
      if (whole && shape.length === 2) return first;
      const inputs = parts.map(({ id }) => id);
      const id = builder.addNode(
        { kind: "index", op: "gather", from: label, inputs, indices: makeConstant([rows, width], indices), fill: 0n },
        { name, exponent: exponentOf(first.id) },
      );
      return { id, width };
    },
    sum(terms, constant) {
      const [[, first]] = terms as [[bigint, Columns]];
      const inputs = terms.map(([, { id }]) => id);
      const multipliers = terms.map(([multiplier]) => multiplier);
      const addend = constant === undefined ? null : repeated(constant);
      const id = builder.addNode(
        { kind: "linear", op: "weightedSum", from: label, inputs, multipliers, constant: addend },
        { name, exponent: exponentOf(first.id) },
      );
      return { id, width: first.width };
    },
    product({ id: a, width }, { id: b }) {
      return {
        id: builder.addNode({ kind: "bilinear", op: "multiply", from: label, a, b }, { name, exponent: 0 }),
        width,
      };
    },
    bits(op, { id: input, width }) {
      return { id: builder.addNode({ kind: "lookup", op, from: label, input }, { name, exponent: 0 }), width };
    },
  };
}
