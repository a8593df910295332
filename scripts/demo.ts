// SPDX-License-Identifier: GPL-3.0-or-later
// The main job, on real data and a chain of its own: compile a model, set up its key, register it, have a dApp pay for one
// inference, prove and settle it, audit the settlement, attack it.
//   ./dev demo [--json]
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Contract } from "ethers";
import { openChain } from "../verifier/chain/client.ts";
import { openSender } from "../verifier/chain/transactions.ts";
import { toJson, type Address } from "../verifier/chain/types.ts";
import { KEY_PATH, openPackage } from "../verifier/hub/package.ts";
import { openHub } from "../verifier/hub/store.ts";
import { openProver } from "../verifier/node/prover.ts";
import { groth16 } from "../verifier/proofs/groth16/index.ts";
import { decodeOutput, encodeInput, registerPackage } from "../verifier/sdk/index.ts";
import { runAttacks } from "./demo/attacks.ts";
import { deployContracts, deployDigitReader, fundAccounts, gasOfVerify } from "./demo/deploy.ts";
import { startLocalChain } from "./demo/localChain.ts";
import { auditMainJob, runMainJob } from "./demo/mainJob.ts";
import { prepareModel } from "./demo/model.ts";
import { table, type DemoReport } from "./demo/report.ts";

const GROTH16_MODULE = new URL("../verifier/proofs/groth16/index.ts", import.meta.url).href;
const CACHE = join(import.meta.dirname, "../.cache/setup");
const FEE = 2_000_000n;

