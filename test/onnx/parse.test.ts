// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { VerigradError } from "../../verifier/errors.ts";
import { parseModel } from "../../verifier/onnx/parse.ts";
import { fromBfloat16, fromFloat16 } from "../../verifier/onnx/tensor.ts";
import { codeOf, errorOf } from "../graph/codes.ts";
import { encodeModel, modelMessage, onnxOf, PERCEPTRON, type TestModel } from "./model.ts";

/** "ok" or the VerigradError's code; anything else thrown fails the test. */
function outcome(bytes: Uint8Array): string {
  try {
    parseModel(bytes);
    return "ok";
  } catch (error) {
    if (error instanceof VerigradError) return error.code;
    throw error;
  }
}

const CODES = ["ok", "ONNX_MALFORMED", "ONNX_UNSUPPORTED", "ONNX_OPSET", "ONNX_SYMBOLIC_DIM", "ONNX_EXTERNAL_DATA"];

/** The perceptron with its first initializer replaced. */
function withTensor(tensor: Record<string, unknown>): Uint8Array {
  const message = modelMessage(PERCEPTRON);
  message.graph["initializer"] = [{ name: "w1", ...tensor }, ...(message.graph["initializer"] ?? []).slice(1)];
  return encodeModel(message);
}

const raw = (make: (view: DataView) => void, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  make(new DataView(bytes.buffer));
  return bytes;
};

