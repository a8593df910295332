// SPDX-License-Identifier: GPL-3.0-or-later
// What the assurance tools look at: the contracts that hold money, and the tests that are to guard them.
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import hre from "hardhat";
import {
  builtContract,
  compile,
  errorsOf,
  inputOf,
  joinInputs,
  type BuiltContract,
  type LinkReferences,
  type SolcInput,
} from "./solc.ts";

/** Files whose every line moves money or decides who may. OperatorRegistry lists who serves what, and holds nothing. */
export const moneyFiles = (): readonly string[] =>
  globSync(["contracts/market/**/*.sol", "contracts/proofs/ProofSystemRouter.sol"])
    .filter((path) => !path.endsWith("/OperatorRegistry.sol"))
    .sort();

/** Their tests. Those of the proof systems themselves, of models and of codecs say nothing about money. */
export const moneyTests = (): readonly string[] =>
  globSync("test/solidity/{{market,invariants}/**/*,proofs/{ProofSystemRouter,StoppedKeys}}.t.sol").sort();

/** SHA-256 by file: what a report is about. */
export type Sources = Readonly<Record<string, string>>;

export const moneySources = (): Sources =>
  Object.fromEntries(
    moneyFiles().map((file) => [file, createHash("sha256").update(readFileSync(file, "utf8")).digest("hex")]),
  );

/** The files that are not what they were when the report was made; those that came or went are among them. */
export function changedSince(reported: Sources): readonly string[] {
  const now = moneySources();
  return [...new Set([...Object.keys(now), ...Object.keys(reported)])].filter((file) => now[file] !== reported[file]);
}

/** What a compiler needs to make the money contracts anew. */
export interface Workpiece {
  /** By "path:Contract". */
  readonly contracts: ReadonlyMap<string, BuiltContract>;
  readonly input: SolcInput;
  /** The compiler's names of the money files, by path. */
  readonly names: ReadonlyMap<string, string>;
}

/** Reads what Hardhat built. */
export async function moneyContracts(): Promise<Workpiece> {
  const files = new Set(moneyFiles());
  const contracts = new Map<string, BuiltContract>();
  const names = new Map<string, string>();
  for (const name of await hre.artifacts.getAllFullyQualifiedNames()) {
    const path = name.slice(0, name.lastIndexOf(":"));
    if (!files.has(path)) continue;
    const contract = builtContract(name);
    names.set(path, contract.inputSourceName);
    if (contract.bytecode !== "0x") contracts.set(name, contract);
  }
  const builds = new Map([...contracts.values()].map((contract) => [contract.buildInfoId, inputOf(contract)]));
  return { contracts, input: joinInputs([...builds.values()]), names };
}

/** Compiles changed sources of a workpiece; what comes out stands in for the built contracts. */
export function compileContracts(
  work: Workpiece,
  sources: SolcInput["sources"],
): ReadonlyMap<string, { readonly bytecode: string; readonly linkReferences: LinkReferences }> {
  const outputSelection: Record<string, Record<string, string[]>> = {};
  for (const { inputSourceName, contractName } of work.contracts.values())
    (outputSelection[inputSourceName] ??= {})[contractName] = ["evm.bytecode.object", "evm.bytecode.linkReferences"];
  const settings = { ...work.input.settings, outputSelection };
  const output = compile({ ...work.input, sources, settings }, [...work.names.values()]);
  const [error] = errorsOf(output);
  if (error !== undefined) throw new Error(`the changed contracts do not compile: ${error.formattedMessage}`);
  return new Map(
    [...work.contracts].map(([name, { inputSourceName, contractName }]) => {
      const code = output.contracts?.[inputSourceName]?.[contractName]?.evm?.bytecode;
      if (code === undefined) throw new Error(`${name}: no bytecode`);
      return [name, { bytecode: `0x${code.object}`, linkReferences: code.linkReferences ?? {} }];
    }),
  );
}
