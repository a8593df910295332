// SPDX-License-Identifier: GPL-3.0-or-later
// Sending: simulate, sign, persist (the caller), broadcast, wait. Signing and broadcasting are apart so that a caller
// can write the signed bytes down first: after a crash the same bytes are broadcast again, never a second transaction.
import { Transaction, Wallet, type JsonRpcApiProvider } from "ethers";
import { VerigradError } from "../errors.ts";
import {
  marketInterface,
  openProvider,
  proofSystemInterface,
  registryInterface,
  tokenInterface,
  type Eip1193,
} from "./client.ts";
import type { Deployment } from "./deployment.ts";
import { chainError, withChainErrors } from "./errors.ts";
import type { Permit, TypedData } from "./signatures.ts";
import type { Address, Hex, ModelSpec, Request } from "./types.ts";

/** contracts/types/Fulfilment.sol: one job of a batch, as `fulfil` takes it. */
export interface Fulfilment {
  readonly request: Request;
  readonly payee: Address;
  readonly output: Hex;
  readonly seal: Hex;
}

/** A call that changes state: where to and with which bytes. */
export interface Call {
  readonly to: Address;
  readonly data: Hex;
  /** for errors and logs */
  readonly what: string;
}

/** Calls of the contracts, encoded. */
export const calls = {
  request: (deployment: Deployment, request: Request): Call => marketCall(deployment, "request", [request]),
  requestBySignature: (deployment: Deployment, request: Request, signature: Hex): Call =>
    marketCall(deployment, "requestBySignature", [request, signature]),
  requestWithPermit: (deployment: Deployment, request: Request, signature: Hex, permit: Permit): Call =>
    marketCall(deployment, "requestWithPermit", [request, signature, permit]),
  /** An empty signature ("0x"): the sender is that request's requester. */
  requestBatch: (deployment: Deployment, requests: readonly Request[], signatures: readonly Hex[]): Call =>
    marketCall(deployment, "requestBatch", [requests, signatures]),
  invalidateNonce: (deployment: Deployment, nonce: bigint): Call => marketCall(deployment, "invalidateNonce", [nonce]),
  claim: (deployment: Deployment, request: Request): Call => marketCall(deployment, "claim", [request]),
  fulfil: (deployment: Deployment, request: Request, payee: Address, output: Hex, seal: Hex): Call =>
    marketCall(deployment, "fulfil", [request, payee, output, seal]),
  fulfilBatch: (deployment: Deployment, batch: readonly Fulfilment[]): Call =>
    marketCall(deployment, "fulfilBatch", [batch]),
  propose: (deployment: Deployment, request: Request, output: Hex): Call =>
    marketCall(deployment, "propose", [request, output]),
  /** `outputHash`: keccak256 of the output that is taken for wrong. */
  challenge: (deployment: Deployment, request: Request, outputHash: Hex): Call =>
    marketCall(deployment, "challenge", [request, outputHash]),
  settle: (deployment: Deployment, request: Request): Call => marketCall(deployment, "settle", [request]),
  expire: (deployment: Deployment, request: Request): Call => marketCall(deployment, "expire", [request]),
  announceCancel: (deployment: Deployment, request: Request): Call =>
    marketCall(deployment, "announceCancel", [request]),
  cancel: (deployment: Deployment, request: Request): Call => marketCall(deployment, "cancel", [request]),
  deposit: (deployment: Deployment, token: Address, account: Address, amount: bigint): Call =>
    marketCall(deployment, "deposit", [token, account, amount]),
  withdraw: (deployment: Deployment, token: Address, to: Address, amount: bigint): Call =>
    marketCall(deployment, "withdraw", [token, to, amount]),
  bond: (deployment: Deployment, token: Address, amount: bigint): Call =>
    marketCall(deployment, "bond", [token, amount]),
  unbond: (deployment: Deployment, token: Address, amount: bigint): Call =>
    marketCall(deployment, "unbond", [token, amount]),
  rebond: (deployment: Deployment, token: Address): Call => marketCall(deployment, "rebond", [token]),
  release: (deployment: Deployment, token: Address): Call => marketCall(deployment, "release", [token]),
  approve: (token: Address, spender: Address, amount: bigint): Call => ({
    to: token,
    data: tokenInterface.encodeFunctionData("approve", [spender, amount]) as Hex,
    what: "approve",
  }),
  registerKey: (proofSystem: Address, key: Hex): Call => ({
    to: proofSystem,
    data: proofSystemInterface.encodeFunctionData("registerKey", [key]) as Hex,
    what: "registerKey",
  }),
  registerModel: (deployment: Deployment, spec: ModelSpec): Call => ({
    to: deployment.registry,
    data: registryInterface.encodeFunctionData("registerModel", [spec]) as Hex,
    what: "registerModel",
  }),
};

function marketCall(deployment: Deployment, name: string, args: unknown[]): Call {
  return { to: deployment.market, data: marketInterface.encodeFunctionData(name, args) as Hex, what: name };
}

