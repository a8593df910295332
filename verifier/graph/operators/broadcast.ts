// SPDX-License-Identifier: GPL-3.0-or-later
// ONNX's multidirectional broadcasting (docs: Broadcasting in ONNX) over row-major values.
import { sizeOf } from "../../tensor/spec.ts";
import { refuse } from "./types.ts";

/** The shape that two shapes broadcast to. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) refuse(`shapes [${a}] and [${b}] do not broadcast`);
    return x === 1 ? y : x;
  });
}

/** Values of `shape` repeated to fill `target`, which `shape` broadcasts to. */
export function broadcastTo(
  values: ArrayLike<number>,
  shape: readonly number[],
  target: readonly number[],
): Float64Array {
  const out = new Float64Array(sizeOf(target));
  const padded = [...Array.from({ length: target.length - shape.length }, () => 1), ...shape];
  for (let i = 0; i < out.length; i++) {
    let rest = i;
    let at = 0;
    let stride = 1;
    for (let axis = target.length - 1; axis >= 0; axis--) {
      const dim = target[axis] as number;
      const own = padded[axis] as number;
      if (own !== 1) at += (rest % dim) * stride;
      stride *= own;
      rest = Math.floor(rest / dim);
    }
    out[i] = values[at] as number;
  }
  return out;
}
