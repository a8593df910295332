// SPDX-License-Identifier: GPL-3.0-or-later
// The mutation operators: which small mistakes can be made in a Solidity file. Pure.
import { child, children, rangeOf, text, typeOf, walk, type AstNode, type Range } from "./ast.ts";

/** What each operator does, as `--help` and docs/assurance.md tell it. */
export const OPERATORS = {
  comparison: "a boundary moves (< and <=, > and >=) or an equality turns round",
  logic: "&& and || change places, one side of them is left out, or a ! is dropped",
  arithmetic: "+ and -, * and /, << and >>, & and | change places; += becomes -= or =",
  constant: "a number, or the use of a named constant, is one more; true and false change places",
  member: "another member of the same enum, or another field of the same type of the same struct",
  removal: "a call, an assignment, an event, a revert or a return is left out",
  branch: "a condition that is not a refusal always, or never, holds",
  ternary: "the two results of ?: change places",
  arguments: "two neighbouring arguments of one type change places",
  modifier: "a modifier (a lock, an owner) is left out",
  assembly: "inline assembly: an operation is another, a number is one more, a statement is left out",
} as const;

export type Operator = keyof typeof OPERATORS;

export interface Mutant {
  /** Names the mutant in reports and explanations; survives edits elsewhere in the file. */
  readonly key: string;
  readonly file: string;
  /** `Contract.function`, or the contract alone. */
  readonly where: string;
  readonly line: number;
  readonly operator: Operator;
  /** What is replaced, and how a weaver can make it switchable. */
  readonly range: Range;
  readonly level: "expression" | "statement" | "modifier";
  readonly replacement: string;
  /** The change, for people. */
  readonly from: string;
  readonly to: string;
}

const COMPARISON: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "==": "!=",
  "!=": "==",
};
const ARITHMETIC: Readonly<Record<string, string>> = {
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "<<": ">>",
  ">>": "<<",
  "&": "|",
  "|": "&",
  "^": "&",
};
const YUL: Readonly<Record<string, string>> = {
  add: "sub",
  sub: "add",
  mul: "add",
  div: "mul",
  lt: "gt",
  gt: "lt",
  eq: "gt",
  and: "or",
  or: "and",
  shl: "shr",
  shr: "shl",
};
const STATEMENTS = new Set(["ExpressionStatement", "EmitStatement", "RevertStatement", "Return"]);

/** Statements whose call is not a value, so that only the whole statement can be switched. */
const CALLERS = new Set(["ExpressionStatement", "EmitStatement", "RevertStatement", "TryStatement"]);

/** So many arguments that the compiler only just finds room for them on the stack. */
const MANY = 10;

/** abi.encode(...), which a weaver can cut into pieces. */
const isEncoding = (node: AstNode): boolean =>
  text(child(node, "expression"), "memberName") === "encode" &&
  typeOf(child(child(node, "expression"), "expression")) === "abi";

/**
 * The long abi.encode calls of a file, as bytes.concat of shorter ones: the same bytes where every type is static, with
 * room on the stack for switches. Ranges and what to write in their place.
 */
