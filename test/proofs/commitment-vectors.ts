// SPDX-License-Identifier: GPL-3.0-or-later
// Known answers for committed inputs (docs/spec/commitment.md), computed by circomlibjs' reference Poseidon: one round
// after the other, with the constants of the paper's script. test/vectors/commitment.json keeps them for TypeScript and
// circuit. `node test/proofs/commitment-vectors.ts` writes the file anew.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { buildPoseidonReference } from "circomlibjs";
import { packTensors } from "../../verifier/tensor/packing.ts";
import { encodeSpecList, type TensorSpec } from "../../verifier/tensor/spec.ts";

export interface CommitmentVector {
  readonly name: string;
  readonly specs: readonly TensorSpec[];
  readonly values: readonly (readonly number[])[];
  /** decimal, as the other scalars */
  readonly salt: string;
  readonly tag: string;
  readonly words: readonly string[];
  readonly commitment: string;
}

const pixels: TensorSpec = { shape: [1, 64], type: "u8", exponent: 0, lo: 0, hi: 16 };
const wide: TensorSpec = { shape: [22], type: "i32", exponent: 8, lo: -(2 ** 31), hi: 2 ** 31 - 1 };
const flags: TensorSpec = { shape: [3], type: "i8", exponent: 0, lo: -1, hi: 0 };
const fill = ({ shape }: TensorSpec, value: (i: number) => number): number[] =>
  Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => value(i));
const SALT = 0x0123456789abcdef_fedcba9876543210n;

const CASES: readonly [string, readonly TensorSpec[], readonly (readonly number[])[], bigint][] = [
  ["two words", [pixels], [fill(pixels, (i) => (i * 7) % 17)], SALT],
  ["salt 0, all values least", [pixels], [fill(pixels, () => 0)], 0n],
  ["salt 2^128 - 1, all values greatest", [pixels], [fill(pixels, () => 16)], 2n ** 128n - 1n],
  ["another shape, the same words", [{ ...pixels, shape: [64] }], [fill(pixels, (i) => (i * 7) % 17)], SALT],
  ["another exponent, the same words", [{ ...pixels, exponent: 4 }], [fill(pixels, (i) => (i * 7) % 17)], SALT],
  ["one word", [flags], [[-1, 0, -1]], 5n],
  [
    "a full block of three words",
    [flags, flags, flags],
    [
      [0, 0, -1],
      [0, -1, 0],
      [-1, 0, 0],
    ],
    5n,
  ],
  ["four words, two blocks", [wide], [fill(wide, (i) => (i % 2 === 0 ? -(2 ** 31) : 2 ** 31 - 1 - i))], SALT],
  ["two tensors", [pixels, wide], [fill(pixels, (i) => i % 17), fill(wide, (i) => 0 - i)], SALT],
];

const keccak = (bytes: Uint8Array): Buffer => Buffer.from(keccak_256(bytes));

/** The sponge of docs/spec/commitment.md, section 3, over any message. */
export async function sponge(tag: bigint, message: readonly bigint[]): Promise<bigint> {
  const poseidon = await buildPoseidonReference();
  let state = [tag, 0n, 0n, 0n, 0n];
  for (let at = 0; at < message.length; at += 4) {
    const block = [0, 1, 2, 3].map((i) => message[at + i] ?? 0n);
    state = poseidon(block, state[0] as bigint, 5).map((element) => poseidon.F.toObject(element));
  }
  return state[1] as bigint;
}

export async function makeVectors(): Promise<{ spec: string; commitments: CommitmentVector[] }> {
  const commitments: CommitmentVector[] = [];
  for (const [name, specs, values, salt] of CASES) {
    const domain = keccak(Buffer.from("verigrad.commitment.v1"));
    const tag = BigInt(`0x${keccak(Buffer.concat([domain, keccak(encodeSpecList(specs))])).toString("hex")}`) >> 8n;
    const words = packTensors(specs, values);
    commitments.push({
      name,
      specs,
      values,
      salt: salt.toString(),
      tag: tag.toString(),
      words: words.map(String),
      commitment: (await sponge(tag, [salt, ...words])).toString(),
    });
  }
  return { spec: "docs/spec/commitment.md", commitments };
}

export const VECTORS_FILE = new URL("../vectors/commitment.json", import.meta.url);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(VECTORS_FILE, `${JSON.stringify(await makeVectors(), null, 2)}\n`);
}
