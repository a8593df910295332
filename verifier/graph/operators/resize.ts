// SPDX-License-Identifier: GPL-3.0-or-later
// Resize and Upsample: axis by axis, nearest values are a Gather, interpolations a product with a constant matrix.
import { isFloatType } from "../../onnx/types.ts";
import { MAX_TENSOR_VALUES } from "../ranges.ts";
import { axisOf, integers } from "./index.ts";
import { int, ints, refuse, type Composite, type Expansion, type NodeView } from "./types.ts";

/** One axis that changes. `scale` is a float32, as are all coordinates: onnxruntime rounds each operation. */
interface Axis {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

const f = Math.fround;

/** Where the centre of output place i lies on the input's axis (ONNX, Resize: coordinate_transformation_mode). */
const COORDINATES: Readonly<Record<string, (i: number, axis: Axis) => number>> = {
  half_pixel: (i, { scale }) => f(f(f(i + 0.5) / scale) - 0.5),
  half_pixel_symmetric: (i, { from, to, scale }) => {
    const adjustment = f(to / f(scale * from));
    const offset = f(f(from / 2) * f(1 - adjustment));
    return f(f(offset + f(f(i + 0.5) / scale)) - 0.5);
  },
  pytorch_half_pixel: (i, { to, scale }) => (to > 1 ? f(f(f(i + 0.5) / scale) - 0.5) : 0),
  align_corners: (i, { from, to }) => (to === 1 ? 0 : f(f(i * (from - 1)) / (to - 1))),
  asymmetric: (i, { scale }) => f(i / scale),
  tf_half_pixel_for_nn: (i, { scale }) => f(f(i + 0.5) / scale),
};

/** The place that a coordinate is rounded to (ONNX, Resize: nearest_mode). */
const NEAREST: Readonly<Record<string, (x: number, axis: Axis) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
  /** Before opset 11. */
  simple: (x, { scale }) => (scale < 1 ? Math.ceil(x) : Math.floor(x)),
};

/** The weight of each tap around a coordinate: pairs of place, which may lie outside, and weight. */
type Taps = (x: number, axis: Axis) => readonly (readonly [place: number, weight: number])[];

const linear: Taps = (x, { from }) => {
  const inside = Math.min(Math.max(x, 0), from - 1);
  const low = Math.floor(inside);
  const share = f(inside - low);
  return [
    [low, 1 - share],
    [low + 1, share],
  ];
};

/** Keys' convolution with coefficient a, over four taps. */
const cubic =
  (a: number, excludeOutside: boolean): Taps =>
  (x, { from }) => {
    const low = Math.floor(x);
    const s = x - low;
    const near = (t: number): number => ((a + 2) * t - (a + 3)) * t * t + 1;
    const far = (t: number): number => ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
    const taps = [far(s + 1), near(s), near(1 - s), far(2 - s)].map((weight, k) => [low - 1 + k, weight] as const);
    if (!excludeOutside) return taps;
    const inside = taps.filter(([place]) => place >= 0 && place < from);
    const total = inside.reduce((sum, [, weight]) => sum + weight, 0);
    return inside.map(([place, weight]) => [place, weight / total]);
  };

const text = (view: NodeView, name: string, fallback: string): string => {
  const attribute = view.attribute(name);
  return attribute?.kind === "string" ? attribute.value : fallback;
};

/** An entry of a table of modes by the attribute that names it. */
function modeOf<T>(view: NodeView, name: string, fallback: string, modes: Readonly<Record<string, T>>): T {
  const given = text(view, name, fallback);
  const mode = Object.hasOwn(modes, given) ? modes[given] : undefined;
  return mode ?? refuse(`attribute ${name} = ${given}; accepted: ${Object.keys(modes).join(", ")}`);
}

/** The axes that change; scales and sizes are given for `axes`, which are all by default. */
function axesOf(view: NodeView, scalesInput: number, interpolated: boolean): Axis[] {
  const { shape } = view.type(0);
  const listed = view.attribute("axes");
  const axes = listed?.kind === "ints" ? listed.value.map((axis) => axisOf(axis, shape.length)) : [...shape.keys()];
  const scales = given(view, scalesInput, "scales");
  const sizes = view.has(3) ? integers(view, "sizes", 3) : undefined;
  const list = scales.length > 0 ? scales : sizes;
  if (list?.length !== axes.length)
    return refuse(`scales or sizes [${list ?? []}]; accepted: one for each of ${axes.length} axes`);
  return axes.flatMap((axis, k): Axis[] => {
    const from = shape[axis] as number;
    const value = list[k] as number;
    const scale = scales.length > 0 ? value : f(value / from);
    const to = scales.length > 0 ? Math.floor(f(f(value) * from)) : value;
    if (!(to >= 1)) refuse(`an axis of size ${from} scaled by ${scale}; accepted: 1 value or more`);
    if (to > MAX_TENSOR_VALUES || (interpolated && from * to > MAX_TENSOR_VALUES))
      refuse(`an axis of size ${from} to one of ${to}; accepted: up to 2^24 values or weights`);
    return scale === 1 ? [] : [{ axis, from, to, scale }];
  });
}

