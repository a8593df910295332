// SPDX-License-Identifier: GPL-3.0-or-later
// What this repository compiles to.
import { glob, readFile } from "node:fs/promises";

/** What Hardhat writes about a contract, as far as it is used here. */
export interface Artifact {
  readonly contractName: string;
  readonly abi: readonly object[];
  readonly bytecode: string;
  readonly deployedBytecode: string;
  readonly immutableReferences?: Readonly<
    Record<string, readonly { readonly start: number; readonly length: number }[]>
  >;
}

/** Reads an artifact of this repository, which must have been built. Errors: ENOENT. */
export async function artifactOf(name: string): Promise<Artifact> {
  for await (const path of glob(`artifacts/contracts/**/${name}.sol/${name}.json`)) {
    return JSON.parse(await readFile(path, "utf8")) as Artifact;
  }
  throw new Error(`no artifact of ${name}: build the contracts first (./dev build)`);
}
