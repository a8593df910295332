// SPDX-License-Identifier: GPL-3.0-or-later
// From a package to a registered model.
import type { ChainReader } from "../chain/client.ts";
import { modelIdOf, toHex } from "../chain/hashes.ts";
import { calls, type Receipt, type Sender, type WaitOptions } from "../chain/transactions.ts";
import { ZERO_ADDRESS, ZERO_HASH, type Address, type Hex, type ModelSpec } from "../chain/types.ts";
import { VerigradError } from "../errors.ts";
import { cidToBytes, directoryCid } from "../hub/cid.ts";
import { openPackage, openSetup, specHashesOf } from "../hub/package.ts";

export interface RegisterOptions {
  /** where the model's share of the price goes; nowhere by default */
  readonly royaltyPayee?: Address;
  /** of 10,000 */
  readonly royaltyBps?: number;
  /** the version that this one follows */
  readonly previous?: Hex;
}

/** What a package's owner registers: its commitments, checked. Errors: PACKAGE_*. */
export async function modelSpecOf(directory: string, options: RegisterOptions = {}): Promise<ModelSpec> {
  const opened = await openPackage(directory);
  const setup = await openSetup(directory);
  const { manifest } = opened;
  return {
    proofSystem: manifest.proofSystem.selector,
    keyHash: setup.keyHash,
    graphHash: manifest.graphHash,
    weightsHash: manifest.weightsHash,
    ...specHashesOf(opened),
    setupHash: setup.setupHash,
    cid: toHex(cidToBytes(await directoryCid(directory))),
    previous: options.previous ?? ZERO_HASH,
    name: manifest.name,
    royaltyPayee: options.royaltyPayee ?? ZERO_ADDRESS,
    royaltyBps: BigInt(options.royaltyBps ?? 0),
  };
}

export interface Registration {
  readonly modelId: Hex;
  readonly spec: ModelSpec;
  readonly insecure: boolean;
  /** null when the proof system knew the key already */
  readonly keyReceipt: Receipt | null;
  readonly modelReceipt: Receipt;
}

/**
 * Registers a package's key, where it is new, and the model. The sender becomes its owner. Errors: PACKAGE_*,
 * PROOF_SYSTEM_UNKNOWN when the router has none of its kind, CHAIN_*, TX_*.
 */
export async function registerPackage(
  directory: string,
  chain: ChainReader,
  sender: Sender,
  options: RegisterOptions = {},
  wait: WaitOptions = {},
): Promise<Registration> {
  const spec = await modelSpecOf(directory, options);
  const { key, insecure } = await openSetup(directory);
  const proofSystem = await chain.proofSystem(spec.proofSystem);
  if (proofSystem === ZERO_ADDRESS) {
    throw new VerigradError("PROOF_SYSTEM_UNKNOWN", `the router knows no proof system ${spec.proofSystem}`);
  }
  const known = await chain.isKeyRegistered(proofSystem, spec.keyHash);
  const keyReceipt = known ? null : await sender.send(calls.registerKey(proofSystem, toHex(key)), wait);
  const modelReceipt = await sender.send(calls.registerModel(chain.deployment, spec), wait);
  return { modelId: modelIdOf(sender.address, spec), spec, insecure, keyReceipt, modelReceipt };
}
