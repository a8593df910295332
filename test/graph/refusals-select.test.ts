// SPDX-License-Identifier: GPL-3.0-or-later
// What comparisons, choices, reductions and operators on indices refuse: each by name, with what is accepted.
import { expect } from "chai";
import { analyse } from "../../verifier/graph/analyse.ts";
import { compileModel } from "../../verifier/graph/compile.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { onnxOf, type TestModel, type TestNode } from "../onnx/model.ts";
import { errorOf } from "./codes.ts";
import { exactCalibration } from "./exact.ts";

type Refused = [
  why: RegExp,
  x: number[],
  node: Partial<TestNode>,
  constants?: TestModel["constants"],
  model?: Pick<TestModel, "opset" | "inputType">,
];

/** A single node over x is ONNX_UNSUPPORTED, its one offence names the node, and the reason says why. */
function refuses(op: string, cases: readonly Refused[]) {
  for (const [why, x, node, constants = {}, model = {}] of cases) {
    it(`${op}: ${why.source}`, () => {
      const nodes: TestNode[] = [{ op, in: ["x"], out: ["y"], name: "refused", ...node }];
      const onnx = onnxOf({ nodes, inputs: { x }, outputs: ["y"], constants, ...model });
      const error = errorOf(() => analyse(parseModel(onnx), { heads: "keep" }));
      expect(error.code).to.equal("ONNX_UNSUPPORTED");
      const [offence, ...others] = error.data["nodes"] as { node: string; reason: string }[];
      expect(others).to.deep.equal([]);
      expect(offence?.node).to.equal("refused");
      expect(offence?.reason).to.match(why);
    });
  }
}

const floats = (...values: number[]) => ({ dims: [values.length], values });

describe("graph/refusals: comparisons and choices", () => {
  const two = floats(1, 2);
  refuses("Less", [
    [/shapes \[2,3\] and \[2\] do not broadcast/, [2, 3], { in: ["x", "c"] }, { c: two }],
    [/input 1: has a NaN; accepted: numbers/, [2], { in: ["x", "c"] }, { c: floats(0, NaN) }],
    [/input 1 is missing/, [2], {}],
  ]);
  refuses("And", [[/input 0 is float32; accepted: bool/, [2], { in: ["x", "x"] }]]);
  refuses("Not", [[/input 0 is float32; accepted: bool/, [2], {}]]);
  refuses("Where", [
    [/input condition is float32; accepted: bool/, [2], { in: ["x", "x", "x"] }],
    [/input 2: has a NaN; accepted: numbers/, [2], { in: ["x", "x", "c"] }, { c: floats(0, NaN) }, { inputType: 9 }],
    [/shapes \[3\] and \[2\] do not broadcast/, [3], { in: ["x", "x", "c"] }, { c: two }, { inputType: 9 }],
  ]);
  refuses("Max", [
    [/input 1: has a NaN or infinite value/, [2], { in: ["x", "c"] }, { c: floats(0, Infinity) }],
    [/shapes \[3\] and \[2\] do not broadcast/, [3], { in: ["x", "c"] }, { c: two }],
  ]);
  refuses("Sum", [[/shapes \[3\] and \[2\] do not broadcast/, [3], { in: ["x", "c"] }, { c: two }]]);
});

describe("graph/refusals: reductions", () => {
  const axes = (...values: number[]) => ({ a: { dims: [values.length], values, type: "int64" as const } });
  const by = ["x", "a"];
  refuses("ReduceSum", [
    [/axis 2; accepted: -2 to 1/, [2, 3], { in: by }, axes(2)],
    [/axes \[0,-2\]; accepted: each once/, [2, 3], { in: by }, axes(0, -2)],
    [/input axes depends on the inputs; accepted: a constant/, [2], { in: ["x", "x"] }],
    [/attribute keepdims is of kind float/, [2], { attributes: { keepdims: { float: 1 } } }],
  ]);
  refuses("ReduceMean", [[/a mean of int64; accepted: a float type/, [2], {}, {}, { inputType: 7 }]]);
  refuses("ReduceProd", [[/a product of 65 values; accepted: up to 64/, [65], {}]]);
  refuses("CumSum", [
    [/input axis is missing/, [2], {}],
    [/input axis \[0,1\]; accepted: one axis/, [2, 3], { in: by }, axes(0, 1)],
    [/axis 1; accepted: -1 to 0/, [2], { in: by }, axes(1)],
    [/an axis of size 4097; accepted: up to 4096/, [4097], { in: by }, axes(0)],
  ]);
});

