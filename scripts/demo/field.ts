// SPDX-License-Identifier: GPL-3.0-or-later
// What attacks on the demo's own deployment are made of: mined transactions, each beside the valid one that it alters.
import { Interface, type HDNodeWallet } from "ethers";
import { PROOF_SYSTEM_ABI } from "../../verifier/chain/abi/proofSystem.ts";
import type { ChainReader } from "../../verifier/chain/client.ts";
import { chainError } from "../../verifier/chain/errors.ts";
import { contextOf, jobIdOf, toBytes, toHex } from "../../verifier/chain/hashes.ts";
import { calls, type Call } from "../../verifier/chain/transactions.ts";
import type { Address, Hex, Request } from "../../verifier/chain/types.ts";
import type { Prover } from "../../verifier/node/prover.ts";
import { buildRequest } from "../../verifier/sdk/index.ts";
import { decodeTensors, encodeTensors } from "../../verifier/tensor/codec.ts";
import type { TensorSpec } from "../../verifier/tensor/spec.ts";
import type { LocalChain } from "./localChain.ts";

const proofSystemInterface = new Interface(PROOF_SYSTEM_ABI);

export interface Attack {
  readonly name: string;
  /** the altered transaction was mined and reverted */
  readonly rejected: boolean;
  /** the error that the contract named */
  readonly error: string | null;
  /** the unaltered transaction succeeded in the same run */
  readonly unalteredSucceeded: boolean;
}

/** What the attacks act on. */
export interface Field {
  readonly chain: LocalChain;
  readonly reader: ChainReader;
  readonly prover: Prover;
  readonly packageDirectory: string;
  readonly outputSpecs: readonly TensorSpec[];
  readonly modelId: Hex;
  readonly keyHash: Hex;
  readonly key: Uint8Array;
  readonly proofSystem: Address;
  readonly token: Address;
  /** canonical input of one image */
  readonly input: Uint8Array;
  readonly requester: HDNodeWallet;
  readonly operator: HDNodeWallet;
  readonly thief: HDNodeWallet;
}

export interface Proven {
  readonly context: bigint;
  readonly input: Hex;
  readonly output: Hex;
  readonly seal: Hex;
}

interface Mined {
  readonly ok: boolean;
  readonly gasUsed: bigint;
}

export const addressOf = (wallet: HDNodeWallet): Address => wallet.address as Address;

/** Sends a transaction whatever a simulation would say, and waits until it is mined. */
export async function send(chain: LocalChain, wallet: HDNodeWallet, call: Call): Promise<Mined> {
  const { hash } = await wallet.sendTransaction({ to: call.to, data: call.data, gasLimit: 3_000_000n });
  const receipt = await chain.provider.waitForTransaction(hash).catch(() => chain.provider.getTransactionReceipt(hash));
  if (receipt === null) throw new Error(`${call.what}: not mined`);
  return { ok: receipt.status === 1, gasUsed: receipt.gasUsed };
}

export async function mustSend(chain: LocalChain, wallet: HDNodeWallet, call: Call): Promise<bigint> {
  const mined = await send(chain, wallet, call);
  if (!mined.ok)
    throw new Error(`${call.what}: a valid transaction was rejected with ${await reasonOf(chain, wallet, call)}`);
  return mined.gasUsed;
}

/** The named error of a call that reverts now. */
async function reasonOf(chain: LocalChain, wallet: HDNodeWallet, call: Call): Promise<string | null> {
  try {
    await chain.provider.call({ from: wallet.address, to: call.to, data: call.data });
    return null;
  } catch (error) {
    return String(chainError(error).data["error"]);
  }
}

export async function attempt(
  chain: LocalChain,
  name: string,
  wallet: HDNodeWallet,
  call: Call,
): Promise<Omit<Attack, "unalteredSucceeded">> {
  const { ok } = await send(chain, wallet, call);
  return { name, rejected: !ok, error: ok ? null : await reasonOf(chain, wallet, call) };
}

export const verifyCall = (field: Field, { context, input, output, seal }: Proven): Call => ({
  to: field.proofSystem,
  data: proofSystemInterface.encodeFunctionData("verify", [field.keyHash, context, input, output, seal]) as Hex,
  what: "verify",
});

/** Another canonical output: the first value moved by one inside its range. */
export function changedOutput(specs: readonly TensorSpec[], output: Hex): Hex {
  const tensors = decodeTensors(specs, toBytes(output));
  const [first] = tensors;
  const [spec] = specs;
  if (first === undefined || spec === undefined) throw new Error("the model has no output");
  first[0] = first[0] === spec.hi ? spec.hi - 1 : (first[0] ?? 0) + 1;
  return toHex(encodeTensors(specs, tensors));
}

/** Another canonical input of the digits model: one pixel, 0..16, is another one. */
export function changedInput(input: Hex): Hex {
  const bytes = toBytes(input);
  bytes[0] = bytes[0] === 0 ? 1 : 0;
  return toHex(bytes);
}

/** A new request for the field's input, at the demo's fee. */
export async function newRequest(field: Field): Promise<Request> {
  return buildRequest({
    requester: addressOf(field.requester),
    modelId: field.modelId,
    input: field.input,
    token: field.token,
    maxFee: 2_000_000n,
    now: (await field.reader.head()).timestamp,
  });
}

/** The operator's proof for a request, and the milliseconds that it took. */
export async function prove(field: Field, request: Request): Promise<{ readonly proven: Proven; readonly ms: number }> {
  const { chainId, market } = field.reader.deployment;
  const context = contextOf(chainId, market, jobIdOf(chainId, market, request), addressOf(field.operator));
  const started = performance.now();
  const { output, seal } = await field.prover.prove(field.packageDirectory, { context, input: toBytes(request.input) });
  const ms = performance.now() - started;
  return { proven: { context, input: request.input, output: toHex(output), seal: toHex(seal) }, ms };
}

/** Settles a request with a proof, for the operator or another payee. */
export const fulfil = (field: Field, request: Request, { output, seal }: Proven, payee = field.operator): Call =>
  calls.fulfil(field.reader.deployment, request, addressOf(payee), output, seal);
