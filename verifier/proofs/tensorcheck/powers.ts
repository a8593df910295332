// SPDX-License-Identifier: GPL-3.0-or-later
// Universal powers of tau: all that a set-up of tensorcheck consists of (docs/spec/tensorcheck.md, section 8).
import { randomBytes } from "node:crypto";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { VerigradError } from "../../errors.ts";
import { sameBytes } from "../../graph/canonical-json.ts";
import { checkerCurve } from "../curve.ts";
import { randomScalar } from "../fixed-base.ts";
import {
  BASE_FIELD as q,
  concat,
  G1_BYTES,
  G2_BYTES,
  g1Bytes,
  G1_GENERATOR,
  g2Bytes,
  g2Fault,
  readG2,
  SCALAR_FIELD as r,
  toG1,
  toG2,
} from "../points.ts";
import type { Hex } from "../types.ts";
import { Engine } from "./engine/index.ts";
import { MAX_CHUNK_BITS } from "./place.ts";

export interface Powers {
  /** 2^power points */
  readonly power: number;
  /** [τ^i]_1, i < 2^power: x ‖ y, 32 big-endian bytes each */
  readonly g1: Uint8Array;
  /** [τ]_2 as the pairing precompile reads it, 128 bytes */
  readonly tau2: Uint8Array;
  /** blake2b-512 of the ceremony's .ptau file; null for an INSECURE development set-up */
  readonly ptau: Hex | null;
}

const MAGIC = keccak_256(utf8ToBytes("verigrad.tensorcheck.powers.v1")).subarray(0, 4);
const HASH_BYTES = 64;
const HEAD_BYTES = MAGIC.length + 1 + HASH_BYTES + G2_BYTES;

const invalid = (why: string): VerigradError => new VerigradError("POWERS_INVALID", `powers of tau: ${why}`);

/** Bytes of setup/powers.bin (docs/spec/tensorcheck.md, section 8). */
export function encodePowers({ power, g1, tau2, ptau }: Powers): Uint8Array {
  const hash = ptau === null ? new Uint8Array(HASH_BYTES) : hexToBytes(ptau.slice(2));
  return concat([MAGIC, Uint8Array.of(power), hash, tau2, g1]);
}

/** Reads setup/powers.bin; checkPowers says whether its points are what they should be. Errors: POWERS_INVALID. */
export function decodePowers(bytes: Uint8Array): Powers {
  const power = bytes[MAGIC.length] ?? 0;
  if (bytes.length < HEAD_BYTES || !MAGIC.every((byte, i) => bytes[i] === byte)) throw invalid("not such a file");
  if (power < 1 || power > MAX_CHUNK_BITS) throw invalid(`2^${power} points`);
  if (bytes.length !== HEAD_BYTES + G1_BYTES * 2 ** power) throw invalid(`not the length of 2^${power} points`);
  const at = MAGIC.length + 1;
  const hash = bytes.subarray(at, at + HASH_BYTES);
  return {
    power,
    g1: bytes.subarray(HEAD_BYTES),
    tau2: bytes.subarray(at + HASH_BYTES, HEAD_BYTES),
    ptau: hash.every((byte) => byte === 0) ? null : `0x${bytesToHex(hash)}`,
  };
}

/** The first 2^power points. Errors: POWERS_TOO_FEW. */
export function firstPowers(powers: Powers, power: number): Powers {
  if (powers.power < power) {
    throw new VerigradError(
      "POWERS_TOO_FEW",
      `this model needs 2^${power} powers of tau, there are 2^${powers.power}`,
      {
        data: { needed: power, available: powers.power },
      },
    );
  }
  return { ...powers, power, g1: powers.g1.subarray(0, G1_BYTES * 2 ** power) };
}

/** INSECURE: powers of a tau that this process draws and drops. Errors: ENGINE_*. */
export const developmentPowers = (power: number): Promise<Powers> => powersOf(randomScalar(), power);

