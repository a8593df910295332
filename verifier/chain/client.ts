// SPDX-License-Identifier: GPL-3.0-or-later
// Reading the chain: blocks, jobs, models, balances, events. Everything an RPC says is checked as far as it can be:
// a job id is re-hashed from its request, a model id from its commitments.
import {
  BrowserProvider,
  getAddress,
  getBytes,
  Interface,
  JsonRpcProvider,
  Network,
  type JsonRpcApiProvider,
  type Log,
  type Result,
} from "ethers";
import { VerigradError } from "../errors.ts";
import { INFERENCE_MARKET_ABI } from "./abi/inferenceMarket.ts";
import { MODEL_REGISTRY_ABI } from "./abi/modelRegistry.ts";
import { PROOF_SYSTEM_ABI } from "./abi/proofSystem.ts";
import { PROOF_SYSTEM_ROUTER_ABI } from "./abi/proofSystemRouter.ts";
import type { Deployment } from "./deployment.ts";
import { chainError, withChainErrors } from "./errors.ts";
import { marketEventFrom, specFrom, type MarketEvent } from "./events.ts";
import { modelIdOf } from "./hashes.ts";
import type { PermitTerms } from "./signatures.ts";
import {
  JOB_STATES,
  type Address,
  type BlockRef,
  type EventPosition,
  type Hex,
  type JobRecord,
  type MarketParameters,
  type ModelSpec,
  type Stake,
} from "./types.ts";

/** EIP-1193: what wallets and in-process chains offer. */
export interface Eip1193 {
  request(args: { method: string; params?: unknown[] }): Promise<unknown>;
}

/** A registered model, from its ModelRegistered event and the registry's present state. */
export interface RegisteredModel {
  readonly modelId: Hex;
  readonly owner: Address;
  readonly spec: ModelSpec;
  readonly deprecated: boolean;
  readonly position: EventPosition;
}

export interface SettlementTerms {
  readonly keyHash: Hex;
  readonly royaltyPayee: Address;
  readonly royaltyBps: number;
}

export interface ChainReader {
  readonly deployment: Deployment;
  /** The newest block. Errors here and below: CHAIN_UNREACHABLE, CHAIN_CALL_FAILED, CHAIN_REVERTED. */
  head(): Promise<BlockRef>;
  /** A block by number; null when the chain has none of that number now. */
  block(number: number): Promise<BlockRef | null>;
  /** The market's events in the blocks from..to, in order; of one job when given. CHAIN_INCONSISTENT if one lies. */
  marketEvents(from: number, to: number, jobId?: Hex): Promise<MarketEvent[]>;
  job(jobId: Hex): Promise<JobRecord>;
  /** Errors: MODEL_NOT_FOUND; CHAIN_INCONSISTENT if its id is not the hash of what the event says. */
  model(modelId: Hex): Promise<RegisteredModel>;
  /** The key and the royalty terms that a job settles under. */
  settlementTerms(modelId: Hex, termsIndex: number): Promise<SettlementTerms>;
  /** What the market was deployed with. */
  parameters(): Promise<MarketParameters>;
  /** The context as the market computes it. */
  contextOf(jobId: Hex, payee: Address): Promise<bigint>;
  balanceOf(token: Address, account: Address): Promise<bigint>;
  stakeOf(token: Address, account: Address): Promise<Stake>;
  /** Whether the requester has said that signed requests with this nonce can no longer be brought. */
  isNonceInvalidated(requester: Address, nonce: bigint): Promise<boolean>;
  resultOf(jobId: Hex): Promise<Hex>;
  /** An account's tokens outside of the market, and how many of them the market may take. */
  walletOf(token: Address, account: Address): Promise<{ readonly balance: bigint; readonly allowance: bigint }>;
  /**
   * What a permit for this token is signed over. Errors: CHAIN_REVERTED when the token has no permits (ERC-2612, ERC-5267);
   * CHAIN_INCONSISTENT unless its domain names this token on this chain.
   */
  permitTerms(token: Address, owner: Address): Promise<PermitTerms>;
  /** The implementation ever added under a selector, or zero. */
  proofSystem(selector: Hex): Promise<Address>;
  /** Whether the router lets new jobs use the selector now. */
  isActive(selector: Hex): Promise<boolean>;
  /** Whether somebody has shown that proofs can be forged for a key: it takes no new jobs. */
  isKeyStopped(selector: Hex, keyHash: Hex): Promise<boolean>;
  isKeyRegistered(proofSystem: Address, keyHash: Hex): Promise<boolean>;
  /** A registered key's blob. */
  keyOf(proofSystem: Address, keyHash: Hex): Promise<Hex>;
  /**
   * eth_call of IProofSystem.verify: null when it accepts, else the error's name. With `gas` it gets no more than that, the
   * transaction's own cost apart, and OUT_OF_GAS where that is too little.
   */
  verify(
    proofSystem: Address,
    claim: { keyHash: Hex; context: bigint; input: Hex; output: Hex; seal: Hex },
    gas?: number,
  ): Promise<string | null>;
  /** Closes connections. */
  close(): void;
}

