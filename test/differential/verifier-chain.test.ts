// SPDX-License-Identifier: GPL-3.0-or-later
// Strict verifier == chain: mangled proofs, claims and keys get the same verdict, by the same name, from the TypeScript
// verifier and from Groth16ProofSystem.
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { network } from "hardhat";
import { groth16, setupDevelopment } from "../../verifier/proofs/groth16/index.ts";
import { BASE_FIELD as q, concat, readUint, SCALAR_FIELD as r, uint256Bytes } from "../../verifier/proofs/points.ts";
import type { Claim } from "../../verifier/proofs/types.ts";
import { encodeTensors } from "../../verifier/tensor/codec.ts";
import { integers, perceptron, writePackage } from "../helpers/circuit-models.ts";

const graph = perceptron([5, 2, 2], { seed: 9, pixelMax: 11 });
const OK = "ok";

/** A point on the twist outside the subgroup of order r: the twist's cofactor is not 1, so almost any point will do. */
const OFF_SUBGROUP = offSubgroup();

function offSubgroup(): Uint8Array {
  const mod = (v: bigint): bigint => ((v % q) + q) % q;
  const pow = (base: bigint, exponent: bigint): bigint => {
    let result = 1n;
    for (base = mod(base); exponent > 0n; exponent >>= 1n) {
      if (exponent & 1n) result = (result * base) % q;
      base = (base * base) % q;
    }
    return result;
  };
  const rootOf = (v: bigint): bigint | null => {
    const root = pow(v, (q + 1n) / 4n);
    return (root * root) % q === mod(v) ? root : null;
  };
  const b = [
    19485874751759354771024239261021720505790618469301721065564631296452457478373n,
    266929791119991161246907387137283842545076965332900288569378510910307636690n,
  ] as const;
  for (let x = 1n; ; x++) {
    // y^2 = x^3 + b with x in F_q; y = s + t u: s^2 = (c0 + |c|) / 2, t = c1 / (2 s)
    const [c0, c1] = [mod(x * x * x + b[0]), b[1]];
    const norm = rootOf(c0 * c0 + c1 * c1);
    if (norm === null) continue;
    const s = rootOf((c0 + norm) * pow(2n, q - 2n)) ?? rootOf((c0 - norm) * pow(2n, q - 2n));
    if (s === null || s === 0n) continue;
    const t = mod(c1 * pow(2n * s, q - 2n));
    return concat([0n, x, t, s].map(uint256Bytes));
  }
}

