// SPDX-License-Identifier: GPL-3.0-or-later
// The market's events as typed values.
import { getAddress, Interface, type Log, type Result } from "ethers";
import { VerigradError } from "../errors.ts";
import { INFERENCE_MARKET_ABI } from "./abi/inferenceMarket.ts";
import type { Deployment } from "./deployment.ts";
import { jobIdOf } from "./hashes.ts";
import {
  modelSpecSchema,
  parseWith,
  requestSchema,
  type Address,
  type EventPosition,
  type Hex,
  type ModelSpec,
  type Request,
} from "./types.ts";

interface EventBase {
  readonly jobId: Hex;
  readonly position: EventPosition;
}
export interface JobRequested extends EventBase {
  readonly name: "JobRequested";
  readonly request: Request;
}
export interface JobClaimed extends EventBase {
  readonly name: "JobClaimed";
  readonly claimer: Address;
  readonly price: bigint;
  readonly proofDeadline: bigint;
}
/** OPTIMISTIC: the claimer says what the output is, unproven. */
export interface JobProposed extends EventBase {
  readonly name: "JobProposed";
  readonly proposer: Address;
  readonly output: Hex;
  readonly challengeDeadline: bigint;
}
export interface JobChallenged extends EventBase {
  readonly name: "JobChallenged";
  readonly challenger: Address;
  readonly proofDeadline: bigint;
}
/** An empty seal: nobody challenged the payee's proposal, and nothing was proven. */
export interface JobSettled extends EventBase {
  readonly name: "JobSettled";
  readonly modelId: Hex;
  readonly payee: Address;
  readonly price: bigint;
  readonly royalty: bigint;
  readonly output: Hex;
  readonly seal: Hex;
}
export interface JobCancelled extends EventBase {
  readonly name: "JobCancelled" | "CancelAnnounced";
}
export interface JobExpired extends EventBase {
  readonly name: "JobExpired";
  /** zero: nobody */
  readonly slashed: Address;
  readonly burnt: bigint;
}
export interface ClaimerSlashed extends EventBase {
  readonly name: "ClaimerSlashed";
  readonly claimer: Address;
  readonly burnt: bigint;
  readonly toPayee: bigint;
}
/** A proof showed the proposed output. `challenger` is zero where nobody challenged. */
export interface ProposalUpheld extends EventBase {
  readonly name: "ProposalUpheld";
  readonly proposer: Address;
  readonly challenger: Address;
  readonly toPayee: bigint;
}
/** A proof showed another output, or none came: the proposer lost collateral and bond. */
export interface ProposalOverturned extends EventBase {
  readonly name: "ProposalOverturned";
  readonly proposer: Address;
  readonly challenger: Address;
  readonly burnt: bigint;
  /** to the proof's payee or, when the job expired, to the requester */
  readonly toPayee: bigint;
  readonly toChallenger: bigint;
}
/** An item of a batch was refused, with the error's bytes. */
export interface FulfilmentRefused extends EventBase {
  readonly name: "FulfilmentRefused";
  readonly reason: Hex;
}
export type MarketEvent =
  | JobRequested
  | JobClaimed
  | JobProposed
  | JobChallenged
  | JobSettled
  | JobCancelled
  | JobExpired
  | ClaimerSlashed
  | ProposalUpheld
  | ProposalOverturned
  | FulfilmentRefused;

const abi = new Interface(INFERENCE_MARKET_ABI);

const asAddress = (value: unknown): Address => getAddress(value as string) as Address;

/** A struct as ethers decodes it -> Request. Errors: CHAIN_INCONSISTENT. */
export function requestFrom(result: Result): Request {
  const raw = result.toObject();
  return parseWith(
    requestSchema,
    { ...raw, inputMode: Number(raw["inputMode"]), mode: Number(raw["mode"]) },
    "CHAIN_INCONSISTENT",
    "request",
  );
}

/** A struct as ethers decodes it -> ModelSpec. Errors: CHAIN_INCONSISTENT. */
export function specFrom(result: Result): ModelSpec {
  return parseWith(modelSpecSchema, result.toObject(), "CHAIN_INCONSISTENT", "model");
}

/** A log of the market as an event; null when it is none that concerns a job. Errors: CHAIN_INCONSISTENT. */
export function marketEventFrom(deployment: Deployment, log: Log): MarketEvent | null {
  const parsed = abi.parseLog(log);
  if (parsed === null || log.removed || log.address.toLowerCase() !== deployment.market.toLowerCase()) return null;
  const { args } = parsed;
  const position: EventPosition = {
    blockNumber: log.blockNumber,
    blockHash: log.blockHash as Hex,
    transactionHash: log.transactionHash as Hex,
    logIndex: log.index,
  };
  const base = { jobId: args["jobId"] as Hex, position };
  switch (parsed.name) {
    case "JobRequested": {
      const request = requestFrom(args["request"] as Result);
      // SAFETY: the id binds the request; a node never acts on a request that an RPC made up for a real id.
      if (jobIdOf(deployment.chainId, deployment.market, request) !== base.jobId) {
        throw new VerigradError("CHAIN_INCONSISTENT", `job ${base.jobId} is not the hash of its request`, {
          consequence: "ESCALATE",
        });
      }
      return { ...base, name: "JobRequested", request };
    }
    case "JobClaimed":
      return {
        ...base,
        name: "JobClaimed",
        claimer: asAddress(args["claimer"]),
        price: args["price"] as bigint,
        proofDeadline: args["proofDeadline"] as bigint,
      };
    case "JobProposed":
      return {
        ...base,
        name: "JobProposed",
        proposer: asAddress(args["proposer"]),
        output: args["output"] as Hex,
        challengeDeadline: args["challengeDeadline"] as bigint,
      };
    case "JobChallenged":
      return {
        ...base,
        name: "JobChallenged",
        challenger: asAddress(args["challenger"]),
        proofDeadline: args["proofDeadline"] as bigint,
      };
    case "JobSettled":
      return {
        ...base,
        name: "JobSettled",
        modelId: args["modelId"] as Hex,
        payee: asAddress(args["payee"]),
        price: args["price"] as bigint,
        royalty: args["royalty"] as bigint,
        output: args["output"] as Hex,
        seal: args["seal"] as Hex,
      };
    case "ClaimerSlashed":
      return {
        ...base,
        name: "ClaimerSlashed",
        claimer: asAddress(args["claimer"]),
        burnt: args["burnt"] as bigint,
        toPayee: args["toPayee"] as bigint,
      };
    case "ProposalUpheld":
      return {
        ...base,
        name: "ProposalUpheld",
        proposer: asAddress(args["proposer"]),
        challenger: asAddress(args["challenger"]),
        toPayee: args["toPayee"] as bigint,
      };
    case "ProposalOverturned":
      return {
        ...base,
        name: "ProposalOverturned",
        proposer: asAddress(args["proposer"]),
        challenger: asAddress(args["challenger"]),
        burnt: args["burnt"] as bigint,
        toPayee: args["toPayee"] as bigint,
        toChallenger: args["toChallenger"] as bigint,
      };
    case "FulfilmentRefused":
      return { ...base, name: "FulfilmentRefused", reason: args["reason"] as Hex };
    case "JobExpired":
      return { ...base, name: "JobExpired", slashed: asAddress(args["slashed"]), burnt: args["burnt"] as bigint };
    case "JobCancelled":
    case "CancelAnnounced":
      return { ...base, name: parsed.name };
    default:
      return null;
  }
}
