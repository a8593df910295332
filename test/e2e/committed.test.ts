// SPDX-License-Identifier: GPL-3.0-or-later
// Committed inputs from an ONNX file to the chain: the commands as processes, real circuit, key and proof, the contract's
// and the strict verifier's verdict, the audit with and without the opening.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { HDNodeWallet } from "ethers";
import { network } from "hardhat";
import { auditDirectory, writeAuditDirectory, type AuditReport } from "../../verifier/audit/audit.ts";
import { CHAIN_DATA_FORMAT, collectChainData, type ChainData } from "../../verifier/audit/chain-data.ts";
import { contextOf, jobIdOf, modelIdOf, toBytes, toHex } from "../../verifier/chain/hashes.ts";
import { toJson, type Address, type Hex } from "../../verifier/chain/types.ts";
import { proofSystemModule } from "../../verifier/cli/proof-systems.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { makeOpening, parseOpening, serializeOpening, type Opening } from "../../verifier/proofs/commitment.ts";
import { inputModeOfKey } from "../../verifier/proofs/groth16/key.ts";
import { groth16, setupDevelopment, verifySetup } from "../../verifier/proofs/groth16/index.ts";
import {
  awaitResult,
  buildRequest,
  commitInput,
  modelSpecOf,
  registerPackage,
  requestInference,
} from "../../verifier/sdk/index.ts";
import { decodeTensors, encodeTensors } from "../../verifier/tensor/codec.ts";
import { SCALAR_FIELD } from "../../verifier/tensor/packing.ts";
import type { TensorSpec } from "../../verifier/tensor/spec.ts";
import { parseManifest, serializeManifest } from "../../verifier/hub/manifest.ts";
import { openPackage } from "../../verifier/hub/package.ts";
import { openHub } from "../../verifier/hub/store.ts";
import { openProver } from "../../verifier/node/prover.ts";
import { withNode } from "../../scripts/demo/mainJob.ts";
import { perceptron, writePackage } from "../helpers/circuit-models.ts";
import { codeOf, errorOf } from "../helpers/errors.ts";
import { sampleRequest } from "../helpers/jobs.ts";
import { newLocalMarket, type LocalMarket } from "../helpers/local-market.ts";
import { onnxOf } from "../onnx/model.ts";

const MAIN = new URL("../../verifier/cli/main.ts", import.meta.url).pathname;

const MODEL = onnxOf({
  nodes: [
    { op: "Gemm", in: ["x", "w1", "b1"], out: ["h"], attributes: { transB: 1 } },
    { op: "Relu", in: ["h"], out: ["a"] },
    { op: "Gemm", in: ["a", "w2"], out: ["y"], attributes: { transB: 1 } },
  ],
  inputs: { x: [1, 4] },
  outputs: ["y"],
  constants: {
    w1: { dims: [3, 4], values: [1, -2, 3, 0.5, 0, 5, -6, 1, 2, 2, -1, -3] },
    b1: { dims: [3], values: [7, -8, 1] },
    w2: { dims: [2, 3], values: [1, 2, -3, 4, -1, 0.25] },
  },
});
/** What must never be seen: distinct enough to be found in any file. */
const SECRET = [1.25, 9.5, 3.75, 0.5];

interface Run {
  readonly code: number;
  readonly text: string;
  readonly result: Readonly<Record<string, unknown>>;
}

