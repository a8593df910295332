// SPDX-License-Identifier: GPL-3.0-or-later
// The strict verifier. snarkjs' own accepts truncated public signals, coordinates + q and points of other orders; here
// everything is checked first, in the chain's order and with the chain's names (docs/spec/onchain-verification.md).
import { VerigradError } from "../../errors.ts";
import { decodeTensors } from "../../tensor/codec.ts";
import { packTensors } from "../../tensor/packing.ts";
import type { TensorSpec } from "../../tensor/spec.ts";
import type { Claim, Verdict, VerdictCode } from "../types.ts";
import { checkerCurve } from "../curve.ts";
import { parseKey, type Groth16Key } from "./key.ts";
import {
  concat,
  g1Fault,
  g2Fault,
  readG1,
  readG2,
  readUint,
  SCALAR_FIELD,
  toG1,
  toG2,
  uint256Bytes,
  type G1Point,
  type G2Point,
} from "../points.ts";

/** A ‖ B ‖ C (formats.md, section 6). */
export const SEAL_BYTES = 256;

interface Seal {
  readonly a: G1Point;
  readonly b: G2Point;
  readonly c: G1Point;
}

const refuse = (code: VerdictCode, message: string): Verdict => ({ ok: false, code, message });

/** A refusal on its way out of a helper. */
class Refused extends Error {
  readonly verdict: Verdict;
  constructor(code: VerdictCode, message: string) {
    super(message);
    this.verdict = refuse(code, message);
  }
}

/** As ProofSystem.verify: whether the seal proves output = model(input) under the context. Never throws. */
export async function verify(key: Uint8Array, claim: Claim, seal: Uint8Array): Promise<Verdict> {
  let parsed: Groth16Key;
  try {
    parsed = await parseKey(key);
  } catch (error) {
    const fault = error instanceof VerigradError ? error.data.fault : undefined;
    return refuse(fault === "ForgeableKey" ? "ForgeableKey" : "MalformedKey", String(error));
  }
  try {
    const signals = publicSignals(parsed, claim);
    const points = await readSeal(seal);
    return (await pairingHolds(parsed, signals, points))
      ? { ok: true }
      : refuse("InvalidProof", "the pairing equation does not hold");
  } catch (error) {
    if (error instanceof Refused) return error.verdict;
    return refuse("InvalidProof", `verification failed: ${String(error)}`);
  }
}

/** The public signals of a claim: context, input words or commitment, output words. Throws Refused. */
function publicSignals(key: Groth16Key, claim: Claim): bigint[] {
  if (claim.context < 0n || claim.context >= SCALAR_FIELD) {
    throw new Refused("ScalarOutOfField", "context is not below r");
  }
  const input = key.inputMode === "PUBLIC" ? words(key.inputs, claim.input) : [commitment(claim.input)];
  return [claim.context, ...input, ...words(key.outputs, claim.output)];
}

function words(specs: readonly TensorSpec[], bytes: Uint8Array): bigint[] {
  try {
    return packTensors(specs, decodeTensors(specs, bytes));
  } catch (error) {
    const code = error instanceof VerigradError && error.code === "TENSOR_RANGE" ? "ValueOutOfRange" : "WrongLength";
    throw new Refused(code, String(error));
  }
}

function commitment(bytes: Uint8Array): bigint {
  if (bytes.length !== 32) throw new Refused("WrongLength", `a commitment has 32 bytes, not ${bytes.length}`);
  const value = readUint(bytes);
  if (value >= SCALAR_FIELD) throw new Refused("ScalarOutOfField", "commitment is not below r");
  return value;
}

/** Points of a canonical seal. Throws Refused. */
async function readSeal(bytes: Uint8Array): Promise<Seal> {
  if (bytes.length !== SEAL_BYTES) throw new Refused("MalformedSeal", `a seal has 256 bytes, not ${bytes.length}`);
  const seal = { a: readG1(bytes, 0), b: readG2(bytes, 64), c: readG1(bytes, 192) };
  const faults = { A: g1Fault(seal.a), B: await g2Fault(seal.b), C: g1Fault(seal.c) };
  for (const [name, fault] of Object.entries(faults)) {
    if (fault !== null) throw new Refused("MalformedSeal", `${name}: ${fault}`);
  }
  return seal;
}

/** e(-A, B) e(alpha, beta) e(ic[0] + sum_i signal[i] ic[i + 1], gamma) e(C, delta) = 1 (Groth 2016, section 3.2). */
async function pairingHolds(key: Groth16Key, signals: readonly bigint[], seal: Seal): Promise<boolean> {
  const curve = await checkerCurve();
  const { G1, G2 } = curve;
  const bases = concat(key.ic.slice(1).map((point) => toG1(G1, point)));
  const scalars = concat(signals.map((signal) => uint256Bytes(signal).reverse()));
  const inputs = G1.add(await G1.multiExpAffine(bases, scalars), toG1(G1, key.ic[0] as G1Point));
  const pairs = [
    [G1.neg(toG1(G1, seal.a)), toG2(G2, seal.b)],
    [toG1(G1, key.alpha1), toG2(G2, key.beta2)],
    [inputs, toG2(G2, key.gamma2)],
    [toG1(G1, seal.c), toG2(G2, key.delta2)],
  ] as const;
  // A pair with infinity is 1, as in the chain's precompile; the library's Miller loop is not made for infinity.
  return curve.pairingEq(...pairs.filter(([p, q]) => !G1.isZero(p) && !G2.isZero(q)).flat());
}
