// SPDX-License-Identifier: GPL-3.0-or-later
// Mutation testing: makes every small mistake that the operators know in the contracts that hold money, one at a time, and
// asks of each which test fails. One that no test notices must be explained in test/assurance/mutants.json.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadBench, type Bench, type RunOptions, type TestFailure } from "./assurance/bench.ts";
import { explain, readExplanations, type Explanations } from "./assurance/explain.ts";
import { OPERATORS } from "./assurance/mutants.ts";
import { changedSince, moneySources, moneyTests, type Sources } from "./assurance/scope.ts";
import { weaveAll } from "./assurance/weaving.ts";
import { markerOf, RECORDING, type Numbered } from "./assurance/weave.ts";

const HELP = `Usage: ./dev mutate [--only TEXT] [--quick] [--list] [--check] [--fresh] [--no-compile] [--json]

Without options: every mutant against the tests; the report is bench/snapshots/mutation.json. A run that was cut off goes
on where it stopped. Exit code 1 if a mutant survives without an explanation, or an explanation fits no survivor.

  --only TEXT   mutants whose name contains TEXT; writes no report
  --quick       64 fuzz runs and no campaigns; writes no report
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

/** What the campaigns go through, and how long the code is, says nothing of a mutant, and would take most of the time. */
const COMMON = { gasLimit: 1_000_000_000n, exclude: "test_CampaignsReachEveryEnding|test_CodeFitsTheChain" };

/** Fewer runs than the tests' own: what these do not notice is asked again with more, and by campaigns, unless a reason is
 * given for it. */
const QUICK = { ...COMMON, fuzzRuns: 64, invariantRuns: 0, invariantDepth: 0, timeout: 20 };
const THOROUGH = { ...COMMON, fuzzRuns: 1_000, invariantRuns: 4, invariantDepth: 32, timeout: 60 };

/** Passes nearly every switch, and takes a hundred times as long as the others. */
const isCampaign = (suite: string): boolean => suite.startsWith("test/solidity/invariants/");

/** block.coinbase under which no mutant is on. */
const NONE = 0n;

/** Mutants woven into one compilation: its time grows faster than their number. */
const AT_A_TIME = 300;

type Status = "killed" | "survived" | "unreached";

interface Verdict {
  readonly status: Status;
  /** The test that failed. */
  readonly by?: string;
  /** The suites that this rests on, and what they were: of a mutant that was killed the one that did it, else all. */
  readonly suites: readonly string[];
  readonly digest: string;
  /** Alive, and met the quick run only. */
  readonly quick?: boolean;
}

interface Report {
  readonly date: string;
  readonly sources: Sources;
  readonly totals: Readonly<Record<string, number>>;
  readonly perOperator: Readonly<Record<string, { readonly killed: number; readonly of: number }>>;
  /** Of the last run, which may have gone on where an earlier one stopped. */
  readonly seconds: number;
  /** Mutants that are alive, with why they may be. */
  readonly explained: Readonly<Record<string, string>>;
  readonly unexplained: readonly string[];
}

const { values: options } = parseArgs({
  options: {
    help: { type: "boolean" },
    only: { type: "string" },
    list: { type: "boolean" },
    check: { type: "boolean" },
    fresh: { type: "boolean" },
    quick: { type: "boolean" },
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
  const stale = changedSince(report.sources);
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

const isExplained = (key: string, explanations: Explanations): boolean =>
  explain([key], explanations).unexplained.length === 0;

/** Earlier verdicts about the same contracts, but for those that rest on tests that are others now. */
function earlier(about: string, bench: Bench): Record<string, Verdict> {
  if (!existsSync(PROGRESS)) return {};
  const kept = JSON.parse(readFileSync(PROGRESS, "utf8")) as { about: string; verdicts: Record<string, Verdict> };
  if (kept.about !== about) return {};
  const explanations = readExplanations(EXPLANATIONS);
  const holds = ([key, { status, suites, digest, quick }]: [string, Verdict]): boolean =>
    digest === bench.digest(suites) &&
    (status === "killed" || suites.length === bench.suites.length) &&
    (quick !== true || isExplained(key, explanations));
  return Object.fromEntries(Object.entries(kept.verdicts).filter(holds));
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
  for (const suite of bench.suites.filter((name) => !isCampaign(name))) {
    const hits = new Set<string>();
    const run = { ...QUICK, substitutes, coinbase: NONE };
    const recorded = { ...run, coinbase: RECORDING, onHit: (marker: string) => hits.add(marker) };
    const [recording] = await bench.run([suite], recorded);
    // Recording costs gas: what fails for want of it is asked again without.
    const [outcome] = recording?.failures.length === 0 ? [recording] : await bench.run([suite], run);
    if (outcome === undefined || outcome.passed === 0)
      throw new Error(`${suite} fails without a mutant: ${JSON.stringify(outcome?.failures)}`);
    for (const failure of outcome.failures) {
      leftOut.add(nameOf(failure));
      say(`left out, as it fails without a mutant: ${nameOf(failure)}: ${failure.reason}`);
    }
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

const restingOn = (bench: Bench, suites: readonly string[]): Pick<Verdict, "suites" | "digest"> => ({
  suites,
  digest: bench.digest(suites),
});

/** Runs suite after suite until one fails. */
async function judge(bench: Bench, { suites, leftOut, run }: Trial): Promise<Verdict> {
  for (const suite of suites) {
    const [outcome] = await bench.run([suite], run);
    const failure = outcome?.failures.find((failed) => !leftOut.has(nameOf(failed)));
    if (failure !== undefined) return { status: "killed", by: nameOf(failure), ...restingOn(bench, [suite]) };
  }
  return { status: "survived", ...restingOn(bench, bench.suites) };
}

async function mutate(): Promise<void> {
  const began = Date.now();
  const bench = await loadBench(moneyTests(), options["no-compile"]);
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

  const about = createHash("sha256").update(JSON.stringify(moneySources())).digest("hex");
  const verdicts = options.fresh ? {} : earlier(about, bench);
  const keep = (): void => {
    mkdirSync("cache", { recursive: true });
    writeFileSync(PROGRESS, JSON.stringify({ about, verdicts }));
  };

  const explanations = readExplanations(EXPLANATIONS);
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
      const quickly = options.quick === true || isExplained(mutant.key, explanations);
      const verdict = await meet(bench, reached, { substitutes, coinbase: BigInt(id) }, quickly);
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

/** One mutant: quickly, and if it survives that without a reason, thoroughly. */
async function meet(bench: Bench, { passing, leftOut }: Reach, mutant: Switched, quickly: boolean): Promise<Verdict> {
  const suites = passing.get(Number(mutant.coinbase)) ?? [];
  const quick = await judge(bench, { suites, leftOut, run: { ...QUICK, ...mutant } });
  if (quick.status === "killed") return quick;
  const status = suites.length === 0 ? "unreached" : "survived";
  if (quickly) return { ...quick, status, quick: true };
  const thorough = { ...THOROUGH, ...mutant };
  const verdict = await judge(bench, { suites, leftOut, run: thorough });
  if (verdict.status === "killed") return verdict;
  const campaigns = bench.suites.filter(isCampaign);
  const last = await judge(bench, { suites: campaigns, leftOut, run: thorough });
  if (last.status !== "killed") return { ...verdict, status };
  // The mutant's doing only if the same campaign passes without it.
  const control = await judge(bench, { suites: last.suites, leftOut, run: { ...thorough, coinbase: NONE } });
  if (control.status === "killed") throw new Error(`${last.by} fails without a mutant`);
  return last;
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
    sources: moneySources(),
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
  if (options.only === undefined && options.quick !== true) {
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
