// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from "chai";
import { readDeploymentParameters } from "@nomicfoundation/hardhat-ignition/helpers";
import { network } from "hardhat";
import Erc7007 from "../../../ignition/modules/Erc7007.ts";
import Erc7992 from "../../../ignition/modules/Erc7992.ts";
import Erc8004 from "../../../ignition/modules/Erc8004.ts";
import Verigrad, { MARKET_PARAMETERS } from "../../../ignition/modules/Verigrad.ts";
import { PERPETUAL_POWERS_OF_TAU } from "../../../verifier/proofs/published-ptau.ts";
import VerigradLocal from "../../../ignition/modules/VerigradLocal.ts";
import { expectedFrom } from "../../../scripts/verify-deployment/parameters.ts";

describe("Ignition modules", function () {
  it("VerigradLocal wires router, proof system, registry, market and token", async () => {
    const { ignition, ethers } = await network.create();
    const [deployer] = await ethers.getSigners();
    const { token, router, groth16, tensorcheck, registry, market } = await ignition.deploy(VerigradLocal);
    for (const system of [groth16, tensorcheck]) {
      const selector = await system.getFunction("selector")();
      expect(await router.getFunction("activeImplementation")(selector)).to.equal(await system.getAddress());
    }
    expect((await tensorcheck.getFunction("setup")()).map(String)).to.deep.equal(PERPETUAL_POWERS_OF_TAU);
    expect(await router.getFunction("owner")()).to.equal(deployer?.address);
    expect(await router.getFunction("guardian")()).to.equal(deployer?.address);
    expect(await registry.getFunction("router")()).to.equal(await router.getAddress());
    expect(await market.getFunction("router")()).to.equal(await router.getAddress());
    expect(await market.getFunction("registry")()).to.equal(await registry.getAddress());
    expect(await market.getFunction("isTokenAllowed")(await token.getAddress())).to.equal(true);
    const { burnBps } = (await market.getFunction("parameters")()) as { burnBps: bigint };
    expect(burnBps).to.equal(5_000n);
  });

  it("Verigrad takes its parameters and hands the router over", async () => {
    const { ignition, ethers } = await network.create();
    const [, owner, guardian, tokenA, tokenB] = await ethers.getSigners();
    if (!owner || !guardian || !tokenA || !tokenB) throw new Error("the simulated network has too few accounts");
    const { router, groth16, market } = await ignition.deploy(Verigrad, {
      parameters: {
        Verigrad: {
          owner: owner.address,
          guardian: guardian.address,
          tokens: [tokenA.address, tokenB.address],
          cancelDelay: 60,
          minRescue: 120,
          minChallengeWindow: 240,
          maxJobSeconds: 86_400,
          unbondingDelay: 86_401,
          burnBps: 7_500,
          maxInputBytes: 1_000,
          maxCallbackGas: 500_000,
        },
      },
    });
    expect(await router.getFunction("pendingOwner")()).to.equal(owner.address);
    await (await router.connect(owner).getFunction("acceptOwnership")()).wait();
    expect(await router.getFunction("owner")()).to.equal(owner.address);
    const selector = await groth16.getFunction("selector")();
    await (await router.connect(guardian).getFunction("stop")(selector)).wait();

    for (const token of [tokenA, tokenB]) {
      expect(await market.getFunction("isTokenAllowed")(token.address)).to.equal(true);
    }
    const parameters = (await market.getFunction("parameters")()) as { toObject(): Record<string, bigint> };
    expect(parameters.toObject()).to.deep.equal({
      cancelDelay: 60n,
      minRescue: 120n,
      minChallengeWindow: 240n,
      maxJobSeconds: 86_400n,
      unbondingDelay: 86_401n,
      burnBps: 7_500n,
      maxInputBytes: 1_000n,
      maxCallbackGas: 500_000n,
    });
  });

  it("the example of a parameter file has every parameter, at its default, and deploys", async () => {
    const path = new URL("../../../ignition/parameters.example.json5", import.meta.url).pathname;
    const parameters = await readDeploymentParameters(path);
    const { tokens, owner, guardian, tau2, ...market } = parameters["Verigrad"] ?? {};
    expect(market).to.deep.equal(MARKET_PARAMETERS);
    expect(tau2).to.deep.equal(PERPETUAL_POWERS_OF_TAU);
    expect(expectedFrom(parameters)).to.include({ owner, guardian });
    const { ignition } = await network.create();
    const deployed = await ignition.deploy(Verigrad, { parameters });
    expect(await deployed.router.getFunction("pendingOwner")()).to.equal(owner);
    expect(await deployed.market.getFunction("isTokenAllowed")((tokens as string[])[0])).to.equal(true);
  });

  it("facades stand on the deployment that they are deployed into", async () => {
    const { ignition, ethers } = await network.create();
    const [{ address: token } = { address: "" }] = await ethers.getSigners();
    const modelId = `0x${"5a".repeat(32)}`;
    const parameters = { Verigrad: { tokens: [token] } };
    const { models, verifier } = await ignition.deploy(Erc7992, { parameters });
    const modelRegistry = (await models.getFunction("modelRegistry")()) as string;
    const registry = await ethers.getContractAt("ModelRegistry", modelRegistry);
    expect(await verifier.getFunction("router")()).to.equal(await registry.getFunction("router")());
    expect(await verifier.getFunction("registry")()).to.equal(await models.getAddress());

    const content = await ignition.deploy(Erc7007, { parameters: { ...parameters, Erc7007: { modelId } } });
    expect(await content.verifier.getFunction("modelId")()).to.equal(modelId);
    expect(await content.verifier.getFunction("takesOptimistic")()).to.equal(false);
    const market = await ethers.getContractAt(
      "InferenceMarket",
      (await content.verifier.getFunction("market")()) as string,
    );
    expect(await market.getFunction("isTokenAllowed")(token)).to.equal(true);

    // The validator asks the deployment's registry for its model, which nobody has registered.
    const agents = await ethers.deployContract("AgentRegistry");
    const validations = await ethers.deployContract("ValidationRegistry", [await agents.getAddress()]);
    const validator = ignition.deploy(Erc8004, {
      parameters: { ...parameters, Erc8004: { modelId, validationRegistry: await validations.getAddress() } },
    });
    const failure = await validator.then(
      () => "deployed",
      (error: unknown) => String(error),
    );
    expect(failure).to.contain(registry.interface.getError("UnknownModel")?.selector);
  });

  it("Verigrad refuses a burn share below half", async () => {
    const { ignition, ethers } = await network.create();
    const [token] = await ethers.getSigners();
    const deployment = ignition.deploy(Verigrad, {
      parameters: { Verigrad: { tokens: [token?.address ?? ""], burnBps: 4_999 } },
    });
    const failure = await deployment.then(
      () => "deployed",
      (error: unknown) => String(error),
    );
    expect(failure).to.contain("InvalidParameters");
  });
});