/** A signed transaction, to be written down before it is broadcast. */
export interface SignedTransaction {
  readonly hash: Hex;
  readonly nonce: number;
  readonly raw: Hex;
  /** hashes of those whose place it took: with the same nonce, so that one of them at the most is ever included */
  readonly replaced: readonly Hex[];
}

export interface Receipt {
  readonly hash: Hex;
  readonly ok: boolean;
  readonly blockNumber: number;
  readonly gasUsed: bigint;
}

export interface WaitOptions {
  readonly confirmations?: number;
  readonly timeoutMs?: number;
  readonly pollMs?: number;
  readonly signal?: AbortSignal;
}

export interface Sender {
  readonly address: Address;
  /** eth_call at the newest block. Errors: CHAIN_REVERTED with the named error. */
  simulate(call: Call): Promise<void>;
  /** Simulates and signs with the next nonce; broadcasts nothing. Errors: CHAIN_REVERTED, CHAIN_FUNDS. */
  sign(call: Call): Promise<SignedTransaction>;
  /**
   * Simulates and signs what takes the place of a transaction that is not included: its nonce, its gas, higher fees. Without a call
   * it does nothing but use the nonce up. Broadcasts nothing. Null where there is nothing to gain: it offers several times today's
   * fees; or, while it is not its turn, no less than today's; or the account could not pay for more. Errors: as `sign`.
   */
  replace(transaction: SignedTransaction, call: Call | null, inTurn: boolean): Promise<SignedTransaction | null>;
  /** How many transactions of the account are in the chain: the nonce that is to be included next. */
  includedCount(): Promise<number>;
  /** Whether the account's ether pays for so much gas at the price that a transaction would offer now. */
  affords(gas: number): Promise<boolean>;
  /** Broadcasts; a transaction that the chain knows already is no error. Errors: TX_NONCE_USED when another took its nonce. */
  broadcast(transaction: SignedTransaction): Promise<void>;
  /** Says that signed transactions were given up: the next nonce is asked from the chain again. */
  release(): void;
  receipt(hash: Hex): Promise<Receipt | null>;
  /** Signs typed data (EIP-712): 65 bytes r, s, v. */
  signTypedData(data: TypedData): Promise<Hex>;
  /** Waits for a receipt. Errors: TX_FAILED, TX_TIMEOUT (RETRY), ABORTED. */
  wait(hash: Hex, options?: WaitOptions): Promise<Receipt>;
  /** All of it in a row, for callers that need not survive a crash in between. */
  send(call: Call, options?: WaitOptions): Promise<Receipt>;
  close(): void;
}

/** Most gas that a transaction may have (EIP-7825). */
export const TRANSACTION_GAS = 2 ** 24;
/** Head-room over the estimate, in percent: state may change between estimate and inclusion. */
const GAS_MARGIN = 120n;

/** Nodes take a transaction in another's place for fees that are a tenth higher (geth), an eighth (reth, others): in thousandths. */
const REPLACEMENT = 1125n;
/** Of what is offered today: an RPC that hides receipts must not drive an offer up for ever. */
const MOST_OFFERED = 10n;
/** What a transaction that calls nothing takes. */
const PLAIN_GAS = 21_000n;

/** How clients say that a nonce is in the chain: not that it is too high, or that it is in the pool. */
const NONCE_USED = /nonce[ _](is )?too[ _]low|old ?nonce|nonce.*already been used/i;

/** The estimate with head-room, as far as a transaction may have it: with more, none would be accepted. */
function withMargin(estimate: bigint): bigint {
  const wanted = (estimate * GAS_MARGIN) / 100n;
  const most = BigInt(Math.max(TRANSACTION_GAS, Number(estimate)));
  return wanted < most ? wanted : most;
}

/** A sender with a private key in memory. The key is never printed. Errors: WALLET_INVALID. */
export function openSender(rpc: string | Eip1193, deployment: Deployment, privateKey: string): Sender {
  const provider = openProvider(rpc, deployment.chainId);
  let wallet: Wallet;
  try {
    wallet = new Wallet(privateKey, provider);
  } catch {
    // SAFETY: the cause is left out, since it may quote the key
    throw new VerigradError("WALLET_INVALID", "the private key is not 32 bytes of hex");
  }
  return senderOf(provider, wallet, deployment.chainId);
}

