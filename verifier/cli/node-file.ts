// SPDX-License-Identifier: GPL-3.0-or-later
// The file that the commands of `verigrad node` read (docs/node.md), and what they open with it.
import { join } from "node:path";
import { z } from "zod";
import { openChain, type ChainReader } from "../chain/client.ts";
import { deploymentSchema } from "../chain/deployment.ts";
import type { Sender } from "../chain/transactions.ts";
import { parseWith } from "../chain/types.ts";
import { openOpenings, type Openings } from "../hub/openings.ts";
import { nodeConfigSchema } from "../node/config.ts";
import { checkRpc, senderFrom } from "./chain-options.ts";
import { readJson, type CliContext } from "./context.ts";

const fileSchema = z.strictObject({
  rpc: z.string(),
  deployment: deploymentSchema,
  /** directory of the job store and of openings; one node at a time */
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
export type NodeFile = z.output<typeof fileSchema>;

/** Errors: FILE_UNREADABLE, INPUT_JSON, CONFIG_INVALID naming the field. */
export async function readNodeFile(path: string): Promise<NodeFile> {
  return parseWith(fileSchema, await readJson(path), "CONFIG_INVALID", path);
}

/** The openings that the node finds, and that `node open` adds to. */
export function openingsOf(file: NodeFile): Openings {
  return openOpenings(join(file.data, "openings"));
}

/** The node's account. Errors: RPC_URL_INVALID, WALLET_INVALID, FILE_UNREADABLE. */
export async function senderOf(file: NodeFile, env: CliContext["env"]): Promise<Sender> {
  const { keystore, passwordEnv, keyEnv } = file.wallet;
  const wallet = {
    ...(keystore === undefined ? {} : { keystore }),
    ...(passwordEnv === undefined ? {} : { passwordEnv }),
    ...(keyEnv === undefined ? {} : { keyEnv }),
  };
  return senderFrom(checkRpc(file.rpc), file.deployment, wallet, env);
}

/** Does `work` with the account of a node's file, and closes it. Asks no RPC. */
export async function withSender<T>(
  file: NodeFile,
  env: CliContext["env"],
  work: (sender: Sender) => Promise<T>,
): Promise<T> {
  const sender = await senderOf(file, env);
  try {
    return await work(sender);
  } finally {
    sender.close();
  }
}

/** Does `work` with the chain of a node's file, and closes it. */
export async function withChain<T>(file: NodeFile, work: (chain: ChainReader) => Promise<T>): Promise<T> {
  const chain = await openChain(file.rpc, file.deployment);
  try {
    return await work(chain);
  } finally {
    chain.close();
  }
}

/** Does `work` with chain and account of a node's file, and closes both. */
export async function withAccount<T>(
  file: NodeFile,
  env: CliContext["env"],
  work: (chain: ChainReader, sender: Sender) => Promise<T>,
): Promise<T> {
  return withSender(file, env, (sender) => withChain(file, (chain) => work(chain, sender)));
}
