// SPDX-License-Identifier: GPL-3.0-or-later
// Options of commands that talk to a chain, and what they stand for. Keys come from an encrypted keystore or from an
// environment variable that is named; never from the command line, where every process could read them.
import type { Command } from "commander";
import { openChain, type ChainReader } from "../chain/client.ts";
import { parseDeployment, type Deployment } from "../chain/deployment.ts";
import { openSender, privateKeyFromKeystore, type Sender } from "../chain/transactions.ts";
import { VerigradError } from "../errors.ts";
import { readNamed, type CliContext } from "./context.ts";

export interface ChainOptions {
  readonly rpc: string;
  readonly deployment: string;
}

export interface WalletOptions {
  readonly keystore?: string;
  readonly passwordEnv?: string;
  readonly keyEnv?: string;
}

export function addChainOptions(command: Command): Command {
  return command
    .requiredOption("--rpc <url>", "JSON-RPC endpoint of the chain")
    .requiredOption("--deployment <file>", "deployment file: chain id and contract addresses");
}

export function addWalletOptions(command: Command): Command {
  return command
    .option("--keystore <file>", "encrypted keystore (Web3 Secret Storage)")
    .option("--password-env <name>", "environment variable that holds the keystore's password")
    .option("--key-env <name>", "environment variable that holds the private key");
}

/** Opens the chain of the options. Errors: FILE_UNREADABLE, DEPLOYMENT_INVALID, RPC_URL_INVALID, CHAIN_*. */
export async function chainFrom(options: ChainOptions): Promise<ChainReader> {
  return openChain(checkRpc(options.rpc), parseDeployment((await readNamed(options.deployment)).toString("utf8")));
}

/** Errors: RPC_URL_INVALID unless an http or https URL. */
export function checkRpc(rpc: string): string {
  if (URL.canParse(rpc) && ["http:", "https:"].includes(new URL(rpc).protocol)) return rpc;
  throw new VerigradError("RPC_URL_INVALID", "the RPC endpoint is not an http or https URL");
}

/** Opens the wallet of the options. Errors: WALLET_INVALID, FILE_UNREADABLE. */
export async function senderFrom(
  rpc: string,
  deployment: Deployment,
  wallet: WalletOptions,
  env: CliContext["env"],
): Promise<Sender> {
  const fromEnv = (name: string): string => {
    const value = env[name];
    if (value !== undefined && value !== "") return value;
    throw new VerigradError("WALLET_INVALID", `the environment variable ${name} is not set`);
  };
  if (wallet.keyEnv !== undefined) return openSender(rpc, deployment, fromEnv(wallet.keyEnv).trim());
  if (wallet.keystore === undefined || wallet.passwordEnv === undefined) {
    throw new VerigradError("WALLET_INVALID", "give --keystore with --password-env, or --key-env");
  }
  const keystore = (await readNamed(wallet.keystore)).toString("utf8");
  return openSender(rpc, deployment, await privateKeyFromKeystore(keystore, fromEnv(wallet.passwordEnv)));
}
