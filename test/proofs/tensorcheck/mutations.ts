// SPDX-License-Identifier: GPL-3.0-or-later
// Seals that differ from an honest one in one word, and the verdict on each: for the verifiers off chain and on chain.
import type { NumberedProgram } from "../../../verifier/proofs/tensorcheck/numbered.ts";
import { BASE_FIELD, readUint, SCALAR_FIELD, uint256Bytes } from "../../../verifier/proofs/points.ts";
import type { VerdictCode } from "../../../verifier/proofs/types.ts";

export interface Mutation {
  readonly name: string;
  readonly seal: Uint8Array;
  readonly code: VerdictCode;
}

/** A message's name and what it is made of, in the order of docs/spec/tensorcheck.md, section 3. */
function messages({ placement, K, D, claims, entities }: NumberedProgram): [string, "point" | "scalar", number][] {
  const { n, chunks } = placement;
  return [
    ["wit", "point", chunks.wit],
    ["help", "point", chunks.help],
    ["round of A", "scalar", K * D],
    ["claim", "scalar", claims.length],
    ["round of C", "scalar", 2 * n],
    ["evaluation", "scalar", entities.length],
    ["C", "point", n - 1],
    ["e", "scalar", n],
    ["Q", "point", 1],
    ["W", "point", 1],
  ];
}

/** `seal` with 32 bytes from `at` on replaced. */
function withWord(seal: Uint8Array, at: number, word: bigint): Uint8Array {
  const other = Uint8Array.from(seal);
  other.set(uint256Bytes(word), at);
  return other;
}

/** Every word of a seal changed in every way that its kind allows, and every wrong length. */
export function sealMutations(numbered: NumberedProgram, seal: Uint8Array): Mutation[] {
  const list: Mutation[] = [];
  let at = 0;
  for (const [message, kind, count] of messages(numbered)) {
    for (let i = 0; i < count; i++) {
      const name = `${message} ${i}`;
      if (kind === "scalar") list.push(...scalarMutations(name, seal, at));
      else list.push(...pointMutations(name, seal, at));
      at += kind === "scalar" ? 32 : 64;
    }
  }
  if (at !== seal.length) throw new Error(`messages of ${at} bytes, a seal of ${seal.length}`);
  const lengths = [0, seal.length - 64, seal.length - 32, seal.length - 1, seal.length + 1, seal.length + 32];
  return [
    ...list,
    ...lengths.map((length): Mutation => {
      const other = new Uint8Array(length);
      other.set(seal.subarray(0, length));
      return { name: `${length} bytes`, seal: other, code: "MalformedSeal" };
    }),
  ];
}

function scalarMutations(name: string, seal: Uint8Array, at: number): Mutation[] {
  const value = readUint(seal, at);
  return [
    { name: `${name} + r`, seal: withWord(seal, at, value + SCALAR_FIELD), code: "MalformedSeal" },
    { name: `${name} = 2^256 - 1`, seal: withWord(seal, at, 2n ** 256n - 1n), code: "MalformedSeal" },
    { name: `${name} + 1`, seal: withWord(seal, at, (value + 1n) % SCALAR_FIELD), code: "InvalidProof" },
    { name: `-${name}`, seal: withWord(seal, at, (SCALAR_FIELD - value) % SCALAR_FIELD), code: "InvalidProof" },
  ].filter((mutation): mutation is Mutation => value !== 0n || !mutation.name.startsWith("-"));
}

function pointMutations(name: string, seal: Uint8Array, at: number): Mutation[] {
  const [x, y] = [readUint(seal, at), readUint(seal, at + 32)];
  const withPoint = (px: bigint, py: bigint): Uint8Array => withWord(withWord(seal, at, px), at + 32, py);
  const off: Mutation[] = [
    { name: `${name}, x + q`, seal: withPoint(x + BASE_FIELD, y), code: "MalformedSeal" },
    { name: `${name}, y + q`, seal: withPoint(x, y + BASE_FIELD), code: "MalformedSeal" },
    { name: `${name} off the curve`, seal: withPoint(x, (y + 1n) % BASE_FIELD), code: "MalformedSeal" },
    // The generator, unless the point is that: a commitment to 1, 0, 0, … may well be.
    { name: `${name} = ±(1, 2)`, seal: withPoint(1n, x === 1n ? BASE_FIELD - y : 2n), code: "InvalidProof" },
  ];
  if (x === 0n && y === 0n) return off;
  return [
    ...off,
    { name: `-${name}`, seal: withPoint(x, BASE_FIELD - y), code: "InvalidProof" },
    { name: `${name} = infinity`, seal: withPoint(0n, 0n), code: "InvalidProof" },
  ];
}