export function shorterEncodings(source: string, tree: AstNode): { range: Range; code: string }[] {
  const edits: { range: Range; code: string }[] = [];
  walk(tree, (node) => {
    const args = children(node, "arguments");
    if (node.nodeType !== "FunctionCall" || args.length <= MANY || !isEncoding(node)) return;
    if (args.some((argument) => /bytes$|bytes |string|\[|struct/.test(typeOf(argument)))) return;
    const { start } = rangeOf(node);
    edits.push({ range: { start, end: start }, code: "bytes.concat(" });
    const name = source.slice(start, rangeOf(child(node, "expression") ?? node).end);
    for (let i = MANY / 2; i < args.length; i += MANY / 2) {
      const [before, after] = [args[i - 1], args[i]];
      if (before && after)
        edits.push({ range: { start: rangeOf(before).end, end: rangeOf(after).start }, code: `), ${name}(` });
    }
    const { end } = rangeOf(node);
    edits.push({ range: { start: end, end }, code: ")" });
  });
  return edits;
}

const squeeze = (source: string): string => source.replace(/\s+/g, " ").trim();

/**
 * Every mutant of one file.
 * @param source the file's bytes as a binary (latin1) string, so that an index is a byte
 * @param tree its syntax tree
 * @param byId declarations of all files, for constants, enums and structs
 */
export function mutantsOf(
  file: string,
  source: string,
  tree: AstNode,
  byId: ReadonlyMap<number, AstNode>,
): readonly Mutant[] {
  const found: Mutant[] = [];
  const seen = new Map<string, number>();
  const slice = (range: Range): string => source.slice(range.start, range.end);
  const of = (node: AstNode): string => slice(rangeOf(node));

  const add = (
    operator: Operator,
    ancestors: readonly AstNode[],
    range: Range,
    level: Mutant["level"],
    replacement: string,
    from: string,
    to: string,
  ): void => {
    const names = ancestors
      .filter(({ nodeType }) => /^(Contract|Function|Modifier)Definition$/.test(nodeType))
      .map((node) => text(node, "name") || text(node, "kind"));
    const where = names.join(".");
    const change = `${where} ${operator}: ${squeeze(from)} -> ${to === "" ? "(nothing)" : squeeze(to)}`;
    const times = (seen.get(change) ?? 0) + 1;
    seen.set(change, times);
    const line = source.slice(0, range.start).split("\n").length;
    const key = times === 1 ? change : `${change} #${times}`;
    found.push({ key, file, where, line, operator, range, level, replacement, from: squeeze(from), to: squeeze(to) });
  };

  /** An expression becomes another one. Beside many arguments a switch would not fit on the stack. */
  const expression = (operator: Operator, ancestors: readonly AstNode[], node: AstNode, to: string): void => {
    const crowded = ancestors.findIndex((outer) => children(outer, "arguments").length > MANY && !isEncoding(outer));
    const statement = ancestors.slice(0, Math.max(crowded, 0)).findLast(({ nodeType }) => STATEMENTS.has(nodeType));
    if (statement !== undefined) within(operator, ancestors, statement, rangeOf(node), to);
    else add(operator, ancestors, rangeOf(node), "expression", to, of(node), to);
  };

  /** A piece of a statement changes; the whole statement is what is switched. */
  const within = (
    operator: Operator,
    ancestors: readonly AstNode[],
    statement: AstNode,
    piece: Range,
    to: string,
  ): void => {
    const whole = rangeOf(statement);
    const changed = source.slice(whole.start, piece.start) + to + source.slice(piece.end, whole.end);
    add(operator, ancestors, whole, "statement", changed, slice(piece), to);
  };

  walk(tree, (node, ancestors) => {
    const parent = ancestors.at(-1);
    switch (node.nodeType) {
      case "ImportDirective":
      case "PragmaDirective":
      case "StructuredDocumentation":
      case "EnumDefinition":
      case "StructDefinition":
      case "ErrorDefinition":
      case "EventDefinition":
      case "ParameterList":
      case "InheritanceSpecifier":
      case "OverrideSpecifier":
      case "UsingForDirective":
        return false;
      case "VariableDeclaration":
        // What a constant is, is mutated where it is used.
        return node["constant"] !== true;
      case "ContractDefinition":
        return text(node, "contractKind") !== "interface";
      case "BinaryOperation":
        binary(node, ancestors);
        return true;
      case "UnaryOperation":
        if (text(node, "operator") === "!")
          expression("logic", ancestors, node, of(child(node, "subExpression") ?? node));
        return true;
      case "Assignment": {
        const operator = text(node, "operator");
        if (parent?.nodeType !== "ExpressionStatement" || operator === "=") return true;
        const left = rangeOf(child(node, "leftHandSide") ?? node);
        const piece = { start: left.end, end: rangeOf(child(node, "rightHandSide") ?? node).start };
        for (const to of [operator === "+=" ? "-=" : operator === "-=" ? "+=" : undefined, "="])
          if (to !== undefined) within("arithmetic", ancestors, parent, piece, ` ${to} `);
        return true;
      }
      case "Literal":
        literal(node, ancestors);
        return true;
      case "Identifier":
        named(node, ancestors);
        return true;
      case "MemberAccess":
        member(node, ancestors);
        return true;
      case "FunctionCall":
        call(node, ancestors);
        return true;
      case "Conditional": {
        const [yes, no] = [child(node, "trueExpression"), child(node, "falseExpression")];
        if (yes && no)
          expression("ternary", ancestors, node, `(${of(child(node, "condition") ?? node)} ? ${of(no)} : ${of(yes)})`);
        return true;
      }
      case "IfStatement":
        branch(node, ancestors);
        return true;
      case "ModifierInvocation": {
        const name = text(child(node, "modifierName"), "name");
        const isModifier = byId.get(child(node, "modifierName")?.["referencedDeclaration"] as number);
        if (isModifier?.nodeType === "ModifierDefinition")
          add("modifier", ancestors, rangeOf(node), "modifier", "", name, "");
        return false;
      }
      case "InlineAssembly":
        assembly(node, ancestors);
        return false;
      default:
        if (STATEMENTS.has(node.nodeType) && removable(node, ancestors))
          add("removal", ancestors, rangeOf(node), "statement", "", of(node), "");
        return true;
    }
  });
  return found;

  /**
   * The step of a loop stays (without it the loop is endless), so does a return that returns nothing, and so does what may
   * set a reference that the compiler insists on.
   */
  function removable(node: AstNode, ancestors: readonly AstNode[]): boolean {
    const parent = ancestors.at(-1);
    const returned = ancestors
      .filter(({ nodeType }) => nodeType === "FunctionDefinition")
      .flatMap((definition) => children(child(definition, "returnParameters"), "parameters"));
    if (
      returned.some((variable) => ["storage", "calldata"].includes(text(variable, "storageLocation"))) &&
      (node.nodeType === "Return" || child(node, "expression")?.nodeType === "Assignment")
    )
      return false;
    if (parent?.nodeType === "ForStatement" && child(parent, "loopExpression") === node) return false;
    return node.nodeType !== "Return" || child(node, "expression") !== undefined;
  }

  function binary(node: AstNode, ancestors: readonly AstNode[]): void {
    const operator = text(node, "operator");
    const [left, right] = [child(node, "leftExpression"), child(node, "rightExpression")];
    if (left === undefined || right === undefined) return;
    const other = (to: string): string => `${of(left)} ${to} ${of(right)}`;
    if (operator === "&&" || operator === "||") {
      expression("logic", ancestors, node, other(operator === "&&" ? "||" : "&&"));
      expression("logic", ancestors, node, of(left));
      expression("logic", ancestors, node, of(right));
    }
    const compared = COMPARISON[operator];
    // Leaving a refusal out, and branches that are always or never taken, say the same of a whole condition.
    const isCondition = ancestors.at(-1)?.nodeType === "IfStatement" && (operator === "==" || operator === "!=");
    if (compared !== undefined && !isCondition) expression("comparison", ancestors, node, other(compared));
    const computed = ARITHMETIC[operator];
    if (computed !== undefined) expression("arithmetic", ancestors, node, other(computed));
  }

  function literal(node: AstNode, ancestors: readonly AstNode[]): void {
    const parent = ancestors.at(-1);
    // Numbers in a conversion are mutated with it; names of types and of list lengths are no values.
    if (parent?.nodeType === "FunctionCall" && text(parent, "kind") === "typeConversion") return;
    if (parent?.nodeType === "ArrayTypeName") return;
    const kind = text(node, "kind");
    if (kind === "bool") expression("constant", ancestors, node, text(node, "value") === "true" ? "false" : "true");
    if (kind === "number") expression("constant", ancestors, node, String(BigInt(of(node).replaceAll("_", "")) + 1n));
  }

  /** The use of a named whole number. */
  function named(node: AstNode, ancestors: readonly AstNode[]): void {
    const declaration = byId.get(node["referencedDeclaration"] as number);
    if (declaration?.nodeType !== "VariableDeclaration" || declaration["constant"] !== true) return;
    if (/^u?int\d*$/.test(typeOf(node))) expression("constant", ancestors, node, `(${of(node)} + 1)`);
  }

  function member(node: AstNode, ancestors: readonly AstNode[]): void {
    if (node["lValueRequested"] === true) return;
    const declaration = byId.get(node["referencedDeclaration"] as number);
    const base = child(node, "expression");
    if (declaration === undefined || base === undefined) return;
    const next = (list: readonly AstNode[]): AstNode | undefined => {
      const at = list.findIndex(({ id }) => id === declaration.id);
      return list.length < 2 || at < 0 ? undefined : list[(at + 1) % list.length];
    };
    if (declaration.nodeType === "EnumValue") {
      const owner = byId.get(base["referencedDeclaration"] as number);
      const other = next(children(owner, "members"));
      if (other !== undefined) expression("member", ancestors, node, `${of(base)}.${text(other, "name")}`);
    }
    const owner = byId.get(declaration["scope"] as number);
    if (declaration.nodeType === "VariableDeclaration" && owner?.nodeType === "StructDefinition") {
      const alike = children(owner, "members").filter((field) => typeOf(field) === typeOf(declaration));
      const other = next(alike);
      if (other !== undefined) expression("member", ancestors, node, `${of(base)}.${text(other, "name")}`);
    }
  }

  function call(node: AstNode, ancestors: readonly AstNode[]): void {
    const args = children(node, "arguments");
    const [only] = args;
    if (text(node, "kind") === "typeConversion") {
      if (only?.nodeType !== "Literal" || text(only, "kind") !== "number") return;
      const to = `${of(child(node, "expression") ?? node)}(${BigInt(of(only).replaceAll("_", "")) + 1n})`;
      expression("constant", ancestors, node, to);
      return;
    }
    const statement = ancestors.at(-1);
    if (args.length > MANY) return;
    for (const [i, first] of args.entries()) {
      const second = args.slice(i + 1).find((other) => typeOf(other) === typeOf(first));
      if (second === undefined || of(first) === of(second) || typeOf(first).includes("literal")) continue;
      const [a, b] = [rangeOf(first), rangeOf(second)];
      const swapped = of(second) + source.slice(a.end, b.start) + of(first);
      const piece = { start: a.start, end: b.end };
      if (statement !== undefined && CALLERS.has(statement.nodeType)) {
        within("arguments", ancestors, statement, piece, swapped);
      } else if (!typeOf(node).startsWith("tuple(")) {
        const whole = rangeOf(node);
        const changed = source.slice(whole.start, a.start) + swapped + source.slice(b.end, whole.end);
        expression("arguments", ancestors, node, changed);
      }
    }
  }

  /** A refusal's condition is covered by leaving the revert out. */
  function branch(node: AstNode, ancestors: readonly AstNode[]): void {
    const [condition, body] = [child(node, "condition"), child(node, "trueBody")];
    if (condition === undefined || body === undefined) return;
    const only = body.nodeType === "Block" ? children(body, "statements") : [body];
    if (only.length === 1 && only[0]?.nodeType === "RevertStatement") return;
    expression("branch", ancestors, condition, "true");
    expression("branch", ancestors, condition, "false");
  }

  function assembly(block: AstNode, ancestors: readonly AstNode[]): void {
    const yul = child(block, "AST");
    if (yul === undefined) return;
    walk(yul, (node, above) => {
      const range = rangeOf(node);
      // The step of a loop stays, but for its numbers.
      const inStep = above.some(
        (outer, i) => outer.nodeType === "YulForLoop" && child(outer, "post") === (above[i + 1] ?? node),
      );
      if (node.nodeType === "YulFunctionCall" && !inStep) {
        const name = child(node, "functionName");
        const to = YUL[text(name, "name")];
        if (name !== undefined && to !== undefined) within("assembly", ancestors, block, rangeOf(name), to);
        if (text(name, "name") === "iszero")
          within("assembly", ancestors, block, range, of(children(node, "arguments")[0] ?? node));
      }
      if (node.nodeType === "YulLiteral" && text(node, "kind") === "number")
        within("assembly", ancestors, block, range, String(BigInt(of(node)) + 1n));
      if ((node.nodeType === "YulExpressionStatement" || node.nodeType === "YulAssignment") && !inStep)
        within("assembly", ancestors, block, range, "");
    });
  }
}
