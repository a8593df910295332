// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of operators.test.ts: Resize and Upsample.
import type { TestNode } from "../onnx/model.ts";
import { ints, node, type Case } from "./case.ts";

const floats = (...values: number[]) => ({ dims: [values.length], values });
const X = [1, 2, 4, 5];

const byScales = (
  attributes: TestNode["attributes"],
  ...scales: number[]
): Pick<Case, "x" | "nodes" | "constants"> => ({
  x: X,
  nodes: [node("Resize", ["x", "roi", "s"], attributes)],
  constants: { roi: floats(), s: floats(1, 1, ...scales) },
});

const COORDINATES = [
  "half_pixel",
  "pytorch_half_pixel",
  "align_corners",
  "asymmetric",
  "half_pixel_symmetric",
  "tf_half_pixel_for_nn",
];
/** Of half_pixel_symmetric only those that the last bit of a coordinate does not decide: onnxruntime's differs. */
const ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"];

export const RESIZE_CASES: Case[] = [
  ...COORDINATES.flatMap((coordinate) =>
    ROUNDINGS.filter((rounding) => coordinate !== "half_pixel_symmetric" || rounding.startsWith("round")).map(
      (rounding): Case => ({
        name: `Resize nearest, ${coordinate}, ${rounding}`,
        ...byScales({ coordinate_transformation_mode: coordinate, nearest_mode: rounding }, 2.6, 0.6),
        opset: coordinate === "tf_half_pixel_for_nn" ? 11 : 19,
      }),
    ),
  ),
  {
    name: "Resize nearest to sizes",
    x: X,
    nodes: [node("Resize", ["x", "", "", "n"], { mode: "nearest" })],
    constants: { n: ints(1, 2, 7, 3) },
    opset: 13,
  },
  {
    name: "Resize nearest to sizes of some axes",
    x: X,
    nodes: [node("Resize", ["x", "", "", "n"], { axes: [-1, 2] })],
    constants: { n: ints(4, 9) },
    opset: 18,
  },
  ...COORDINATES.slice(0, 5).map((coordinate): Case => ({
    name: `Resize linear, ${coordinate}`,
    ...byScales({ mode: "linear", coordinate_transformation_mode: coordinate }, 2, 2),
    ...(coordinate === "align_corners"
      ? { x: [1, 1, 3, 2], constants: { roi: floats(), s: floats(1, 1, 5 / 3, 2.5) } }
      : {}),
    opset: 19,
    exponent: coordinate === "align_corners" ? 2 : 3,
  })),
  {
    name: "Resize linear, smaller",
    ...byScales({ mode: "linear" }, 0.5, 0.4),
    opset: 13,
    exponent: 3,
  },
  { name: "Resize cubic", ...byScales({ mode: "cubic" }, 2, 1), opset: 13, exponent: 10 },
  {
    name: "Resize cubic, another coefficient",
    ...byScales({ mode: "cubic", cubic_coeff_a: { float: -0.5 } }, 1, 2),
    opset: 13,
    exponent: 10,
  },
  {
    name: "Resize of opset 10",
    x: X,
    nodes: [node("Resize", ["x", "s"])],
    constants: { s: floats(1, 1, 0.5, 2.4) },
    opset: 10,
  },
  {
    name: "Upsample of opset 9",
    x: X,
    nodes: [node("Upsample", ["x", "s"])],
    constants: { s: floats(1, 1, 2, 3) },
    opset: 9,
  },
  {
    name: "Upsample linear",
    x: X,
    nodes: [node("Upsample", ["x", "s"], { mode: "linear" })],
    constants: { s: floats(1, 1, 2, 2) },
    opset: 9,
    exponent: 1,
  },
  {
    name: "Resize by 1",
    ...byScales({}, 1, 1),
    opset: 13,
  },
];
