// SPDX-License-Identifier: GPL-3.0-or-later
// What every proof system offers off chain; contracts/interfaces/IProofSystem.sol is its counterpart on chain.
import type { IntegerGraph } from "../graph/types.ts";
import type { Hex } from "../hash.ts";

export type { Hex } from "../hash.ts";

/** How an input reaches the proof, in the order of their codes (docs/spec/formats.md, sections 4 and 9). */
export const INPUT_MODES = ["PUBLIC", "COMMITTED"] as const;
export type InputMode = (typeof INPUT_MODES)[number];

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

export interface CircuitOptions extends WorkOptions {
  /** default: PUBLIC */
  readonly inputMode?: InputMode;
}

/** What is to be proven: that the model gives this input's output. */
export interface Statement {
  readonly context: bigint;
  /** canonical bytes, also where the claim will hold the commitment to them only */
  readonly input: Uint8Array;
  /** COMMITTED, and only then: the salt of the commitment, 128 bits */
  readonly salt?: bigint;
}

/** A file of a package: its path in it and its bytes. */
export interface PackageFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What making a package's set-up gave. */
export interface SetupResult {
  readonly keyHash: Hex;
  /** 0 for a development set-up */
  readonly setupHash: Hex;
  readonly insecure: boolean;
  /** whether its randomness came from the cache */
  readonly cached: boolean;
}

/** One check of a set-up, and what it found. */
export interface SetupCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** A set-up that many keys share, and on whose τ their proofs rest. */
export interface KeySetup {
  /** keccak256 of the bytes by which a key names it: of [τ]_2, as the chain's `setup()` has it */
  readonly hash: Hex;
  /** The published ceremony that it is; null for any other: whoever made it may know τ, and then forges proofs. */
  readonly ceremony: string | null;
}

/** What a proof costs on chain, at the most, whatever it says. */
export interface VerificationCost {
  /** of IProofSystem.verify, inside the call, nothing touched before */
  readonly gas: number;
  /** bytes of a seal */
  readonly sealLength: number;
}

/** What proving a graph costs, before anything is compiled. */
export interface ProvingCost {
  readonly unit: "constraints" | "cells";
  /** Of each node; null where the node cannot be proven. */
  readonly nodes: readonly (number | null)[];
  /** Of everything that is no node: inputs, outputs, context. */
  readonly ports: number;
}

export interface ProofSystem {
  readonly name: string;
  /** bytes4 by which router and models name it */
  readonly selector: Hex;
  /** Every node of the graph that it cannot prove; empty when it can prove the graph. Default: PUBLIC. */
  unsupported(graph: IntegerGraph, inputMode?: InputMode): Refusal[];
  /** An estimate of what proving costs; the graph's outputs may be missing. */
  cost(graph: Pick<IntegerGraph, "inputs" | "tensors" | "nodes" | "outputs">): ProvingCost;
  /** The package files that follow from graph and input mode alone, byte for byte the same on any machine. */
  build(graph: IntegerGraph, options?: CircuitOptions): Promise<PackageFile[]>;
  /**
   * Proves one execution. `directory` is a package with setup/; output and seal are canonical bytes.
   * Rejects with a VerigradError: TENSOR_* for a bad input, INPUT_MODE_MISMATCH for a salt where the package takes none
   * or none where it takes one, SALT_INVALID, PACKAGE_* for a bad package, PROVE_FAILED, ABORTED.
   */
  prove(
    directory: string,
    statement: Statement,
    options?: WorkOptions,
  ): Promise<{ readonly output: Uint8Array; readonly seal: Uint8Array }>;
  /**
   * Whether a package's set-up is what it says: the circuit made again from the graph, the key from its transcript.
   * `ptau` are powers-of-tau files that may be the ceremony's. Null if all holds, else what does not.
   */
  checkSetup(directory: string, graph: IntegerGraph, ptau: readonly string[]): Promise<string | null>;
  /**
   * Checks setup/ of a package against its circuit, which the caller has built again from the graph. A ceremony's .ptau is
   * not in the package: give its path. Never throws; every check that could not be made fails, with the reason.
   */
  verifySetup(directory: string, options?: { readonly ptau?: string }): Promise<readonly SetupCheck[]>;
  /** k: a set-up of the package needs 2^k powers of tau. Errors: PACKAGE_*, and those of building it. */
  powersNeeded(directory: string): Promise<number>;
  /** The set-up that a key shares with others; null where every key has its own, or where the key cannot be read. */
  setupOf(key: Uint8Array): KeySetup | null;
  /** What verifying under a key costs on chain, at the most. Errors: those of reading the key. */
  verificationCost(key: Uint8Array): Promise<VerificationCost>;
  /** The strict verifier: pure in (key, claim, seal), never throws, never accepts what the chain would refuse, but for the set-up: see setupOf. */
  verify(key: Uint8Array, claim: Claim, seal: Uint8Array): Promise<Verdict>;
}
