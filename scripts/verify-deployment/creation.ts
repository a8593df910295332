// SPDX-License-Identifier: GPL-3.0-or-later
// How a contract came to be. Code alone says nothing of storage: other creation code can return the very same code and
// leave a balance, a token or a key behind that no constructor here would have.
import { AbiCoder, getAddress, getCreateAddress, Interface } from "ethers";
import type { JsonRpcApiProvider } from "ethers";
import type { Address } from "../../verifier/chain/types.ts";
import type { Artifact } from "./artifacts.ts";

export interface Creation {
  readonly block: number;
  /** creation code and constructor arguments; null if no transaction of that block created it by itself */
  readonly data: string | null;
}

/**
 * Finds the transaction that created a contract, by halving; null if there is no code. The RPC has to know the code at
 * old blocks. A transaction's sender and nonce determine what it creates, and an account's nonce never returns: there is
 * one at most.
 */
export async function creationOf(provider: JsonRpcApiProvider, at: Address): Promise<Creation | null> {
  let block = await provider.getBlockNumber();
  if ((await provider.getCode(at, block)) === "0x") return null;
  // INVARIANT: no code before `without`, code at `block`.
  for (let without = 0; without < block;) {
    const middle = Math.floor((without + block) / 2);
    if ((await provider.getCode(at, middle)) === "0x") without = middle + 1;
    else block = middle;
  }
  const transactions = (await provider.getBlock(block, true))?.prefetchedTransactions ?? [];
  const creating = transactions.find((tx) => tx.to === null && getCreateAddress(tx) === getAddress(at));
  return { block, data: creating?.data ?? null };
}

/**
 * The arguments that this artifact's own constructor was run with, or what is wrong instead. Arguments in an unusual
 * encoding count as wrong: what is read here must be what the constructor read.
 */
export function argumentsOf(creation: Creation | null, artifact: Artifact): readonly unknown[] | string {
  if (creation === null) return "no code there";
  const { data } = creation;
  if (data === null) return `no transaction of block ${creation.block} creates it by itself`;
  if (!data.startsWith(artifact.bytecode)) return "created by other code";
  const encoded = `0x${data.slice(artifact.bytecode.length)}`;
  const { inputs } = new Interface(artifact.abi).deploy;
  const coder = AbiCoder.defaultAbiCoder();
  try {
    const decoded = coder.decode(inputs, encoded);
    return coder.encode(inputs, decoded) === encoded ? decoded : "constructor arguments in an unusual encoding";
  } catch {
    return "constructor arguments that cannot be read";
  }
}
