// SPDX-License-Identifier: GPL-3.0-or-later
// solc's syntax tree, as far as the mutation operators read it. Offsets count bytes of UTF-8.

/** A node of the Solidity or (inside InlineAssembly) of the Yul tree. */
export interface AstNode {
  readonly id?: number;
  readonly nodeType: string;
  readonly src: string;
  readonly [field: string]: unknown;
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

export const isNode = (value: unknown): value is AstNode =>
  typeof value === "object" && value !== null && "nodeType" in value && "src" in value;

/** Where a node stands in its file. */
export function rangeOf(node: AstNode): Range {
  const [start = 0, length = 0] = node.src.split(":").map(Number);
  return { start, end: start + length };
}

/** A field that holds one node, or undefined. */
export function child(node: AstNode | undefined, field: string): AstNode | undefined {
  const value = node?.[field];
  return isNode(value) ? value : undefined;
}

/** A field that holds a list of nodes; absent or holey lists give what is there. */
export function children(node: AstNode | undefined, field: string): AstNode[] {
  const value = node?.[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** A field that holds a string, or "". */
export function text(node: AstNode | undefined, field: string): string {
  const value = node?.[field];
  return typeof value === "string" ? value : "";
}

/** The type that the compiler gave an expression, as it prints it ("uint256", "struct Request calldata"). */
export function typeOf(node: AstNode | undefined): string {
  const types = node?.["typeDescriptions"] as { typeString?: string } | undefined;
  return types?.typeString ?? "";
}

/** Visits a tree in source order, parents first. `enter` returns false to leave a node's children out. */
export function walk(
  node: AstNode,
  enter: (node: AstNode, ancestors: readonly AstNode[]) => boolean | void,
  ancestors: readonly AstNode[] = [],
): void {
  if (enter(node, ancestors) === false) return;
  const below = [...ancestors, node];
  const nested = Object.values(node)
    .flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value]))
    .filter(isNode)
    .sort((a, b) => rangeOf(a).start - rangeOf(b).start);
  for (const inner of nested) walk(inner, enter, below);
}

/** Every node of every tree that has an id, by it: what `referencedDeclaration` points to. */
export function declarations(trees: readonly AstNode[]): ReadonlyMap<number, AstNode> {
  const found = new Map<number, AstNode>();
  for (const tree of trees)
    walk(tree, (node) => {
      if (typeof node.id === "number") found.set(node.id, node);
    });
  return found;
}
