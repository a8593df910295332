// SPDX-License-Identifier: GPL-3.0-or-later
// test/vectors/tensorcheck.json: the reference prover makes it again, and the verifier's own code reads the same out of it.
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { hexToBytes } from "@noble/hashes/utils.js";
import { concat, readG1, uint256Bytes } from "../../../../verifier/proofs/points.ts";
import { parseTensorcheckKey, type Key } from "../../../../verifier/proofs/tensorcheck/verify/key.ts";
import { opens } from "../../../../verifier/proofs/tensorcheck/verify/opening.ts";
import type { Message, Seal } from "../../../../verifier/proofs/tensorcheck/verify/seal.ts";
import { reduceSum } from "../../../../verifier/proofs/tensorcheck/verify/sumcheck.ts";
import { Transcript } from "../../../../verifier/proofs/tensorcheck/verify/transcript.ts";
import { verify } from "../../../../verifier/proofs/tensorcheck/verify/verify.ts";
import { makeVectors, type Vectors } from "../vectors.ts";

const scripted = (challenges: readonly bigint[]) => {
  const rest = [...challenges];
  return { absorb: () => undefined, challenge: () => rest.shift() as bigint };
};
const scalars = (values: readonly string[]): Message<bigint> => ({
  bytes: new Uint8Array(),
  values: values.map(BigInt),
});
const points = (hex: readonly string[]): Message<ReturnType<typeof readG1>> => ({
  bytes: new Uint8Array(),
  values: hex.map((point) => readG1(hexToBytes(point))),
});

describe("tensorcheck: known answers", () => {
  let vectors: Vectors;
  before(async () => {
    const path = new URL("../../../vectors/tensorcheck.json", import.meta.url);
    vectors = JSON.parse(await readFile(path, "utf8")) as Vectors;
  });

  it("are what the reference prover says", async () => {
    expect(await makeVectors()).to.deep.equal(vectors);
  });

  it("transcript", () => {
    const transcript = new Transcript();
    for (const { absorbed, challenge } of vectors.transcript) {
      transcript.absorb(hexToBytes(absorbed));
      expect(transcript.challenge()).to.equal(BigInt(challenge));
    }
  });

  it("sumcheck", () => {
    const { claim, rounds, challenges, end } = vectors.sumcheck;
    const reduced = reduceSum(scripted(challenges.map(BigInt)), BigInt(claim), rounds.map(scalars));
    expect(reduced).to.deep.equal({ claim: BigInt(end), point: challenges.map(BigInt).reverse() });
  });

  it("opening", async () => {
    const { s, zeta, nu, z, commitment, y, C, e, Q, W } = vectors.opening;
    const { tau2 } = await parseTensorcheckKey(hexToBytes(vectors.proofs[0]?.key as string));
    const key = {
      ...{ tau2, n: 3, pre: points([commitment]).values },
      entities: [{ chunk: 0, upper: new Uint8Array(), claims: [] }],
    } as unknown as Key;
    const seal = {
      ...{ wit: points([]), help: points([]), evaluations: scalars([y]) },
      ...{ folds: points(C), negatives: scalars(e), quotient: points([Q]), witness: points([W]) },
    } as unknown as Seal;
    const drawn = scripted([1n, BigInt(zeta), BigInt(nu), BigInt(z)]);
    expect(await opens(key, { r: [], rho: [] }, s.map(BigInt), seal, drawn)).to.equal(true);
  });

  it("proofs", async () => {
    for (const { name, key, context, input, output, messages, challenges } of vectors.proofs) {
      const seal = concat(messages.map(({ bytes }) => hexToBytes(bytes)));
      const claim = { context: BigInt(context), input: hexToBytes(input), output: hexToBytes(output) };
      expect(await verify(hexToBytes(key), claim, seal), name).to.deep.equal({ ok: true });
      const { R } = await parseTensorcheckKey(hexToBytes(key));
      const transcript = new Transcript();
      transcript.absorb(keccak_256(hexToBytes(key)), uint256Bytes(claim.context));
      transcript.absorb(keccak_256(claim.input), keccak_256(claim.output));
      // β, γ; ρ, α; then one a message, and none after W.
      const drawn = messages.flatMap((message) => {
        transcript.absorb(hexToBytes(message.bytes));
        const count = { wit: 2, help: R + 1, W: 0 }[message.name as string] ?? 1;
        return Array.from({ length: count }, () => String(transcript.challenge()));
      });
      expect(drawn).to.deep.equal(challenges.map(({ value }) => value));
    }
  });
});
