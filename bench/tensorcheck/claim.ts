// SPDX-License-Identifier: GPL-3.0-or-later
// What the processes of a benchmark hand each other: inputs that are proven, and claims for the chain.
import { writeFileSync } from "node:fs";
import type { IntegerGraph } from "../../verifier/graph/types.ts";
import { sizeOf } from "../../verifier/tensor/spec.ts";

/** Proofs that count; a first one does not. */
export const RUNS = 5;
export const CONTEXT = 7n;

/** Hexadecimal, and a decimal context. */
export interface SavedClaim {
  readonly key: string;
  readonly context: string;
  readonly input: string;
  readonly output: string;
  readonly seal: string;
}

/** Values of the declared range that differ from one another. */
export const inputsOf = (graph: IntegerGraph, run: number): Float64Array[] =>
  graph.inputs.map(({ spec }) =>
    Float64Array.from(
      { length: sizeOf(spec.shape) },
      (_, i) => spec.lo + (((i + run) * 7919) % (spec.hi - spec.lo + 1)),
    ),
  );

/** Writes a SavedClaim under CONTEXT. */
export function saveClaim(
  path: string,
  claim: Readonly<Record<"key" | "input" | "output" | "seal", Uint8Array>>,
): void {
  const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString("hex")}`;
  const saved: SavedClaim = {
    key: hex(claim.key),
    context: `${CONTEXT}`,
    input: hex(claim.input),
    output: hex(claim.output),
    seal: hex(claim.seal),
  };
  writeFileSync(path, JSON.stringify(saved));
}
