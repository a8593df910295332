// SPDX-License-Identifier: GPL-3.0-or-later
// Einsum of one or two operands: what only one has and the output lacks is summed first; two are then a MatMul whose
// batch is what both and the output have, whose inner dimension is what both have and the output lacks.
import { sizeOf } from "../../tensor/spec.ts";
import { integerList, reshape, transpose } from "./expressions.ts";
import { int, refuse, type Composite, type Expansion, type NodeView } from "./types.ts";

/** One letter an axis. */
type Labels = readonly string[];

interface Equation {
  readonly operands: readonly Labels[];
  readonly output: Labels;
}

const FORM = "two operands at most, letters once in each, as in ij,jk->ik";

/** Reads attribute equation; without an arrow the output has the letters that stand once, sorted. */
function equationOf(view: NodeView): Equation {
  const attribute = view.attribute("equation");
  if (attribute?.kind !== "string") return refuse("attribute equation is missing");
  const text = attribute.value.replaceAll(" ", "");
  const [left = "", right, ...rest] = text.split("->");
  const operands = left.split(",").map((term) => [...term]);
  const all = operands.flat();
  const once = all.filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
  const output = right === undefined ? once : [...right];
  const fits =
    rest.length === 0 &&
    operands.length === view.node.inputs.length &&
    operands.length <= 2 &&
    [...operands, output].every(
      (term) => new Set(term).size === term.length && term.every((c) => /[A-Za-z]/.test(c)),
    ) &&
    output.every((label) => all.includes(label));
  return fits ? { operands, output } : refuse(`attribute equation = ${attribute.value}; accepted: ${FORM}`);
}

/** The size of every label. Refuses operands that do not fit the equation or each other. */
function sizesOf(view: NodeView, { operands }: Equation): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  operands.forEach((labels, i) => {
    const { shape } = view.type(i);
    if (shape.length !== labels.length) refuse(`input ${i} of shape [${shape}] for the term ${labels.join("")}`);
    labels.forEach((label, axis) => {
      const dim = shape[axis] as number;
      if ((sizes.get(label) ?? dim) !== dim) refuse(`axis ${label} of sizes ${sizes.get(label)} and ${dim}`);
      sizes.set(label, dim);
    });
  });
  return sizes;
}

/** An operand with its axes named. */
interface Operand {
  readonly value: string;
  readonly labels: Labels;
}

/** Sums over the labels that are not `kept`. */
function summed(expansion: Expansion, { value, labels }: Operand, kept: Labels): Operand {
  const axes = labels.flatMap((label, axis) => (kept.includes(label) ? [] : [axis]));
  if (axes.length === 0) return { value, labels };
  const sum = expansion.node("ReduceSum", [value, integerList(expansion, axes)], { keepdims: int(0) });
  return { value: sum, labels: labels.filter((label) => kept.includes(label)) };
}

/** The axes in another order. */
const ordered = (expansion: Expansion, { value, labels }: Operand, order: Labels): string =>
  order.every((label, axis) => label === labels[axis])
    ? value
    : transpose(
        expansion,
        value,
        order.map((label) => labels.indexOf(label)),
      );

export const Einsum: Composite = {
  expand(view, expansion) {
    const equation = equationOf(view);
    const sizes = sizesOf(view, equation);
    const { operands, output } = equation;
    const [left, right] = operands.map((labels, i): Operand => {
      const kept = [...output, ...(operands[1 - i] ?? [])];
      return summed(expansion, { value: view.node.inputs[i] as string, labels }, kept);
    }) as [Operand, Operand?];
    if (right === undefined) return expansion.output(0, ordered(expansion, left, output));
    const dims = (labels: Labels): number[] => labels.map((label) => sizes.get(label) as number);
    const shared = left.labels.filter((label) => right.labels.includes(label));
    const batch = shared.filter((label) => output.includes(label));
    const inner = shared.filter((label) => !output.includes(label));
    const free = ({ labels }: Operand): Labels => labels.filter((label) => !shared.includes(label));
    const matrices = (operand: Operand, rows: Labels, columns: Labels): string => {
      const groups = batch.length === 0 ? [] : [sizeOf(dims(batch))];
      const value = ordered(expansion, operand, [...batch, ...rows, ...columns]);
      return reshape(expansion, value, [...groups, sizeOf(dims(rows)), sizeOf(dims(columns))]);
    };
    const factors = [matrices(left, free(left), inner), matrices(right, inner, free(right))];
    const labels = [...batch, ...free(left), ...free(right)];
    const value = reshape(expansion, expansion.node("MatMul", factors), dims(labels));
    expansion.output(0, ordered(expansion, { value, labels }, output));
  },
};
