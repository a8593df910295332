// SPDX-License-Identifier: GPL-3.0-or-later
// A function of integers given by a list of keys and values: class labels, encoders, picks from a constant.
import type { ElementType, FloatTensor } from "../../onnx/types.ts";
import { sizeOf } from "../../tensor/spec.ts";
import { makeConstant } from "../constants.ts";
import { MAX_TENSOR_VALUES } from "../ranges.ts";
import type { GraphTensor, TensorId } from "../types.ts";
import { reshaped } from "./linear.ts";
import { assertFinite, quantizeClamped } from "./quantize.ts";
import { newColumns } from "./tree-columns.ts";
import { refuse, type Lowering, type NodeView, type Operator } from "./types.ts";

export interface KeyMap {
  /** Distinct. */
  readonly keys: readonly number[];
  readonly values: ArrayLike<number>;
  /** Where x is none of the keys; null if it always is one, which the operand's range has to show. */
  readonly otherwise: number | null;
  /** Type of the values. */
  readonly type: ElementType;
}

/** Ranges up to this are looked at for a linear function. */
const MAX_LINEAR = 4096n;

/** y = values[i] where x = keys[i]. Integers are exact; the exponent of real values is calibrated. */
export function keyMap(map: KeyMap): Operator {
  const { keys, type, otherwise } = map;
  const values = Float64Array.from(map.values);
  const all = otherwise === null ? values : Float64Array.of(...values, otherwise);
  const exact = all.every(Number.isSafeInteger);
  const at = new Map(keys.map((key, i) => [key, i]));
  return {
    infer(view) {
      assertFinite(all, "a value that keys are mapped to");
      return [{ type, shape: view.type(0).shape }];
    },
    fold(view): FloatTensor[] {
      const x = view.constant(0) as FloatTensor;
      const mapped = x.values.map((v) => values[at.get(v) ?? -1] ?? otherwise ?? 0);
      return [{ type, shape: x.shape, values: mapped }];
    },
    constants: () => (exact ? [] : all),
    lower(view, lowering) {
      const { exponent, bits } = exact ? { exponent: 0, bits: 0 } : lowering.constants();
      const integers = exact
        ? all
        : Float64Array.from(quantizeClamped([all.length], all, exponent, bits).values, Number);
      return lowerMap(view, lowering, map, integers, exponent);
    },
  };
}

/** `integers` are the values, then the one for other keys, if there is one. */
function lowerMap(
  view: NodeView,
  lowering: Lowering,
  { keys, otherwise }: KeyMap,
  integers: Float64Array,
  exponent: number,
): TensorId {
  const { builder } = lowering;
  const { name, outputs } = view.node;
  const { id, tensor } = lowering.input(0);
  const output = { name: outputs[0] as string, exponent };
  // Keys as integers of the operand's exponent, and only those that it can take.
  const inRange = new Map<bigint, number>();
  keys.forEach((key, i) => {
    const scaled = key * 2 ** tensor.exponent;
    if (!Number.isInteger(scaled)) return;
    const q = BigInt(scaled);
    if (q >= tensor.lo && q <= tensor.hi) inRange.set(q, integers[i] as number);
  });
  const complete = BigInt(inRange.size) === tensor.hi - tensor.lo + 1n;
  if (!complete && otherwise === null)
    refuse(`input 0 ranges from ${tensor.lo} to ${tensor.hi}; accepted: 0 to ${keys.length - 1}`);
  const line = lineThrough(tensor, inRange, complete);
  if (line !== undefined) {
    const [slope, intercept] = line;
    if (slope === 1n && intercept === 0n && exponent === tensor.exponent) return id;
    const constant = makeConstant(tensor.shape, new Array<bigint>(sizeOf(tensor.shape)).fill(intercept));
    return builder.addNode(
      { kind: "linear", op: "weightedSum", from: [name], inputs: [id], multipliers: [slope], constant },
      output,
    );
  }
  const rest = complete ? ([...inRange.values()][0] as number) : (integers.at(-1) as number);
  const moved = [...inRange].filter(([, value]) => value !== rest);
  if (sizeOf(tensor.shape) * moved.length > MAX_TENSOR_VALUES)
    refuse(`${moved.length} keys for ${sizeOf(tensor.shape)} values; accepted: up to 2^24 of their product`);
  const columns = newColumns(builder, { rows: sizeOf(tensor.shape), from: name, name: output.name });
  const bias = makeConstant([1], [rest]);
  if (moved.length === 0) {
    const constant = makeConstant(tensor.shape, new Array<number>(sizeOf(tensor.shape)).fill(rest));
    return builder.addNode(
      { kind: "linear", op: "weightedSum", from: [name], inputs: [], multipliers: [], constant },
      output,
    );
  }
  const repeated = columns.select(
    [{ id, width: 1 }],
    moved.map(() => [0, 0] as const),
  );
  const difference = columns.sum(
    [[-1n, repeated]],
    moved.map(([key]) => key),
  );
  const { id: input } = columns.bits("isZero", difference);
  const weights = makeConstant(
    [1, moved.length],
    moved.map(([, value]) => value - rest),
  );
  const mapped = builder.addNode({ kind: "linear", op: "fullyConnected", from: [name], input, weights, bias }, output);
  return reshaped(lowering, mapped, view.type(0).shape, name);
}

/** Slope and intercept where the map is a linear function on the whole range: class labels mostly are. */
function lineThrough(
  { lo, hi }: GraphTensor,
  values: ReadonlyMap<bigint, number>,
  complete: boolean,
): readonly [slope: bigint, intercept: bigint] | undefined {
  if (!complete || hi - lo > MAX_LINEAR) return undefined;
  const first = BigInt(values.get(lo) as number);
  const slope = lo === hi ? 0n : BigInt(values.get(lo + 1n) as number) - first;
  const intercept = first - slope * lo;
  return [...values].every(([q, value]) => slope * q + intercept === BigInt(value)) ? [slope, intercept] : undefined;
}
