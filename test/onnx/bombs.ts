// SPDX-License-Identifier: GPL-3.0-or-later
// Small files that claim much: what each would take without a limit is far above what their readers are given.
import { onnxOf, type TestModel, type TestNode } from "./model.ts";

/** A length-delimited field. */
function field(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [(number << 3) | 2];
  let rest = length;
  for (; rest > 127; rest = Math.floor(rest / 128)) head.push((rest % 128) | 128);
  return Buffer.concat([Uint8Array.of(...head, rest), ...parts]);
}

/** The two bytes again and again. */
function repeated(first: number, second: number, count: number): Uint8Array {
  const bytes = new Uint8Array(2 * count);
  for (let i = 0; i < bytes.length; i += 2) bytes.set([first, second], i);
  return bytes;
}

const text = (value: string): Uint8Array => Buffer.from(value);
/** IR version 8, operator set 17, and a graph of these bytes. */
const model = (...graph: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([Uint8Array.of(8, 8), field(8, Uint8Array.of(16, 17)), field(7, ...graph)]);

const MIB = 2 ** 20;
const int64 = { type: "int64" } as const;
const sizes = (...values: number[]) => ({ dims: [values.length], values, ...int64 });
const scalar = (value: number) => ({ dims: [], values: [value] });
const ADD: TestNode = { op: "Add", in: ["x", "c"], out: ["y"] };

const onnx = (nodes: TestNode[], constants: TestModel["constants"] = {}, inputs: TestModel["inputs"] = { x: [1, 2] }) =>
  onnxOf({ nodes, inputs, outputs: ["y"], constants });

/** Bytes by what is wrong with them. Each is ONNX_MALFORMED or ONNX_UNSUPPORTED, soon, in little memory. */
export const BOMBS: Readonly<Record<string, () => Uint8Array>> = {
  "millions of empty nodes": () => model(repeated(0x0a, 0, 4 * MIB)),
  "millions of empty initializers": () => model(repeated(0x2a, 0, 4 * MIB)),
  "a node of millions of inputs": () => model(field(1, repeated(0x0a, 0, 8 * MIB))),
  "a node of millions of attributes": () => model(field(1, repeated(0x2a, 0, 4 * MIB))),
  "an attribute of millions of strings": () => model(field(1, field(5, repeated(0x4a, 0, 8 * MIB)))),
  "an attribute of millions of numbers, one by one": () => model(field(1, field(5, repeated(0x40, 1, 24 * MIB)))),
  "an attribute of millions of numbers, packed": () =>
    model(field(1, field(4, text("A")), field(5, field(1, text("a")), field(8, new Uint8Array(24 * MIB))))),
  "a tensor of millions of dimensions": () =>
    model(field(5, field(8, text("w")), Uint8Array.of(16, 1), field(1, new Uint8Array(24 * MIB).fill(1)))),
  "one-byte tensors of more than 2^26 values in all": () =>
    model(
      ...["v", "w"].map((name) =>
        field(
          5,
          field(8, text(name)),
          Uint8Array.of(16, 9, 8, 0x81, 0x80, 0x80, 0x10),
          field(9, new Uint8Array(2 ** 25 + 1)),
        ),
      ),
    ),
  "a name of 64 MiB": () => model(field(1, field(3, new Uint8Array(64 * MIB).fill(97)))),
  "groups in groups": () => model(new Uint8Array(8 * MIB).fill(0xfb)),
  "50,000 outputs": () => {
    const nodes = Array.from({ length: 50_000 }, (_, i): TestNode => ({
      op: "Identity",
      in: [i === 0 ? "x" : `v${i}`],
      out: [`v${i + 1}`],
    }));
    return onnxOf({ nodes, inputs: { x: [1, 2] }, outputs: nodes.map(({ out }) => out[0] as string) });
  },
  "Expand of an input": () =>
    onnx([{ op: "Expand", in: ["x", "s"], out: ["y"] }], { s: sizes(2 ** 13, 2 ** 13, 1, 2) }),
  "Expand of constants": () => {
    const each = [0, 1, 2, 3, 4, 5];
    return onnx(
      [
        ...each.map((i): TestNode => ({ op: "Expand", in: ["k", "s"], out: [`e${i}`] })),
        ...each.map((i): TestNode => ({
          op: "Add",
          in: [i === 0 ? "x" : `a${i}`, `e${i}`],
          out: [i === 5 ? "y" : `a${i + 1}`],
        })),
      ],
      { k: scalar(1), s: sizes(2 ** 12, 2 ** 12) },
    );
  },
  Tile: () =>
    onnx([{ op: "Tile", in: ["k", "s"], out: ["c"] }, ADD], { k: { dims: [1], values: [1] }, s: sizes(2 ** 52) }),
  ConstantOfShape: () => onnx([{ op: "ConstantOfShape", in: ["s"], out: ["c"] }, ADD], { s: sizes(2 ** 20, 2 ** 20) }),
  Range: () =>
    onnx([{ op: "Range", in: ["a", "b", "d"], out: ["c"] }, ADD], { a: scalar(0), b: scalar(1e30), d: scalar(1e-30) }),
  Pad: () => onnx([{ op: "Pad", in: ["x", "s"], out: ["y"] }], { s: sizes(2 ** 23, 2 ** 23, 2 ** 23, 2 ** 23) }),
  "Pad, negative": () => onnx([{ op: "Pad", in: ["x", "s"], out: ["y"] }], { s: sizes(-(2 ** 52), 2 ** 53, 0, 0) }),
  "a product of large constants": () =>
    onnx([{ op: "Expand", in: ["k", "s"], out: ["e"] }, { op: "MatMul", in: ["e", "e"], out: ["c"] }, ADD], {
      k: scalar(1),
      s: sizes(2 ** 11, 2 ** 11),
    }),
  "a convolution of large constants": () =>
    onnx(
      [
        { op: "Expand", in: ["k", "s"], out: ["e"] },
        { op: "Conv", in: ["e", "e"], out: ["c"], attributes: { pads: [1023, 1023, 1023, 1023] } },
        ADD,
      ],
      { k: scalar(1), s: sizes(1, 1, 2 ** 10, 2 ** 10) },
    ),
  "a pool over large constants": () =>
    onnx(
      [
        { op: "Expand", in: ["k", "s"], out: ["e"] },
        { op: "MaxPool", in: ["e"], out: ["c"], attributes: { kernel_shape: [500, 500] } },
        ADD,
      ],
      { k: scalar(1), s: sizes(1, 1, 2 ** 11, 2 ** 11) },
    ),
  "a pool with a large window": () =>
    onnx(
      [
        {
          op: "MaxPool",
          in: ["x"],
          out: ["y"],
          attributes: { kernel_shape: [1000, 1000], pads: [999, 999, 999, 999] },
        },
      ],
      {},
      { x: [1, 1, 1000, 1000] },
    ),
};
