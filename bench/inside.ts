// SPDX-License-Identifier: GPL-3.0-or-later
// Gas of a call as a contract would pay for it.
import type { BaseContract } from "ethers";

interface Rpc {
  send(method: string, params: unknown[]): Promise<unknown>;
}

/**
 * Gas used inside a call to a contract whose storage and code are cold: that of its transaction without what that costs
 * before the first instruction (21,000 and its calldata, EIP-2028). Throws where the call reverts.
 */
export async function gasInside(
  rpc: Rpc,
  from: string,
  contract: BaseContract,
  method: string,
  args: unknown[],
): Promise<number> {
  const data = contract.interface.encodeFunctionData(method, args);
  const trace = (await rpc.send("debug_traceCall", [
    { from, to: await contract.getAddress(), data },
    "latest",
    { disableStorage: true, disableMemory: true, disableStack: true },
  ])) as { gas: string | number; failed: boolean };
  if (trace.failed) throw new Error(`${method} reverts`);
  const bytes = Buffer.from(data.slice(2), "hex");
  const zeros = bytes.filter((byte) => byte === 0).length;
  return Number(trace.gas) - 21_000 - 4 * zeros - 16 * (bytes.length - zeros);
}
