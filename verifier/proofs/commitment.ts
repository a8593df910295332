// SPDX-License-Identifier: GPL-3.0-or-later
// Committed inputs (docs/spec/commitment.md): what stands on chain in place of the input, and the opening that only
// those hold who may see it. circuits/lib/commitment.circom computes the same; test/vectors/commitment.json has answers.
import { randomBytes } from "node:crypto";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Poseidon } from "circomlibjs";
import { z } from "zod";
import { VerigradError } from "../errors.ts";
import { sameBytes } from "../graph/canonical-json.ts";
import { decodeTensors, type TensorValues } from "../tensor/codec.ts";
import { packTensors } from "../tensor/packing.ts";
import { specListHash, type TensorSpec } from "../tensor/spec.ts";
import type { Hex } from "./types.ts";

/** Field elements that one permutation absorbs; the permutation's width is one more. */
export const SPONGE_RATE = 4;
export const SALT_BITS = 128;
export const OPENING_FORMAT = "verigrad.opening.v1";

const DOMAIN_COMMITMENT = keccak_256(utf8ToBytes("verigrad.commitment.v1"));

/** 128 random bits. One for each commitment: a salt used twice shows whether two inputs are equal. */
export function newSalt(): bigint {
  return BigInt(`0x${bytesToHex(randomBytes(SALT_BITS / 8))}`);
}

/** The sponge's initial capacity: keccak(DOMAIN_COMMITMENT ‖ inputSpecHash) >> 8. Errors: TENSOR_SPEC_INVALID. */
export function commitmentTag(specs: readonly TensorSpec[]): bigint {
  const digest = keccak_256(Uint8Array.of(...DOMAIN_COMMITMENT, ...specListHash(specs)));
  return BigInt(`0x${bytesToHex(digest)}`) >> 8n;
}

let permutation: Promise<Poseidon> | undefined;

/** circomlibjs' Poseidon, loaded when it is first needed: it brings a curve and a second ethers along. */
const poseidon = (): Promise<Poseidon> =>
  (permutation ??= import("circomlibjs").then((circomlibjs) => circomlibjs.buildPoseidonOpt()));

/**
 * The commitment to an input under a salt: a scalar below r, the one public signal that stands for all input words.
 * Errors: SALT_INVALID unless 0 <= salt < 2^128; TENSOR_SHAPE, TENSOR_RANGE, TENSOR_SPEC_INVALID.
 */
export async function commitInputs(
  specs: readonly TensorSpec[],
  values: readonly TensorValues[],
  salt: bigint,
): Promise<bigint> {
  if (salt < 0n || salt >> BigInt(SALT_BITS) !== 0n) {
    throw new VerigradError("SALT_INVALID", `a salt has ${SALT_BITS} bits`);
  }
  const message = [salt, ...packTensors(specs, values)];
  let capacity: bigint | Uint8Array = commitmentTag(specs);
  const hash = await poseidon();
  for (let at = 0; ; at += SPONGE_RATE) {
    const block = Array.from({ length: SPONGE_RATE }, (_, i) => message[at + i] ?? 0n);
    const [next, squeezed] = hash(block, capacity, 2) as [Uint8Array, Uint8Array];
    if (at + SPONGE_RATE >= message.length) return hash.F.toObject(squeezed);
    capacity = next;
  }
}

/** What goes on chain as the input of a COMMITTED request: 32 bytes, big-endian. */
export function commitmentBytes(commitment: bigint): Uint8Array {
  return hexToBytes(commitment.toString(16).padStart(64, "0"));
}

/** Everything that proves what a commitment commits to. Whoever has it knows the input. */
export interface Opening {
  readonly inputSpecHash: Hex;
  readonly commitment: Hex;
  readonly salt: bigint;
  /** canonical bytes */
  readonly input: Uint8Array;
}

const hexOf = (bytes: Uint8Array): Hex => `0x${bytesToHex(bytes)}`;
const zHex = (pattern: RegExp) =>
  z
    .string()
    .regex(pattern)
    .transform((text) => text as Hex);

// Patterns capture nothing that repeats: each repetition of a group takes stack, and files may be long.
const zOpening = z.strictObject({
  format: z.literal(OPENING_FORMAT),
  inputSpecHash: zHex(/^0x[0-9a-f]{64}$/),
  commitment: zHex(/^0x[0-9a-f]{64}$/),
  salt: zHex(/^0x[0-9a-f]{32}$/).transform(BigInt),
  input: zHex(/^0x(?:[0-9a-f]{2})+$/).transform((text) => hexToBytes(text.slice(2))),
});

/** Commits to canonical input bytes. Errors: as commitInputs; TENSOR_LENGTH. */
export async function makeOpening(
  specs: readonly TensorSpec[],
  input: Uint8Array,
  salt: bigint = newSalt(),
): Promise<Opening> {
  const commitment = await commitInputs(specs, decodeTensors(specs, input), salt);
  return {
    inputSpecHash: hexOf(specListHash(specs)),
    commitment: hexOf(commitmentBytes(commitment)),
    salt,
    input,
  };
}

/** Text of an opening file. */
export function serializeOpening({ inputSpecHash, commitment, salt, input }: Opening): string {
  const file = {
    format: OPENING_FORMAT,
    inputSpecHash,
    commitment,
    salt: `0x${salt.toString(16).padStart(SALT_BITS / 4, "0")}`,
    input: hexOf(input),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * Reads an opening file and checks that it opens its own commitment. Errors: OPENING_INVALID where it is malformed, for
 * other input specs, or opens another commitment. No message tells what the input is.
 */
export async function parseOpening(specs: readonly TensorSpec[], text: string): Promise<Opening> {
  const { inputSpecHash, commitment, salt, input } = readOpening(text);
  if (inputSpecHash !== hexOf(specListHash(specs))) return fail("it is for a model with other inputs");
  const made = await makeOpening(specs, input, salt).catch(() => fail("its input does not fit the model's specs"));
  if (made.commitment !== commitment) return fail("salt and input give another commitment");
  return made;
}

/** The hash of the input specs that an opening file says it is for; nothing else is checked. Errors: OPENING_INVALID. */
export function inputSpecHashOf(text: string): Hex {
  return readOpening(text).inputSpecHash;
}

function readOpening(text: string): z.output<typeof zOpening> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail("not JSON"); // the parser's own message would quote the file
  }
  const parsed = zOpening.safeParse(value);
  return parsed.success ? parsed.data : fail(`field ${parsed.error.issues[0]?.path.join(".") ?? ""} is malformed`);
}

function fail(why: string): never {
  throw new VerigradError("OPENING_INVALID", `opening: ${why}`);
}

/** Errors: OPENING_INVALID unless the opening is for these 32 bytes. */
export function assertOpens(opening: Opening, commitment: Uint8Array): void {
  if (!sameBytes(hexToBytes(opening.commitment.slice(2)), commitment)) {
    throw new VerigradError("OPENING_INVALID", "the opening opens another commitment");
  }
}
