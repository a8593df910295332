// SPDX-License-Identifier: GPL-3.0-or-later
// Attacks on the demo's own deployment. Each is a mined transaction that differs from a valid one in one thing; the valid
// one is sent in the same run and has to succeed, so that a rejection can only be due to that one thing.
import { concat, dataLength, dataSlice, toBeHex } from "ethers";
import { toHex } from "../../verifier/chain/hashes.ts";
import { calls } from "../../verifier/chain/transactions.ts";
import type { Hex } from "../../verifier/chain/types.ts";
import { BASE_FIELD } from "../../verifier/proofs/points.ts";
import { SCALAR_FIELD } from "../../verifier/tensor/packing.ts";
import {
  addressOf,
  attempt,
  changedInput,
  changedOutput,
  fulfil,
  mustSend,
  newRequest,
  prove,
  send,
  verifyCall,
  type Attack,
  type Field,
  type Proven,
} from "./field.ts";

export interface AttackReport {
  readonly attacks: readonly Attack[];
  /** of the plain jobs on the way: whole transactions */
  readonly gas: { readonly request: bigint; readonly claim: bigint; readonly fulfil: bigint };
  /** the last proof made, in a warm prover */
  readonly proveMs: number;
  /** a proof that the proof system accepts, for measuring it */
  readonly proven: Proven;
}

/** (-A, -B, C) of groth16: the same pairing product, other bytes. */
function negated(seal: Hex): Hex {
  const word = (i: number): bigint => BigInt(dataSlice(seal, 32 * i, 32 * i + 32));
  const words = Array.from({ length: dataLength(seal) / 32 }, (_, i) => word(i));
  for (const i of [1, 4, 5]) words[i] = BASE_FIELD - (words[i] ?? 0n); // the y coordinates of A and B
  return concat(words.map((value) => toBeHex(value, 32))) as Hex;
}

/** A seal of tensorcheck whose first commitment is its negative: a point of the curve still. */
function otherCommitment(seal: Hex): Hex {
  const y = BASE_FIELD - BigInt(dataSlice(seal, 32, 64));
  return concat([dataSlice(seal, 0, 32), toBeHex(y, 32), dataSlice(seal, 64)]) as Hex;
}

/** groth16's key as it was before anybody contributed: delta is gamma, the generator. Offsets are counted from the end. */
function uncontributedKey(key: Uint8Array, publicSignals: number): Uint8Array {
  const forged = Uint8Array.from(key);
  const delta = key.length - 64 * (publicSignals + 1) - 128;
  forged.copyWithin(delta, delta - 128, delta);
  return forged;
}

/** tensorcheck's key under the powers of another tau, which its maker may know. */
function keyOfAnotherSetup(key: Uint8Array, tau2: Uint8Array, otherTau2: Uint8Array): Uint8Array {
  const forged = Buffer.from(key);
  const at = forged.indexOf(tau2);
  if (at < 0) throw new Error("the key does not hold the set-up's point");
  forged.set(otherTau2, at);
  return forged;
}

/** A claimed job: its proof with one thing changed, then as it is, then again. */
async function attackClaimed(
  field: Field,
  seal: { readonly name: string; readonly alter: (seal: Hex) => Hex; readonly afterSettlement: boolean },
): Promise<AttackReport> {
  const { chain, requester, operator } = field;
  const { deployment } = field.reader;
  const claimed = await newRequest(field);
  const request = await mustSend(chain, requester, calls.request(deployment, claimed));
  const claim = await mustSend(chain, operator, calls.claim(deployment, claimed));
  const { proven, ms: proveMs } = await prove(field, claimed);
  const otherSeal = (): ReturnType<typeof attempt> =>
    attempt(chain, seal.name, operator, fulfil(field, claimed, { ...proven, seal: seal.alter(proven.seal) }));

  const otherOutput = { ...proven, output: changedOutput(field.outputSpecs, proven.output) };
  const output = await attempt(chain, "changed output", operator, fulfil(field, claimed, otherOutput));
  const otherRequest = { ...claimed, input: changedInput(claimed.input) };
  const requested = await attempt(
    chain,
    "changed input, in the request",
    operator,
    fulfil(field, otherRequest, proven),
  );
  const otherInput = { ...proven, input: changedInput(proven.input) };
  const input = await attempt(chain, "changed input", operator, verifyCall(field, otherInput));
  const aliased = { ...proven, context: proven.context + SCALAR_FIELD };
  const alias = await attempt(chain, "public input + r", operator, verifyCall(field, aliased));
  const before = seal.afterSettlement ? [] : [await otherSeal()];
  const verified = await send(chain, operator, verifyCall(field, proven));
  const settled = await send(chain, operator, fulfil(field, claimed, proven));
  const replayed = await attempt(chain, "replayed settlement", operator, fulfil(field, claimed, proven));
  const after = seal.afterSettlement ? [await otherSeal()] : [];
  const attacks = [
    { ...output, unalteredSucceeded: settled.ok },
    { ...input, unalteredSucceeded: verified.ok },
    { ...requested, unalteredSucceeded: settled.ok },
    { ...alias, unalteredSucceeded: verified.ok },
    { ...replayed, unalteredSucceeded: settled.ok },
    ...[...before, ...after].map((attack) => ({ ...attack, unalteredSucceeded: settled.ok })),
  ];
  return { attacks, gas: { request, claim, fulfil: settled.gasUsed }, proveMs, proven };
}

