// SPDX-License-Identifier: GPL-3.0-or-later
import { Command } from "commander";
import { toBytes } from "../../chain/hashes.ts";
import { VerigradError } from "../../errors.ts";
import type { Manifest } from "../../hub/manifest.ts";
import { openPackage, openSetup } from "../../hub/package.ts";
import { assertOpens, parseOpening } from "../../proofs/commitment.ts";
import { decodeOutput } from "../../sdk/tensors.ts";
import { decodeTensors, dequantizeValues } from "../../tensor/codec.ts";
import { EXIT, readJson, readNamed, type CliContext } from "../context.ts";
import { parseProofFile, type ProofFile } from "../proof-file.ts";
import { proofSystemNamed } from "../proof-systems.ts";

export function verifyCommand(context: () => CliContext): Command {
  return new Command("verify")
    .description("check a proof against a package's key, as strictly as the chain does")
    .argument("<dir>", "the package")
    .argument("<file>", "the proof")
    .option("--opening <file>", "also check that this opening opens the proof's commitment, and show the input")
    .addHelpText(
      "after",
      "\nExamples:\n  $ verigrad verify digits proof.json\n\nExit code 3: the proof does not verify.",
    )
    .action((directory: string, file: string, options: { opening?: string }) =>
      verify(context(), directory, file, options.opening),
    );
}

async function verify(
  context: CliContext,
  directory: string,
  file: string,
  openingPath: string | undefined,
): Promise<void> {
  const { manifest } = await openPackage(directory);
  const { key, keyHash, insecure } = await openSetup(directory);
  const proof = parseProofFile(await readJson(file));
  if (proof.keyHash !== keyHash) {
    throw new VerigradError("PROOF_FILE_INVALID", `the proof is for key ${proof.keyHash}, the package has ${keyHash}`);
  }
  const inputs = openingPath === undefined ? null : await openedInputs(manifest, proof, openingPath);
  const proofSystem = await proofSystemNamed(manifest.proofSystem.name);
  const claim = { context: proof.context, input: toBytes(proof.input), output: toBytes(proof.output) };
  const started = performance.now();
  const verdict = await proofSystem.verify(key, claim, toBytes(proof.seal));
  const verifyMs = Math.round(performance.now() - started);
  if (insecure) context.warn("INSECURE: this key comes from a development set-up; its maker can forge proofs.");
  if (verdict.ok) {
    const outputs = decodeOutput(manifest, claim.output).map(({ name, values }) => ({ name, values: [...values] }));
    for (const { name, values } of [...(inputs ?? []), ...outputs]) context.print(`${name}: ${values.join(" ")}`);
    const subject = manifest.inputMode === "PUBLIC" || inputs !== null ? "this input" : "the committed input";
    context.print(`valid: the model gives this output for ${subject} (${verifyMs} ms)`);
    context.result({ ok: true, keyHash, ...(inputs === null ? {} : { inputs }), outputs, insecure, verifyMs });
  } else {
    context.print(`INVALID: ${verdict.code}: ${verdict.message}`);
    context.result({ ok: false, keyHash, code: verdict.code, message: verdict.message, insecure, verifyMs });
    context.exitCode = EXIT.refuted;
  }
}

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
