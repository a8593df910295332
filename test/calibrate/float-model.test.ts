// SPDX-License-Identifier: GPL-3.0-or-later
// What onnxruntime refuses: models that exporters write against an operator set too old for them, and broken ones.
import { expect } from "chai";
import { loadFloatModel } from "../../verifier/calibrate/float-model.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { rejectionOf } from "../graph/codes.ts";
import { onnxOf, type TestNode } from "../onnx/model.ts";

const load = async (opset: number, nodes: TestNode[]) => {
  const onnx = onnxOf({
    nodes,
    inputs: { x: [3] },
    outputs: ["y"],
    constants: { c: { dims: [3], values: [1, 2, 3] } },
    opset,
  });
  return loadFloatModel(onnx, parseModel(onnx), ["y"]);
};

/** Equal takes floats from operator set 11 on. */
const EQUAL: TestNode[] = [
  { op: "Equal", in: ["x", "c"], out: ["e"] },
  { op: "Cast", in: ["e"], out: ["y"], attributes: { to: 1 } },
];

describe("calibrate/float-model", () => {
  it("runs a model of operator set 10 that is valid as 11 only", async () => {
    const float = await load(10, EQUAL);
    try {
      expect(await float.run([[1, 5, 3]])).to.deep.equal([Float64Array.of(1, 0, 1)]);
    } finally {
      await float.release();
    }
  });

  it("a model that is invalid as both is refused with what was wrong with it as it is", async () => {
    // Clip's bounds are attributes before 11; Equal takes floats from then on: neither version has both.
    const clip: TestNode = { op: "Clip", in: ["y"], out: ["z"], attributes: { min: { float: 0 } } };
    const error: unknown = await load(10, [...EQUAL, clip]).catch((cause: unknown) => cause);
    expect(error).to.include({ code: "FLOAT_MODEL_FAILED" });
    expect(error).to.have.property("message").that.includes("Equal");
  });

  it("a newer operator set is never changed", async () => {
    const unknown: TestNode[] = [{ op: "Clip", in: ["x"], out: ["y"], attributes: { min: { float: 0 } } }];
    expect(await rejectionOf(load(17, unknown))).to.equal("FLOAT_MODEL_FAILED");
  });
});
