// SPDX-License-Identifier: GPL-3.0-or-later
import { resolve } from "node:path";
import { Command } from "commander";
import { auditDirectory, writeAuditDirectory, type AuditReport } from "../../audit/audit.ts";
import { collectChainData, readChainData } from "../../audit/chain-data.ts";
import type { ChainReader } from "../../chain/client.ts";
import { toBytes } from "../../chain/hashes.ts";
import { hash32, parseWith } from "../../chain/types.ts";
import { assertFree } from "../../compile/write.ts";
import { VerigradError } from "../../errors.ts";
import { cidFromBytes } from "../../hub/cid.ts";
import { openHub } from "../../hub/store.ts";
import { addChainOptions, chainFrom, type ChainOptions } from "../chain-options.ts";
import { assertDirectory, assertFile, EXIT, readNamed, type CliContext } from "../context.ts";
import { proofSystemOf } from "../proof-systems.ts";

interface JobOptions extends ChainOptions {
  readonly package?: string;
  readonly hub?: string;
  readonly output: string;
  readonly ptau?: string;
  readonly opening?: string;
}

interface DirectoryOptions extends Partial<ChainOptions> {
  readonly ptau?: string;
  readonly opening?: string;
}

export function auditCommand(context: () => CliContext): Command {
  const job = addChainOptions(
    new Command("job")
      .description("collect a settled job's chain data and its model's package, then re-check all of it")
      .argument("<id>", "the job's id")
      .option("--package <dir>", "the model's package")
      .option("--hub <dir>", "local hub that holds the package")
      .requiredOption("-o, --output <dir>", "where chain data and package are kept, for audits to come")
      .option("--ptau <file>", "the ceremony's powers-of-tau file")
      .option("--opening <file>", "the opening of a committed input; it is read, and not kept"),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ verigrad audit job 0x4f... --rpc http://127.0.0.1:8545 --deployment deployment.json --package digits -o audit

Exit codes: 0 valid, 3 invalid, 4 indeterminate.`,
    )
    .action((id: string, options: JobOptions) => auditJob(context(), id, options));
  const directory = new Command("directory")
    .description("re-check a directory that `audit job` made; offline, or with --rpc the deployed proof system too")
    .argument("<dir>", "holds chain.json and package/")
    .option("--rpc <url>", "JSON-RPC endpoint of the chain")
    .option("--deployment <file>", "deployment file")
    .option("--ptau <file>", "the ceremony's powers-of-tau file")
    .option("--opening <file>", "the opening of a committed input")
    .addHelpText(
      "after",
      "\nExamples:\n  $ verigrad audit directory audit\n\nExit codes: 0 valid, 3 invalid, 4 indeterminate.",
    )
    .action((path: string, options: DirectoryOptions) => auditPath(context(), path, options));
  return new Command("audit")
    .description("re-check settlements from public data")
    .addCommand(job)
    .addCommand(directory)
    .addHelpText(
      "after",
      "\nExamples:\n  $ verigrad audit job 0x4f... --rpc ... --deployment ... --package digits -o audit",
    );
}

async function auditJob(context: CliContext, id: string, options: JobOptions): Promise<void> {
  const jobId = parseWith(hash32, id, "OPTION_INVALID", "job id");
  if ((options.package === undefined) === (options.hub === undefined)) {
    throw new VerigradError("OPTION_INVALID", "give either --package or --hub");
  }
  await assertDirectory((options.package ?? options.hub) as string);
  if (options.ptau !== undefined) await assertFile(options.ptau);
  const opening = await openingFrom(options);
  await assertFree(resolve(options.output));
  const chain = await chainFrom(options);
  try {
    const data = await collectChainData(chain, jobId);
    const packageDirectory =
      options.package ?? (await (await openHub(options.hub as string)).get(cidFromBytes(toBytes(data.model.spec.cid))));
    await writeAuditDirectory(options.output, data, packageDirectory);
    report(context, await audit(context, options.output, { ...options, chain, opening }));
  } finally {
    chain.close();
  }
}

async function auditPath(context: CliContext, path: string, options: DirectoryOptions): Promise<void> {
  await readChainData(path);
  const { rpc, deployment, ptau } = options;
  if (ptau !== undefined) await assertFile(ptau);
  const opening = await openingFrom(options);
  if ((rpc === undefined) !== (deployment === undefined)) {
    throw new VerigradError("OPTION_INVALID", "give both --rpc and --deployment, or neither");
  }
  const chain = rpc === undefined || deployment === undefined ? undefined : await chainFrom({ rpc, deployment });
  try {
    report(context, await audit(context, path, { chain, ptau, opening }));
  } finally {
    chain?.close();
  }
}

/** What an audit may be given besides its directory. */
interface With {
  readonly chain?: ChainReader | undefined;
  readonly ptau?: string | undefined;
  readonly opening?: string | undefined;
}

async function openingFrom(options: { readonly opening?: string }): Promise<string | undefined> {
  return options.opening === undefined ? undefined : (await readNamed(options.opening)).toString("utf8");
}

async function audit(context: CliContext, directory: string, { chain, ptau, opening }: With): Promise<AuditReport> {
  const { model } = await readChainData(directory);
  return auditDirectory(
    directory,
    {
      proofSystem: await proofSystemOf(model.spec.proofSystem),
      ...(chain === undefined ? {} : { chain }),
      ...(ptau === undefined ? {} : { ptau }),
      ...(opening === undefined ? {} : { opening }),
    },
    context.work(),
  );
}

function report(context: CliContext, { verdict, proven, checks, notices, ...rest }: AuditReport): void {
  const mark = (ok: boolean | null): string => (ok === null ? "?     " : ok ? "ok    " : "FAILED");
  for (const { name, ok, detail } of checks) context.print(`${mark(ok)}  ${name}: ${detail}`);
  for (const notice of notices) context.warn(notice);
  context.print(`verdict: ${verdict}${proven ? "" : " (unproven, and unchallenged)"}`);
  context.result({ ...rest, verdict, proven, checks, notices });
  context.exitCode = verdict === "valid" ? EXIT.ok : verdict === "invalid" ? EXIT.refuted : EXIT.undecided;
}
