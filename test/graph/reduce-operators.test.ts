// SPDX-License-Identifier: GPL-3.0-or-later
// Means are within 2^-16 of the real one, at the ends of the input's range too.
import fc from "fast-check";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { onnxOf } from "../onnx/model.ts";
import { exactCalibration } from "./exact.ts";
import { expectNear } from "../helpers/near.ts";

describe("graph/operators: ReduceMean", () => {
  it("is exact for powers of two, within 2^-16 for other counts", () => {
    const samples = fc
      .integer({ min: 1, max: 200 })
      .chain((n) => fc.array(fc.integer({ min: -100, max: 100 }), { minLength: n, maxLength: n }));
    fc.assert(
      fc.property(
        fc.oneof(
          samples,
          fc.integer({ min: 1, max: 200 }).map((n) => new Array<number>(n).fill(100)),
        ),
        (x) => {
          const onnx = onnxOf({
            nodes: [{ op: "ReduceMean", in: ["x"], out: ["y"] }],
            inputs: { x: [x.length] },
            outputs: ["y"],
          });
          const { graph } = compileModel(onnx, exactCalibration(onnx));
          const mean = x.reduce((a, b) => a + b, 0) / x.length;
          const exponent = graph.outputs[0]?.spec.exponent ?? NaN;
          const y = (execute(graph, [x])[0]?.[0] ?? NaN) * 2 ** -exponent;
          const exact = Number.isInteger(Math.log2(x.length));
          expectNear(y, mean, exact ? 0 : Math.abs(mean) * 2 ** -16);
        },
      ),
      { numRuns: 60 },
    );
  });
});
