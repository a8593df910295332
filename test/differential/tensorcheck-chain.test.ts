// SPDX-License-Identifier: GPL-3.0-or-later
// TypeScript verifier == TensorcheckProofSystem: changed seals, claims and keys get the same verdict from both, by the same name
// (and number, where keys are malformed).
import { expect } from "chai";
import { network } from "hardhat";
import { keccak256 } from "ethers";
import { parseTensorcheckKey } from "../../verifier/proofs/tensorcheck/verify/key.ts";
import { verify } from "../../verifier/proofs/tensorcheck/verify/verify.ts";
import { readUint, SCALAR_FIELD, uint256Bytes } from "../../verifier/proofs/points.ts";
import type { Claim } from "../../verifier/proofs/types.ts";
import { randomInputs } from "../graph/arbitraries.ts";
import { fullGraph } from "../graph/full-graph.ts";
import { integers, perceptron } from "../helpers/circuit-models.ts";
import { errorOf } from "../helpers/errors.ts";
import { forgeSeal } from "../proofs/tensorcheck/forge.ts";
import { honestGraph, honestKinds, honestTiny, type Honest } from "../proofs/tensorcheck/honest.ts";
import { keyWith, TAU2, WRONG } from "../proofs/tensorcheck/key-pieces.ts";
import { sealMutations } from "../proofs/tensorcheck/mutations.ts";
import { TAU, tau2Bytes } from "../proofs/tensorcheck/powers.ts";

const DEEP = process.env["VERIGRAD_TEST_DEEP"] === "1";
const RUNS = DEEP ? 10_000 : 500;
const OK = "ok";

type Contract = Awaited<ReturnType<Awaited<ReturnType<typeof network.create>>["ethers"]["deployContract"]>>;

const words = (tau2: Uint8Array): bigint[] => [0, 1, 2, 3].map((i) => readUint(tau2, 32 * i));

