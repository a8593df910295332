// SPDX-License-Identifier: GPL-3.0-or-later
import { rename, writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { toHex } from "../../chain/hashes.ts";
import { VerigradError } from "../../errors.ts";
import { openPackage, openSetup } from "../../hub/package.ts";
import { argmax, decodeOutput, encodeInputFile } from "../../sdk/tensors.ts";
import { SCALAR_FIELD } from "../../tensor/packing.ts";
import { readNamed, type CliContext } from "../context.ts";
import { PROOF_FORMAT } from "../proof-file.ts";
import { proofSystemNamed } from "../proof-systems.ts";

interface ProveOptions {
  readonly input: string;
  readonly output: string;
  readonly context?: bigint;
}

const scalar = (text: string): bigint => {
  if (!/^(0x[0-9a-fA-F]+|[0-9]+)$/.test(text) || text.length > 80 || BigInt(text) >= SCALAR_FIELD) {
    throw new InvalidArgumentError("give an integer below the field's order, decimal or 0x-hex.");
  }
  return BigInt(text);
};

export function proveCommand(context: () => CliContext): Command {
  return new Command("prove")
    .description("run a package's model on an input and prove the result")
    .argument("<dir>", "the package, with its set-up")
    .requiredOption("--input <json>", 'input file in EZKL\'s format, {"input_data": [[...]]}')
    .requiredOption("-o, --output <file>", "where the proof goes")
    .option("--context <integer>", "what the proof is bound to; a job's context (default: 0)", scalar)
    .addHelpText("after", "\nExamples:\n  $ verigrad prove digits --input digit.json -o proof.json")
    .action((directory: string, options: ProveOptions) => prove(context(), directory, options));
}

async function prove(context: CliContext, directory: string, options: ProveOptions): Promise<void> {
  const opened = await openPackage(directory);
  const { manifest } = opened;
  const { keyHash, insecure } = await openSetup(directory);
  const input = encodeInputFile(manifest, await readNamed(options.input));
  const proofSystem = await proofSystemNamed(manifest.proofSystem.name);
  const started = Date.now();
  const statement = { context: options.context ?? 0n, input };
  const { output, seal } = await proofSystem.prove(directory, statement, context.work());
  const proveMs = Date.now() - started;
  const proof = {
    format: PROOF_FORMAT,
    proofSystem: manifest.proofSystem.name,
    keyHash,
    context: statement.context.toString(),
    input: toHex(input),
    output: toHex(output),
    seal: toHex(seal),
  };
  await writeWhole(options.output, `${JSON.stringify(proof, null, 2)}\n`);
  const tensors = decodeOutput(manifest, output).map(({ name, values }) => ({
    name,
    values: [...values],
    argmax: argmax(values).index,
  }));
  if (insecure) context.warn("INSECURE: this key comes from a development set-up; the proof convinces nobody else.");
  for (const tensor of tensors) context.print(`${tensor.name}: ${tensor.values.join(" ")} (largest: ${tensor.argmax})`);
  context.print(`${options.output}: proof of ${seal.length} bytes, ${proveMs} ms`);
  context.result({ file: options.output, keyHash, output: toHex(output), tensors, insecure, proveMs });
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (cause) {
    throw new VerigradError("OUTPUT_UNWRITABLE", `cannot write ${path}`, { cause });
  }
}
