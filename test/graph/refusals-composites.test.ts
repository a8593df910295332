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
      const error = errorOf(() => analyse(parseModel(onnx), { heads: "keep" }));
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

const ints32 = (...values: number[]) => ({ dims: [values.length], values, type: "int32" as const });

describe("graph/refusals: products", () => {
  const nan = { dims: [3, 2], values: [0, 0, NaN, 0, 0, 0] };
  refuses("MatMul", [
    [/a scalar factor; accepted: rank 1 or more/, [2, 3], { in: ["x", "w"] }, { w: zeros() }],
    [/shapes \[2,3\] and \[2,3\] do not multiply/, [2, 3], { in: ["x", "x"] }],
    [/shapes \[3\] and \[2\] do not broadcast/, [3, 2, 2], { in: ["x", "w"] }, { w: zeros(2, 2, 2) }],
    [/input 1: has a NaN or infinite value/, [2, 3], { in: ["x", "w"] }, { w: nan }],
    [/NaN or infinite value/, [2, 2, 3], { in: ["n", "x"] }, { n: { dims: [2], values: [1, Infinity] } }],
  ]);
  refuses("Gemm", [
    [/inputs of shapes \[2,3\] and \[3\]; accepted: rank 2/, [2, 3], { in: ["x", "w"] }, { w: zeros(3) }],
    [/shapes \[2,3\] and \[2,3\] do not multiply/, [2, 3], { in: ["x", "x"] }],
    [/shapes \[3\] and \[2,2\] do not broadcast/, [2, 3], { in: ["x", "w", "c"] }, { w: zeros(3, 2), c: zeros(3) }],
    [
      /input C of shape \[3,2,2\] does not broadcast to \[2, 2\]/,
      [2, 3],
      { in: ["x", "w", "c"] },
      { w: zeros(3, 2), c: zeros(3, 2, 2) },
    ],
    [/constant factor: has a NaN/, [2, 3], { in: ["x", "w"] }, { w: nan }],
  ]);
});

describe("graph/refusals: quotients and powers", () => {
  refuses("Div", [
    [/a divisor of 0/, [2, 3], { in: ["x", "c"] }, { c: zeros(3) }],
    [
      /reciprocal of the divisor: has a NaN or infinite/,
      [2, 3],
      { in: ["x", "c"] },
      { c: { dims: [1], values: [1e-310], type: "float64" } },
    ],
  ]);
  refuses("Pow", [
    [/base and exponent depend on the inputs; accepted: one of them constant/, [2, 3], { in: ["x", "x"] }],
    [
      /a constant exponent of shape \[3\]; accepted: a scalar/,
      [2, 3],
      { in: ["x", "c"] },
      { c: { dims: [3], values: [1, 2, 3] } },
    ],
  ]);
});

describe("graph/refusals: ConvTranspose", () => {
  const x = [1, 2, 4, 4];
  const w = zeros(2, 3, 2, 2);
  const given = (attributes: TestNode["attributes"]): Partial<TestNode> => ({
    in: ["x", "w"],
    attributes: attributes ?? {},
  });
  refuses("ConvTranspose", [
    [/input W depends on the inputs; accepted: a constant/, x, { in: ["x", "x"] }],
    [/input B depends on the inputs; accepted: a constant/, x, { in: ["x", "w", "x"] }, { w }],
    [/attribute group = 3 for an input of shape/, x, given({ group: 3 }), { w }],
    [
      /attribute group = 1 for an input of shape \[1,2,4,4\] and weights of shape \[3,2,2,2\]/,
      x,
      given({}),
      { w: zeros(3, 2, 2, 2) },
    ],
    [/attribute strides = \[0,1\]; accepted: 2 integers from 1/, x, given({ strides: [0, 1] }), { w }],
    [/attribute dilations = \[1\]; accepted: 2 integers/, x, given({ dilations: [1] }), { w }],
    [/attribute output_padding = \[-1,0\]; accepted/, x, given({ output_padding: [-1, 0] }), { w }],
    [/attribute pads = \[1,1\]; accepted: 4 integers/, x, given({ pads: [1, 1] }), { w }],
    [/attribute auto_pad = SAME; accepted: NOTSET, SAME_UPPER/, x, given({ auto_pad: "SAME" }), { w }],
    [/attribute output_shape = \[8\]; accepted: one size a spatial axis/, x, given({ output_shape: [8] }), { w }],
    [/attribute kernel_shape = \[3,3\] for weights of shape/, x, given({ kernel_shape: [3, 3] }), { w }],
    [/an output of spatial shape \[-1,5\]/, x, given({ pads: [3, 0, 3, 0] }), { w }],
    [/accepted: \[N, C, 1 to 3 spatial axes\]/, [1, 2], { in: ["x", "w"] }, { w: zeros(2, 3) }],
  ]);
});

