// SPDX-License-Identifier: GPL-3.0-or-later
// How each tensor of a graph is read while its nodes are lowered.
import type { GraphNode, GraphTensor, IntegerGraph, TensorId } from "../../../graph/types.ts";
import { operandsOf } from "../../../graph/nodes/registry.ts";
import { sizeOf } from "../../../tensor/spec.ts";
import { canonical, frameOf, plainView, sizesOf, type View } from "../layout.ts";
import type { Draft } from "./draft.ts";
import { asAffine, fits, piecesOf, viewExpression, type Affine, type Expression, type Piece } from "./expressions.ts";
import type { Lowering } from "./lowering.ts";
import { relay } from "./relayout.ts";
import { sharedClamps } from "./requantize.ts";
import { digits, tensorValues, type Recipe } from "./witness.ts";

/** Most columns that stand for one operand of a look-up: each look-up evaluates all of them. */
const MAX_PARTS = 4;

export function newLowering(graph: IntegerGraph, draft: Draft, tableBits: number): Lowering {
  const known: (Expression | undefined)[] = graph.inputs.map(({ spec }, port) =>
    viewExpression(plainView({ kind: "input", port, sizes: spec.shape }, spec.shape)),
  );
  const readers = readersOf(graph);
  const soleReaders = soleReadersOf(graph);
  const recipes = graph.tensors.map((tensor, id) => tensorValues(id, tensor));
  const tensor = (id: TensorId): GraphTensor => graph.tensors[id] as GraphTensor;
  const as = (id: TensorId): Expression => known[id] as Expression;

  /** The expression as a column, computed once for all readers. */
  const materialize = (id: TensorId): Expression => {
    const { sizes, pieces } = as(id);
    const merged = canonical(sizes);
    const view = draft.wit(tensor(id).name, merged, recipes[id] as Recipe);
    draft.equation(merged, [...pieces, { kind: "product", coefficient: -1n, views: [view] }]);
    return (known[id] = viewExpression(view));
  };
  const isView = ({ pieces }: Expression): boolean =>
    pieces.length === 1 && pieces[0]?.kind === "product" && pieces[0].views.length === 1;
  /** Whether the one view is the tensor: it may also be a single value that the tensor repeats. */
  const isOwn = (expression: Expression): boolean =>
    expression.pieces[0]?.coefficient === 1n && sizeOf(sizesOf(onlyView(expression))) === sizeOf(expression.sizes);
  const isConstant = ({ pieces }: Expression): boolean =>
    pieces.every((piece) => piece.kind === "product" && piece.views.length === 0);

  const lowering: Lowering = {
    draft,
    tableBits,
    clampBits: sharedClamps(graph, tableBits),
    tensor,
    values: (id) => recipes[id] as Recipe,
    define: (id, expression) => void (known[id] = expression),
    defineColumn(id, sizes) {
      const view = draft.wit(tensor(id).name, sizes, recipes[id] as Recipe);
      known[id] = viewExpression(view);
      return view;
    },
    onlyReader: (id) => soleReaders.get(id) ?? null,
    isDefined: (id) => known[id] !== undefined,
    expression(id) {
      const expression = as(id);
      const free = isView(expression) || isConstant(expression);
      return free || readers[id] === 1 ? expression : materialize(id);
    },
    affine(id) {
      const expression = lowering.expression(id);
      const affine = asAffine(expression);
      if (affine !== null && affine.parts.length <= MAX_PARTS) return { sizes: expression.sizes, affine };
      const column = materialize(id);
      return { sizes: column.sizes, affine: asAffine(column) as Affine };
    },
    view(id) {
      return onlyView(isView(as(id)) && isOwn(as(id)) ? as(id) : materialize(id));
    },
    common(ids) {
      const expressions = ids.map((id) => lowering.expression(id));
      const full = expressions.filter(({ sizes }) => sizeOf(sizes) !== 1);
      const fitting = (sizes: readonly number[]) => (e: Expression) =>
        e.pieces.every((piece) => fits(piece, frameOf(sizes, 0)));
      const best = full.find(({ sizes }) => full.every(fitting(sizes))) ?? full[0];
      const sizes = canonical(best?.sizes ?? []);
      return {
        sizes,
        expressions: expressions.map((expression, k) =>
          fitting(sizes)(expression) ? expression : viewExpression(relay(lowering, ids[k] as TensorId, sizes)),
        ),
      };
    },
    views(ids) {
      ids.forEach((id) => lowering.view(id));
      const { sizes, expressions } = lowering.common(ids);
      return { sizes, views: expressions.map(onlyView) };
    },
    range(sizes, value, bits, rows) {
      if (bits === 0) return draft.equation(sizes, piecesOf(value));
      const count = Math.ceil(bits / tableBits);
      const width = Math.ceil(bits / count);
      let low = value;
      for (let from = width; from < bits; from += width) {
        const some = Math.min(width, bits - from);
        const limb = digits(rows, from, some);
        const view = draft.wit(`limb of ${bits} bits`, sizes, limb);
        const own: Affine = { parts: [{ coefficient: 1n, view }], constant: 0n };
        draft.lookup(sizes, draft.tables.range(some), own, null, limb);
        low = { ...low, parts: [...low.parts, { coefficient: -(1n << BigInt(from)), view }] };
      }
      draft.lookup(sizes, draft.tables.range(width), low, null, count === 1 ? rows : digits(rows, 0, width));
    },
  };
  return lowering;
}

/** The view of an expression that is one. */
const onlyView = ({ pieces: [piece] }: Expression): View =>
  (piece as Extract<Piece, { kind: "product" }>).views[0] as View;

/** How often each tensor is read; what only reshapes or passes on counts as its own readers. */
function readersOf(graph: IntegerGraph): number[] {
  const readers = graph.tensors.map(() => 0);
  const add = (id: TensorId, count: number): void => void (readers[id] = (readers[id] as number) + count);
  for (const { tensor } of graph.outputs) add(tensor, 1);
  for (const node of graph.nodes.toReversed())
    for (const id of operandsOf(node)) add(id, node.op === "reshape" ? (readers[node.output] as number) : 1);
  return readers;
}

/** Of each tensor that one node reads and no port names, that node. */
function soleReadersOf(graph: IntegerGraph): ReadonlyMap<TensorId, GraphNode> {
  const ports = new Set(graph.outputs.map(({ tensor }) => tensor));
  const reads = new Map<TensorId, Set<GraphNode>>();
  for (const node of graph.nodes)
    for (const id of operandsOf(node)) reads.set(id, (reads.get(id) ?? new Set<GraphNode>()).add(node));
  return new Map(
    [...reads].flatMap(([id, nodes]) => (nodes.size === 1 && !ports.has(id) ? [[id, [...nodes][0] as GraphNode]] : [])),
  );
}
