// SPDX-License-Identifier: GPL-3.0-or-later
// A normalization with constants right after a Conv or Gemm becomes part of its weights and bias: one rounding less, and
// one accumulator less to bound.
import type { FloatTensor, OnnxNode } from "../onnx/types.ts";
import { sizeOf } from "../tensor/spec.ts";
import { affineOf, type Affine } from "./operators/norm.ts";
import { float, type AnalysedNode, type NodeView, type ValueType } from "./operators/types.ts";
import { viewOf } from "./view.ts";

/** What of an analysis the fold reads; it adds the new weights to `types` and `constants`. */
export interface Foldable {
  readonly nodes: readonly AnalysedNode[];
  readonly types: Map<string, ValueType>;
  readonly constants: Map<string, FloatTensor>;
  readonly outputs: readonly string[];
}

/** The nodes, each BatchNormalization folded into the Conv or Gemm before it where nothing else reads that one. */
export function foldNormalizations(state: Foldable): AnalysedNode[] {
  const readers = new Map<string, number>();
  const read = (name: string): unknown => readers.set(name, (readers.get(name) ?? 0) + 1);
  state.nodes.forEach(({ view }) => view.node.inputs.forEach(read));
  state.outputs.forEach(read);
  const folded: AnalysedNode[] = [];
  for (const node of state.nodes) {
    const [input = ""] = node.view.node.inputs;
    const at = isNormalization(node) && readers.get(input) === 1 ? folded.findLastIndex((n) => n.output === input) : -1;
    const before = folded[at];
    const product = before === undefined ? null : scaledProduct(before.view, affineOf(node.view));
    if (before === undefined || product === null) folded.push(node);
    else folded[at] = withConstants(state, before, product, node.output);
  }
  return folded;
}

const isNormalization = ({ view: { node } }: AnalysedNode): boolean =>
  node.domain === "" && node.operator === "BatchNormalization";

/** Weights, bias and attributes of a product whose outputs are scaled and shifted by channel. */
interface Product {
  readonly weights: FloatTensor;
  readonly bias: FloatTensor;
  readonly attributes: OnnxNode["attributes"];
}

/** Null for what is no product with constants, or whose bias is not one value an output channel. */
function scaledProduct(view: NodeView, { scale, shift }: Affine): Product | null {
  const { domain, operator, attributes } = view.node;
  const weights = view.constant(1);
  const given = view.constant(2);
  const outs = scale.length;
  if (domain !== "" || weights === undefined || (view.has(2) && given === undefined)) return null;
  if (given !== undefined && given.values.length !== 1 && given.shape.at(-1) !== given.values.length) return null;
  const isGemm = operator === "Gemm";
  if (!isGemm && operator !== "Conv") return null;
  if (isGemm && view.int("transA", 0) !== 0) return null;
  const beta = isGemm ? view.float("beta", 1) : 1;
  const byRow = !isGemm || view.int("transB", 0) !== 0; // whether a channel's weights lie side by side
  const inner = sizeOf(weights.shape) / outs;
  const channelOf = (i: number): number => (byRow ? Math.floor(i / inner) : i % outs);
  const biasAt = (m: number): number => given?.values[given.values.length === 1 ? 0 : m] ?? 0;
  return {
    weights: { ...weights, values: weights.values.map((w, i) => w * (scale[channelOf(i)] as number)) },
    bias: {
      type: weights.type,
      shape: [outs],
      values: shift.map((v, m) => v + beta * biasAt(m) * (scale[m] as number)),
    },
    attributes: isGemm ? new Map([...attributes, ["beta", float(1)]]) : attributes,
  };
}

/** The node with other constants, as what computes `output`. */
function withConstants(state: Foldable, node: AnalysedNode, product: Product, output: string): AnalysedNode {
  const { types, constants } = state;
  const added = ([what, tensor]: readonly [string, FloatTensor]): string => {
    let name = `${output}/${what}`;
    while (types.has(name)) name += "'";
    types.set(name, { type: tensor.type, shape: tensor.shape });
    constants.set(name, tensor);
    return name;
  };
  const inputs = [
    node.view.node.inputs[0] as string,
    added(["weights", product.weights]),
    added(["bias", product.bias]),
  ];
  const rewritten = { ...node.view.node, inputs, outputs: [output], attributes: product.attributes };
  return { ...node, output, view: viewOf(rewritten, node.view.opset, types, constants) };
}
