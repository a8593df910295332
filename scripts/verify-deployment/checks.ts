// SPDX-License-Identifier: GPL-3.0-or-later
// Compares what stands on a chain with what this repository compiles to and deploys.
import {
  Contract,
  encodeBytes32String,
  getAddress,
  Interface,
  keccak256,
  toBeHex,
  toUtf8Bytes,
  TypedDataEncoder,
} from "ethers";
import type { JsonRpcApiProvider } from "ethers";
import { MARKET_PARAMETERS } from "../../ignition/modules/Verigrad.ts";
import type { Deployment } from "../../verifier/chain/deployment.ts";
import { jobIdOf, requestDomain } from "../../verifier/chain/hashes.ts";
import { SELECTOR as GROTH16 } from "../../verifier/proofs/groth16/key.ts";
import { SELECTOR as TENSORCHECK } from "../../verifier/proofs/tensorcheck/encode.ts";
import { ZERO_ADDRESS, ZERO_HASH, type Address, type Request } from "../../verifier/chain/types.ts";
import type { Artifact } from "./artifacts.ts";
import { argumentsOf, creationOf } from "./creation.ts";

const PARAMETERS = Object.keys(MARKET_PARAMETERS) as (keyof typeof MARKET_PARAMETERS)[];

/** What the deployment is to be compared with. `null`: whatever it is, it is only told. */
export interface Expected {
  readonly parameters: Readonly<Record<keyof typeof MARKET_PARAMETERS, number>>;
  /** [τ]_2 of tensorcheck's set-up, as ignition/modules/Verigrad.ts has it */
  readonly tau2: readonly string[];
  readonly owner: Address | null;
  readonly guardian: Address | null;
  /** the tokens that the deployment file must name, in any order */
  readonly tokens: readonly Address[] | null;
  readonly operators: Address | null;
  readonly artifacts: (name: string) => Promise<Artifact>;
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** what was found, and what was expected if it is another thing */
  readonly detail: string;
}

const word = (value: bigint | string): string => toBeHex(BigInt(value), 32).slice(2);

/** A request with every field at its place's own value: its id shows that the market hashes as this repository does. */
const PROBE: Request = {
  requester: "0x0000000000000000000000000000000000000001",
  modelId: ZERO_HASH,
  inputMode: 1,
  input: "0x0102",
  mode: 1,
  token: "0x0000000000000000000000000000000000000002",
  minFee: 3n,
  maxFee: 4n,
  rampStart: 5n,
  rampLength: 6n,
  claimDeadline: 7n,
  proofWindow: 8n,
  deadline: 9n,
  collateral: 10n,
  proposerBond: 11n,
  challengerBond: 12n,
  challengeWindow: 13n,
  maxRoyaltyBps: 14n,
  consumer: "0x000000000000000000000000000000000000000f",
  callbackGas: 16n,
  nonce: 17n,
};

/**
 * Compares code with an artifact, immutables apart: each of those must hold, wherever it stands in the code, one of
 * `values` (32-byte words in hex). Returns what is wrong, or null.
 */
export function compareCode(code: string, artifact: Artifact, values: readonly string[]): string | null {
  const expected = artifact.deployedBytecode.slice(2).toLowerCase();
  const actual = code.slice(2).toLowerCase();
  if (actual.length === 0) return "no code there";
  if (actual.length !== expected.length) return `${actual.length / 2} bytes of code, not ${expected.length / 2}`;
  let rest = actual;
  for (const places of Object.values(artifact.immutableReferences ?? {})) {
    const found = new Set<string>();
    for (const { start, length } of places) {
      found.add(rest.slice(2 * start, 2 * (start + length)));
      rest = `${rest.slice(0, 2 * start)}${"0".repeat(2 * length)}${rest.slice(2 * (start + length))}`;
    }
    const [value] = found;
    if (found.size !== 1 || value === undefined) return "an immutable has several values";
    if (!values.includes(value)) return `an immutable is 0x${value}, which is none of the values expected`;
  }
  return rest === expected ? null : "the code is another";
}

