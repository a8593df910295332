// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts: comparisons, logic and choices.
import { ints, node, ramp, type Case } from "./case.ts";

const BOOL = 9;
const INT64 = 7;
const scalar = (value: number) => ({ dims: [], values: [value] });

/** Booleans reach y as numbers. */
const asFloat = (nodes: Case["nodes"]): Case["nodes"] => [...nodes, node("Cast", ["b"], { to: 1 })];
const bool = (op: string, inputs: string[]) => ({ op, in: inputs, out: ["b"] });

/** Values of x and, between them and outside of them, constants that no integer equals. */
const around = { dims: [2, 3], values: [-89, -36.5, 17, 70.25, -1e30, Infinity] };

const COMPARISONS = ["Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"].flatMap((op): Case[] => [
  { name: `${op} of x and constants`, x: [2, 3], nodes: asFloat([bool(op, ["x", "c"])]), constants: { c: around } },
  { name: `${op} of constants and x`, x: [2, 3], nodes: asFloat([bool(op, ["c", "x"])]), constants: { c: around } },
  {
    name: `${op} of activations that broadcast`,
    x: [3, 1],
    nodes: asFloat([{ op: "Transpose", in: ["x"], out: ["t"] }, bool(op, ["x", "t"])]),
  },
  {
    name: `${op} aligns exponents`,
    x: [2, 3],
    nodes: asFloat([{ op: "Mul", in: ["x", "c"], out: ["h"] }, bool(op, ["h", "x"])]),
    constants: { c: { dims: [3], values: [0.5, -0.5, 1] } },
    exponent: 1,
  },
  {
    name: `${op} with one value, which broadcasts`,
    x: [1],
    nodes: asFloat([bool(op, ["x", "c"])]),
    constants: { c: { dims: [2, 2], values: [-89, -88.5, -90, 3] } },
  },
]);

const BOOLEANS = ["And", "Or", "Xor"].flatMap((op): Case[] => [
  {
    name: `${op} of inputs that broadcast`,
    x: [4, 1],
    inputType: BOOL,
    range: [0, 1],
    nodes: asFloat([{ op: "Transpose", in: ["x"], out: ["t"] }, bool(op, ["x", "t"])]),
  },
  {
    name: `${op} with a constant`,
    x: [2, 3],
    nodes: asFloat([
      { op: "Cast", in: ["c"], out: ["d"], attributes: { to: BOOL } },
      { op: "Greater", in: ["x", "zero"], out: ["p"] },
      bool(op, ["d", "p"]),
    ]),
    constants: { c: { dims: [2, 1], values: [0, 1] }, zero: scalar(0) },
  },
]);

const CHOICES: Case[] = [
  {
    name: "Where of activations",
    x: [2, 3],
    nodes: [
      { op: "Mul", in: ["x", "c"], out: ["h"] },
      { op: "Less", in: ["x", "t"], out: ["b"] },
      node("Where", ["b", "h", "x"]),
    ],
    constants: { c: scalar(1.5), t: scalar(-40) },
    exponent: 1,
  },
  {
    name: "Where with a constant, broadcast",
    x: [2, 3],
    nodes: [{ op: "Less", in: ["x", "t"], out: ["b"] }, node("Where", ["b", "c", "x"])],
    constants: { c: { dims: [3], values: [0.5, 7, -100] }, t: scalar(-40) },
    exponent: 1,
  },
  {
    name: "Where of constants",
    x: [2, 3],
    nodes: [{ op: "Less", in: ["x", "t"], out: ["b"] }, node("Where", ["b", "c", "d"])],
    constants: { c: scalar(3), d: ramp([2, 1]), t: scalar(-40) },
  },
  {
    name: "Where with a constant condition",
    x: [3, 2],
    nodes: [
      { op: "Less", in: ["m", "t"], out: ["b"] },
      { op: "Slice", in: ["x", "one", "two"], out: ["row"] },
      node("Where", ["b", "x", "row"]),
    ],
    constants: { m: ramp([2, 3, 1]), t: scalar(0), one: ints(1), two: ints(2) },
  },
  {
    name: "Where with a constant condition and a constant",
    x: [2, 3],
    nodes: [{ op: "Less", in: ["m", "t"], out: ["b"] }, node("Where", ["b", "x", "c"])],
    constants: { m: ramp([2, 3]), t: scalar(0), c: scalar(-7) },
  },
  {
    name: "Max of three",
    x: [2, 3],
    nodes: [node("Max", ["x", "c", "d"])],
    constants: { c: ramp([3]), d: scalar(20) },
  },
  {
    name: "Min with a finer constant",
    x: [2, 3],
    nodes: [node("Min", ["c", "x"])],
    constants: { c: scalar(0.5) },
    exponent: 1,
  },
  {
    name: "Max and Min of activations that broadcast",
    x: [3, 1],
    nodes: [
      { op: "Transpose", in: ["x"], out: ["t"] },
      { op: "Max", in: ["x", "t"], out: ["m"] },
      node("Min", ["m", "x"]),
    ],
  },
  { name: "Max of one", x: [2], nodes: [node("Max", ["x"])] },
  {
    name: "Sum and Mean of four",
    x: [2, 3],
    nodes: [{ op: "Sum", in: ["x", "c", "x"], out: ["s"] }, node("Mean", ["s", "x", "c", "x"])],
    constants: { c: ramp([3]) },
    exponent: 2,
  },
  { name: "Sum and Mean of one", x: [2], nodes: [{ op: "Sum", in: ["x"], out: ["s"] }, node("Mean", ["s"])] },
  {
    name: "choices of constants fold",
    x: [2, 3],
    nodes: [
      { op: "Less", in: ["a", "c"], out: ["l"] },
      { op: "Not", in: ["l"], out: ["n"] },
      { op: "Xor", in: ["l", "n"], out: ["t"] },
      { op: "Max", in: ["a", "c"], out: ["m"] },
      { op: "Where", in: ["l", "m", "a"], out: ["w"] },
      { op: "Where", in: ["t", "w", "a"], out: ["v"] },
      node("Add", ["x", "v"]),
    ],
    constants: { a: ramp([2, 3]), c: ramp([3], 5) },
  },
  {
    name: "integers are exact whatever their size",
    x: [4],
    inputType: INT64,
    nodes: [
      { op: "Mul", in: ["x", "m"], out: ["p"] },
      { op: "Add", in: ["p", "a"], out: ["s"] },
      { op: "Equal", in: ["s", "e"], out: ["q"] },
      { op: "Where", in: ["q", "s", "x"], out: ["w"] },
      node("Sub", ["w", "a"]),
    ],
    constants: {
      m: { dims: [], values: [100003], type: "int64" },
      a: { dims: [4], values: [70001, 1, -5, 123457], type: "int64" },
      e: { dims: [4], values: [70001 - 89 * 100003, 0, 17 * 100003 - 5, 1], type: "int64" },
    },
  },
  {
    name: "Cast to bool is whether a number is not 0",
    x: [5],
    range: [-2, 2],
    nodes: asFloat([{ op: "Cast", in: ["x"], out: ["b"], attributes: { to: BOOL } }]),
  },
  {
    name: "Not of an input",
    x: [3],
    inputType: BOOL,
    range: [0, 1],
    nodes: asFloat([bool("Not", ["x"])]),
  },
];

export const COMPARE_CASES: Case[] = [...COMPARISONS, ...BOOLEANS, ...CHOICES];
