// SPDX-License-Identifier: GPL-3.0-or-later
// INSECURE powers of tau for development: one machine draws tau, alpha and beta, writes what a ceremony and `prepare
// phase2` would leave behind, and forgets them. Nobody else can know that it did.
import { createHash } from "node:crypto";
import { ChaCha, type Curve } from "ffjavascript";
import { VerigradError } from "../../errors.ts";
import { checkerCurve } from "../curve.ts";
import { generatorMultiples, randomScalar } from "../fixed-base.ts";
import { BASE_FIELD, concat, SCALAR_FIELD as r, uint256Bytes } from "../points.ts";
import { writeSections } from "./sections.ts";

/** What the file calls its only contributor. */
export const DEVELOPMENT_CONTRIBUTOR = "INSECURE development set-up";
/** Beyond this, writing the file takes minutes: larger circuits need a real ceremony's file. */
export const MAX_DEVELOPMENT_POWER = 18;

const blake2b = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash("blake2b512");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % r;
    base = (base * base) % r;
  }
  return result;
}

const inverse = (value: bigint): bigint => power(value, r - 2n);

function powers(first: bigint, ratio: bigint, count: number): bigint[] {
  const values: bigint[] = [];
  for (let i = 0, value = first; i < count; i++, value = (value * ratio) % r) values.push(value);
  return values;
}

/** L_i(tau) = w^i (tau^n - 1) / (n (tau - w^i)) for the n-th roots of unity w^i; all inverses by one inversion. */
function lagrange(tau: bigint, root: bigint, n: number): bigint[] {
  const roots = powers(1n, root, n);
  const prefix: bigint[] = [];
  let product = 1n;
  for (const w of roots) {
    prefix.push(product);
    product = (product * (tau - w + r)) % r;
  }
  let rest = inverse(product);
  const factor = ((power(tau, BigInt(n)) - 1n + r) * inverse(BigInt(n))) % r;
  const values = new Array<bigint>(n);
  for (let i = n - 1; i >= 0; i--) {
    const w = roots[i] as bigint;
    values[i] = (((rest * (prefix[i] as bigint)) % r) * ((w * factor) % r)) % r;
    rest = (rest * (tau - w + r)) % r;
  }
  return values;
}

/** Lagrange values of all domains of 2^0 .. 2^top points, one after the other, as `prepare phase2` lays them out. */
function lagrangeLadder(curve: Curve, tau: bigint, top: number): bigint[] {
  return Array.from({ length: top + 1 }, (_, k) => lagrange(tau, curve.Fr.toObject(root(curve, k)), 2 ** k)).flat();
}

const root = (curve: Curve, k: number): Uint8Array => curve.Fr.w[k] as Uint8Array;

const times = (factor: bigint, values: readonly bigint[]): bigint[] => values.map((v) => (factor * v) % r);

/**
 * A prepared .ptau file for circuits of up to 2^power rows. Fresh randomness at each call; the scalars are dropped.
 * Errors: GROTH16_CIRCUIT_TOO_LARGE above MAX_DEVELOPMENT_POWER.
 */
export async function developmentPhase1(size: number): Promise<Uint8Array> {
  if (size > MAX_DEVELOPMENT_POWER) {
    throw new VerigradError(
      "GROTH16_CIRCUIT_TOO_LARGE",
      `a development set-up serves up to 2^${MAX_DEVELOPMENT_POWER} rows, this circuit needs 2^${size}`,
    );
  }
  const curve = await checkerCurve();
  const { g1, g2 } = await generatorMultiples();
  const n = 2 ** size;
  let tau = randomScalar();
  while (power(tau, BigInt(2 * n)) === 1n) tau = randomScalar(); // a root of unity has no Lagrange values
  const alpha = randomScalar();
  const beta = randomScalar();

  const tauPowers = powers(1n, tau, 2 * n - 1);
  const half = tauPowers.slice(0, n);
  const ladder = lagrangeLadder(curve, tau, size);
  // The domain of 2n points has no last power (the file ends at tau^(2n - 2)): its share is taken off each value.
  const lastPower = (power(tau, BigInt(2 * n - 1)) * inverse(BigInt(2 * n))) % r;
  const doubleRoots = powers(1n, curve.Fr.toObject(root(curve, size + 1)), 2 * n);
  const doubled = lagrange(tau, doubleRoots[1] as bigint, 2 * n).map(
    (value, i) => (value - (((lastPower * (doubleRoots[i] as bigint)) % r) - r)) % r,
  );

  const monomials: [number, Uint8Array][] = [
    [2, g1(tauPowers)],
    [3, g2(half)],
    [4, g1(times(alpha, half))],
    [5, g1(times(beta, half))],
    [6, g2([beta])],
  ];
  return writeSections("ptau", 1, [
    [1, header(size)],
    ...monomials,
    [7, await contribution(curve, size, monomials, { tau, alpha, beta }, g1)],
    [12, g1([...ladder, ...doubled])],
    [13, g2(ladder)],
    [14, g1(times(alpha, ladder))],
    [15, g1(times(beta, ladder))],
  ]);
}

