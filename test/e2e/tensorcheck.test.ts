// SPDX-License-Identifier: GPL-3.0-or-later
// A model compiled for tensorcheck goes the whole way: registered, requested, claimed, proven and settled by a node, audited;
// by market, node and audit that know nothing of its proof system.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { HDNodeWallet } from "ethers";
import { withNode } from "../../scripts/demo/mainJob.ts";
import { auditDirectory, writeAuditDirectory } from "../../verifier/audit/audit.ts";
import { collectChainData } from "../../verifier/audit/chain-data.ts";
import { jobIdOf, toBytes } from "../../verifier/chain/hashes.ts";
import { calls } from "../../verifier/chain/transactions.ts";
import type { Address, Hex } from "../../verifier/chain/types.ts";
import { proofSystemModule, proofSystemOf } from "../../verifier/cli/proof-systems.ts";
import { buildPackage } from "../../verifier/compile/build.ts";
import { writePackage } from "../../verifier/compile/write.ts";
import { parseCalibration } from "../../verifier/graph/calibration.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { openHub } from "../../verifier/hub/store.ts";
import { openPackage } from "../../verifier/hub/package.ts";
import { openProver } from "../../verifier/node/prover.ts";
import {
  decodePowers,
  developmentPowers,
  setupDevelopment,
  tensorcheck,
} from "../../verifier/proofs/tensorcheck/index.ts";
import { awaitResult, buildRequest, encodeInput, registerPackage } from "../../verifier/sdk/index.ts";
import { decodeTensors, encodeTensors } from "../../verifier/tensor/codec.ts";
import { errorOf } from "../helpers/errors.ts";
import { newLocalMarket, type LocalMarket } from "../helpers/local-market.ts";

const EXAMPLE = join(import.meta.dirname, "../../examples/digits");
const FUNDS = 1_000_000_000n;

describe("a market with tensorcheck", function () {
  this.timeout(180_000);
  let work: string;
  let directory: string;
  let market: LocalMarket | undefined;
  let modelId: Hex;
  let jobId: Hex;
  let requester: HDNodeWallet;
  let operator: HDNodeWallet;
  const opened = (): LocalMarket => market as LocalMarket;

  before(async () => {
    work = await mkdtemp(join(tmpdir(), "verigrad-tensorcheck-"));
    directory = join(work, "digits");
    const onnx = await readFile(join(EXAMPLE, "digits.onnx"));
    const calibration = parseCalibration(await readFile(join(EXAMPLE, "calibration.json")));
    const { files } = await buildPackage({ onnx, calibration, name: "digits", proofSystem: tensorcheck });
    await writePackage(directory, files);
    await setupDevelopment(directory);
    const { tau2 } = decodePowers(await readFile(join(directory, "setup/powers.bin")));
    market = await newLocalMarket(2, FUNDS, tau2);
    [requester, operator] = market.accounts as [HDNodeWallet, HDNodeWallet];
  });
  after(async () => {
    await market?.close();
    await rm(work, { recursive: true, force: true });
  });

  it("T22: registers a key of the contract's set-up, and no other", async () => {
    const { reader, owner } = opened();
    const sender = opened().send(owner);
    const registered = await registerPackage(directory, reader, sender, {}, { pollMs: 20 });
    ({ modelId } = registered);
    expect(registered.spec.proofSystem).to.equal(tensorcheck.selector);
    const key = await readFile(join(directory, "setup/key.bin"));
    const { tau2 } = decodePowers(await readFile(join(directory, "setup/powers.bin")));
    key.set((await developmentPowers(1)).tau2, key.indexOf(tau2));
    const contract = await reader.proofSystem(tensorcheck.selector);
    const refused = await errorOf(sender.send(calls.registerKey(contract, `0x${key.toString("hex")}`), { pollMs: 20 }));
    expect(refused?.data["error"]).to.equal("MalformedKey");
  });

  it("is requested, claimed, proven and settled by a node", async () => {
    const { chain, reader, token } = opened();
    const hub = await openHub(join(work, "hub"));
    await hub.add(directory);
    const { manifest, graph } = await openPackage(directory);
    const heldOut = JSON.parse(await readFile(join(EXAMPLE, "heldout.json"), "utf8")) as { input_data: number[][][] };
    const input = encodeInput(manifest, [Float64Array.from(heldOut.input_data[0]?.[0] ?? [])]);
    const { timestamp } = await reader.head();
    const request = buildRequest({
      ...{ requester: requester.address as Address, modelId, input, token, maxFee: 10_000_000n, now: timestamp },
    });
    jobId = jobIdOf(reader.deployment.chainId, reader.deployment.market, request);
    const prover = openProver({ ...proofSystemModule("tensorcheck"), memoryMb: 2048, timeoutMs: 120_000 });
    const dataDirectory = join(work, "node");
    const log = (): void => undefined;
    const output = await withNode(
      { chain, reader, hub, prover, dataDirectory, operator, modelId, log, proofSystem: tensorcheck },
      async () => {
        await opened().send(requester).send(calls.request(reader.deployment, request), { pollMs: 20 });
        return awaitResult(reader, jobId, { pollMs: 100, timeoutMs: 120_000 });
      },
    );
    const specs = (ports: typeof graph.inputs) => ports.map(({ spec }) => spec);
    const expected = execute(graph, decodeTensors(specs(graph.inputs), toBytes(request.input)));
    expect(Buffer.from(output)).to.deep.equal(Buffer.from(encodeTensors(specs(graph.outputs), expected)));
  });

  it("is audited: every check holds, the key made again from graph and powers", async () => {
    const { reader } = opened();
    const data = await collectChainData(reader, jobId);
    const audit = join(work, "audit");
    await writeAuditDirectory(audit, data, directory);
    const proofSystem = await proofSystemOf(data.model.spec.proofSystem);
    const report = await auditDirectory(audit, { proofSystem, chain: reader });
    expect(report.checks.filter(({ ok }) => ok !== true)).to.deep.equal([]);
    expect(report.verdict).to.equal("valid");
    expect(report.notices.join()).to.contain("INSECURE");
  });
});
