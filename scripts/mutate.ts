// SPDX-License-Identifier: GPL-3.0-or-later
// Mutation testing: makes every small mistake that the operators know in the contracts that hold money, one at a time, and
// asks of each which test fails. One that no test notices must be explained in test/assurance/mutants.json.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadBench, type Bench, type RunOptions, type TestFailure } from "./assurance/bench.ts";
import { explain, readExplanations } from "./assurance/explain.ts";
import { OPERATORS } from "./assurance/mutants.ts";
import { moneyFiles, moneyTests } from "./assurance/scope.ts";
import { weaveAll } from "./assurance/weaving.ts";
import { markerOf, RECORDING, type Numbered } from "./assurance/weave.ts";

const HELP = `Usage: ./dev mutate [--only TEXT] [--list] [--check] [--fresh] [--no-compile] [--json]

Without options: every mutant against the tests; the report is bench/snapshots/mutation.json. A run that was cut off goes
on where it stopped. Exit code 1 if a mutant survives without an explanation, or an explanation fits no survivor.

  --only TEXT   mutants whose name contains TEXT; writes no report
  --list        names the mutants and runs none
  --check       runs none: is the report about these sources, and is every survivor in it explained? A stale report is
                told, and is no failure
  --fresh       forgets what earlier runs found
  --no-compile  takes contracts and tests as they were built last
  --json        machine-readable

Operators:
${Object.entries(OPERATORS)
  .map(([name, what]) => `  ${name.padEnd(12)}${what}`)
  .join("\n")}`;

const REPORT = "bench/snapshots/mutation.json";
const EXPLANATIONS = "test/assurance/mutants.json";
const PROGRESS = "cache/mutation.json";

/** Fewer runs than the tests' own: what these do not notice is asked again with more. */
const QUICK = { fuzzRuns: 64, invariantRuns: 2, invariantDepth: 32, gasLimit: 1_000_000_000n, timeout: 20 };
const THOROUGH = { fuzzRuns: 1_000, invariantRuns: 4, invariantDepth: 32, gasLimit: 1_000_000_000n, timeout: 60 };

/** Mutants woven into one compilation: its time grows faster than their number. */
const AT_A_TIME = 300;

type Status = "killed" | "survived" | "unreached";

interface Verdict {
  readonly status: Status;
  /** The test that failed. */
  readonly by?: string;
}

interface Report {
  readonly date: string;
  /** SHA-256 by file. */
  readonly sources: Readonly<Record<string, string>>;
  readonly totals: Readonly<Record<string, number>>;
  readonly perOperator: Readonly<Record<string, { readonly killed: number; readonly of: number }>>;
  readonly seconds: number;
  /** Mutants that are alive, with why they may be. */
  readonly explained: Readonly<Record<string, string>>;
  readonly unexplained: readonly string[];
}

const sha256 = (content: string): string => createHash("sha256").update(content).digest("hex");
const hashes = (files: readonly string[]): Record<string, string> =>
  Object.fromEntries(files.map((file) => [file, sha256(readFileSync(file, "utf8"))]));

const { values: options } = parseArgs({
  options: {
    help: { type: "boolean" },
    only: { type: "string" },
    list: { type: "boolean" },
    check: { type: "boolean" },
    fresh: { type: "boolean" },
    json: { type: "boolean" },
    "no-compile": { type: "boolean" },
  },
});

const say = (line: string): void => console.error(line);

