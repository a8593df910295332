// SPDX-License-Identifier: GPL-3.0-or-later
// Deploys the contracts, and what only a demo needs: a token, the dApp, a gas probe.
import hre from "hardhat";
import { Contract, ContractFactory, type HDNodeWallet } from "ethers";
import type { Deployment } from "../../verifier/chain/deployment.ts";
import type { Address, Hex } from "../../verifier/chain/types.ts";
import type { Proven } from "./attacks.ts";
import type { LocalChain } from "./localChain.ts";

export interface Deployed {
  readonly deployment: Deployment;
  readonly proofSystem: Address;
  readonly token: Contract;
}

async function deploy(owner: HDNodeWallet, name: string, args: unknown[]): Promise<Contract> {
  const { abi, bytecode } = await hre.artifacts.readArtifact(name);
  const contract = await new ContractFactory(abi, bytecode, owner).deploy(...args);
  await contract.waitForDeployment();
  return contract as Contract;
}
const at = async (c: Contract): Promise<Address> => (await c.getAddress()) as Address;
export async function deployContracts(chain: LocalChain, owner: HDNodeWallet): Promise<Deployed> {
  const token = await deploy(owner, "TestToken", []);
  const router = await deploy(owner, "ProofSystemRouter", [owner.address, owner.address]);
  const g = await deploy(owner, "Groth16ProofSystem", []);
  await ((await router.getFunction("add")(await at(g))) as any).wait();
  const registry = await deploy(owner, "ModelRegistry", [await at(router)]);
  const market = await deploy(owner, "InferenceMarket", [
    await at(registry),
    await at(router),
    [await at(token)],
    600,
    600,
    5000,
    65536,
    1000000,
  ]);
  const chainId = (await chain.provider.getNetwork()).chainId;
  return {
    deployment: {
      chainId,
      market: await at(market),
      registry: await at(registry),
      router: await at(router),
      tokens: [await at(token)],
      fromBlock: 0,
    },
    proofSystem: await at(g),
    token,
  };
}

/** A digit that leads by 1.0 is believed: the logits have exponent 8. */
const MIN_MARGIN = 256;
const TENSOR_TYPE_I16 = 2;

/** Deploys the example dApp for a model. */
export async function deployDigitReader(
  owner: HDNodeWallet,
  { market, tokens }: Deployment,
  modelId: Hex,
): Promise<Contract> {
  return deploy(owner, "DigitReader", [market, modelId, tokens[0], 1_000_000, TENSOR_TYPE_I16, MIN_MARGIN]);
}

/** Gas inside a call of `verify`. */
export async function gasOfVerify(
  owner: HDNodeWallet,
  proofSystem: Address,
  keyHash: Hex,
  proven: Proven,
): Promise<bigint> {
  const probe = await deploy(owner, "GasProbe", []);
  const { context, input, output, seal } = proven;
  return (await probe.getFunction("gasOfVerify")(proofSystem, keyHash, context, input, output, seal)) as bigint;
}
