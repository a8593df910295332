// SPDX-License-Identifier: GPL-3.0-or-later
import { join } from "node:path";
import { Command } from "commander";
import { pino } from "pino";
import { hash32, parseWith } from "../../chain/types.ts";
import { VerigradError } from "../../errors.ts";
import { openPackage, specHashesOf } from "../../hub/package.ts";
import { openHub } from "../../hub/store.ts";
import { openFileStore } from "../../node/fileStore.ts";
import { openProver } from "../../node/prover.ts";
import { runNode } from "../../node/run.ts";
import { inputSpecHashOf } from "../../proofs/commitment.ts";
import type { TensorSpec } from "../../tensor/spec.ts";
import { readNamed, type CliContext } from "../context.ts";
import { openingsOf, readNodeFile, withChain, withSender, type NodeFile } from "../node-file.ts";
import { proofSystemModule, proofSystemNamed } from "../proof-systems.ts";
import { stakeCommands } from "./stake.ts";

interface ConfigOptions {
  readonly config: string;
}

interface OpenOptions extends ConfigOptions {
  readonly job: string;
}

export function nodeCommand(context: () => CliContext): Command {
  const run = new Command("run")
    .description("watch the market, claim jobs that pay, prove and settle them, until stopped")
    .requiredOption("--config <json>", "configuration file")
    .addHelpText("after", "\nExamples:\n  $ OPERATOR_KEY=0x... verigrad node run --config node.json")
    .action((options: ConfigOptions) => runCommand(context(), options.config));
  const open = new Command("open")
    .description("take the opening of a committed input: the node can then claim and prove its job")
    .argument("<opening>", "the file that `verigrad commit` wrote")
    .requiredOption("--job <id>", "the job that it is for: an opening serves no other, whatever its commitment")
    .requiredOption("--config <json>", "configuration file of the node, which may be running")
    .addHelpText("after", "\nExamples:\n  $ verigrad node open opening.json --job 0x4f... --config node.json")
    .action((opening: string, options: OpenOptions) => openCommand(context(), opening, options));
  const node = new Command("node")
    .description("the operator's node")
    .addCommand(run)
    .addCommand(open)
    .addHelpText("after", "\nExamples:\n  $ verigrad node run --config node.json");
  for (const command of stakeCommands(context)) node.addCommand(command);
  return node;
}

async function runCommand(context: CliContext, path: string): Promise<void> {
  const file = await readNodeFile(path);
  const proofSystem = await proofSystemNamed(file.proofSystem);
  await withSender(file, context.env, async (sender) => {
    // What the machine lacks is said before any RPC is asked.
    const hub = await openHub(file.hub);
    const store = await openFileStore(join(file.data, "jobs"));
    try {
      await withChain(file, async (chain) => {
        // Logs go to stderr: stdout's last line is the result.
        const logger = pino({ level: file.logLevel }, pino.destination({ dest: 2, sync: true }));
        const prover = openProver({
          ...proofSystemModule(file.proofSystem),
          memoryMb: file.node.proving.memoryMb,
          timeoutMs: file.node.proving.timeoutSeconds * 1000,
        });
        const clock = { now: () => Date.now() };
        const openings = openingsOf(file);
        await runNode(
          file.node,
          { chain, sender, store, hub, openings, proofSystem, prover, logger, clock },
          context.signal,
        );
      });
      const jobs = await store.list();
      context.result({ jobs: jobs.map(({ jobId, status, reason }) => ({ jobId, status, reason })) });
    } finally {
      await store.close();
    }
  });
}

async function openCommand(context: CliContext, path: string, options: OpenOptions): Promise<void> {
  const jobId = parseWith(hash32, options.job, "OPTION_INVALID", "--job");
  const file = await readNodeFile(options.config);
  const text = (await readNamed(path)).toString("utf8");
  const { commitment } = await openingsOf(file).add(await specsFor(file, text), text, jobId);
  context.print(`opening of ${commitment} taken for job ${jobId}`);
  context.result({ jobId, commitment });
}

/** Input specs of a package in the hub that the opening is for. Errors: OPENING_INVALID, PACKAGE_NOT_FOUND. */
async function specsFor(file: NodeFile, text: string): Promise<readonly TensorSpec[]> {
  const wanted = inputSpecHashOf(text);
  const hub = await openHub(file.hub);
  for (const cid of await hub.list()) {
    const opened = await openPackage(await hub.get(cid)).catch(() => null);
    if (opened?.manifest.inputMode === "COMMITTED" && specHashesOf(opened).inputSpecHash === wanted)
      return opened.inputSpecs;
  }
  throw new VerigradError("PACKAGE_NOT_FOUND", "no package in the node's hub takes inputs of the opening's kind");
}
