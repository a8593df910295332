// SPDX-License-Identifier: GPL-3.0-or-later
// setup/ of a package: powers of tau and the key that follows from them and the graph (docs/spec/tensorcheck.md, section 8).
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { VerigradError } from "../../errors.ts";
import { canonicalJson, sameBytes } from "../../graph/canonical-json.ts";
import { keccakHex } from "../../hash.ts";
import { checkAborted, readGraph, readPackageFile, writeWhole } from "../files.ts";
import { blake2bHex, type PtauFile } from "../ptau.ts";
import { PERPETUAL_POWERS_OF_TAU, PUBLISHED_PTAU } from "../published-ptau.ts";
import { demand, runSetupChecks } from "../setup-checks.ts";
import { concat, uint256Bytes } from "../points.ts";
import { setupHashOf } from "../transcript.ts";
import type { Hex, KeySetup, SetupCheck, SetupResult, WorkOptions } from "../types.ts";
import { compileGraph, keyOf, type CompiledGraph } from "./compile.ts";
import { PATHS } from "./paths.ts";
import { checkPowers, decodePowers, developmentPowers, encodePowers, firstPowers, type Powers } from "./powers.ts";
import { readPtau } from "./read-ptau.ts";
import { parseTranscript, TRANSCRIPT_FORMAT, type Transcript } from "./transcript.ts";
import { parseTensorcheckKey, readSetup } from "./verify/key.ts";

/** Development powers are made for models of this size at least, so that those of one cache belong to one set-up. */
const DEVELOPMENT_POWER = 14;
const CACHE_FILE = "INSECURE-development-powers.bin";

/**
 * INSECURE: makes setup/ of a package out of a tau that this process draws and drops, in seconds. With `cacheDir`, powers of tau
 * are taken from there and kept there: all models of one cache have one set-up, which one contract verifies; where a model
 * needs more powers than there are, others are made in their place. Errors: PACKAGE_*, TENSORCHECK_*, ABORTED.
 */
export async function setupDevelopment(
  directory: string,
  options: WorkOptions & { readonly cacheDir?: string } = {},
): Promise<SetupResult> {
  const compiled = await compiledPackage(directory);
  const needed = compiled.numbered.placement.n;
  const path = options.cacheDir === undefined ? undefined : join(options.cacheDir, CACHE_FILE);
  const held = path === undefined ? null : await cachedPowers(path);
  if (held !== null && held.power >= needed) return writeSetup(directory, compiled, held, options, true);
  options.onProgress?.("powers of tau (INSECURE)", 0);
  const powers = await developmentPowers(path === undefined ? needed : Math.max(needed, DEVELOPMENT_POWER));
  checkAborted(options);
  if (path !== undefined) await writeWhole(path, encodePowers(powers));
  return writeSetup(directory, compiled, powers, options);
}

/** Powers that are damaged, or a ceremony's under a wrong name, are none. */
async function cachedPowers(path: string): Promise<Powers | null> {
  try {
    const powers = decodePowers(await readFile(path));
    return powers.ptau === null && (await checkPowers(powers)) === null ? powers : null;
  } catch {
    return null;
  }
}

/**
 * Makes setup/ of a package from a ceremony's .ptau file. Errors: PACKAGE_*, SETUP_PHASE1_MISMATCH, POWERS_*, TENSORCHECK_*,
 * ABORTED.
 */
export async function setupCeremony(
  directory: string,
  source: PtauFile,
  options: WorkOptions = {},
): Promise<SetupResult> {
  const compiled = await compiledPackage(directory);
  options.onProgress?.("read powers of tau", 0);
  const powers = await readPtau(source, compiled.numbered.placement.n);
  await assertPowers(powers);
  return writeSetup(directory, compiled, powers, options);
}

/**
 * Makes setup/ of a package from the setup/powers.bin of another, whose word it takes for where they come from: verifySetup
 * checks it. Errors: PACKAGE_*, FILE_UNREADABLE, POWERS_*, TENSORCHECK_*, ABORTED.
 */
export async function setupFromPowers(
  directory: string,
  path: string,
  options: WorkOptions = {},
): Promise<SetupResult> {
  const compiled = await compiledPackage(directory);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new VerigradError("FILE_UNREADABLE", `cannot read ${path}`, { cause });
  });
  const powers = decodePowers(bytes);
  await assertPowers(powers);
  return writeSetup(directory, compiled, powers, options);
}

/** k: the package's set-up needs 2^k powers of tau. Errors: PACKAGE_*, TENSORCHECK_*. */
export async function powersNeeded(directory: string): Promise<number> {
  return (await compiledPackage(directory)).numbered.placement.n;
}

async function assertPowers(powers: Powers): Promise<void> {
  const fault = await checkPowers(powers);
  if (fault !== null) throw new VerigradError("POWERS_INVALID", `powers of tau: ${fault}`);
}

/** The package's graph compiled again. Errors: PACKAGE_*, TENSORCHECK_*. */
async function compiledPackage(directory: string): Promise<CompiledGraph> {
  const compiled = compileGraph(await readGraph(directory));
  if (!sameBytes(compiled.bytes, await readPackageFile(directory, PATHS.program)))
    throw new VerigradError("PACKAGE_MALFORMED", `${PATHS.program} is not what the graph compiles to`);
  return compiled;
}

