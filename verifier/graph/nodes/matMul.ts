// SPDX-License-Identifier: GPL-3.0-or-later
import { sizeOf } from "../../tensor/spec.ts";
import { magnitudeOf, malformed, max, productRange, sameShape } from "./arithmetic.ts";
import { addDotProducts, addProduct } from "./kernels.ts";
import type { GraphTensor, NodeBase, NodeDefinition, Operand, TensorId } from "./types.ts";

/** Bilinear: z[.., i, j] = sum_k a[.., i, k] * b[.., k, j], over equal batch dimensions. Exact. */
export interface MatMulNode extends NodeBase {
  readonly kind: "bilinear";
  readonly op: "matMul";
  readonly a: TensorId; // [.., M, K]
  readonly b: TensorId; // [.., K, N]
}

interface Layout {
  readonly batch: number;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

function layoutOf(operands: readonly Operand[]): Layout {
  const [a, b] = operands.map(({ shape }) => shape) as [readonly number[], readonly number[]];
  const [rows, inner] = a.slice(-2) as [number, number];
  return { batch: sizeOf(a.slice(0, -2)), rows, inner, columns: b.at(-1) as number };
}

/** Below this many columns, dot products over a transposed copy are faster than sums of rows. */
const FEW_COLUMNS = 16;

export const matMul: NodeDefinition<MatMulNode> = {
  kind: "bilinear",
  op: "matMul",
  fields: { a: "operand", b: "operand" },

  derive(node, operands) {
    const [a, b] = operands as readonly [Operand, Operand];
    if (a.shape.length < 2 || a.shape.length !== b.shape.length)
      throw malformed(node, "operands must have the same rank, at least 2");
    if (!sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2))) throw malformed(node, "batch dimensions differ");
    const { inner, columns } = layoutOf(operands);
    if (b.shape.at(-2) !== inner) throw malformed(node, `shapes [${a.shape}] and [${b.shape}] do not multiply`);
    const terms = BigInt(inner);
    const { lo, hi } = productRange(a, b);
    const magnitude = max(max(magnitudeOf(a), magnitudeOf(b)), terms * magnitudeOf(a) * magnitudeOf(b));
    return { shape: [...a.shape.slice(0, -1), columns], lo: terms * lo, hi: terms * hi, magnitude };
  },

  exponent: (_, [a, b]) => (a as GraphTensor).exponent + (b as GraphTensor).exponent,

  evaluate(_, [a, b], { operands }) {
    const { batch, rows, inner, columns } = layoutOf(operands);
    const z = new Float64Array(batch * rows * columns);
    const bs = b as Float64Array;
    for (let n = 0; n < batch; n++) {
      const target = { values: z, at: n * rows * columns, stride: columns };
      const left = { values: a as Float64Array, at: n * rows * inner, stride: inner };
      const at = n * inner * columns;
      if (columns >= FEW_COLUMNS) {
        addProduct(target, left, { values: bs, at, stride: columns }, rows, inner, columns);
        continue;
      }
      const values = new Float64Array(inner * columns);
      for (let k = 0; k < inner; k++)
        for (let j = 0; j < columns; j++) values[j * inner + k] = bs[at + k * columns + j] as number;
      addDotProducts(target, left, { values, at: 0, stride: inner }, rows, inner, columns);
    }
    return z;
  },

  evaluateExact(_, [a, b], { operands }) {
    const { batch, rows, inner, columns } = layoutOf(operands);
    const [as, bs] = [a as BigInt64Array, b as BigInt64Array];
    const z = new BigInt64Array(batch * rows * columns);
    for (let i = 0; i < z.length; i++) {
      const j = i % columns;
      const row = (i - j) / columns; // over all batches
      const column = Math.floor(row / rows) * inner * columns + j;
      let sum = 0n;
      for (let k = 0; k < inner; k++) sum += (as[row * inner + k] as bigint) * (bs[column + k * columns] as bigint);
      z[i] = sum;
    }
    return z;
  },
};