describe("graph/refusals: QuantizeLinear and DequantizeLinear", () => {
  const x = [2, 3];
  const one = { s: { dims: [], values: [2] } };
  const scale = (...values: number[]) => ({ s: { dims: [values.length], values } });
  const both = (why: RegExp, node: Partial<TestNode>, constants: TestModel["constants"]): void => {
    refuses("QuantizeLinear", [[why, x, node, constants]]);
    refuses("DequantizeLinear", [[why, x, node, constants]]);
  };
  const two: Partial<TestNode> = { in: ["x", "s"] };
  both(/input scale depends on the inputs; accepted: a constant/, { in: ["x", "x"] }, one);
  both(/input zero_point depends on the inputs; accepted: a constant/, { in: ["x", "s", "x"] }, one);
  both(/attribute block_size; accepted: 0/, { ...two, attributes: { block_size: 2 } }, one);
  both(/input scale: not positive; accepted: above 0/, two, scale(1, 0, 2));
  both(/input scale: has a NaN or infinite value/, two, scale(NaN));
  both(/of 2 values; accepted: 3, as axis 1/, two, scale(1, 2));
  both(/axis 2; accepted: -2 to 1/, { ...two, attributes: { axis: 2 } }, scale(1, 2, 3));
  both(/of rank 2 or more; accepted: one value, or one an index of the axis/, two, {
    s: { dims: [2, 3], values: [1, 2, 3, 4, 5, 6] },
  });
  refuses("QuantizeLinear", [
    [
      /integers of type int32; accepted: int8, uint8, int16, uint16/,
      x,
      { in: ["x", "s", "z"] },
      { ...one, z: ints32(0) },
    ],
    [/attribute output_dtype = 99/, x, { ...two, attributes: { output_dtype: 99 } }, one],
    [
      /input zero_point: several values/,
      x,
      { in: ["x", "s", "z"] },
      { ...scale(1, 2, 3), z: { dims: [3], values: [1, 2, 3], type: "uint8" } },
    ],
  ]);
});

describe("graph/refusals: normalizations", () => {
  const x = [1, 4, 3];
  for (const op of ["Softmax", "LogSoftmax", "LpNormalization", "LayerNormalization"])
    refuses(op, [
      [
        /axis 3; accepted: -3 to 2/,
        x,
        { in: ["x", "s"].slice(0, op === "LayerNormalization" ? 2 : 1), attributes: { axis: 3 } },
        { s: zeros(3) },
      ],
    ]);
  for (const op of ["LayerNormalization", "InstanceNormalization"])
    refuses(op, [
      [
        /attribute epsilon = 0; accepted: above 0/,
        x,
        { in: ["x", "s", "s"], attributes: { epsilon: { float: 0 } } },
        { s: zeros(3) },
      ],
      [/attribute epsilon = NaN/, x, { in: ["x", "s", "s"], attributes: { epsilon: { float: NaN } } }, { s: zeros(3) }],
    ]);
  refuses("LayerNormalization", [[/do not broadcast/, x, { in: ["x", "s"] }, { s: zeros(2) }]]);
  refuses("InstanceNormalization", [
    [/input 1 of shape \[3\]; accepted: 4 values/, x, { in: ["x", "s", "s"] }, { s: zeros(3) }],
    [/an input of shape \[2,3\]; accepted: \[N, C, ..\]/, [2, 3], { in: ["x", "s", "s"] }, { s: zeros(3) }],
  ]);
  refuses("GroupNormalization", [
    [
      /attribute num_groups = 3; accepted: a divisor of the 4 channels/,
      x,
      { in: ["x", "s", "s"], attributes: { num_groups: 3 } },
      { s: zeros(4) },
    ],
    [/attribute num_groups = 0/, x, { in: ["x", "s", "s"] }, { s: zeros(4) }],
    [
      /input 1 of shape \[4\]; accepted: 2 values/,
      x,
      { in: ["x", "s", "s"], attributes: { num_groups: 2 } },
      { s: zeros(4) },
    ],
  ]);
  refuses("LpNormalization", [[/attribute p = 3; accepted: 1, 2/, x, { attributes: { p: 3 } }]]);
  refuses("MeanVarianceNormalization", [[/axis 3; accepted: -3 to 2/, x, {}]]);
});

