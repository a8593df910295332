// SPDX-License-Identifier: GPL-3.0-or-later
// LSTM, GRU and RNN, unrolled over time: one product of the whole sequence with W, then a cell for each step. Equations
// and the order of gates are those of ONNX's operators of these names.
import { add, concat, multiply, reshape, scalar, slice, subtract, transpose } from "./expressions.ts";
import { activationsOf, directionsOf, type Activation } from "./recurrent-attributes.ts";
import { int, refuse, type Composite, type Expansion, type NodeView } from "./types.ts";

/** A value by name; undefined is 0, as states are at the start. */
type Value = string | undefined;

/** What goes from a step to the next, each [batch, hidden]: the hidden state, and for an LSTM the cell's. */
interface State {
  readonly h: Value;
  readonly c: Value;
}

/** What the steps of one direction share. */
interface Direction {
  readonly expansion: Expansion;
  readonly hidden: number;
  readonly functions: readonly Activation[];
  /** [hidden, gates * hidden] */
  readonly recurrence: string;
  /** The part of R's bias that is not added to that of W, [hidden]. */
  readonly innerBias: Value;
  /** Peepholes of the gates i, o and f, [3 * hidden]. */
  readonly peepholes: Value;
}

/** A kind of cell. */
interface Cell {
  readonly gates: number;
  readonly functions: readonly string[];
  /** Whether R's bias of the last gate stays inside the cell. */
  keepsBias(view: NodeView): boolean;
  /** The state after a step whose input, W x and biases, is [batch, gates * hidden]. */
  step(view: NodeView, direction: Direction, x: string, state: State): { readonly h: string; readonly c: Value };
}

const plus = (expansion: Expansion, a: string, b: Value): string => (b === undefined ? a : add(expansion, a, b));
const times = (expansion: Expansion, a: string, b: Value): Value =>
  b === undefined ? undefined : multiply(expansion, a, b);

/** Gates [from, to) of a value whose last axis holds all of them. */
function gatesOf({ expansion, hidden }: Direction, value: string, from: number, to = from + 1): string {
  const { shape } = expansion.type(value);
  if (from === 0 && to * hidden === shape.at(-1)) return value;
  return slice(expansion, value, shape.length - 1, from * hidden, to * hidden);
}

/** R h for gates [from, to). */
const recurrent = (direction: Direction, h: Value, from: number, to: number): Value =>
  h === undefined
    ? undefined
    : direction.expansion.node("MatMul", [h, gatesOf(direction, direction.recurrence, from, to)]);

/** h' = f(x + R h) */
const RNN_CELL: Cell = {
  gates: 1,
  functions: ["Tanh"],
  keepsBias: () => false,
  step(_, direction, x, { h }) {
    const [f] = direction.functions as [Activation];
    const { expansion } = direction;
    return { h: f(expansion, plus(expansion, x, recurrent(direction, h, 0, 1))), c: undefined };
  },
};

const linearBeforeReset = (view: NodeView): boolean => view.int("linear_before_reset", 0) !== 0;

/** Gates z, r and h: h' = (1 - z) * n + z * h, where r scales what of h enters n: h itself, or R h and its bias. */
const GRU_CELL: Cell = {
  gates: 3,
  functions: ["Sigmoid", "Tanh"],
  keepsBias: linearBeforeReset,
  step(view, direction, x, { h }) {
    const { expansion, innerBias } = direction;
    const [f, g] = direction.functions as [Activation, Activation];
    const opened = f(expansion, plus(expansion, gatesOf(direction, x, 0, 2), recurrent(direction, h, 0, 2)));
    const [z, r] = [gatesOf(direction, opened, 0), gatesOf(direction, opened, 1)];
    const whole = recurrent(direction, linearBeforeReset(view) ? h : times(expansion, r, h), 2, 3);
    const biased = whole === undefined ? innerBias : plus(expansion, whole, innerBias);
    const entering = linearBeforeReset(view) ? times(expansion, r, biased) : biased;
    const n = g(expansion, plus(expansion, gatesOf(direction, x, 2), entering));
    // As n + z * (h - n): one product.
    if (h === undefined) return { h: subtract(expansion, n, multiply(expansion, z, n)), c: undefined };
    return { h: add(expansion, n, multiply(expansion, z, subtract(expansion, h, n))), c: undefined };
  },
};

