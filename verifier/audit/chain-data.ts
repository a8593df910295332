// SPDX-License-Identifier: GPL-3.0-or-later
// chain.json: all that an audit needs from the chain about one settled job. Collected once; audited offline, later, by
// others (docs/audit.md).
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ChainReader } from "../chain/client.ts";
import type { MarketEvent, ProposalOverturned, ProposalUpheld } from "../chain/events.ts";
import {
  address,
  bytes,
  bytes4,
  hash32,
  modelSpecSchema,
  parseWith,
  requestSchema,
  toJson,
  uint,
  ZERO_ADDRESS,
  type EventPosition,
  type Hex,
} from "../chain/types.ts";
import { VerigradError } from "../errors.ts";

export const CHAIN_DATA_FORMAT = "verigrad.chain-data.v2";
export const CHAIN_DATA_PATH = "chain.json";

/** Where an event stands, and the time of its block. */
const place = z.strictObject({
  blockNumber: z.int().nonnegative(),
  blockHash: hash32,
  transactionHash: hash32,
  logIndex: z.int().nonnegative(),
  timestamp: uint(64),
});

const schema = z.strictObject({
  format: z.literal(CHAIN_DATA_FORMAT),
  chainId: uint(64),
  market: address,
  registry: address,
  router: address,
  jobId: hash32,
  request: requestSchema,
  requested: place,
  claim: z.strictObject({ claimer: address, price: uint(96), place }).nullable(),
  /** OPTIMISTIC: what the claimer said that the output is */
  proposal: z.strictObject({ proposer: address, output: bytes, place }).nullable(),
  challenge: z.strictObject({ challenger: address, place }).nullable(),
  /** an empty seal: the proposal of `payee`, which nobody challenged */
  settlement: z.strictObject({
    modelId: hash32,
    payee: address,
    price: uint(96),
    royalty: uint(96),
    output: bytes,
    seal: bytes,
    place,
  }),
  /** of a claimer who let the window pass */
  slash: z.strictObject({ claimer: address, burnt: uint(96), toPayee: uint(96) }).nullable(),
  /** what a proof decided about the proposal, and who got what of the bonds; `challenger` null where nobody challenged */
  dispute: z
    .strictObject({
      upheld: z.boolean(),
      proposer: address,
      challenger: address.nullable(),
      burnt: uint(97),
      toPayee: uint(97),
      toChallenger: uint(96),
    })
    .nullable(),
  /** resultOf and contextOf, as the market gives them */
  result: bytes,
  context: uint(256),
  model: z.strictObject({ modelId: hash32, owner: address, spec: modelSpecSchema, place }),
  /** the royalty terms that the job snapshotted */
  royalty: z.strictObject({ payee: address, bps: uint(16) }),
  burnBps: uint(16),
  proofSystem: z.strictObject({
    selector: bytes4,
    /** pinned by the job */
    pinned: address,
    /** ever added to the router under the selector */
    routed: address,
  }),
  key: bytes,
});
export type ChainData = Readonly<z.output<typeof schema>>;

/** Whether the settlement rests on a proof; else on a proposal that nobody challenged. */
export function isProven({ settlement }: ChainData): boolean {
  return settlement.seal !== "0x";
}

/** Reads the text of chain.json. Errors: AUDIT_CHAIN_DATA. */
export function parseChainData(text: string): ChainData {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new VerigradError("AUDIT_CHAIN_DATA", "chain.json is not JSON", { cause });
  }
  return parseWith(schema, value, "AUDIT_CHAIN_DATA", "chain.json");
}

export function serializeChainData(data: ChainData): string {
  return `${toJson(data, 2)}\n`;
}

/** Reads chain.json of an audit directory. Errors: AUDIT_CHAIN_DATA. */
export async function readChainData(directory: string): Promise<ChainData> {
  const text = await readFile(join(directory, CHAIN_DATA_PATH), "utf8").catch((cause: unknown) => {
    throw new VerigradError("AUDIT_CHAIN_DATA", `${directory} holds no ${CHAIN_DATA_PATH}`, { cause });
  });
  return parseChainData(text);
}

/**
 * Collects a settled job's data. Errors: JOB_NOT_FOUND, JOB_NOT_SETTLED (RETRY), MODEL_NOT_FOUND, and those of the
 * chain.
 */