/** Is the report in the repository about what is in the repository? */
function check(): void {
  if (!existsSync(REPORT)) {
    say("warning: no mutation report yet: run ./dev mutate");
    return;
  }
  const report = JSON.parse(readFileSync(REPORT, "utf8")) as Report;
  const now = hashes(moneyFiles());
  const stale = [...new Set([...Object.keys(now), ...Object.keys(report.sources)])].filter(
    (file) => now[file] !== report.sources[file],
  );
  const explanations = readExplanations(EXPLANATIONS);
  const { unexplained, unused } = explain([...Object.keys(report.explained), ...report.unexplained], explanations);
  const verdict = { date: report.date, totals: report.totals, stale, unexplained, unused };
  if (options.json) console.log(JSON.stringify(verdict, null, 2));
  if (stale.length > 0)
    say(`warning: the mutation report of ${report.date} is older than ${stale.join(", ")}: run ./dev mutate`);
  for (const key of unexplained) say(`survives unexplained: ${key}`);
  // What a report does not know, it cannot say to be unused.
  if (stale.length === 0) for (const key of unused) say(`explains no survivor: ${key}`);
  if (unexplained.length > 0 || (stale.length === 0 && unused.length > 0)) process.exitCode = 1;
}

interface Reach {
  /** The suites that pass a mutant's switch, fast ones first. */
  readonly passing: ReadonlyMap<number, readonly string[]>;
  /** Tests that fail with switches but without a mutant, as those of the bytecode's size do: they say nothing here. */
  readonly leftOut: ReadonlySet<string>;
}

const nameOf = ({ suite, test }: TestFailure): string => `${suite.split(":")[1]}.${test.split("(")[0]}`;

async function reach(
  bench: Bench,
  mutants: readonly Numbered[],
  substitutes: NonNullable<RunOptions["substitutes"]>,
): Promise<Reach> {
  const passing = new Map<number, string[]>();
  const leftOut = new Set<string>();
  const order: { suite: string; seconds: number; hits: Set<string> }[] = [];
  for (const suite of bench.suites) {
    const hits = new Set<string>();
    const base = { ...QUICK, substitutes };
    const [outcome] = await bench.run([suite], base);
    if (outcome === undefined || outcome.passed === 0)
      throw new Error(`${suite} fails without a mutant: ${JSON.stringify(outcome?.failures)}`);
    for (const failure of outcome.failures) {
      leftOut.add(nameOf(failure));
      say(`left out, as it fails without a mutant: ${nameOf(failure)}: ${failure.reason}`);
    }
    await bench.run([suite], { ...base, coinbase: RECORDING, onHit: (marker) => hits.add(marker) });
    order.push({ suite, seconds: outcome.seconds, hits });
    say(`${suite}: ${outcome.passed} tests, ${outcome.seconds.toFixed(1)} s, passes ${hits.size} mutants`);
  }
  order.sort((a, b) => a.seconds - b.seconds);
  for (const { id } of mutants)
    passing.set(
      id,
      order.filter(({ hits }) => hits.has(markerOf(id))).map(({ suite }) => suite),
    );
  return { passing, leftOut };
}

interface Trial {
  readonly suites: readonly string[];
  readonly leftOut: ReadonlySet<string>;
  readonly run: RunOptions;
}

/** Runs suite after suite until one fails. */
async function judge(bench: Bench, { suites, leftOut, run }: Trial): Promise<Verdict> {
  for (const suite of suites) {
    const [outcome] = await bench.run([suite], run);
    const failure = outcome?.failures.find((failed) => !leftOut.has(nameOf(failed)));
    if (failure !== undefined) return { status: "killed", by: nameOf(failure) };
  }
  return { status: "survived" };
}