function senderOf(provider: JsonRpcApiProvider, wallet: Wallet, chainId: bigint): Sender {
  const from = wallet.address as Address;
  let nextNonce = 0;
  let queue: Promise<unknown> = Promise.resolve();
  /** One signing at a time: two at once would take one nonce. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work, work);
    queue = result.catch(() => undefined);
    return result;
  };

  const simulate = (call: Call): Promise<void> =>
    withChainErrors(async () => {
      await provider.call({ from, to: call.to, data: call.data });
    });

  /** What is to be offered for a unit of gas now. */
  const feesOf = async () => {
    const { maxFeePerGas, gasPrice, maxPriorityFeePerGas } = await provider.getFeeData();
    return { maxFeePerGas: maxFeePerGas ?? gasPrice ?? 0n, maxPriorityFeePerGas: maxPriorityFeePerGas ?? 0n };
  };

  const sign = (call: Call): Promise<SignedTransaction> =>
    inTurn(() =>
      withChainErrors(async () => {
        await simulate(call);
        const gas = await provider.estimateGas({ from, to: call.to, data: call.data });
        const fees = await feesOf();
        const nonce = Math.max(await provider.getTransactionCount(from, "pending"), nextNonce);
        const raw = (await wallet.signTransaction({
          type: 2,
          chainId,
          nonce,
          to: call.to,
          data: call.data,
          gasLimit: withMargin(gas),
          ...fees,
        })) as Hex;
        nextNonce = nonce + 1;
        return { hash: Transaction.from(raw).hash as Hex, nonce, raw, replaced: [] };
      }),
    );

  const replace: Sender["replace"] = (transaction, call, inTurn) =>
    withChainErrors(async () => {
      if (call !== null) await simulate(call);
      const { nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas } = Transaction.from(transaction.raw);
      const today = await feesOf();
      if (!inTurn && (maxFeePerGas ?? 0n) >= today.maxFeePerGas) return null;
      const raised = (before: bigint | null, now: bigint): bigint => {
        const least = ((before ?? 0n) * REPLACEMENT) / 1000n + 1n;
        return least > now ? least : now;
      };
      const fees = {
        maxFeePerGas: raised(maxFeePerGas, today.maxFeePerGas),
        maxPriorityFeePerGas: raised(maxPriorityFeePerGas, today.maxPriorityFeePerGas),
      };
      if (fees.maxFeePerGas > MOST_OFFERED * today.maxFeePerGas) return null;
      const what = call === null ? { to: from, gasLimit: PLAIN_GAS } : { to: call.to, data: call.data, gasLimit };
      if (what.gasLimit * fees.maxFeePerGas > (await provider.getBalance(from))) return null;
      const raw = (await wallet.signTransaction({ type: 2, chainId, nonce, ...what, ...fees })) as Hex;
      const replaced = [...transaction.replaced, transaction.hash];
      return { hash: Transaction.from(raw).hash as Hex, nonce, raw, replaced };
    });

  const affords = (gas: number): Promise<boolean> =>
    withChainErrors(async () => {
      const { maxFeePerGas } = await feesOf();
      return (await provider.getBalance(from)) >= BigInt(gas) * maxFeePerGas;
    });

  const receipt = (hash: Hex): Promise<Receipt | null> =>
    withChainErrors(async () => {
      const found = await provider.getTransactionReceipt(hash);
      if (found === null) return null;
      return { hash, ok: found.status === 1, blockNumber: found.blockNumber, gasUsed: found.gasUsed };
    });

  const broadcast = async (transaction: SignedTransaction): Promise<void> => {
    try {
      await provider.send("eth_sendRawTransaction", [transaction.raw]);
    } catch (error) {
      if ((await provider.getTransaction(transaction.hash).catch(() => null)) !== null) return;
      nextNonce = 0; // ask the chain again
      if (NONCE_USED.test(error instanceof Error ? error.message : "")) {
        throw new VerigradError("TX_NONCE_USED", `nonce ${transaction.nonce} was used by another transaction`, {
          consequence: "RETRY",
          cause: error,
        });
      }
      throw chainError(error);
    }
  };

  const wait = async (hash: Hex, options: WaitOptions = {}): Promise<Receipt> => {
    const { confirmations = 1, timeoutMs = 120_000, pollMs = 500, signal } = options;
    const until = Date.now() + timeoutMs;
    for (;;) {
      if (signal?.aborted === true) throw new VerigradError("ABORTED", "stopped while waiting for a transaction");
      const found = await receipt(hash);
      if (
        found !== null &&
        (await withChainErrors(() => provider.getBlockNumber())) >= found.blockNumber + confirmations - 1
      ) {
        if (found.ok) return found;
        throw new VerigradError("TX_FAILED", `transaction ${hash} was included and reverted`, { data: { hash } });
      }
      if (Date.now() >= until) {
        throw new VerigradError("TX_TIMEOUT", `no receipt of ${hash} after ${timeoutMs} ms`, {
          consequence: "RETRY",
          data: { hash },
        });
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  };

  return {
    address: from,
    simulate,
    sign,
    replace,
    includedCount: () => withChainErrors(() => provider.getTransactionCount(from, "latest")),
    affords,
    broadcast,
    release: () => {
      nextNonce = 0;
    },
    receipt,
    signTypedData: async ({ domain, types, message }) => (await wallet.signTypedData(domain, types, message)) as Hex,
    wait,
    send: async (call, options) => {
      const signed = await sign(call);
      await broadcast(signed);
      return wait(signed.hash, options);
    },
    close: () => provider.destroy(),
  };
}

/** Opens an encrypted keystore (Web3 Secret Storage). Errors: WALLET_INVALID for a wrong password or a broken file. */
export async function privateKeyFromKeystore(json: string, password: string): Promise<string> {
  try {
    return (await Wallet.fromEncryptedJson(json, password)).privateKey;
  } catch {
    throw new VerigradError("WALLET_INVALID", "the keystore does not open with this password");
  }
}
