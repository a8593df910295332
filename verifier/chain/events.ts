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
export interface JobSettled extends EventBase {
  readonly name: "JobSettled";
  readonly modelId: Hex;
  readonly payee: Address;
  readonly price: bigint;
  readonly royalty: bigint;
  readonly output: Hex;
  readonly seal: Hex;
}
export interface JobEnded extends EventBase {
  readonly name: "JobCancelled" | "JobExpired" | "CancelAnnounced";
}
export interface ClaimerSlashed extends EventBase {
  readonly name: "ClaimerSlashed";
  readonly claimer: Address;
  readonly burnt: bigint;
  readonly toPayee: bigint;
}
export type MarketEvent = JobRequested | JobClaimed | JobSettled | JobEnded | ClaimerSlashed;

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
    case "JobCancelled":
    case "JobExpired":
    case "CancelAnnounced":
      return { ...base, name: parsed.name };
    default:
      return null;
  }
}
