// SPDX-License-Identifier: GPL-3.0-or-later
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDeploymentParameters } from "@nomicfoundation/hardhat-ignition/helpers";
import { expect } from "chai";
import { AbiCoder, getCreateAddress, keccak256, TypedDataEncoder } from "ethers";
import { network } from "hardhat";
import Verigrad, { MARKET_PARAMETERS } from "../../../ignition/modules/Verigrad.ts";
import { artifactOf } from "../../../scripts/verify-deployment/artifacts.ts";
import { verifyDeployment, type Expected } from "../../../scripts/verify-deployment/checks.ts";
import { expectedFrom } from "../../../scripts/verify-deployment/parameters.ts";
import { openProvider } from "../../../verifier/chain/client.ts";
import type { Deployment } from "../../../verifier/chain/deployment.ts";
import type { Address } from "../../../verifier/chain/types.ts";
import { PERPETUAL_POWERS_OF_TAU } from "../../../verifier/proofs/published-ptau.ts";

const OTHER = "0x00000000000000000000000000000000000000ff";

async function deployed(parameters: Record<string, unknown> = {}, accept = true) {
  const { ethers, ignition, provider } = await network.create();
  const [owner, token] = await ethers.getSigners();
  if (!owner || !token) throw new Error("the simulated network has too few accounts");
  const contracts = await ignition.deploy(Verigrad, {
    parameters: { Verigrad: { tokens: [token.address], ...parameters } },
  });
  if (accept) await (await contracts.router.getFunction("acceptOwnership")()).wait();
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
  const code = (account: Address): Promise<string> => ethers.provider.getCode(account);
  return { ethers, provider, owner, contracts, deployment, expected, failures, setCode, code, at };
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
    expect(await failures({ operators: OTHER })).to.deep.equal([
      "code of OperatorRegistry",
      "creation of OperatorRegistry",
    ]);
  });

  it("takes addresses in any case, and a router that is offered to the one who has it", async () => {
    const { failures, owner } = await deployed({}, false);
    const lower = owner.address.toLowerCase() as Address;
    expect(await failures({ owner: lower, guardian: lower })).to.deep.equal([]);
    expect(await failures({ owner: OTHER })).to.deep.equal(["owner"]);
  });

  it("sees a token that the deployment file leaves out", async () => {
    const token = "0x00000000000000000000000000000000000000aa";
    const { failures } = await deployed({ tokens: [token, OTHER] });
    const file = [token] as const;
    expect(await failures({ tokens: file }, { tokens: [...file] })).to.deep.equal(["tokens of the market"]);
    expect(await failures({ tokens: null }, { tokens: [OTHER, token] })).to.deep.equal([]);
  });

  it("sees a proof system that this repository does not have", async () => {
    const { ethers, contracts, failures } = await deployed();
    const another = await ethers.deployContract("MockProofSystem", ["0x4d4f434b"]);
    await (await contracts.router.getFunction("add")(another)).wait();
    expect(await failures()).to.deep.equal(["proof systems"]);
  });

  it("sees events before the block from which nodes would read", async () => {
    const { ethers, contracts, failures } = await deployed();
    const fromBlock = (await ethers.provider.getBlockNumber()) + 1;
    expect(await failures({}, { fromBlock })).to.deep.equal([]);
    await (await contracts.market.getFunction("invalidateNonce")(1)).wait();
    expect(await failures({}, { fromBlock })).to.deep.equal([]);
    expect(await failures({}, { fromBlock: fromBlock + 1 })).to.deep.equal(["events before fromBlock"]);
    expect(await failures({}, { fromBlock: fromBlock + 2 }), "those that are still to come").to.include("fromBlock");
  });

  it("asks the RPC which chain it serves", async () => {
    const { provider, deployment, expected } = await deployed();
    const elsewhere = { ...deployment, chainId: 5n };
    const checks = await verifyDeployment(openProvider(provider, 5n), elsewhere, expected);
    expect(checks.find(({ name }) => name === "chain")?.ok).to.equal(false);
  });

  it("sees a market of the same code whose storage was written before it", async () => {
    const { ethers, owner, deployment, failures, code } = await deployed();
    const sent = await ethers.provider.getTransactionCount(owner.address);
    const market = getCreateAddress({ from: owner.address, nonce: sent }) as Address;
    const separator = (verifyingContract: string): string =>
      TypedDataEncoder.hashDomain({
        name: "Verigrad InferenceMarket",
        version: "1",
        chainId: deployment.chainId,
        verifyingContract,
      }).slice(2);
    const runtime = (await code(deployment.market))
      .slice(2)
      .replaceAll(deployment.market.slice(2).toLowerCase(), market.slice(2).toLowerCase())
      .replaceAll(separator(deployment.market), separator(market));
    // SSTORE(keccak(OTHER . slot), 1) wherever the list of tokens may lie; then return the honest code.
    const stores = [0, 1, 2, 3].map((slot) => {
      const place = keccak256(AbiCoder.defaultAbiCoder().encode(["address", "uint256"], [OTHER, slot]));
      return `60017f${place.slice(2)}55`;
    });
    const word = (value: number): string => value.toString(16).padStart(4, "0");
    const before = stores.join("");
    const size = word(runtime.length / 2);
    const data = `0x${before}61${size}8061${word(before.length / 2 + 11)}5f395ff3${runtime}`;
    await (await owner.sendTransaction({ data })).wait();

    const forged = await ethers.getContractAt("InferenceMarket", market);
    for (const token of deployment.tokens)
      expect(await forged.getFunction("isTokenAllowed")(OTHER)).to.equal(true, token);
    const wrong = await failures({ tokens: [OTHER], operators: null }, { market, tokens: [OTHER] });
    expect(wrong).to.deep.equal(["creation of InferenceMarket"]);
  });

  it("sees constructor arguments in another encoding than its own", async () => {
    const { ethers, owner, deployment, failures } = await deployed();
    const { bytecode } = await artifactOf("ModelRegistry");
    const sent = await ethers.provider.getTransactionCount(owner.address);
    const args = AbiCoder.defaultAbiCoder().encode(["address"], [deployment.router]).slice(2);
    await (await owner.sendTransaction({ data: `${bytecode}${args}00` })).wait();
    const registry = getCreateAddress({ from: owner.address, nonce: sent }) as Address;
    expect(await failures({ operators: null }, { registry })).to.include("creation of ModelRegistry");
  });
});