describe("onnx/parse", () => {
  it("reads nodes, attributes, initializers and inputs", () => {
    const model = parseModel(onnxOf(PERCEPTRON));
    expect(model.nodes.map((node) => node.operator)).to.deep.equal(["Gemm", "Relu", "Gemm", "Softmax"]);
    expect(model.nodes[0]?.attributes.get("transB")).to.deep.equal({ kind: "int", value: 1 });
    expect(model.inputs).to.deep.equal([{ name: "x", type: "float32", shape: [1, 3] }]);
    expect(model.initializers.get("w1")).to.deep.equal({
      type: "float32",
      shape: [2, 3],
      values: Float64Array.of(1, -2, 3, 0, 5, -6),
    });
    expect(model.opsets.get("")).to.equal(17);
  });

  it("reads every element type, raw and typed", () => {
    const six = [1, -2, 3, 0, 5, -6];
    const rawOf = (dataType: number, bytes: number, set: (view: DataView, at: number, v: number) => void) =>
      parseModel(
        withTensor({
          dims: [2, 3],
          dataType,
          rawData: raw((view) => six.forEach((v, i) => set(view, i * bytes, v)), 6 * bytes),
        }),
      ).initializers.get("w1")?.values;
    const expected = Float64Array.from(six);
    expect(rawOf(1, 4, (view, at, v) => view.setFloat32(at, v, true))).to.deep.equal(expected);
    expect(rawOf(11, 8, (view, at, v) => view.setFloat64(at, v, true))).to.deep.equal(expected);
    expect(rawOf(3, 1, (view, at, v) => view.setInt8(at, v))).to.deep.equal(expected);
    expect(rawOf(5, 2, (view, at, v) => view.setInt16(at, v, true))).to.deep.equal(expected);
    expect(rawOf(6, 4, (view, at, v) => view.setInt32(at, v, true))).to.deep.equal(expected);
    expect(rawOf(7, 8, (view, at, v) => view.setBigInt64(at, BigInt(v), true))).to.deep.equal(expected);
    expect(rawOf(2, 1, (view, at, v) => view.setUint8(at, v))).to.deep.equal(Float64Array.of(1, 254, 3, 0, 5, 250));
    expect(rawOf(9, 1, (view, at, v) => view.setUint8(at, v))).to.deep.equal(Float64Array.of(1, 1, 1, 0, 1, 1));
    const typed = (fields: Record<string, unknown>) =>
      parseModel(withTensor({ dims: [2, 3], ...fields })).initializers.get("w1")?.values;
    expect(typed({ dataType: 11, doubleData: six })).to.deep.equal(expected);
    expect(typed({ dataType: 7, int64Data: six })).to.deep.equal(expected);
    expect(typed({ dataType: 3, int32Data: six })).to.deep.equal(expected);
    expect(typed({ dataType: 13, uint64Data: [1, 2, 3, 4, 5, 6] })).to.deep.equal(Float64Array.of(1, 2, 3, 4, 5, 6));
    expect(typed({ dataType: 10, int32Data: [0x3c00, 0xc000, 0, 0, 0, 0x7bff] })).to.deep.equal(
      Float64Array.of(1, -2, 0, 0, 0, 65504),
    );
  });

  it("half-precision numbers: subnormals, ends, infinities", () => {
    expect([0x0001, 0x03ff, 0x0400, 0x7c00, 0xfc00, 0x8001].map(fromFloat16)).to.deep.equal([
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      Infinity,
      -Infinity,
      -(2 ** -24),
    ]);
    expect(fromFloat16(0x7e00)).to.be.NaN;
    expect([0x3f80, 0xc000, 0x0001, 0x7f80].map(fromBfloat16)).to.deep.equal([1, -2, 2 ** -133, Infinity]);
  });

  it("every prefix of a model is refused with ONNX_MALFORMED", () => {
    const small = onnxOf(PERCEPTRON);
    for (let length = 0; length < small.length; length++) {
      expect(outcome(small.subarray(0, length)), `prefix of ${length}`).to.equal("ONNX_MALFORMED");
    }
    const digits = readFileSync("examples/digits/digits.onnx");
    for (let length = 0; length < digits.length; length += 37) {
      expect(outcome(digits.subarray(0, length)), `prefix of ${length}`).to.equal("ONNX_MALFORMED");
    }
  });

  it("changed bytes never throw anything but a VerigradError", () => {
    const bytes = onnxOf(PERCEPTRON);
    for (let i = 0; i < bytes.length; i++) {
      for (const value of [0x00, 0x7f, 0x80, 0xff, (bytes[i] as number) ^ 1]) {
        const hostile = bytes.slice();
        hostile[i] = value;
        expect(CODES).to.include(outcome(hostile));
      }
    }
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 2, maxLength: 6 }),
        (changes) => {
          const hostile = bytes.slice();
          for (const [i, value] of changes) hostile[i] = value;
          expect(CODES).to.include(outcome(hostile));
        },
      ),
      { numRuns: 1000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => void expect(CODES).to.include(outcome(junk))));
  });

  it("never allocates what dimensions claim", () => {
    const huge = [2 ** 40, 2 ** 40];
    expect(outcome(withTensor({ dims: huge, dataType: 1, floatData: [1] }))).to.equal("ONNX_MALFORMED");
    expect(outcome(withTensor({ dims: [2 ** 25], dataType: 1, rawData: new Uint8Array(8) }))).to.equal(
      "ONNX_MALFORMED",
    );
    expect(outcome(withTensor({ dims: [-1, -6], dataType: 1, floatData: [1, 2, 3, 4, 5, 6] }))).to.equal(
      "ONNX_MALFORMED",
    );
    expect(outcome(onnxOf({ ...PERCEPTRON, inputs: { x: [2 ** 40, 3] } }))).to.equal("ONNX_MALFORMED");
  });

  it("refuses shape and data that disagree, external data, strings", () => {
    expect(outcome(withTensor({ dims: [2, 3], dataType: 1, floatData: [1, 2] }))).to.equal("ONNX_MALFORMED");
    expect(outcome(withTensor({ dims: [2, 3], dataType: 1, rawData: new Uint8Array(23) }))).to.equal("ONNX_MALFORMED");
    const external = {
      dims: [2, 3],
      dataType: 1,
      externalData: [{ key: "location", value: "../../secret" }],
      dataLocation: 1,
    };
    expect(outcome(withTensor(external))).to.equal("ONNX_EXTERNAL_DATA");
    expect(outcome(withTensor({ dims: [2, 3], dataType: 8 }))).to.equal("ONNX_UNSUPPORTED");
  });

  it("refuses operator sets that it does not read", () => {
    for (const [opset, code] of [
      [6, "ONNX_OPSET"],
      [7, "ok"],
      [28, "ok"],
      [29, "ONNX_OPSET"],
    ] as const) {
      expect(outcome(onnxOf({ ...PERCEPTRON, opset })), `${opset}`).to.equal(code);
    }
    const message = modelMessage(PERCEPTRON);
    expect(outcome(encodeModel({ ...message, opsetImport: [] }))).to.equal("ONNX_MALFORMED");
    const twice = (...versions: number[]) => versions.map((version) => ({ domain: "", version }));
    expect(outcome(encodeModel({ ...message, opsetImport: twice(17, 17) }))).to.equal("ok");
    expect(outcome(encodeModel({ ...message, opsetImport: twice(17, 18) }))).to.equal("ONNX_MALFORMED");
    expect(outcome(encodeModel({ ...message, functions: [{ name: "f" }] }))).to.equal("ONNX_UNSUPPORTED");
  });

  it("refuses cycles, dangling names, values written twice", () => {
    const nodes = (...list: TestModel["nodes"]): string =>
      outcome(onnxOf({ nodes: list, inputs: { x: [3] }, outputs: ["y"] }));
    expect(nodes({ op: "Relu", in: ["x"], out: ["y"] })).to.equal("ok");
    expect(nodes({ op: "Add", in: ["x", "z"], out: ["y"] }, { op: "Relu", in: ["y"], out: ["z"] })).to.equal(
      "ONNX_MALFORMED",
    );
    expect(nodes({ op: "Relu", in: ["y"], out: ["y"] })).to.equal("ONNX_MALFORMED");
    expect(nodes({ op: "Relu", in: ["q"], out: ["y"] })).to.equal("ONNX_MALFORMED");
    expect(nodes({ op: "Relu", in: ["x"], out: ["z"] })).to.equal("ONNX_MALFORMED");
    expect(nodes({ op: "Relu", in: ["x"], out: ["x"] })).to.equal("ONNX_MALFORMED");
    expect(nodes({ op: "Relu", in: ["x"], out: ["y"] }, { op: "Relu", in: ["x"], out: ["y"] })).to.equal(
      "ONNX_MALFORMED",
    );
  });

  it("refuses names that could forge lines of a message or of an emitted circuit", () => {
    for (const name of ["a\nb", "a\u001b[2J", "\u2028", "\u202e", "x".repeat(513)]) {
      const at = (model: Partial<TestModel>) => outcome(onnxOf({ ...PERCEPTRON, ...model }));
      const [first, ...rest] = PERCEPTRON.nodes as [TestModel["nodes"][number], ...TestModel["nodes"]];
      expect(at({ nodes: [{ ...first, name }, ...rest] })).to.equal("ONNX_MALFORMED");
      expect(at({ nodes: [{ ...first, op: name }, ...rest] })).to.equal("ONNX_MALFORMED");
      expect(at({ nodes: [...PERCEPTRON.nodes, { op: "Relu", in: ["p"], out: [name] }] })).to.equal("ONNX_MALFORMED");
      expect(at({ inputs: { ...PERCEPTRON.inputs, [name]: [1] } })).to.equal("ONNX_MALFORMED");
    }
  });

  it("names that are refused do not stand in the message that refuses them", () => {
    const name = "\u001b[2J";
    const messageOf = (model: TestModel, change: (message: ReturnType<typeof modelMessage>) => void = () => {}) => {
      const message = modelMessage(model);
      change(message);
      return errorOf(() => parseModel(encodeModel(message))).message;
    };
    const twice = [
      { name, type: 2, i: 1 },
      { name, type: 2, i: 1 },
    ];
    const messages = [
      messageOf({ ...PERCEPTRON, constants: { ...PERCEPTRON.constants, [name]: { dims: [5], values: [1] } } }),
      messageOf({ ...PERCEPTRON, inputs: { x: [1, name] } }),
      messageOf({ ...PERCEPTRON, inputs: { [name]: [0] } }),
      messageOf(PERCEPTRON, ({ graph }) => ((graph.node?.[0] as { attribute: unknown }).attribute = twice)),
      messageOf(PERCEPTRON, (message) => {
        message.opsetImport = [
          { domain: name, version: 1 },
          { domain: name, version: 1 },
        ];
      }),
    ];
    for (const message of messages)
      expect(message)
        .to.match(/control characters/)
        .and.not.contain("\u001b");
  });

  it("refuses ranks above 8, in which little data makes much work", () => {
    const dims = new Array<number>(100_000).fill(1);
    expect(outcome(withTensor({ dims, dataType: 1, floatData: [1] }))).to.equal("ONNX_MALFORMED");
  });

  it("a symbolic first dimension is 1 unless given; another must be given", () => {
    const shapeOf = (shape: (number | string)[], dims?: Record<string, number>) =>
      parseModel(onnxOf({ ...PERCEPTRON, inputs: { x: shape } }), dims === undefined ? {} : { dims }).inputs[0]?.shape;
    expect(shapeOf(["batch", 3])).to.deep.equal([1, 3]);
    expect(shapeOf(["batch", 3], { batch: 4 })).to.deep.equal([4, 3]);
    expect(shapeOf([1, "n"], { n: 5 })).to.deep.equal([1, 5]);
    expect(errorOf(() => shapeOf([1, "n"])).message).to.match(/"x".*dimension 1 \("n"\)/);
    expect(codeOf(() => shapeOf([1, "n"]))).to.equal("ONNX_SYMBOLIC_DIM");
    expect(codeOf(() => shapeOf(["batch", 3], { batch: 0 }))).to.equal("ONNX_MALFORMED");
    expect(codeOf(() => shapeOf(["batch", 3], { n: 1 }))).to.equal("ONNX_SYMBOLIC_DIM");
    expect(errorOf(() => shapeOf(["batch", "m"], { n: 1, m: 2 })).message).to.match(/"n".* have batch, m$/);
    expect(errorOf(() => shapeOf([1, 3], { n: 1 })).message).to.match(/none without a size/);
  });

  it("a singular field that occurs twice is refused: readers disagree about it", () => {
    const bytes = onnxOf(PERCEPTRON);
    expect(outcome(Uint8Array.of(...bytes, 0x08, 0x08))).to.equal("ONNX_MALFORMED"); // ir_version again
    expect(outcome(Uint8Array.of(...bytes, ...bytes))).to.equal("ONNX_MALFORMED");
  });
});
