// SPDX-License-Identifier: GPL-3.0-or-later
import { ZERO_ADDRESS, type Hex, type Request } from "../../verifier/chain/types.ts";
import type { Job } from "../../verifier/node/types.ts";

export const TOKEN: Hex = `0x${"44".repeat(20)}`;

/** A request from time 1000 on: claims until 2000, 300 seconds to prove, over at 4000; 100 to 200 units. */
export const sampleRequest: Request = {
  requester: `0x${"11".repeat(20)}`,
  modelId: `0x${"22".repeat(32)}`,
  inputMode: 0,
  input: "0x01020304",
  mode: 0,
  token: TOKEN,
  minFee: 100n,
  maxFee: 200n,
  rampStart: 1000n,
  rampLength: 1000n,
  claimDeadline: 2000n,
  proofWindow: 300n,
  deadline: 4000n,
  collateral: 50n,
  proposerBond: 0n,
  challengerBond: 0n,
  challengeWindow: 0n,
  maxRoyaltyBps: 1000n,
  consumer: ZERO_ADDRESS,
  callbackGas: 0n,
  nonce: 0n,
};

/** A job as it is first seen; `id` tells jobs apart. */
export function sampleJob(id: number): Job {
  const hash: Hex = `0x${id.toString(16).padStart(64, "0")}`;
  return {
    jobId: hash,
    request: sampleRequest,
    requestedAt: { blockNumber: 1, blockHash: hash, transactionHash: hash, logIndex: 0 },
    status: "open",
    reason: null,
    failures: 0,
    proposal: null,
    claim: null,
    proof: null,
    fulfil: null,
    settlement: null,
    endedAt: null,
  };
}
