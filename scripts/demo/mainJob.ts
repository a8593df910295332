// SPDX-License-Identifier: GPL-3.0-or-later
// The main job: a dApp pays for the reading of one image, a node proves and settles it, an auditor replays it.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Contract, HDNodeWallet } from "ethers";
import { auditDirectory, writeAuditDirectory, type AuditReport } from "../../verifier/audit/audit.ts";
import { collectChainData } from "../../verifier/audit/chain-data.ts";
import type { ChainReader } from "../../verifier/chain/client.ts";
import { openSender } from "../../verifier/chain/transactions.ts";
import type { Hex } from "../../verifier/chain/types.ts";
import { openOpenings } from "../../verifier/hub/openings.ts";
import type { Hub } from "../../verifier/hub/store.ts";
import { parseNodeConfig } from "../../verifier/node/config.ts";
import { openFileStore } from "../../verifier/node/fileStore.ts";
import type { Prover } from "../../verifier/node/prover.ts";
import { runNode } from "../../verifier/node/run.ts";
import type { Logger } from "../../verifier/node/types.ts";
import { groth16 } from "../../verifier/proofs/groth16/index.ts";
import type { ProofSystem } from "../../verifier/proofs/types.ts";
import { awaitResult } from "../../verifier/sdk/index.ts";
import type { LocalChain } from "./localChain.ts";

export interface MainJob {
  readonly jobId: Hex;
  readonly status: string;
  readonly output: Uint8Array;
  /** what the dApp made of it, on chain */
  readonly reading: { readonly outcome: "Read" | "Refused" | "none"; readonly digit: number; readonly margin: number };
}

/** Who runs a node, on what, and where it keeps its data. */
export interface NodeOptions {
  /** default: groth16 */
  readonly proofSystem?: ProofSystem;
  readonly chain: LocalChain;
  readonly reader: ChainReader;
  readonly hub: Hub;
  readonly prover: Prover;
  readonly dataDirectory: string;
  readonly operator: HDNodeWallet;
  readonly modelId: Hex;
  readonly log: (line: string) => void;
}

/** Runs a node for one model while `work` is done. Rejects if the node stops before. */
export async function withNode<T>(options: NodeOptions, work: () => Promise<T>): Promise<T> {
  const { chain, reader, operator, log } = options;
  const abort = new AbortController();
  const sender = openSender(chain.url, reader.deployment, operator.privateKey);
  const logger: Logger = {
    debug: () => undefined,
    info: (fields, message) => {
      if (typeof fields["to"] === "string") log(`  node: ${String(fields["from"])} -> ${fields["to"]}`);
      else if (typeof fields["call"] === "string") log(`  node: sent ${fields["call"]}`);
      else log(`  node: ${message}`);
    },
    warn: (fields, message) => log(`  node: ${message} ${JSON.stringify(fields)}`),
    error: (fields, message) => log(`  node: ${message} ${JSON.stringify(fields)}`),
  };
  const config = parseNodeConfig({
    models: [options.modelId],
    tokens: reader.deployment.tokens.map((token) => ({ token, minPrice: 1, maxCollateral: 10_000_000 })),
    acceptInsecure: true, // the demo's keys are development keys; a real node leaves this off
    watch: { confirmations: 0, pollMs: 100 },
    proving: { expectedSeconds: 5, submitSeconds: 5 },
  });
  await mkdir(options.dataDirectory, { recursive: true });
  const store = await openFileStore(options.dataDirectory);
  const node = runNode(
    config,
    {
      chain: reader,
      sender,
      store,
      hub: options.hub,
      openings: openOpenings(join(options.dataDirectory, "openings")),
      proofSystem: options.proofSystem ?? groth16,
      prover: options.prover,
      logger,
      clock: { now: () => Date.now() },
    },
    abort.signal,
  );
  try {
    return await Promise.race([
      work(),
      node.then(() => Promise.reject(new Error("the node stopped before the work was done"))),
    ]);
  } finally {
    abort.abort();
    await node.catch(() => undefined);
    await store.close();
    sender.close();
  }
}

const OUTCOMES = ["none", "none", "Read", "Refused"] as const;

/** The user pays the dApp, the node does the rest; returns when the job has settled and the node has stopped. */
export async function runMainJob(
  options: NodeOptions & {
    /** DigitReader */
    readonly dApp: Contract;
    readonly token: Contract;
    readonly user: HDNodeWallet;
    readonly input: Uint8Array;
    readonly fee: bigint;
  },
): Promise<MainJob> {
  const { chain, reader, user, dApp, token, fee } = options;
  const reading = dApp.connect(user) as Contract;
  const approved = (await (token.connect(user) as Contract).getFunction("approve")(await dApp.getAddress(), fee)) as {
    wait(): Promise<unknown>;
  };
  await approved.wait();

  return withNode(options, async () => {
    const sent = (await reading.getFunction("read")(options.input, fee)) as { hash: string };
    const receipt = await chain.provider.waitForTransaction(sent.hash);
    const requested = receipt?.logs
      .map((entry) => dApp.interface.parseLog(entry))
      .find((e) => e?.name === "ReadingRequested");
    if (requested === undefined || requested === null) throw new Error("the dApp's request was not mined");
    const jobId = requested.args["jobId"] as Hex;
    const output = await awaitResult(reader, jobId, { pollMs: 100, timeoutMs: 120_000 });
    const { outcome, digit, margin } = (await reading.getFunction("readingOf")(jobId)) as {
      outcome: bigint;
      digit: bigint;
      margin: bigint;
    };
    return {
      jobId,
      status: (await reader.job(jobId)).state,
      output,
      reading: {
        outcome: OUTCOMES[Number(outcome)] ?? "none",
        digit: Number(digit),
        margin: Number(margin),
      },
    };
  });
}

/** Audits a settled job from a new directory that holds only chain data and the package. `proofSystem`: default groth16. */
export async function auditMainJob(
  reader: ChainReader,
  hub: Hub,
  cid: string,
  jobId: Hex,
  directory: string,
  proofSystem: ProofSystem = groth16,
): Promise<AuditReport> {
  const data = await collectChainData(reader, jobId);
  const auditDir = join(directory, `audit-${proofSystem.name}`);
  await writeAuditDirectory(auditDir, data, await hub.get(cid));
  return auditDirectory(auditDir, { proofSystem, chain: reader });
}
