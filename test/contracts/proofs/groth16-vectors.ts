// SPDX-License-Identifier: GPL-3.0-or-later
// Known answers for groth16 keys and claims, made with a known trapdoor; test/vectors/groth16-key.json keeps them for
// every verifier. `node test/contracts/proofs/groth16-vectors.ts` writes the file anew.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { keccak_256 } from "@noble/hashes/sha3.js";
import type { VerdictCode } from "../../../verifier/proofs/types.ts";
import { encodeTensors } from "../../../verifier/tensor/codec.ts";
import { packTensors, SCALAR_FIELD } from "../../../verifier/tensor/packing.ts";
import type { TensorSpec } from "../../../verifier/tensor/spec.ts";
import {
  BASE_FIELD,
  concat,
  forgeSeal,
  keyBlob,
  makeTrapdoor,
  signalCount,
  words,
  type KeyShape,
  type Trapdoor,
} from "../../helpers/trapdoor.ts";

export interface KeyVector {
  readonly name: string;
  readonly key: string;
  readonly verdict: "ok" | VerdictCode;
}

export interface ClaimVector {
  readonly name: string;
  readonly key: string;
  /** decimal */
  readonly context: string;
  readonly input: string;
  readonly output: string;
  readonly seal: string;
  readonly verdict: "ok" | VerdictCode;
}

export interface Groth16Vectors {
  readonly spec: string;
  readonly keys: readonly KeyVector[];
  readonly claims: readonly ClaimVector[];
}

const INPUT: TensorSpec = { shape: [64], type: "u8", exponent: 0, lo: 0, hi: 16 };
const OUTPUT: TensorSpec = { shape: [10], type: "i16", exponent: 4, lo: -1000, hi: 1000 };

export const publicShape: KeyShape = { inputMode: 0, input: [INPUT], output: [OUTPUT] };
export const committedShape: KeyShape = { ...publicShape, inputMode: 1 };
export const TWIST_STRAY = words(
  0n,
  1n,
  5912654199736721486680175016176231956195085055698687135131307249486702594212n,
  18278151005453108793778860132295291098363647455926340152056652516292830556603n,
);

