// SPDX-License-Identifier: GPL-3.0-or-later
import { Command } from "commander";
import { toBytes } from "../../chain/hashes.ts";
import { VerigradError } from "../../errors.ts";
import { openPackage, openSetup } from "../../hub/package.ts";
import { decodeOutput } from "../../sdk/tensors.ts";
import { EXIT, readJson, type CliContext } from "../context.ts";
import { parseProofFile } from "../proof-file.ts";
import { proofSystemNamed } from "../proof-systems.ts";

export function verifyCommand(context: () => CliContext): Command {
  return new Command("verify")
    .description("check a proof against a package's key, as strictly as the chain does")
    .argument("<dir>", "the package")
    .argument("<file>", "the proof")
    .addHelpText(
      "after",
      "\nExamples:\n  $ verigrad verify digits proof.json\n\nExit code 3: the proof does not verify.",
    )
    .action((directory: string, file: string) => verify(context(), directory, file));
}

async function verify(context: CliContext, directory: string, file: string): Promise<void> {
  const { manifest } = await openPackage(directory);
  const { key, keyHash, insecure } = await openSetup(directory);
  const proof = parseProofFile(await readJson(file));
  if (proof.keyHash !== keyHash) {
    throw new VerigradError("PROOF_FILE_INVALID", `the proof is for key ${proof.keyHash}, the package has ${keyHash}`);
  }
  const proofSystem = await proofSystemNamed(manifest.proofSystem.name);
  const claim = { context: proof.context, input: toBytes(proof.input), output: toBytes(proof.output) };
  const started = performance.now();
  const verdict = await proofSystem.verify(key, claim, toBytes(proof.seal));
  const verifyMs = Math.round(performance.now() - started);
  if (insecure) context.warn("INSECURE: this key comes from a development set-up; its maker can forge proofs.");
  if (verdict.ok) {
    const outputs = decodeOutput(manifest, claim.output).map(({ name, values }) => ({ name, values: [...values] }));
    for (const { name, values } of outputs) context.print(`${name}: ${values.join(" ")}`);
    context.print(`valid: the model gives this output for this input (${verifyMs} ms)`);
    context.result({ ok: true, keyHash, outputs, insecure, verifyMs });
  } else {
    context.print(`INVALID: ${verdict.code}: ${verdict.message}`);
    context.result({ ok: false, keyHash, code: verdict.code, message: verdict.message, insecure, verifyMs });
    context.exitCode = EXIT.refuted;
  }
}
