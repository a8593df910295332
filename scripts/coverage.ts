// SPDX-License-Identifier: GPL-3.0-or-later
// Line and statement coverage of the contracts that hold money, by the Solidity tests. Hardhat's own --coverage compiles
// every test anew beside the contracts; here the compiled tests run as they are, against contracts that say what ran.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { coverageLibrary, instrument, loadBench, type Statement } from "./assurance/bench.ts";
import { coverageOf, type FileCoverage } from "./assurance/coverage.ts";
import { explain, readExplanations } from "./assurance/explain.ts";
import {
  changedSince,
  compileContracts,
  moneyContracts,
  moneySources,
  moneyTests,
  type Sources,
} from "./assurance/scope.ts";

const HELP = `Usage: ./dev coverage [--check] [--no-compile] [--json]

Runs the Solidity tests of the market against contracts whose every statement says that it ran, and writes bench/coverage.json.
Exit code 1 unless every statement and every line of contracts/market and of the router ran, or test/assurance/coverage.json
says why one cannot. Branches are the mutation suite's (./dev mutate).

  --check       runs nothing: is the report about these sources, and is all that never ran explained? A stale report is told,
                and is no failure
  --no-compile  takes contracts and tests as they were built last
  --json        the report on the standard output too`;

const REPORT = "bench/coverage.json";
const EXPLANATIONS = "test/assurance/coverage.json";
const say = (line: string): void => console.error(line);
const { values: options } = parseArgs({
  options: {
    help: { type: "boolean" },
    check: { type: "boolean" },
    json: { type: "boolean" },
    "no-compile": { type: "boolean" },
  },
});

interface Share {
  readonly hit: number;
  readonly of: number;
}

interface Report {
  readonly date: string;
  readonly sources: Sources;
  readonly totals: { readonly statements: Share; readonly lines: Share };
  readonly files: Readonly<Record<string, FileCoverage>>;
  readonly explained: Readonly<Record<string, string>>;
  readonly unexplained: readonly string[];
}

const missedOf = (files: Report["files"]): readonly string[] =>
  Object.entries(files).flatMap(([file, { missed }]) => missed.map((found) => `${file}: ${found}`));

/** Tells how the report stands with the explanations. */
function judge({ totals, files }: Pick<Report, "totals" | "files">): Pick<Report, "explained" | "unexplained"> {
  const { explained, unexplained, unused } = explain(missedOf(files), readExplanations(EXPLANATIONS));
  for (const found of unexplained) say(`never ran: ${found}`);
  for (const pattern of unused) say(`explains nothing that never ran: ${pattern}`);
  if (totals.statements.of === 0 || unexplained.length + unused.length > 0) process.exitCode = 1;
  return { explained, unexplained };
}

/** Is the report in the repository about what is in the repository? */
function check(): void {
  if (!existsSync(REPORT)) {
    say("warning: no coverage report yet: run ./dev coverage");
    return;
  }
  const report = JSON.parse(readFileSync(REPORT, "utf8")) as Report;
  const stale = changedSince(report.sources);
  if (stale.length > 0)
    say(`warning: the coverage report of ${report.date} is older than ${stale.join(", ")}: run ./dev coverage`);
  const { unexplained } = judge(report);
  if (options.json)
    console.log(JSON.stringify({ date: report.date, totals: report.totals, stale, unexplained }, null, 2));
}

async function measure(): Promise<Readonly<Record<string, FileCoverage>>> {
  const bench = await loadBench(moneyTests(), options["no-compile"]);
  const work = await moneyContracts();
  const library = coverageLibrary();
  const sources = { ...work.input.sources, [library.name]: { content: library.content } };
  const statements = new Map<string, readonly Statement[]>();
  for (const [file, name] of work.names) {
    const instrumented = instrument(work.input.sources[name]?.content ?? "", name);
    statements.set(file, instrumented.statements);
    sources[name] = { content: instrumented.source };
  }
  const substitutes = compileContracts(work, sources);
  const hit = new Set<string>();
  const run = { substitutes, fuzzRuns: 64, invariantRuns: 8, invariantDepth: 32 };
  for (const suite of bench.suites) {
    const [outcome] = await bench.run([suite], { ...run, onHit: (marker) => hit.add(marker) });
    if (outcome === undefined || outcome.passed === 0) throw new Error(`${suite}: no test passed`);
    // What code costs, or how long it is, is not what is asked here.
    for (const { test, reason } of outcome.failures) say(`fails when instrumented: ${suite} ${test}: ${reason}`);
  }
  return Object.fromEntries(
    [...statements].map(([file, list]) => [file, coverageOf(readFileSync(file, "utf8"), list, hit)]),
  );
}

async function main(): Promise<void> {
  const files = await measure();
  const sum = (pick: (file: FileCoverage) => number): number =>
    Object.values(files).reduce((n, file) => n + pick(file), 0);
  const totals = {
    statements: { hit: sum((file) => file.statements.hit), of: sum((file) => file.statements.of) },
    lines: { hit: sum((file) => file.lines.hit), of: sum((file) => file.lines.of) },
  };
  const date = new Date().toISOString().slice(0, 10);
  const report: Report = { date, sources: moneySources(), totals, files, ...judge({ totals, files }) };
  writeFileSync(REPORT, `${JSON.stringify(report, null, 2)}\n`);
  if (options.json) console.log(JSON.stringify(report, null, 2));
  const share = ({ hit, of }: Share): string => `${hit} of ${of}`;
  say(
    `coverage: ${share(totals.statements)} statements, ${share(totals.lines)} lines; ${report.unexplained.length} unexplained`,
  );
}

if (options.help) console.log(HELP);
else if (options.check) check();
else await main();