const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString("hex")}`;

/** `bytes` with `part` put at `offset`. */
export function patched(bytes: Uint8Array, offset: number, part: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(part, offset);
  return copy;
}

const wordAt = (bytes: Uint8Array, offset: number): bigint => BigInt(hex(bytes.subarray(offset, offset + 32)));

/** Adds `amount` to the 32-byte word at `offset`. */
export function plus(bytes: Uint8Array, offset: number, amount: bigint): Uint8Array {
  return patched(bytes, offset, words(wordAt(bytes, offset) + amount));
}

const digest = (key: Uint8Array): string => hex(keccak_256(key));

export function makeVectors(): Groth16Vectors {
  const trapdoor = makeTrapdoor(signalCount(publicShape));
  const key = keyBlob(publicShape, trapdoor);
  const committedTrapdoor = makeTrapdoor(signalCount(committedShape));
  const committedKey = keyBlob(committedShape, committedTrapdoor);
  const head = key.length - 64 * (trapdoor.ic.length + 1) - 3 * 128;
  const negated = (field: keyof Omit<Trapdoor, "ic">): Partial<Trapdoor> => ({ [field]: -trapdoor.gamma });
  const variant = (change: Partial<Trapdoor>): Uint8Array => keyBlob(publicShape, { ...trapdoor, ...change });

  const keys: [string, Uint8Array, KeyVector["verdict"]][] = [
    ["public input", key, "ok"],
    ["committed input", committedKey, "ok"],
    ["empty", new Uint8Array(), "MalformedKey"],
    ["one byte short", key.subarray(0, -1), "MalformedKey"],
    ["one byte long", concat(key, Uint8Array.of(0)), "MalformedKey"],
    ["another selector", patched(key, 0, Uint8Array.of(key[0]! ^ 1)), "MalformedKey"],
    ["input mode 2", patched(key, 4, Uint8Array.of(2)), "MalformedKey"],
    ["one signal too few", keyBlob(publicShape, makeTrapdoor(signalCount(publicShape) - 1)), "MalformedKey"],
    ["one signal too many", keyBlob(publicShape, makeTrapdoor(signalCount(publicShape) + 1)), "MalformedKey"],
    ["alpha at infinity", patched(key, head, new Uint8Array(64)), "MalformedKey"],
    ["alpha.x + q", plus(key, head, BASE_FIELD), "MalformedKey"],
    ["last ic off the curve", plus(key, key.length - 32, 1n), "MalformedKey"],
    ["last ic at infinity", patched(key, key.length - 64, new Uint8Array(64)), "MalformedKey"],
    ["gamma at infinity", patched(key, head + 192, new Uint8Array(128)), "MalformedKey"],
    ["gamma outside the subgroup", patched(key, head + 192, TWIST_STRAY), "MalformedKey"],
    ["delta = gamma", variant({ delta: trapdoor.gamma }), "ForgeableKey"],
    ["delta = -gamma", variant(negated("delta")), "ForgeableKey"],
    ["delta = generator", variant({ delta: 1n }), "ForgeableKey"],
    ["delta = -generator", variant({ delta: -1n }), "ForgeableKey"],
    ["beta = gamma", variant({ beta: trapdoor.gamma }), "ForgeableKey"],
    ["beta = -gamma", variant(negated("beta")), "ForgeableKey"],
    ["beta = delta", variant({ beta: trapdoor.delta }), "ForgeableKey"],
  ];

  const pixels = Array.from({ length: 64 }, (_, i) => (i * 7) % 17);
  const scores = Array.from({ length: 10 }, (_, i) => 1000 - 222 * i);
  const context = 2n ** 248n - 12345n;
  const input = encodeTensors([INPUT], [pixels]);
  const output = encodeTensors([OUTPUT], [scores]);
  const outputWords = packTensors([OUTPUT], [scores]);
  const seal = forgeSeal(trapdoor, [context, ...packTensors([INPUT], [pixels]), ...outputWords]);
  const commitment = SCALAR_FIELD - 1n;
  const committed = { key: committedKey, input: words(commitment), context: 0n };
  const negate = (bytes: Uint8Array, offset: number): Uint8Array =>
    patched(bytes, offset, words(BASE_FIELD - wordAt(bytes, offset)));

  const honest = { key, context, input, output, seal };
  const committedHonest = {
    ...honest,
    ...committed,
    seal: forgeSeal(committedTrapdoor, [0n, commitment, ...outputWords]),
  };
  type Fields = typeof honest;
  const claims: [string, Fields, ClaimVector["verdict"]][] = [
    ["honest", honest, "ok"],
    ["negated A and B", { ...honest, seal: negate(negate(negate(seal, 32), 128), 160) }, "ok"],
    ["negated C", { ...honest, seal: negate(seal, 224) }, "InvalidProof"],
    ["context + 1", { ...honest, context: context + 1n }, "InvalidProof"],
    ["context + r", { ...honest, context: context + SCALAR_FIELD }, "ScalarOutOfField"],
    ["context = r", { ...honest, context: SCALAR_FIELD }, "ScalarOutOfField"],
    ["another pixel", { ...honest, input: patched(input, 0, Uint8Array.of(1)) }, "InvalidProof"],
    ["pixel of 17", { ...honest, input: patched(input, 63, Uint8Array.of(17)) }, "ValueOutOfRange"],
    ["input one byte short", { ...honest, input: input.subarray(1) }, "WrongLength"],
    ["empty input", { ...honest, input: new Uint8Array() }, "WrongLength"],
    ["another score", { ...honest, output: patched(output, 19, Uint8Array.of(output[19]! ^ 1)) }, "InvalidProof"],
    ["score of hi + 1", { ...honest, output: patched(output, 0, Uint8Array.of(0x03, 0xe9)) }, "ValueOutOfRange"],
    ["score of lo - 1", { ...honest, output: patched(output, 0, Uint8Array.of(0xfc, 0x17)) }, "ValueOutOfRange"],
    ["output one byte long", { ...honest, output: concat(output, Uint8Array.of(0)) }, "WrongLength"],
    ["empty seal", { ...honest, seal: new Uint8Array() }, "MalformedSeal"],
    ["seal one byte short", { ...honest, seal: seal.subarray(0, 255) }, "MalformedSeal"],
    ["seal one byte long", { ...honest, seal: concat(seal, Uint8Array.of(0)) }, "MalformedSeal"],
    ["A.x + q", { ...honest, seal: plus(seal, 0, BASE_FIELD) }, "MalformedSeal"],
    ["B.y.c0 + q", { ...honest, seal: plus(seal, 160, BASE_FIELD) }, "MalformedSeal"],
    ["A off the curve", { ...honest, seal: plus(seal, 32, 1n) }, "MalformedSeal"],
    ["A at infinity", { ...honest, seal: patched(seal, 0, new Uint8Array(64)) }, "MalformedSeal"],
    ["B at infinity", { ...honest, seal: patched(seal, 64, new Uint8Array(128)) }, "MalformedSeal"],
    ["C at infinity", { ...honest, seal: patched(seal, 192, new Uint8Array(64)) }, "MalformedSeal"],
    ["B outside the subgroup", { ...honest, seal: patched(seal, 64, TWIST_STRAY) }, "MalformedSeal"],
    ["bad context before bad input", { ...honest, context: SCALAR_FIELD, input: output }, "ScalarOutOfField"],
    ["bad input before bad output", { ...honest, input: output, output: input }, "WrongLength"],
    [
      "bad output before bad seal",
      { ...honest, output: patched(output, 0, Uint8Array.of(0x7f)), seal: output },
      "ValueOutOfRange",
    ],
    ["committed: honest", committedHonest, "ok"],
    ["committed: another commitment", { ...committedHonest, input: words(commitment - 1n) }, "InvalidProof"],
    ["committed: commitment + r", { ...committedHonest, input: words(commitment + SCALAR_FIELD) }, "ScalarOutOfField"],
    ["committed: the input itself", { ...committedHonest, input }, "WrongLength"],
    ["committed: a seal of the other key", { ...committedHonest, seal }, "InvalidProof"],
  ];

  return {
    spec: "docs/spec/onchain-verification.md",
    keys: keys.map(([name, bytes, verdict]) => ({ name, key: hex(bytes), verdict })),
    claims: claims.map(([name, claim, verdict]) => ({
      name,
      key: digest(claim.key),
      context: claim.context.toString(),
      input: hex(claim.input),
      output: hex(claim.output),
      seal: hex(claim.seal),
      verdict,
    })),
  };
}

export const VECTORS_FILE = new URL("../../vectors/groth16-key.json", import.meta.url);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(VECTORS_FILE, `${JSON.stringify(makeVectors(), null, 2)}\n`);
}