/** Scales as an attribute (Upsample of opset 7) or a constant input. */
function given(view: NodeView, input: number, name: string): readonly number[] {
  const attribute = view.attribute(name);
  if (attribute?.kind === "floats") return attribute.value;
  if (!view.has(input)) return [];
  const constant = view.constant(input) ?? refuse(`input ${name} depends on the inputs; accepted: a constant`);
  return Array.from(constant.values);
}

type Coordinate = (i: number, axis: Axis) => number;

/** Picks a place of the axis for each of the output. */
function addNearest(expansion: Expansion, x: string, axis: Axis, coordinate: Coordinate, nearest: Coordinate): string {
  const places = Array.from({ length: axis.to }, (_, i) =>
    Math.min(Math.max(nearest(coordinate(i, axis), axis), 0), axis.from - 1),
  );
  return expansion.node("Gather", [x, expansion.constant(places, [axis.to], "int64")], { axis: int(axis.axis) });
}

/** A product with the matrix of all weights, the axis brought to the end and back. */
function addInterpolation(expansion: Expansion, x: string, axis: Axis, coordinate: Coordinate, taps: Taps): string {
  const { type, shape } = expansion.type(x);
  const matrix = new Float64Array(axis.from * axis.to);
  for (let i = 0; i < axis.to; i++) {
    for (const [place, weight] of taps(coordinate(i, axis), axis)) {
      const at = Math.min(Math.max(place, 0), axis.from - 1) * axis.to + i;
      matrix[at] = (matrix[at] as number) + weight;
    }
  }
  const perm = ints(
    [...shape.keys()].map((a) => (a === axis.axis ? shape.length - 1 : a === shape.length - 1 ? axis.axis : a)),
  );
  const swapped = axis.axis === shape.length - 1 ? x : expansion.node("Transpose", [x], { perm });
  const product = expansion.node("MatMul", [swapped, expansion.constant(matrix, [axis.from, axis.to], type)]);
  return swapped === x ? product : expansion.node("Transpose", [product], { perm });
}

interface Modes {
  readonly scales: number;
  readonly coordinate: Coordinate;
  readonly nearest: Coordinate;
}

/** Before opset 11 there was one kind of coordinate and of rounding. */
const early: Modes = {
  scales: 1,
  coordinate: COORDINATES["asymmetric"] as Coordinate,
  nearest: NEAREST["simple"] as Coordinate,
};

function modesOf(view: NodeView): Modes {
  if (view.opset < 11) return early;
  const { simple: _, ...nearest } = NEAREST;
  if (view.int("antialias", 0) !== 0) refuse("attribute antialias = 1; accepted: 0");
  const policy = text(view, "keep_aspect_ratio_policy", "stretch");
  if (policy !== "stretch") refuse(`attribute keep_aspect_ratio_policy = ${policy}; accepted: stretch`);
  return {
    scales: 2,
    coordinate: modeOf(view, "coordinate_transformation_mode", "half_pixel", COORDINATES),
    nearest: modeOf(view, "nearest_mode", "round_prefer_floor", nearest),
  };
}

const resize = (modesOfView: (view: NodeView) => Modes): Composite => ({
  expand(view, expansion) {
    const { scales, coordinate, nearest } = modesOfView(view);
    const interpolations: Readonly<Record<string, Taps | null>> = {
      nearest: null,
      linear,
      cubic: cubic(view.float("cubic_coeff_a", -0.75), view.int("exclude_outside", 0) !== 0),
    };
    const mode = text(view, "mode", "nearest");
    if (!Object.hasOwn(interpolations, mode)) refuse(`attribute mode = ${mode}; accepted: nearest, linear, cubic`);
    const taps = interpolations[mode] ?? null;
    const { type } = view.type(0);
    if (taps !== null && !isFloatType(type)) refuse(`attribute mode = ${mode} of ${type}; accepted: a float type`);
    const axes = axesOf(view, scales, taps !== null);
    // Where no size changes, onnxruntime copies, whatever the scales.
    const changing = axes.some(({ from, to }) => from !== to) ? axes : [];
    const result = changing.reduce(
      (x, axis) =>
        taps === null
          ? addNearest(expansion, x, axis, coordinate, nearest)
          : addInterpolation(expansion, x, axis, coordinate, taps),
      view.node.inputs[0] as string,
    );
    expansion.output(0, result);
  },
});

export const Resize: Composite = resize(modesOf);
export const Upsample: Composite = resize(() => early);
