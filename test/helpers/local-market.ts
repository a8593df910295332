// SPDX-License-Identifier: GPL-3.0-or-later
// A chain of a test's own with the contracts of a real deployment (no mocks), and accounts with balances and stake on the market.
import type { Contract, HDNodeWallet } from "ethers";
import { deployContracts, fundAccounts } from "../../scripts/demo/deploy.ts";
import { startLocalChain, type LocalChain } from "../../scripts/demo/localChain.ts";
import { openChain, type ChainReader } from "../../verifier/chain/client.ts";
import { openSender, type Sender } from "../../verifier/chain/transactions.ts";
import type { Address } from "../../verifier/chain/types.ts";

export interface LocalMarket {
  readonly chain: LocalChain;
  readonly reader: ChainReader;
  readonly token: Address;
  /** has no balance: owns the token, and the models */
  readonly owner: HDNodeWallet;
  readonly accounts: readonly HDNodeWallet[];
  /** Sends from the owner, or one of the accounts. */
  send(wallet: HDNodeWallet): Sender;
  close(): Promise<void>;
}

/** Deploys everything; `count` accounts, each with `funds` on the market and as much bonded. `tau2`: as deployContracts. */
export async function newLocalMarket(count: number, funds: bigint, tau2?: Uint8Array): Promise<LocalMarket> {
  const chain = await startLocalChain();
  const { deployment, token } = await deployContracts(chain, tau2);
  const reader = await openChain(chain.url, deployment);
  const owner = await chain.account();
  const accounts: HDNodeWallet[] = [];
  while (accounts.length < count) accounts.push(await chain.account());
  const senders = new Map(
    [owner, ...accounts].map((wallet) => [wallet.address, openSender(chain.url, deployment, wallet.privateKey)]),
  );
  await fundAccounts(token.connect(owner) as Contract, deployment, {
    wallets: [],
    balances: [],
    operators: accounts,
    amount: funds,
  });
  return {
    chain,
    reader,
    token: deployment.tokens[0] as Address,
    owner,
    accounts,
    send: ({ address }) => senders.get(address) as Sender,
    close: async () => {
      senders.forEach((sender) => sender.close());
      reader.close();
      await chain.close();
    },
  };
}
