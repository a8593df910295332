// SPDX-License-Identifier: GPL-3.0-or-later
// Ids that contracts and TypeScript compute alike: model id, job id, context (docs/spec/formats.md, sections 7 to 9),
// and the price of a request at a time.
import { AbiCoder, getBytes, hexlify, keccak256, toUtf8Bytes, TypedDataEncoder, type TypedDataDomain } from "ethers";
import type { Address, Hex, ModelSpec, Request } from "./types.ts";

export const DOMAIN_JOB = keccak256(toUtf8Bytes("verigrad.job.v1")) as Hex;
export const DOMAIN_MODEL = keccak256(toUtf8Bytes("verigrad.model.v1")) as Hex;

/** EIP-712 types of a request (docs/spec/formats.md, section 9). */
export const REQUEST_TYPES = {
  Request: [
    { name: "requester", type: "address" },
    { name: "modelId", type: "bytes32" },
    { name: "inputMode", type: "uint8" },
    { name: "input", type: "bytes" },
    { name: "mode", type: "uint8" },
    { name: "token", type: "address" },
    { name: "minFee", type: "uint96" },
    { name: "maxFee", type: "uint96" },
    { name: "rampStart", type: "uint64" },
    { name: "rampLength", type: "uint32" },
    { name: "claimDeadline", type: "uint64" },
    { name: "proofWindow", type: "uint32" },
    { name: "deadline", type: "uint64" },
    { name: "collateral", type: "uint96" },
    { name: "proposerBond", type: "uint96" },
    { name: "challengerBond", type: "uint96" },
    { name: "challengeWindow", type: "uint32" },
    { name: "maxRoyaltyBps", type: "uint16" },
    { name: "consumer", type: "address" },
    { name: "callbackGas", type: "uint32" },
    { name: "nonce", type: "uint256" },
  ],
};

const coder = AbiCoder.defaultAbiCoder();

export function toHex(data: Uint8Array): Hex {
  return hexlify(data) as Hex;
}

export function toBytes(data: Hex): Uint8Array {
  return getBytes(data);
}

/** EIP-712 domain of a market's requests. */
export function requestDomain(chainId: bigint, market: Address): TypedDataDomain {
  return { name: "Verigrad InferenceMarket", version: "1", chainId, verifyingContract: market };
}

/** EIP-712 digest of a request for one market on one chain. */
export function jobIdOf(chainId: bigint, market: Address, request: Request): Hex {
  return TypedDataEncoder.hash(requestDomain(chainId, market), REQUEST_TYPES, request) as Hex;
}

/** The public input that binds a proof to chain, market, job and payee; below the scalar field's order. */
export function contextOf(chainId: bigint, market: Address, jobId: Hex, payee: Address): bigint {
  const encoded = coder.encode(
    ["bytes32", "uint256", "address", "bytes32", "address"],
    [DOMAIN_JOB, chainId, market, jobId, payee],
  );
  return BigInt(keccak256(encoded)) >> 8n;
}

/** The id that `owner` gets by registering `spec`. */
export function modelIdOf(owner: Address, spec: ModelSpec): Hex {
  const encoded = coder.encode(
    [
      "bytes32",
      "address",
      "bytes4",
      "bytes32",
      "bytes32",
      "bytes32",
      "bytes32",
      "bytes32",
      "bytes32",
      "bytes32",
      "bytes32",
    ],
    [
      DOMAIN_MODEL,
      owner,
      spec.proofSystem,
      spec.keyHash,
      spec.graphHash,
      spec.weightsHash,
      spec.inputSpecHash,
      spec.outputSpecHash,
      spec.setupHash,
      keccak256(spec.cid),
      spec.previous,
    ],
  );
  return keccak256(encoded) as Hex;
}

/** What a job can cost its claimer, all of which a claim sets aside. */
export function exposureOf({ collateral, proposerBond }: Request): bigint {
  return collateral + proposerBond; // proposerBond is 0 in VALIDITY
}

/** What a fulfil (unclaimed) or a claim is paid at `timestamp`: minFee, then a linear ramp (rounded down), then maxFee. */
export function priceAt(request: Request, timestamp: bigint): bigint {
  const { minFee, maxFee, rampStart, rampLength } = request;
  if (timestamp >= rampStart + rampLength) return maxFee;
  if (timestamp <= rampStart) return minFee;
  return minFee + ((maxFee - minFee) * (timestamp - rampStart)) / rampLength;
}
