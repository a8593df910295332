// SPDX-License-Identifier: GPL-3.0-or-later
// What the settlement of a job by proof can take, before there is a proof: a claim is for jobs that a transaction settles.
import { TRANSACTION_GAS } from "../chain/transactions.ts";
import type { Request } from "../chain/types.ts";
import type { VerificationCost } from "../proofs/types.ts";

/** Of a claim (docs/spec/settlement.md, Gas), its input hashed again. */
export const CLAIM_GAS = 120_000;

/** InferenceMarket.MAX_VERIFY_GAS: what a proof system gets. */
export const MAX_VERIFY_GAS = 7_000_000;
/** The transaction itself and the market's own work, a slash and a dispute included (bench/snapshots/gas-market.json). */
const SETTLEMENT = 250_000;
/** Storing, emitting and handing on 32 bytes of the output. */
const OUTPUT_WORD = 24_000;
/** A byte of calldata, at its floor price (EIP-7623): more than calldata, copies and the event's log cost together. */
const CALLDATA_BYTE = 40;
/** Bytes of `fulfil`'s calldata besides input, output and seal, their padding included. */
const CALLDATA_HEAD = 1_100;
/** CallbackLib.CALL_OVERHEAD, and as much again for the callback's own calldata and event. */
const CALLBACK_OVERHEAD = 12_000;

/** All but one 64th of the gas that is left goes to a callee (EIP-150). */
const toGive = (gas: number): number => Math.ceil((gas * 64) / 63);

/** What to tell a model's owner whose verifications cost so much gas; null if a market gives them as much. */
export function tooDear(verificationGas: number): string | null {
  if (verificationGas <= MAX_VERIFY_GAS) return null;
  return `verifying it can take ${verificationGas} gas, a market gives ${MAX_VERIFY_GAS}: no node will claim its jobs`;
}

/** The most gas that `fulfil` of a request takes, in any state of its job; null if no transaction has as much. */
export function settlementGas(request: Request, outputLength: number, cost: VerificationCost): number | null {
  const input = (request.input.length - 2) / 2;
  const callback = request.callbackGas === 0n ? 0 : toGive(Number(request.callbackGas)) + CALLBACK_OVERHEAD;
  const gas =
    SETTLEMENT +
    OUTPUT_WORD * Math.ceil(outputLength / 32) +
    CALLDATA_BYTE * (CALLDATA_HEAD + input + outputLength + cost.sealLength) +
    toGive(cost.gas) +
    callback;
  return cost.gas <= MAX_VERIFY_GAS && gas <= TRANSACTION_GAS ? gas : null;
}
