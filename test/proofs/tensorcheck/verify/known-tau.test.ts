// SPDX-License-Identifier: GPL-3.0-or-later
// T22: all of tensorcheck rests on τ being unknown. Why a set-up that nobody else contributed to is called INSECURE, and why
// whoever verifies must say which set-up they trust.
import { expect } from "chai";
import { PERPETUAL_POWERS_OF_TAU } from "../../../../verifier/proofs/published-ptau.ts";
import { tau2Hash, tensorcheck } from "../../../../verifier/proofs/tensorcheck/index.ts";
import { verify } from "../../../../verifier/proofs/tensorcheck/verify/verify.ts";
import type { Claim } from "../../../../verifier/proofs/types.ts";
import { concat, uint256Bytes } from "../../../../verifier/proofs/points.ts";
import { perceptron } from "../../../helpers/circuit-models.ts";
import { forgeSeal } from "../forge.ts";
import { honestGraph, honestKinds, honestTiny, type Honest } from "../honest.ts";
import { TAU, tau2Bytes } from "../powers.ts";

const OTHER = TAU + 1n;

/** The key with the [τ]_2 of another set-up in its place. */
async function under(key: Uint8Array, tau: bigint): Promise<Uint8Array> {
  const at = Buffer.from(key).indexOf(await tau2Bytes(TAU));
  expect(at).to.be.greaterThan(0);
  const other = Uint8Array.from(key);
  other.set(await tau2Bytes(tau), at);
  return other;
}

describe("tensorcheck/verify: a τ that somebody knows", () => {
  let proofs: Honest[];

  before(async () => {
    proofs = [
      await honestTiny(),
      await honestKinds(),
      await honestGraph(perceptron([5, 4, 3], { shift: 6 }), [[1, 2, 16, 4, 5]], { n: 6, tableBits: 8 }),
    ];
  });

  it("whoever knows τ proves what no model gives, under this set-up and no other", async () => {
    for (const { key, claim, seal } of proofs) {
      const lie: Claim = {
        ...claim,
        output: claim.output.map((byte, i) => (i === claim.output.length - 1 ? byte ^ 1 : byte)),
      };
      expect(await verify(key, lie, seal)).to.include({ ok: false, code: "InvalidProof" });
      const forged = await forgeSeal(key, lie, seal, TAU);
      expect(await verify(key, lie, forged)).to.deep.equal({ ok: true });
      expect(await verify(key, lie, forged, { setup: await tau2Bytes(TAU) })).to.deep.equal({ ok: true });
      // Told which set-up to trust, the verifier does not take the key's word.
      expect(await verify(key, lie, forged, { setup: await tau2Bytes(OTHER) })).to.include({ code: "MalformedKey" });
      // Where τ is another than the forger's, knowing one is of no use.
      const elsewhere = await under(key, OTHER);
      const useless = await forgeSeal(elsewhere, lie, seal, TAU);
      expect(await verify(elsewhere, lie, useless)).to.include({ message: "the opening does not hold" });
      expect(await verify(elsewhere, lie, await forgeSeal(elsewhere, lie, seal, OTHER))).to.deep.equal({ ok: true });
    }
  });

  it("a key tells its set-up: the published ceremony's by name, any other by hash only", async () => {
    const [{ key }] = proofs as [Honest];
    const tau2 = await tau2Bytes(TAU);
    expect(tensorcheck.setupOf(key)).to.deep.equal({ hash: tau2Hash({ tau2 }), ceremony: null });
    const published = concat(PERPETUAL_POWERS_OF_TAU.map((word) => uint256Bytes(BigInt(word))));
    const ceremonial = Uint8Array.from(key);
    ceremonial.set(published, Buffer.from(key).indexOf(tau2));
    expect(tensorcheck.setupOf(ceremonial)).to.deep.equal({
      ...{ hash: tau2Hash({ tau2: published }), ceremony: "Perpetual Powers of Tau" },
    });
    expect(tensorcheck.setupOf(key.subarray(0, 100))).to.equal(null);
  });
});
