// SPDX-License-Identifier: GPL-3.0-or-later
// The fields of a node, declared once: operands, constants, JSON schema and serialization all follow from them.
import { z } from "zod";
import type { Canonical } from "../canonical-json.ts";
import type { Constant, NodeBase, TensorId } from "./base.ts";

/** What a field of each kind holds. */
interface FieldTypes {
  /** id of a tensor that the node reads */
  operand: TensorId;
  operands: readonly TensorId[];
  /** integers in weights.bin */
  constant: Constant;
  optionalConstant: Constant | null;
  integer: number;
  integers: readonly number[];
  bigint: bigint;
  bigints: readonly bigint[];
}

type FieldKind = keyof FieldTypes;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type KindOf<T> = { [K in FieldKind]: Same<FieldTypes[K], T> extends true ? K : never }[FieldKind];

/** One kind for each field of a node type besides those of NodeBase; the compiler checks that it holds that type. */
export type FieldsOf<N extends NodeBase> = { readonly [P in Exclude<keyof N, keyof NodeBase>]: KindOf<N[P]> };

/** Fields of a node whose op is not known at compile time. */
export type Fields = Readonly<Record<string, FieldKind>>;

// The one place that looks at a node by the names of its fields; FieldsOf has checked that they exist and what they hold.
const fieldOf = <K extends FieldKind>(node: NodeBase, name: string, _kind: K): FieldTypes[K] =>
  (node as unknown as Readonly<Record<string, FieldTypes[K]>>)[name] as FieldTypes[K];

/** The node's operands, in order. */
export function operandsIn(fields: Fields, node: NodeBase): TensorId[] {
  return Object.entries(fields).flatMap(([name, kind]) => {
    if (kind === "operand") return [fieldOf(node, name, kind)];
    return kind === "operands" ? fieldOf(node, name, kind) : [];
  });
}

/** The node's constants, in the order in which weights.bin holds them. */
export function constantsIn(fields: Fields, node: NodeBase): Constant[] {
  return Object.entries(fields).flatMap(([name, kind]) => {
    if (kind !== "constant" && kind !== "optionalConstant") return [];
    const constant = fieldOf(node, name, kind);
    return constant === null ? [] : [constant];
  });
}

/** The same node reading other tensors. */
export function rewireIn<N extends NodeBase>(fields: Fields, node: N, id: (old: TensorId) => TensorId): N {
  const operands = Object.entries(fields).flatMap(([name, kind]): [string, unknown][] => {
    if (kind === "operand") return [[name, id(fieldOf(node, name, kind))]];
    return kind === "operands" ? [[name, fieldOf(node, name, kind).map(id)]] : [];
  });
  return { ...node, ...Object.fromEntries(operands) };
}

export const zInt = z.int();
export const zId = z.int().min(0);
export const zShape = z.array(z.int().min(1)).max(8);
/** At most 2^67 in magnitude, so that a hostile string cannot make BigInt() work for long. */
export const zBig = z.union([zInt, z.string().regex(/^-?[1-9][0-9]{15,19}$/)]).transform((v) => BigInt(v));
const zPlace = z.strictObject({
  offset: zId,
  shape: zShape,
  width: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]),
});

/** Where a constant stands in weights.bin. */
export type Place = z.infer<typeof zPlace>;

const SCHEMAS = {
  operand: zId,
  operands: z.array(zId),
  constant: zPlace,
  optionalConstant: zPlace.nullable(),
  integer: zInt,
  integers: z.array(zInt),
  bigint: zBig,
  bigints: z.array(zBig),
} as const satisfies Record<FieldKind, z.ZodType>;

/** Schema of the node's entry in graph.json: these fields, and no others. */
export function schemaOf(kind: string, op: string, fields: Fields) {
  return z.strictObject({
    kind: z.literal(kind),
    op: z.literal(op),
    from: z.array(z.string()),
    output: zId,
    ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, SCHEMAS[field]])),
  });
}

/** The node's entry in graph.json. `place` is called for its constants in order. */
export function fieldsToJson(fields: Fields, node: NodeBase, place: (constant: Constant) => Place): Canonical {
  const { kind, op, from, output } = node;
  const own = Object.entries(fields).map(([name, field]): [string, Canonical] => {
    const value = fieldOf(node, name, field);
    if (field !== "constant" && field !== "optionalConstant") return [name, value as Canonical];
    return [name, value === null ? null : place(value as Constant)];
  });
  return { kind, op, from, output, ...Object.fromEntries(own) };
}

/** The node that an entry of graph.json describes, once schemaOf has accepted it. `read` is called as `place` was. */
export function fieldsFromJson<N extends NodeBase>(fields: Fields, json: N, read: (place: Place) => Constant): N {
  const constants = Object.entries(fields).flatMap(([name, kind]): [string, Constant][] => {
    if (kind !== "constant" && kind !== "optionalConstant") return [];
    const place = (json as unknown as Readonly<Record<string, Place | null>>)[name] ?? null;
    return place === null ? [] : [[name, read(place)]];
  });
  return { ...json, ...Object.fromEntries(constants) };
}