export async function collectChainData(
  chain: ChainReader,
  jobId: Hex,
  options: { readonly maxRange?: number } = {},
): Promise<ChainData> {
  const { deployment } = chain;
  const events = await eventsOf(chain, jobId, options.maxRange ?? 10_000);
  const find = <N extends MarketEvent["name"]>(name: N): Extract<MarketEvent, { name: N }> | undefined =>
    events.find((event): event is Extract<MarketEvent, { name: N }> => event.name === name);
  const requested = find("JobRequested");
  if (requested === undefined) {
    throw new VerigradError("JOB_NOT_FOUND", `the market knows no job ${jobId}`, { data: { jobId } });
  }
  const settled = find("JobSettled");
  if (settled === undefined) {
    throw new VerigradError("JOB_NOT_SETTLED", `job ${jobId} has not settled`, {
      consequence: "RETRY",
      data: { jobId },
    });
  }
  const claimed = find("JobClaimed");
  const proposed = find("JobProposed");
  const challenged = find("JobChallenged");
  const slashed = find("ClaimerSlashed");
  const upheld = find("ProposalUpheld");
  const overturned = find("ProposalOverturned");
  const job = await chain.job(jobId);
  const model = await chain.model(settled.modelId);
  const terms = await chain.settlementTerms(settled.modelId, job.termsIndex);
  const placeOf = async (position: EventPosition): Promise<ChainData["requested"]> => {
    const block = await chain.block(position.blockNumber);
    if (block?.hash !== position.blockHash) {
      throw new VerigradError("CHAIN_INCONSISTENT", "the chain was reorganised while it was read", {
        consequence: "RETRY",
      });
    }
    return { ...position, timestamp: BigInt(block.timestamp) };
  };
  return {
    format: CHAIN_DATA_FORMAT,
    chainId: deployment.chainId,
    market: deployment.market,
    registry: deployment.registry,
    router: deployment.router,
    jobId,
    request: requested.request,
    requested: await placeOf(requested.position),
    claim:
      claimed === undefined
        ? null
        : { claimer: claimed.claimer, price: claimed.price, place: await placeOf(claimed.position) },
    proposal:
      proposed === undefined
        ? null
        : { proposer: proposed.proposer, output: proposed.output, place: await placeOf(proposed.position) },
    challenge:
      challenged === undefined
        ? null
        : { challenger: challenged.challenger, place: await placeOf(challenged.position) },
    settlement: {
      modelId: settled.modelId,
      payee: settled.payee,
      price: settled.price,
      royalty: settled.royalty,
      output: settled.output,
      seal: settled.seal,
      place: await placeOf(settled.position),
    },
    slash: slashed === undefined ? null : { claimer: slashed.claimer, burnt: slashed.burnt, toPayee: slashed.toPayee },
    dispute: disputeFrom(upheld, overturned),
    result: await chain.resultOf(jobId),
    context: await chain.contextOf(jobId, settled.payee),
    model: { modelId: model.modelId, owner: model.owner, spec: model.spec, place: await placeOf(model.position) },
    royalty: { payee: terms.royaltyPayee, bps: BigInt(terms.royaltyBps) },
    burnBps: (await chain.parameters()).burnBps,
    proofSystem: {
      selector: model.spec.proofSystem,
      pinned: job.proofSystem,
      routed: await chain.proofSystem(model.spec.proofSystem),
    },
    key: await chain.keyOf(job.proofSystem, model.spec.keyHash),
  };
}

function disputeFrom(
  upheld: ProposalUpheld | undefined,
  overturned: ProposalOverturned | undefined,
): ChainData["dispute"] {
  const event = upheld ?? overturned;
  if (event === undefined) return null;
  const { proposer, challenger, toPayee } = event;
  return {
    upheld: upheld !== undefined,
    proposer,
    challenger: challenger === ZERO_ADDRESS ? null : challenger,
    burnt: overturned?.burnt ?? 0n,
    toPayee,
    toChallenger: overturned?.toChallenger ?? 0n,
  };
}

async function eventsOf(chain: ChainReader, jobId: Hex, maxRange: number): Promise<MarketEvent[]> {
  const head = await chain.head();
  const events: MarketEvent[] = [];
  for (let from = chain.deployment.fromBlock; from <= head.number; from += maxRange) {
    events.push(...(await chain.marketEvents(from, Math.min(head.number, from + maxRange - 1), jobId)));
  }
  return events;
}
