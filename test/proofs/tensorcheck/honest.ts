// SPDX-License-Identifier: GPL-3.0-or-later
// Honest proofs, and what a test needs to make dishonest ones of the same claim.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { executeTrace } from "../../../verifier/graph/execute.ts";
import type { IntegerGraph } from "../../../verifier/graph/types.ts";
import type { KeySpecs } from "../../../verifier/proofs/tensorcheck/encode.ts";
import { lowerGraph } from "../../../verifier/proofs/tensorcheck/lower/index.ts";
import { numberProgram } from "../../../verifier/proofs/tensorcheck/number.ts";
import type { NumberedProgram } from "../../../verifier/proofs/tensorcheck/numbered.ts";
import { placeColumns } from "../../../verifier/proofs/tensorcheck/place.ts";
import type { Cells, Column, Program } from "../../../verifier/proofs/tensorcheck/program.ts";
import { proveReference, type Hooks } from "../../../verifier/proofs/tensorcheck/prover/reference.ts";
import type { Claim } from "../../../verifier/proofs/types.ts";
import { encodeTensors } from "../../../verifier/tensor/codec.ts";
import { kinds, KINDS_SPECS } from "./kinds-program.ts";
import { testKey, testPowers } from "./powers.ts";
import { SPECS, tiny } from "./tiny-program.ts";

export const CONTEXT = 7n;

/** Another claim, or another witness, for the same key. */
export interface Changes {
  readonly claim?: Partial<Claim>;
  readonly witness?: ReadonlyMap<Column, Cells>;
  /** for a prover whose program is not the key's */
  readonly numbered?: NumberedProgram;
}

export interface Honest {
  readonly key: Uint8Array;
  readonly claim: Claim;
  readonly seal: Uint8Array;
  readonly program: Program;
  readonly numbered: NumberedProgram;
  readonly witness: ReadonlyMap<Column, Cells>;
  /** The seal of a prover who does as the hooks say; without hooks, one who checks their own work. */
  prove(hooks?: Hooks, changes?: Changes): Promise<Uint8Array>;
}

/** A proof of a program, with chunks of 2^n cells. */
export async function honestProof(
  program: Program,
  n: number,
  specs: KeySpecs,
  witness: ReadonlyMap<Column, Cells>,
  tensors: { readonly inputs: readonly ArrayLike<number>[]; readonly outputs: readonly ArrayLike<number>[] },
): Promise<Honest> {
  const powers = await testPowers(n);
  const numbered = numberProgram(program, placeColumns(program, n));
  const key = await testKey(numbered, specs, powers);
  const keyHash = `0x${bytesToHex(keccak_256(key))}` as const;
  const claim: Claim = {
    context: CONTEXT,
    input: encodeTensors(specs.inputs, tensors.inputs),
    output: encodeTensors(specs.outputs, tensors.outputs),
  };
  const prove: Honest["prove"] = (hooks, changes = {}) =>
    proveReference(
      changes.numbered ?? numbered,
      changes.witness ?? witness,
      { keyHash, specs, ...claim, ...changes.claim },
      powers,
      hooks,
    );
  return { key, claim, seal: await prove(), program, numbered, witness, prove };
}

/** A proof of y = relu(W x + b), three of each, by a program made by hand. */
export function honestTiny(n = 4, input: readonly number[] = [7, 2, 3]): Promise<Honest> {
  const { program, output } = tiny(input);
  return honestProof(program, n, SPECS, program.witness([]), { inputs: [input], outputs: [output] });
}

/** A proof of the program that has every kind of value. */
export function honestKinds(n = 2): Promise<Honest> {
  const { program, inputs, outputs } = kinds([-9, 4, 7], [1, 20, 3, 40]);
  return honestProof(program, n, KINDS_SPECS, program.witness([]), { inputs, outputs });
}

/** A proof of one execution of a graph. */
export function honestGraph(
  graph: IntegerGraph,
  inputs: readonly ArrayLike<number>[],
  options: { readonly n: number; readonly tableBits: number },
): Promise<Honest> {
  const program = lowerGraph(graph, options);
  const trace = executeTrace(graph, inputs);
  const specs = { inputs: graph.inputs.map(({ spec }) => spec), outputs: graph.outputs.map(({ spec }) => spec) };
  const outputs = graph.outputs.map(({ tensor }) => Float64Array.from(trace[tensor] ?? [], Number));
  return honestProof(program, options.n, specs, program.witness(trace), { inputs, outputs });
}