describe("differential: tensorcheck's verifier == chain", function () {
  this.timeout(DEEP ? 7_200_000 : 240_000);
  let ethers: Awaited<ReturnType<typeof network.create>>["ethers"];
  let system: Contract;
  let setup: Uint8Array;
  let proofs: Honest[];

  before(async () => {
    ({ ethers } = await network.create());
    setup = await tau2Bytes(TAU);
    system = await ethers.deployContract("TensorcheckProofSystem", [words(setup)]);
    proofs = [
      ...(await Promise.all([1, 2, 6].map((n) => honestTiny(n)))),
      await honestKinds(2),
      await honestGraph(fullGraph(), randomInputs(fullGraph(), integers(3)), { n: 8, tableBits: 5 }),
      await honestGraph(perceptron([5, 4, 3], { shift: 6 }), [[1, 2, 16, 4, 5]], { n: 6, tableBits: 8 }),
    ];
    for (const { key } of proofs) await (await system.getFunction("registerKey")(key)).wait();
  });

  /** "ok", or the error that a call reverts with; a malformed key's with its number. */
  async function verdictOf(call: Promise<unknown>, contract = system): Promise<string> {
    try {
      await call;
      return OK;
    } catch (error) {
      const { data } = error as { data?: unknown };
      const parsed = typeof data === "string" ? contract.interface.parseError(data) : null;
      if (!parsed) throw error;
      return parsed.name === "MalformedKey" ? `MalformedKey(${String(parsed.args[0])})` : parsed.name;
    }
  }

  async function same(what: string, { key }: Honest, claim: Claim, seal: Uint8Array): Promise<string> {
    const verdict = await verify(key, claim, seal, { setup });
    const here = verdict.ok ? OK : verdict.code;
    const { context, input, output } = claim;
    const there = await verdictOf(
      system.getFunction("verify").staticCall(keccak256(key), context, input, output, seal),
    );
    expect(there, `${what}: chain ${there}, TypeScript ${here}`).to.equal(here);
    return here;
  }

  it("accepts honest proofs, for chunks of any size", async () => {
    for (const proof of proofs) {
      expect(await same(`n = ${proof.numbered.placement.n}`, proof, proof.claim, proof.seal)).to.equal(OK);
    }
  });

  it("T22: with a τ that somebody knows, a lie passes here and there", async () => {
    const proof = proofs.at(-1) as Honest;
    const { claim, key, seal } = proof;
    const lie = { ...claim, output: claim.output.map((byte, i) => (i === claim.output.length - 1 ? byte ^ 1 : byte)) };
    expect(await same("honest seal", proof, lie, seal)).to.equal("InvalidProof");
    expect(await same("forged seal", proof, lie, await forgeSeal(key, lie, seal, TAU))).to.equal(OK);
    expect(await same("another τ", proof, lie, await forgeSeal(key, lie, seal, TAU + 1n))).to.equal("InvalidProof");
  });

  it("seals: every word changed in every way", async () => {
    const proof = proofs[1] as Honest;
    for (const { name, seal, code } of sealMutations(proof.numbered, proof.seal)) {
      expect(await same(name, proof, proof.claim, seal), name).to.equal(code);
    }
  });

  it("claims and seals changed at random, a byte, a word or an exchange at a time", async () => {
    const draw = integers(11);
    const verdicts = new Map<string, number>();
    const changed = (bytes: Uint8Array): Uint8Array => {
      const copy = Uint8Array.from(bytes);
      const at = draw(0, copy.length - 1);
      copy[at] = (copy[at] as number) ^ (1 << draw(0, 7));
      if (draw(0, 3) === 0) {
        const [from, to] = [32 * draw(0, copy.length / 32), 32 * draw(0, copy.length / 32)];
        copy.copyWithin(to, from, from + 64);
      }
      return draw(0, 19) === 0 ? copy.subarray(0, draw(0, copy.length)) : copy;
    };
    for (let run = 0; run < RUNS; run++) {
      const proof = proofs[draw(0, proofs.length - 1)] as Honest;
      const { claim, seal } = proof;
      const part = draw(0, 9);
      const context = part === 0 ? SCALAR_FIELD - 1n + BigInt(draw(0, 1)) : claim.context;
      const input = part === 1 ? changed(claim.input) : claim.input;
      const output = part === 2 ? changed(claim.output) : claim.output;
      const verdict = await same(
        `run ${run}`,
        proof,
        { context, input, output },
        part === 0 || part > 2 ? changed(seal) : seal,
      );
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    }
    for (const name of ["ScalarOutOfField", "WrongLength", "ValueOutOfRange", "MalformedSeal", "InvalidProof"]) {
      expect(verdicts.get(name) ?? 0, name).to.be.greaterThan(0);
    }
  });

  it("the first check that fails names the error", async () => {
    const proof = proofs[0] as Honest;
    const { claim } = proof;
    const none: Uint8Array = new Uint8Array();
    const at = async (changes: Partial<Claim>, seal = none): Promise<string> =>
      same(JSON.stringify(Object.keys(changes)), proof, { ...claim, ...changes }, seal);
    const over = Uint8Array.of(61, 0, 0);
    expect(await at({ context: SCALAR_FIELD, input: none, output: none })).to.equal("ScalarOutOfField");
    expect(await at({ input: none, output: over })).to.equal("WrongLength");
    expect(await at({ input: Uint8Array.of(0, 0, 8), output: none })).to.equal("ValueOutOfRange");
    expect(await at({ output: none })).to.equal("WrongLength");
    expect(await at({ output: over })).to.equal("ValueOutOfRange");
    expect(await at({})).to.equal("MalformedSeal");
    expect(await at({ context: 0n }, proof.seal)).to.equal("InvalidProof");
  });

  describe("registerKey", () => {
    /** Verdict on a key by the chain, the same as the parser's. */
    async function sameKey(what: string, key: Uint8Array, contract: Contract, tau2: Uint8Array): Promise<string> {
      const error = await errorOf(parseTensorcheckKey(key, tau2));
      const here = error === null ? OK : `MalformedKey(${String(error.data.reason)})`;
      const there = await verdictOf(contract.getFunction("registerKey").staticCall(key), contract);
      expect(there, what).to.equal(here);
      return there;
    }

    it("T22 and every other check of a key, with its number", async () => {
      const tau2 = Uint8Array.from(Buffer.from(TAU2, "hex"));
      const contract = await ethers.deployContract("TensorcheckProofSystem", [words(tau2)]);
      expect(await sameKey("all well", keyWith(), contract, tau2)).to.equal(OK);
      for (const [changes, reason] of WRONG) {
        const key = keyWith(changes);
        // A set-up of the key's own is refused as such.
        const expected = "tau" in changes ? 13 : reason;
        expect(await sameKey(JSON.stringify(changes), key, contract, tau2)).to.equal(`MalformedKey(${expected})`);
      }
      const whole = keyWith();
      for (let length = 0; length < whole.length; length += DEEP ? 1 : 5) {
        const verdict = await sameKey(`cut to ${length}`, whole.subarray(0, length), contract, tau2);
        expect(verdict).to.equal("MalformedKey(1)");
      }
    });

    it("keys changed at random", async () => {
      const tau2 = Uint8Array.from(Buffer.from(TAU2, "hex"));
      const contract = await ethers.deployContract("TensorcheckProofSystem", [words(tau2)]);
      const draw = integers(5);
      const keys: [Uint8Array, Contract, Uint8Array][] = [
        [keyWith(), contract, tau2],
        ...proofs.map(({ key }): [Uint8Array, Contract, Uint8Array] => [key, system, setup]),
      ];
      const verdicts = new Set<string>();
      for (let run = 0; run < RUNS; run++) {
        const [key, target, tau] = keys[draw(0, keys.length - 1)] as (typeof keys)[number];
        const copy = Uint8Array.from(key);
        for (let times = draw(1, 2); times > 0; times--) {
          const at = draw(0, copy.length - 1);
          copy[at] = draw(0, 1) === 0 ? draw(0, 255) : ((copy[at] as number) + 1) & 255;
        }
        verdicts.add(await sameKey(`run ${run}: ${Buffer.from(copy).toString("hex")}`, copy, target, tau));
      }
      expect(verdicts).to.include(OK);
      expect(verdicts.size).to.be.greaterThan(8);
    });
  });

  it("a batch is what its claims are, one by one", async () => {
    const { key, claim, seal } = proofs[1] as Honest;
    const batch = (...claims: readonly (readonly [Claim, Uint8Array])[]): Promise<string> =>
      verdictOf(
        system.getFunction("verifyBatch").staticCall(
          keccak256(key),
          claims.map(([{ context }]) => context),
          claims.map(([{ input }]) => input),
          claims.map(([{ output }]) => output),
          claims.map(([, bytes]) => bytes),
        ),
      );
    expect(await batch()).to.equal(OK);
    expect(await batch([claim, seal])).to.equal(OK);
    expect(await batch([claim, seal], [claim, seal], [claim, seal])).to.equal(OK);
    expect(await batch([claim, seal], [{ ...claim, context: 0n }, seal])).to.equal("InvalidProof");
    expect(await batch([claim, seal.subarray(32)], [{ ...claim, context: 0n }, seal])).to.equal("MalformedSeal");
    expect(await batch([claim, seal], [{ ...claim, input: new Uint8Array() }, seal])).to.equal("WrongLength");
    const { context, input, output } = claim;
    const uneven: readonly unknown[][] = [
      [[context], [], [output], [seal]],
      [[context], [input], [], [seal]],
      [[context], [input], [output], []],
    ];
    for (const columns of uneven) {
      const call = system.getFunction("verifyBatch").staticCall(keccak256(key), ...columns);
      expect(await verdictOf(call)).to.equal("BatchLengthMismatch");
    }
  });

  it("a key that nobody registered", async () => {
    const { claim, seal } = proofs[0] as Honest;
    const { context, input, output } = claim;
    const stranger = uint256Bytes(1n);
    for (const [method, args] of [
      ["verify", [stranger, context, input, output, seal]],
      ["verifyBatch", [stranger, [], [], [], []]],
      ["checkInput", [stranger, input]],
      ["outputLengthOf", [stranger]],
      ["keyOf", [stranger]],
    ] as const) {
      expect(await verdictOf(system.getFunction(method).staticCall(...args)), method).to.equal("UnknownKey");
    }
  });
});
