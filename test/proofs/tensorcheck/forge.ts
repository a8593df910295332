// SPDX-License-Identifier: GPL-3.0-or-later
// What whoever knows τ can do: a seal for any output at all, made of anything. No weight, no witness, no powers are needed.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { checkerCurve } from "../../../verifier/proofs/curve.ts";
import { concat, g1Bytes, uint256Bytes } from "../../../verifier/proofs/points.ts";
import { inverse, mod, powers } from "../../../verifier/proofs/tensorcheck/verify/field.ts";
import { parseTensorcheckKey } from "../../../verifier/proofs/tensorcheck/verify/key.ts";
import { batchOpenings, sumOf } from "../../../verifier/proofs/tensorcheck/verify/opening.ts";
import { readSeal, type Message, type Seal } from "../../../verifier/proofs/tensorcheck/verify/seal.ts";
import { evaluateBlocks, evaluateEntities, reduceSum } from "../../../verifier/proofs/tensorcheck/verify/sumcheck.ts";
import { Transcript } from "../../../verifier/proofs/tensorcheck/verify/transcript.ts";
import { evaluateStructured, evaluateTensor } from "../../../verifier/proofs/tensorcheck/verify/values.ts";
import type { Claim } from "../../../verifier/proofs/types.ts";
import { decodeTensors, type TensorValues } from "../../../verifier/tensor/codec.ts";

const scalars = (values: readonly bigint[]): Message<bigint> => ({ bytes: concat(values.map(uint256Bytes)), values });

/** `values` with the first one, in which `f` is linear, changed such that f is `target`. */
function solved(values: readonly bigint[], target: bigint, f: (values: readonly bigint[]) => bigint): bigint[] {
  for (let at = 0; at < values.length; at++) {
    const [zero, one, two] = [0n, 1n, 2n].map((value) => f(values.with(at, value))) as [bigint, bigint, bigint];
    const slope = inverse(one - zero);
    if (slope !== null && mod(two - one) === mod(one - zero)) return values.with(at, mod((target - zero) * slope));
  }
  throw new Error("linear in no value");
}

/**
 * A seal that the verifier accepts for any claim, by one who knows the τ of the key. `seal` is what is sent where it does not
 * matter, of the right length: one claim makes up for sumcheck A, one evaluation for sumcheck C, and [W] = L/(τ − z) opens
 * them, whatever the columns hold.
 */
export async function forgeSeal(
  keyBytes: Uint8Array,
  claim: Claim,
  seal: Uint8Array,
  tau: bigint,
): Promise<Uint8Array> {
  const key = await parseTensorcheckKey(keyBytes);
  const sent = readSeal(key, seal) as Seal;
  const inputs = decodeTensors(key.inputs, claim.input);
  const outputs = decodeTensors(key.outputs, claim.output);
  const transcript = new Transcript();
  transcript.absorb(
    keccak_256(keyBytes),
    uint256Bytes(claim.context),
    keccak_256(claim.input),
    keccak_256(claim.output),
  );
  transcript.absorb(sent.wit.bytes);
  const [beta, gamma] = [transcript.challenge(), transcript.challenge()];
  transcript.absorb(sent.help.bytes);
  const rho = Array.from({ length: key.R }, () => transcript.challenge()).reverse();
  const alpha = transcript.challenge();

  const sum = key.outputPorts.reduce((total, { equation, axes }, o) => {
    const weight = powers(alpha, equation + 1)[equation] as bigint;
    return total + weight * evaluateTensor({ r: [], rho }, axes, outputs[o] as TensorValues);
  }, 0n);
  const a = reduceSum(transcript, mod(sum), sent.roundsA);
  const drawn = { r: a.point, rho };
  const computed = [
    ...key.publics.map(({ port, axes }) => evaluateTensor(drawn, axes, inputs[port] as TensorValues)),
    ...key.structured.map((value) => evaluateStructured(drawn, value)),
  ];
  const claims = scalars(
    solved(sent.claims.values, a.claim, (values) =>
      evaluateBlocks(key, { drawn, alpha, beta, gamma, values: [...values, ...computed] }),
    ),
  );

  transcript.absorb(claims.bytes);
  const delta = transcript.challenge();
  const deltas = powers(delta, key.claims);
  const batched = claims.values.reduce((total, value, i) => total + (deltas[i] as bigint) * value, 0n);
  const c = reduceSum(transcript, mod(batched), sent.roundsC);
  const evaluations = scalars(
    solved(sent.evaluations.values, c.claim, (values) => evaluateEntities(key, drawn, c.point, delta, values)),
  );

  const batch = batchOpenings(key, drawn, c.point, { ...sent, claims, evaluations }, transcript);
  if (batch === null) throw new Error("a denominator is 0");
  const { G1 } = await checkerCurve();
  const quotient = G1.timesScalar(await sumOf(batch.left), inverse(tau - batch.z) as bigint);
  const [x, y] = G1.toObject(G1.toAffine(quotient));
  return concat([
    ...[sent.wit, sent.help, ...sent.roundsA, claims, ...sent.roundsC, evaluations].map(({ bytes }) => bytes),
    ...[sent.folds, sent.negatives, sent.quotient].map(({ bytes }) => bytes),
    g1Bytes({ x, y }),
  ]);
}
