// SPDX-License-Identifier: GPL-3.0-or-later
// The key blob of docs/spec/formats.md, section 5: what the chain stores and the verifier reads.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { VerigradError } from "../../errors.ts";
import type { GraphPort, IntegerGraph } from "../../graph/types.ts";
import { packedLength } from "../../tensor/packing.ts";
import { decodeSpecList, encodeSpecList, type TensorSpec } from "../../tensor/spec.ts";
import { INPUT_MODES, type Hex, type InputMode } from "../types.ts";
import { checkerCurve } from "../curve.ts";
import {
  concat,
  G1_BYTES,
  g1Bytes,
  g1Fault,
  G2_BYTES,
  g2Bytes,
  g2Fault,
  readG1,
  readG2,
  type G1Point,
  type G2Point,
} from "../points.ts";
import { readR1csHeader } from "./r1cs.ts";
import { readSections, section } from "./sections.ts";

/** First four bytes of keccak("verigrad.groth16.v1"). */
export const SELECTOR: Hex = `0x${bytesToHex(keccak_256(utf8ToBytes("verigrad.groth16.v1")).subarray(0, 4))}`;

/** What a key takes and gives: it determines the public signals. */
export interface KeyInterface {
  readonly inputMode: InputMode;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** Everything that verification depends on. */
export interface Groth16Key extends KeyInterface {
  readonly alpha1: G1Point;
  readonly beta2: G2Point;
  readonly gamma2: G2Point;
  readonly delta2: G2Point;
  /** ic[0], and one point a public signal */
  readonly ic: readonly G1Point[];
}

/** Number of public signals: context, input words or one commitment, output words. */
export function publicSignalCount(key: KeyInterface): number {
  return 1 + (key.inputMode === "PUBLIC" ? packedLength(key.inputs) : 1) + packedLength(key.outputs);
}

const uint16Bytes = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff);

/** Canonical bytes of a key. Checks nothing but specs: parseKey does. Errors: TENSOR_SPEC_INVALID. */
export function encodeKey(key: Groth16Key): Uint8Array {
  const inputs = encodeSpecList(key.inputs);
  const outputs = encodeSpecList(key.outputs);
  return concat([
    hexBytes(SELECTOR),
    Uint8Array.of(INPUT_MODES.indexOf(key.inputMode)),
    uint16Bytes(inputs.length),
    inputs,
    uint16Bytes(outputs.length),
    outputs,
    uint16Bytes(key.ic.length - 1),
    g1Bytes(key.alpha1),
    ...[key.beta2, key.gamma2, key.delta2].map(g2Bytes),
    ...key.ic.map(g1Bytes),
  ]);
}

const hexBytes = (hex: Hex): Uint8Array =>
  Uint8Array.from(hex.slice(2).match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** What parseKey refuses, by the name of the chain's error. */
export type KeyFault = "MalformedKey" | "ForgeableKey";

/**
 * Reads a key and makes every check of `registerKey`: canonical bytes and specs, points on their curve, in their group,
 * not at infinity, and a delta that some contribution has moved. Errors: GROTH16_KEY_INVALID with data.fault a KeyFault.
 */
export async function parseKey(blob: Uint8Array): Promise<Groth16Key> {
  const fail = (fault: KeyFault, why: string, cause?: unknown): never => {
    throw new VerigradError("GROTH16_KEY_INVALID", `key: ${why}`, { data: { fault }, cause });
  };
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (at + length > blob.length) fail("MalformedKey", "cut short");
    at += length;
    return blob.subarray(at - length, at);
  };
  const uint16 = (): number => take(2).reduce((value, byte) => value * 256 + byte, 0);
  const specs = (): TensorSpec[] => {
    try {
      return decodeSpecList(take(uint16()));
    } catch (cause) {
      return fail("MalformedKey", "spec list is not canonical", cause);
    }
  };

  if (`0x${bytesToHex(take(4))}` !== SELECTOR) fail("MalformedKey", "another proof system's selector");
  const inputMode = INPUT_MODES[take(1)[0] as number] ?? fail("MalformedKey", "unknown input mode");
  const inputs = specs();
  const outputs = specs();
  const count = uint16();
  if (count !== publicSignalCount({ inputMode, inputs, outputs })) {
    fail("MalformedKey", `${count} public signals do not fit the specs`);
  }
  const g1 = (): G1Point => {
    const point = readG1(take(G1_BYTES));
    const fault = g1Fault(point);
    return fault === null ? point : fail("MalformedKey", `G1 point: ${fault}`);
  };
  const g2 = async (): Promise<G2Point> => {
    const point = readG2(take(G2_BYTES));
    const fault = await g2Fault(point);
    return fault === null ? point : fail("MalformedKey", `G2 point: ${fault}`);
  };
  const alpha1 = g1();
  const [beta2, gamma2, delta2] = [await g2(), await g2(), await g2()];
  const ic = Array.from({ length: count + 1 }, g1);
  if (at !== blob.length) fail("MalformedKey", "trailing bytes");
  // SAFETY: anybody can forge with such a key (T7). With delta = s gamma, s = 1 or -1: A = alpha, B = beta, C = -s vk_x;
  // beta equal to gamma or delta up to sign allows as much. All are the generator until somebody contributes.
  const equalUpToSign: readonly (readonly [string, G2Point, G2Point])[] = [
    ["delta is the generator", delta2, await generatorG2()],
    ["delta is gamma", delta2, gamma2],
    ["beta is gamma", beta2, gamma2],
    ["beta is delta", beta2, delta2],
  ];
  // Points of the curve with the same x are equal up to sign.
  const forgeable = equalUpToSign.find(([, { x: a }, { x: b }]) => a.c0 === b.c0 && a.c1 === b.c1);
  if (forgeable !== undefined) fail("ForgeableKey", `${forgeable[0]} or its negation: nobody has contributed`);
  return { inputMode, inputs, outputs, alpha1, beta2, gamma2, delta2, ic };
}

