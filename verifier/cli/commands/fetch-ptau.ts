// SPDX-License-Identifier: GPL-3.0-or-later
import { existsSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { VerigradError } from "../../errors.ts";
import { fetchPtau, PUBLISHED_PTAU_AT } from "../../proofs/fetch-ptau.ts";
import type { CliContext } from "../context.ts";

const whole = (text: string): number => {
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError("give a number from 8 to 28.");
  return Number(text);
};

const httpUrl = (text: string): string => {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new InvalidArgumentError("give a URL of http or https.");
  }
  return url.href;
};

export function fetchPtauCommand(context: () => CliContext): Command {
  return new Command("fetch-ptau")
    .description("fetch a powers-of-tau file of the published ceremony, and keep it if its published hash is its hash")
    .argument("<power>", "2^power powers: 8 to 28", whole)
    .argument("<file>", "where to put it")
    .option("--from <url>", "a mirror that has files of the same names", httpUrl, PUBLISHED_PTAU_AT)
    .addHelpText(
      "after",
      `
A file has about 1.1 kB a power: 18 MB for 2^14, 1.2 GB for 2^20. \`verigrad compile\` says how many a model needs.

Examples:
  $ verigrad fetch-ptau 14 pot14.ptau
  $ verigrad setup digits --ptau pot14.ptau --contribution alice --beacon 5f1c...`,
    )
    .action((power: number, file: string, { from }: { readonly from: string }) =>
      fetchPublished(context(), power, file, from),
    );
}

async function fetchPublished(context: CliContext, power: number, file: string, from: string): Promise<void> {
  if (existsSync(file)) throw new VerigradError("OUTPUT_EXISTS", `${file} is there already`, { data: { path: file } });
  const blake2b = await fetchPtau(power, file, { ...context.work(), from });
  context.print(`${file}: blake2b ${blake2b.slice(2)}`);
  context.result({ file, power, blake2b });
}
