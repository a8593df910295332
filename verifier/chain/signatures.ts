// SPDX-License-Identifier: GPL-3.0-or-later
// What wallets sign: requests that others bring (docs/spec/settlement.md), and ERC-2612 permits for the market.
import { Signature, type TypedDataDomain, type TypedDataField } from "ethers";
import { VerigradError } from "../errors.ts";
import type { Deployment } from "./deployment.ts";
import { REQUEST_TYPES, requestDomain } from "./hashes.ts";
import type { Address, Hex, Request } from "./types.ts";

/** EIP-712 typed data, as wallets take it (`eth_signTypedData_v4`). */
export interface TypedData {
  readonly domain: TypedDataDomain;
  readonly types: Record<string, TypedDataField[]>;
  readonly primaryType: string;
  readonly message: Readonly<Record<string, unknown>>;
}

/** A request as its requester signs it; the digest is the job's id. */
export function requestTypedData({ chainId, market }: Deployment, request: Request): TypedData {
  return {
    domain: requestDomain(chainId, market),
    types: REQUEST_TYPES,
    primaryType: "Request",
    message: { ...request },
  };
}

/** contracts/types/Permit.sol: a permit for the market to take `value` of its signer's tokens. */
export interface Permit {
  readonly value: bigint;
  /** seconds since 1970 */
  readonly deadline: bigint;
  readonly v: number;
  readonly r: Hex;
  readonly s: Hex;
}

/** What a token says of its permits: its EIP-712 domain (ERC-5267) and the owner's next nonce (ERC-2612). */
export interface PermitTerms {
  readonly domain: TypedDataDomain;
  readonly nonce: bigint;
}

/** The market's permit as its signer signs it. */
export function permitTypedData(
  { market }: Deployment,
  { domain, nonce }: PermitTerms,
  permit: { readonly owner: Address; readonly value: bigint; readonly deadline: bigint },
): TypedData {
  const uint256 = (name: string): TypedDataField => ({ name, type: "uint256" });
  return {
    domain,
    types: {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        uint256("value"),
        uint256("nonce"),
        uint256("deadline"),
      ],
    },
    primaryType: "Permit",
    message: { ...permit, spender: market, nonce },
  };
}

/** A signed permit as the market takes it. Errors: SIGNATURE_INVALID unless `signature` is one of 65 (or 64) bytes. */
export function permitOf(value: bigint, deadline: bigint, signature: Hex): Permit {
  try {
    const { v, r, s } = Signature.from(signature);
    return { value, deadline, v, r: r as Hex, s: s as Hex };
  } catch (cause) {
    throw new VerigradError("SIGNATURE_INVALID", "a permit's signature has 65 bytes: r, s, v", { cause });
  }
}
