// SPDX-License-Identifier: GPL-3.0-or-later
// Asking for an inference and getting its proven result.
import { randomBytes } from "node:crypto";
import type { ChainReader } from "../chain/client.ts";
import { jobIdOf, toBytes, toHex } from "../chain/hashes.ts";
import { permitOf, permitTypedData, requestTypedData, type Permit } from "../chain/signatures.ts";
import { calls, type Receipt, type Sender, type WaitOptions } from "../chain/transactions.ts";
import { MODE, parseWith, requestSchema, ZERO_ADDRESS, type Address, type Hex, type Request } from "../chain/types.ts";
import { VerigradError } from "../errors.ts";
import type { Opening } from "../proofs/commitment.ts";

export interface RequestOptions {
  readonly requester: Address;
  readonly modelId: Hex;
  /** canonical bytes, as encodeInput gives them, or a commitment's opening, as commitInput does */
  readonly input: Uint8Array | Opening;
  readonly token: Address;
  /** what is escrowed, and paid at most; smallest unit of the token */
  readonly maxFee: bigint;
  /** the chain's time, seconds since 1970: ChainReader.head().timestamp */
  readonly now: number;
  /** settle on the word of an operator who puts a bond on it, unless a proof says otherwise in time */
  readonly optimistic?: boolean;
  /** everything else, where the defaults do not fit */
  readonly overrides?: Partial<Request>;
}

/**
 * Defaults, in seconds: the price rises for 10 minutes, claims for an hour, 20 minutes to prove, an hour to rescue; an hour
 * to challenge.
 */
const RAMP = 600n;
const CLAIM_WINDOW = 3600n;
const PROOF_WINDOW = 1200n;
const RESCUE = 3600n;
const CHALLENGE_WINDOW = 3600n;

/**
 * A request with defaults: validity proof, public input (of an opening: its commitment), price from half of maxFee to
 * maxFee, a collateral of half of maxFee, royalty of at most 10 %, no callback, a random nonce; optimistic: a proposer's bond
 * of maxFee and a challenger's of half of it. Errors: REQUEST_INVALID naming the field.
 */
export function buildRequest(options: RequestOptions): Request {
  const now = BigInt(options.now);
  const claimDeadline = options.overrides?.claimDeadline ?? now + CLAIM_WINDOW;
  const proofWindow = options.overrides?.proofWindow ?? PROOF_WINDOW;
  const challengeWindow = options.overrides?.challengeWindow ?? (options.optimistic === true ? CHALLENGE_WINDOW : 0n);
  const dispute = options.optimistic === true ? challengeWindow + proofWindow : 0n;
  const committed = "commitment" in options.input;
  return parseWith(
    requestSchema,
    {
      requester: options.requester,
      modelId: options.modelId,
      inputMode: committed ? 1 : 0,
      input: committed ? options.input.commitment : toHex(options.input),
      mode: options.optimistic === true ? MODE.OPTIMISTIC : MODE.VALIDITY,
      token: options.token,
      minFee: options.maxFee / 2n,
      maxFee: options.maxFee,
      rampStart: now,
      rampLength: RAMP,
      claimDeadline,
      proofWindow,
      deadline: claimDeadline + proofWindow + dispute + RESCUE,
      collateral: options.maxFee / 2n,
      proposerBond: options.optimistic === true ? options.maxFee : 0n,
      challengerBond: options.optimistic === true ? (options.maxFee + 1n) / 2n : 0n,
      challengeWindow,
      maxRoyaltyBps: 1000n,
      consumer: ZERO_ADDRESS,
      callbackGas: 0n,
      nonce: BigInt(toHex(randomBytes(32))),
      ...options.overrides,
    },
    "REQUEST_INVALID",
    "request",
  );
}

/** Puts a request on chain. maxFee must be deposited. Errors: CHAIN_*, TX_*. */
export async function requestInference(
  chain: ChainReader,
  sender: Sender,
  request: Request,
  options: WaitOptions = {},
): Promise<{ readonly jobId: Hex; readonly receipt: Receipt }> {
  const { deployment } = chain;
  const receipt = await sender.send(calls.request(deployment, request), options);
  return { jobId: jobIdOf(deployment.chainId, deployment.market, request), receipt };
}