/** An unclaimed job, open to everybody: somebody copies the proof and names themselves. */
async function attackPayee(field: Field): Promise<Attack> {
  const { chain, requester, operator, thief } = field;
  const open = await newRequest(field);
  await mustSend(chain, requester, calls.request(field.reader.deployment, open));
  const { proven } = await prove(field, open);
  const name = "another payee with the same proof";
  const theft = await attempt(chain, name, thief, fulfil(field, open, proven, thief));
  return { ...theft, unalteredSucceeded: (await send(chain, operator, fulfil(field, open, proven))).ok };
}

/** A key that somebody could forge for. */
async function attackKey(field: Field, name: string, forgeable: Uint8Array): Promise<Attack> {
  const { chain, thief, proofSystem, key } = field;
  const forged = await attempt(chain, name, thief, calls.registerKey(proofSystem, toHex(forgeable)));
  const honest = await send(chain, thief, calls.registerKey(proofSystem, toHex(key)));
  return { ...forged, unalteredSucceeded: honest.ok };
}

/** A good proof, too late. `refunded`: the expired job's fee came back to its requester. */
async function attackDeadline(field: Field): Promise<{ attack: Attack; proveMs: number; refunded: boolean }> {
  const { chain, reader, requester, operator, thief } = field;
  const late = await newRequest(field);
  const before = await reader.balanceOf(field.token, addressOf(requester));
  await mustSend(chain, requester, calls.request(reader.deployment, late));
  const { proven, ms: proveMs } = await prove(field, late);
  const snapshot = await chain.snapshot();
  const inTime = await send(chain, operator, fulfil(field, late, proven));
  await chain.revert(snapshot);
  await chain.warpTo(late.deadline);
  const expired = await attempt(chain, "proof whose job has expired", operator, fulfil(field, late, proven));
  await mustSend(chain, thief, calls.expire(reader.deployment, late));
  const refunded = (await reader.balanceOf(field.token, addressOf(requester))) === before;
  return { attack: { ...expired, unalteredSucceeded: inTime.ok }, proveMs, refunded };
}

/** Every attack on a model proven with groth16. Moves the chain's clock beyond a deadline. */
export async function attackGroth16(
  field: Field,
  publicSignals: number,
): Promise<AttackReport & { readonly refunded: boolean }> {
  const seal = { name: "negated proof for a settled job", alter: negated, afterSettlement: true };
  const report = await attackClaimed(field, seal);
  const payee = await attackPayee(field);
  const key = await attackKey(field, "key nobody contributed to", uncontributedKey(field.key, publicSignals));
  const { attack, proveMs, refunded } = await attackDeadline(field);
  return { ...report, attacks: [...report.attacks, payee, key, attack], proveMs, refunded };
}

/** The attacks on a model proven with tensorcheck, whose set-up is `tau2`; `otherTau2` is another's. */
export async function attackTensorcheck(field: Field, tau2: Uint8Array, otherTau2: Uint8Array): Promise<AttackReport> {
  const report = await attackClaimed(field, {
    name: "changed commitment",
    alter: otherCommitment,
    afterSettlement: false,
  });
  const payee = await attackPayee(field);
  const key = await attackKey(field, "key of another set-up", keyOfAnotherSetup(field.key, tau2, otherTau2));
  return { ...report, attacks: [...report.attacks, payee, key] };
}
