// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { VerigradError } from "../../errors.ts";
import { directoryCid } from "../../hub/cid.ts";
import { assertInputMode, KEY_PATH, openPackage } from "../../hub/package.ts";
import { tooDear } from "../../node/gas.ts";
import type { PtauFile } from "../../proofs/ptau.ts";
import type { SetupResult, WorkOptions } from "../../proofs/types.ts";
import { assertFile, EXIT, type CliContext } from "../context.ts";
import { proofSystemName, proofSystemNamed, type ProofSystemName } from "../proof-systems.ts";

interface SetupOptions {
  readonly powers?: string;
  readonly ptau?: string;
  readonly ptauBlake2b?: string;
  readonly contribution: readonly string[];
  readonly beacon?: string;
  readonly beaconIterations: number;
  readonly cache?: string;
}

const hex = (text: string): string => {
  if (!/^(0x)?([0-9a-fA-F]{2})+$/.test(text)) throw new InvalidArgumentError("give an even number of hex digits.");
  return text.replace(/^0x/, "");
};

const exponent = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 10 || value > 40)
    throw new InvalidArgumentError("give a number from 10 to 40.");
  return value;
};

export function setupCommand(context: () => CliContext): Command {
  const verify = new Command("verify")
    .description("check that a package's key is the outcome of the set-up that its transcript tells of")
    .argument("<dir>", "the package")
    .option("--ptau <file>", "the ceremony's powers-of-tau file")
    .addHelpText(
      "after",
      "\nExamples:\n  $ verigrad setup verify digits\n  $ verigrad setup verify digits --ptau pot14.ptau",
    )
    .action((directory: string, options: { ptau?: string }) => verifyPackageSetup(context(), directory, options.ptau));
  // Positional: `setup verify --ptau` is verify's option, not the one of the same name here.
  return new Command("setup")
    .enablePositionalOptions()
    .description("make the keys of a package; without --ptau or --powers an INSECURE development set-up")
    .argument("<dir>", "the package")
    .option("--ptau <file>", "prepared powers-of-tau file of a ceremony")
    .option("--powers <file>", "tensorcheck: setup/powers.bin of another package, to have the same set-up")
    .option("--ptau-blake2b <hex>", "its blake2b-512 hash, where it is not a published file", hex)
    .option(
      "--contribution <name>",
      "groth16: add a contribution under this name; may be repeated",
      (name: string, names: readonly string[]) => [...names, name],
      [] as readonly string[],
    )
    .option("--beacon <hex>", "groth16: public randomness drawn after the last contribution", hex)
    .option("--beacon-iterations <n>", "2^n hashes over the beacon", exponent, 10)
    .option("--cache <dir>", "keep and take randomness of INSECURE set-ups here")
    .addCommand(verify)
    .addHelpText(
      "after",
      `
Examples:
  $ verigrad setup digits
  $ verigrad setup digits --ptau pot14.ptau --contribution alice --contribution bob --beacon 5f1c...
  $ verigrad setup tensorcheck-digits --ptau pot14.ptau
  $ verigrad setup verify digits`,
    )
    .action((directory: string, options: SetupOptions) => setup(context(), directory, options));
}

async function setup(context: CliContext, directory: string, options: SetupOptions): Promise<void> {
  const started = Date.now();
  const { manifest } = await openPackage(directory);
  // SAFETY: the proving key of a registered model may be here and nowhere else.
  if (existsSync(join(directory, KEY_PATH))) {
    throw new VerigradError("OUTPUT_EXISTS", `${directory} has keys already: remove ${directory}/setup to make others`);
  }
  const result = await SETUPS[proofSystemName(manifest.proofSystem.name)](context, directory, options);
  const setupMs = Date.now() - started;
  if (result.insecure) {
    context.warn("INSECURE: development set-up. Whoever ran it can forge proofs. Never use this key for money.");
  }
  const cid = await directoryCid(directory);
  const proofSystem = await proofSystemNamed(manifest.proofSystem.name);
  const { gas } = await proofSystem.verificationCost(await readFile(join(directory, KEY_PATH)));
  const warning = tooDear(gas);
  if (warning !== null) context.warn(warning);
  context.print(`key ${result.keyHash}`);
  context.print(`set-up ${result.setupHash}${result.insecure ? " (INSECURE)" : ""}`);
  context.print(`verifying on chain takes at most ${gas} gas`);
  context.print(`package ${cid}, ${setupMs} ms`);
  context.result({ directory, cid, ...result, verificationGas: gas, setupMs });
}

