// SPDX-License-Identifier: GPL-3.0-or-later
// The nouns of the chain, as TypeScript sees them. Amounts are the token's smallest unit, times seconds since 1970.
import { z } from "zod";
import { VerigradError } from "../errors.ts";
import type { Hex } from "../proofs/types.ts";

export type { Hex } from "../proofs/types.ts";
/** 20 bytes, with EIP-55 checksum where it came through `parse` functions of this folder. */
export type Address = Hex;

export const ZERO_ADDRESS: Address = "0x0000000000000000000000000000000000000000";
export const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;

/** JobState of contracts/interfaces/IInferenceMarket.sol, in its order. */
export const JOB_STATES = [
  "None",
  "Requested",
  "Claimed",
  "Proposed",
  "Challenged",
  "Settled",
  "Cancelled",
  "Expired",
] as const;
export type JobState = (typeof JOB_STATES)[number];

const hexOfBytes = (length: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${2 * length}}$`), `expected 0x and ${2 * length} hex digits`)
    .transform((text) => text as Hex);

export const hash32 = hexOfBytes(32);
export const address = hexOfBytes(20);
export const bytes4 = hexOfBytes(4);
export const bytes = z
  .string()
  .regex(/^0x(?:[0-9a-fA-F]{2})*$/, "expected 0x and an even number of hex digits")
  .transform((text) => text as Hex);

/** An unsigned integer of `bits` bits: a bigint, a decimal string, or a safe integer. */
export const uint = (bits: number) =>
  z
    .union([
      z.bigint(),
      z
        .string()
        .regex(/^(0|[1-9][0-9]*)$/, "expected a decimal integer")
        .transform(BigInt),
      z.number().int().transform(BigInt),
    ])
    .refine((value) => value >= 0n && value < 1n << BigInt(bits), `must fit in ${bits} bits`);

/** contracts/types/Request.sol, field by field and in its order. */
export const requestSchema = z.strictObject({
  requester: address,
  modelId: hash32,
  inputMode: z.union([z.literal(0), z.literal(1)]),
  input: bytes,
  mode: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  token: address,
  minFee: uint(96),
  maxFee: uint(96),
  rampStart: uint(64),
  rampLength: uint(32),
  claimDeadline: uint(64),
  proofWindow: uint(32),
  deadline: uint(64),
  collateral: uint(96),
  proposerBond: uint(96),
  challengerBond: uint(96),
  challengeWindow: uint(32),
  maxRoyaltyBps: uint(16),
  consumer: address,
  callbackGas: uint(32),
  nonce: uint(256),
});
export type Request = Readonly<z.output<typeof requestSchema>>;

/** Mode of contracts/types/Request.sol. */
export const MODE = { VALIDITY: 0, OPTIMISTIC: 1, ATTESTED: 2 } as const;

/** contracts/types/ModelSpec.sol. */
export const modelSpecSchema = z.strictObject({
  proofSystem: bytes4,
  keyHash: hash32,
  graphHash: hash32,
  weightsHash: hash32,
  inputSpecHash: hash32,
  outputSpecHash: hash32,
  setupHash: hash32,
  cid: hexOfBytes(36),
  previous: hash32,
  name: z.string(),
  royaltyPayee: address,
  royaltyBps: uint(16),
});
export type ModelSpec = Readonly<z.output<typeof modelSpecSchema>>;

/** A job as the market stores it. A settled job was paid `price` if it has a claimer, else priceAt(request, since). */
export interface JobRecord {
  readonly state: JobState;
  /**
   * when its cancellation was announced, or 0, while Requested; then of the claim, the proposal or the challenge, whichever
   * came last; of the settlement for a job that was settled unclaimed
   */
  readonly since: bigint;
  readonly claimer: Address;
  /** locked at claim; 0 before */
  readonly price: bigint;
  readonly challenger: Address;
  /** pinned at request */
  readonly proofSystem: Address;
  readonly termsIndex: number;
  /** bytes */
  readonly outputLength: number;
}

/** contracts/types/MarketParameters.sol: what a market was deployed with. Durations are seconds. */
export interface MarketParameters {
  readonly cancelDelay: bigint;
  readonly minRescue: bigint;
  readonly minChallengeWindow: bigint;
  readonly maxJobSeconds: bigint;
  readonly unbondingDelay: bigint;
  /** share of a slash that is burnt, of 10,000 */
  readonly burnBps: bigint;
  readonly maxInputBytes: bigint;
  readonly maxCallbackGas: bigint;
}

/** contracts/types/Stake.sol: what an operator has at stake in one token, and its record. */
export interface Stake {
  /** backs claims */
  readonly bonded: bigint;
  /** collateral and proposer bonds of the operator's open jobs */
  readonly exposure: bigint;
  readonly settled: bigint;
  /** backs no new claim, can still be slashed */
  readonly unbonding: bigint;
  /** from when unbonding stake can be released */
  readonly releasableAt: bigint;
  readonly slashed: bigint;
  readonly expired: bigint;
}

export interface BlockRef {
  readonly number: number;
  readonly hash: Hex;
  readonly timestamp: number;
}

/** Where an event stands on the chain. */
export interface EventPosition {
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly logIndex: number;
}

/** Parses with a schema; what does not fit is a VerigradError with the given code that names the field. */
export function parseWith<T extends z.ZodType>(schema: T, value: unknown, code: string, what: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join(".") ?? "";
  throw new VerigradError(code, `${what}${field === "" ? "" : `, field ${field}`}: ${issue?.message ?? "malformed"}`, {
    data: { field },
  });
}

/** JSON text of a value whose bigints are written as decimal strings, as `uint` reads them. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item), indent);
}
