// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import fc from "fast-check";
import { contextOf, jobIdOf, modelIdOf, priceAt } from "../../verifier/chain/hashes.ts";
import { registryInterface } from "../../verifier/chain/client.ts";
import type { Address, Hex, ModelSpec, Request } from "../../verifier/chain/types.ts";
import { SCALAR_FIELD } from "../../verifier/tensor/packing.ts";
import { newTestChain, type TestChain } from "../helpers/chain.ts";

const hexOf = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((b): Hex => `0x${Buffer.from(b).toString("hex")}`);
const uint = (bits: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n });
const anyRequest: fc.Arbitrary<Request> = fc.record({
  requester: hexOf(20),
  modelId: hexOf(32),
  inputMode: fc.constantFrom(0 as const, 1 as const),
  input: fc.uint8Array({ maxLength: 100 }).map((b): Hex => `0x${Buffer.from(b).toString("hex")}`),
  mode: fc.constantFrom(0 as const, 1 as const, 2 as const),
  token: hexOf(20),
  minFee: uint(96),
  maxFee: uint(96),
  rampStart: uint(64),
  rampLength: uint(32),
  claimDeadline: uint(64),
  proofWindow: uint(32),
  deadline: uint(64),
  collateral: uint(96),
  proposerBond: uint(96),
  challengerBond: uint(96),
  challengeWindow: uint(32),
  maxRoyaltyBps: uint(16),
  consumer: hexOf(20),
  callbackGas: uint(32),
  nonce: uint(256),
});

describe("ids, context and price: TypeScript and the contracts agree", () => {
  let chain: TestChain;
  before(async () => {
    chain = await newTestChain();
  });
  after(() => chain.close());

  it("job id and price of any request", async () => {
    const { market, deployment } = chain;
    await fc.assert(
      fc.asyncProperty(anyRequest, fc.integer({ min: -5, max: 2 ** 32 }), async (request, offset) => {
        const id = jobIdOf(deployment.chainId, deployment.market, request);
        expect(await market.getFunction("jobIdOf")(request)).to.equal(id);
        const ordered = request.minFee <= request.maxFee ? request : { ...request, maxFee: request.minFee };
        const at = ordered.rampStart + BigInt(offset) < 0n ? 0n : ordered.rampStart + BigInt(offset);
        expect(await market.getFunction("priceAt")(ordered, at)).to.equal(priceAt(ordered, at));
      }),
      { numRuns: 40 },
    );
  });

  it("price at each corner of the ramp, with and without length", async () => {
    const base = await chain.makeRequest(`0x${"01".repeat(32)}`, { minFee: 10n, maxFee: 1009n, rampStart: 1000n });
    for (const rampLength of [0n, 1n, 7n, 600n]) {
      const request = { ...base, rampLength };
      for (const at of [0n, 999n, 1000n, 1001n, 1006n, 1007n, 1599n, 1600n, 1n << 40n]) {
        expect(await chain.market.getFunction("priceAt")(request, at), `${rampLength} ${at}`).to.equal(
          priceAt(request, at),
        );
      }
    }
  });

  it("context, always below the field's order", async () => {
    const { market, deployment } = chain;
    await fc.assert(
      fc.asyncProperty(hexOf(32), hexOf(20), async (jobId, payee) => {
        const context = contextOf(deployment.chainId, deployment.market, jobId, payee);
        expect(await market.getFunction("contextOf")(jobId, payee)).to.equal(context);
        expect(context < SCALAR_FIELD).to.equal(true);
      }),
      { numRuns: 20 },
    );
  });

  it("model id of any spec, and every commitment is in it", async () => {
    const spec: ModelSpec = {
      proofSystem: "0x01020304",
      keyHash: `0x${"01".repeat(32)}`,
      graphHash: `0x${"02".repeat(32)}`,
      weightsHash: `0x${"03".repeat(32)}`,
      inputSpecHash: `0x${"04".repeat(32)}`,
      outputSpecHash: `0x${"05".repeat(32)}`,
      setupHash: `0x${"06".repeat(32)}`,
      cid: `0x01701220${"07".repeat(32)}`,
      previous: `0x${"08".repeat(32)}`,
      name: "m",
      royaltyPayee: `0x${"09".repeat(20)}`,
      royaltyBps: 5n,
    };
    const owner: Address = `0x${"0a".repeat(20)}`;
    const registered = async (of: Address, what: ModelSpec): Promise<Hex> => {
      const data = registryInterface.encodeFunctionData("modelIdOf", [of, what]);
      return (await chain.ethers.provider.call({ to: chain.deployment.registry, data })) as Hex;
    };
    const id = modelIdOf(owner, spec);
    expect(await registered(owner, spec)).to.equal(id);
    const commitments = Object.keys(spec).filter((key) => !["name", "royaltyPayee", "royaltyBps"].includes(key));
    for (const key of commitments as (keyof ModelSpec)[]) {
      const changed = { ...spec, [key]: `${String(spec[key]).slice(0, -2)}ff` };
      expect(modelIdOf(owner, changed), key).to.not.equal(id);
      expect(await registered(owner, changed), key).to.equal(modelIdOf(owner, changed));
    }
    expect(modelIdOf(owner, { ...spec, name: "other", royaltyBps: 6n }), "no commitments").to.equal(id);
  });
});
