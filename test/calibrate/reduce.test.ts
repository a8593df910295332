// SPDX-License-Identifier: GPL-3.0-or-later
// Reductions that end in a table: calibrated on random samples, then within 1 % of onnxruntime on others.
import { calibrate } from "../../verifier/calibrate/calibrate.ts";
import { loadFloatModel } from "../../verifier/calibrate/float-model.ts";
import { analyse } from "../../verifier/graph/analyse.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { interpret } from "../../verifier/graph/interpret.ts";
import { quantizeSample } from "../../verifier/graph/samples.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { dequantizeValues } from "../../verifier/tensor/codec.ts";
import { onnxOf } from "../onnx/model.ts";
import { TABLED_REDUCE_CASES } from "./reduce-cases.ts";
import { expectNear } from "../helpers/near.ts";

describe("calibrate/reduce", () => {
  for (const { name, x, nodes, constants = {}, opset = 18, range: [lo, hi] = [-1, 1] } of TABLED_REDUCE_CASES) {
    it(name, async () => {
      const onnx = onnxOf({ nodes, inputs: { x }, outputs: ["y"], constants, opset });
      const model = parseModel(onnx);
      const size = x.reduce((p, d) => p * d, 1);
      const sample = (seed: number) => [
        Array.from({ length: size }, (_, i) => lo + ((hi - lo) * ((i * 7919 + seed * 104729 + 13) % 1009)) / 1008),
      ];
      const { calibration } = await calibrate(
        onnx,
        Array.from({ length: 24 }, (_, s) => sample(s)),
        {
          target: "groth16",
          inputs: [{ name: "x", type: "i16", exponent: 8, lo: lo * 256, hi: hi * 256 }],
          weightBits: 12,
          activationBits: 12,
        },
      );
      const { graph } = compileModel(onnx, calibration);
      const float = await loadFloatModel(onnx, model, ["y"]);
      try {
        for (let s = 100; s < 108; s++) {
          const [expected = new Float64Array()] = await float.run(sample(s));
          const [interpreted] = interpret(model, analyse(model), sample(s));
          const [y = new Float64Array()] = execute(graph, quantizeSample(graph.inputs, sample(s)));
          const reals = dequantizeValues((graph.outputs[0] as (typeof graph.outputs)[0]).spec, y);
          const most = Math.max(1, ...expected.map(Math.abs));
          expected.forEach((v, i) => {
            expectNear(interpreted?.[i], v, 1e-5 * most, "interpreter");
            expectNear(reals[i], v, 0.01 * most);
          });
        }
      } finally {
        await float.release();
      }
    });
  }
});