async function writeSetup(
  directory: string,
  compiled: CompiledGraph,
  available: Powers,
  options: WorkOptions,
  cached = false,
): Promise<SetupResult> {
  const powers = firstPowers(available, compiled.numbered.placement.n);
  const key = await keyOf(compiled, powers, options);
  await parseTensorcheckKey(key, powers.tau2); // SAFETY: what the chain would refuse is never written
  const powersBytes = encodePowers(powers);
  const hashes = { powers: keccakHex(powersBytes), program: keccakHex(compiled.bytes), key: keccakHex(key) };
  const { ptau } = powers;
  const format = TRANSCRIPT_FORMAT;
  const transcript: Transcript =
    ptau === null ? { format, kind: "INSECURE-development", ...hashes } : { format, kind: "ceremony", ptau, ...hashes };
  const transcriptBytes = canonicalJson(transcript);
  await writeWhole(join(directory, PATHS.powers), powersBytes);
  await writeWhole(join(directory, PATHS.key), key);
  await writeWhole(join(directory, PATHS.transcript), transcriptBytes);
  const setupHash = setupHashOf(transcript.kind, transcriptBytes);
  return { keyHash: hashes.key, setupHash, insecure: ptau === null, cached };
}

const PUBLISHED_SETUP = keccakHex(concat(PERPETUAL_POWERS_OF_TAU.map((word) => uint256Bytes(BigInt(word)))));

/** keccak256 of [τ]_2: what a set-up is named by. */
export const tau2Hash = ({ tau2 }: Pick<Powers, "tau2">): Hex => keccakHex(tau2);

/** As ProofSystem.setupOf. */
export function setupOf(key: Uint8Array): KeySetup | null {
  try {
    const hash = keccakHex(readSetup(key));
    return { hash, ceremony: hash === PUBLISHED_SETUP ? "Perpetual Powers of Tau" : null };
  } catch {
    return null;
  }
}

/** As ProofSystem.verifySetup; `compiled` is the package's graph compiled again, if the caller has it. */
export async function verifySetup(
  directory: string,
  options: { readonly ptau?: string; readonly compiled?: CompiledGraph } = {},
): Promise<readonly SetupCheck[]> {
  const read = (path: string): Promise<Uint8Array> => readPackageFile(directory, path);
  const transcript = async (): Promise<Transcript> => parseTranscript(await read(PATHS.transcript));
  const powers = async (): Promise<Powers> => decodePowers(await read(PATHS.powers));
  let { compiled } = options;
  const compile = async (): Promise<CompiledGraph> => (compiled ??= compileGraph(await readGraph(directory)));
  return runSetupChecks({
    transcript: async () => {
      const { kind } = await transcript();
      return kind === "ceremony" ? "ceremony" : "INSECURE development set-up: whoever made it can forge proofs";
    },
    program: async () => {
      const bytes = await read(PATHS.program);
      const hash = keccakHex(bytes);
      demand(hash === (await transcript()).program, "program.bin is not the program that the transcript names");
      demand(sameBytes((await compile()).bytes, bytes), "program.bin is not what the graph compiles to");
      return hash;
    },
    powers: async () => {
      const hash = keccakHex(await read(PATHS.powers));
      demand(hash === (await transcript()).powers, "powers.bin is not the file that the transcript names");
      const fault = await checkPowers(await powers());
      demand(fault === null, fault ?? "");
      return `2^${(await powers()).power} powers of one tau`;
    },
    ceremony: async () => {
      const told = await transcript();
      const found = await powers();
      if (told.kind !== "ceremony") {
        demand(found.ptau === null, "powers.bin names a ceremony, the transcript none");
        return "none: whoever made the powers can forge proofs";
      }
      demand(found.ptau === told.ptau, "powers.bin names another ceremony than the transcript");
      const { ptau } = options;
      if (ptau === undefined) throw new Error("needs the .ptau file of the ceremony");
      demand((await blake2bHex(ptau)) === told.ptau, `${ptau} is not the file that the transcript names`);
      // SAFETY: that the points are powers of one tau says nothing about who knows it.
      const own = await readPtau({ ptau, expectedBlake2b: told.ptau }, found.power);
      demand(sameBytes(encodePowers(own), encodePowers(found)), "powers.bin does not hold the file's powers");
      const published = Object.entries(PUBLISHED_PTAU).find(([, hash]) => `0x${hash}` === told.ptau);
      return published === undefined
        ? "not a published file: as good as whoever made it"
        : `Perpetual Powers of Tau, power ${published[0]}`;
    },
    key: async () => {
      const key = await read(PATHS.key);
      const hash = keccakHex(key);
      demand(hash === (await transcript()).key, "key.bin is not the key that the transcript names");
      await parseTensorcheckKey(key, (await powers()).tau2);
      demand(sameBytes(await keyOf(await compile(), await powers()), key), "graph and powers give another key");
      return `${hash} follows from graph and powers`;
    },
  });
}
