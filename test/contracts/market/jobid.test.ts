// SPDX-License-Identifier: GPL-3.0-or-later
// Job ids and contexts: the contract against ethers' EIP-712 encoder, with the type string as docs/spec/formats.md has it.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { AbiCoder, id, keccak256, toBeHex, TypedDataEncoder, type BaseContract, type Contract } from "ethers";
import fc from "fast-check";
import { network } from "hardhat";
import VerigradLocal from "../../../ignition/modules/VerigradLocal.ts";
import { contextOf, jobIdOf } from "../../../verifier/chain/hashes.ts";

type Field = readonly [name: string, type: string];
type Value = string | bigint;

const formats = readFileSync(new URL("../../../docs/spec/formats.md", import.meta.url), "utf8");
const typeString = /`Request\(([^)]*)\)`/.exec(formats)?.[1] ?? "";
const FIELDS: readonly Field[] = typeString.split(",").map((field) => {
  const [type = "", name = ""] = field.split(" ");
  return [name, type];
});

/** Any value of a field's type; enums only as far as they go. */
function valueOf([name, type]: Field): fc.Arbitrary<Value> {
  if (name === "inputMode") return fc.bigInt({ min: 0n, max: 1n });
  if (name === "mode") return fc.bigInt({ min: 0n, max: 2n });
  const hex = (bytes: number): fc.Arbitrary<string> =>
    fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => `0x${Buffer.from(value).toString("hex")}`);
  if (type === "address") return hex(20);
  if (type === "bytes32") return hex(32);
  if (type === "bytes") return fc.nat(200).chain(hex);
  return fc.bigInt({ min: 0n, max: (1n << BigInt(type.slice(4))) - 1n });
}

const anyRequest = fc
  .tuple(...FIELDS.map(valueOf))
  .map((values) => Object.fromEntries(FIELDS.map(([name], i) => [name, values[i] as Value])));

describe("InferenceMarket: job ids and contexts", function () {
  let market: BaseContract & Omit<Contract, keyof BaseContract>;
  let address: `0x${string}`;
  let chainId: bigint;

  before(async () => {
    const { ignition, ethers } = await network.create();
    ({ market } = await ignition.deploy(VerigradLocal));
    address = (await market.getAddress()) as `0x${string}`;
    chainId = (await ethers.provider.getNetwork()).chainId;
  });

  it("formats.md names the fields of the contract's Request, in order", () => {
    const inputs = market.interface.getFunction("jobIdOf")?.inputs[0]?.components ?? [];
    expect(inputs.map(({ name }) => name)).to.deep.equal(FIELDS.map(([name]) => name));
    expect(inputs.map(({ type }) => type)).to.deep.equal(FIELDS.map(([, type]) => type));
  });

  it("a request's id is ethers' EIP-712 digest and the product's", async () => {
    const domain = { name: "Verigrad InferenceMarket", version: "1", chainId, verifyingContract: address };
    const types = { Request: FIELDS.map(([name, type]) => ({ name, type })) };
    await fc.assert(
      fc.asyncProperty(anyRequest, async (request) => {
        const onChain: unknown = await market.getFunction("jobIdOf")(request);
        expect(onChain).to.equal(TypedDataEncoder.hash(domain, types, request));
        expect(onChain).to.equal(jobIdOf(chainId, address, request as unknown as Parameters<typeof jobIdOf>[2]));
      }),
      { numRuns: 40 },
    );
  });

  it("an enum beyond its values is no request", async () => {
    const [request] = fc.sample(anyRequest, 1);
    for (const wrong of [
      { ...request, inputMode: 2n },
      { ...request, mode: 3n },
    ]) {
      const refused = await market
        .getFunction("jobIdOf")(wrong)
        .then(
          () => false,
          () => true,
        );
      expect(refused).to.equal(true);
    }
  });

  it("a context is the formula of formats.md, section 7", async () => {
    const domainJob = id("verigrad.job.v1");
    const bytes = (length: number): fc.Arbitrary<`0x${string}`> =>
      fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((value): `0x${string}` => `0x${Buffer.from(value).toString("hex")}`);
    await fc.assert(
      fc.asyncProperty(bytes(32), bytes(20), async (jobId, payee) => {
        const onChain: unknown = await market.getFunction("contextOf")(jobId, payee);
        const encoded = AbiCoder.defaultAbiCoder().encode(
          ["bytes32", "uint256", "address", "bytes32", "address"],
          [domainJob, chainId, address, jobId, payee],
        );
        expect(onChain).to.equal(BigInt(keccak256(encoded)) >> 8n);
        expect(onChain).to.equal(contextOf(chainId, address, jobId, payee));
        expect(toBeHex(onChain as bigint, 32).slice(0, 4)).to.equal("0x00");
      }),
      { numRuns: 40 },
    );
  });
});
