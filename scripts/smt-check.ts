// SPDX-License-Identifier: GPL-3.0-or-later
// Has a solver prove the theorems about the market's arithmetic (test/assurance/SettlementMathProofs.sol).
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { explain, readExplanations } from "./assurance/explain.ts";
import { prove } from "./assurance/smt.ts";

const HELP = `Usage: ./dev smt [--json]

Proves with z3, for all arguments, every assertion of test/assurance/SettlementMathProofs.sol, and that no operation on the
way overflows, underflows or divides by zero. Exit code 1 if one is violated, not proved, or not reached, or if there is no
solver. What may stay unproved stands with its reason in test/assurance/smt.json (nothing does).

  --json    machine-readable`;

const THEOREMS = "test/assurance/SettlementMathProofs.sol";
const SOURCES = [THEOREMS, "contracts/market/SettlementMath.sol"];

const { values: options } = parseArgs({ options: { help: { type: "boolean" }, json: { type: "boolean" } } });
if (options.help) console.log(HELP);
else {
  const began = Date.now();
  const sources = Object.fromEntries(SOURCES.map((path) => [path, readFileSync(path, "utf8")]));
  const { proved, failures } = prove(sources, THEOREMS);
  const { explained, unexplained, unused } = explain(failures, readExplanations("test/assurance/smt.json"));
  const seconds = Math.round((Date.now() - began) / 100) / 10;
  if (options.json) console.log(JSON.stringify({ proved, explained, unexplained, unused, seconds }, null, 2));
  else {
    for (const failure of unexplained) console.error(`not proved: ${failure}`);
    for (const pattern of unused) console.error(`explains no failure: ${pattern}`);
    const count = (kind: string): number => proved.filter((check) => check.kind === kind).length;
    const operations = proved.length - count("assertion");
    console.log(`${count("assertion")} assertions and ${operations} operations proved in ${seconds} s`);
  }
  if (unexplained.length + unused.length > 0) process.exitCode = 1;
}
