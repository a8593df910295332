// SPDX-License-Identifier: GPL-3.0-or-later
// Keys of one circuit: phase 1 from a powers-of-tau file, phase 2 by contributors and a beacon (docs/ceremony.md).
import { randomBytes } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { VerigradError } from "../../errors.ts";
import { canonicalJson } from "../../graph/canonical-json.ts";
import { keccakHex } from "../../hash.ts";
import type { Hex, SetupResult, WorkOptions } from "../types.ts";
import { developmentPhase1 } from "./development-phase1.ts";
import { checkAborted, readGraph, readPackageFile, writeWhole } from "../files.ts";
import { PATHS } from "./paths.ts";
import { encodeKey, interfaceOf, keyFromZkey, parseKey } from "./key.ts";
import { contributed, initialZkey, runPhase2, withBeacon, type Beacon, type Contributor } from "./phase2.ts";
import { assertPtau, assertPtauPower, blake2bHex, ptauPower, type PtauFile } from "../ptau.ts";
import { readSetupCache, storeSetupCache } from "./setup-cache.ts";
import { readR1csHeader } from "./r1cs.ts";
import { setupHashOf, type SetupKind } from "../transcript.ts";
import { readContributions, TRANSCRIPT_FORMAT, type Transcript } from "./transcript.ts";

export interface CeremonyOptions extends PtauFile {
  readonly contributions: readonly Contributor[];
  readonly beacon: Beacon;
}

/** Rows that Groth16 needs for a circuit: its constraints and one a public signal, with the constant. As a power of 2. */
export function circuitPower(r1cs: Uint8Array): number {
  const { constraints, publicSignals } = readR1csHeader(r1cs);
  return Math.max(1, Math.floor(Math.log2(constraints + publicSignals)) + 1);
}

/**
 * INSECURE: makes setup/ of a package out of randomness that this process draws and drops, in seconds. With `cacheDir`, a
 * key of the same circuit is taken from there. Errors: PACKAGE_*, GROTH16_CIRCUIT_TOO_LARGE, ABORTED.
 */
export async function setupDevelopment(
  directory: string,
  options: WorkOptions & { readonly cacheDir?: string } = {},
): Promise<SetupResult> {
  const r1cs = await readPackageFile(directory, PATHS.r1cs);
  const { cacheDir } = options;
  const held = cacheDir === undefined ? null : await readSetupCache(cacheDir, r1cs);
  if (held !== null) return writeSetup(directory, "INSECURE-development", { r1cs, ...held }, true);

  options.onProgress?.("powers of tau (INSECURE)", 0);
  const ptau = await developmentPhase1(circuitPower(r1cs));
  checkAborted(options);
  const zkey = await runPhase2(
    r1cs,
    ptau,
    [{ name: "INSECURE development", entropy: randomBytes(32).toString("hex") }],
    { hash: randomBytes(32).toString("hex"), iterations: 10 },
    options,
  );
  const result = await writeSetup(directory, "INSECURE-development", { r1cs, zkey, ptau });
  if (cacheDir !== undefined) await storeSetupCache(cacheDir, r1cs, { zkey, ptau });
  return result;
}

/**
 * Makes setup/ of a package with a real phase 1 and any number of contributors, then a beacon. For contributors on
 * machines of their own: startCeremony, contribute (each), finalizeSetup.
 * Errors: PACKAGE_*, SETUP_PHASE1_MISMATCH, POWERS_TOO_FEW, SETUP_NO_CONTRIBUTION, SETUP_REFUSED, ABORTED.
 */
export async function setupCeremony(
  directory: string,
  ceremony: CeremonyOptions,
  options: WorkOptions = {},
): Promise<SetupResult> {
  if (ceremony.contributions.length === 0) {
    throw new VerigradError("SETUP_NO_CONTRIBUTION", "a key without a contribution can be forged for by anybody");
  }
  await assertPtau(ceremony);
  const r1cs = await readPackageFile(directory, PATHS.r1cs);
  await assertPtauPower(ceremony.ptau, circuitPower(r1cs));
  const zkey = await runPhase2(r1cs, ceremony.ptau, ceremony.contributions, ceremony.beacon, options);
  return writeSetup(directory, "ceremony", { r1cs, zkey, ptau: ceremony.ptau });
}

/** Writes the .zkey that the first contributor starts from. Errors: as setupCeremony. */
export async function startCeremony(directory: string, phase1: PtauFile, zkeyOut: string): Promise<void> {
  await assertPtau(phase1);
  const r1cs = await readPackageFile(directory, PATHS.r1cs);
  await assertPtauPower(phase1.ptau, circuitPower(r1cs));
  await writeWhole(zkeyOut, await initialZkey(r1cs, phase1.ptau));
}

/** Adds one contribution; returns its hash, which the contributor should publish. Errors: SETUP_REFUSED. */
export async function contribute(zkeyIn: string, zkeyOut: string, name: string, entropy: string): Promise<Hex> {
  const zkey = await contributed(await readFile(zkeyIn), { name, entropy });
  await writeWhole(zkeyOut, zkey);
  const { contributions } = await readContributions(zkey);
  return contributions.at(-1)?.hash as Hex;
}

/** Applies the beacon to the last contributor's .zkey and writes setup/. Errors: as setupCeremony. */
export async function finalizeSetup(
  directory: string,
  zkeyIn: string,
  ceremony: PtauFile & Pick<CeremonyOptions, "beacon">,
): Promise<SetupResult> {
  await assertPtau(ceremony);
  const before = await readFile(zkeyIn);
  if ((await readContributions(before)).contributions.every(({ beacon }) => beacon !== null)) {
    throw new VerigradError("SETUP_NO_CONTRIBUTION", "a key without a contribution can be forged for by anybody");
  }
  const r1cs = await readPackageFile(directory, PATHS.r1cs);
  const zkey = await withBeacon(before, ceremony.beacon);
  return writeSetup(directory, "ceremony", { r1cs, zkey, ptau: ceremony.ptau });
}

/** Writes setup/ out of a finished .zkey. */
async function writeSetup(
  directory: string,
  kind: SetupKind,
  { r1cs, zkey, ptau }: { r1cs: Uint8Array; zkey: Uint8Array; ptau: Uint8Array | string },
  cached = false,
): Promise<SetupResult> {
  const key = encodeKey(await keyFromZkey(zkey, interfaceOf(await readGraph(directory), r1cs)));
  await parseKey(key); // SAFETY: what the chain would refuse is never written
  const { initial, contributions } = await readContributions(zkey);
  const transcript = canonicalJson({
    format: TRANSCRIPT_FORMAT,
    kind,
    phase1: { blake2b: await blake2bHex(ptau), power: await ptauPower(ptau) },
    circuit: { r1cs: keccakHex(r1cs), initial },
    contributions,
    provingKey: keccakHex(zkey),
    key: keccakHex(key),
  } satisfies Transcript);
  // A package of a ceremony names its .ptau by hash: it may be gigabytes, and everybody has the same.
  if (typeof ptau !== "string") await writeWhole(join(directory, PATHS.phase1), ptau);
  else await rm(join(directory, PATHS.phase1), { force: true });
  await writeWhole(join(directory, PATHS.zkey), zkey);
  await writeWhole(join(directory, PATHS.key), key);
  await writeWhole(join(directory, PATHS.transcript), transcript);
  return { keyHash: keccakHex(key), setupHash: setupHashOf(kind, transcript), insecure: kind !== "ceremony", cached };
}