describe("graph/refusals: rankings and one-hot rows", () => {
  const ints = (...values: number[]) => ({ dims: [values.length], values, type: "int64" as const });
  const INT64 = { inputType: 7 };
  refuses("ArgMax", [
    [/axis 2; accepted: -2 to 1/, [2, 3], { attributes: { axis: 2 } }],
    [/an axis of size 65537; accepted: up to 65536/, [65537], {}],
  ]);
  refuses("TopK", [
    [/input k is missing/, [2], { out: ["y", "i"] }],
    [/input k depends on the inputs/, [2], { in: ["x", "x"], out: ["y", "i"] }],
    [/input k \[1,1\]; accepted: one count/, [2], { in: ["x", "k"], out: ["y", "i"] }, { k: ints(1, 1) }],
    [/k = 3 of an axis of size 2; accepted: 1 to 2/, [2], { in: ["x", "k"], out: ["y", "i"] }, { k: ints(3) }],
    [/k = 0 of an axis of size 2/, [2], { in: ["x", "k"], out: ["y", "i"] }, { k: ints(0) }],
    [/an axis of size 4097; accepted: up to 4096/, [4097], { in: ["x", "k"], out: ["y", "i"] }, { k: ints(2) }],
    [/output 2; accepted: 2 output/, [2], { in: ["x", "k"], out: ["y", "i", "z"] }, { k: ints(1) }],
  ]);
  refuses("Hardmax", [[/axis 1; accepted: -1 to 0/, [2], { attributes: { axis: 1 } }]]);
  const encode = ["x", "d", "v"];
  const v = floats(0, 1);
  refuses("OneHot", [
    [/input 0 is float32; accepted: integers/, [2], { in: encode }, { d: ints(2), v }],
    [/input depth depends on the inputs/, [2], { in: ["x", "x", "v"] }, { v }, INT64],
    [/input depth \[0\]; accepted: one count/, [2], { in: encode }, { d: ints(0), v }, INT64],
    [/input values depends on the inputs; accepted: a constant/, [2], { in: ["x", "d", "x"] }, { d: ints(2) }, INT64],
    [/input values of 3 values; accepted: 2/, [2], { in: encode }, { d: ints(2), v: floats(1, 2, 3) }, INT64],
    [/input values: has a NaN/, [2], { in: encode }, { d: ints(2), v: floats(1, NaN) }, INT64],
    [/4096 indices into 4097 places; accepted: up to 2\^24/, [4096], { in: encode }, { d: ints(4097), v }, INT64],
    [/axis 2; accepted: -2 to 1/, [2], { in: encode, attributes: { axis: 2 } }, { d: ints(2), v }, INT64],
  ]);
});

