// SPDX-License-Identifier: GPL-3.0-or-later
import { Command } from "commander";
import { toBytes } from "../../chain/hashes.ts";
import { VerigradError } from "../../errors.ts";
import type { Manifest } from "../../hub/manifest.ts";
import { openPackage, openSetup } from "../../hub/package.ts";
import { assertOpens, parseOpening } from "../../proofs/commitment.ts";
import type { Hex, KeySetup, Verdict } from "../../proofs/types.ts";
import { decodeOutput } from "../../sdk/tensors.ts";
import { decodeTensors, dequantizeValues } from "../../tensor/codec.ts";
import { EXIT, readJson, readNamed, type CliContext } from "../context.ts";
import { parseProofFile, type ProofFile } from "../proof-file.ts";
import { proofSystemNamed } from "../proof-systems.ts";

interface VerifyOptions {
  readonly opening?: string;
  readonly setup?: string;
}

export function verifyCommand(context: () => CliContext): Command {
  return new Command("verify")
    .description("check a proof against a package's key, as strictly as the chain does")
    .argument("<dir>", "the package")
    .argument("<file>", "the proof")
    .option(
      "--setup <file|hash>",
      "tensorcheck: accept keys of this set-up only: a setup/powers.bin, or keccak256 of [tau]_2 as 0x...",
    )
    .option("--opening <file>", "also check that this opening opens the proof's commitment, and show the input")
    .addHelpText(
      "after",
      `
A tensorcheck proof is as good as the set-up of its key, for whoever knows its tau can forge. Without --setup only a published
ceremony's set-up is taken for sound; any other is said to be INSECURE.

Examples:
  $ verigrad verify digits proof.json
  $ verigrad verify digits proof.json --setup 0x5f1c...

Exit code 3: the proof does not verify, or the key is of another set-up.`,
    )
    .action((directory: string, file: string, options: VerifyOptions) => verify(context(), directory, file, options));
}

async function verify(
  context: CliContext,
  directory: string,
  file: string,
  { opening: openingPath, setup: pin }: VerifyOptions,
): Promise<void> {
  const { manifest } = await openPackage(directory);
  const { key, keyHash, insecure: development } = await openSetup(directory);
  const proof = parseProofFile(await readJson(file));
  if (proof.keyHash !== keyHash) {
    throw new VerigradError("PROOF_FILE_INVALID", `the proof is for key ${proof.keyHash}, the package has ${keyHash}`);
  }
  const inputs = openingPath === undefined ? null : await openedInputs(manifest, proof, openingPath);
  const proofSystem = await proofSystemNamed(manifest.proofSystem.name);
  const setup = proofSystem.setupOf(key);
  const pinned = pin === undefined ? null : await pinnedSetup(pin, setup);
  const claim = { context: proof.context, input: toBytes(proof.input), output: toBytes(proof.output) };
  const started = performance.now();
  const verdict =
    pinned !== null && pinned !== setup?.hash
      ? otherSetup(pinned, setup)
      : await proofSystem.verify(key, claim, toBytes(proof.seal));
  const verifyMs = Math.round(performance.now() - started);
  // SAFETY: the package's word for a ceremony is nobody's; a shared set-up is known by its [τ]_2, or not at all.
  const insecure = development || (setup !== null && setup.ceremony === null && pinned !== setup.hash);
  if (development) {
    context.warn("INSECURE: this key comes from a development set-up; its maker can forge proofs.");
  } else if (insecure) {
    context.warn("INSECURE: this key's set-up is no published ceremony's; whoever knows its tau can forge proofs.");
  }
  if (setup !== null) {
    const origin = setup.ceremony ?? (pinned === setup.hash ? "the one given" : "not published");
    context.print(`set-up ${setup.hash}: ${origin}${insecure ? " (INSECURE)" : ""}`);
  }
  const about = { keyHash, setup: setup === null ? null : { ...setup, pinned: pinned === setup.hash }, insecure };
  if (verdict.ok) {
    const outputs = decodeOutput(manifest, claim.output).map(({ name, values }) => ({ name, values: [...values] }));
    for (const { name, values } of [...(inputs ?? []), ...outputs]) context.print(`${name}: ${values.join(" ")}`);
    const subject = manifest.inputMode === "PUBLIC" || inputs !== null ? "this input" : "the committed input";
    context.print(`valid: the model gives this output for ${subject} (${verifyMs} ms)`);
    context.result({ ok: true, ...about, ...(inputs === null ? {} : { inputs }), outputs, verifyMs });
  } else {
    context.print(`INVALID: ${verdict.code}: ${verdict.message}`);
    context.result({ ok: false, ...about, code: verdict.code, message: verdict.message, verifyMs });
    context.exitCode = EXIT.refuted;
  }
}

/**
 * keccak256 of the only [τ]_2 to accept, given as such or by a setup/powers.bin. Errors: SETUP_OPTIONS where the key shares no
 * set-up, FILE_UNREADABLE, POWERS_INVALID.
 */
async function pinnedSetup(pin: string, setup: KeySetup | null): Promise<Hex> {
  if (setup === null)
    throw new VerigradError("SETUP_OPTIONS", "--setup is for tensorcheck: this key shares its set-up with no other");
  if (/^0x[0-9a-fA-F]{64}$/.test(pin)) return pin.toLowerCase() as Hex;
  const { decodePowers, tau2Hash } = await import("../../proofs/tensorcheck/index.ts");
  return tau2Hash(decodePowers(await readNamed(pin)));
}

/** As the chain has it, where a key is for another set-up than its contract. */
const otherSetup = (pinned: Hex, setup: KeySetup | null): Verdict => ({
  ok: false,
  code: "MalformedKey",
  message: `the key is for set-up ${String(setup?.hash)}, not for ${pinned}`,
});

/** The input that an opening shows, in real units. Errors: INPUT_MODE_MISMATCH, OPENING_INVALID, FILE_UNREADABLE. */
async function openedInputs(
  { inputMode, inputs }: Manifest,
  proof: ProofFile,
  path: string,
): Promise<{ readonly name: string; readonly values: number[] }[]> {
  if (inputMode === "PUBLIC")
    throw new VerigradError("INPUT_MODE_MISMATCH", "this package's inputs are public: there is nothing to open");
  const specs = inputs.map(({ spec }) => spec);
  const opening = await parseOpening(specs, (await readNamed(path)).toString("utf8"));
  assertOpens(opening, toBytes(proof.input));
  return decodeTensors(specs, opening.input).map((values, i) => {
    const { name, spec } = inputs[i] as Manifest["inputs"][number];
    return { name, values: [...dequantizeValues(spec, values)] };
  });
}