/** A signature over a request, with which anybody can bring it. The sender is the requester. Errors: NOT_REQUESTER. */
export async function signRequest(chain: ChainReader, sender: Sender, request: Request): Promise<Hex> {
  if (request.requester.toLowerCase() !== sender.address.toLowerCase())
    throw new VerigradError("NOT_REQUESTER", `the request is ${request.requester}'s to sign, not ${sender.address}'s`);
  return sender.signTypedData(requestTypedData(chain.deployment, request));
}

/** A permit for the market to take `value` of the sender's tokens, until `deadline` (seconds since 1970). Errors: CHAIN_REVERTED where the token has no permits. */
export async function signPermit(
  chain: ChainReader,
  sender: Sender,
  token: Address,
  value: bigint,
  deadline: bigint,
): Promise<Permit> {
  const terms = await chain.permitTerms(token, sender.address);
  const data = permitTypedData(chain.deployment, terms, { owner: sender.address, value, deadline });
  return permitOf(value, deadline, await sender.signTypedData(data));
}

/**
 * Brings another's signed request on chain. With a permit the requester needs no balance on the market: what it lacks is
 * taken from its tokens. Errors: CHAIN_*, TX_*.
 */
export async function bringRequest(
  chain: ChainReader,
  sender: Sender,
  signed: { readonly request: Request; readonly signature: Hex; readonly permit?: Permit },
  options: WaitOptions = {},
): Promise<{ readonly jobId: Hex; readonly receipt: Receipt }> {
  const { deployment } = chain;
  const { request, signature, permit } = signed;
  const call =
    permit === undefined
      ? calls.requestBySignature(deployment, request, signature)
      : calls.requestWithPermit(deployment, request, signature, permit);
  const receipt = await sender.send(call, options);
  return { jobId: jobIdOf(deployment.chainId, deployment.market, request), receipt };
}

/** Puts several requests on chain in one transaction, or none. Without a signature a request is the sender's own. Errors: CHAIN_*, TX_*. */
export async function requestBatch(
  chain: ChainReader,
  sender: Sender,
  batch: readonly { readonly request: Request; readonly signature?: Hex }[],
  options: WaitOptions = {},
): Promise<{ readonly jobIds: readonly Hex[]; readonly receipt: Receipt }> {
  const { deployment } = chain;
  const requests = batch.map(({ request }) => request);
  const signatures = batch.map(({ signature = "0x" }) => signature);
  const receipt = await sender.send(calls.requestBatch(deployment, requests, signatures), options);
  return { jobIds: requests.map((request) => jobIdOf(deployment.chainId, deployment.market, request)), receipt };
}

/**
 * Waits until a job is settled and gives its output bytes: proven or, OPTIMISTIC, final. Errors: JOB_ENDED when it was cancelled or expired,
 * JOB_TIMEOUT (RETRY), ABORTED, CHAIN_*.
 */
export async function awaitResult(chain: ChainReader, jobId: Hex, options: WaitOptions = {}): Promise<Uint8Array> {
  const { timeoutMs = 3_600_000, pollMs = 2000, signal } = options;
  const until = Date.now() + timeoutMs;
  for (;;) {
    if (signal?.aborted === true) throw new VerigradError("ABORTED", "stopped while waiting for a result");
    const { state } = await chain.job(jobId);
    if (state === "Settled") return toBytes(await chain.resultOf(jobId));
    if (state === "Cancelled" || state === "Expired") {
      throw new VerigradError("JOB_ENDED", `job ${jobId} ended without a result: ${state}`, { data: { jobId, state } });
    }
    if (Date.now() >= until) {
      throw new VerigradError("JOB_TIMEOUT", `job ${jobId} has no result after ${timeoutMs} ms`, {
        consequence: "RETRY",
        data: { jobId, state },
      });
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
