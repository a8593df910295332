// SPDX-License-Identifier: GPL-3.0-or-later
import { join } from "node:path";
import { Command } from "commander";
import { pino } from "pino";
import { z } from "zod";
import { openChain } from "../../chain/client.ts";
import { deploymentSchema } from "../../chain/deployment.ts";
import { parseWith } from "../../chain/types.ts";
import { openHub } from "../../hub/store.ts";
import { nodeConfigSchema } from "../../node/config.ts";
import { openFileStore } from "../../node/fileStore.ts";
import { openProver } from "../../node/prover.ts";
import { runNode } from "../../node/run.ts";
import { checkRpc, senderFrom } from "../chain-options.ts";
import { readJson, type CliContext } from "../context.ts";
import { proofSystemModule, proofSystemNamed } from "../proof-systems.ts";

/** The file that `node run` reads (docs/node.md). */
const fileSchema = z.strictObject({
  rpc: z.string(),
  deployment: deploymentSchema,
  /** directory of the job store; one node at a time */
  data: z.string().min(1),
  /** directory of the local hub */
  hub: z.string().min(1),
  wallet: z.strictObject({
    keystore: z.string().min(1).optional(),
    passwordEnv: z.string().min(1).optional(),
    keyEnv: z.string().min(1).optional(),
  }),
  proofSystem: z.string().default("groth16"),
  logLevel: z.enum(["debug", "info", "warn", "error"]).default("info"),
  node: nodeConfigSchema,
});

export function nodeCommand(context: () => CliContext): Command {
  const run = new Command("run")
    .description("watch the market, claim jobs that pay, prove and settle them, until stopped")
    .requiredOption("--config <json>", "configuration file")
    .addHelpText("after", "\nExamples:\n  $ OPERATOR_KEY=0x... verigrad node run --config node.json")
    .action((options: { config: string }) => runCommand(context(), options.config));
  return new Command("node")
    .description("the operator's node")
    .addCommand(run)
    .addHelpText("after", "\nExamples:\n  $ verigrad node run --config node.json");
}

async function runCommand(context: CliContext, path: string): Promise<void> {
  const file = parseWith(fileSchema, await readJson(path), "CONFIG_INVALID", path);
  const rpc = checkRpc(file.rpc);
  const { keystore, passwordEnv, keyEnv } = file.wallet;
  const wallet = {
    ...(keystore === undefined ? {} : { keystore }),
    ...(passwordEnv === undefined ? {} : { passwordEnv }),
    ...(keyEnv === undefined ? {} : { keyEnv }),
  };
  const proofSystem = await proofSystemNamed(file.proofSystem);
  const sender = await senderFrom(rpc, file.deployment, wallet, context.env);
  const hub = await openHub(file.hub);
  const store = await openFileStore(join(file.data, "jobs"));
  const chain = await openChain(rpc, file.deployment).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  // Logs go to stderr: stdout's last line is the result.
  const logger = pino({ level: file.logLevel }, pino.destination({ dest: 2, sync: true }));
  const prover = openProver({
    ...proofSystemModule(file.proofSystem),
    memoryMb: file.node.proving.memoryMb,
    timeoutMs: file.node.proving.timeoutSeconds * 1000,
  });
  try {
    await runNode(
      file.node,
      {
        chain,
        sender,
        store,
        hub,
        proofSystem,
        prover,
        logger,
        clock: { now: () => Date.now() },
      },
      context.signal,
    );
    const jobs = await store.list();
    context.result({ jobs: jobs.map(({ jobId, status, reason }) => ({ jobId, status, reason })) });
  } finally {
    await store.close();
    sender.close();
    chain.close();
  }
}
