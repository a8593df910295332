// SPDX-License-Identifier: GPL-3.0-or-later
// Slither over the contracts, fed by the npm compiler: no native solc is needed.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { explain, readExplanations } from "./assurance/explain.ts";
import { compile, compilerVersion, errorsOf, readSources, type SolcInput } from "./assurance/solc.ts";
import { slitherFindings, type SlitherReport } from "./assurance/slither.ts";

const VERSION = "0.11.6";
const HELP = `Usage: ./dev slither [--install] [--json]

Runs Slither over contracts/ (without mocks) and fails on a finding of medium or high impact that test/assurance/slither.json
does not explain, and on an explanation that fits no finding. Slither is looked for in .venv and on the PATH; where there is
none, this says so and passes, unless it is told to install it.

  --install   installs Slither ${VERSION} into .venv with pip, if it is not there; says so and passes where pip cannot
  --json      machine-readable`;

const WORK = "cache/slither";
const { values: options } = parseArgs({
  options: { help: { type: "boolean" }, install: { type: "boolean" }, json: { type: "boolean" } },
});

/** Path of a Slither that runs, or undefined. */
function findSlither(): string | undefined {
  const runs = (command: string): boolean => spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
  const own = resolve(".venv/bin/slither");
  if (!runs(own) && options.install) {
    console.error(`installing slither-analyzer ${VERSION} into .venv ...`);
    const quiet = { stdio: ["ignore", "ignore", "inherit"] as ("ignore" | "inherit")[] };
    if (spawnSync("python3", ["-m", "venv", ".venv"], quiet).status === 0)
      spawnSync(".venv/bin/pip", ["install", "--quiet", `slither-analyzer==${VERSION}`], quiet);
  }
  return [own, "slither"].find(runs);
}

/**
 * A stand-in for the native compiler that answers Slither's two questions, its version and this one compilation. Only
 * syntax trees and ABIs: Slither reads no bytecode, which takes most of the time to make.
 */
function writeCompiler(): { input: string; solc: string } {
  const roots = globSync("contracts/**/*.sol").filter((path) => !path.startsWith("contracts/mocks/"));
  const input: SolcInput = {
    language: "Solidity",
    sources: readSources(roots),
    settings: { evmVersion: "osaka", outputSelection: { "*": { "": ["ast"], "*": ["abi"] } } },
  };
  const output = compile(input, Object.keys(input.sources));
  const [error] = errorsOf(output);
  if (error !== undefined) throw new Error(error.formattedMessage);
  const none = { object: "", sourceMap: "" };
  const contracts = Object.fromEntries(
    Object.entries(output.contracts ?? {}).map(([file, inFile]) => [
      file,
      Object.fromEntries(
        Object.entries(inFile).map(([name, contract]) => [
          name,
          { ...contract, evm: { bytecode: none, deployedBytecode: none } },
        ]),
      ),
    ]),
  );
  mkdirSync(WORK, { recursive: true });
  const [inputPath, outputPath, solc] = ["input.json", "output.json", "solc"].map((name) => resolve(WORK, name));
  if (inputPath === undefined || outputPath === undefined || solc === undefined) throw new Error("unreachable");
  writeFileSync(inputPath, JSON.stringify({ ...input, sources: {} }));
  writeFileSync(outputPath, JSON.stringify({ sources: output.sources, contracts }));
  const version = `solc, the solidity compiler commandline interface\\nVersion: ${compilerVersion()}`;
  writeFileSync(
    solc,
    `#!/bin/sh\nif [ "$1" = --version ]; then printf '${version}\\n'; else cat >/dev/null; cat '${outputPath}'; fi\n`,
  );
  chmodSync(solc, 0o755);
  return { input: inputPath, solc };
}

function run(slither: string): void {
  const { input, solc } = writeCompiler();
  const report = join(WORK, "report.json");
  rmSync(report, { force: true });
  const args = [input, "--compile-force-framework", "Solc-json", "--solc", solc, "--json", report];
  const filters = [
    "--filter-paths",
    "node_modules",
    "--exclude-informational",
    "--exclude-optimization",
    "--exclude-low",
  ];
  const { stderr } = spawnSync(slither, [...args, ...filters, "--fail-none"], { encoding: "utf8" });
  if (!existsSync(report)) throw new Error(`Slither wrote no report: ${stderr}`);
  const findings = slitherFindings(JSON.parse(readFileSync(report, "utf8")) as SlitherReport);
  const { explained, unexplained, unused } = explain(
    findings.map(({ key }) => key),
    readExplanations("test/assurance/slither.json"),
  );
  if (options.json) console.log(JSON.stringify({ findings, explained, unexplained, unused }, null, 2));
  else {
    for (const { key, description } of findings)
      if (unexplained.includes(key)) console.error(`unexplained: ${key}\n${description}`);
    for (const pattern of unused) console.error(`explains no finding: ${pattern}`);
    console.log(`Slither: ${findings.length} findings of medium or high impact, ${unexplained.length} unexplained`);
  }
  if (unexplained.length + unused.length > 0) process.exitCode = 1;
}

if (options.help) console.log(HELP);
else {
  const slither = findSlither();
  if (slither === undefined) console.log("Slither is not installed: skipped (./dev slither --install)");
  else run(slither);
}
