// SPDX-License-Identifier: GPL-3.0-or-later
// Groth16 keys whose trapdoor is known, and proofs forged with it, for any public signals and without a circuit: tests
// of verifiers need nothing else. The Solidity twin is test/solidity/proofs/TrapdoorKey.sol.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { encodeSpecList, type TensorSpec } from "../../verifier/tensor/spec.ts";
import { packedLength, SCALAR_FIELD } from "../../verifier/tensor/packing.ts";

/** Order of BN254's base field, q. */
export const BASE_FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

const r = SCALAR_FIELD;
const q = BASE_FIELD;

const mod = (a: bigint, m: bigint): bigint => ((a % m) + m) % m;

/** a^-1 modulo the prime m, by the extended Euclidean algorithm. */
export function inverse(a: bigint, m: bigint): bigint {
  let [high, low, s, t] = [m, mod(a, m), 0n, 1n];
  while (low > 1n) {
    const quotient = high / low;
    [high, low, s, t] = [low, high - quotient * low, t, s - quotient * t];
  }
  return mod(t, m);
}

interface Field<T> {
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  inv(a: T): T;
  equal(a: T, b: T): boolean;
}

/** Affine point; null is infinity. */
export type Point<T> = { readonly x: T; readonly y: T } | null;
/** c0 + c1 u, u^2 = -1 */
export type Fq2 = readonly [c0: bigint, c1: bigint];

const fq: Field<bigint> = {
  add: (a, b) => mod(a + b, q),
  sub: (a, b) => mod(a - b, q),
  mul: (a, b) => mod(a * b, q),
  inv: (a) => inverse(a, q),
  equal: (a, b) => a === b,
};

const fq2: Field<Fq2> = {
  add: (a, b) => [mod(a[0] + b[0], q), mod(a[1] + b[1], q)],
  sub: (a, b) => [mod(a[0] - b[0], q), mod(a[1] - b[1], q)],
  mul: (a, b) => [mod(a[0] * b[0] - a[1] * b[1], q), mod(a[0] * b[1] + a[1] * b[0], q)],
  inv: (a) => {
    const norm = inverse(a[0] * a[0] + a[1] * a[1], q);
    return [mod(a[0] * norm, q), mod(-a[1] * norm, q)];
  },
  equal: (a, b) => a[0] === b[0] && a[1] === b[1],
};

/** Sum of points of y^2 = x^3 + b, by chord and tangent. */
function addPoints<T>(field: Field<T>, a: Point<T>, b: Point<T>): Point<T> {
  if (a === null) return b;
  if (b === null) return a;
  const same = field.equal(a.x, b.x);
  if (same && !field.equal(a.y, b.y)) return null;
  const square = field.mul(a.x, a.x);
  const slope = same
    ? field.mul(field.add(square, field.add(square, square)), field.inv(field.add(a.y, a.y)))
    : field.mul(field.sub(b.y, a.y), field.inv(field.sub(b.x, a.x)));
  const x = field.sub(field.sub(field.mul(slope, slope), a.x), b.x);
  return { x, y: field.sub(field.mul(slope, field.sub(a.x, x)), a.y) };
}

function multiply<T>(field: Field<T>, point: Point<T>, scalar: bigint): Point<T> {
  let result: Point<T> = null;
  for (let rest = mod(scalar, r); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = addPoints(field, result, point);
    point = addPoints(field, point, point);
  }
  return result;
}

/** Multiples of a point by their scalars, each computed once: keys share most of their points. */
function multiplesOf<T>(field: Field<T>, point: Point<T>): (scalar: bigint) => Point<T> {
  const known = new Map<bigint, Point<T>>();
  return (scalar) => {
    const multiple = known.get(scalar) ?? multiply(field, point, scalar);
    known.set(scalar, multiple);
    return multiple;
  };
}

/** scalar * (1, 2) */
export const g1 = multiplesOf(fq, { x: 1n, y: 2n });