describe("committed inputs, from ONNX to the chain", function () {
  this.timeout(240_000);
  let root: string;
  const at = (...parts: string[]): string => join(root, ...parts);
  let specs: TensorSpec[];
  let opening: Opening;
  let key: Buffer;
  let proof: { context: bigint; input: Uint8Array; output: Uint8Array; seal: Uint8Array };

  const verigrad = (...args: readonly string[]): Promise<Run> =>
    new Promise((resolve) => {
      const env = { PATH: process.env["PATH"], NODE_COMPILE_CACHE: at("cache") };
      const argv = ["--disable-warning=ExperimentalWarning", MAIN, ...args, "--json"];
      execFile(process.execPath, argv, { env }, (error, stdout, stderr) => {
        const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Run["result"];
        resolve({ code: Number(error?.code ?? 0), text: stdout + stderr, result });
      });
    });

  const succeeds = async (...args: readonly string[]): Promise<Run> => {
    const run = await verigrad(...args);
    expect(run.code, run.text).to.equal(0);
    return run;
  };
  const readProof = async (path: string): Promise<typeof proof> => {
    const file = JSON.parse(await readFile(path, "utf8")) as Record<"context" | "input" | "output" | "seal", Hex>;
    return {
      context: BigInt(file.context),
      input: toBytes(file.input),
      output: toBytes(file.output),
      seal: toBytes(file.seal),
    };
  };

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-committed-"));
    await writeFile(at("model.onnx"), MODEL);
    await writeFile(at("x.json"), JSON.stringify({ input_data: [SECRET] }));
    const samples = [[0, 0, 0, 0], [10, 10, 10, 10], SECRET, [2, 4, 6, 8]];
    await writeFile(at("samples.json"), JSON.stringify({ input_data: samples }));
  });
  after(() => rm(root, { recursive: true }));

  it("compile, setup, commit, prove, verify", async () => {
    const model = ["compile", at("model.onnx"), "--calibration", at("samples.json")];
    await succeeds(...model, "--input-mode", "committed", "-o", at("package"));
    const manifest = parseManifest(await readFile(at("package/manifest.json")));
    expect(manifest.inputMode).to.equal("COMMITTED");
    specs = manifest.inputs.map(({ spec }) => spec);
    await succeeds("setup", at("package"));
    key = await readFile(at("package/setup/key.bin"));
    expect(inputModeOfKey(key)).to.equal("COMMITTED");

    const committed = await succeeds("commit", at("package"), "--input", at("x.json"), "-o", at("opening.json"));
    expect((await stat(at("opening.json"))).mode & 0o777).to.equal(0o600);
    opening = await parseOpening(specs, await readFile(at("opening.json"), "utf8"));
    expect(committed.result["commitment"]).to.equal(opening.commitment);

    const args = ["prove", at("package"), "--opening", at("opening.json"), "--context", "77"];
    const proven = await succeeds(...args, "-o", at("proof.json"));
    proof = await readProof(at("proof.json"));
    expect(toHex(proof.input)).to.equal(opening.commitment);
    expect(await groth16.verify(key, proof, proof.seal)).to.deep.equal({ ok: true });

    const verify = ["verify", at("package"), at("proof.json")];
    const [plain, opened] = await Promise.all([
      succeeds(...verify),
      succeeds(...verify, "--opening", at("opening.json")),
    ]);
    expect(opened.result["inputs"]).to.deep.equal([{ name: "x", values: SECRET }]);
    // Nothing that is meant for others holds the input or the salt, in any of their forms.
    const salt = opening.salt.toString(16);
    const published = [committed.text, proven.text, plain.text, await readFile(at("proof.json"), "utf8")];
    for (const text of published) {
      for (const secret of [salt, opening.salt.toString(), toHex(opening.input).slice(2), SECRET.join(" ")])
        expect(text).to.not.contain(secret);
    }
  });

  it("another opening proves another commitment, and opens no other proof", async () => {
    const other = await makeOpening(specs, opening.input);
    await writeFile(at("other.json"), serializeOpening(other));
    const run = await verigrad("verify", at("package"), at("proof.json"), "--opening", at("other.json"));
    expect(run.code).to.equal(2);
    expect(run.result).to.have.nested.property("error.code", "OPENING_INVALID");
    const commitment = toBytes(other.commitment);
    expect(await groth16.verify(key, { ...proof, input: commitment }, proof.seal)).to.include({ code: "InvalidProof" });
    const statement = { context: 77n, input: opening.input, salt: other.salt };
    const { output, seal } = await groth16.prove(at("package"), statement);
    expect(output).to.deep.equal(proof.output);
    expect(await groth16.verify(key, { ...proof, input: commitment }, seal)).to.deep.equal({ ok: true });
    expect(await groth16.verify(key, proof, seal)).to.include({ code: "InvalidProof" });
  });

  it("a salt where the key takes none, none where it takes one, or a wrong one: refused before any work", async () => {
    const { input, salt } = opening;
    expect(await codeOf(groth16.prove(at("package"), { context: 1n, input }))).to.equal("INPUT_MODE_MISMATCH");
    const wide = { context: 1n, input, salt: salt + 2n ** 128n };
    expect(await codeOf(groth16.prove(at("package"), wide))).to.equal("SALT_INVALID");
    const graph = perceptron([4, 2, 2], { seed: 5, pixelMax: 3 });
    const directory = await writePackage(graph);
    await setupDevelopment(directory);
    const statement = { context: 1n, input: Uint8Array.of(0, 1, 2, 3), salt };
    expect(await codeOf(groth16.prove(directory, statement))).to.equal("INPUT_MODE_MISMATCH");
    await rm(directory, { recursive: true });
  });

  it("Groth16ProofSystem accepts it, and nothing else in its place", async () => {
    const { ethers } = await network.create();
    const contract = await ethers.deployContract("Groth16ProofSystem");
    await (await contract.getFunction("registerKey")(key)).wait();
    const keyHash = ethers.keccak256(key);
    expect(await contract.getFunction("inputModeOf")(keyHash)).to.equal(1n);
    const value = BigInt(opening.commitment);
    const word = (v: bigint): Uint8Array => toBytes(`0x${v.toString(16).padStart(64, "0")}`);
    const { context, input, output, seal } = proof;
    const other = await makeOpening(specs, opening.input, opening.salt ^ 1n);
    const claims: [string, Uint8Array, bigint, Uint8Array, string][] = [
      ["the honest claim", input, context, output, "ok"],
      ["the same input under another salt", toBytes(other.commitment), context, output, "InvalidProof"],
      ["the next commitment", word((value + 1n) % SCALAR_FIELD), context, output, "InvalidProof"],
      ["another context", input, context + 1n, output, "InvalidProof"],
      ["another output", input, context, output.map((v, i) => (i === output.length - 1 ? v ^ 1 : v)), "InvalidProof"],
      ["the commitment + r", word(value + SCALAR_FIELD), context, output, "ScalarOutOfField"],
      ["the input itself", opening.input, context, output, "WrongLength"],
      ["no input", new Uint8Array(), context, output, "WrongLength"],
    ];
    for (const [what, claimed, bound, result, expected] of claims) {
      const verdict = await contract
        .getFunction("verify")
        .staticCall(keyHash, bound, claimed, result, seal)
        .then(
          () => "ok",
          (error: { data?: string }) => contract.interface.parseError(error.data ?? "0x")?.name,
        );
      expect(verdict, what).to.equal(expected);
      const here = await groth16.verify(key, { context: bound, input: claimed, output: result }, seal);
      expect(here.ok ? "ok" : here.code, `${what}, off chain`).to.equal(expected);
    }
  });

  it("the set-up rebuilds as COMMITTED, and is no set-up of the PUBLIC circuit", async () => {
    const { graph } = await openPackage(at("package"));
    expect(await groth16.checkSetup(at("package"), graph, [])).to.equal(null);
    await cp(at("package"), at("swapped"), { recursive: true });
    for (const { path, bytes } of await groth16.build(graph)) await writeFile(at("swapped", path), bytes);
    const failed = (await verifySetup(at("swapped"))).filter(({ ok }) => !ok).map(({ name }) => name);
    expect(failed).to.include.members(["key of the proving key", "circuit", "proving key"]);
  });

  it("a manifest that names the other mode: its set-up is refused, and nobody is told of a public input", async () => {
    // One word of an honest package is another; every listed file, the circuit and the key are as they were.
    await cp(at("package"), at("renamed"), { recursive: true });
    const manifest = parseManifest(await readFile(at("package/manifest.json")));
    await writeFile(at("renamed/manifest.json"), serializeManifest({ ...manifest, inputMode: "PUBLIC" }));
    for (const command of [
      ["verify", at("renamed"), at("proof.json")],
      ["setup", "verify", at("renamed")],
    ]) {
      const run = await verigrad(...command);
      expect(run.code, run.text).to.equal(2);
      expect(run.result).to.have.nested.property("error.code", "PACKAGE_CORRUPT");
    }
  });

  it("a proof never takes the place of its opening", async () => {
    const text = await readFile(at("opening.json"), "utf8");
    await cp(at("opening.json"), at("kept.json"));
    await symlink(root, at("here"));
    for (const output of [at("kept.json"), at("here", "kept.json")]) {
      const run = await verigrad("prove", at("package"), "--opening", at("kept.json"), "-o", output);
      expect(await readFile(at("kept.json"), "utf8")).to.equal(text);
      expect(run.code, run.text).to.equal(2);
      expect(run.result).to.have.nested.property("error.code", "OUTPUT_EXISTS");
    }
  });

  it("a process that loads circomlibjs while it proves still ends", async () => {
    // circomlibjs' own ffjavascript forgets the curve whose worker threads are at work: they would never end.
    const url = (path: string): string => JSON.stringify(new URL(`../../verifier/${path}`, import.meta.url).href);
    const script = `
      const { withWorkers } = await import(${url("proofs/curve.ts")});
      const { groth16 } = await import(${url("proofs/groth16/index.ts")});
      const [directory, input, salt] = process.argv.slice(1);
      const statement = { context: 1n, input: Buffer.from(input, "hex"), salt: BigInt(salt) };
      await withWorkers(() => groth16.prove(directory, statement));`;
    const args = ["--input-type=module", "-e", script, at("package"), toHex(opening.input).slice(2)];
    const child = execFile(process.execPath, [...args, opening.salt.toString()], { timeout: 100_000 });
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    expect([code, signal]).to.deep.equal([0, null]);
  });

  describe("a private inference through the market", () => {
    let market: LocalMarket;
    before(async () => {
      market = await newLocalMarket(2, 1_000_000n);
    });
    after(() => market.close());

    it("commitment on chain, opening to the node, claim, proof, settlement, result; the input is nowhere on the chain", async () => {
      const { chain, reader, token, owner } = market;
      const [requester, operator] = market.accounts as [HDNodeWallet, HDNodeWallet];
      const { deployment } = reader;
      const { modelId } = await registerPackage(at("package"), reader, market.send(owner), {}, { pollMs: 20 });
      const hub = await openHub(at("hub"));
      await hub.add(at("package"));
      const { manifest, graph } = await openPackage(at("package"));
      const mine = await commitInput(manifest, [SECRET]);
      await writeFile(at("mine.json"), serializeOpening(mine));
      // Not used by a node of its own here: what `node open` reads of it is where openings and packages are.
      const tokens = [{ token, minPrice: 1, maxCollateral: 1 }];
      const config = {
        rpc: chain.url,
        deployment,
        data: at("node"),
        hub: at("hub"),
        wallet: {},
        node: { models: "any", tokens },
      };
      await writeFile(at("node.json"), toJson(config));

      const prover = openProver({ ...proofSystemModule("groth16"), memoryMb: 2048, timeoutMs: 120_000 });
      const dataDirectory = at("node");
      const log: string[] = [];
      const node = {
        chain,
        reader,
        hub,
        prover,
        dataDirectory,
        operator,
        modelId,
        log: (line: string) => log.push(line),
      };
      const { jobId, output } = await withNode(node, async () => {
        const { timestamp } = await reader.head();
        const asked = { requester: requester.address as Address, modelId, input: mine, token, maxFee: 10_000n };
        const request = buildRequest({ ...asked, now: timestamp });
        expect([request.inputMode, request.input]).to.deep.equal([1, mine.commitment]);
        const { jobId } = await requestInference(reader, market.send(requester), request, { pollMs: 20 });

        const forJob = ["--job", jobId, "--config", at("node.json")];
        const notMine = { ...mine, salt: mine.salt ^ 1n };
        await writeFile(at("wrong.json"), serializeOpening(notMine));
        const refused = await verigrad("node", "open", at("wrong.json"), ...forJob);
        expect(refused.code, refused.text).to.equal(2);
        expect(refused.result).to.have.nested.property("error.code", "OPENING_INVALID");
        // The node has had seconds to claim, or to try the model first, and has not.
        expect((await reader.job(jobId)).state).to.equal("Requested");
        expect(log.join()).to.not.match(/sent claim|trial proof/);

        const taken = await succeeds("node", "open", at("mine.json"), ...forJob);
        expect(taken.result).to.deep.equal({ jobId, commitment: mine.commitment });
        const output = await awaitResult(reader, jobId, { pollMs: 100, timeoutMs: 120_000 });
        return { jobId, output };
      });
      await prover.close();
      expect((await reader.job(jobId)).claimer).to.equal(operator.address);
      const values = execute(graph, decodeTensors(specs, mine.input));
      expect(toHex(output)).to.equal(
        toHex(
          encodeTensors(
            graph.outputs.map(({ spec }) => spec),
            values,
          ),
        ),
      );

      const secrets = [toHex(mine.input).slice(2), mine.salt.toString(16).padStart(32, "0")];
      const seen: string[] = [];
      for (let number = 0; number <= (await reader.head()).number; number++) {
        const block = await chain.provider.getBlock(number, true);
        for (const transaction of block?.prefetchedTransactions ?? []) seen.push(transaction.data);
      }
      for (const entry of await chain.provider.getLogs({ fromBlock: 0, toBlock: "latest" }))
        seen.push(entry.data, ...entry.topics);
      expect(
        seen.some((data) => data.includes(mine.commitment.slice(2))),
        "the search finds what is there",
      ).to.equal(true);
      for (const secret of secrets) expect(seen.filter((data) => data.includes(secret))).to.deep.equal([]);
      for (const secret of secrets) expect(log.join()).to.not.contain(secret);
      const jobs = await readFile(join(dataDirectory, "jobs.jsonl"), "utf8");
      for (const secret of secrets) expect(jobs).to.not.contain(secret);

      const data = await collectChainData(reader, jobId);
      await writeAuditDirectory(at("settled"), data, at("package"));
      const audit = (text?: string): Promise<AuditReport> =>
        auditDirectory(at("settled"), {
          proofSystem: groth16,
          chain: reader,
          ...(text === undefined ? {} : { opening: text }),
        });
      expect((await audit(serializeOpening(mine))).verdict).to.equal("valid");
      const closed = await audit();
      expect(closed.verdict).to.equal("indeterminate");
      expect(closed.checks.filter(({ ok }) => ok !== true).map(({ name }) => name)).to.deep.equal(["input", "output"]);
    });

    it("OPTIMISTIC is refused: nobody could challenge what nobody sees", async () => {
      const { reader, token } = market;
      const [requester] = market.accounts as [HDNodeWallet];
      const { timestamp } = await reader.head();
      const modelId = modelIdOf(market.owner.address as Hex, await modelSpecOf(at("package")));
      const asked = { requester: requester.address as Address, modelId, input: opening, token, maxFee: 10_000n };
      const request = buildRequest({ ...asked, now: timestamp, optimistic: true });
      const refused = await errorOf(requestInference(reader, market.send(requester), request));
      expect(refused?.data["error"]).to.equal("UnsupportedInputMode");
    });
  });

  describe("audit", () => {
    /** Without `rebuild`, circuit and key are not made again: for audits whose input is the matter. */
    const audit = (directory: string, text?: string, rebuild = false): Promise<AuditReport> =>
      auditDirectory(directory, {
        proofSystem: rebuild ? groth16 : { ...groth16, build: async () => [], verifySetup: async () => [] },
        ...(text === undefined ? {} : { opening: text }),
      });
    const verdicts = ({ checks }: AuditReport): Record<string, boolean | null> =>
      Object.fromEntries(checks.map(({ name, ok }) => [name, ok]));

    /** What a market that takes committed inputs would say of a job that this proof settled. */
    async function chainData(): Promise<ChainData> {
      const spec = await modelSpecOf(at("package"));
      const [owner, payee, market]: Hex[] = ["a1", "b2", "c3"].map((byte): Hex => `0x${byte.repeat(20)}`);
      const modelId = modelIdOf(owner as Hex, spec);
      const request = { ...sampleRequest, modelId, inputMode: 1 as const, input: opening.commitment };
      const jobId = jobIdOf(31337n, market as Hex, request);
      const context = contextOf(31337n, market as Hex, jobId, payee as Hex);
      const { output, seal } = await groth16.prove(at("package"), {
        context,
        input: opening.input,
        salt: opening.salt,
      });
      const place = (blockNumber: number, timestamp: bigint): ChainData["requested"] => ({
        ...{ blockNumber, timestamp, logIndex: 0 },
        ...{ blockHash: `0x${"00".repeat(32)}`, transactionHash: `0x${"00".repeat(32)}` },
      });
      return {
        format: CHAIN_DATA_FORMAT,
        chainId: 31337n,
        ...{ market: market as Hex, registry: market as Hex, router: market as Hex, jobId, request },
        requested: place(2, 900n),
        ...{ claim: null, proposal: null, challenge: null, dispute: null },
        settlement: {
          ...{ modelId, payee: payee as Hex, price: 100n, royalty: 0n, output: toHex(output), seal: toHex(seal) },
          place: place(3, 950n),
        },
        slash: null,
        result: toHex(output),
        context,
        model: { modelId, owner: owner as Hex, spec, place: place(1, 800n) },
        royalty: { payee: owner as Hex, bps: 0n },
        burnBps: 5000n,
        proofSystem: { selector: spec.proofSystem, pinned: market as Hex, routed: market as Hex },
        key: toHex(key),
      };
    }

    it("checks all but input and output without the opening, and these too with it", async () => {
      await writeAuditDirectory(at("audit"), await chainData(), at("package"));
      const offline = { "chain-data": null, "proof-on-chain": null };
      const opened = verdicts(await audit(at("audit"), serializeOpening(opening), true));
      expect(opened).to.include(offline);
      expect(Object.entries(opened).filter(([name, ok]) => ok !== true && !(name in offline))).to.deep.equal([]);
      expect(opened).to.include({ input: true, output: true, "circuit-recompiled": true, "key-rebuilt": true });
      const closed = verdicts(await audit(at("audit")));
      expect(closed).to.include({ ...offline, input: null, output: null, proof: true });
    });

    it("refutes with the opening of another commitment, and a request of the other mode", async () => {
      const other = serializeOpening(await makeOpening(specs, opening.input));
      expect(verdicts(await audit(at("audit"), other))).to.include({ input: false, output: false });
      const data = await chainData();
      const request = { ...data.request, inputMode: 0 as const };
      await writeAuditDirectory(at("relabelled"), { ...data, request }, at("package"));
      const relabelled = await audit(at("relabelled"), serializeOpening(opening));
      expect(verdicts(relabelled)).to.include({ input: false, output: false, "job-id": false });
    });
  });
});