/** INSECURE: powers of a tau that somebody knows, 0 < tau < r. Errors: ENGINE_*. */
export async function powersOf(tau: bigint, power: number): Promise<Powers> {
  const { G2 } = await checkerCurve();
  const [x, y] = G2.toObject(G2.toAffine(G2.timesScalar(G2.g, tau)));
  const tau2 = g2Bytes({ x: { c0: x[0], c1: x[1] }, y: { c0: y[0], c1: y[1] } });
  const engine = await Engine.create();
  try {
    const scalars = engine.vector(2 ** power);
    engine.set(scalars, 0, 1n);
    // The upper half of the first 2^(k + 1) powers is τ^(2^k) times the lower one.
    for (let k = 0, ratio = tau; k < power; k++, ratio = (ratio * ratio) % r)
      await engine.scale(engine.slice(scalars, 2 ** k, 2 ** (k + 1)), engine.slice(scalars, 0, 2 ** k), ratio);
    return { power, g1: engine.pointsToBytes(await engine.multiples(scalars)), tau2, ptau: null };
  } finally {
    await engine.close();
  }
}

/**
 * Whether the points are 1, τ, τ², … times the generator, for the τ of tau2; null if so, else why not. With random ρ_i:
 * e(Σ ρ_i P_{i+1}, [1]_2) = e(Σ ρ_i P_i, [τ]_2), P_0 the generator, every P_i on the curve, [τ]_2 of order r and τ not ±1.
 * What does not hold passes with probability 2^-253. Errors: ENGINE_*.
 */
export async function checkPowers({ power, g1, tau2 }: Powers): Promise<string | null> {
  const curve = await checkerCurve();
  const { G1, G2 } = curve;
  const secret = readG2(tau2);
  const fault = await g2Fault(secret);
  if (fault !== null) return `[tau]_2: ${fault}`;
  const tau = toG2(G2, secret);
  if (G2.eq(tau, G2.g) || G2.eq(tau, G2.neg(G2.g))) return "tau is 1 or -1";
  const count = 2 ** power;
  if (g1.length !== G1_BYTES * count) return `there are not 2^${power} points`;
  const off = offCurve(g1);
  if (off !== null) return `point ${off} is not on the curve`;
  if (!sameBytes(g1.subarray(0, G1_BYTES), g1Bytes(G1_GENERATOR))) return "the first point is not the generator";
  const engine = await Engine.create();
  try {
    const points = engine.points(g1);
    const weights = engine.fromBytes(randomWeights(count - 1));
    const low = await engine.msm(points, weights);
    const high = await engine.msm(points, weights, 1);
    const holds = await curve.pairingEq(toG1(G1, high), G2.g, G1.neg(toG1(G1, low)), tau);
    return holds ? null : "the points are not powers of tau";
  } finally {
    await engine.close();
  }
}

/** Random scalars below 2^253, 32 little-endian bytes each. */
function randomWeights(count: number): Uint8Array {
  const bytes = randomBytes(32 * count);
  for (let at = 31; at < bytes.length; at += 32) bytes[at] = (bytes[at] as number) & 31;
  return bytes;
}

/** Index of a point that is infinity, has a coordinate >= q or is off the curve; null if there is none. */
function offCurve(g1: Uint8Array): number | null {
  const view = new DataView(g1.buffer, g1.byteOffset, g1.byteLength);
  const word = (at: number): bigint =>
    (view.getBigUint64(at) << 192n) |
    (view.getBigUint64(at + 8) << 128n) |
    (view.getBigUint64(at + 16) << 64n) |
    view.getBigUint64(at + 24);
  for (let at = 0; at < g1.length; at += G1_BYTES) {
    const [x, y] = [word(at), word(at + 32)];
    if (x >= q || y >= q || (y * y - x * x * x - 3n) % q !== 0n) return at / G1_BYTES;
  }
  return null;
}
