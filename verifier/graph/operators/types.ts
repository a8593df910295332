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

/** A look-up's parameters: what its operand is requantized to, and how its table's values are held. */
export interface LookupQuantization extends Quantization {
  /** Exponent and clamp of the operand: hi - lo + 1 entries, at most 2^16. */
  readonly input: { readonly exponent: number; readonly lo: number; readonly hi: number };
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
  /** Attributes, with their defaults; a value of another kind is refused. */
  int(name: string, fallback: number): number;
  float(name: string, fallback: number): number;
  ints(name: string): readonly number[] | undefined;
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
  /** Calibrated parameters of the node's look-up. */
  lookup(): LookupQuantization;
}

/** What a composite operator writes its expansion with. Inner nodes are checked and folded as they are added. */
export interface Expansion {
  /** Adds a constant and returns its name. */
  constant(values: ArrayLike<number>, shape: readonly number[], type?: ElementType): string;
  /** Adds a node of ai.onnx (the newest operator set) that reads values by name; returns the name of its first output. */
  node(operator: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string;
  /** As node, for the first `count` outputs. */
  nodes(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): readonly string[];
  /** Adds a node whose operator is none of ONNX; `label` names it. Returns the name of its only output. */
  own(operator: Operator, label: string, inputs: readonly string[]): string;
  /** Type of a value by name, the expanded node's inputs included. */
  type(name: string): ValueType;
  /** Whether anything reads output i of the expanded node. */
  wanted(i: number): boolean;
  /** A line for people: what the compiled node does not do, and why that changes nothing. */
  notice(line: string): void;
  /** Says which value output i of the expanded node is. */
  output(i: number, name: string): void;
}

/** An operator that is written in terms of others, in floating point: what it is made of is calibrated and lowered. */
export interface Composite {
  /** Adds the inner nodes and names every output that is wanted. Refuses what it cannot do. */
  expand(view: NodeView, expansion: Expansion): void;
}

/** An operator whose inputs decide how it is compiled: a quotient by a constant is a product, another a look-up. */
export type Choice = (view: NodeView) => Operator | Composite;

/** An operator that is lowered itself. */
export interface Operator {
  /** Types of the outputs. Refuses what `fold` (all inputs constant) or `lower` (otherwise) could not do. */
  infer(view: NodeView): readonly ValueType[];
  /** Whether `fold` reads types only: the outputs are constant even where the inputs are not. */
  readonly foldsTypes?: true;
  /** Values of the outputs when all inputs are constant: folding, and the float model that calibration observes. */
  fold(view: NodeView): readonly FloatTensor[];
  /** The real constants that `lower` quantizes, when it does: calibration chooses their exponent. */
  constants?(view: NodeView): ArrayLike<number>;
  /** Whether `lower` requantizes its output itself: calibration chooses exponent and width. */
  readonly requantizes?: true;
  /** Whether `lower` adds a table: calibration chooses what its operand and its values are rounded to. */
  readonly looksUp?: true;
  /** Adds the node to the integer graph and returns its output tensor, or one for each of several outputs. */
  lower(view: NodeView, lowering: Lowering): TensorId | readonly TensorId[];
}

/** A node that depends on the model's inputs: of the model, or of the expansion of a composite operator. */
export interface AnalysedNode {
  readonly view: NodeView;
  readonly operator: Operator;
  readonly output: string;
  /** The model's node that it comes from. */
  readonly source: OnnxNode;
}

/** Shape in the integer graph, which has no scalars. */
export const graphShape = (shape: readonly number[]): readonly number[] => (shape.length === 0 ? [1] : shape);

/** Attributes of inner nodes. */
export const int = (value: number): Attribute => ({ kind: "int", value });
export const float = (value: number): Attribute => ({ kind: "float", value });
export const ints = (value: readonly number[]): Attribute => ({ kind: "ints", value });
export const string = (value: string): Attribute => ({ kind: "string", value });