/** Gates i, o, f and c: c' = f * c + i * g(c gate), h' = o * h(c'). Peepholes let i and f look at c, o at c'. */
const LSTM_CELL: Cell = {
  gates: 4,
  functions: ["Sigmoid", "Tanh", "Tanh"],
  keepsBias: () => false,
  step(view, direction, x, { h, c }) {
    const { expansion, peepholes } = direction;
    const [f, g, out] = direction.functions as [Activation, Activation, Activation];
    const sum = plus(expansion, x, recurrent(direction, h, 0, 4));
    const coupled = view.int("input_forget", 0) !== 0;
    // Without peepholes all gates are one look-up; of coupled ones the forget gate is 1 - i.
    const opened = peepholes === undefined ? f(expansion, gatesOf(direction, sum, 0, coupled ? 2 : 3)) : undefined;
    const gate = (k: number, seen: Value): string => {
      if (opened !== undefined) return gatesOf(direction, opened, k);
      const hole = times(expansion, gatesOf(direction, peepholes as string, k), seen);
      return f(expansion, plus(expansion, gatesOf(direction, sum, k), hole));
    };
    const i = gate(0, c);
    const entering = multiply(expansion, i, g(expansion, gatesOf(direction, sum, 3)));
    const forget = (): string => (coupled ? subtract(expansion, scalar(expansion, 1), i) : gate(2, c));
    const next = plus(expansion, entering, c === undefined ? undefined : multiply(expansion, forget(), c));
    return { h: multiply(expansion, gate(1, next), out(expansion, next)), c: next };
  },
};

/** Positions of the inputs after X, W, R and B. */
const [SEQUENCE_LENS, INITIAL_H, INITIAL_C, PEEPHOLES] = [4, 5, 6, 7];

/** Sizes, with X as [time, batch, inputs]. */
interface Sizes {
  readonly time: number;
  readonly batch: number;
  readonly inputs: number;
  readonly hidden: number;
}

const layoutOf = (view: NodeView): 0 | 1 => {
  const layout = view.int("layout", 0);
  return layout === 0 || layout === 1 ? layout : refuse(`attribute layout = ${layout}; accepted: 0, 1`);
};

function sizesOf(view: NodeView, cell: Cell, directions: number): Sizes {
  const { shape } = view.type(0);
  if (shape.length !== 3) refuse(`input X of shape [${shape}]; accepted: rank 3`);
  const [time, batch] = (layoutOf(view) === 0 ? shape : [shape[1], shape[0]]) as [number, number];
  const inputs = shape[2] as number;
  const hidden = view.type(2).shape[2] ?? 0;
  if (view.int("hidden_size", hidden) !== hidden)
    refuse(`attribute hidden_size = ${view.int("hidden_size", hidden)}; accepted: ${hidden}, as R has it`);
  const rows = cell.gates * hidden;
  const wanted = new Map([
    ["W", [1, directions, rows, inputs]],
    ["R", [2, directions, rows, hidden]],
    ["B", [3, directions, 2 * rows]],
    ["initial_h", [INITIAL_H, ...(layoutOf(view) === 0 ? [directions, batch] : [batch, directions]), hidden]],
  ]);
  if (cell === LSTM_CELL) {
    wanted.set("initial_c", [INITIAL_C, ...(wanted.get("initial_h") ?? []).slice(1)]);
    wanted.set("P", [PEEPHOLES, directions, 3 * hidden]);
  }
  for (const [name, [i = 0, ...dims]] of wanted) {
    if (i >= 3 && !view.has(i)) continue;
    const own = view.type(i).shape;
    if (own.length !== dims.length || own.some((dim, axis) => dim !== dims[axis]))
      refuse(`input ${name} of shape [${own}]; accepted: [${dims}]`);
  }
  if (view.has(SEQUENCE_LENS) && view.constant(SEQUENCE_LENS)?.values.every((length) => length === time) !== true)
    refuse(`input sequence_lens; accepted: omitted, or ${time} for every sequence`);
  if (view.attribute("clip") !== undefined) refuse("attribute clip; accepted: omitted");
  return { time, batch, inputs, hidden };
}