export const marketInterface = new Interface(INFERENCE_MARKET_ABI);
export const registryInterface = new Interface(MODEL_REGISTRY_ABI);
const routerInterface = new Interface(PROOF_SYSTEM_ROUTER_ABI);
export const proofSystemInterface = new Interface(PROOF_SYSTEM_ABI);
/** What is used of tokens: ERC-20, ERC-2612 and ERC-5267. */
export const tokenInterface = new Interface([
  "function approve(address spender, uint256 amount) returns (bool)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function balanceOf(address account) view returns (uint256)",
  "function nonces(address owner) view returns (uint256)",
  "function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)",
]);

/** What ChainReader.verify says where the gas was too little. */
export const OUT_OF_GAS = "OutOfGas";
/** How RPCs say so; a proof system that runs out of gas may end by an invalid opcode, too. */
const GAS_IS_GONE = /out ?of ?gas|invalid opcode/i;

/** The gas limit of a transaction that leaves so much to whom it calls: its calldata at its price (EIP-2028), or its floor (EIP-7623). */
function callGas(data: string, gas: number): number {
  const tokens = getBytes(data).reduce((sum, byte) => sum + (byte === 0 ? 1 : 4), 0);
  return 21_000 + Math.max(gas + 4 * tokens, 10 * tokens);
}

/** ERC-5267: a domain of name, version, chainId and verifyingContract. */
const PERMIT_FIELDS = "0x0f";

/** A provider that caches nothing: a node must see a reorganised chain as it is. */
export function openProvider(rpc: string | Eip1193, chainId: bigint): JsonRpcApiProvider {
  const network = Network.from(chainId);
  const options = { staticNetwork: network, cacheTimeout: -1, batchMaxCount: 1 };
  return typeof rpc === "string"
    ? new JsonRpcProvider(rpc, network, options)
    : new BrowserProvider(rpc, network, options);
}

/** Opens a deployment for reading. Errors: CHAIN_WRONG_NETWORK when the RPC serves another chain. */
export async function openChain(rpc: string | Eip1193, deployment: Deployment): Promise<ChainReader> {
  const provider = openProvider(rpc, deployment.chainId);
  const actual = await withChainErrors(async () => BigInt((await provider.send("eth_chainId", [])) as string));
  if (actual !== deployment.chainId) {
    provider.destroy();
    throw new VerigradError(
      "CHAIN_WRONG_NETWORK",
      `the RPC serves chain ${actual}, the deployment is on ${deployment.chainId}`,
      { data: { expected: deployment.chainId.toString(), actual: actual.toString() } },
    );
  }
  return readerOf(provider, deployment);
}

