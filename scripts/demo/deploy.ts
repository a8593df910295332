// SPDX-License-Identifier: GPL-3.0-or-later
// Deploys the contracts with the Ignition module of local networks, and what only a demo needs: the dApp, a gas probe.
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import hre from "hardhat";
import { Contract, ContractFactory, type HDNodeWallet } from "ethers";
import VerigradLocal from "../../ignition/modules/VerigradLocal.ts";
import { INFERENCE_MARKET_ABI } from "../../verifier/chain/abi/inferenceMarket.ts";
import type { Deployment } from "../../verifier/chain/deployment.ts";
import type { Address, Hex } from "../../verifier/chain/types.ts";
import { readUint } from "../../verifier/proofs/points.ts";
import type { Proven } from "./field.ts";
import type { LocalChain } from "./localChain.ts";

export interface Deployed {
  readonly deployment: Deployment;
  readonly groth16: Address;
  readonly tensorcheck: Address;
  /** TestToken: anyone may mint */
  readonly token: Contract;
}

/** Deploys router, proof systems, registry, market and token. `tau2`: tensorcheck's set-up, 128 bytes; default: a ceremony's. */
export async function deployContracts(chain: LocalChain, tau2?: Uint8Array): Promise<Deployed> {
  const connection = await hre.network.create({ network: "localhost", override: { url: chain.url } });
  // Ignition journals deployments by id, and resumes one that it knows: this chain's must not outlive the chain.
  const deploymentId = `demo-${randomUUID()}`;
  try {
    const { token, router, groth16, tensorcheck, registry, market } = await connection.ignition.deploy(VerigradLocal, {
      deploymentId,
      ...(tau2 === undefined
        ? {}
        : { parameters: { VerigradLocal: { tau2: [0, 32, 64, 96].map((at) => readUint(tau2, at).toString()) } } }),
    });
    const address = async (contract: { getAddress(): Promise<string> }): Promise<Address> =>
      (await contract.getAddress()) as Address;
    const { chainId } = await chain.provider.getNetwork();
    return {
      deployment: {
        chainId,
        market: await address(market),
        registry: await address(registry),
        router: await address(router),
        tokens: [await address(token)],
        fromBlock: 0,
      },
      groth16: await address(groth16),
      tensorcheck: await address(tensorcheck),
      token: new Contract(await address(token), (await hre.artifacts.readArtifact("TestToken")).abi, chain.provider),
    };
  } finally {
    await connection.close();
    await rm(join(hre.config.paths.ignition, "deployments", deploymentId), { recursive: true, force: true });
  }
}

interface Pending {
  wait(): Promise<unknown>;
}

/**
 * Mints `amount` for each wallet, deposits `amount` for each market balance, and for each operator as much again, which it
 * bonds. `token` is connected to a wallet.
 */
export async function fundAccounts(
  token: Contract,
  { market }: Deployment,
  funds: {
    readonly wallets: readonly string[];
    readonly balances: readonly string[];
    readonly operators: readonly HDNodeWallet[];
    readonly amount: bigint;
  },
): Promise<void> {
  const { wallets, balances, operators, amount } = funds;
  const marketContract = new Contract(market, INFERENCE_MARKET_ABI, token.runner);
  const [address, signer] = [await token.getAddress(), token.runner as HDNodeWallet];
  const deposits = [...balances, ...operators.flatMap((operator) => [operator.address, operator.address])];
  const total = amount * BigInt(deposits.length);
  for (const wallet of wallets) await ((await token.getFunction("mint")(wallet, amount)) as Pending).wait();
  await ((await token.getFunction("mint")(signer.address, total)) as Pending).wait();
  await ((await token.getFunction("approve")(market, total)) as Pending).wait();
  for (const account of deposits) {
    await ((await marketContract.getFunction("deposit")(address, account, amount)) as Pending).wait();
  }
  for (const operator of operators) {
    const own = marketContract.connect(operator) as Contract;
    await ((await own.getFunction("bond")(address, amount)) as Pending).wait();
  }
}

/** A digit that leads by 1.0 is believed: the logits' exponent is 8. */
const MIN_MARGIN = 2 ** 8;
/** TensorType.I16 of contracts/consumers/TensorCodec.sol. */
const I16 = 2;
const COLLATERAL = 1_000_000;

/** Deploys the example dApp for a model. */
export function deployDigitReader(
  wallet: HDNodeWallet,
  { market, tokens }: Deployment,
  modelId: Hex,
): Promise<Contract> {
  return deploy(wallet, "DigitReader", [market, modelId, tokens[0], COLLATERAL, I16, MIN_MARGIN]);
}

/** Gas inside a call of `verify`. */
export async function gasOfVerify(
  wallet: HDNodeWallet,
  proofSystem: Address,
  keyHash: Hex,
  { context, input, output, seal }: Proven,
): Promise<bigint> {
  const probe = await deploy(wallet, "GasProbe", []);
  return (await probe.getFunction("gasOfVerify")(proofSystem, keyHash, context, input, output, seal)) as bigint;
}

async function deploy(wallet: HDNodeWallet, name: string, args: unknown[]): Promise<Contract> {
  const { abi, bytecode } = await hre.artifacts.readArtifact(name);
  const contract = await new ContractFactory(abi, bytecode, wallet).deploy(...args);
  await contract.waitForDeployment();
  return contract as Contract;
}