const G2_GENERATOR: Point<Fq2> = {
  x: [
    10857046999023057135944570762232829481370756359578518086990519993285655852781n,
    11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  ],
  y: [
    8495653923123431417604973247489272438418190587263600148770280649306958101930n,
    4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  ],
};

/** scalar * EIP-197's generator of G2 */
export const g2 = multiplesOf(fq2, G2_GENERATOR);

/** Big-endian 32-byte words. */
export function words(...values: readonly bigint[]): Uint8Array {
  return Uint8Array.from(Buffer.from(values.map((value) => value.toString(16).padStart(64, "0")).join(""), "hex"));
}

/** x ‖ y; infinity is zeros. */
export const g1Bytes = (point: Point<bigint>): Uint8Array => (point === null ? words(0n, 0n) : words(point.x, point.y));

/** x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0; infinity is zeros. */
export function g2Bytes(point: Point<Fq2>): Uint8Array {
  return point === null ? words(0n, 0n, 0n, 0n) : words(point.x[1], point.x[0], point.y[1], point.y[0]);
}

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** Discrete logarithms of a key's points. */
export interface Trapdoor {
  readonly alpha: bigint;
  readonly beta: bigint;
  readonly gamma: bigint;
  readonly delta: bigint;
  /** of ic[0..n] */
  readonly ic: readonly bigint[];
}

/** keccak(label ‖ index) mod r: reproducible scalars, the same as the Solidity twin's. */
export function scalar(label: string, index = 0): bigint {
  const digest = keccak_256(concat(Buffer.from(label), words(BigInt(index))));
  return BigInt(`0x${Buffer.from(digest).toString("hex")}`) % r;
}

/** A trapdoor for n public signals. */
export function makeTrapdoor(n: number): Trapdoor {
  return {
    alpha: scalar("alpha"),
    beta: scalar("beta"),
    gamma: scalar("gamma"),
    delta: scalar("delta"),
    ic: Array.from({ length: n + 1 }, (_, i) => scalar("ic", i)),
  };
}

export interface KeyShape {
  /** 0 PUBLIC, 1 COMMITTED */
  readonly inputMode: 0 | 1;
  readonly input: readonly TensorSpec[];
  readonly output: readonly TensorSpec[];
}

/** Number of public signals: context, input words or commitment, output words. */
export function signalCount({ inputMode, input, output }: KeyShape): number {
  return 1 + (inputMode === 0 ? packedLength(input) : 1) + packedLength(output);
}

/** The key blob of formats.md, section 5. */
export function keyBlob(shape: KeyShape, trapdoor: Trapdoor): Uint8Array {
  const list = (specs: readonly TensorSpec[]): Uint8Array => {
    const bytes = encodeSpecList(specs);
    return concat(uint16(bytes.length), bytes);
  };
  return concat(
    keccak_256(Buffer.from("verigrad.groth16.v1")).slice(0, 4),
    Uint8Array.of(shape.inputMode),
    list(shape.input),
    list(shape.output),
    uint16(trapdoor.ic.length - 1),
    g1Bytes(g1(trapdoor.alpha)),
    ...[trapdoor.beta, trapdoor.gamma, trapdoor.delta].map((log) => g2Bytes(g2(log))),
    ...trapdoor.ic.map((log) => g1Bytes(g1(log))),
  );
}

/**
 * A valid seal for any signals: A = a G1, B = b G2, and C solves e(-A, B) e(alpha, beta) e(vk_x, gamma) e(C, delta) = 1,
 * that is c = (a b - alpha beta - vk_x gamma) / delta.
 */
export function forgeSeal(trapdoor: Trapdoor, signals: readonly bigint[], a = 3n, b = 5n): Uint8Array {
  const vkX = signals.reduce(
    (sum, signal, j) => sum + signal * (trapdoor.ic[j + 1] as bigint),
    trapdoor.ic[0] as bigint,
  );
  const c = (a * b - trapdoor.alpha * trapdoor.beta - vkX * trapdoor.gamma) * inverse(trapdoor.delta, r);
  return concat(g1Bytes(g1(a)), g2Bytes(g2(b)), g1Bytes(g1(c)));
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
