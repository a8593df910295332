// SPDX-License-Identifier: GPL-3.0-or-later
// The model in one proof system: registered, a dApp's reading proven, settled and audited; then attacked and measured.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { dataLength, type Contract, type HDNodeWallet } from "ethers";
import type { AuditReport } from "../../verifier/audit/audit.ts";
import type { ChainReader } from "../../verifier/chain/client.ts";
import type { Sender } from "../../verifier/chain/transactions.ts";
import { toBytes } from "../../verifier/chain/hashes.ts";
import type { Address } from "../../verifier/chain/types.ts";
import { proofSystemModule } from "../../verifier/cli/proof-systems.ts";
import { KEY_PATH, openPackage, type Package } from "../../verifier/hub/package.ts";
import type { Hub } from "../../verifier/hub/store.ts";
import { openProver, type Prover } from "../../verifier/node/prover.ts";
import type { ProofSystem } from "../../verifier/proofs/types.ts";
import { decodeOutput, encodeInput, registerPackage, type Registration } from "../../verifier/sdk/index.ts";
import type { AttackReport } from "./attacks.ts";
import { deployDigitReader, gasOfVerify } from "./deploy.ts";
import type { Field } from "./field.ts";
import type { LocalChain } from "./localChain.ts";
import { auditMainJob, runMainJob, type MainJob } from "./mainJob.ts";
import type { DemoModel, PreparedPackage } from "./model.ts";
import type { ServedReport } from "./report.ts";

/** The chain, who acts on it, and what they have. */
export interface Stage {
  readonly chain: LocalChain;
  readonly reader: ChainReader;
  readonly hub: Hub;
  /** directory for what the node and the auditor keep */
  readonly work: string;
  readonly token: Contract;
  readonly owner: HDNodeWallet;
  readonly modelOwner: { readonly address: Address; readonly sender: Sender };
  readonly user: HDNodeWallet;
  readonly requester: HDNodeWallet;
  readonly operator: HDNodeWallet;
  readonly thief: HDNodeWallet;
  readonly fee: bigint;
  /** held-out images and what they show: the first is read */
  readonly images: Pick<DemoModel, "heldOut" | "labels">;
  readonly log: (line: string) => void;
}

/** A proof system off chain and on. */
export interface Proving {
  readonly proofSystem: ProofSystem;
  readonly contract: Address;
  readonly prepared: PreparedPackage;
}

export interface Served extends Proving {
  readonly opened: Package;
  readonly registration: Registration;
  readonly input: Uint8Array;
  readonly prover: Prover;
  readonly proveColdMs: number;
  readonly job: MainJob;
  readonly audit: AuditReport;
}

/** Registers the model, has a user pay the dApp for one reading, a node prove and settle it, and audits that. */
export async function serve(stage: Stage, proving: Proving, closers: (() => Promise<void> | void)[]): Promise<Served> {
  const { reader, hub, work, images, log } = stage;
  const { proofSystem, prepared } = proving;
  const { directory } = prepared;

  log(`register the model for ${proofSystem.name}`);
  const { address, sender } = stage.modelOwner;
  const terms = { royaltyPayee: address, royaltyBps: 500 };
  const registration = await registerPackage(directory, reader, sender, terms, { pollMs: 50 });
  const { modelId } = registration;
  const cid = await hub.add(directory);
  log(`  model ${modelId}, package ${cid}`);
  const opened = await openPackage(directory);
  const dApp = await deployDigitReader(stage.owner, reader.deployment, modelId);

  const prover = openProver({ ...proofSystemModule(proofSystem.name), memoryMb: 2048, timeoutMs: 120_000 });
  closers.push(() => prover.close());
  const input = encodeInput(opened.manifest, images.heldOut[0] ?? []);
  const coldStarted = performance.now();
  await prover.prove(directory, { context: 1n, input });
  const proveColdMs = performance.now() - coldStarted;

  log("a user pays the dApp for the reading of a held-out image; the node does the rest");
  const dataDirectory = join(work, `node-${proofSystem.name}`);
  const job = await runMainJob({ ...stage, proofSystem, prover, dataDirectory, dApp, modelId, input });
  const logits = decodeOutput(opened.manifest, job.output)[0]?.values ?? new Float64Array();
  log(
    `  job ${job.jobId}: ${job.status}; the dApp read ${job.reading.digit}, label ${images.labels[0]}, logits ${Array.from(logits, (v) => v.toFixed(1)).join(" ")}`,
  );

  log("audit the settlement from chain data and the package");
  const audit = await auditMainJob(reader, hub, cid, job.jobId, work, proofSystem);
  for (const check of audit.checks)
    log(`  ${check.ok === true ? "ok  " : check.ok === null ? "?   " : "FAIL"} ${check.name}`);
  for (const notice of audit.notices) log(`  ${notice}`);
  return { ...proving, opened, registration, input, prover, proveColdMs, job, audit };
}

/** Attacks the deployment beside what was served, and measures proof and verification. */
export async function examine<A extends AttackReport>(
  stage: Stage,
  served: Served,
  attack: (field: Field) => Promise<A>,
): Promise<{ readonly report: ServedReport; readonly attacked: A }> {
  const { log, images } = stage;
  const { proofSystem, contract, prepared, opened, registration, prover, input, job, audit } = served;
  const { keyHash } = registration.spec;
  log(`attack the deployment with proofs of ${proofSystem.name}`);
  const key = await readFile(join(prepared.directory, KEY_PATH));
  const attacked = await attack({
    ...stage,
    prover,
    packageDirectory: prepared.directory,
    outputSpecs: opened.outputSpecs,
    modelId: registration.modelId,
    keyHash,
    key,
    proofSystem: contract,
    token: (await stage.token.getAddress()) as Address,
    input,
  });
  const { attacks, gas, proveMs, proven } = attacked;
  for (const { name, rejected, error } of attacks) log(`  ${name}: ${rejected ? `rejected, ${error}` : "ACCEPTED"}`);

  const claim = { context: proven.context, input: toBytes(proven.input), output: toBytes(proven.output) };
  const verifyStarted = performance.now();
  const verdict = await proofSystem.verify(key, claim, toBytes(proven.seal));
  const verifyMs = performance.now() - verifyStarted;
  const verifyGas = await gasOfVerify(stage.owner, contract, keyHash, proven);
  const report: ServedReport = {
    compileMs: Math.round(prepared.compileMs),
    setupMs: Math.round(prepared.setupMs),
    setupCached: prepared.setupCached,
    insecureSetup: registration.insecure,
    proveColdMs: Math.round(served.proveColdMs),
    proveMs: Math.round(proveMs),
    verifyMs: Math.round(verifyMs),
    proofBytes: dataLength(proven.seal),
    gas: {
      register: Number(registration.modelReceipt.gasUsed),
      registerKey: Number(registration.keyReceipt?.gasUsed ?? 0n),
      request: Number(gas.request),
      claim: Number(gas.claim),
      fulfil: Number(gas.fulfil),
      verify: Number(verifyGas),
    },
    jobStatus: job.status,
    digit: {
      read: job.reading.digit,
      label: images.labels[0] ?? -1,
      margin: job.reading.margin,
      outcome: job.reading.outcome,
    },
    audit: { verdict: audit.verdict, checks: audit.checks.map(({ name, ok }) => ({ name, ok })) },
    attacks,
    ok:
      verdict.ok &&
      job.status === "Settled" &&
      audit.verdict === "valid" &&
      attacks.every(({ rejected, error, unalteredSucceeded }) => rejected && error !== null && unalteredSucceeded),
  };
  return { report, attacked };
}