/** Every check, in order; none throws but for an RPC that fails. */
export async function verifyDeployment(
  provider: JsonRpcApiProvider,
  deployment: Deployment,
  expected: Expected,
): Promise<Check[]> {
  const checks: Check[] = [];
  const check = (name: string, problem: string | null, detail: string): void => {
    checks.push({ name, ok: problem === null, detail: problem ?? detail });
  };
  const same = (name: string, actual: unknown, wanted: unknown): void =>
    check(name, String(actual) === String(wanted) ? null : `${String(actual)}, not ${String(wanted)}`, String(actual));
  const told = (name: string, actual: string, wanted: Address | null): void =>
    same(name, actual, wanted === null ? actual : getAddress(wanted));
  /** Reads; a contract that does not answer is a failed check, not a failed run. */
  const read = async <T>(name: string, at: Address, abi: Interface, method: string, args: unknown[] = []) => {
    try {
      return (await new Contract(at, abi, provider).getFunction(method).staticCall(...args)) as T;
    } catch {
      check(name, `${method} of ${at} does not answer`, "");
      return null;
    }
  };
  /** The constructor's arguments, and the block it ran in. */
  const createdAs = async (name: string, at: Address, artifact: Artifact) => {
    try {
      const creation = await creationOf(provider, at);
      const found = argumentsOf(creation, artifact);
      check(`creation of ${name}`, typeof found === "string" ? found : null, `block ${creation?.block}: as compiled`);
      return { args: typeof found === "string" ? null : found, block: creation?.block ?? 0 };
    } catch (error) {
      check(`creation of ${name}`, `the RPC has to keep the code of old blocks: ${String(error)}`, "");
      return { args: null, block: 0 };
    }
  };
  const codeIs = async (name: string, at: Address, values: readonly string[]) => {
    const artifact = await expected.artifacts(name);
    check(`code of ${name}`, compareCode(await provider.getCode(at), artifact, values), `${at}: as compiled`);
    return { abi: new Interface(artifact.abi), ...(await createdAs(name, at, artifact)) };
  };

  // Not getNetwork: a provider that was told its network does not ask.
  same("chain", BigInt((await provider.send("eth_chainId", [])) as string), deployment.chainId);

  const { market, registry, router } = deployment;
  const eip712 = eip712Immutables(deployment.chainId, market);
  const parameters = PARAMETERS.map((name) => BigInt(expected.parameters[name]));
  const {
    abi: marketAbi,
    args: marketArgs,
    block: marketBlock,
  } = await codeIs("InferenceMarket", market, [
    ...[...parameters, registry, router].map((value) => word(value)),
    ...eip712,
  ]);
  const { abi: registryAbi, block: registryBlock } = await codeIs("ModelRegistry", registry, [word(router)]);
  same(
    "router of the registry",
    await read("router of the registry", registry, registryAbi, "router"),
    getAddress(router),
  );
  same(
    "registry of the market",
    await read("registry of the market", market, marketAbi, "registry"),
    getAddress(registry),
  );
  same("router of the market", await read("router of the market", market, marketAbi, "router"), getAddress(router));

  // A node that reads from there on would never hear of a job or model from before.
  const first = Math.min(marketBlock, registryBlock);
  const head = await provider.getBlockNumber();
  const early = deployment.fromBlock <= head + 1;
  check(
    "fromBlock",
    early ? null : `${deployment.fromBlock}: far beyond the newest block, ${head}`,
    `${deployment.fromBlock}`,
  );
  const last = Math.min(deployment.fromBlock - 1, head);
  const missed =
    first > last ? [] : await provider.getLogs({ address: [market, registry], fromBlock: first, toBlock: last });
  same("events before fromBlock", missed.length, 0);

  const actual = await read<Record<string, bigint>>("parameters", market, marketAbi, "parameters");
  for (const name of PARAMETERS) same(name, actual?.[name], expected.parameters[name]);
  const named = (tokens: readonly Address[]): string =>
    [...tokens]
      .map((t) => t.toLowerCase())
      .sort()
      .join(" ");
  if (expected.tokens !== null) same("tokens", named(deployment.tokens), named(expected.tokens));
  // The market cannot list its tokens, but what it was created with says them.
  const listed = marketArgs?.[2] as readonly Address[] | undefined;
  if (listed) same("tokens of the market", named([...new Set(listed)]), named([...new Set(deployment.tokens)]));
  for (const token of deployment.tokens) {
    same(`token ${token}`, await read("token", market, marketAbi, "isTokenAllowed", [token]), true);
  }
  same(
    "job ids",
    await read("job ids", market, marketAbi, "jobIdOf", [PROBE]),
    jobIdOf(deployment.chainId, market, PROBE),
  );

  const guardianOf = new Interface(["function guardian() view returns (address)"]);
  const guardian = (await read<Address>("guardian", router, guardianOf, "guardian")) ?? ZERO_ADDRESS;
  const { abi: routerAbi, block: routerBlock } = await codeIs("ProofSystemRouter", router, [word(guardian)]);
  told("guardian", guardian, expected.guardian);
  const owner = await read<Address>("owner", router, routerAbi, "owner");
  told("owner", owner ?? "", expected.owner);
  // The module offers the router to its owner even where that is the deployer, who has it already.
  const pending = await read<Address>("owner to come", router, routerAbi, "pendingOwner");
  same("owner to come", pending === owner ? ZERO_ADDRESS : pending, ZERO_ADDRESS);

  const topics = [routerAbi.getEvent("ProofSystemAdded")?.topicHash ?? ""];
  const added = await provider.getLogs({ address: router, topics, fromBlock: routerBlock, toBlock: "latest" });
  const selectors = added.map((log) => log.topics[1]?.slice(0, 10));
  same("proof systems", selectors.sort().join(" "), [GROTH16, TENSORCHECK].sort().join(" "));

  for (const [name, selector, immutables] of [
    ["Groth16ProofSystem", GROTH16, []],
    ["TensorcheckProofSystem", TENSORCHECK, expected.tau2.map((limb) => word(limb))],
  ] as const) {
    const at = await read<Address>(name, router, routerAbi, "implementationOf", [selector]);
    if (at === null) continue;
    const { abi } = await codeIs(name, at, immutables);
    same(`selector of ${name}`, await read(name, at, abi, "selector"), selector);
    same(`${name} takes new jobs`, await read(name, router, routerAbi, "activeImplementation", [selector]), at);
    if (immutables.length === 0) continue;
    same("tensorcheck's set-up", await read<bigint[]>(name, at, abi, "setup"), expected.tau2.join(","));
  }

  if (expected.operators !== null) {
    const { args } = await codeIs("OperatorRegistry", expected.operators, [word(market), word(registry)]);
    if (args) same("market and registry of the operators", args, [getAddress(market), getAddress(registry)]);
  }
  return checks;
}

/** What OpenZeppelin's EIP712 keeps in code: name and version (short strings), their hashes, the domain, chain, itself. */
function eip712Immutables(chainId: bigint, market: Address): string[] {
  const domain = requestDomain(chainId, market);
  const short = (text: string): string => word(BigInt(encodeBytes32String(text)) | BigInt(text.length));
  return [
    ...[domain.name ?? "", domain.version ?? ""].flatMap((text) => [word(keccak256(toUtf8Bytes(text))), short(text)]),
    word(TypedDataEncoder.hashDomain(domain)),
    word(chainId),
    word(market),
  ];
}
