// SPDX-License-Identifier: GPL-3.0-or-later
// Known answers for docs/spec/tensorcheck.md: transcript, sumcheck, opening and whole proofs, by the reference prover over powers
// of a τ that everybody knows. `node test/proofs/tensorcheck/vectors.ts` writes test/vectors/tensorcheck.json anew.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bytesToHex } from "@noble/hashes/utils.js";
import { checkerCurve } from "../../../verifier/proofs/curve.ts";
import type { Claim } from "../../../verifier/proofs/types.ts";
import { uint256Bytes } from "../../../verifier/proofs/points.ts";
import { commit } from "../../../verifier/proofs/tensorcheck/prover/chunks.ts";
import { mod } from "../../../verifier/proofs/tensorcheck/prover/field.ts";
import {
  firstQuotient,
  folds,
  horner,
  openingPoints,
  secondQuotient,
} from "../../../verifier/proofs/tensorcheck/prover/opening.ts";
import type { Challenge, Hooks, Message } from "../../../verifier/proofs/tensorcheck/prover/reference.ts";
import { sumcheckOfProducts } from "../../../verifier/proofs/tensorcheck/prover/sumcheck.ts";
import { Transcript } from "../../../verifier/proofs/tensorcheck/prover/transcript.ts";
import { honestKinds, honestTiny, type Honest } from "./honest.ts";
import { TAU, testPowers } from "./powers.ts";

/** Bytes are in hexadecimal, scalars in decimal. */
export interface Vectors {
  readonly spec: string;
  readonly tau: string;
  readonly transcript: readonly { readonly absorbed: string; readonly challenge: string }[];
  readonly sumcheck: {
    readonly claim: string;
    /** c_0, c_2 */
    readonly rounds: readonly (readonly string[])[];
    readonly challenges: readonly string[];
    readonly end: string;
  };
  readonly opening: {
    readonly cells: readonly string[];
    /** s_0, s_1, … */
    readonly s: readonly string[];
    readonly zeta: string;
    readonly nu: string;
    readonly z: string;
    readonly commitment: string;
    readonly y: string;
    readonly C: readonly string[];
    readonly e: readonly string[];
    readonly Q: string;
    readonly W: string;
  };
  readonly proofs: readonly ProofVector[];
}

export interface ProofVector {
  readonly name: string;
  readonly key: string;
  readonly context: string;
  readonly input: string;
  readonly output: string;
  /** the messages whose concatenation is the seal */
  readonly messages: readonly { readonly name: Message; readonly bytes: string }[];
  /** in the order in which they are drawn */
  readonly challenges: readonly { readonly name: Challenge; readonly value: string }[];
}

const decimal = (values: readonly bigint[]): string[] => values.map(String);

/** All vectors, the same on every machine. */
export async function makeVectors(): Promise<Vectors> {
  return {
    spec: "docs/spec/tensorcheck.md",
    tau: String(TAU),
    transcript: transcriptVectors(),
    sumcheck: sumcheckVector(),
    opening: await openingVector(),
    proofs: [
      await proofVector("relu(W x + b), 2^4 cells a chunk", await honestTiny(4)),
      await proofVector("relu(W x + b), 2^2 cells a chunk", await honestTiny(2)),
      await proofVector("every kind of value, 2^2 cells a chunk", await honestKinds(2)),
    ],
  };
}

function transcriptVectors(): Vectors["transcript"] {
  const transcript = new Transcript();
  const absorbed = [Uint8Array.of(1, 2, 3), new Uint8Array(), uint256Bytes(5n), new Uint8Array(64)];
  return absorbed.map((bytes) => {
    transcript.absorb(bytes);
    return { absorbed: bytesToHex(bytes), challenge: String(transcript.challenge()) };
  });
}

/** Σ_x weight(x) · cells(x) over two variables. */
function sumcheckVector(): Vectors["sumcheck"] {
  const [weight, cells] = [
    [3n, 1n, 4n, 1n],
    [5n, 9n, mod(-2n), 6n],
  ];
  const rounds: string[][] = [];
  const challenges = [1_000_003n, mod(-12_345n)];
  const ends = sumcheckOfProducts([{ weight, cells }], 2, (coefficients) => {
    rounds.push(decimal(coefficients));
    return challenges[rounds.length - 1] as bigint;
  });
  const claim = weight.reduce((sum, w, i) => mod(sum + w * (cells[i] as bigint)), 0n);
  const [high = 0n, low = 0n] = challenges;
  const at = (table: readonly bigint[]): bigint => {
    const [a = 0n, b = 0n, c = 0n, d = 0n] = table;
    return mod((1n - high) * ((1n - low) * a + low * b) + high * ((1n - low) * c + low * d));
  };
  if (ends[0] !== at(cells)) throw new Error("the sumcheck does not end where its polynomial is evaluated");
  return { claim: String(claim), rounds, challenges: decimal(challenges), end: String(mod(at(weight) * at(cells))) };
}

async function openingVector(): Promise<Vectors["opening"]> {
  const cells = [7n, mod(-1n), 0n, 2n ** 200n, 5n, 6n, mod(-3n), 8n];
  const [s, zeta, nu, z] = [[11n, mod(-22n), 2n ** 130n], 5n, 7n, 2n ** 90n];
  const powers = await testPowers(3);
  const polynomials = folds(cells, s);
  const points = openingPoints(zeta, 3);
  const commitment = async (polynomial: readonly bigint[]): Promise<string> =>
    bytesToHex(await commit(polynomial, powers));
  const [f, ...lower] = polynomials as [bigint[], ...bigint[][]];
  const last = lower[lower.length - 1] as bigint[];
  const quotient = firstQuotient(polynomials, points, nu);
  const C: string[] = [];
  for (const polynomial of lower) C.push(await commitment(polynomial));
  return {
    cells: decimal(cells),
    s: decimal(s),
    ...{ zeta: String(zeta), nu: String(nu), z: String(z) },
    commitment: await commitment(f),
    y: String(mod((last[0] as bigint) + (s[2] as bigint) * ((last[1] as bigint) - (last[0] as bigint)))),
    C,
    e: decimal(polynomials.map((polynomial, j) => horner(polynomial, mod(-(points[j] as bigint))))),
    Q: await commitment(quotient),
    W: await commitment(secondQuotient(polynomials, quotient, points, nu, z)),
  };
}

async function proofVector(name: string, honest: Honest): Promise<ProofVector> {
  const { key, claim, seal } = honest;
  const messages: { name: Message; bytes: string }[] = [];
  const challenges: { name: Challenge; value: string }[] = [];
  const hooks: Hooks = {
    send: (message, bytes) => {
      messages.push({ name: message, bytes: bytesToHex(bytes) });
      return bytes;
    },
    challenge: (challenge, value) => void challenges.push({ name: challenge, value: String(value) }),
  };
  const again = await honest.prove(hooks);
  if (bytesToHex(again) !== bytesToHex(seal)) throw new Error("the prover is not deterministic");
  const { context, input, output }: Claim = claim;
  return {
    ...{ name, key: bytesToHex(key), context: String(context) },
    ...{ input: bytesToHex(input), output: bytesToHex(output), messages, challenges },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL("../../vectors/tensorcheck.json", import.meta.url));
  writeFileSync(path, `${JSON.stringify(await makeVectors(), null, 2)}\n`);
  await (await checkerCurve()).terminate();
}
