// SPDX-License-Identifier: GPL-3.0-or-later
// What lowering a node works with: the program so far, and how each tensor is read.
import type { GraphNode, GraphTensor, TensorId } from "../../../graph/types.ts";
import type { View } from "../layout.ts";
import type { Draft } from "./draft.ts";
import type { Affine, Expression } from "./expressions.ts";
import type { Recipe } from "./witness.ts";

export interface Lowering {
  readonly draft: Draft;
  readonly tableBits: number;
  /** as sharedClamps */
  readonly clampBits: ReadonlyMap<string, number>;
  tensor(id: TensorId): GraphTensor;
  /** The honest values of a tensor. */
  values(id: TensorId): Recipe;
  /** Says what a tensor is. */
  define(id: TensorId, expression: Expression): void;
  /** A new column for a tensor. */
  defineColumn(id: TensorId, sizes: readonly number[]): View;
  /** The one node that reads a tensor; null where several do, or an output port. */
  onlyReader(id: TensorId): GraphNode | null;
  /** Whether it is known what a tensor is. */
  isDefined(id: TensorId): boolean;
  /** A tensor as terms of its reader's equation: expanded where nothing else reads it. */
  expression(id: TensorId): Expression;
  /** A tensor as a look-up reads it. */
  affine(id: TensorId): { readonly sizes: readonly number[]; readonly affine: Affine };
  /** A tensor as one column or input. */
  view(id: TensorId): View;
  /** A layout over which all can be read, of which some have become columns of it. */
  common(ids: readonly TensorId[]): { readonly sizes: readonly number[]; readonly expressions: readonly Expression[] };
  /** As common, each operand as one view. */
  views(ids: readonly TensorId[]): { readonly sizes: readonly number[]; readonly views: readonly View[] };
  /** 0 <= value < 2^bits in every real cell; `rows` are the honest values. */
  range(sizes: readonly number[], value: Affine, bits: number, rows: Recipe): void;
}
