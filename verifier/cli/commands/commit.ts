// SPDX-License-Identifier: GPL-3.0-or-later
import { realpath, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { Command } from "commander";
import { VerigradError } from "../../errors.ts";
import { openPackage } from "../../hub/package.ts";
import { serializeOpening } from "../../proofs/commitment.ts";
import { commitInputFile } from "../../sdk/tensors.ts";
import { readNamed, type CliContext } from "../context.ts";

interface CommitOptions {
  readonly input: string;
  readonly output: string;
}

export function commitCommand(context: () => CliContext): Command {
  return new Command("commit")
    .description("commit to an input of a package whose inputs are committed; write the opening, which is secret")
    .argument("<dir>", "the package")
    .requiredOption("--input <json>", 'input file in EZKL\'s format, {"input_data": [[...]]}')
    .requiredOption("-o, --output <file>", "where the opening goes; must not exist, nor lie in the package")
    .addHelpText(
      "after",
      `
The opening shows the input to whoever has it, and the commitment can never be proven without it: keep it, and publish
it nowhere.

Examples:
  $ verigrad commit private-digits --input digit.json -o opening.json`,
    )
    .action((directory: string, options: CommitOptions) => commit(context(), directory, options));
}

async function commit(context: CliContext, directory: string, options: CommitOptions): Promise<void> {
  const { manifest } = await openPackage(directory);
  await assertOutside(directory, options.output);
  const opening = await commitInputFile(manifest, await readNamed(options.input));
  // SAFETY: readable by its owner only, from its first byte on; another opening is never replaced.
  await writeFile(options.output, serializeOpening(opening), { mode: 0o600, flag: "wx" }).catch((cause: unknown) => {
    const taken = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw taken
      ? new VerigradError("OUTPUT_EXISTS", `${options.output} exists: an opening is never replaced`, { cause })
      : new VerigradError("OUTPUT_UNWRITABLE", `cannot write ${options.output}`, { cause });
  });
  const { commitment, inputSpecHash } = opening;
  context.print(`commitment: ${commitment}`);
  context.print(`${options.output}: the opening, SECRET: it shows the input`);
  context.print(`next: verigrad prove ${directory} --opening ${options.output} -o proof.json`);
  context.result({ file: options.output, commitment, inputSpecHash });
}

/** SAFETY: a package is published as it stands, setup/ and report/ included. Errors: OPENING_EXPOSED. */
async function assertOutside(directory: string, output: string): Promise<void> {
  const parent = await realpath(dirname(resolve(output))).catch((cause: unknown) => {
    throw new VerigradError("OUTPUT_UNWRITABLE", `cannot write ${output}`, { cause });
  });
  const way = relative(await realpath(directory), parent);
  if (way.split(sep)[0] !== ".." && !isAbsolute(way))
    throw new VerigradError("OPENING_EXPOSED", "an opening must not stand in a package, which others get");
}
