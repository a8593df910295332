// SPDX-License-Identifier: GPL-3.0-or-later
// Attention of ai.onnx (operator set 23): softmax(scale * Q K^T + mask) V for each head, without a cache of past keys.
import { add, integerList, reshape, scalar, scaled, shapeOf, transpose } from "./expressions.ts";
import { softmax } from "./normalize.ts";
import { refuse, type Composite, type Expansion, type NodeView } from "./types.ts";

const [QUERY, KEY, VALUE, MASK] = [0, 1, 2, 3];
const INPUTS_AFTER = ["past_key", "past_value", "nonpad_kv_seqlen"];

/** An input as [batch, heads, positions, values]; of rank 3 it holds the heads side by side. */
function heads(view: NodeView, expansion: Expansion, i: number, attribute: string): string {
  const { shape } = view.type(i);
  const value = view.node.inputs[i] as string;
  if (shape.length === 4) return value;
  const [batch, positions, width] = shape as [number, number, number];
  const count = view.int(attribute, 0);
  if (shape.length !== 3 || !(count >= 1) || width % count !== 0)
    refuse(
      `input ${i} of shape [${shape}] with ${attribute} = ${count}; accepted: rank 4, or 3 and a divisor of the last axis`,
    );
  return transpose(expansion, reshape(expansion, value, [batch, positions, count, width / count]), [0, 2, 1, 3]);
}

/** Each head of keys or values `times` times in a row: one for every head of queries. */
function repeated(expansion: Expansion, value: string, times: number): string {
  const [batch, count, positions, width] = shapeOf(expansion, value) as [number, number, number, number];
  if (times === 1) return value;
  const single = reshape(expansion, value, [batch, count, 1, positions, width]);
  const target = integerList(expansion, [batch, count, times, positions, width]);
  return reshape(expansion, expansion.node("Expand", [single, target]), [batch, count * times, positions, width]);
}

/** Scores only where the condition holds; elsewhere so low that the softmax gives 0. */
const kept = (expansion: Expansion, condition: string, scores: string): string =>
  expansion.node("Where", [condition, scores, scalar(expansion, -Infinity)]);

/** With attribute is_causal a position sees those up to its own, counted from the first. */
function causal(expansion: Expansion, scores: string): string {
  const [rows, columns] = shapeOf(expansion, scores).slice(-2) as [number, number];
  const seen = Float64Array.from({ length: rows * columns }, (_, i) =>
    i % columns <= Math.floor(i / columns) ? 1 : 0,
  );
  return kept(expansion, expansion.constant(seen, [rows, columns], "bool"), scores);
}

/** A mask says which scores count, or is added to them; what a constant one makes infinitely low does not count. */
function masked(view: NodeView, expansion: Expansion, scores: string): string {
  if (!view.has(MASK)) return scores;
  const mask = view.node.inputs[MASK] as string;
  if (view.type(MASK).type === "bool") return kept(expansion, mask, scores);
  const constant = view.constant(MASK);
  if (constant?.values.includes(-Infinity) !== true) return add(expansion, scores, mask);
  const { shape, values } = constant;
  const counts = expansion.constant(
    values.map((v) => (v === -Infinity ? 0 : 1)),
    shape,
    "bool",
  );
  const finite = expansion.constant(
    values.map((v) => (v === -Infinity ? 0 : v)),
    shape,
  );
  return kept(expansion, counts, add(expansion, scores, finite));
}

export const Attention: Composite = {
  expand(view, expansion) {
    INPUTS_AFTER.forEach((name, i) => view.has(MASK + 1 + i) && refuse(`input ${name}; accepted: omitted`));
    if (view.node.outputs.slice(1).some((name) => name !== "")) refuse("outputs after the first; accepted: unused");
    const query = heads(view, expansion, QUERY, "q_num_heads");
    const keys = heads(view, expansion, KEY, "kv_num_heads");
    const values = heads(view, expansion, VALUE, "kv_num_heads");
    const [batch, count, positions, width] = shapeOf(expansion, query) as [number, number, number, number];
    const groups = shapeOf(expansion, keys)[1] as number;
    if (count % groups !== 0) refuse(`${count} heads of queries for ${groups} of keys; accepted: a multiple`);
    const scale = view.float("scale", 1 / Math.sqrt(width));
    const columns = transpose(expansion, repeated(expansion, keys, count / groups), [0, 1, 3, 2]);
    const products = expansion.node("MatMul", [scaled(expansion, query, scale), columns]);
    const cap = view.float("softcap", 0);
    const capped =
      cap === 0 ? products : scaled(expansion, expansion.node("Tanh", [scaled(expansion, products, 1 / cap)]), cap);
    const allowed = view.int("is_causal", 0) === 0 ? capped : causal(expansion, capped);
    const weights = softmax(expansion, masked(view, expansion, allowed), 3);
    const y = expansion.node("MatMul", [weights, repeated(expansion, values, count / groups)]);
    if (view.type(QUERY).shape.length === 4) return expansion.output(0, y);
    const depth = shapeOf(expansion, y)[3] as number;
    expansion.output(0, reshape(expansion, transpose(expansion, y, [0, 2, 1, 3]), [batch, positions, count * depth]));
  },
};