describe("verify-deployment's parameter file", function () {
  /** As the command reads it. */
  async function read(text: string) {
    const path = join(await mkdtemp(join(tmpdir(), "verigrad-")), "parameters.json5");
    await writeFile(path, text);
    return expectedFrom(await readDeploymentParameters(path));
  }

  it("is one that Ignition takes: comments, bigints, globals, the local module", async () => {
    const expected = await read(`{
      // as Ignition reads it
      $global: { owner: "${OTHER}", cancelDelay: 5 },
      Verigrad: { cancelDelay: "600n", burnBps: 6000, tau2: ["1n", "2", "3", "4"], tokens: ["${OTHER}"] },
    }`);
    expect(expected).to.deep.equal({
      parameters: { ...MARKET_PARAMETERS, cancelDelay: 600, burnBps: 6000 },
      tau2: ["1", "2", "3", "4"],
      owner: OTHER,
      guardian: null,
      tokens: [OTHER],
    });
    expect((await read(`{ VerigradLocal: { minRescue: 7 } }`)).parameters.minRescue).to.equal(7);
    expect(expectedFrom({}).parameters).to.deep.equal(MARKET_PARAMETERS);
  });

  it("has no name that nothing reads", async () => {
    for (const text of [`{ Verigard: {} }`, `{ Verigrad: { cancelDealy: 600 } }`]) {
      const refused: unknown = await read(text).then(
        () => null,
        (error: unknown) => error,
      );
      expect(refused).to.be.an("error");
    }
  });
});
