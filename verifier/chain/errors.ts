// SPDX-License-Identifier: GPL-3.0-or-later
// What went wrong on the chain, in words: custom errors decoded, everything else sorted by what to do about it.
import { Interface, isHexString } from "ethers";
import { VerigradError } from "../errors.ts";
import { INFERENCE_MARKET_ABI } from "./abi/inferenceMarket.ts";
import { MODEL_REGISTRY_ABI } from "./abi/modelRegistry.ts";
import { PROOF_SYSTEM_ABI } from "./abi/proofSystem.ts";
import { PROOF_SYSTEM_ROUTER_ABI } from "./abi/proofSystemRouter.ts";
import type { Hex } from "./types.ts";

/** Errors of tokens and of OpenZeppelin's guards, which a call can meet besides our own. */
const COMMON_ERRORS = [
  "error Error(string)",
  "error Panic(uint256)",
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
  "error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
  "error SafeERC20FailedOperation(address token)",
  "error ReentrancyGuardReentrantCall()",
  "error OwnableUnauthorizedAccount(address account)",
];

const errors = new Interface([
  ...new Map(
    [...INFERENCE_MARKET_ABI, ...MODEL_REGISTRY_ABI, ...PROOF_SYSTEM_ABI, ...PROOF_SYSTEM_ROUTER_ABI]
      .filter((entry) => entry.type === "error")
      .map((entry) => [JSON.stringify(entry), entry]),
  ).values(),
  ...COMMON_ERRORS,
]);

/** Reverted calls keep their bytes somewhere inside the client's error, a different place for each client. */
function revertDataOf(error: unknown, depth = 0): Hex | undefined {
  if (depth > 6 || typeof error !== "object" || error === null) return undefined;
  const record = error as Record<string, unknown>;
  if (isHexString(record["data"])) return record["data"];
  for (const key of ["data", "error", "info", "cause"]) {
    const found = revertDataOf(record[key], depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

const TRANSPORT_CODES = new Set([
  "NETWORK_ERROR",
  "TIMEOUT",
  "SERVER_ERROR",
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
]);

/** Gives revert bytes their name. */
export function decodeRevert(data: Hex): VerigradError {
  const parsed = data === "0x" ? null : errors.parseError(data);
  const name = parsed?.name ?? "unknown";
  const args = parsed === null ? [] : parsed.args.map(plain);
  const shown = parsed === null ? data.slice(0, 10) : `${name}(${args.map(String).join(", ")})`;
  return new VerigradError("CHAIN_REVERTED", `the chain refused the call: ${shown}`, { data: { error: name, args } });
}

function plain(value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : Array.isArray(value) ? value.map(plain) : value;
}

/**
 * Any error of a chain call as a VerigradError: CHAIN_REVERTED with data {error, args}, CHAIN_FUNDS when the account
 * cannot pay for gas, CHAIN_UNREACHABLE (RETRY) for the transport, else CHAIN_CALL_FAILED (RETRY).
 */
export function chainError(error: unknown): VerigradError {
  if (error instanceof VerigradError) return error;
  const record = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
  const message = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  const code = typeof record["code"] === "string" ? record["code"] : "";
  const data = revertDataOf(error);
  if (code === "INSUFFICIENT_FUNDS" || /insufficient funds|doesn't have enough funds/i.test(message)) {
    return new VerigradError("CHAIN_FUNDS", "the account cannot pay for the transaction's gas", { cause: error });
  }
  if (data !== undefined && (code === "CALL_EXCEPTION" || /revert/i.test(message))) return decodeRevert(data);
  if (code === "CALL_EXCEPTION" || /reverted/i.test(message)) return decodeRevert("0x");
  if (TRANSPORT_CODES.has(code)) {
    return new VerigradError("CHAIN_UNREACHABLE", `the chain's RPC did not answer (${code})`, {
      consequence: "RETRY",
      cause: error,
    });
  }
  return new VerigradError("CHAIN_CALL_FAILED", `a call to the chain failed: ${message.slice(0, 200)}`, {
    consequence: "RETRY",
    cause: error,
  });
}

/** Runs a call and turns whatever it throws into a VerigradError. */
export async function withChainErrors<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw chainError(error);
  }
}
