// SPDX-License-Identifier: GPL-3.0-or-later
// The strict verifier, written from docs/spec/tensorcheck.md alone: it shares no code with the prover beyond the curve. Checks,
// their order and their names are the chain's (docs/spec/onchain-verification.md, Tensorcheck).
import { keccak_256 } from "@noble/hashes/sha3.js";
import { VerigradError } from "../../../errors.ts";
import { decodeTensors, type TensorValues } from "../../../tensor/codec.ts";
import type { TensorSpec } from "../../../tensor/spec.ts";
import type { Claim, Verdict, VerdictCode } from "../../types.ts";
import { uint256Bytes } from "../../points.ts";
import { mod, powers, SCALAR_FIELD } from "./field.ts";
import { parseTensorcheckKey, type Key } from "./key.ts";
import { opens } from "./opening.ts";
import type { Drawn } from "./point.ts";
import { readSeal, type Seal } from "./seal.ts";
import { evaluateBlocks, evaluateEntities, reduceSum } from "./sumcheck.ts";
import { Transcript } from "./transcript.ts";
import { evaluateStructured, evaluateTensor } from "./values.ts";

export interface VerifyOptions {
  /** 128 bytes: the only [τ]_2 to accept. Without, whoever made the key chose it, and may know τ. */
  readonly setup?: Uint8Array;
}

const refuse = (code: VerdictCode, message: string): Verdict => ({ ok: false, code, message });

/** As ProofSystem.verify: whether the seal proves output = model(input) under the context. Never throws. */
export async function verify(
  keyBytes: Uint8Array,
  claim: Claim,
  sealBytes: Uint8Array,
  { setup }: VerifyOptions = {},
): Promise<Verdict> {
  let key: Key;
  try {
    key = await parseTensorcheckKey(keyBytes, setup);
  } catch (error) {
    const fault = error instanceof VerigradError ? error.data.fault : undefined;
    return refuse(fault === "ForgeableKey" ? "ForgeableKey" : "MalformedKey", String(error));
  }
  try {
    if (claim.context < 0n || claim.context >= SCALAR_FIELD)
      return refuse("ScalarOutOfField", "context is not below r");
    const inputs = decode(key.inputs, claim.input);
    if ("ok" in inputs) return inputs;
    const outputs = decode(key.outputs, claim.output);
    if ("ok" in outputs) return outputs;
    const seal = readSeal(key, sealBytes);
    if (typeof seal === "string") return refuse("MalformedSeal", seal);
    const transcript = new Transcript();
    transcript.absorb(
      keccak_256(keyBytes),
      uint256Bytes(claim.context),
      keccak_256(claim.input),
      keccak_256(claim.output),
    );
    const failed = await failedStep(key, inputs, outputs, seal, transcript);
    return failed === null ? { ok: true } : refuse("InvalidProof", failed);
  } catch (error) {
    return refuse("InvalidProof", `verification failed: ${String(error)}`);
  }
}

function decode(specs: readonly TensorSpec[], bytes: Uint8Array): readonly TensorValues[] | Verdict {
  try {
    return decodeTensors(specs, bytes);
  } catch (error) {
    const outside = error instanceof VerigradError && error.code === "TENSOR_RANGE";
    return refuse(outside ? "ValueOutOfRange" : "WrongLength", String(error));
  }
}

/** The argument, message by message (section 3). Null if all of it holds, else the step that does not. */
async function failedStep(
  key: Key,
  inputs: readonly TensorValues[],
  outputs: readonly TensorValues[],
  seal: Seal,
  transcript: Transcript,
): Promise<string | null> {
  transcript.absorb(seal.wit.bytes);
  const beta = transcript.challenge();
  const gamma = transcript.challenge();
  transcript.absorb(seal.help.bytes);
  const rho = Array.from({ length: key.R }, () => transcript.challenge()).reverse();
  const alpha = transcript.challenge();

  const a = reduceSum(transcript, outputSum(key, outputs, rho, alpha), seal.roundsA);
  const drawn: Drawn = { r: a.point, rho };
  const values = [
    ...seal.claims.values,
    ...key.publics.map(({ port, axes }) => evaluateTensor(drawn, axes, inputs[port] as TensorValues)),
    ...key.structured.map((value) => evaluateStructured(drawn, value)),
  ];
  if (evaluateBlocks(key, { drawn, alpha, beta, gamma, values }) !== a.claim) return "sumcheck A does not hold";

  transcript.absorb(seal.claims.bytes);
  const delta = transcript.challenge();
  const deltas = powers(delta, key.claims);
  const claims = mod(seal.claims.values.reduce((sum, value, i) => sum + (deltas[i] as bigint) * value, 0n));
  const c = reduceSum(transcript, claims, seal.roundsC);
  if (evaluateEntities(key, drawn, c.point, delta, seal.evaluations.values) !== c.claim) {
    return "sumcheck C does not hold";
  }
  return (await opens(key, drawn, c.point, seal, transcript)) ? null : "the opening does not hold";
}

/** Σ_{output ports o} α^{c_o} · out~_o, at coordinates of ρ. */
function outputSum(
  { outputPorts }: Key,
  outputs: readonly TensorValues[],
  rho: readonly bigint[],
  alpha: bigint,
): bigint {
  const last = outputPorts.reduce((most, { equation }) => Math.max(most, equation), 0);
  const weights = powers(alpha, last + 1);
  return mod(
    outputPorts.reduce(
      (sum, { equation, axes }, o) =>
        sum + (weights[equation] as bigint) * evaluateTensor({ r: [], rho }, axes, outputs[o] as TensorValues),
      0n,
    ),
  );
}
