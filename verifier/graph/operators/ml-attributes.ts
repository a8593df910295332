// SPDX-License-Identifier: GPL-3.0-or-later
// Attributes of ai.onnx.ml: mostly lists.
import type { FloatTensor } from "../../onnx/types.ts";
import { refuse, type NodeView } from "./types.ts";

interface Values {
  readonly string: string;
  readonly strings: readonly string[];
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly tensor: FloatTensor;
}

/** The value of an attribute of a kind; undefined where the node has none. */
function valueOf<K extends keyof Values>(view: NodeView, name: string, kind: K): Values[K] | undefined {
  const found = view.attribute(name);
  if (found === undefined) return undefined;
  if (found.kind !== kind) return refuse(`attribute ${name} is of kind ${found.kind}; accepted: ${kind}`);
  return found.value as Values[K];
}

/** A list of integers; empty where the node has none. */
export function integersOf(view: NodeView, name: string): readonly number[] {
  const values = valueOf(view, name, "ints") ?? [];
  if (!values.every(Number.isSafeInteger)) refuse(`attribute ${name}; accepted: integers below 2^53`);
  return values;
}

/** A list of real numbers, from `name` or, as of version 3, from the tensor `name_as_tensor`. Refuses NaN, not infinity. */
export function realsOf(view: NodeView, name: string): ArrayLike<number> {
  const tensor = valueOf(view, `${name}_as_tensor`, "tensor");
  const values = tensor?.values ?? valueOf(view, name, "floats") ?? [];
  if (Array.prototype.some.call(values, Number.isNaN)) refuse(`attribute ${name}: has a NaN`);
  return values;
}

/** As realsOf, for numbers that integers are to stand for. */
export function finiteOf(view: NodeView, name: string): ArrayLike<number> {
  const values = realsOf(view, name);
  if (!Array.prototype.every.call(values, Number.isFinite)) refuse(`attribute ${name}: has an infinite value`);
  return values;
}

/** The values of a tensor attribute; empty where the node has none. */
export const tensorOf = (view: NodeView, name: string): Float64Array =>
  valueOf(view, name, "tensor")?.values ?? new Float64Array();

/** A list of texts; empty where the node has none. */
export const textsOf = (view: NodeView, name: string): readonly string[] => valueOf(view, name, "strings") ?? [];

/** A text that is one of those accepted. */
export function textOf<T extends string>(view: NodeView, name: string, fallback: T, accepted: readonly T[]): T {
  const value = valueOf(view, name, "string") ?? fallback;
  const known = accepted.find((text) => text === value);
  return known ?? refuse(`attribute ${name} = ${value}; accepted: ${accepted.join(", ")}`);
}

/** Refuses a list of another length. */
export function assertLength(name: string, values: ArrayLike<unknown>, accepted: readonly number[]): void {
  if (!accepted.includes(values.length))
    refuse(`attribute ${name} has ${values.length} values; accepted: ${accepted.join(" or ")}`);
}

/** Rows and features of input 0: [N, F], or [F] as a single row. Refuses other shapes and types that hold no numbers. */
export function rowsOf(view: NodeView): { readonly rows: number; readonly features: number } {
  const { type, shape } = view.type(0);
  if (!["float32", "float64", "int32", "int64"].includes(type))
    refuse(`input 0 of ${type}; accepted: float32, float64, int32, int64`);
  if (shape.length !== 1 && shape.length !== 2) refuse(`input 0 of shape [${shape}]; accepted: [N, F] or [F]`);
  return { rows: shape.length === 1 ? 1 : (shape[0] as number), features: shape.at(-1) as number };
}
