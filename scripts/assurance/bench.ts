// SPDX-License-Identifier: GPL-3.0-or-later
// Runs compiled Solidity tests, again and again, in this process: Hardhat's test runner without its files and its
// console. Tests deploy what they test from artifacts (test/solidity/Artifacts.sol), so another bytecode can stand in for
// a contract without compiling a test anew.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as Edr from "@nomicfoundation/edr";
import hre from "hardhat";

// The runner that Hardhat itself has: another version need not understand its artifacts.
const require = createRequire(createRequire(import.meta.url).resolve("hardhat/package.json"));
const edr = require("@nomicfoundation/edr") as typeof Edr;

/** One statement of a file that was instrumented, by what it sends to the coverage address when it runs. */
export interface Statement {
  readonly marker: string;
  /** UTF-16 offsets, leading blanks and comments included. */
  readonly start: number;
  readonly end: number;
}

/** Where the library that instrumented code calls is to stand among the sources, and what it says. */
export function coverageLibrary(): { readonly name: string; readonly content: string } {
  const path = require.resolve("@nomicfoundation/edr");
  return {
    name: edr.COVERAGE_LIBRARY_FILE_NAME,
    content: readFileSync(join(dirname(path), "coverage.sol"), "utf8"),
  };
}

/** A file whose every statement says that it ran: what Hardhat's --coverage makes. */
export function instrument(
  source: string,
  name: string,
): { readonly source: string; readonly statements: Statement[] } {
  const instrumented = edr.addStatementCoverageInstrumentation(source, name, edr.latestSupportedSolidityVersion());
  return {
    source: instrumented.source,
    statements: instrumented.metadata
      .filter(({ kind }) => kind === "statement")
      .map(({ tag, startUtf16, endUtf16 }) => ({
        marker: Buffer.from(tag).toString("hex"),
        start: startUtf16,
        end: endUtf16,
      })),
  };
}

export interface TestFailure {
  readonly suite: string;
  readonly test: string;
  readonly reason: string;
}

export interface SuiteOutcome {
  readonly suite: string;
  readonly seconds: number;
  readonly passed: number;
  readonly failures: readonly TestFailure[];
}

export interface RunOptions {
  /** Contracts that stand in for built ones, by "path:Contract". */
  readonly substitutes?: ReadonlyMap<string, Pick<Edr.ContractData, "bytecode" | "linkReferences">>;
  /** block.coinbase in every test. */
  readonly coinbase?: bigint;
  readonly fuzzRuns: number;
  readonly invariantRuns: number;
  readonly invariantDepth: number;
  /** A regular expression of tests to leave out. */
  readonly exclude?: string;
  /** Gas of one test. */
  readonly gasLimit?: bigint;
  /** Seconds after which one fuzz or invariant test stops. */
  readonly timeout?: number;
  /** Called with every 32-byte marker that code sent to the coverage address (Hardhat's coverage protocol). */
  readonly onHit?: (marker: string) => void;
}

export interface Bench {
  /** "path:Contract" of every test contract found. */
  readonly suites: readonly string[];
  /** SHA-256 of these test contracts as they were compiled. */
  digest(suites: readonly string[]): string;
  run(suites: readonly string[], options: RunOptions): Promise<readonly SuiteOutcome[]>;
}

/**
 * Loads the contracts and these test files, and builds them before, unless they are built.
 * @param noCompile takes what is built as it is
 */
