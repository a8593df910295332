// SPDX-License-Identifier: GPL-3.0-or-later
// A market on an in-process chain, with the mock proof system, as a node sees one.
import { HDNodeWallet, Mnemonic } from "ethers";
import { network } from "hardhat";
import { openChain, type ChainReader, type Eip1193 } from "../../verifier/chain/client.ts";
import type { Deployment } from "../../verifier/chain/deployment.ts";
import { jobIdOf, modelIdOf, toHex } from "../../verifier/chain/hashes.ts";
import { calls, openSender, type Sender } from "../../verifier/chain/transactions.ts";
import {
  ZERO_ADDRESS,
  ZERO_HASH,
  type Address,
  type Hex,
  type ModelSpec,
  type Request,
} from "../../verifier/chain/types.ts";
import { cidToBytes, filesCid } from "../../verifier/hub/cid.ts";
import { parseManifest } from "../../verifier/hub/manifest.ts";
import { keccakHex } from "../../verifier/hash.ts";
import type { PackageFile } from "../../verifier/proofs/types.ts";
import { specListHash } from "../../verifier/tensor/spec.ts";
import { MOCK_SELECTOR } from "./mock-proofs.ts";

export interface TestAccount {
  readonly address: Address;
  readonly privateKey: string;
}

export type TestChain = Awaited<ReturnType<typeof newTestChain>>;

const mnemonic = Mnemonic.fromPhrase("test test test test test test test test test test test junk");

/** Hardhat's account number `index`. */
export function testAccount(index: number): TestAccount {
  const wallet = HDNodeWallet.fromMnemonic(mnemonic, `m/44'/60'/0'/0/${index}`);
  return { address: wallet.address as Address, privateKey: wallet.privateKey };
}

export const FUNDS = 1_000_000n;

/** Deploys everything; accounts 0 (owner), 1 (requester), 2 and 3 (operators), each with FUNDS on the market, and as much bonded. */
export async function newTestChain() {
  const connection = await network.create();
  const { ethers, networkHelpers } = connection;
  const provider = connection.provider as Eip1193;
  const accounts = [0, 1, 2, 3].map(testAccount);
  const [owner] = await ethers.getSigners();
  if (owner === undefined) throw new Error("no account");

  const router = await ethers.deployContract("ProofSystemRouter", [owner.address, owner.address]);
  const proofSystem = await ethers.deployContract("MockProofSystem", [MOCK_SELECTOR]);
  const registry = await ethers.deployContract("ModelRegistry", [await router.getAddress()]);
  const token = await ethers.deployContract("TestToken");
  const market = await ethers.deployContract("InferenceMarket", [
    await registry.getAddress(),
    await router.getAddress(),
    [await token.getAddress()],
    {
      cancelDelay: 600,
      minRescue: 600,
      minChallengeWindow: 600,
      maxJobSeconds: 604_800,
      unbondingDelay: 1_209_600,
      burnBps: 5_000,
      maxInputBytes: 65_536,
      maxCallbackGas: 1_000_000,
    },
  ]);
  await (await router.getFunction("add")(await proofSystem.getAddress())).wait();
  const deployment: Deployment = {
    chainId: (await ethers.provider.getNetwork()).chainId,
    market: (await market.getAddress()) as Address,
    registry: (await registry.getAddress()) as Address,
    router: (await router.getAddress()) as Address,
    tokens: [(await token.getAddress()) as Address],
    fromBlock: 0,
  };
  for (const signer of (await ethers.getSigners()).slice(0, 4)) {
    await (await token.getFunction("mint")(signer.address, 10n * FUNDS)).wait();
    await (await token.connect(signer).getFunction("approve")(deployment.market, 10n * FUNDS)).wait();
    await (
      await market.connect(signer).getFunction("deposit")(deployment.tokens[0], signer.address, 2n * FUNDS)
    ).wait();
    await (await market.connect(signer).getFunction("bond")(deployment.tokens[0], FUNDS)).wait();
  }
  const chain: ChainReader = await openChain(provider, deployment);
  const senderOf = (index: number): Sender => openSender(provider, deployment, testAccount(index).privateKey);

  /** Registers a mock package as a model of account 0. */
  const registerModel = async (
    files: readonly PackageFile[],
  ): Promise<{ modelId: Hex; spec: ModelSpec; cid: string }> => {
    const read = (path: string): Uint8Array => {
      const file = files.find((candidate) => candidate.path === path);
      if (file === undefined) throw new Error(`no ${path}`);
      return file.bytes;
    };
    const manifest = parseManifest(read("manifest.json"));
    const hex = (bytes: Uint8Array): Hex => toHex(bytes);
    const transcript = JSON.parse(new TextDecoder().decode(read("setup/transcript.json"))) as { kind: string };
    const cid = await filesCid(files);
    const spec: ModelSpec = {
      proofSystem: MOCK_SELECTOR,
      keyHash: keccakHex(read("setup/key.bin")),
      graphHash: manifest.graphHash,
      weightsHash: manifest.weightsHash,
      inputSpecHash: hex(specListHash(manifest.inputs.map((input) => input.spec))),
      outputSpecHash: hex(specListHash(manifest.outputs.map((output) => output.spec))),
      setupHash: transcript.kind !== "ceremony" ? ZERO_HASH : keccakHex(read("setup/transcript.json")),
      cid: hex(cidToBytes(cid)),
      previous: ZERO_HASH,
      name: manifest.name,
      royaltyPayee: accounts[0]?.address as Address,
      royaltyBps: 500n,
    };
    const sender = senderOf(0);
    const implementation = (await proofSystem.getAddress()) as Address;
    await sender.send(calls.registerKey(implementation, hex(read("setup/key.bin"))), { pollMs: 1 });
    await sender.send(calls.registerModel(deployment, spec), { pollMs: 1 });
    return { modelId: modelIdOf(accounts[0]?.address as Address, spec), spec, cid };
  };

  /** A request of account 1 for a model, with a price of 1000 that does not rise. */
  const makeRequest = async (modelId: Hex, change: Partial<Request> = {}): Promise<Request> => {
    const now = BigInt(await networkHelpers.time.latest());
    return {
      requester: accounts[1]?.address as Address,
      modelId,
      inputMode: 0,
      input: "0x01020304",
      mode: 0,
      token: deployment.tokens[0] as Address,
      minFee: 1000n,
      maxFee: 1000n,
      rampStart: now,
      rampLength: 100n,
      claimDeadline: now + 3600n,
      proofWindow: 1200n,
      deadline: now + 7200n,
      collateral: 400n,
      proposerBond: 0n,
      challengerBond: 0n,
      challengeWindow: 0n,
      maxRoyaltyBps: 1000n,
      consumer: ZERO_ADDRESS,
      callbackGas: 0n,
      nonce: BigInt(await networkHelpers.time.latestBlock()),
      ...change,
    };
  };

  const submitRequest = async (request: Request): Promise<Hex> => {
    await senderOf(1).send(calls.request(deployment, request), { pollMs: 1 });
    return jobIdOf(deployment.chainId, deployment.market, request);
  };

  return {
    connection,
    ethers,
    networkHelpers,
    provider,
    deployment,
    accounts,
    chain,
    market,
    token,
    proofSystem: (await proofSystem.getAddress()) as Address,
    senderOf,
    registerModel,
    makeRequest,
    submitRequest,
    close: () => connection.close(),
  };
}
