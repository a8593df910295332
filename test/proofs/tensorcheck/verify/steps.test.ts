// SPDX-License-Identifier: GPL-3.0-or-later
// Steps of the verifier with challenges that a test chooses: what no honest transcript ever meets.
import { expect } from "chai";
import fc from "fast-check";
import { inverse, mod } from "../../../../verifier/proofs/tensorcheck/verify/field.ts";
import { parseTensorcheckKey, type Key } from "../../../../verifier/proofs/tensorcheck/verify/key.ts";
import { opens } from "../../../../verifier/proofs/tensorcheck/verify/opening.ts";
import { readSeal, type Seal } from "../../../../verifier/proofs/tensorcheck/verify/seal.ts";
import { reduceSum } from "../../../../verifier/proofs/tensorcheck/verify/sumcheck.ts";
import { Transcript, type Challenger } from "../../../../verifier/proofs/tensorcheck/verify/transcript.ts";
import { concat, readUint, SCALAR_FIELD } from "../../../../verifier/proofs/points.ts";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { honestTiny } from "../honest.ts";

/** Draws what it is told to. */
const scripted = (challenges: readonly bigint[]): Challenger => {
  const rest = [...challenges];
  return { absorb: () => undefined, challenge: () => rest.shift() as bigint };
};

describe("tensorcheck/verify: steps", () => {
  it("a challenge hashes the state and all that was absorbed since the last", () => {
    const transcript = new Transcript();
    const first = keccak_256(utf8ToBytes("verigrad.tensorcheck.v1"));
    transcript.absorb(Uint8Array.of(1, 2), Uint8Array.of(3));
    transcript.absorb(Uint8Array.of(4));
    const second = keccak_256(concat([first, Uint8Array.of(1, 2, 3, 4)]));
    expect(transcript.challenge()).to.equal(readUint(second) % SCALAR_FIELD);
    expect(transcript.challenge()).to.equal(readUint(keccak_256(second)) % SCALAR_FIELD);
  });

  it("a round's polynomial has the claim as the sum of its values at 0 and 1", () => {
    const element = fc.bigInt({ min: 0n, max: SCALAR_FIELD - 1n });
    const polynomials = fc.array(fc.array(element, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(polynomials, fc.array(element, { minLength: 4, maxLength: 4 }), (list, points) => {
        const at = ([a = 0n, b = 0n, c = 0n, d = 0n]: readonly bigint[], x: bigint): bigint =>
          mod(a + b * x + c * x * x + d * x * x * x);
        // Each polynomial is moved by a constant so that it begins where the one before ends.
        let claim = mod(at(list[0] as bigint[], 0n) + at(list[0] as bigint[], 1n));
        const start = claim;
        const rounds = list.map(([a = 0n, b = 0n, c = 0n, d = 0n], i) => {
          const linear = mod(claim - 2n * a - c - d);
          if (i === 0) expect(linear).to.equal(b);
          claim = at([a, linear, c, d], points[i] as bigint);
          return { bytes: new Uint8Array(), values: [a, c, d] };
        });
        const reduced = reduceSum(scripted(points), start, rounds);
        expect(reduced.claim).to.equal(claim);
        expect(reduced.point).to.deep.equal(points.slice(0, list.length).reverse());
      }),
    );
  });

  describe("opening", () => {
    let key: Key;
    let seal: Seal;
    const [eta, zeta, nu, z] = [3n, 5n, 7n, 11n];
    const s = [21n, 22n, 23n, 24n];
    /** η, ζ, ν, z in the order in which they are drawn */
    const open = (drawn: { zeta?: bigint; z?: bigint }, point = s): Promise<boolean> =>
      opens(key, { r: [1n, 2n, 3n, 4n, 5n, 6n], rho: [1n, 2n, 3n, 4n, 5n, 6n] }, point, seal, challenges(drawn));
    const challenges = (drawn: { zeta?: bigint; z?: bigint }): Challenger =>
      scripted([eta, drawn.zeta ?? zeta, nu, drawn.z ?? z]);

    before(async () => {
      const honest = await honestTiny(4);
      key = await parseTensorcheckKey(honest.key);
      const nothing = new Uint8Array(honest.seal.length);
      seal = readSeal(key, nothing) as Seal;
      // All commitments are infinity, the key's too: every polynomial is 0, and is opened as that.
      key = { ...key, pre: key.pre.map(() => ({ x: 0n, y: 0n })) };
    });

    it("of nothing but zeros holds", async () => {
      expect(await open({})).to.equal(true);
    });

    it("refuses a denominator of 0, of which there are three", async () => {
      for (const j of [0, 3]) {
        const root = mod(zeta ** BigInt(2 ** j));
        expect(await open({ z: root }), `z = r_${j}`).to.equal(false);
        expect(await open({ z: mod(-root) }), `z = -r_${j}`).to.equal(false);
        // (1 − s_j) r_j + s_j = 0 for s_j = r_j / (r_j − 1)
        const point = s.with(j, mod(root * (inverse(root - 1n) as bigint)));
        expect(await open({}, point), `s_${j}`).to.equal(false);
      }
    });

    it("refuses an evaluation that is not 0, whatever is drawn", async () => {
      const evaluations = { bytes: new Uint8Array(), values: seal.evaluations.values.with(1, 1n) };
      const lying = { ...seal, evaluations };
      expect(await opens(key, { r: s.concat(s), rho: s }, s, lying, challenges({}))).to.equal(false);
    });
  });
});
