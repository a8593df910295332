// SPDX-License-Identifier: GPL-3.0-or-later
// Attacks on the demo's own deployment. Each is a mined transaction that differs from a valid one in one thing; the valid
// one is sent in the same run and has to succeed, so that a rejection can only be due to that one thing.
import { concat, dataLength, dataSlice, Interface, toBeHex, type HDNodeWallet } from "ethers";
import { PROOF_SYSTEM_ABI } from "../../verifier/chain/abi/proofSystem.ts";
import type { ChainReader } from "../../verifier/chain/client.ts";
import { chainError } from "../../verifier/chain/errors.ts";
import { contextOf, jobIdOf, toBytes, toHex } from "../../verifier/chain/hashes.ts";
import { calls, type Call } from "../../verifier/chain/transactions.ts";
import type { Address, Hex, Request } from "../../verifier/chain/types.ts";
import type { Prover } from "../../verifier/node/prover.ts";
import { BASE_FIELD } from "../../verifier/proofs/points.ts";
import { buildRequest } from "../../verifier/sdk/index.ts";
import { decodeTensors, encodeTensors } from "../../verifier/tensor/codec.ts";
import { SCALAR_FIELD } from "../../verifier/tensor/packing.ts";
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

export interface AttackReport {
  readonly attacks: readonly Attack[];
  /** of the plain jobs on the way: whole transactions */
  readonly gas: { readonly request: bigint; readonly claim: bigint; readonly fulfil: bigint };
  /** the last proof made, in a warm prover */
  readonly proveMs: number;
  /** a proof that the proof system accepts, for measuring it */
  readonly proven: Proven;
  /** the expired job's fee came back to its requester */
  readonly refunded: boolean;
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

const addressOf = (wallet: HDNodeWallet): Address => wallet.address as Address;

/** Sends a transaction whatever a simulation would say, and waits until it is mined. */
async function send(chain: LocalChain, wallet: HDNodeWallet, call: Call): Promise<Mined> {
  const { hash } = await wallet.sendTransaction({ to: call.to, data: call.data, gasLimit: 3_000_000n });
  const receipt = await chain.provider.waitForTransaction(hash).catch(() => chain.provider.getTransactionReceipt(hash));
  if (receipt === null) throw new Error(`${call.what}: not mined`);
  return { ok: receipt.status === 1, gasUsed: receipt.gasUsed };
}

async function mustSend(chain: LocalChain, wallet: HDNodeWallet, call: Call): Promise<bigint> {
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

async function attempt(
  chain: LocalChain,
  name: string,
  wallet: HDNodeWallet,
  call: Call,
): Promise<Omit<Attack, "unalteredSucceeded">> {
  const { ok } = await send(chain, wallet, call);
  return { name, rejected: !ok, error: ok ? null : await reasonOf(chain, wallet, call) };
}

const verifyCall = (field: Field, { context, input, output, seal }: Proven): Call => ({
  to: field.proofSystem,
  data: proofSystemInterface.encodeFunctionData("verify", [field.keyHash, context, input, output, seal]) as Hex,
  what: "verify",
});

/** Another canonical output: the first value moved by one inside its range. */
function changedOutput(specs: readonly TensorSpec[], output: Hex): Hex {
  const tensors = decodeTensors(specs, toBytes(output));
  const [first] = tensors;
  const [spec] = specs;
  if (first === undefined || spec === undefined) throw new Error("the model has no output");
  first[0] = first[0] === spec.hi ? spec.hi - 1 : (first[0] ?? 0) + 1;
  return toHex(encodeTensors(specs, tensors));
}

/** Another canonical input of the digits model: one pixel, 0..16, is another one. */
function changedInput(input: Hex): Hex {
  const bytes = toBytes(input);
  bytes[0] = bytes[0] === 0 ? 1 : 0;
  return toHex(bytes);
}

/** (-A, -B, C): the same pairing product, other bytes. */
function negated(seal: Hex): Hex {
  const word = (i: number): bigint => BigInt(dataSlice(seal, 32 * i, 32 * i + 32));
  const words = Array.from({ length: dataLength(seal) / 32 }, (_, i) => word(i));
  for (const i of [1, 4, 5]) words[i] = BASE_FIELD - (words[i] ?? 0n); // the y coordinates of A and B
  return concat(words.map((value) => toBeHex(value, 32))) as Hex;
}

/** The key as it was before anybody contributed: delta is gamma, the generator. Offsets are counted from the end. */
function uncontributedKey(key: Uint8Array, publicSignals: number): Hex {
  const forged = Uint8Array.from(key);
  const delta = key.length - 64 * (publicSignals + 1) - 128;
  forged.copyWithin(delta, delta - 128, delta);
  return toHex(forged);
}

/** Runs every attack, each beside the valid transaction that it alters. */
export async function runAttacks(field: Field, publicSignals: number): Promise<AttackReport> {
  const { chain, reader, requester, operator, thief, prover, proofSystem } = field;
  const { deployment } = reader;
  const attacks: Attack[] = [];
  let proveMs = 0;

  const newRequest = async (): Promise<Request> =>
    buildRequest({
      requester: addressOf(requester),
      modelId: field.modelId,
      input: field.input,
      token: field.token,
      maxFee: 2_000_000n,
      now: (await reader.head()).timestamp,
    });
  const prove = async (request: Request): Promise<Proven> => {
    const jobId = jobIdOf(deployment.chainId, deployment.market, request);
    const context = contextOf(deployment.chainId, deployment.market, jobId, addressOf(operator));
    const started = performance.now();
    const { output, seal } = await prover.prove(field.packageDirectory, { context, input: toBytes(request.input) });
    proveMs = performance.now() - started;
    return { context, input: request.input, output: toHex(output), seal: toHex(seal) };
  };
  const fulfil = (request: Request, { output, seal }: Proven, payee = addressOf(operator)): Call =>
    calls.fulfil(deployment, request, payee, output, seal);

  // A claimed job: its proof with one thing changed, then as it is, then again.
  const claimed = await newRequest();
  const requestGas = await mustSend(chain, requester, calls.request(deployment, claimed));
  const claimGas = await mustSend(chain, operator, calls.claim(deployment, claimed));
  const proven = await prove(claimed);
  const otherOutput = { ...proven, output: changedOutput(field.outputSpecs, proven.output) };
  const output = await attempt(chain, "changed output", operator, fulfil(claimed, otherOutput));
  const otherInput = await attempt(
    chain,
    "changed input, in the request",
    operator,
    fulfil({ ...claimed, input: changedInput(claimed.input) }, proven),
  );
  const input = await attempt(
    chain,
    "changed input",
    operator,
    verifyCall(field, { ...proven, input: changedInput(proven.input) }),
  );
  const alias = await attempt(
    chain,
    "public input + r",
    operator,
    verifyCall(field, { ...proven, context: proven.context + SCALAR_FIELD }),
  );
  const verified = await send(chain, operator, verifyCall(field, proven));
  const settled = await send(chain, operator, fulfil(claimed, proven));
  const replayed = await attempt(chain, "replayed settlement", operator, fulfil(claimed, proven));
  const negatedProof = { ...proven, seal: negated(proven.seal) };
  const negation = await attempt(chain, "negated proof for a settled job", operator, fulfil(claimed, negatedProof));
  attacks.push(
    { ...output, unalteredSucceeded: settled.ok },
    { ...input, unalteredSucceeded: verified.ok },
    { ...otherInput, unalteredSucceeded: settled.ok },
    { ...alias, unalteredSucceeded: verified.ok },
    { ...replayed, unalteredSucceeded: settled.ok },
    { ...negation, unalteredSucceeded: settled.ok },
  );

  // An unclaimed job, open to everybody: somebody copies the proof and names themselves.
  const open = await newRequest();
  await mustSend(chain, requester, calls.request(deployment, open));
  const copied = await prove(open);
  const theft = await attempt(
    chain,
    "another payee with the same proof",
    thief,
    fulfil(open, copied, addressOf(thief)),
  );
  attacks.push({ ...theft, unalteredSucceeded: (await send(chain, operator, fulfil(open, copied))).ok });

  // A key from a set-up that nobody contributed to.
  const forgeable = calls.registerKey(proofSystem, uncontributedKey(field.key, publicSignals));
  const key = await attempt(chain, "key nobody contributed to", thief, forgeable);
  const honest = await send(chain, thief, calls.registerKey(proofSystem, toHex(field.key)));
  attacks.push({ ...key, unalteredSucceeded: honest.ok });

  // A good proof, too late.
  const late = await newRequest();
  const before = await reader.balanceOf(field.token, addressOf(requester));
  await mustSend(chain, requester, calls.request(deployment, late));
  const tooLate = await prove(late);
  const snapshot = await chain.snapshot();
  const inTime = await send(chain, operator, fulfil(late, tooLate));
  await chain.revert(snapshot);
  await chain.warpTo(late.deadline);
  const expired = await attempt(chain, "proof whose job has expired", operator, fulfil(late, tooLate));
  await mustSend(chain, thief, calls.expire(deployment, late));
  const refunded = (await reader.balanceOf(field.token, addressOf(requester))) === before;
  attacks.push({ ...expired, unalteredSucceeded: inTime.ok });

  const gas = { request: requestGas, claim: claimGas, fulfil: settled.gasUsed };
  return { attacks, gas, proveMs, proven, refunded };
}
