// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts: rankings and one-hot rows. Small ranges, so that values repeat.
import { ints, node, type Case } from "./case.ts";

const FLOAT = 1;
const INT64 = 7;
const TIES = [-2, 2] as const;

/** The index as a number; ends in something that is no classifier head. */
const indexed = (before: Case["nodes"]): Case["nodes"] => [
  ...before,
  { op: "Cast", in: ["i"], out: ["f"], attributes: { to: FLOAT } },
  node("Neg", ["f"]),
];

const arg = ["ArgMax", "ArgMin"].flatMap((op) =>
  [0, 1].flatMap((last): Case[] => [
    {
      name: `${op} of the last axis, ${last === 1 ? "last" : "first"} of equals`,
      x: [6, 5],
      range: TIES,
      nodes: indexed([{ op, in: ["x"], out: ["i"], attributes: { axis: -1, keepdims: 0, select_last_index: last } }]),
    },
    {
      name: `${op} of the first axis, kept, ${last === 1 ? "last" : "first"} of equals`,
      x: [7, 2, 3],
      range: TIES,
      nodes: indexed([{ op, in: ["x"], out: ["i"], attributes: { select_last_index: last } }]),
    },
  ]),
);

const TOP: Case[] = [
  [5, 1],
  [6, 4],
  [9, 9],
  [16, 3],
].flatMap(([n, k]) =>
  [0, 1].flatMap((largest): Case[] => {
    const top = { op: "TopK", in: ["x", "k"], out: ["v", "i"], attributes: { largest } };
    const shared = { x: [3, n as number], constants: { k: ints(k as number) } };
    const name = `of ${k} of ${n}, ${largest === 1 ? "largest" : "smallest"}`;
    return [
      { ...shared, name: `TopK: indices ${name}`, range: TIES, nodes: indexed([top]) },
      { ...shared, name: `TopK: values ${name}`, nodes: [top, node("Neg", ["v"])] },
    ];
  }),
);

export const RANK_CASES: Case[] = [
  ...arg,
  {
    name: "ArgMax of one",
    x: [3, 1],
    nodes: indexed([{ op: "ArgMax", in: ["x"], out: ["i"], attributes: { axis: 1 } }]),
  },
  ...TOP,
  {
    name: "TopK on the first axis, both outputs used, k an attribute",
    x: [5, 2],
    range: TIES,
    opset: 7,
    nodes: [
      { op: "TopK", in: ["x"], out: ["v", "i"], attributes: { k: 3, axis: 0 } },
      { op: "Cast", in: ["i"], out: ["f"], attributes: { to: FLOAT } },
      node("Sub", ["v", "f"]),
    ],
  },
  {
    name: "TopK of integers",
    x: [2, 4],
    inputType: INT64,
    nodes: [{ op: "TopK", in: ["x", "k"], out: ["y", "i"] }],
    constants: { k: ints(2) },
  },
  {
    name: "rankings of constants fold",
    x: [2, 3],
    nodes: [
      { op: "TopK", in: ["c", "k"], out: ["v", "i"], attributes: { axis: 0 } },
      { op: "ArgMin", in: ["c"], out: ["a"], attributes: { axis: 1, keepdims: 0 } },
      { op: "OneHot", in: ["a", "d", "o"], out: ["h"] },
      { op: "Hardmax", in: ["c"], out: ["m"] },
      node("Sum", ["x", "v", "h", "m"]),
    ],
    constants: {
      c: { dims: [2, 3], values: [1, 3, 3, -1, -1, 4] },
      k: ints(2),
      d: ints(3),
      o: { dims: [2], values: [0, 1] },
    },
  },
  { name: "Hardmax", x: [6, 4], range: TIES, nodes: [node("Hardmax", ["x"])] },
  { name: "Hardmax of an inner axis", x: [2, 5, 3], range: TIES, nodes: [node("Hardmax", ["x"], { axis: 1 })] },
  { name: "Hardmax of opset 11 flattens", x: [2, 3, 2], range: TIES, nodes: [node("Hardmax", ["x"])], opset: 11 },
  ...[-1, 0, 1].map((axis): Case => ({
    name: `OneHot on axis ${axis}, indices outside and from the end`,
    x: [3, 4],
    inputType: INT64,
    range: [-6, 6],
    nodes: [node("OneHot", ["x", "d", "v"], { axis })],
    constants: { d: ints(4), v: { dims: [2], values: [-2.5, 3] } },
    exponent: 1,
  })),
  {
    name: "OneHot of integers",
    x: [5],
    inputType: INT64,
    range: [0, 4],
    nodes: [node("OneHot", ["x", "d", "v"])],
    constants: { d: { dims: [], values: [5], type: "int64" }, v: { dims: [2], values: [0, 1] } },
  },
];
