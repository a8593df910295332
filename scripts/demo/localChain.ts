// SPDX-License-Identifier: GPL-3.0-or-later
// A chain of one's own for the demo: Hardhat's simulated network behind JSON-RPC on the loopback interface, with the
// contracts deployed by Hardhat Ignition and funded accounts that exist for this run only.
import hre from "hardhat";
import { JsonRpcProvider, toQuantity, Wallet, type HDNodeWallet } from "ethers";

const ETHER = 10n ** 18n;

export interface LocalChain {
  readonly url: string;
  readonly provider: JsonRpcProvider;
  /** A new account with ether, nothing else. */
  account(): Promise<HDNodeWallet>;
  /** Moves the clock to a time (seconds since 1970) and mines a block there. */
  warpTo(timestamp: bigint): Promise<void>;
  /** State to come back to, once. */
  snapshot(): Promise<string>;
  revert(snapshot: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts the chain. Failed transactions are mined, as on a real chain, so that an attack is a transaction. */
export async function startLocalChain(): Promise<LocalChain> {
  const server = await hre.network.createServer(
    { network: "default", override: { throwOnTransactionFailures: false } },
    "127.0.0.1",
  );
  const { address, port } = await server.listen();
  const url = `http://${address}:${port}`;
  const provider = new JsonRpcProvider(url, undefined, { staticNetwork: true, cacheTimeout: -1, batchMaxCount: 1 });
  provider.pollingInterval = 50;
  return {
    url,
    provider,
    account: async () => {
      const wallet = Wallet.createRandom(provider);
      await provider.send("hardhat_setBalance", [wallet.address, toQuantity(1000n * ETHER)]);
      return wallet;
    },
    warpTo: async (timestamp) => {
      await provider.send("evm_setNextBlockTimestamp", [toQuantity(timestamp)]);
      await provider.send("evm_mine", []);
    },
    snapshot: async () => (await provider.send("evm_snapshot", [])) as string,
    revert: async (snapshot) => {
      if ((await provider.send("evm_revert", [snapshot])) !== true) throw new Error("the chain has no such snapshot");
    },
    close: async () => {
      provider.destroy();
      await server.close();
    },
  };
}