async function generatorG2(): Promise<G2Point> {
  const { G2 } = await checkerCurve();
  const [x, y] = G2.toObject(G2.g);
  return { x: { c0: x[0], c1: x[1] }, y: { c0: y[0], c1: y[1] } };
}

/** Byte lengths in a .zkey: points stand in little-endian Montgomery form. */
const ZKEY_POINTS = 4 + 32 + 4 + 32 + 12;

/** The input mode of a key blob; parseKey checks the rest. Errors: GROTH16_KEY_INVALID. */
export function inputModeOfKey(blob: Uint8Array): InputMode {
  const mode = INPUT_MODES[blob[4] ?? INPUT_MODES.length];
  if (mode === undefined) throw new VerigradError("GROTH16_KEY_INVALID", "key: unknown input mode");
  return mode;
}

/** The input mode of a circuit: only one that opens a commitment has private inputs. Errors: PACKAGE_MALFORMED. */
export function inputModeOfCircuit(r1cs: Uint8Array): InputMode {
  return readR1csHeader(r1cs).privateInputs === 0 ? "PUBLIC" : "COMMITTED";
}

/** What a key says of a graph and its circuit. Errors: PACKAGE_MALFORMED. */
export function interfaceOf({ inputs, outputs }: IntegerGraph, r1cs: Uint8Array): KeyInterface {
  const specs = (ports: readonly GraphPort[]): TensorSpec[] => ports.map((port) => port.spec);
  return { inputMode: inputModeOfCircuit(r1cs), inputs: specs(inputs), outputs: specs(outputs) };
}

/**
 * The key that a .zkey proves for. Errors: PACKAGE_MALFORMED; GROTH16_KEY_MISMATCH if the .zkey has another number of
 * public signals than specs and input mode ask for.
 */
export async function keyFromZkey(zkey: Uint8Array, { inputMode, inputs, outputs }: KeyInterface): Promise<Groth16Key> {
  const { G1, G2 } = await checkerCurve();
  const sections = readSections(zkey, "zkey");
  const header = section(sections, 2, ZKEY_POINTS + 3 * 64 + 3 * 128);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const publicSignals = view.getUint32(76, true);
  const expected = publicSignalCount({ inputMode, inputs, outputs });
  if (publicSignals !== expected) {
    throw new VerigradError(
      "GROTH16_KEY_MISMATCH",
      `proving key has ${publicSignals} public signals, the specs ask for ${expected}`,
    );
  }
  const g1 = (bytes: Uint8Array, offset: number): G1Point => {
    const [x, y] = G1.toObject(G1.fromRprLEM(bytes, offset));
    return { x, y };
  };
  const g2 = (offset: number): G2Point => {
    const [x, y] = G2.toObject(G2.fromRprLEM(header, offset));
    return { x: { c0: x[0], c1: x[1] }, y: { c0: y[0], c1: y[1] } };
  };
  const points = section(sections, 3, 64 * (publicSignals + 1));
  // alpha1, beta1, beta2, gamma2, delta1, delta2
  return {
    inputMode,
    inputs,
    outputs,
    alpha1: g1(header, ZKEY_POINTS),
    beta2: g2(ZKEY_POINTS + 128),
    gamma2: g2(ZKEY_POINTS + 256),
    delta2: g2(ZKEY_POINTS + 448),
    ic: Array.from({ length: publicSignals + 1 }, (_, i) => g1(points, 64 * i)),
  };
}
