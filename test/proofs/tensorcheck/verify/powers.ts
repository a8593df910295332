// SPDX-License-Identifier: GPL-3.0-or-later
// Powers of a τ that everybody knows, for tests only: whoever knows τ can forge.
import { checkerCurve } from "../../../../verifier/proofs/curve.ts";
import { g2Bytes } from "../../../../verifier/proofs/points.ts";

/** [τ]_2 as the pairing precompile reads it. */
export async function tau2Bytes(tau: bigint): Promise<Uint8Array> {
  const { G2 } = await checkerCurve();
  const [x, y] = G2.toObject(G2.toAffine(G2.timesScalar(G2.g, tau)));
  return g2Bytes({ x: { c0: x[0], c1: x[1] }, y: { c0: y[0], c1: y[1] } });
}
