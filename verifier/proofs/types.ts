// SPDX-License-Identifier: GPL-3.0-or-later
// What every proof system offers off chain; contracts/interfaces/IProofSystem.sol is its counterpart on chain.
import type { IntegerGraph } from "../graph/types.ts";

export type Hex = `0x${string}`;

/** What a proof is about: output = model(input), under a context that binds it to one job and payee. */
export interface Claim {
  readonly context: bigint;
  /** canonical input bytes (PUBLIC) or the 32-byte commitment (COMMITTED) */
  readonly input: Uint8Array;
  /** canonical output bytes */
  readonly output: Uint8Array;
}

/** Codes are the names of IProofSystem's errors, so that the two verdicts can be compared. */
export type Verdict =
  { readonly ok: true } | { readonly ok: false; readonly code: VerdictCode; readonly message: string };

export type VerdictCode =
  | "WrongLength"
  | "ValueOutOfRange"
  | "ScalarOutOfField"
  | "MalformedSeal"
  | "InvalidProof"
  | "MalformedKey"
  | "ForgeableKey";

/** Why a node cannot be proven by a proof system. */
export interface Refusal {
  readonly node: string;
  readonly operator: string;
  readonly reason: string;
}

/** Progress of long work: a step's name and, where known, the share done (0..1). */
export type Progress = (step: string, fraction?: number) => void;

export interface WorkOptions {
  readonly onProgress?: Progress;
  readonly signal?: AbortSignal;
}

/** A file of a package: its path in it and its bytes. */
export interface PackageFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface ProofSystem {
  readonly name: string;
  /** bytes4 by which router and models name it */
  readonly selector: Hex;
  /** Every node of the graph that it cannot prove; empty when it can prove the graph. */
  unsupported(graph: IntegerGraph): Refusal[];
  /** The package files that follow from the graph alone, byte for byte the same on any machine. */
  build(graph: IntegerGraph, options?: WorkOptions): Promise<PackageFile[]>;
  /**
   * Proves one execution. `directory` is a package with setup/; output and seal are canonical bytes.
   * Rejects with a VerigradError: TENSOR_* for a bad input, PACKAGE_* for a bad package, PROVE_FAILED, ABORTED.
   */
  prove(
    directory: string,
    statement: { readonly context: bigint; readonly input: Uint8Array },
    options?: WorkOptions,
  ): Promise<{ readonly output: Uint8Array; readonly seal: Uint8Array }>;
  /**
   * Whether a package's set-up is what it says: the circuit made again from the graph, the key from its transcript.
   * `ptau` are powers-of-tau files that may be the ceremony's. Null if all holds, else what does not.
   */
  checkSetup(directory: string, graph: IntegerGraph, ptau: readonly string[]): Promise<string | null>;
  /** The strict verifier: pure in (key, claim, seal), never throws, never accepts what the chain would refuse. */
  verify(key: Uint8Array, claim: Claim, seal: Uint8Array): Promise<Verdict>;
}
