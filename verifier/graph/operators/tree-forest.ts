// SPDX-License-Identifier: GPL-3.0-or-later
// Trees over integers: thresholds become bounds on the operand's grid, and tests that its range decides are gone.
import { leafOf, type Branch, type Ensemble, type TreeNode } from "./tree-ensemble.ts";
import type { GraphTensor } from "../types.ts";

/** x <= bound, or x = bound. */
export interface IntegerTest {
  readonly feature: number;
  readonly bound: bigint;
  readonly equal: boolean;
}

export interface ForestBranch {
  readonly tree: number;
  /** Index into Forest.tests. */
  readonly test: number;
  /** Where it hangs: a branch of the level above, and on which side; 0 and "no" at a root. */
  readonly parent: number;
  readonly side: "yes" | "no";
  /** The leaf reached if the test holds and no test below it does; and if neither it nor one below does. */
  readonly yesLeaf: number;
  readonly noLeaf: number;
}

export interface Forest {
  /** Distinct tests. */
  readonly tests: readonly IntegerTest[];
  /** Branches by depth, roots first. */
  readonly levels: readonly (readonly ForestBranch[])[];
  /** Of each tree: the leaf reached if no test holds. */
  readonly leaves: readonly number[];
}

interface Range {
  readonly lo: bigint;
  readonly hi: bigint;
}

/**
 * The ensemble on operands q in [lo, hi] that stand for q * 2^-exponent. Exact: a test of the forest holds on q just
 * when the ensemble's holds on that number, since x <= t means q <= floor(t * 2^exponent).
 */
export function integerForest(
  { roots, branches }: Ensemble,
  operand: Pick<GraphTensor, "exponent" | "lo" | "hi">,
): Forest {
  const tests: IntegerTest[] = [];
  const known = new Map<string, number>();
  const levels: ForestBranch[][] = [];
  const ranges = new Map<number, Range>(); // of features, on the path to where we are
  const within = <T>(feature: number, range: Range, work: () => T): T => {
    const outside = ranges.get(feature);
    ranges.set(feature, range);
    const result = work();
    if (outside === undefined) ranges.delete(feature);
    else ranges.set(feature, outside);
    return result;
  };
  const numberOf = (test: IntegerTest): number => {
    const key = `${test.feature} ${test.equal} ${test.bound}`;
    const at = known.get(key) ?? tests.push(test) - 1;
    known.set(key, at);
    return at;
  };
  /** Adds what is left of a subtree; returns the leaf reached if none of its tests holds. */
  const visit = (node: TreeNode, tree: number, depth: number, parent: number, side: "yes" | "no"): number => {
    const branch = branches[node];
    if (branch === undefined) return leafOf(node);
    const { feature, yes, no } = branch;
    const range = ranges.get(feature) ?? operand;
    const test = boundOf(branch, operand.exponent, range);
    if (typeof test === "boolean") return visit(test ? yes : no, tree, depth, parent, side);
    const level = (levels[depth] ??= []);
    const at = level.push({ tree, test: numberOf(test), parent, side, yesLeaf: 0, noLeaf: 0 }) - 1;
    const { bound, equal } = test;
    const held = equal ? { lo: bound, hi: bound } : { lo: range.lo, hi: bound };
    const failed = equal ? range : { lo: bound + 1n, hi: range.hi };
    const yesLeaf = within(feature, held, () => visit(yes, tree, depth + 1, at, "yes"));
    const noLeaf = within(feature, failed, () => visit(no, tree, depth + 1, at, "no"));
    level[at] = { ...(level[at] as ForestBranch), yesLeaf, noLeaf };
    return noLeaf;
  };
  const leaves = roots.map((root, tree) => visit(root, tree, 0, 0, "no"));
  return { tests, levels, leaves };
}

/** A branch's test on integers of a range, or what it comes to where the range decides it. */
function boundOf({ feature, threshold, test }: Branch, exponent: number, { lo, hi }: Range): IntegerTest | boolean {
  const scaled = threshold * 2 ** exponent; // exact: a power of two
  if (scaled === Infinity || scaled === -Infinity) return test !== "EQ" && scaled > 0;
  if (test === "EQ" && !Number.isInteger(scaled)) return false;
  const bound = BigInt(Math.floor(scaled)) - (test === "LT" && Number.isInteger(scaled) ? 1n : 0n);
  if (test === "EQ") return bound < lo || bound > hi ? false : lo === hi || { feature, bound, equal: true };
  return bound >= hi ? true : bound < lo ? false : { feature, bound, equal: false };
}
