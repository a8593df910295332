// SPDX-License-Identifier: GPL-3.0-or-later
// Solidity's own model checker over pure functions: every assertion of a file of theorems, and every operation on the
// way, for all arguments.
import { compile, type SolcError, type SolcInput } from "./solc.ts";

export interface Check {
  /** "assertion", "overflow", "underflow" or "division". */
  readonly kind: string;
  readonly file: string;
  readonly line: number;
  readonly source: string;
}

export interface SmtOutcome {
  readonly proved: readonly Check[];
  /** Whatever else the solver said: what is violated, not proved, not understood, or not looked at. */
  readonly failures: readonly string[];
}

/** Says that the engine will go in some later compiler; this one is pinned. */
const DEPRECATION = "3993";
const PROVED = "2961";
const KINDS: Readonly<Record<string, string>> = {
  Assertion: "assertion",
  Overflow: "overflow",
  Underflow: "underflow",
  Division: "division",
};

/**
 * Has z3 (inside the npm compiler) prove what a file says. The bounded engine is complete here: the functions have no
 * loops and no state, so one unrolling is all there is; the unbounded engine does not finish on products and quotients.
 * @param sources by path; imports are found among them
 * @param theorems the path of the file whose contracts hold the theorems
 * @param solvers for tests: the solvers to use
 */
export function prove(
  sources: Readonly<Record<string, string>>,
  theorems: string,
  solvers: readonly string[] = ["z3"],
): SmtOutcome {
  const source = sources[theorems] ?? "";
  const contracts = [...source.matchAll(/^contract (\w+)/gm)].map(([, name]) => name);
  const input: SolcInput = {
    language: "Solidity",
    sources: Object.fromEntries(Object.entries(sources).map(([path, content]) => [path, { content }])),
    settings: {
      modelChecker: {
        engine: "bmc",
        solvers,
        targets: ["assert", "overflow", "underflow", "divByZero"],
        contracts: { [theorems]: contracts },
        showProvedSafe: true,
        showUnproved: true,
        showUnsupported: true,
      },
      outputSelection: {},
    },
  };
  const proved: Check[] = [];
  const failures: string[] = [];
  for (const found of compile(input, [theorems]).errors ?? []) {
    if (found.errorCode === DEPRECATION) continue;
    const kind = KINDS[/^BMC: (\w+)/.exec(found.message)?.[1] ?? ""];
    const { file, line, snippet } = place(found, sources);
    if (found.errorCode === PROVED && kind !== undefined) proved.push({ kind, file, line, source: snippet });
    else failures.push(`${file}: ${found.message.split("\n")[0]} (${snippet})`);
  }
  // An assertion that the solver does not mention is one that it never reached.
  const assertions = [...source.matchAll(/\bassert\(/g)].length;
  const seen = proved.filter(({ kind, file }) => kind === "assertion" && file === theorems).length;
  if (assertions === 0) failures.push(`${theorems}: no assertion`);
  if (seen < assertions && failures.length === 0)
    failures.push(`${theorems}: ${seen} of ${assertions} assertions proved`);
  return { proved, failures };
}

function place(
  found: SolcError,
  sources: Readonly<Record<string, string>>,
): { file: string; line: number; snippet: string } {
  const at = found.sourceLocation;
  if (at === undefined) return { file: "-", line: 0, snippet: "" };
  const bytes = Buffer.from(sources[at.file] ?? "", "utf8");
  const line = bytes.subarray(0, at.start).toString("utf8").split("\n").length;
  return { file: at.file, line, snippet: bytes.subarray(at.start, at.end).toString("utf8").replace(/\s+/g, " ") };
}
