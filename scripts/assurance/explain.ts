// SPDX-License-Identifier: GPL-3.0-or-later
// Findings that are meant to be there, each with its reason, in checked-in files: a JSON object of patterns and reasons.
// A `*` stands for any text. A pattern that fits nothing is as wrong as a finding without one.
import { existsSync, readFileSync } from "node:fs";

export type Explanations = Readonly<Record<string, string>>;

export interface Explained {
  /** Finding -> reason. */
  readonly explained: Readonly<Record<string, string>>;
  readonly unexplained: readonly string[];
  /** Patterns that fit no finding. */
  readonly unused: readonly string[];
}

/** Reads a file of explanations; a reason must say something. */
export function readExplanations(path: string): Explanations {
  if (!existsSync(path)) return {};
  const read: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (typeof read !== "object" || read === null) throw new Error(`${path}: not an object`);
  for (const [pattern, reason] of Object.entries(read))
    if (typeof reason !== "string" || reason.trim().length < 20) throw new Error(`${path}: no reason for ${pattern}`);
  return read as Explanations;
}

const matcher = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split("*")
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
    "s",
  );

/** Splits findings into those that a pattern explains and the rest; exact patterns come before those with a `*`. */
export function explain(findings: readonly string[], explanations: Explanations): Explained {
  const explained: Record<string, string> = {};
  const unexplained: string[] = [];
  const used = new Set<string>();
  const patterns = Object.keys(explanations).map((pattern) => ({ pattern, regexp: matcher(pattern) }));
  for (const finding of findings) {
    const fitting =
      finding in explanations
        ? [finding]
        : patterns.filter(({ regexp }) => regexp.test(finding)).map(({ pattern }) => pattern);
    const [first] = fitting;
    if (first === undefined) unexplained.push(finding);
    else explained[finding] = explanations[first] ?? "";
    if (first !== undefined) used.add(first);
  }
  return {
    explained,
    unexplained,
    unused: patterns.map(({ pattern }) => pattern).filter((pattern) => !used.has(pattern)),
  };
}
