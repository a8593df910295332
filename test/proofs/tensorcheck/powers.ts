// SPDX-License-Identifier: GPL-3.0-or-later
// Powers of a τ that everybody knows: for tests only.
import { checkerCurve } from "../../../verifier/proofs/curve.ts";
import { concat, g2Bytes } from "../../../verifier/proofs/points.ts";
import { encodeKey, type KeySpecs } from "../../../verifier/proofs/tensorcheck/encode.ts";
import type { NumberedProgram } from "../../../verifier/proofs/tensorcheck/numbered.ts";
import type { Cells } from "../../../verifier/proofs/tensorcheck/program.ts";
import { chunksOf, commit } from "../../../verifier/proofs/tensorcheck/prover/chunks.ts";
import { elements } from "../../../verifier/proofs/tensorcheck/prover/multilinear.ts";
import { SCALAR_FIELD } from "../../../verifier/tensor/packing.ts";

export const TAU = 0x123456789abcdef0123456789abcdefn;

/** [τ^i]_1, i < 2^n, affine as ffjavascript holds them. */
export async function testPowers(n: number): Promise<Uint8Array> {
  const { G1 } = await checkerCurve();
  const powers = new Uint8Array(64 * 2 ** n);
  let scalar = 1n;
  for (let i = 0; i < 2 ** n; i++) {
    powers.set(G1.toAffine(G1.timesScalar(G1.g, scalar)), 64 * i);
    scalar = (scalar * TAU) % SCALAR_FIELD;
  }
  return powers;
}

/** [τ]_2 as the pairing precompile reads it. */
export async function tau2Bytes(tau: bigint): Promise<Uint8Array> {
  const { G2 } = await checkerCurve();
  const [x, y] = G2.toObject(G2.toAffine(G2.timesScalar(G2.g, tau)));
  return g2Bytes({ x: { c0: x[0], c1: x[1] }, y: { c0: y[0], c1: y[1] } });
}

/** A key over these powers. */
export async function testKey(numbered: NumberedProgram, specs: KeySpecs, powers: Uint8Array): Promise<Uint8Array> {
  const chunks = chunksOf(numbered.placement, 0, numbered.placement.chunks.pre, ({ cells }) =>
    elements(cells as Cells),
  );
  const commitments = await Promise.all(chunks.map((cells) => commit(cells, powers)));
  return encodeKey({ specs, numbered, commitments: concat(commitments), tau2: await tau2Bytes(TAU) });
}