export async function loadBench(testFiles: readonly string[], noCompile = false): Promise<Bench> {
  if (!noCompile) {
    const build = hre.tasks.getTask("build");
    await build.run({ quiet: true, noTests: true });
    await build.run({ quiet: true, files: [...testFiles] });
  }

  const artifacts = new Map<string, Edr.Artifact>();
  const suites: string[] = [];
  for (const name of await hre.artifacts.getAllFullyQualifiedNames()) {
    const artifact = await hre.artifacts.readArtifact(name);
    const solcVersion = /^solc-(\d+)_(\d+)_(\d+)/
      .exec(artifact.buildInfoId ?? "")
      ?.slice(1)
      .join(".");
    if (solcVersion === undefined) throw new Error(`${name}: no compiler version in its build id`);
    artifacts.set(name, {
      id: { name: artifact.contractName, solcVersion, source: artifact.inputSourceName ?? artifact.sourceName },
      contract: {
        abi: JSON.stringify(artifact.abi),
        bytecode: artifact.bytecode,
        linkReferences: artifact.linkReferences,
        deployedBytecode: artifact.deployedBytecode,
        deployedLinkReferences: artifact.deployedLinkReferences,
      },
    });
    const isTest = (artifact.abi as readonly { type: string; name?: string }[]).some(
      (entry) => entry.type === "function" && /^(test|invariant)/.test(entry.name ?? ""),
    );
    if (isTest && artifact.bytecode !== "0x" && testFiles.includes(artifact.sourceName)) suites.push(name);
  }

  const context = new edr.EdrContext();
  await context.registerSolidityTestRunnerFactory(edr.L1_CHAIN_TYPE, edr.l1SolidityTestRunnerFactory());
  const hardfork = edr.l1HardforkLatest();

  const run = async (names: readonly string[], options: RunOptions): Promise<readonly SuiteOutcome[]> => {
    const idOf = (name: string): Edr.ArtifactId => {
      const artifact = artifacts.get(name);
      if (artifact === undefined) throw new Error(`${name} was not built`);
      return artifact.id;
    };
    const nameOf = new Map(names.map((name) => [`${idOf(name).source}:${idOf(name).name}`, name]));
    const used = [...artifacts].map(([name, artifact]) => {
      const substitute = options.substitutes?.get(name);
      return substitute === undefined ? artifact : { ...artifact, contract: { ...artifact.contract, ...substitute } };
    });
    const { onHit } = options;
    const config: Edr.SolidityTestRunnerConfigArgs = {
      projectRoot: hre.config.paths.root,
      hardfork: edr.l1HardforkToString(hardfork),
      localPredeploys: edr.l1GenesisState(hardfork),
      disableBlockGasLimit: true,
      disableTransactionGasCap: true,
      fuzz: {
        runs: options.fuzzRuns,
        seed: `0x${"5eed".padStart(64, "0")}`,
        ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
      },
      invariant: {
        runs: options.invariantRuns,
        depth: options.invariantDepth,
        failOnRevert: true,
        shrinkRunLimit: 0,
        includePushBytes: options.substitutes === undefined,
        ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
      },
      ...(options.exclude === undefined ? {} : { excludeTestPattern: options.exclude }),
      ...(options.gasLimit === undefined ? {} : { gasLimit: options.gasLimit }),
      ...(options.coinbase === undefined
        ? {}
        : { blockCoinbase: Buffer.from(options.coinbase.toString(16).padStart(40, "0"), "hex") }),
      ...(onHit === undefined
        ? {}
        : {
            observability: {
              codeCoverage: {
                onCollectedCoverageCallback: async (markers: Uint8Array[]) => {
                  for (const marker of markers) onHit(Buffer.from(marker).toString("hex"));
                },
              },
            },
          }),
    };
    // Results arrive by callback, the last ones after the run itself has resolved.
    const outcomes: SuiteOutcome[] = [];
    await new Promise<void>((resolve, reject) => {
      const onResult = (result: Edr.SuiteResult): void => {
        const suite = nameOf.get(`${result.id.source}:${result.id.name}`) ?? result.id.name;
        const failures = result.testResults
          .filter(({ status }) => status === edr.TestStatus.Failure)
          .map(({ name, reason }) => ({ suite, test: name, reason: reason ?? "reverted" }));
        const passed = result.testResults.filter(({ status }) => status === edr.TestStatus.Success).length;
        outcomes.push({ suite, seconds: Number(result.durationNs) / 1e9, passed, failures });
        if (outcomes.length === names.length) resolve();
      };
      context.runSolidityTests(edr.L1_CHAIN_TYPE, used, names.map(idOf), config, {}, onResult).catch(reject);
    });
    return outcomes;
  };
  const digest = (names: readonly string[]): string => {
    const hash = createHash("sha256");
    for (const name of names) hash.update(`${name}=${artifacts.get(name)?.contract.bytecode ?? ""};`);
    return hash.digest("hex");
  };
  return { suites: suites.sort(), digest, run };
}