/** A recurrent operator: runs its cell over time in each direction. */
const recurrentOperator = (cell: Cell): Composite => ({
  expand(view, expansion) {
    const reversed = directionsOf(view);
    const functions = activationsOf(view, reversed.length, cell.functions);
    const sizes = sizesOf(view, cell, reversed.length);
    const { time, batch, inputs, hidden } = sizes;
    const batchFirst = layoutOf(view) === 1;
    const name = (i: number): string => view.node.inputs[i] as string;
    const ordered = batchFirst ? transpose(expansion, name(0), [1, 0, 2]) : name(0);
    const sequence = reshape(expansion, ordered, [time * batch, inputs]);
    const outputs = reversed.map((backwards, d) => {
      /** What input i has for this direction, without the axis of directions. */
      const own = (i: number, axis = 0): string => {
        const { shape } = view.type(i);
        const part = reversed.length === 1 ? name(i) : slice(expansion, name(i), axis, d, d + 1);
        return reshape(expansion, part, shape.toSpliced(axis, 1));
      };
      const initial = (i: number): Value =>
        !view.has(i) || view.constant(i)?.values.every((v) => v === 0) === true
          ? undefined
          : own(i, batchFirst ? 1 : 0);
      const { bias, innerBias } = biasesOf(view, expansion, cell, hidden, view.has(3) ? own(3) : undefined);
      const direction: Direction = {
        expansion,
        hidden,
        functions: functions[d] as Activation[],
        recurrence: transpose(expansion, own(2), [1, 0]),
        innerBias,
        peepholes: cell === LSTM_CELL && view.has(PEEPHOLES) ? own(PEEPHOLES) : undefined,
      };
      const factors = [sequence, own(1), ...(bias === undefined ? [] : [bias])];
      const projected = expansion.node("Gemm", factors, { transB: int(1) });
      let state: State = { h: initial(INITIAL_H), c: cell === LSTM_CELL ? initial(INITIAL_C) : undefined };
      const steps = Array.from<string>({ length: time });
      for (let k = 0; k < time; k++) {
        const t = backwards ? time - 1 - k : k;
        const x = time === 1 ? projected : slice(expansion, projected, 0, t * batch, (t + 1) * batch);
        const next = cell.step(view, direction, x, state);
        steps[t] = next.h;
        state = next;
      }
      return { steps, state };
    });
    const wanted = (i: number): boolean => (view.node.outputs[i] ?? "") !== "";
    if (wanted(0)) {
      const all = outputs.map(({ steps }) => reshape(expansion, concat(expansion, steps, 0), [time, 1, batch, hidden]));
      const y = concat(expansion, all, 1);
      expansion.output(0, batchFirst ? transpose(expansion, y, [2, 0, 1, 3]) : y);
    }
    (cell === LSTM_CELL ? (["h", "c"] as const) : (["h"] as const)).forEach((which, i) => {
      if (!wanted(i + 1)) return;
      const last = outputs.map(({ state }) => reshape(expansion, state[which] as string, [1, batch, hidden]));
      const y = concat(expansion, last, 0);
      expansion.output(i + 1, batchFirst ? transpose(expansion, y, [1, 0, 2]) : y);
    });
  },
});

/** B's two halves, for W and for R, as what is added outside of the cell and what is left for inside. */
function biasesOf(view: NodeView, expansion: Expansion, cell: Cell, hidden: number, both: Value) {
  if (both === undefined) return { bias: undefined, innerBias: undefined };
  const rows = cell.gates * hidden;
  const [w, r] = [slice(expansion, both, 0, 0, rows), slice(expansion, both, 0, rows, 2 * rows)];
  if (!cell.keepsBias(view)) return { bias: add(expansion, w, r), innerBias: undefined };
  const zeros = expansion.constant(new Float64Array(hidden), [hidden]);
  const outer = concat(expansion, [slice(expansion, r, 0, 0, rows - hidden), zeros], 0);
  return { bias: add(expansion, w, outer), innerBias: slice(expansion, r, 0, rows - hidden, rows) };
}

export const LSTM = recurrentOperator(LSTM_CELL);
export const GRU = recurrentOperator(GRU_CELL);
export const RNN = recurrentOperator(RNN_CELL);