const uint32LE = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

function header(size: number): Uint8Array {
  return concat([uint32LE(32), uint256Bytes(BASE_FIELD).reverse(), uint32LE(size), uint32LE(size)]);
}

/** The record of the only contribution, in the form that `snarkjs powersoftau verify` checks (its powersoftau_utils.js). */
async function contribution(
  curve: Curve,
  size: number,
  monomials: readonly (readonly [number, Uint8Array])[],
  secrets: { readonly tau: bigint; readonly alpha: bigint; readonly beta: bigint },
  g1: (scalars: readonly bigint[]) => Uint8Array,
): Promise<Uint8Array> {
  const { Fr, G1, G2 } = curve;
  const challenge = firstChallenge(curve, size);
  const bases = [secrets.tau, secrets.alpha, secrets.beta].map((secret, personalization) => {
    const base = g1([randomScalar()]);
    const s = G1.fromRprLEM(base);
    const sx = G1.toAffine(G1.timesFr(s, Fr.e(secret)));
    const seed = blake2b(Uint8Array.of(personalization), challenge, uncompressed(curve, s), uncompressed(curve, sx));
    const view = new DataView(seed.buffer, seed.byteOffset);
    const sp = G2.fromRng(new ChaCha(Array.from({ length: 8 }, (_, i) => view.getUint32(4 * i))));
    return { s, sx, spx: G2.toAffine(G2.timesFr(sp, Fr.e(secret))) };
  });
  const pieces = [...bases.flatMap(({ s, sx }) => [s, sx]), ...bases.map(({ spx }) => spx)];
  // An affine point in the library's own form is its little-endian Montgomery encoding.
  const publicKey = concat(pieces);
  const response = blake2b(challenge, ...pieces.map((point) => uncompressed(curve, point)));
  const hashed = await Promise.all(monomials.map(([id, bytes]) => (id === 3 || id === 6 ? G2 : G1).batchLEMtoU(bytes)));
  const point = (index: number, at: number, length: number): Uint8Array =>
    (monomials[index] as readonly [number, Uint8Array])[1].subarray(at * length, (at + 1) * length);
  const name = new TextEncoder().encode(DEVELOPMENT_CONTRIBUTOR);
  const parameters = concat([Uint8Array.of(1, name.length), name]);
  return concat([
    uint32LE(1),
    point(0, 1, 64),
    point(1, 1, 128),
    point(2, 0, 64),
    point(3, 0, 64),
    point(4, 0, 128),
    publicKey,
    hashState(challenge),
    blake2b(response, ...hashed),
    uint32LE(0),
    uint32LE(parameters.length),
    parameters,
  ]);
}

function uncompressed({ G1, G2 }: Curve, point: Uint8Array): Uint8Array {
  const group = point.length === 64 ? G1 : G2;
  const bytes = new Uint8Array(point.length);
  group.toRprUncompressed(bytes, 0, point);
  return bytes;
}

/** Hash of the powers of tau = alpha = beta = 1, from which every ceremony of this size starts. */
function firstChallenge(curve: Curve, size: number): Uint8Array {
  const one1 = uncompressed(curve, curve.G1.toAffine(curve.G1.g));
  const one2 = uncompressed(curve, curve.G2.toAffine(curve.G2.g));
  const n = 2 ** size;
  const repeat = (bytes: Uint8Array, count: number): Uint8Array => Buffer.alloc(bytes.length * count, bytes);
  return blake2b(blake2b(), repeat(one1, 2 * n - 1), repeat(one2, n), repeat(one1, 2 * n), one2);
}

/**
 * snarkjs' dump of a BLAKE2b-512 state that has taken in the challenge and not yet compressed: 128 bytes of block, eight
 * state words as (low, high), bytes compressed, bytes in the block (RFC 7693, section 3).
 */
function hashState(challenge: Uint8Array): Uint8Array {
  const iv = [
    0x6a09e667f3bcc908n,
    0xbb67ae8584caa73bn,
    0x3c6ef372fe94f82bn,
    0xa54ff53a5f1d36f1n,
    0x510e527fade682d1n,
    0x9b05688c2b3e6c1fn,
    0x1f83d9abfb41bd6bn,
    0x5be0cd19137e2179n,
  ];
  const bytes = new Uint8Array(216);
  bytes.set(challenge);
  const view = new DataView(bytes.buffer, 128);
  iv.forEach((word, i) => view.setBigUint64(8 * i, i === 0 ? word ^ 0x01010040n : word, true));
  view.setUint32(72, challenge.length, true);
  return bytes;
}