/** How each proof system's set-up is made from the options. */
const SETUPS: Readonly<
  Record<ProofSystemName, (context: CliContext, directory: string, options: SetupOptions) => Promise<SetupResult>>
> = {
  groth16: async (context, directory, options) => {
    const groth16 = await import("../../proofs/groth16/index.ts");
    if (options.powers !== undefined) throw new VerigradError("SETUP_OPTIONS", "--powers is for tensorcheck");
    if (options.ptau !== undefined)
      return groth16.setupCeremony(directory, await ceremonyOf(options.ptau, options), context.work());
    noCeremony(options);
    return groth16.setupDevelopment(directory, development(context, options));
  },
  tensorcheck: async (context, directory, options) => {
    const tensorcheck = await import("../../proofs/tensorcheck/index.ts");
    if (options.contribution.length > 0 || options.beacon !== undefined)
      throw new VerigradError("SETUP_OPTIONS", "tensorcheck takes a ceremony's powers as they are: nobody contributes");
    if (options.powers !== undefined) {
      if (options.ptau !== undefined) throw new VerigradError("SETUP_OPTIONS", "give either --powers or --ptau");
      return tensorcheck.setupFromPowers(directory, options.powers, context.work());
    }
    if (options.ptau !== undefined)
      return tensorcheck.setupCeremony(directory, await ptauOf(options.ptau, options), context.work());
    noCeremony(options);
    return tensorcheck.setupDevelopment(directory, development(context, options));
  },
};

const development = (context: CliContext, { cache }: SetupOptions): WorkOptions & { readonly cacheDir?: string } => ({
  ...context.work(),
  ...(cache === undefined ? {} : { cacheDir: cache }),
});

/** Options that belong to a ceremony make no sense without its powers of tau: say so, rather than be INSECURE by mistake. */
function noCeremony(options: SetupOptions): void {
  if (options.contribution.length > 0 || options.beacon !== undefined || options.ptauBlake2b !== undefined) {
    throw new VerigradError(
      "SETUP_OPTIONS",
      "contributions and a beacon need --ptau: without it the set-up is INSECURE",
    );
  }
}

/** Errors: FILE_UNREADABLE. */
async function ptauOf(ptau: string, { ptauBlake2b }: SetupOptions): Promise<PtauFile> {
  await assertFile(ptau);
  return { ptau, ...(ptauBlake2b === undefined ? {} : { expectedBlake2b: ptauBlake2b }) };
}

async function ceremonyOf(ptau: string, options: SetupOptions) {
  if (options.beacon === undefined)
    throw new VerigradError("SETUP_OPTIONS", "a ceremony ends with a beacon: give --beacon");
  if (options.contribution.length === 0) {
    throw new VerigradError("SETUP_OPTIONS", "a ceremony needs a contribution: give --contribution");
  }
  return {
    ...(await ptauOf(ptau, options)),
    contributions: options.contribution.map((name) => ({ name, entropy: randomBytes(64).toString("hex") })),
    beacon: { hash: options.beacon, iterations: options.beaconIterations },
  };
}

async function verifyPackageSetup(context: CliContext, directory: string, ptau: string | undefined): Promise<void> {
  const { manifest } = await openPackage(directory);
  if (ptau !== undefined) await assertFile(ptau);
  const key = await readFile(join(directory, KEY_PATH)).catch(() => null);
  if (key !== null) assertInputMode(manifest, key); // without a key the checks say so
  const proofSystem = await proofSystemNamed(manifest.proofSystem.name);
  const checks = await proofSystem.verifySetup(directory, ptau === undefined ? {} : { ptau });
  const ok = checks.every((check) => check.ok);
  for (const check of checks) context.print(`${check.ok ? "ok    " : "FAILED"}  ${check.name}: ${check.detail}`);
  context.print(ok ? "the key is the outcome of this set-up" : "the set-up does not check out");
  context.result({ directory, ok, checks });
  context.exitCode = ok ? EXIT.ok : EXIT.refuted;
}
