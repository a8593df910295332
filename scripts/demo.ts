// SPDX-License-Identifier: GPL-3.0-or-later
// The main job, on real data and a chain of its own: compile a model, set up its key, register it, have a dApp pay for one
// inference, prove and settle it, audit the settlement, attack it. Once proven with groth16, once with tensorcheck.
//   ./dev demo [--json]
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Contract } from "ethers";
import { openChain } from "../verifier/chain/client.ts";
import { openSender } from "../verifier/chain/transactions.ts";
import { toJson, type Address } from "../verifier/chain/types.ts";
import { openHub } from "../verifier/hub/store.ts";
import { groth16 } from "../verifier/proofs/groth16/index.ts";
import { decodePowers, developmentPowers, tensorcheck } from "../verifier/proofs/tensorcheck/index.ts";
import { attackGroth16, attackTensorcheck } from "./demo/attacks.ts";
import { deployContracts, fundAccounts } from "./demo/deploy.ts";
import { startLocalChain } from "./demo/localChain.ts";
import { prepareModel, prepareTensorcheck } from "./demo/model.ts";
import { table, type DemoReport } from "./demo/report.ts";
import { examine, serve, type Stage } from "./demo/served.ts";

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
    const model = await prepareModel(join(work, "groth16"), CACHE, (line) => log(`  ${line}`));
    const { accuracy } = model;
    const origin = (cached: boolean): string => `key ${cached ? "from the cache" : "made"}: INSECURE, development only`;
    log(`  ${model.constraints} constraints; ${origin(model.setupCached)}`);
    log("commit to the same integers for tensorcheck");
    const committed = await prepareTensorcheck(model, join(work, "tensorcheck"), CACHE);
    log(`  powers of tau ${committed.setupCached ? "from the cache" : "made"}; ${origin(false)}`);
    const { tau2 } = decodePowers(await readFile(join(committed.directory, "setup/powers.bin")));

    log("start a local chain, deploy the contracts");
    const chain = await startLocalChain();
    closers.push(() => chain.close());
    const owner = await chain.account();
    const modelOwner = await chain.account();
    const user = await chain.account();
    const requester = await chain.account();
    const operator = await chain.account();
    const thief = await chain.account();
    const { deployment, token, ...contracts } = await deployContracts(chain, tau2);
    const reader = await openChain(chain.url, deployment);
    closers.push(() => reader.close());
    const sender = openSender(chain.url, deployment, modelOwner.privateKey);
    closers.push(() => sender.close());
    // Those who deal with the market directly have a balance there already, as an operator or a regular user would.
    await fundAccounts(token.connect(owner) as Contract, deployment, {
      wallets: [user.address],
      balances: [requester.address, modelOwner.address],
      operators: [operator],
      amount: 50n * FEE,
    });
    const stage: Stage = {
      ...{ chain, reader, hub: await openHub(join(work, "hub")), work, token, fee: FEE, images: model, log },
      ...{ owner, user, requester, operator, thief },
      modelOwner: { address: modelOwner.address as Address, sender },
    };

    const first = { proofSystem: groth16, contract: contracts.groth16, prepared: model };
    const servedFirst = await serve(stage, first, closers);
    const second = { proofSystem: tensorcheck, contract: contracts.tensorcheck, prepared: committed };
    const servedSecond = await serve(stage, second, closers);

    const { tau2: otherTau2 } = await developmentPowers(1);
    const { report: tensorcheckReport } = await examine(stage, servedSecond, (field) =>
      attackTensorcheck(field, tau2, otherTau2),
    );
    // The last: it moves the chain's clock.
    const { report: groth16Report, attacked } = await examine(stage, servedFirst, (field) =>
      attackGroth16(field, model.publicSignals),
    );

    const sameOutput = Buffer.compare(servedFirst.job.output, servedSecond.job.output) === 0;
    const report: DemoReport = {
      model: "digits: perceptron 64-32-10",
      floatAccuracy: accuracy.floatTop1 ?? NaN,
      integerAccuracy: accuracy.integerTop1 ?? NaN,
      samples: accuracy.samples,
      maxError: accuracy.maxAbsError,
      constraints: model.constraints,
      publicSignals: model.publicSignals,
      ...groth16Report,
      refundedAfterExpiry: attacked.refunded,
      tensorcheck: tensorcheckReport,
      sameOutput,
      ok: groth16Report.ok && tensorcheckReport.ok && attacked.refunded && sameOutput,
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
if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes("--help"))
    console.log("usage: ./dev demo [--json]      --json: one JSON object as the last line");
  else await runDemo({ json: process.argv.includes("--json") });
}
