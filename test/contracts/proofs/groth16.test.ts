// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { network } from "hardhat";
import type { BaseContract, Contract } from "ethers";
import { makeVectors, VECTORS_FILE, type Groth16Vectors } from "./groth16-vectors.ts";

const { keys, claims } = JSON.parse(readFileSync(VECTORS_FILE, "utf8")) as Groth16Vectors;

describe("Groth16ProofSystem: known answers", function () {
  let system: BaseContract & Omit<Contract, keyof BaseContract>;

  /** "ok", or the name of the contract's error. */
  async function verdictOf(call: Promise<unknown>): Promise<string> {
    try {
      await call;
      return "ok";
    } catch (error) {
      const { data } = error as { data?: string };
      return (typeof data === "string" ? system.interface.parseError(data)?.name : undefined) ?? String(error);
    }
  }

  before(async () => {
    const { ethers } = await network.create();
    system = await ethers.deployContract("Groth16ProofSystem");
    for (const { key, verdict } of keys) if (verdict === "ok") await system.getFunction("registerKey")(key);
  });

  it("the vectors are what the generator makes", () => {
    expect(makeVectors()).to.deep.equal(JSON.parse(readFileSync(VECTORS_FILE, "utf8")));
  });

  for (const { name, key, verdict } of keys) {
    it(`key: ${name} -> ${verdict}`, async () => {
      expect(await verdictOf(system.getFunction("registerKey").staticCall(key))).to.equal(verdict);
    });
  }

  for (const { name, key, context, input, output, seal, verdict } of claims) {
    it(`claim: ${name} -> ${verdict}`, async () => {
      expect(await verdictOf(system.getFunction("verify")(key, context, input, output, seal))).to.equal(verdict);
    });
  }

  it("the code fits", async () => {
    const code = await system.getDeployedCode();
    expect(((code as string).length - 2) / 2).to.be.lessThan(24_576);
  });
});