describe("graph/refusals: operators on indices", () => {
  const ints = (...values: number[]) => ({ dims: [values.length], values, type: "int64" as const });
  const pairs = { dims: [1, 2], values: [0, 0], type: "int64" as const };
  const INT64 = { inputType: 7 };
  const three = ["x", "i", "u"];
  const u = floats(1, 2);
  refuses("Gather", [
    [/input indices: 2 is outside an axis of size 2/, [2], { in: ["x", "i"] }, { i: ints(0, 2) }],
    [/input 1 is float32; accepted: integers/, [2], { in: ["t", "x"] }, { t: u }],
    [/input data: has a NaN/, [2], { in: ["t", "x"] }, { t: floats(NaN) }, INT64],
    [
      /4097 indices into 4096 places; accepted: up to 2\^24/,
      [4097],
      { in: ["t", "x"] },
      { t: floats(...new Array<number>(4096).fill(0)) },
      INT64,
    ],
  ]);
  refuses("GatherElements", [
    [/input indices: -3 is outside an axis of size 2/, [2], { in: ["x", "i"] }, { i: ints(-3) }],
    [/indices of shape \[1,2\] for data of shape \[2\]/, [2], { in: ["x", "i"] }, { i: pairs }],
    [/input 1 is float32; accepted: integers/, [2], { in: ["t", "x"] }, { t: u }],
  ]);
  refuses("GatherND", [
    [/input indices depends on the inputs; accepted: a constant/, [2], { in: ["x", "x"] }],
    [/tuples of up to 1/, [2], { in: ["x", "i"] }, { i: pairs }],
    [/attribute batch_dims = 1/, [2, 2], { in: ["x", "i"], attributes: { batch_dims: 1 } }, { i: pairs }],
    [/input indices: 5 is outside an axis of size 2/, [2], { in: ["x", "i"] }, { i: { ...ints(5), dims: [1, 1] } }],
  ]);
  refuses("ScatterElements", [
    [
      /attribute reduction = mul; accepted: none, add, max, min/,
      [2],
      { in: three, attributes: { reduction: "mul" } },
      { i: ints(0, 1), u },
    ],
    [
      /attribute reduction = max; accepted: none, add$/,
      [2],
      { in: ["t", "x", "u"], attributes: { reduction: "max" } },
      { t: u, u },
      INT64,
    ],
    [/input updates of shape \[2\]; accepted: that of the indices, \[1\]/, [2], { in: three }, { i: ints(0), u }],
    [/input indices: 2 is outside an axis of size 2/, [2], { in: three }, { i: ints(0, 2), u }],
    [/input 2: has a NaN or infinite value/, [2], { in: three }, { i: ints(0, 1), u: floats(1, Infinity) }],
  ]);
  refuses("ScatterND", [
    [/input indices depends on the inputs; accepted: a constant/, [2], { in: ["x", "x", "x"] }],
    [
      /input updates of shape \[2\] with indices of shape \[1,2\]; accepted: \[1\]/,
      [2, 2],
      { in: three },
      { i: pairs, u },
    ],
    [/attribute reduction = mul/, [2, 2], { in: three, attributes: { reduction: "mul" } }, { i: pairs, u: floats(1) }],
  ]);
  const empty = { dims: [1, 0], values: [], type: "int64" as const };
  refuses("GatherND", [[/shape \[1,0\]; accepted: tuples of 1 or more/, [2], { in: ["x", "i"] }, { i: empty }]]);
  refuses("ScatterND", [
    [
      /shape \[1,0\]; accepted: tuples of 1 or more/,
      [2],
      { in: three },
      { i: empty, u: { dims: [1, 2], values: [1, 2] } },
    ],
  ]);
  refuses("Compress", [
    [/input condition depends on the inputs/, [2], { in: ["x", "x"] }],
    [/input condition of 3 values for an axis of size 2/, [2], { in: ["x", "c"] }, { c: ints(1, 0, 1) }],
    [/shape \[0\]; accepted: .*no empty axis/, [2], { in: ["x", "c"] }, { c: ints(0, 0) }],
  ]);
  refuses("Trilu", [
    [/accepted: rank 2 or more/, [2], {}],
    [/input k depends on the inputs/, [2, 2], { in: ["x", "x"] }],
  ]);
  refuses("NonZero", [[/input X depends on the inputs; accepted: a constant/, [2], {}]]);
  refuses("EyeLike", [
    [/accepted: rank 2/, [2], {}],
    [/attribute dtype = 99/, [2, 2], { attributes: { dtype: 99 } }],
  ]);
  refuses("DepthToSpace", [
    [/accepted: \[N, C, H, W\]/, [4], { attributes: { blocksize: 2 } }],
    [/attribute blocksize = 0/, [1, 4, 1, 1], {}],
    [/attribute blocksize = 2 for 3 channels/, [1, 3, 1, 1], { attributes: { blocksize: 2 } }],
    [/attribute mode = XYZ; accepted: DCR, CRD/, [1, 4, 1, 1], { attributes: { blocksize: 2, mode: "XYZ" } }],
  ]);
  refuses("SpaceToDepth", [
    [/attribute blocksize = 2 for an input of shape \[1,1,2,3\]/, [1, 1, 2, 3], { attributes: { blocksize: 2 } }],
  ]);

  it("an index whose proven range leaves the axis is refused once the range is known", () => {
    const lookUp = (op: string, inputs: string[]): void => {
      const onnx = onnxOf({
        nodes: [{ op, in: inputs, out: ["y"], name: "look-up" }],
        inputs: { x: [3] },
        inputType: 7,
        outputs: ["y"],
        constants: { t: floats(1, 2, 3), u: floats(1, 2, 3) },
      });
      const exact = exactCalibration(onnx);
      const within = (lo: number, hi: number) => () =>
        compileModel(onnx, { ...exact, inputs: exact.inputs.map((input) => ({ ...input, lo, hi })) });
      expect(within(-3, 2)).not.to.throw();
      for (const [lo, hi] of [
        [-3, 3],
        [-4, 2],
        [0, 100],
      ] as const) {
        const error = errorOf(within(lo, hi));
        expect(error.code).to.equal("ONNX_UNSUPPORTED");
        expect(error.message).to.include(`indices may be ${lo} to ${hi} on an axis of size 3; accepted: -3 to 2`);
      }
    };
    lookUp("Gather", ["t", "x"]);
    lookUp("GatherElements", ["t", "x"]);
    lookUp("ScatterElements", ["t", "x", "u"]);
  });
});

