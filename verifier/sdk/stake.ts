// SPDX-License-Identifier: GPL-3.0-or-later
// Putting tokens at stake, wherever they are.
import type { ChainReader } from "../chain/client.ts";
import { calls, type Sender, type WaitOptions } from "../chain/transactions.ts";
import type { Address, Stake } from "../chain/types.ts";
import { VerigradError } from "../errors.ts";

/** Deposits what an account's balance on the market lacks for `amount`, from its tokens. Errors: FUNDS_MISSING, CHAIN_*, TX_*. */
export async function coverBalance(
  chain: ChainReader,
  sender: Sender,
  token: Address,
  amount: bigint,
  options: WaitOptions = {},
): Promise<void> {
  const missing = amount - (await chain.balanceOf(token, sender.address));
  if (missing <= 0n) return;
  const { balance, allowance } = await chain.walletOf(token, sender.address);
  if (balance < missing) {
    throw new VerigradError(
      "FUNDS_MISSING",
      `${missing} more of ${token} are needed on the market, and the account has ${balance}`,
      { data: { token, missing: missing.toString(), balance: balance.toString() } },
    );
  }
  const { deployment } = chain;
  // SAFETY: the market may take exactly what is to be deposited now.
  if (allowance < missing) {
    // Some tokens refuse to change an allowance that is neither zero nor to become it (USDT).
    if (allowance !== 0n) await sender.send(calls.approve(token, deployment.market, 0n), options);
    await sender.send(calls.approve(token, deployment.market, missing), options);
  }
  await sender.send(calls.deposit(deployment, token, sender.address, missing), options);
}

/** Bonds `amount`: from the balance on the market and, where it lacks, from the account's tokens. Errors: as coverBalance. */
export async function bondStake(
  chain: ChainReader,
  sender: Sender,
  token: Address,
  amount: bigint,
  options: WaitOptions = {},
): Promise<Stake> {
  await coverBalance(chain, sender, token, amount, options);
  await sender.send(calls.bond(chain.deployment, token, amount), options);
  return chain.stakeOf(token, sender.address);
}