async function mutate(): Promise<void> {
  const began = Date.now();
  const tests = moneyTests();
  const bench = await loadBench(tests, options["no-compile"]);
  const weaving = await weaveAll(say);
  const chosen = weaving.mutants.filter(({ mutant }) => mutant.key.includes(options.only ?? ""));
  if (options.list) {
    if (options.json)
      console.log(
        JSON.stringify(
          chosen.map(({ mutant }) => mutant),
          null,
          2,
        ),
      );
    else for (const { mutant } of chosen) console.log(`${mutant.file}:${mutant.line}  ${mutant.key}`);
    return;
  }

  // Earlier verdicts hold for the same contracts under the same tests.
  const files = [...moneyFiles(), ...tests];
  const about = sha256(JSON.stringify(hashes(files)));
  const kept = existsSync(PROGRESS)
    ? (JSON.parse(readFileSync(PROGRESS, "utf8")) as { about: string; verdicts: Record<string, Verdict> })
    : undefined;
  const verdicts: Record<string, Verdict> = kept?.about === about && !options.fresh ? kept.verdicts : {};
  const keep = (): void => {
    mkdirSync("cache", { recursive: true });
    writeFileSync(PROGRESS, JSON.stringify({ about, verdicts }));
  };

  const waiting = chosen.filter(({ mutant }) => verdicts[mutant.key] === undefined);
  say(`${chosen.length} mutants, ${waiting.length} to run`);
  let done = 0;
  for (let first = 0; first < waiting.length; first += AT_A_TIME) {
    const some = waiting.slice(first, first + AT_A_TIME);
    const started = Date.now();
    const substitutes = weaving.compile(some);
    say(`compiled ${some.length} mutants in ${((Date.now() - started) / 1000).toFixed(0)} s`);
    const reached = await reach(bench, some, substitutes);
    for (const { id, mutant } of some) {
      const verdict = await meet(bench, reached, { substitutes, coinbase: BigInt(id) });
      verdicts[mutant.key] = verdict;
      keep();
      done += 1;
      const spent = ((Date.now() - began) / 1000).toFixed(0);
      const by = verdict.by === undefined ? "" : ` by ${verdict.by}`;
      say(
        `[${done}/${waiting.length}, ${spent} s] ${verdict.status}${by}: ${mutant.file}:${mutant.line} ${mutant.key}`,
      );
    }
  }
  finish(chosen, verdicts, (Date.now() - began) / 1000);
}

type Switched = Required<Pick<RunOptions, "substitutes" | "coinbase">>;

/** One mutant: quickly, and if it survives that, thoroughly. */
async function meet(bench: Bench, { passing, leftOut }: Reach, mutant: Switched): Promise<Verdict> {
  const suites = passing.get(Number(mutant.coinbase)) ?? [];
  if (suites.length === 0) return { status: "unreached" };
  const quick = await judge(bench, { suites, leftOut, run: { ...QUICK, ...mutant } });
  return quick.status === "killed" ? quick : judge(bench, { suites, leftOut, run: { ...THOROUGH, ...mutant } });
}

function finish(chosen: readonly Numbered[], verdicts: Readonly<Record<string, Verdict>>, seconds: number): void {
  const alive = chosen
    .filter(({ mutant }) => verdicts[mutant.key]?.status !== "killed")
    .map(({ mutant }) => mutant.key);
  const explanations = readExplanations(EXPLANATIONS);
  const { explained, unexplained, unused } = explain(alive, explanations);
  const perOperator: Record<string, { killed: number; of: number }> = {};
  for (const { mutant } of chosen) {
    const row = (perOperator[mutant.operator] ??= { killed: 0, of: 0 });
    row.of += 1;
    if (verdicts[mutant.key]?.status === "killed") row.killed += 1;
  }
  const report: Report = {
    date: new Date().toISOString().slice(0, 10),
    sources: hashes(moneyFiles()),
    totals: {
      mutants: chosen.length,
      killed: chosen.length - alive.length,
      explained: Object.keys(explained).length,
      unexplained: unexplained.length,
    },
    perOperator,
    seconds: Math.round(seconds),
    explained,
    unexplained,
  };
  if (options.json) console.log(JSON.stringify(report, null, 2));
  for (const key of unexplained) say(`survives unexplained (${verdicts[key]?.status}): ${key}`);
  if (options.only === undefined) {
    for (const key of unused) say(`explains no survivor: ${key}`);
    writeFileSync(REPORT, `${JSON.stringify(report, null, 2)}\n`);
    if (unused.length > 0) process.exitCode = 1;
  }
  if (unexplained.length > 0) process.exitCode = 1;
  say(
    `${report.totals["mutants"]} mutants: ${report.totals["killed"]} killed, ${report.totals["explained"]} explained, ${unexplained.length} unexplained`,
  );
}

if (options.help) console.log(HELP);
else if (options.check) check();
else await mutate();