describe("graph/refusals: Resize", () => {
  const image = [1, 1, 2, 2];
  const s = floats(1, 1, 2, 2);
  const scaled = (attributes: NonNullable<TestNode["attributes"]>): Partial<TestNode> => ({
    in: ["x", "", "s"],
    attributes,
  });
  const OPSET = { opset: 19 };
  refuses("Resize", [
    [/attribute mode = area; accepted: nearest, linear, cubic/, image, scaled({ mode: "area" }), { s }, OPSET],
    [
      /attribute coordinate_transformation_mode = tf_crop_and_resize; accepted: half_pixel,/,
      image,
      scaled({ coordinate_transformation_mode: "tf_crop_and_resize" }),
      { s },
      OPSET,
    ],
    [
      /attribute nearest_mode = simple; accepted: round_prefer_floor, round_prefer_ceil, floor, ceil/,
      image,
      scaled({ nearest_mode: "simple" }),
      { s },
      OPSET,
    ],
    [/attribute antialias = 1; accepted: 0/, image, scaled({ antialias: 1 }), { s }, OPSET],
    [
      /attribute keep_aspect_ratio_policy = not_larger; accepted: stretch/,
      image,
      scaled({ keep_aspect_ratio_policy: "not_larger" }),
      { s },
      OPSET,
    ],
    [/scales or sizes \[2\]; accepted: one for each of 4 axes/, image, scaled({}), { s: floats(2) }, OPSET],
    [/scales or sizes \[\]; accepted: one for each of 4 axes/, image, { in: ["x"] }, {}, OPSET],
    [
      /an axis of size 2 scaled by 0.25; accepted: 1 value or more/,
      image,
      scaled({}),
      { s: floats(1, 1, 0.25, 1) },
      OPSET,
    ],
    [
      /an axis of size 2 to one of 2147483648; accepted: up to 2\^24 values or weights/,
      image,
      scaled({}),
      { s: floats(1, 1, 2 ** 30, 1) },
      OPSET,
    ],
    [
      /an axis of size 4096 to one of 8192; accepted/,
      [1, 1, 1, 4096],
      scaled({ mode: "linear" }),
      { s: floats(1, 1, 1, 2) },
      OPSET,
    ],
    [/scaled by NaN; accepted: 1 value or more/, image, scaled({}), { s: floats(1, 1, NaN, 1) }, OPSET],
    [/input scales depends on the inputs; accepted: a constant/, image, { in: ["x", "", "x"] }, {}, OPSET],
    [
      /attribute mode = linear of int64; accepted: a float type/,
      image,
      scaled({ mode: "linear" }),
      { s },
      { ...OPSET, inputType: 7 },
    ],
  ]);
});

describe("graph/refusals: operators on bits", () => {
  refuses("BitwiseAnd", [[/input 0 is float32; accepted: integers/, [2], { in: ["x", "x"] }]]);
  refuses("BitwiseNot", [
    [/input 0 is bool; accepted: integers/, [2], {}, {}, { inputType: 9 }],
    [/input 0 is uint64; accepted: integers of up to 63 bits/, [2], {}, {}, { inputType: 13 }],
  ]);

  it("BitwiseXor: too many pairs", () => {
    const nodes = [{ op: "BitwiseXor", in: ["x", "t"], out: ["y"] }];
    const onnx = onnxOf({
      nodes: [{ op: "Neg", in: ["x"], out: ["t"] }, ...nodes],
      inputs: { x: [2] },
      inputType: 7,
      outputs: ["y"],
      opset: 18,
    });
    const exact = exactCalibration(onnx);
    const upTo = (hi: number) => () =>
      compileModel(onnx, { ...exact, inputs: exact.inputs.map((input) => ({ ...input, type: "i16", lo: 0, hi })) });
    expect(upTo(255)).not.to.throw();
    expect(errorOf(upTo(256)).message).to.match(/operands may be 0 to 256 and -256 to 0; accepted: up to 2\^16 pairs/);
  });
});
