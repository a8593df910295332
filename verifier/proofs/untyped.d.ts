// SPDX-License-Identifier: GPL-3.0-or-later
// What this folder uses of packages that ship no types.

declare module "ffjavascript" {
  /** A field element or a point in the library's own form: bytes in Montgomery form. */
  export type Internal = Uint8Array;

  export interface ScalarField {
    readonly n8: number;
    readonly one: Internal;
    /** primitive 2^i-th roots of unity */
    readonly w: readonly Internal[];
    e(value: bigint | number): Internal;
    add(a: Internal, b: Internal): Internal;
    sub(a: Internal, b: Internal): Internal;
    mul(a: Internal, b: Internal): Internal;
    inv(a: Internal): Internal;
    exp(a: Internal, exponent: number): Internal;
    eq(a: Internal, b: Internal): boolean;
    random(): Internal;
    fromRng(rng: ChaCha): Internal;
    toObject(a: Internal): bigint;
    toRprLE(target: Uint8Array, offset: number, a: Internal): void;
    batchInverse(values: Uint8Array): Promise<Uint8Array>;
    batchFromMontgomery(values: Uint8Array): Promise<Uint8Array>;
  }

  export interface CurveGroup<Coordinates> {
    readonly g: Internal;
    readonly zero: Internal;
    readonly zeroAffine: Internal;
    readonly F: { readonly n8: number };
    add(a: Internal, b: Internal): Internal;
    neg(a: Internal): Internal;
    eq(a: Internal, b: Internal): boolean;
    isZero(a: Internal): boolean;
    toAffine(a: Internal): Internal;
    toJacobian(a: Internal): Internal;
    timesFr(a: Internal, scalar: Internal): Internal;
    timesScalar(a: Internal, scalar: bigint): Internal;
    multiExpAffine(bases: Uint8Array, scalars: Uint8Array): Promise<Internal>;
    fromObject(point: readonly [Coordinates, Coordinates, Coordinates]): Internal;
    toObject(point: Internal): [Coordinates, Coordinates, Coordinates];
    fromRng(rng: ChaCha): Internal;
    fromRprLEM(bytes: Uint8Array, offset?: number): Internal;
    toRprLEM(target: Uint8Array, offset: number, point: Internal): void;
    toRprUncompressed(target: Uint8Array, offset: number, point: Internal): void;
    batchLEMtoU(points: Uint8Array): Promise<Uint8Array>;
    batchUtoLEM(points: Uint8Array): Promise<Uint8Array>;
    batchToAffine(points: Uint8Array): Promise<Uint8Array>;
  }

  export interface Curve {
    readonly q: bigint;
    readonly r: bigint;
    readonly Fr: ScalarField;
    readonly G1: CurveGroup<bigint>;
    readonly G2: CurveGroup<[bigint, bigint]>;
    readonly tm: {
      readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
      readonly instance: { readonly exports: Readonly<Record<string, (...pointers: number[]) => number>> };
    };
    /** Whether the product of the pairings e(p1, q1) e(p2, q2) ... is one. */
    pairingEq(...points: Internal[]): Promise<boolean>;
    terminate(): Promise<void>;
  }

  export class ChaCha {
    constructor(seed: readonly number[]);
  }

  export function buildBn128(singleThread?: boolean): Promise<Curve>;
}

declare module "circomlibjs" {
  /** One permutation of inputs.length + 1 elements: its first `nOut` elements in the library's own form. */
  export interface Poseidon {
    (inputs: readonly bigint[], capacity: bigint | Uint8Array, nOut: number): Uint8Array[];
    readonly F: { toObject(a: Uint8Array): bigint };
  }
  export function buildPoseidonOpt(): Promise<Poseidon>;
  export function buildPoseidonReference(): Promise<Poseidon>;
}

declare module "snarkjs" {
  import type { Curve } from "ffjavascript";

  export interface Logger {
    debug(message: string): void;
    info(message: string): void;
    warn(message: string): void;
    error(message: string): void;
  }
  /** A path, bytes to read, or memory to write to. */
  export type Source = string | Uint8Array | { type: "mem"; data?: Uint8Array };

  export interface ProofObject {
    pi_a: [string, string, string];
    pi_b: [[string, string], [string, string], [string, string]];
    pi_c: [string, string, string];
    protocol: string;
    curve: string;
  }

  export const groth16: {
    prove(zkey: Source, witness: Source, logger?: Logger): Promise<{ proof: ProofObject; publicSignals: string[] }>;
    verify(key: object, publicSignals: readonly string[], proof: ProofObject, logger?: Logger): Promise<boolean>;
  };
  export const wtns: {
    calculate(
      input: Readonly<Record<string, unknown>>,
      wasm: Source,
      witness: Source,
      options?: { sanityCheck?: boolean },
    ): Promise<void>;
  };
  export const zKey: {
    /** The circuit's hash, or -1 when the powers of tau do not fit the circuit. */
    newZKey(r1cs: Source, ptau: Source, zkey: Source, logger?: Logger): Promise<Uint8Array | -1>;
    contribute(before: Source, after: Source, name: string, entropy: string, logger?: Logger): Promise<Uint8Array>;
    /** The contribution's hash, or false when the parameters are refused. */
    beacon(
      before: Source,
      after: Source,
      name: string,
      hash: string,
      iterations: number,
      logger?: Logger,
    ): Promise<Uint8Array | false>;
    verifyFromR1cs(r1cs: Source, ptau: Source, zkey: Source, logger?: Logger): Promise<boolean>;
    exportVerificationKey(zkey: Source): Promise<object>;
  };
  export const powersOfTau: {
    newAccumulator(curve: Curve, power: number, ptau: Source, logger?: Logger): Promise<Uint8Array>;
    contribute(before: Source, after: Source, name: string, entropy: string, logger?: Logger): Promise<Uint8Array>;
    beacon(
      before: Source,
      after: Source,
      name: string,
      hash: string,
      iterations: number,
      logger?: Logger,
    ): Promise<Uint8Array | false>;
    preparePhase2(before: Source, after: Source, logger?: Logger): Promise<void>;
    verify(ptau: Source, logger?: Logger): Promise<boolean>;
  };
}