/** Runs the demo; progress goes to stderr, the result to stdout: a table, or with `json` one JSON object as last line. */
export async function runDemo(options: { json: boolean }, deps: { signal?: AbortSignal } = {}): Promise<DemoReport> {
  const started = performance.now();
  const log = (line: string): void => {
    deps.signal?.throwIfAborted();
    process.stderr.write(`[${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s] ${line}\n`);
  };
  const work = await mkdtemp(join(tmpdir(), "verigrad-demo-"));
  const closers: (() => Promise<void> | void)[] = [() => rm(work, { recursive: true, force: true })];
  try {
    log("calibrate on training samples, compile digits.onnx to integers and to a circuit, measure, make a key");
    const model = await prepareModel(join(work, "digits"), CACHE, (line) => log(`  ${line}`));
    const { accuracy } = model;
    log(
      `  ${model.constraints} constraints; key ${model.setupCached ? "from the cache" : "made"}: INSECURE, development only`,
    );

    log("start a local chain, deploy the contracts");
    const chain = await startLocalChain();
    closers.push(() => chain.close());
    const owner = await chain.account();
    const modelOwner = await chain.account();
    const user = await chain.account();
    const requester = await chain.account();
    const operator = await chain.account();
    const thief = await chain.account();
    const { deployment, proofSystem, token } = await deployContracts(chain);
    const reader = await openChain(chain.url, deployment);
    closers.push(() => reader.close());
    const tokenAddress = deployment.tokens[0] as Address;

    log("register the model");
    const ownerSender = openSender(chain.url, deployment, modelOwner.privateKey);
    closers.push(() => ownerSender.close());
    const registration = await registerPackage(
      model.directory,
      reader,
      ownerSender,
      {
        royaltyPayee: modelOwner.address as Address,
        royaltyBps: 500,
      },
      { pollMs: 50 },
    );
    const { modelId, spec } = registration;
    const hub = await openHub(join(work, "hub"));
    const cid = await hub.add(model.directory);
    log(`  model ${modelId}, package ${cid}`);

    // Those who deal with the market directly have a balance there already, as an operator or a regular user would.
    await fundAccounts(token.connect(owner) as Contract, deployment, {
      wallets: [user.address],
      balances: [requester.address, operator.address, modelOwner.address],
      amount: 50n * FEE,
    });

    const opened = await openPackage(model.directory);
    const dApp = await deployDigitReader(owner, deployment, modelId);

    const prover = openProver({ module: GROTH16_MODULE, name: "groth16", memoryMb: 2048, timeoutMs: 120_000 });
    closers.push(() => prover.close());
    const coldStarted = performance.now();
    const input = encodeInput(opened.manifest, model.heldOut[0] ?? []);
    await prover.prove(model.directory, { context: 1n, input });
    const proveColdMs = performance.now() - coldStarted;

    log("a user pays the dApp for the reading of a held-out image; the node does the rest");
    const job = await runMainJob({
      chain,
      reader,
      hub,
      prover,
      dataDirectory: join(work, "node"),
      dApp,
      token,
      user,
      operator,
      modelId,
      input,
      fee: FEE,
      log,
    });
    const logits = decodeOutput(opened.manifest, job.output)[0]?.values ?? new Float64Array();
    log(
      `  job ${job.jobId}: ${job.status}; the dApp read ${job.reading.digit}, label ${model.labels[0]}, logits ${Array.from(logits, (v) => v.toFixed(1)).join(" ")}`,
    );

    log("audit the settlement from chain data and the package");
    const audit = await auditMainJob(reader, hub, cid, job.jobId, work);
    for (const check of audit.checks)
      log(`  ${check.ok === true ? "ok  " : check.ok === null ? "?   " : "FAIL"} ${check.name}`);
    for (const notice of audit.notices) log(`  ${notice}`);

    log("attack the deployment");
    const key = await readFile(join(model.directory, KEY_PATH));
    const { attacks, gas, proveMs, proven, refunded } = await runAttacks(
      {
        chain,
        reader,
        prover,
        packageDirectory: model.directory,
        outputSpecs: opened.outputSpecs,
        modelId,
        keyHash: spec.keyHash,
        key,
        proofSystem,
        token: tokenAddress,
        input,
        requester,
        operator,
        thief,
      },
      model.publicSignals,
    );
    for (const { name, rejected, error } of attacks) log(`  ${name}: ${rejected ? `rejected, ${error}` : "ACCEPTED"}`);

    const verifyStarted = performance.now();
    const verdict = await groth16.verify(
      key,
      {
        context: proven.context,
        input: Buffer.from(proven.input.slice(2), "hex"),
        output: Buffer.from(proven.output.slice(2), "hex"),
      },
      Buffer.from(proven.seal.slice(2), "hex"),
    );
    const verifyMs = performance.now() - verifyStarted;
    const verifyGas = await gasOfVerify(owner, proofSystem, spec.keyHash, proven);

    const report: DemoReport = {
      model: "digits: perceptron 64-32-10",
      floatAccuracy: accuracy.floatTop1 ?? NaN,
      integerAccuracy: accuracy.integerTop1 ?? NaN,
      samples: accuracy.samples,
      maxError: accuracy.maxAbsError,
      constraints: model.constraints,
      publicSignals: model.publicSignals,
      compileMs: Math.round(model.compileMs),
      setupMs: Math.round(model.setupMs),
      setupCached: model.setupCached,
      insecureSetup: registration.insecure,
      proveColdMs: Math.round(proveColdMs),
      proveMs: Math.round(proveMs),
      verifyMs: Math.round(verifyMs),
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
        label: model.labels[0] ?? -1,
        margin: job.reading.margin,
        outcome: job.reading.outcome,
      },
      audit: { verdict: audit.verdict, checks: audit.checks.map(({ name, ok }) => ({ name, ok })) },
      attacks,
      refundedAfterExpiry: refunded,
      ok:
        verdict.ok &&
        job.status === "Settled" &&
        audit.verdict === "valid" &&
        refunded &&
        attacks.every(({ rejected, error, unalteredSucceeded }) => rejected && error !== null && unalteredSucceeded),
      totalMs: Math.round(performance.now() - started),
    };
    log(report.ok ? "done" : "something is WRONG: see above");
    process.stdout.write(options.json ? `${toJson(report)}\n` : table(report));
    if (!report.ok) process.exitCode = 1;
    return report;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

// import.meta.main is younger than the oldest Node that this runs on.
if (process.argv[1] === import.meta.filename) await runDemo({ json: process.argv.includes("--json") });
