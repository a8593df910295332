// SPDX-License-Identifier: GPL-3.0-or-later
// Powers of a τ that everybody knows: for tests only.
import { checkerCurve } from "../../../verifier/proofs/curve.ts";
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
