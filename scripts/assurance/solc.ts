// SPDX-License-Identifier: GPL-3.0-or-later
// The npm compiler, in this process, over the very inputs that Hardhat compiled.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import solc from "solc";

/** One compilation in solc's standard JSON. */
export interface SolcInput {
  readonly language: "Solidity";
  readonly sources: Record<string, { readonly content: string }>;
  readonly settings: Record<string, unknown>;
}

export interface SolcError {
  readonly severity: "error" | "warning" | "info";
  readonly errorCode?: string;
  readonly type: string;
  readonly message: string;
  readonly formattedMessage: string;
  readonly sourceLocation?: { readonly file: string; readonly start: number; readonly end: number };
}

/** Where addresses of libraries go, by file and library. */
export type LinkReferences = Record<string, Record<string, { start: number; length: number }[]>>;

export interface SolcBytecode {
  readonly object: string;
  readonly linkReferences?: LinkReferences;
}

export interface SolcOutput {
  readonly errors?: readonly SolcError[];
  readonly sources?: Record<string, { readonly id: number; readonly ast?: unknown }>;
  readonly contracts?: Record<
    string,
    Record<string, { readonly evm?: { readonly bytecode?: SolcBytecode; readonly deployedBytecode?: SolcBytecode } }>
  >;
}

/** What Hardhat wrote about one compiled contract. */
export interface BuiltContract {
  readonly contractName: string;
  /** The path in the repository, `contracts/...`. */
  readonly sourceName: string;
  /** The name under which the compiler saw it. */
  readonly inputSourceName: string;
  readonly buildInfoId: string;
  readonly abi: unknown;
  readonly bytecode: string;
}

/** What Hardhat puts before the path of a file of this repository. */
const PROJECT = "project/";

type Lookup = (path: string) => { contents: string } | { error: string };
const compiler = solc as { compile(input: string, callbacks: { import: Lookup }): string; version(): string };

/** The compiler's own version, as it names itself. */
export const compilerVersion = (): string => compiler.version();

/**
 * Compiles some of an input's sources, and those that they import. What is wrong is in `errors`; nothing is thrown.
 * @param roots names of the sources to start from
 */
export function compile(input: SolcInput, roots: readonly string[]): SolcOutput {
  const sources = Object.fromEntries(roots.map((name) => [name, input.sources[name]]));
  const lookup: Lookup = (path) => {
    const source = input.sources[path];
    return source === undefined ? { error: `${path} is not among the sources` } : { contents: source.content };
  };
  return JSON.parse(compiler.compile(JSON.stringify({ ...input, sources }), { import: lookup })) as SolcOutput;
}

/** The errors of a compilation, without warnings and remarks. */
export const errorsOf = (output: SolcOutput): readonly SolcError[] =>
  (output.errors ?? []).filter(({ severity }) => severity === "error");

/**
 * The artifact of a contract that Hardhat has built.
 * @param name `contracts/market/InferenceMarket.sol:InferenceMarket`
 * @throws Error if it was not built
 */
export function builtContract(name: string): BuiltContract {
  const path = join("artifacts", `${name.replace(":", "/")}.json`);
  if (!existsSync(path)) throw new Error(`${path} is missing: run "hardhat build" first`);
  return JSON.parse(readFileSync(path, "utf8")) as BuiltContract;
}

/** The input of the compilation that made `contract`: its sources, remappings and settings. */
export function inputOf(contract: Pick<BuiltContract, "buildInfoId">): SolcInput {
  const path = join("artifacts", "build-info", `${contract.buildInfoId}.json`);
  return (JSON.parse(readFileSync(path, "utf8")) as { input: SolcInput }).input;
}

/**
 * Joins compilations that have equal settings into one: every source of each. Hardhat compiles a file again only when it
 * or an import of it changed, so that an older compilation may hold older texts: this repository's come from the disk.
 */
export function joinInputs(inputs: readonly SolcInput[]): SolcInput {
  const [first] = inputs;
  if (first === undefined) throw new Error("nothing to compile");
  const remappings = new Set(inputs.flatMap(({ settings }) => (settings["remappings"] as string[] | undefined) ?? []));
  const sources: Record<string, { content: string }> = {};
  for (const [name, source] of inputs.flatMap((input) => Object.entries(input.sources))) {
    const path = name.startsWith(PROJECT) ? name.slice(PROJECT.length) : undefined;
    if (path === undefined) sources[name] = source;
    else if (existsSync(path)) sources[name] = { content: readFileSync(path, "utf8") };
  }
  return { language: "Solidity", sources, settings: { ...first.settings, remappings: [...remappings] } };
}

/**
 * Files and all that they import, by the names that the compiler gives them: paths in the repository, and for packages
 * what stands in the import.
 * @param roots paths
 */
export function readSources(roots: readonly string[]): Record<string, { content: string }> {
  const sources: Record<string, { content: string }> = {};
  const waiting = [...roots];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (sources[name] !== undefined) continue;
    const content = readFileSync(existsSync(name) ? name : join("node_modules", name), "utf8");
    sources[name] = { content };
    for (const [, imported = ""] of content.matchAll(/^\s*(?:import|\}\s*from)\b[^;"]*"([^"]+)"/gm))
      waiting.push(imported.startsWith(".") ? join(dirname(name), imported) : imported);
  }
  return sources;
}
