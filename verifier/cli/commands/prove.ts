// SPDX-License-Identifier: GPL-3.0-or-later
import { realpath, rename, writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { toBytes, toHex } from "../../chain/hashes.ts";
import { VerigradError } from "../../errors.ts";
import type { Manifest } from "../../hub/manifest.ts";
import { openPackage, openSetup } from "../../hub/package.ts";
import { parseOpening } from "../../proofs/commitment.ts";
import { argmax, decodeOutput, encodeInputFile } from "../../sdk/tensors.ts";
import { SCALAR_FIELD } from "../../tensor/packing.ts";
import { readNamed, type CliContext } from "../context.ts";
import { PROOF_FORMAT } from "../proof-file.ts";
import { proofSystemNamed } from "../proof-systems.ts";

interface ProveOptions {
  readonly input?: string;
  readonly opening?: string;
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
    .option("--input <json>", 'public input: a file in EZKL\'s format, {"input_data": [[...]]}')
    .option("--opening <file>", "committed input: the opening that verigrad commit has written")
    .requiredOption("-o, --output <file>", "where the proof goes")
    .option("--context <integer>", "what the proof is bound to; a job's context (default: 0)", scalar)
    .addHelpText(
      "after",
      `
Examples:
  $ verigrad prove digits --input digit.json -o proof.json
  $ verigrad prove private-digits --opening opening.json -o proof.json`,
    )
    .action((directory: string, options: ProveOptions) => prove(context(), directory, options));
}

async function prove(context: CliContext, directory: string, options: ProveOptions): Promise<void> {
  const opened = await openPackage(directory);
  const { manifest } = opened;
  const { keyHash, insecure } = await openSetup(directory);
  const { input, salt, claimed } = await readInput(manifest, options);
  await assertNotOpening(options);
  const proofSystem = await proofSystemNamed(manifest.proofSystem.name);
  const started = Date.now();
  const statement = { context: options.context ?? 0n, input, ...(salt === undefined ? {} : { salt }) };
  const { output, seal } = await proofSystem.prove(directory, statement, context.work());
  const proveMs = Date.now() - started;
  const proof = {
    format: PROOF_FORMAT,
    proofSystem: manifest.proofSystem.name,
    keyHash,
    context: statement.context.toString(),
    input: toHex(claimed),
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

interface Input {
  /** canonical bytes */
  readonly input: Uint8Array;
  readonly salt?: bigint;
  /** what the claim says of the input: itself, or the commitment to it */
  readonly claimed: Uint8Array;
}

/** Errors: OPTION_INVALID, INPUT_MODE_MISMATCH, OPENING_INVALID, INPUT_*, FILE_UNREADABLE. */
async function readInput(manifest: Manifest, options: ProveOptions): Promise<Input> {
  if ((options.input === undefined) === (options.opening === undefined))
    throw new VerigradError("OPTION_INVALID", "give either --input or --opening");
  if (options.opening !== undefined) {
    if (manifest.inputMode === "PUBLIC")
      throw new VerigradError("INPUT_MODE_MISMATCH", "this package's inputs are public: give --input");
    const text = (await readNamed(options.opening)).toString("utf8");
    const { input, salt, commitment } = await parseOpening(
      manifest.inputs.map(({ spec }) => spec),
      text,
    );
    return { input, salt, claimed: toBytes(commitment) };
  }
  const input = encodeInputFile(manifest, await readNamed(options.input as string));
  return { input, claimed: input };
}

/** SAFETY: nothing could prove the commitment again. Errors: OUTPUT_EXISTS. */
async function assertNotOpening({ opening, output }: ProveOptions): Promise<void> {
  if (opening === undefined) return;
  const existing = await realpath(output).catch(() => null);
  if (existing === (await realpath(opening)))
    throw new VerigradError("OUTPUT_EXISTS", `${output} is the opening, which is never replaced`);
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
