// SPDX-License-Identifier: GPL-3.0-or-later
// Asking for an inference and getting its proven result.
import { randomBytes } from "node:crypto";
import type { ChainReader } from "../chain/client.ts";
import { jobIdOf, toBytes, toHex } from "../chain/hashes.ts";
import { calls, type Receipt, type Sender, type WaitOptions } from "../chain/transactions.ts";
import { parseWith, requestSchema, ZERO_ADDRESS, type Address, type Hex, type Request } from "../chain/types.ts";
import { VerigradError } from "../errors.ts";

export interface RequestOptions {
  readonly requester: Address;
  readonly modelId: Hex;
  /** canonical bytes, as encodeInput gives them */
  readonly input: Uint8Array;
  readonly token: Address;
  /** what is escrowed, and paid at most; smallest unit of the token */
  readonly maxFee: bigint;
  /** the chain's time, seconds since 1970: ChainReader.head().timestamp */
  readonly now: number;
  /** everything else, where the defaults do not fit */
  readonly overrides?: Partial<Request>;
}

/** Defaults, in seconds: the price rises for 10 minutes, claims for an hour, 20 minutes to prove, an hour to rescue. */
const RAMP = 600n;
const CLAIM_WINDOW = 3600n;
const PROOF_WINDOW = 1200n;
const RESCUE = 3600n;

/**
 * A request with defaults: validity proof, public input, price from half of maxFee to maxFee, a collateral of half of
 * maxFee, royalty of at most 10 %, no callback, a random nonce. Errors: REQUEST_INVALID naming the field.
 */
export function buildRequest(options: RequestOptions): Request {
  const now = BigInt(options.now);
  const claimDeadline = options.overrides?.claimDeadline ?? now + CLAIM_WINDOW;
  const proofWindow = options.overrides?.proofWindow ?? PROOF_WINDOW;
  return parseWith(
    requestSchema,
    {
      requester: options.requester,
      modelId: options.modelId,
      inputMode: 0,
      input: toHex(options.input),
      mode: 0,
      token: options.token,
      minFee: options.maxFee / 2n,
      maxFee: options.maxFee,
      rampStart: now,
      rampLength: RAMP,
      claimDeadline,
      proofWindow,
      deadline: claimDeadline + proofWindow + RESCUE,
      collateral: options.maxFee / 2n,
      proposerBond: 0n,
      challengerBond: 0n,
      challengeWindow: 0n,
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

/**
 * Waits until a job is settled and gives its proven output bytes. Errors: JOB_ENDED when it was cancelled or expired,
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
