// SPDX-License-Identifier: GPL-3.0-or-later
// The command line against a chain of its own, each command a process: register, node run, audit job; the request comes
// from the SDK. Real circuit, real proof, contracts deployed by Ignition.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Contract } from "ethers";
import { deployContracts, fundAccounts } from "../../scripts/demo/deploy.ts";
import { startLocalChain, type LocalChain } from "../../scripts/demo/localChain.ts";
import { toJson } from "../../verifier/chain/types.ts";
import {
  argmax,
  awaitResult,
  buildRequest,
  decodeOutput,
  encodeInputFile,
  openChain,
  openSender,
  parseManifest,
  requestInference,
  type Hex,
} from "../../verifier/sdk/index.ts";

const MAIN = new URL("../../verifier/cli/main.ts", import.meta.url).pathname;
const EXAMPLE = new URL("../../examples/digits/", import.meta.url).pathname;
const FUNDS = 1_000_000n;

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe("verigrad, the command, against a chain", () => {
  let root: string;
  let chain: LocalChain;
  const running = new Set<ChildProcess>();
  const at = (...parts: string[]): string => join(root, ...parts);

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-e2e-"));
    chain = await startLocalChain();
  });
  after(async () => {
    for (const child of running) child.kill("SIGKILL");
    await chain.close();
    await rm(root, { recursive: true });
  });

  const start = (args: readonly string[], env: Record<string, string> = {}): [ChildProcess, Promise<Run>] => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args, "--json"], {
      env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: at("cache"), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const closed = once(child, "close").then(([code]) => {
      running.delete(child);
      return { code: code as number | null, stdout, stderr };
    });
    return [child, closed];
  };
  const verigrad = async (args: readonly string[], env: Record<string, string> = {}): Promise<Run> =>
    start(args, env)[1];
  const resultOf = <T>({ code, stdout, stderr }: Run, expected = 0): T => {
    expect(code, stderr).to.equal(expected);
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
  };

  it("registers a model, serves a job and audits its settlement", async function () {
    this.timeout(240_000);
    const deployed = await deployContracts(chain);
    const { deployment } = deployed;
    const [owner, requester, operator] = [await chain.account(), await chain.account(), await chain.account()];
    await fundAccounts(deployed.token.connect(owner) as Contract, deployment, {
      wallets: [operator.address],
      balances: [requester.address],
      operators: [],
      amount: FUNDS,
    });
    await writeFile(at("deployment.json"), toJson(deployment));
    const onChain = ["--rpc", chain.url, "--deployment", at("deployment.json")];

    const calibration = `${EXAMPLE}calibration.json`;
    resultOf(await verigrad(["compile", `${EXAMPLE}digits.onnx`, "--calibration", calibration, "-o", at("digits")]));
    resultOf(await verigrad(["setup", at("digits")]));
    const again = await verigrad(["setup", at("digits")]);
    expect(resultOf<{ error: { code: string } }>(again, 2).error.code, "keys are never replaced").to.equal(
      "OUTPUT_EXISTS",
    );
    const { modelId } = resultOf<{ modelId: Hex }>(
      await verigrad(["register", at("digits"), ...onChain, "--key-env", "OWNER_KEY", "--hub", at("hub")], {
        OWNER_KEY: owner.privateKey,
      }),
    );

    await writeFile(
      at("node.json"),
      toJson({
        rpc: chain.url,
        deployment,
        data: at("node"),
        hub: at("hub"),
        wallet: { keyEnv: "OPERATOR_KEY" },
        node: {
          models: [modelId],
          tokens: [{ token: deployment.tokens[0], minPrice: 1, maxCollateral: FUNDS }],
          acceptInsecure: true,
          watch: { confirmations: 0, pollMs: 100 },
          proving: { expectedSeconds: 5, submitSeconds: 5 },
        },
      }),
    );
    const bond = ["node", "bond", "--config", at("node.json"), "--amount"];
    const wallet = { OPERATOR_KEY: operator.privateKey };
    const dear = await verigrad([...bond, (FUNDS + 1n).toString()], wallet);
    expect(resultOf<{ error: { code: string } }>(dear, 2).error.code).to.equal("FUNDS_MISSING");
    const bonded = resultOf<Record<string, string>>(await verigrad([...bond, "500000"], wallet));
    expect(bonded).to.include({ bonded: "500000", exposure: "0", balance: "0", account: operator.address });
    const unbond = ["node", "unbond", "--config", at("node.json"), "--amount", "100000"];
    expect(resultOf(await verigrad(unbond, wallet))).to.include({ bonded: "400000", unbonding: "100000" });
    const shown = ["node", "stake", "--config", at("node.json")];
    const leaving = { bonded: "400000", unbonding: "100000", exposure: "0", settled: "0", slashed: "0", balance: "0" };
    expect(resultOf(await verigrad(shown, wallet))).to.include({ ...leaving, account: operator.address });
    expect(resultOf(await verigrad(["node", "rebond", "--config", at("node.json")], wallet))).to.include({
      ...{ bonded: "500000", unbonding: "0" },
    });
    expect(resultOf(await verigrad(unbond, wallet))).to.include({ bonded: "400000", unbonding: "100000" });
    const elsewhere = ["--token", operator.address, "--config", at("node.json")];
    const stray = await verigrad(["node", "bond", "--amount", "1", ...elsewhere], wallet);
    expect(resultOf<{ error: { code: string } }>(stray, 2).error.code, "no token of the market").to.equal(
      "OPTION_INVALID",
    );
    const [node, stopped] = start(["node", "run", "--config", at("node.json")], wallet);

    const reader = await openChain(chain.url, deployment);
    const sender = openSender(chain.url, deployment, requester.privateKey);
    const model = parseManifest(await readFile(at("digits/manifest.json")));
    const { input_data, labels } = JSON.parse(await readFile(`${EXAMPLE}heldout.json`, "utf8")) as {
      input_data: number[][][];
      labels: number[];
    };
    const input = encodeInputFile(model, Buffer.from(JSON.stringify({ input_data: [input_data[0]?.[0]] })));
    const request = buildRequest({
      requester: sender.address,
      modelId,
      input,
      token: deployment.tokens[0] as Hex,
      maxFee: 10_000n,
      now: (await reader.head()).timestamp,
    });
    const { jobId } = await requestInference(reader, sender, request, { pollMs: 50 });
    const output = await Promise.race([
      awaitResult(reader, jobId, { pollMs: 100, timeoutMs: 120_000 }),
      stopped.then(({ stderr }) => Promise.reject(new Error(`the node ended: ${stderr}`))),
    ]);
    expect(argmax(decodeOutput(model, output)[0]?.values ?? []).index).to.equal(labels[0]);
    expect(await reader.balanceOf(request.token, operator.address as Hex)).to.be.greaterThan(0n);

    node.kill("SIGINT");
    const end = await stopped;
    expect(end.code).to.equal(130);
    expect(end.stderr, "no key and no stack trace in the log").to.not.match(/\bat .*:\d+:\d+/);
    expect(end.stdout + end.stderr).to.not.contain(operator.privateKey.slice(2));

    const audit = await verigrad(["audit", "job", jobId, ...onChain, "--hub", at("hub"), "-o", at("audit")]);
    const report = resultOf<{ verdict: string; checks: { name: string; ok: boolean | null }[]; notices: string[] }>(
      audit,
    );
    expect(report.checks.filter(({ ok }) => ok !== true)).to.deep.equal([]);
    expect(report.verdict).to.equal("valid");
    expect(report.notices.join()).to.contain("INSECURE");
    reader.close();
    sender.close();
  });
});
