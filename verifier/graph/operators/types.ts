// SPDX-License-Identifier: GPL-3.0-or-later
// What one ONNX operator is to the compiler: an entry of the registry.
import type { Attribute, ElementType, FloatTensor, OnnxNode } from "../../onnx/types.ts";
import type { GraphBuilder } from "../builder.ts";
import type { GraphTensor, TensorId } from "../types.ts";

/** Type and shape of a value of the float model. */
export interface ValueType {
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/** Fixed-point parameters of a group of constants or of a requantized tensor. */
export interface Quantization {
  readonly exponent: number;
  readonly bits: number;
}

/** Why a node cannot be compiled, and what would be accepted. Collected over all nodes into one ONNX_UNSUPPORTED. */
export class Refusal extends Error {}

/** Ends the analysis of a node: `why` names the attribute or input, and what would be accepted. */
export function refuse(why: string): never {
  throw new Refusal(why);
}

/** A node with what is known of its inputs. */
export interface NodeView {
  readonly node: OnnxNode;
  /** Version of the node's operator set. */
  readonly opset: number;
  /** Type of input i; refuses when it is omitted. */
  type(i: number): ValueType;
  /** Value of input i if it is constant, undefined if it depends on the model's inputs or is omitted. */
  constant(i: number): FloatTensor | undefined;
  /** Whether input i is given. */
  has(i: number): boolean;
  /** Attributes with their defaults; a value of another kind is refused. */
  int(name: string, fallback: number): number;
  float(name: string, fallback: number): number;
  attribute(name: string): Attribute | undefined;
}

/** What `lower` works with. */
export interface Lowering {
  readonly builder: GraphBuilder;
  /** The integer tensor of input i. */
  input(i: number): { readonly id: TensorId; readonly tensor: GraphTensor };
  /** Calibrated parameters of the node's constants. */
  constants(): Quantization;
  /** Calibrated parameters of the node's output. */
  quantization(): Quantization;
}

export interface Operator {
  /** Types of the outputs. Refuses what `fold` (all inputs constant) or `lower` (otherwise) could not do. */
  infer(view: NodeView): readonly ValueType[];
  /** Whether `fold` reads types only: the outputs are constant even where the inputs are not. */
  readonly foldsTypes?: true;
  /** Values of the outputs when all inputs are constant. */
  fold(view: NodeView): readonly FloatTensor[];
  /** The real constants that `lower` quantizes, when it does: calibration chooses their exponent. */
  constants?(view: NodeView): ArrayLike<number>;
  /** Whether `lower` requantizes its output itself: calibration chooses exponent and width. */
  readonly requantizes?: true;
  /** Adds the node to the integer graph and returns its output tensor, or one for each of several outputs. */
  lower(view: NodeView, lowering: Lowering): TensorId | readonly TensorId[];
}

/** Shape in the integer graph, which has no scalars. */
export const graphShape = (shape: readonly number[]): readonly number[] => (shape.length === 0 ? [1] : shape);