/** Reader over a provider that is already open. */
export function readerOf(provider: JsonRpcApiProvider, deployment: Deployment): ChainReader {
  const call = (to: Address, abi: Interface, name: string, args: unknown[], gas?: number): Promise<Result> =>
    withChainErrors(async () => {
      const data = abi.encodeFunctionData(name, args);
      const limit = gas === undefined ? {} : { gasLimit: callGas(data, gas) };
      return abi.decodeFunctionResult(name, await provider.call({ to, data, ...limit }));
    });

  const logs = async (at: Address, from: number, to: number, topics: (string | string[] | null)[]): Promise<Log[]> => {
    try {
      return await withChainErrors(() => provider.getLogs({ address: at, fromBlock: from, toBlock: to, topics }));
    } catch (error) {
      // RPCs bound the blocks and the logs of one answer, each at its own number, and everybody can fill blocks with logs. An
      // RPC that refuses everything refuses the first block, too.
      const refused = error instanceof VerigradError && error.code === "CHAIN_CALL_FAILED";
      if (!refused || to <= from) throw error;
      const middle = Math.floor((from + to) / 2);
      return [...(await logs(at, from, middle, topics)), ...(await logs(at, middle + 1, to, topics))];
    }
  };

  const block = (tag: number | "latest"): Promise<BlockRef | null> =>
    withChainErrors(async () => {
      const found = await provider.getBlock(tag);
      if (found === null || found.hash === null) return null;
      return { number: found.number, hash: found.hash as Hex, timestamp: found.timestamp };
    });

  return {
    deployment,
    head: async () => {
      const latest = await block("latest");
      if (latest === null) throw chainError(new Error("no latest block"));
      return latest;
    },
    block,
    marketEvents: async (from, to, jobId) => {
      const found = await logs(deployment.market, from, to, jobId === undefined ? [] : [null, jobId]);
      return found.flatMap((log) => marketEventFrom(deployment, log) ?? []);
    },
    job: async (jobId) => {
      const [job] = (await call(deployment.market, marketInterface, "jobOf", [jobId])) as unknown as [
        Record<"claimer" | "challenger" | "proofSystem", string> &
          Record<"state" | "since" | "price" | "termsIndex" | "outputLength", bigint>,
      ];
      return {
        state: JOB_STATES[Number(job.state)] ?? "None",
        since: job.since,
        claimer: getAddress(job.claimer) as Address,
        price: job.price,
        challenger: getAddress(job.challenger) as Address,
        proofSystem: getAddress(job.proofSystem) as Address,
        termsIndex: Number(job.termsIndex),
        outputLength: Number(job.outputLength),
      };
    },
    model: async (modelId) => {
      const topic = registryInterface.getEvent("ModelRegistered")?.topicHash ?? "";
      const latest = await block("latest");
      const [log] = await logs(deployment.registry, deployment.fromBlock, latest?.number ?? 0, [topic, modelId]);
      if (log === undefined) {
        throw new VerigradError("MODEL_NOT_FOUND", `no model ${modelId} in the registry`, { data: { modelId } });
      }
      const { owner, spec, position } = registrationFrom(log);
      if (modelIdOf(owner, spec) !== modelId) {
        throw new VerigradError("CHAIN_INCONSISTENT", `model ${modelId} is not the hash of its commitments`, {
          consequence: "ESCALATE",
        });
      }
      const [deprecated] = (await call(deployment.registry, registryInterface, "isDeprecated", [
        modelId,
      ])) as unknown as [boolean];
      return { modelId, owner, spec, deprecated, position };
    },
    settlementTerms: async (modelId, termsIndex) => {
      const [keyHash, terms] = (await call(deployment.registry, registryInterface, "settlementTerms", [
        modelId,
        termsIndex,
      ])) as unknown as [Hex, { payee: string; bps: bigint }];
      return { keyHash, royaltyPayee: getAddress(terms.payee) as Address, royaltyBps: Number(terms.bps) };
    },
    parameters: async () =>
      ((await call(deployment.market, marketInterface, "parameters", []))[0] as Result).toObject() as MarketParameters,
    contextOf: async (jobId, payee) =>
      (await call(deployment.market, marketInterface, "contextOf", [jobId, payee]))[0] as bigint,
    balanceOf: async (token, account) =>
      (await call(deployment.market, marketInterface, "balanceOf", [token, account]))[0] as bigint,
    stakeOf: async (token, account) =>
      (
        (await call(deployment.market, marketInterface, "stakeOf", [token, account]))[0] as Result
      ).toObject() as unknown as Stake,
    isNonceInvalidated: async (requester, nonce) =>
      (await call(deployment.market, marketInterface, "isNonceInvalidated", [requester, nonce]))[0] as boolean,
    resultOf: async (jobId) => (await call(deployment.market, marketInterface, "resultOf", [jobId]))[0] as Hex,
    walletOf: async (token, account) => {
      const [balance] = (await call(token, tokenInterface, "balanceOf", [account])) as unknown as [bigint];
      const args = [account, deployment.market];
      const [allowance] = (await call(token, tokenInterface, "allowance", args)) as unknown as [bigint];
      return { balance, allowance };
    },
    permitTerms: async (token, owner) => {
      const [fields, name, version, chainId, verifyingContract] = (await call(
        token,
        tokenInterface,
        "eip712Domain",
        [],
      )) as unknown as [Hex, string, string, bigint, string];
      // SAFETY: with another's domain the owner would sign away other tokens, maybe on another chain.
      const own = verifyingContract.toLowerCase() === token.toLowerCase() && chainId === deployment.chainId;
      if (!own || fields !== PERMIT_FIELDS) {
        throw new VerigradError("CHAIN_INCONSISTENT", `token ${token} gives a permit's domain that is not its own`, {
          consequence: "ESCALATE",
        });
      }
      const [nonce] = (await call(token, tokenInterface, "nonces", [owner])) as unknown as [bigint];
      return { domain: { name, version, chainId, verifyingContract }, nonce };
    },
    proofSystem: async (selector) =>
      (await call(deployment.router, routerInterface, "implementationOf", [selector]))[0] as Address,
    isActive: async (selector) =>
      call(deployment.router, routerInterface, "activeImplementation", [selector]).then(
        () => true,
        (error: unknown) => {
          if (error instanceof VerigradError && error.code === "CHAIN_REVERTED") return false;
          throw error;
        },
      ),
    isKeyStopped: async (selector, keyHash) =>
      (await call(deployment.router, routerInterface, "isKeyStopped", [selector, keyHash]))[0] as boolean,
    isKeyRegistered: async (proofSystem, keyHash) =>
      (await call(proofSystem, proofSystemInterface, "isRegistered", [keyHash]))[0] as boolean,
    keyOf: async (proofSystem, keyHash) =>
      (await call(proofSystem, proofSystemInterface, "keyOf", [keyHash]))[0] as Hex,
    verify: async (proofSystem, { keyHash, context, input, output, seal }, gas) =>
      call(proofSystem, proofSystemInterface, "verify", [keyHash, context, input, output, seal], gas).then(
        () => null,
        (error: unknown) => {
          if (!(error instanceof VerigradError)) throw error;
          const reverted = error.code === "CHAIN_REVERTED";
          // What a proof system refuses it refuses by name; without one, its gas is gone.
          const nameless = reverted && error.data["error"] === "unknown";
          if (gas !== undefined && (nameless || GAS_IS_GONE.test(error.message))) return OUT_OF_GAS;
          if (reverted) return String(error.data["error"]);
          throw error;
        },
      ),
    close: () => provider.destroy(),
  };
}

/** A ModelRegistered log. */
export function registrationFrom(log: Log): { owner: Address; spec: ModelSpec; position: EventPosition } {
  const parsed = registryInterface.parseLog(log);
  if (parsed?.name !== "ModelRegistered") {
    throw new VerigradError("CHAIN_INCONSISTENT", "the log is not a ModelRegistered event", {
      consequence: "ESCALATE",
    });
  }
  return {
    owner: getAddress(parsed.args["owner"] as string) as Address,
    spec: specFrom(parsed.args["spec"] as Result),
    position: {
      blockNumber: log.blockNumber,
      blockHash: log.blockHash as Hex,
      transactionHash: log.transactionHash as Hex,
      logIndex: log.index,
    },
  };
}
