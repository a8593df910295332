// SPDX-License-Identifier: GPL-3.0-or-later
// What products, normalizations, attention and recurrent cells refuse: each by name, with what is accepted.
import { expect } from "chai";
import { analyse } from "../../verifier/graph/analyse.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { onnxOf, type TestModel, type TestNode } from "../onnx/model.ts";
import { errorOf } from "./codes.ts";

type Refused = [why: RegExp, x: number[], node: Partial<TestNode>, constants?: TestModel["constants"]];

/** A single node over x is ONNX_UNSUPPORTED, its one offence names the node, and the reason says why. */
function refuses(op: string, cases: readonly Refused[]) {
  for (const [why, x, node, constants] of cases) {
    it(`${op}: ${why.source}`, () => {
      const nodes: TestNode[] = [{ op, in: ["x"], out: ["y"], name: "refused", ...node }];
      const onnx = onnxOf({ nodes, inputs: { x }, outputs: ["y"], ...(constants === undefined ? {} : { constants }) });
      const error = errorOf(() => analyse(parseModel(onnx)));
      expect(error.code).to.equal("ONNX_UNSUPPORTED");
      const [offence, ...others] = error.data["nodes"] as { node: string; reason: string }[];
      expect(others).to.deep.equal([]);
      expect(offence?.node).to.equal("refused");
      expect(offence?.reason).to.match(why);
    });
  }
}

const zeros = (...dims: number[]) => ({
  dims,
  values: Array.from({ length: dims.reduce((p, d) => p * d, 1) }, () => 0),
});

describe("graph/refusals: products", () => {
  const nan = { dims: [3, 2], values: [0, 0, NaN, 0, 0, 0] };
  refuses("MatMul", [
    [/a scalar factor; accepted: rank 1 or more/, [2, 3], { in: ["x", "w"] }, { w: zeros() }],
    [/shapes \[2,3\] and \[2,3\] do not multiply/, [2, 3], { in: ["x", "x"] }],
    [
      /shapes \[3,2,2\] and \[2,2,2\] do not broadcast|shapes \[3\] and \[2\] do not broadcast/,
      [3, 2, 2],
      { in: ["x", "w"] },
      { w: zeros(2, 2, 2) },
    ],
    [/input 1: has a NaN or infinite value/, [2, 3], { in: ["x", "w"] }, { w: nan }],
    [/NaN or infinite value/, [2, 2, 3], { in: ["n", "x"] }, { n: { dims: [2], values: [1, Infinity] } }],
  ]);
  refuses("Gemm", [
    [/inputs of shapes \[2,3\] and \[3\]; accepted: rank 2/, [2, 3], { in: ["x", "w"] }, { w: zeros(3) }],
    [/shapes \[2,3\] and \[2,3\] do not multiply/, [2, 3], { in: ["x", "x"] }],
    [
      /input C of shape \[3\] does not broadcast to \[2,2\]|shapes \[3\] and \[2,2\] do not broadcast/,
      [2, 3],
      { in: ["x", "w", "c"] },
      { w: zeros(3, 2), c: zeros(3) },
    ],
    [
      /input C of shape \[3,2,2\] does not broadcast to \[2,2\]/,
      [2, 3],
      { in: ["x", "w", "c"] },
      { w: zeros(3, 2), c: zeros(3, 2, 2) },
    ],
    [/constant factor: has a NaN/, [2, 3], { in: ["x", "w"] }, { w: nan }],
  ]);
});
