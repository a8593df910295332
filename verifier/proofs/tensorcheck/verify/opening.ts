// SPDX-License-Identifier: GPL-3.0-or-later
// The opening of all entities at one point: Gemini (eprint 2022/420) folds a multilinear polynomial of n variables to n
// univariate ones, Shplonk (eprint 2020/081) opens these at 2 n points (docs/spec/tensorcheck.md, section 3, Opening).
import { checkerCurve } from "../../curve.ts";
import { concat, G1_GENERATOR, toG1, toG2, uint256Bytes, type G1Point } from "../../points.ts";
import { EqTable, inverse, mod, powers } from "./field.ts";
import type { Key } from "./key.ts";
import { valuesAt, type Drawn } from "./point.ts";
import type { Seal } from "./seal.ts";
import type { Challenger } from "./transcript.ts";

/** scalar · point */
interface Summand {
  readonly scalar: bigint;
  readonly point: G1Point;
}

/** Openings batched to one: they hold if e(Σ left + z [W], [1]_2) = e([W], [τ]_2). */
export interface Batch {
  readonly left: readonly Summand[];
  readonly z: bigint;
}

/**
 * Whether the entities have the evaluations that the seal says at s (by coordinate t). The transcript has drawn s and
 * absorbed nothing since.
 */
export async function opens(
  key: Key,
  drawn: Drawn,
  s: readonly bigint[],
  seal: Seal,
  transcript: Challenger,
): Promise<boolean> {
  const batch = batchOpenings(key, drawn, s, seal, transcript);
  if (batch === null) return false;
  const witness = seal.witness.values[0] as G1Point;
  return pairingsAgree([...batch.left, { scalar: batch.z, point: witness }], witness, key);
}

/** As opens, up to the last message, [W]. Null where a denominator is 0. */
export function batchOpenings(
  key: Key,
  drawn: Drawn,
  s: readonly bigint[],
  seal: Seal,
  transcript: Challenger,
): Batch | null {
  const { n, entities } = key;
  transcript.absorb(seal.evaluations.bytes);
  const eta = transcript.challenge();
  transcript.absorb(seal.folds.bytes);
  const zeta = transcript.challenge();
  transcript.absorb(seal.negatives.bytes);
  const nu = transcript.challenge();
  transcript.absorb(seal.quotient.bytes);
  const z = transcript.challenge();

  const etas = powers(eta, entities.length);
  const y = mod(seal.evaluations.values.reduce((sum, value, e) => sum + (etas[e] as bigint) * value, 0n));
  // r_j = ζ^(2^j) and a_j = f_j(r_j), from a_n = y down
  const roots = squares(zeta, n);
  const positives = foldBack(roots, s, seal.negatives.values, y);
  if (positives === null) return null;

  // w_j = ν^(2j)/(z − r_j) + ν^(2j+1)/(z + r_j), k_0 = Σ_j ν^(2j) a_j/(z − r_j) + ν^(2j+1) e_j/(z + r_j)
  const nus = powers(nu, 2 * n);
  const weights: bigint[] = [];
  let k0 = 0n;
  for (let j = 0; j < n; j++) {
    const root = roots[j] as bigint;
    const [below, above] = [inverse(z - root), inverse(z + root)];
    if (below === null || above === null) return null;
    const left = mod((nus[2 * j] as bigint) * below);
    const right = mod((nus[2 * j + 1] as bigint) * above);
    weights.push(left + right);
    k0 += left * (positives[j] as bigint) + right * (seal.negatives.values[j] as bigint);
  }

  const [w0, ...others] = weights as [bigint, ...bigint[]];
  // [Q] − Σ_j w_j C_j + k_0 [1], C_0 = [f]
  const left: Summand[] = [
    ...combination(key, drawn, etas, seal).map(({ scalar, point }) => ({ scalar: mod(-w0 * scalar), point })),
    ...others.map((w, j) => ({ scalar: mod(-w), point: seal.folds.values[j] as G1Point })),
    { scalar: 1n, point: seal.quotient.values[0] as G1Point },
    { scalar: mod(k0), point: G1_GENERATOR },
  ];
  return { left, z };
}

function squares(zeta: bigint, n: number): bigint[] {
  const list = [zeta];
  while (list.length < n) list.push(mod((list[list.length - 1] as bigint) ** 2n));
  return list;
}

/** a_j = (2 r_j a_{j+1} − e_j ((1 − s_j) r_j − s_j)) / ((1 − s_j) r_j + s_j); null where a denominator is 0. */
function foldBack(
  roots: readonly bigint[],
  s: readonly bigint[],
  negatives: readonly bigint[],
  y: bigint,
): bigint[] | null {
  const list: bigint[] = [];
  let next = y;
  for (let j = roots.length - 1; j >= 0; j--) {
    const [root, x] = [roots[j] as bigint, s[j] as bigint];
    const even = mod((1n - x) * root);
    const denominator = inverse(even + x);
    if (denominator === null) return null;
    next = mod((2n * root * next - (negatives[j] as bigint) * (even - x)) * denominator);
    list.unshift(next);
  }
  return list;
}

/** [f] = Σ_e η^e [P_e] over the commitments of chunks; a folded entity is Σ_j eq(upper, j) · chunk_{first+j}. */
function combination({ entities, pre }: Key, drawn: Drawn, etas: readonly bigint[], seal: Seal): Summand[] {
  const chunks = [...pre, ...seal.wit.values, ...seal.help.values];
  const scalars = chunks.map(() => 0n);
  entities.forEach(({ chunk, upper }, e) => {
    const fold = new EqTable(valuesAt(drawn, upper));
    for (let j = 0; j < 2 ** upper.length; j++) {
      scalars[chunk + j] = mod((scalars[chunk + j] as bigint) + (etas[e] as bigint) * fold.at(j));
    }
  });
  return chunks.map((point, i) => ({ scalar: scalars[i] as bigint, point }));
}

/** Σ scalar · point, as the library holds it. */
export async function sumOf(summands: readonly Summand[]): Promise<Uint8Array> {
  const { G1 } = await checkerCurve();
  // The library's multi-scalar multiplication is not made for infinity, which adds nothing.
  const finite = summands.filter(({ point: { x, y } }) => x !== 0n || y !== 0n);
  return G1.multiExpAffine(
    concat(finite.map(({ point }) => toG1(G1, point))),
    concat(finite.map(({ scalar }) => uint256Bytes(scalar).reverse())),
  );
}

/** e(Σ left, [1]_2) = e(witness, [τ]_2) */
async function pairingsAgree(left: readonly Summand[], witness: G1Point, { tau2 }: Key): Promise<boolean> {
  const curve = await checkerCurve();
  const { G1, G2 } = curve;
  const sum = await sumOf(left);
  const pairs = [
    [sum, G2.g],
    [G1.neg(toG1(G1, witness)), toG2(G2, tau2)],
  ] as const;
  // Nor is its Miller loop.
  return curve.pairingEq(...pairs.filter(([p]) => !G1.isZero(p)).flat());
}
