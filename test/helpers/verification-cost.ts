// SPDX-License-Identifier: GPL-3.0-or-later
// Programs of tensorcheck without meaning, of which only the form counts, and what a verification of them takes on the chain.
// Everything in their claims is zero, which costs what anything costs, and holds.
import { expect } from "chai";
import { keccak256 } from "ethers";
import { network } from "hardhat";
import { readUint } from "../../verifier/proofs/points.ts";
import { encodeKey } from "../../verifier/proofs/tensorcheck/encode.ts";
import type { NumberedProgram } from "../../verifier/proofs/tensorcheck/numbered.ts";
import { verificationCost } from "../../verifier/proofs/tensorcheck/verification-cost.ts";
import type { Key } from "../../verifier/proofs/tensorcheck/verify/key.ts";
import { verify } from "../../verifier/proofs/tensorcheck/verify/verify.ts";
import { sizeOf, TYPE_INFO, type TensorSpec, type TensorType } from "../../verifier/tensor/spec.ts";
import { TAU, tau2Bytes } from "../proofs/tensorcheck/powers.ts";

type Contract = Awaited<ReturnType<Awaited<ReturnType<typeof network.create>>["ethers"]["deployContract"]>>;

export const many = <T>(count: number, each: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => each(i));

/** Of the whole range of its type, or, zero included, of a range that is less by `narrower` at both ends. */
export function spec(shape: readonly number[], type: TensorType = "u8", narrower = 0): TensorSpec {
  const { lo, hi } = TYPE_INFO[type];
  return { shape, type, exponent: 0, lo: Math.min(lo + narrower, 0), hi: hi - narrower };
}

export interface Claim {
  readonly bits: number;
  readonly block: number;
  readonly coordinates: Uint8Array;
}

export interface Program extends Pick<Key, "n" | "K" | "R" | "D" | "inputs" | "publics" | "structured" | "blocks"> {
  readonly chunks: { readonly pre: number; readonly wit: number; readonly help: number };
  readonly outputSpecs: readonly TensorSpec[];
  readonly outputs: Key["outputPorts"];
  readonly entities: readonly {
    readonly chunk: number;
    readonly upper: Uint8Array;
    readonly claims: readonly Claim[];
  }[];
}

export const NONE = new Uint8Array();
export const claim: Claim = { bits: 0, block: 0, coordinates: NONE };
/** The least there is. */
export const BASE: Program = {
  ...{ n: 1, K: 1, R: 1, D: 2, chunks: { pre: 0, wit: 1, help: 0 }, inputs: [spec([1])], outputSpecs: [spec([1])] },
  ...{ outputs: [{ equation: 1, axes: [] }], publics: [], structured: [], blocks: [] },
  entities: [{ chunk: 0, upper: NONE, claims: [claim] }],
};

export interface Cost {
  /** Gas of a verification on the chain. */
  readonly measured: number;
  /** What it was said to be at the most. */
  readonly bound: number;
}

export interface Costs {
  readonly system: Contract;
  readonly tau2: Uint8Array;
  keyOf(program: Program): Uint8Array;
  of(key: Uint8Array, inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): Promise<Cost>;
  ofProgram(program: Program): Promise<Cost>;
}

/** A chain with a proof system for the tests' powers of tau. */
export async function newCosts(): Promise<Costs> {
  const { ethers } = await network.create();
  const tau2 = await tau2Bytes(TAU);
  const system = await ethers.deployContract("TensorcheckProofSystem", [
    [0, 1, 2, 3].map((i) => readUint(tau2, 32 * i)),
  ]);
  const probe = await ethers.deployContract("GasProbe");

  const keyOf = ({ n, chunks, inputs, outputSpecs, ...program }: Program): Uint8Array =>
    encodeKey({
      specs: { inputs, outputs: outputSpecs },
      numbered: { placement: { n, chunks }, ...program } as unknown as NumberedProgram,
      commitments: new Uint8Array(64 * chunks.pre),
      tau2,
    });

  const zeros = (specs: readonly TensorSpec[]): Uint8Array =>
    new Uint8Array(specs.reduce((sum, { shape, type }) => sum + sizeOf(shape) * TYPE_INFO[type].bytes, 0));

  const of: Costs["of"] = async (key, inputs, outputs) => {
    const { gas, sealLength } = await verificationCost(key);
    const [input, output, seal] = [zeros(inputs), zeros(outputs), new Uint8Array(sealLength)];
    const limit = { gasLimit: 2 ** 24 };
    await (await system.getFunction("registerKey")(key, limit)).wait();
    const args = [await system.getAddress(), keccak256(key), 5n, input, output, seal, limit];
    const measured = Number(await probe.getFunction("gasOfVerify").staticCall(...args));
    expect(await verify(key, { context: 5n, input, output }, seal, { setup: tau2 })).to.deep.equal({ ok: true });
    return { measured, bound: gas };
  };

  return {
    system,
    tau2,
    keyOf,
    of,
    ofProgram: (program) => of(keyOf(program), program.inputs, program.outputSpecs),
  };
}
