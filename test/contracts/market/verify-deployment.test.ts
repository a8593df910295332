// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import { network } from "hardhat";
import Verigrad, { MARKET_PARAMETERS } from "../../../ignition/modules/Verigrad.ts";
import { artifactOf, verifyDeployment, type Expected } from "../../../scripts/verify-deployment/checks.ts";
import { openProvider } from "../../../verifier/chain/client.ts";
import type { Deployment } from "../../../verifier/chain/deployment.ts";
import type { Address } from "../../../verifier/chain/types.ts";
import { PERPETUAL_POWERS_OF_TAU } from "../../../verifier/proofs/published-ptau.ts";

const OTHER = "0x00000000000000000000000000000000000000ff";

async function deployed(parameters: Record<string, unknown> = {}) {
  const { ethers, ignition, provider } = await network.create();
  const [owner, token] = await ethers.getSigners();
  if (!owner || !token) throw new Error("the simulated network has too few accounts");
  const contracts = await ignition.deploy(Verigrad, {
    parameters: { Verigrad: { tokens: [token.address], ...parameters } },
  });
  await (await contracts.router.getFunction("acceptOwnership")()).wait();
  const at = async (name: keyof typeof contracts): Promise<Address> => (await contracts[name].getAddress()) as Address;
  const deployment: Deployment = {
    chainId: (await ethers.provider.getNetwork()).chainId,
    market: await at("market"),
    registry: await at("registry"),
    router: await at("router"),
    tokens: [token.address as Address],
    fromBlock: 0,
  };
  const expected: Expected = {
    parameters: MARKET_PARAMETERS,
    tau2: PERPETUAL_POWERS_OF_TAU,
    owner: owner.address as Address,
    guardian: owner.address as Address,
    tokens: [token.address as Address],
    operators: await at("operators"),
    artifacts: artifactOf,
  };
  const rpc = openProvider(provider, deployment.chainId);
  /** Names of the checks that fail. */
  const failures = async (changes: Partial<Expected> = {}, where: Partial<Deployment> = {}): Promise<string[]> => {
    const checks = await verifyDeployment(rpc, { ...deployment, ...where }, { ...expected, ...changes });
    return checks.filter((check) => !check.ok).map((check) => check.name);
  };
  const setCode = (address: Address, code: string): Promise<unknown> =>
    ethers.provider.send("hardhat_setCode", [address, code]);
  return { contracts, deployment, expected, failures, setCode, code: (a: Address) => ethers.provider.getCode(a), at };
}

describe("verify-deployment", function () {
  it("finds nothing to say about what the module deploys", async () => {
    expect(await (await deployed()).failures()).to.deep.equal([]);
  });

  it("compares every parameter of the market", async () => {
    const { failures } = await deployed();
    for (const [name, value] of Object.entries(MARKET_PARAMETERS)) {
      const wrong = await failures({ parameters: { ...MARKET_PARAMETERS, [name]: value + 1 } });
      expect(wrong).to.include(name);
    }
  });

  it("sees one byte of another code, in any contract", async () => {
    const { failures, setCode, code, deployment, at } = await deployed();
    for (const [name, address] of [
      ["InferenceMarket", deployment.market],
      ["ModelRegistry", deployment.registry],
      ["ProofSystemRouter", deployment.router],
      ["Groth16ProofSystem", await at("groth16")],
      ["TensorcheckProofSystem", await at("tensorcheck")],
      ["OperatorRegistry", await at("operators")],
    ] as const) {
      const honest = await code(address);
      // the last byte of the metadata hash: nothing runs it
      const last = Number.parseInt(honest.slice(-2), 16) ^ 1;
      await setCode(address, `${honest.slice(0, -2)}${last.toString(16).padStart(2, "0")}`);
      expect(await failures()).to.include(`code of ${name}`);
      await setCode(address, honest);
    }
  });

  it("sees an immutable that was changed in the code", async () => {
    const { failures, setCode, code, deployment } = await deployed();
    const honest = await code(deployment.market);
    const router = deployment.router.slice(2).toLowerCase();
    expect(honest).to.contain(router);
    await setCode(deployment.market, honest.replaceAll(router, OTHER.slice(2)));
    expect(await failures()).to.include.members(["code of InferenceMarket", "router of the market"]);
    await setCode(deployment.market, honest.replace(router, OTHER.slice(2)));
    expect(await failures()).to.include("code of InferenceMarket");
  });

  it("sees another set-up of tensorcheck", async () => {
    const { failures } = await deployed();
    const tau2 = [...PERPETUAL_POWERS_OF_TAU.slice(0, 3), "1"];
    expect(await failures({ tau2 })).to.include.members(["code of TensorcheckProofSystem", "tensorcheck's set-up"]);
  });

  it("sees other holders of the router, an offered ownership, stopped systems", async () => {
    const { contracts, failures } = await deployed();
    expect(await failures({ owner: OTHER })).to.deep.equal(["owner"]);
    expect(await failures({ guardian: OTHER })).to.deep.equal(["guardian"]);
    expect(await failures({ owner: null, guardian: null })).to.deep.equal([]);
    await (await contracts.router.getFunction("stop")(await contracts.groth16.getFunction("selector")())).wait();
    expect(await failures()).to.deep.equal(["Groth16ProofSystem", "Groth16ProofSystem takes new jobs"]);
    await (await contracts.router.getFunction("transferOwnership")(OTHER)).wait();
    expect(await failures()).to.include("owner to come");
  });

  it("sees tokens that the market does not take, and addresses without a contract", async () => {
    const { failures } = await deployed();
    expect(await failures({}, { tokens: [OTHER] })).to.include.members(["tokens", `token ${OTHER}`]);
    expect(await failures({}, { market: OTHER })).to.include("code of InferenceMarket");
    expect(await failures({ operators: OTHER })).to.deep.equal(["code of OperatorRegistry"]);
  });
});
