// SPDX-License-Identifier: GPL-3.0-or-later
// What an operator has at stake: bond, unbond, rebond, release, and what there is.
import { Command } from "commander";
import type { ChainReader } from "../../chain/client.ts";
import { calls, type Sender } from "../../chain/transactions.ts";
import { address, parseWith, uint, type Address } from "../../chain/types.ts";
import { VerigradError } from "../../errors.ts";
import { bondStake } from "../../sdk/stake.ts";
import type { CliContext } from "../context.ts";
import { readNodeFile, withAccount, type NodeFile } from "../node-file.ts";

interface StakeOptions {
  readonly config: string;
  readonly token?: string;
  readonly amount?: string;
}

/** One thing that an account does with its stake in one token. */
interface Action {
  readonly name: string;
  readonly description: string;
  readonly amount: boolean;
  readonly act: (chain: ChainReader, sender: Sender, token: Address, amount: bigint, signal: AbortSignal) => unknown;
}

const ACTIONS: readonly Action[] = [
  {
    name: "bond",
    description: "put tokens at stake: from the balance on the market and, where it lacks, from the wallet",
    amount: true,
    act: (chain, sender, token, amount, signal) => bondStake(chain, sender, token, amount, { signal }),
  },
  {
    name: "unbond",
    description: "take stake out of what backs claims; it stays slashable until it is released",
    amount: true,
    act: ({ deployment }, sender, token, amount, signal) =>
      sender.send(calls.unbond(deployment, token, amount), { signal }),
  },
  {
    name: "rebond",
    description: "let all that is unbonding back claims again",
    amount: false,
    act: ({ deployment }, sender, token, _amount, signal) => sender.send(calls.rebond(deployment, token), { signal }),
  },
  {
    name: "release",
    description: "move what has unbonded, and no open job needs, to the balance on the market",
    amount: false,
    act: ({ deployment }, sender, token, _amount, signal) => sender.send(calls.release(deployment, token), { signal }),
  },
  { name: "stake", description: "show stake and balance", amount: false, act: () => undefined },
];

/** The subcommands of `verigrad node` that concern stake. */
export function stakeCommands(context: () => CliContext): Command[] {
  return ACTIONS.map((action) => {
    const command = new Command(action.name)
      .description(action.description)
      .requiredOption("--config <json>", "configuration file of the node")
      .option("--token <address>", "the token; may be left out where the configuration has one only");
    if (action.amount) command.requiredOption("--amount <n>", "in the token's smallest unit");
    const amount = action.amount ? " --amount 5000000" : "";
    return command
      .addHelpText("after", `\nExamples:\n  $ verigrad node ${action.name} --config node.json${amount}`)
      .action((options: StakeOptions) => stake(context(), action, options));
  });
}

async function stake(context: CliContext, action: Action, options: StakeOptions): Promise<void> {
  const file = await readNodeFile(options.config);
  const amount = parseWith(uint(96), options.amount ?? "0", "OPTION_INVALID", "--amount");
  const token = tokenFrom(options.token, file);
  await withAccount(file, context.env, async (chain, sender) => {
    await action.act(chain, sender, token, amount, context.signal);
    const found = await chain.stakeOf(token, sender.address);
    const balance = await chain.balanceOf(token, sender.address);
    const { bonded, exposure, unbonding, releasableAt } = found;
    context.print(`account ${sender.address}, token ${token}`);
    context.print(`bonded ${bonded}, of which open jobs need ${exposure}`);
    if (unbonding !== 0n)
      context.print(`unbonding ${unbonding}, from ${new Date(Number(releasableAt) * 1000).toISOString()} on`);
    context.print(`balance ${balance}`);
    context.print(`jobs settled ${found.settled}, slashed ${found.slashed}, of these expired ${found.expired}`);
    context.result({ account: sender.address, token, balance, ...found });
  });
}

/** Errors: OPTION_INVALID. */
function tokenFrom(option: string | undefined, { deployment, node }: NodeFile): Address {
  if (option !== undefined) {
    const token = parseWith(address, option, "OPTION_INVALID", "--token");
    // SAFETY: before the market takes a token it is approved, and that can be any contract.
    if (deployment.tokens.some((listed) => listed.toLowerCase() === token.toLowerCase())) return token;
    throw new VerigradError("OPTION_INVALID", `--token: the deployment names no token ${token}`);
  }
  const [only] = node.tokens;
  if (only !== undefined && node.tokens.length === 1) return only.token;
  throw new VerigradError("OPTION_INVALID", "the configuration has several tokens: give --token");
}
