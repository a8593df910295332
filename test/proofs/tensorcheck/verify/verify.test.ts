// SPDX-License-Identifier: GPL-3.0-or-later
// Honest proofs verify; whatever is changed in one, the verdict is the one that the specification names.
import { expect } from "chai";
import { verify } from "../../../../verifier/proofs/tensorcheck/verify/verify.ts";
import type { Claim, Verdict } from "../../../../verifier/proofs/types.ts";
import { SCALAR_FIELD } from "../../../../verifier/proofs/points.ts";
import { perceptron } from "../../../helpers/circuit-models.ts";
import { honestGraph, honestKinds, honestTiny, type Honest } from "../honest.ts";
import { sealMutations } from "../mutations.ts";
import { TAU, tau2Bytes } from "../powers.ts";

const codeOf = (verdict: Verdict): string => (verdict.ok ? "ok" : verdict.code);

describe("tensorcheck/verify", function () {
  let tiny: Honest;
  let kinds: Honest;
  let graph: Honest;

  before(async () => {
    tiny = await honestTiny();
    kinds = await honestKinds();
    graph = await honestGraph(perceptron([5, 4, 3], { shift: 6 }), [[1, 2, 16, 4, 5]], { n: 6, tableBits: 8 });
  });

  const verdict = async ({ key, claim, seal }: Honest, changes: Partial<Claim> = {}, other = seal): Promise<string> =>
    codeOf(await verify(key, { ...claim, ...changes }, other));

  it("accepts honest proofs, for chunks of any size", async () => {
    expect(await verdict(graph)).to.equal("ok");
    expect(await verdict(tiny)).to.equal("ok");
    expect(await verdict(kinds)).to.equal("ok");
    for (const n of [1, 2, 6]) expect(await verdict(await honestTiny(n)), `n = ${n}`).to.equal("ok");
    for (const n of [1, 4]) expect(await verdict(await honestKinds(n)), `n = ${n}`).to.equal("ok");
  });

  it("accepts only the set-up that it is told to", async () => {
    const { key, claim, seal } = tiny;
    expect(await verify(key, claim, seal, { setup: await tau2Bytes(TAU) })).to.deep.equal({ ok: true });
    expect(codeOf(await verify(key, claim, seal, { setup: await tau2Bytes(TAU + 1n) }))).to.equal("MalformedKey");
  });

  it("refuses every changed word of the seal, by name", async () => {
    for (const honest of [tiny, kinds]) {
      for (const { name, seal, code } of sealMutations(honest.numbered, honest.seal)) {
        expect(await verdict(honest, {}, seal), name).to.equal(code);
      }
    }
  });

  it("refuses every other claim with the same seal", async () => {
    const { claim } = tiny;
    const changed = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    for (let at = 0; at < claim.input.length; at++) {
      expect(await verdict(tiny, { input: changed(claim.input, at) }), `input ${at}`).to.equal("InvalidProof");
    }
    for (let at = 0; at < claim.output.length; at++) {
      expect(await verdict(tiny, { output: changed(claim.output, at) }), `output ${at}`).to.equal("InvalidProof");
    }
    for (const context of [0n, claim.context + 1n, SCALAR_FIELD - 1n]) {
      expect(await verdict(tiny, { context }), `context ${context}`).to.equal("InvalidProof");
    }
  });

  it("refuses a seal under every other key, byte by byte", async () => {
    const { key, claim, seal } = tiny;
    const codes = new Map<string, number>();
    for (let at = 0; at < key.length; at++) {
      const other = Uint8Array.from(key);
      other[at] = (key[at] as number) ^ (1 << (at % 8));
      const code = codeOf(await verify(other, claim, seal));
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()]).not.to.include("ok");
    expect(codes.get("InvalidProof")).to.be.greaterThan(20);
  });

  it("binds a seal to its key, even where keys differ in a scale only", async () => {
    const { key, claim, seal } = tiny;
    // selector 4, mode 1, length 2, count 1, rank 1, a dimension 4, type 1: the exponent of the input
    const other = Uint8Array.from(key, (byte, i) => (i === 14 ? 3 : byte));
    expect(codeOf(await verify(other, claim, seal))).to.equal("InvalidProof");
  });

  it("names the first check that fails", async () => {
    const { key, claim } = tiny;
    const peel: [string, Partial<Claim>, Uint8Array, Uint8Array][] = [
      ["MalformedKey", { context: -1n }, new Uint8Array(), key.subarray(1)],
      ["ScalarOutOfField", { context: SCALAR_FIELD, input: new Uint8Array() }, new Uint8Array(), key],
      ["ScalarOutOfField", { context: -1n, input: new Uint8Array() }, new Uint8Array(), key],
      ["WrongLength", { input: new Uint8Array(2), output: Uint8Array.of(61, 0, 0) }, new Uint8Array(), key],
      ["WrongLength", { input: new Uint8Array(4), output: Uint8Array.of(61, 0, 0) }, new Uint8Array(), key],
      ["ValueOutOfRange", { input: Uint8Array.of(7, 8, 0), output: new Uint8Array() }, new Uint8Array(), key],
      ["WrongLength", { output: new Uint8Array(2) }, new Uint8Array(), key],
      ["ValueOutOfRange", { output: Uint8Array.of(0, 0, 61) }, new Uint8Array(), key],
      ["MalformedSeal", { output: Uint8Array.of(0, 0, 60) }, new Uint8Array(), key],
      ["InvalidProof", { output: Uint8Array.of(0, 0, 60) }, tiny.seal, key],
    ];
    for (const [code, changes, seal, blob] of peel) {
      expect(codeOf(await verify(blob, { ...claim, ...changes }, seal))).to.equal(code);
    }
  });
});