describe("differential: strict verifier == chain", function () {
  type Contract = Awaited<ReturnType<Awaited<ReturnType<typeof network.create>>["ethers"]["deployContract"]>>;
  let contract: Contract;
  let key: Uint8Array;
  let claim: Claim;
  let seal: Uint8Array;
  let keyHash: string;

  before(async () => {
    const directory = await writePackage(graph);
    await setupDevelopment(directory);
    key = await readFile(join(directory, "setup/key.bin"));
    const input = encodeTensors(
      graph.inputs.map((port) => port.spec),
      [[0, 11, 3, 7, 5]],
    );
    const proof = await groth16.prove(directory, { context: 99n, input });
    ({ seal } = proof);
    claim = { context: 99n, input, output: proof.output };
    await rm(directory, { recursive: true });
    const { ethers } = await network.create();
    contract = await ethers.deployContract("Groth16ProofSystem");
    await (await contract.getFunction("registerKey")(key)).wait();
    keyHash = ethers.keccak256(key);
  });

  /** Name of the error that a call reverts with. */
  async function nameOf(call: Promise<unknown>): Promise<string> {
    try {
      await call;
      return OK;
    } catch (error) {
      const data = revertData(error);
      const parsed = data === null ? null : contract.interface.parseError(data);
      if (parsed === null) throw error;
      return parsed.name;
    }
  }

  const onChain = ({ context, input, output }: Claim, bytes: Uint8Array): Promise<string> =>
    nameOf(contract.getFunction("verify").staticCall(keyHash, context, input, output, bytes));

  async function offChain(statement: Claim, bytes: Uint8Array, blob = key): Promise<string> {
    const verdict = await groth16.verify(blob, statement, bytes);
    return verdict.ok ? OK : verdict.code;
  }

  async function same(what: string, statement: Claim, bytes: Uint8Array, expected?: string): Promise<string> {
    const [here, there] = [await offChain(statement, bytes), await onChain(statement, bytes)];
    expect(here, `${what}: TypeScript ${here}, chain ${there}`).to.equal(there);
    if (expected !== undefined) expect(here, what).to.equal(expected);
    return here;
  }

  const word = (bytes: Uint8Array, i: number, change: (value: bigint) => bigint): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    copy.set(uint256Bytes(BigInt.asUintN(256, change(readUint(bytes, 32 * i)))), 32 * i);
    return copy;
  };

  it("accepts the honest proof and its negation (−A, −B)", async () => {
    await same("honest", claim, seal, OK);
    const negated = [1, 4, 5].reduce((bytes, i) => word(bytes, i, (v) => q - v), seal);
    await same("negated", claim, negated, OK);
    await same(
      "A alone negated",
      claim,
      word(seal, 1, (v) => q - v),
      "InvalidProof",
    );
  });

  it("seal: aliases, lengths, infinity, subgroup, swapped limbs", async () => {
    for (let i = 0; i < 8; i++) {
      await same(
        `word ${i} + q`,
        claim,
        word(seal, i, (v) => v + q),
        "MalformedSeal",
      );
      await same(
        `word ${i} + r`,
        claim,
        word(seal, i, (v) => v + r),
        "MalformedSeal",
      );
      await same(
        `word ${i} + 1`,
        claim,
        word(seal, i, (v) => v + 1n),
        "MalformedSeal",
      );
      await same(
        `word ${i} = q`,
        claim,
        word(seal, i, () => q),
        "MalformedSeal",
      );
      await same(
        `word ${i} = 2^256 - 1`,
        claim,
        word(seal, i, () => -1n),
        "MalformedSeal",
      );
    }
    for (const length of [0, 1, 32, 255]) await same(`cut to ${length}`, claim, seal.slice(0, length), "MalformedSeal");
    await same("one byte more", claim, concat([seal, Uint8Array.of(0)]), "MalformedSeal");
    for (const [at, length] of [
      [0, 64],
      [64, 128],
      [192, 64],
    ] as const) {
      await same(`infinity at ${at}`, claim, Uint8Array.from(seal).fill(0, at, at + length), "MalformedSeal");
    }
    await same("all zero", claim, new Uint8Array(256), "MalformedSeal");
    await same(
      "B outside its subgroup",
      claim,
      concat([seal.slice(0, 64), OFF_SUBGROUP, seal.slice(192)]),
      "MalformedSeal",
    );
    for (const i of [2, 4]) {
      const [a, b] = [readUint(seal, 32 * i), readUint(seal, 32 * i + 32)];
      await same(
        `limbs of B swapped at ${i}`,
        claim,
        word(
          word(seal, i, () => b),
          i + 1,
          () => a,
        ),
        "MalformedSeal",
      );
    }
    const [a, c] = [seal.slice(0, 64), seal.slice(192)];
    await same("A and C swapped", claim, concat([c, seal.slice(64, 192), a]), "InvalidProof");
    await same("C = A", claim, concat([seal.slice(0, 192), a]), "InvalidProof");
  });

  it("seal: every byte changed", async () => {
    const draw = integers(4);
    for (let at = 0; at < seal.length; at++) {
      const changed = Uint8Array.from(seal);
      changed[at] = (changed[at] as number) ^ draw(1, 255);
      expect(await same(`byte ${at}`, claim, changed)).to.not.equal(OK);
    }
  });

  it("claim: context, input and output, in the chain's order of checks", async () => {
    await same("context + r", { ...claim, context: claim.context + r }, seal, "ScalarOutOfField");
    await same("context = r", { ...claim, context: r }, seal, "ScalarOutOfField");
    await same("another context", { ...claim, context: 0n }, seal, "InvalidProof");
    const bytes = (change: (copy: Uint8Array) => void, from: Uint8Array): Uint8Array => {
      const copy = Uint8Array.from(from);
      change(copy);
      return copy;
    };
    await same("input above hi", { ...claim, input: bytes((b) => b.set([12]), claim.input) }, seal, "ValueOutOfRange");
    await same("input in range", { ...claim, input: bytes((b) => b.set([1]), claim.input) }, seal, "InvalidProof");
    await same(
      "output far out",
      { ...claim, output: bytes((b) => b.set([0x7f]), claim.output) },
      seal,
      "ValueOutOfRange",
    );
    for (const part of ["input", "output"] as const) {
      await same(`${part} short`, { ...claim, [part]: claim[part].slice(1) }, seal, "WrongLength");
      await same(`${part} long`, { ...claim, [part]: concat([claim[part], Uint8Array.of(0)]) }, seal, "WrongLength");
      await same(`${part} empty`, { ...claim, [part]: new Uint8Array() }, seal, "WrongLength");
    }
    const bad = { context: r, input: new Uint8Array(), output: new Uint8Array() };
    await same("all wrong: the context first", bad, new Uint8Array(), "ScalarOutOfField");
    await same(
      "then the input",
      { ...bad, context: 1n, input: bytes((b) => b.set([99]), claim.input) },
      new Uint8Array(),
      "ValueOutOfRange",
    );
    await same("then the output", { ...claim, output: new Uint8Array() }, new Uint8Array(), "WrongLength");
    await same("then the seal", { ...claim, context: 1n }, new Uint8Array(), "MalformedSeal");
  });

  it("key: registerKey and the verifier refuse the same blobs", async () => {
    const register = (blob: Uint8Array): Promise<string> =>
      nameOf(contract.getFunction("registerKey").staticCall(blob));
    const draw = integers(77);
    const points = key.length - icBytes() - 448;
    const blobs: Uint8Array[] = [key.slice(1), key.slice(0, -1), concat([key, Uint8Array.of(0)]), new Uint8Array()];
    for (let i = 0; i < 60; i++) {
      const copy = Uint8Array.from(key);
      const at = i < 45 ? i : draw(points, key.length - 1); // the head byte by byte, then points
      copy[at] = (copy[at] as number) ^ draw(1, 255);
      blobs.push(copy);
    }
    const [beta, gamma, delta] = [0, 1, 2].map((i) => key.length - icBytes() - 384 + 128 * i) as [
      number,
      number,
      number,
    ];
    const copyPoint = (from: number, to: number, negate: boolean): Uint8Array => {
      const copy = Uint8Array.from(key);
      copy.copyWithin(to, from, from + 128);
      if (negate) for (const at of [to + 64, to + 96]) copy.set(uint256Bytes(q - readUint(copy, at)), at);
      return copy;
    };
    for (const negate of [false, true]) {
      for (const [from, to] of [
        [gamma, delta],
        [delta, gamma],
        [gamma, beta],
        [delta, beta],
      ] as const) {
        const blob = copyPoint(from, to, negate);
        expect(await register(blob)).to.equal("ForgeableKey");
        blobs.push(blob);
      }
    }
    for (const at of [beta, gamma, delta]) {
      const outside = Uint8Array.from(key);
      outside.set(OFF_SUBGROUP, at);
      expect(await register(outside)).to.equal("MalformedKey");
      blobs.push(outside, Uint8Array.from(key).fill(0, at, at + 128));
    }
    for (const [i, blob] of blobs.entries()) {
      const there = await register(blob);
      const here = await offChain(claim, seal, blob);
      if (there === OK) expect(["ok", "InvalidProof", "ValueOutOfRange", "WrongLength"], `key ${i}`).to.include(here);
      else expect(here, `key ${i}: TypeScript ${here}, chain ${there}`).to.equal(there);
    }
  });

  /** Length of ic in the key: one point for the constant and one a public signal (context, 1 input word, 1 output word). */
  const icBytes = (): number => 64 * 4;
});

function revertData(error: unknown): string | null {
  for (let at = error; typeof at === "object" && at !== null; at = (at as { cause?: unknown; error?: unknown }).cause) {
    const { data } = at as { data?: unknown };
    if (typeof data === "string" && data.startsWith("0x")) return data;
  }
  return null;
}
