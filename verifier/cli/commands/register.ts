// SPDX-License-Identifier: GPL-3.0-or-later
import { Command } from "commander";
import { address, hash32, parseWith, uint } from "../../chain/types.ts";
import { openHub } from "../../hub/store.ts";
import { openPackage } from "../../hub/package.ts";
import { registerPackage } from "../../sdk/models.ts";
import {
  addChainOptions,
  addWalletOptions,
  chainFrom,
  senderFrom,
  type ChainOptions,
  type WalletOptions,
} from "../chain-options.ts";
import type { CliContext } from "../context.ts";

interface RegisterCommandOptions extends ChainOptions, WalletOptions {
  readonly royaltyPayee?: string;
  readonly royaltyBps?: string;
  readonly previous?: string;
  readonly hub?: string;
}

export function registerCommand(context: () => CliContext): Command {
  const command = new Command("register")
    .description("register a package's key and model on chain; the sender becomes the model's owner")
    .argument("<dir>", "the package, with its set-up")
    .option("--royalty-payee <address>", "who gets a share of each price")
    .option("--royalty-bps <n>", "the share, of 10,000")
    .option("--previous <model id>", "the version that this one follows")
    .option("--hub <dir>", "also add the package to this local hub");
  return addWalletOptions(addChainOptions(command))
    .addHelpText(
      "after",
      `
Examples:
  $ verigrad register digits --rpc http://127.0.0.1:8545 --deployment deployment.json --key-env OWNER_KEY
  $ verigrad register digits --rpc ... --deployment ... --keystore owner.json --password-env OWNER_PASSWORD \\
      --royalty-payee 0x... --royalty-bps 500`,
    )
    .action((directory: string, options: RegisterCommandOptions) => register(context(), directory, options));
}

async function register(context: CliContext, directory: string, options: RegisterCommandOptions): Promise<void> {
  const option = <T>(
    value: string | undefined,
    name: string,
    schema: Parameters<typeof parseWith>[0],
  ): T | undefined => (value === undefined ? undefined : (parseWith(schema, value, "OPTION_INVALID", name) as T));
  const royaltyPayee = option<`0x${string}`>(options.royaltyPayee, "--royalty-payee", address);
  const royaltyBps = option<bigint>(options.royaltyBps, "--royalty-bps", uint(16));
  const previous = option<`0x${string}`>(options.previous, "--previous", hash32);
  await openPackage(directory);
  // First, so that a hub that cannot take it is said before anything is on chain.
  const cid = options.hub === undefined ? null : await (await openHub(options.hub)).add(directory);
  const chain = await chainFrom(options);
  const sender = await senderFrom(options.rpc, chain.deployment, options, context.env);
  try {
    const registered = await registerPackage(
      directory,
      chain,
      sender,
      {
        ...(royaltyPayee === undefined ? {} : { royaltyPayee }),
        ...(royaltyBps === undefined ? {} : { royaltyBps: Number(royaltyBps) }),
        ...(previous === undefined ? {} : { previous }),
      },
      { signal: context.signal },
    );
    if (registered.insecure)
      context.warn("INSECURE: registered with a development set-up; every consumer can see that.");
    context.print(`model ${registered.modelId}`);
    context.print(`owner ${sender.address}, key ${registered.spec.keyHash}`);
    context.result({ owner: sender.address, hub: cid, ...registered });
  } finally {
    sender.close();
    chain.close();
  }
}
