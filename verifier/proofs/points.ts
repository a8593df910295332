// SPDX-License-Identifier: GPL-3.0-or-later
// Points of BN254 in the encodings of docs/spec/formats.md, section 5: canonical bytes <-> coordinates, with every
// check that the chain's precompiles make (coordinates below q, on the curve, in the subgroup).
import { checkerCurve } from "./curve.ts";

/** Order of BN254's base field, q. */
export const BASE_FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
/** Order of its groups and scalar field, r. */
export { SCALAR_FIELD } from "../tensor/packing.ts";

export interface G1Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** An element c0 + c1 u of F_q[u] / (u^2 + 1). */
export interface Fq2 {
  readonly c0: bigint;
  readonly c1: bigint;
}

export interface G2Point {
  readonly x: Fq2;
  readonly y: Fq2;
}

export const G1_GENERATOR: G1Point = { x: 1n, y: 2n };
export const G1_BYTES = 64;
export const G2_BYTES = 128;

/** Why bytes are no point; null: they are one. Infinity is the all-zero encoding. */
export type PointFault = "coordinate" | "curve" | "subgroup" | "infinity";

const q = BASE_FIELD;
const mod = (v: bigint): bigint => ((v % q) + q) % q;

/** b' of the twist y^2 = x^3 + 3 / (9 + u). */
const TWIST_B: Fq2 = {
  c0: 19485874751759354771024239261021720505790618469301721065564631296452457478373n,
  c1: 266929791119991161246907387137283842545076965332900288569378510910307636690n,
};

const mul = (a: Fq2, b: Fq2): Fq2 => ({ c0: mod(a.c0 * b.c0 - a.c1 * b.c1), c1: mod(a.c0 * b.c1 + a.c1 * b.c0) });

/** Big-endian unsigned integer. */
export function readUint(bytes: Uint8Array, offset = 0, length = 32): bigint {
  let value = 0n;
  for (let i = offset; i < offset + length; i++) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}

/** 32 big-endian bytes. */
export function uint256Bytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 31; i >= 0; i--) {
    bytes[i] = Number(value & 0xffn);
    value >>= 8n;
  }
  return bytes;
}

/** Reads x ‖ y without any check. */
export function readG1(bytes: Uint8Array, offset = 0): G1Point {
  return { x: readUint(bytes, offset), y: readUint(bytes, offset + 32) };
}

/** Reads x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0 without any check. */
export function readG2(bytes: Uint8Array, offset = 0): G2Point {
  const word = (i: number): bigint => readUint(bytes, offset + 32 * i);
  return { x: { c1: word(0), c0: word(1) }, y: { c1: word(2), c0: word(3) } };
}

export function g1Bytes({ x, y }: G1Point): Uint8Array {
  return concat([uint256Bytes(x), uint256Bytes(y)]);
}

export function g2Bytes({ x, y }: G2Point): Uint8Array {
  return concat([x.c1, x.c0, y.c1, y.c0].map(uint256Bytes));
}

/** Concatenation of byte strings. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** y^2 = x^3 + 3, coordinates below q. The whole curve is the group: there is no subgroup to check. */
export function g1Fault({ x, y }: G1Point): PointFault | null {
  if (x >= q || y >= q) return "coordinate";
  if (x === 0n && y === 0n) return "infinity";
  return mod(y * y - x * x * x - 3n) === 0n ? null : "curve";
}

/** On the twist, and r times the point is infinity: the twist has points of other orders. */
export async function g2Fault(point: G2Point): Promise<PointFault | null> {
  const { x, y } = point;
  if ([x.c0, x.c1, y.c0, y.c1].some((v) => v >= q)) return "coordinate";
  if ([x.c0, x.c1, y.c0, y.c1].every((v) => v === 0n)) return "infinity";
  const left = mul(y, y);
  const right = mul(mul(x, x), x);
  if (left.c0 !== mod(right.c0 + TWIST_B.c0) || left.c1 !== mod(right.c1 + TWIST_B.c1)) return "curve";
  const { G2, r } = await checkerCurve();
  return G2.isZero(G2.timesScalar(toG2(G2, point), r)) ? null : "subgroup";
}

interface Group<C> {
  fromObject(point: readonly [C, C, C]): Uint8Array;
}

/** ffjavascript's form of a point that has been checked. */
export const toG1 = (G1: Group<bigint>, { x, y }: G1Point): Uint8Array =>
  x === 0n && y === 0n ? G1.fromObject([0n, 1n, 0n]) : G1.fromObject([x, y, 1n]);

/** ffjavascript's form of a point that has been checked. */
export const toG2 = (G2: Group<[bigint, bigint]>, { x, y }: G2Point): Uint8Array =>
  x.c0 === 0n && x.c1 === 0n && y.c0 === 0n && y.c1 === 0n
    ? G2.fromObject([
        [0n, 0n],
        [1n, 0n],
        [0n, 0n],
      ])
    : G2.fromObject([
        [x.c0, x.c1],
        [y.c0, y.c1],
        [1n, 0n],
      ]);