describe("graph/refusals: recurrent cells", () => {
  const x = [3, 2, 2]; // [time, batch, inputs], hidden size 2
  for (const [op, gates] of [
    ["LSTM", 4],
    ["GRU", 3],
    ["RNN", 1],
  ] as const) {
    const rows = gates * 2;
    const constants = {
      w: zeros(1, rows, 2),
      r: zeros(1, rows, 2),
      bad: zeros(1, 1),
      short: ints32(3, 2),
      full: ints32(3, 3),
    };
    const cell = (attributes: TestNode["attributes"] = {}, more: string[] = []): Partial<TestNode> => ({
      in: ["x", "w", "r", ...more],
      attributes,
    });
    refuses(op, [
      [
        /attribute direction = sideways; accepted: forward, reverse, bidirectional/,
        x,
        cell({ direction: "sideways" }),
        constants,
      ],
      [
        /attribute activations = \[Tanh,Tanh,Tanh,Tanh\]; accepted: \d names/,
        x,
        cell({ activations: { strings: ["Tanh", "Tanh", "Tanh", "Tanh"] } }),
        constants,
      ],
      [
        /attribute activations: Sine; accepted: Affine, Elu/,
        x,
        cell({ activations: { strings: ["Sine", "Tanh", "Tanh"].slice(0, op === "LSTM" ? 3 : op === "GRU" ? 2 : 1) } }),
        constants,
      ],
      [
        /attribute activation_alpha is of kind float; accepted: floats/,
        x,
        cell({ activation_alpha: { float: 1 } }),
        constants,
      ],
      [/attribute layout = 2; accepted: 0, 1/, x, cell({ layout: 2 }), constants],
      [/attribute hidden_size = 5; accepted: 2, as R has it/, x, cell({ hidden_size: 5 }), constants],
      [/attribute clip; accepted: omitted/, x, cell({ clip: { float: 3 } }), constants],
      [/input sequence_lens; accepted: omitted, or 3 for every sequence/, x, cell({}, ["", "short"]), constants],
      [/input B of shape \[1,1\]; accepted: \[1,/, x, cell({}, ["bad"]), constants],
      [/input initial_h of shape \[1,1\]; accepted: \[1,2,2\]/, x, cell({}, ["", "full", "bad"]), constants],
      [/input W of shape \[1,\d,2\]; accepted: \[2,/, x, cell({ direction: "bidirectional" }), constants],
      [/input X of shape \[3,2\]; accepted: rank 3/, [3, 2], cell(), constants],
      [/input 2 is missing/, x, { in: ["x", "w"] }, constants],
    ]);
  }
  const lstm = { w: zeros(1, 8, 2), r: zeros(1, 8, 2), bad: zeros(1, 1) };
  refuses("LSTM", [
    [/input initial_c of shape \[1,1\]/, x, { in: ["x", "w", "r", "", "", "", "bad"] }, lstm],
    [/input P of shape \[1,1\]; accepted: \[1,6\]/, x, { in: ["x", "w", "r", "", "", "", "", "bad"] }, lstm],
  ]);
});

describe("graph/refusals: Einsum", () => {
  const x = [2, 3];
  const w = { w: zeros(3, 2) };
  const equation = (text: string, inputs = ["x", "w"]): Partial<TestNode> => ({
    in: inputs,
    attributes: { equation: text },
  });
  refuses("Einsum", [
    [/attribute equation is missing/, x, {}],
    ...["ij,jk,kl->il", "ii->i", "ij,jk->il", "...j,jk->...k", "ij,jk->ikk", "ij->i->j", "i1,1k->ik"].map(
      (text): Refused => [
        /attribute equation = .*; accepted: two operands at most, letters once/,
        x,
        equation(text),
        w,
      ],
    ),
    [/attribute equation = ij,jk,kl->il/, x, equation("ij,jk,kl->il", ["x", "w", "x"]), w],
    [/input 1 of shape \[3,2\] for the term jkl/, x, equation("ij,jkl->il"), w],
    [/axis j of sizes 3 and 2/, x, equation("ij,kj->ik"), w],
  ]);
});

describe("graph/refusals: Attention", () => {
  const x = [1, 2, 3, 4];
  const self = ["x", "x", "x"];
  refuses("Attention", [
    [/input past_key; accepted: omitted/, x, { in: [...self, "", "x", "x"] }],
    [/outputs after the first; accepted: unused/, x, { in: self, out: ["y", "", "", "s"] }],
    [/input 0 of shape \[2,3,8\] with q_num_heads = 0; accepted: rank 4, or 3 and a divisor/, [2, 3, 8], { in: self }],
    [
      /input 1 of shape \[2,3,8\] with kv_num_heads = 3/,
      [2, 3, 8],
      { in: self, attributes: { q_num_heads: 2, kv_num_heads: 3 } },
    ],
    [
      /2 heads of queries for 4 of keys; accepted: a multiple/,
      [2, 3, 8],
      { in: self, attributes: { q_num_heads: 2, kv_num_heads: 4 } },
    ],
  ]);
});

describe("graph/refusals: LpPool", () => {
  const x = [1, 1, 4];
  refuses("GlobalLpPool", [[/attribute p = 3; accepted: 1, 2/, x, { attributes: { p: 3 } }]]);
  refuses("LpPool", [
    [/attribute p = 0; accepted: 1, 2/, x, { attributes: { kernel_shape: [2], p: 0 } }],
    [/attribute kernel_shape is missing/, x, {}],
    [/larger than the padded input/, x, { attributes: { kernel_shape: [5] } }],
  ]);
});
