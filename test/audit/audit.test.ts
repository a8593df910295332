// SPDX-License-Identifier: GPL-3.0-or-later
import { execFileSync } from "node:child_process";
import { appendFile, cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { auditDirectory, writeAuditDirectory, type AuditReport } from "../../verifier/audit/audit.ts";
import {
  collectChainData,
  parseChainData,
  serializeChainData,
  type ChainData,
} from "../../verifier/audit/chain-data.ts";
import { contextOf, toBytes, toHex } from "../../verifier/chain/hashes.ts";
import { keccakHex } from "../../verifier/hash.ts";
import { calls } from "../../verifier/chain/transactions.ts";
import type { Hex } from "../../verifier/chain/types.ts";
import { argmax, decodeOutput, encodeInput } from "../../verifier/sdk/tensors.ts";
import { parseManifest } from "../../verifier/hub/manifest.ts";
import { digitsPackage, heldOutDigit } from "../helpers/audit.ts";
import { newTestChain, type TestChain } from "../helpers/chain.ts";
import type { ProofSystem } from "../../verifier/proofs/types.ts";
import { codeOf } from "../helpers/errors.ts";
import { mockProofs, mockSeal } from "../helpers/mock-proofs.ts";
import { writeFiles } from "../helpers/packages.ts";

const goodSetup: ProofSystem["verifySetup"] = async () => [{ name: "transcript", ok: true, detail: "mock" }];
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

describe("auditing a settlement", () => {
  let root: string;
  let chain: TestChain;
  let original: ChainData;
  let clean: string;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "verigrad-audit-"));
    chain = await newTestChain();
    const files = await digitsPackage();
    const packageDirectory = join(root, "digits");
    await writeFiles(packageDirectory, files);
    const { modelId } = await chain.registerModel(files);
    const manifest = parseManifest(await readFile(join(packageDirectory, "manifest.json")));
    const { pixels, label } = await heldOutDigit();
    const input = encodeInput(manifest, [pixels]);
    const request = await chain.makeRequest(modelId, { input: toHex(input), minFee: 1000n, maxFee: 3000n });
    const jobId = await chain.submitRequest(request);
    expect(await codeOf(collectChainData(chain.chain, jobId))).to.equal("JOB_NOT_SETTLED");

    const operator = chain.senderOf(2);
    const { deployment } = chain;
    await operator.send(calls.claim(deployment, request), { pollMs: 1 });
    const context = contextOf(deployment.chainId, deployment.market, jobId, operator.address);
    const { output, seal } = await mockProofs.prove(packageDirectory, { context, input });
    await operator.send(calls.fulfil(deployment, request, operator.address, toHex(output), toHex(seal)), { pollMs: 1 });
    expect(argmax(decodeOutput(manifest, output)[0]?.values ?? []).index).to.equal(label);

    original = await collectChainData(chain.chain, jobId);
    clean = join(root, "clean");
    await writeAuditDirectory(clean, original, packageDirectory);
  });
  after(async () => {
    await chain.close();
    await rm(root, { recursive: true });
  });

  const audit = (directory: string, online = true, verifySetup = goodSetup): Promise<AuditReport> =>
    auditDirectory(directory, {
      proofSystem: { ...mockProofs, verifySetup },
      ...(online ? { chain: chain.chain } : {}),
    });
  const failedOf = (report: AuditReport): string[] =>
    report.checks.filter(({ ok }) => ok === false).map(({ name }) => name);

  it("finds an honest settlement valid, check by check, and shows that the key is INSECURE", async () => {
    const report = await audit(clean);
    expect(report.checks.filter(({ ok }) => ok !== true)).to.deep.equal([]);
    expect(report.verdict).to.equal("valid");
    expect(report.checks.map(({ name }) => name)).to.have.members([
      ...["chain-data", "model-id", "job-id", "package-cid", "package-files", "specs", "key", "graph-recompiled"],
      ...["circuit-recompiled", "key-rebuilt", "input", "output", "context", "proof", "proof-on-chain"],
      ...["price", "times", "payee", "royalty", "slash", "dispute"],
    ]);
    expect(report.notices.join()).to.contain("INSECURE");
  });

  it("is indeterminate without an RPC: the deployed proof system was not asked", async () => {
    const report = await audit(clean, false);
    expect(report.verdict).to.equal("indeterminate");
    expect(report.checks.filter(({ ok }) => ok !== true).map(({ name }) => name)).to.deep.equal([
      "chain-data",
      "proof-on-chain",
    ]);
  });

  it("writes chain data that reads back the same", () => {
    expect(parseChainData(serializeChainData(original))).to.deep.equal(original);
  });

  it("refuses chain data that is no chain data", async () => {
    const text = serializeChainData(original);
    for (const bad of [
      "",
      "{",
      "[]",
      text.replace("verigrad.chain-data.v2", "v1"),
      text.replace('"price"', '"prize"'),
    ]) {
      expect(await codeOf(() => parseChainData(bad))).to.equal("AUDIT_CHAIN_DATA");
    }
    expect(await codeOf(audit(join(root, "nowhere")))).to.equal("AUDIT_CHAIN_DATA");
  });

  const zero: Hex = `0x${"00".repeat(20)}`;
  const flip = (hex: Hex): Hex => {
    const bytes = toBytes(hex);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
    return toHex(bytes);
  };
  /** One thing changed in the chain's data -> the checks that notice, all of them and no other. */
  const chainTampers: [string, (data: Mutable<ChainData>) => void, string[]][] = [
    ["another owner", (d) => (d.model.owner = zero), ["model-id"]],
    ["another settled model", (d) => (d.settlement.modelId = flip(d.settlement.modelId)), ["model-id"]],
    [
      "another graph registered",
      (d) => (d.model.spec.graphHash = flip(d.model.spec.graphHash)),
      ["model-id", "package-files"],
    ],
    [
      "another weights hash registered",
      (d) => (d.model.spec.weightsHash = flip(d.model.spec.weightsHash)),
      ["model-id", "package-files"],
    ],
    [
      "other specs registered",
      (d) => (d.model.spec.outputSpecHash = flip(d.model.spec.outputSpecHash)),
      ["model-id", "specs"],
    ],
    ["another package registered", (d) => (d.model.spec.cid = flip(d.model.spec.cid)), ["model-id", "package-cid"]],
    ["a set-up hash", (d) => (d.model.spec.setupHash = flip(d.model.spec.setupHash)), ["model-id", "key-rebuilt"]],
    ["another nonce", (d) => (d.request.nonce += 1n), ["job-id"]],
    [
      "another input",
      (d) => (d.request.input = `0x${(d.request.input[3] === "1" ? "02" : "01").repeat(64)}`),
      ["job-id", "output", "proof", "proof-on-chain"],
    ],
    [
      "an input out of range",
      (d) => (d.request.input = `0x${"ff".repeat(64)}`),
      ["job-id", "input", "output", "proof", "proof-on-chain"],
    ],
    ["another key", (d) => (d.key = flip(d.key)), ["key", "proof"]],
    ["another seal", (d) => (d.settlement.seal = flip(d.settlement.seal)), ["proof", "proof-on-chain"]],
    ["another output", (d) => (d.settlement.output = flip(d.settlement.output)), ["output", "proof", "proof-on-chain"]],
    ["another result served", (d) => (d.result = flip(d.result)), ["output"]],
    ["another context", (d) => (d.context += 1n), ["context"]],
    ["another payee", (d) => (d.settlement.payee = zero), ["context", "proof", "proof-on-chain", "payee"]],
    ["another chain", (d) => (d.chainId += 1n), ["job-id", "context", "proof", "proof-on-chain"]],
    ["a higher price", (d) => (d.settlement.price += 1n), ["price"]],
    ["a higher locked price", (d) => void (d.claim !== null && (d.claim.price += 1n)), ["price"]],
    ["a higher royalty", (d) => (d.settlement.royalty += 1n), ["royalty"]],
    ["a royalty above the bound", (d) => (d.royalty.bps = 1001n), ["royalty"]],
    ["settled too late", (d) => (d.settlement.place.timestamp = d.request.deadline), ["times", "slash"]],
    [
      "a slash that nobody deserved",
      (d) => ((d as { slash: unknown }).slash = { claimer: zero, burnt: 1n, toPayee: 1n }),
      ["slash"],
    ],
    ["another proof system", (d) => (d.proofSystem.pinned = zero), ["proof-on-chain"]],
  ];
  for (const [what, tamper, expected] of chainTampers) {
    it(`notices ${what}`, async () => {
      const directory = join(root, "tampered");
      await cp(clean, directory, { recursive: true });
      try {
        const data = parseChainData(serializeChainData(original)) as Mutable<ChainData>;
        tamper(data);
        await writeFile(join(directory, "chain.json"), serializeChainData(data));
        const report = await audit(directory);
        expect(failedOf(report)).to.have.members(["chain-data", ...expected]);
        expect(report.verdict).to.equal("invalid");
      } finally {
        await rm(directory, { recursive: true });
      }
    });
  }

  /** One file of the package changed. `package-cid` notices each; the others say what it means. */
  const fileTampers: [string, string[]][] = [
    ["weights.bin", ["package-files", "graph-recompiled"]],
    ["graph.json", ["package-files", "graph-recompiled"]],
    ["calibration.json", ["package-files", "graph-recompiled", "circuit-recompiled"]],
    ["model.onnx", ["package-files", "graph-recompiled", "circuit-recompiled"]],
    ["circuit/mock.txt", ["package-files", "circuit-recompiled"]],
    ["manifest.json", ["package-files", "graph-recompiled", "circuit-recompiled", "key-rebuilt"]],
    ["setup/key.bin", ["key"]],
    ["setup/transcript.json", ["key-rebuilt"]],
  ];
  for (const [path, expected] of fileTampers) {
    it(`notices that ${path} was changed`, async () => {
      const directory = join(root, "tampered");
      await cp(clean, directory, { recursive: true });
      try {
        await appendFile(join(directory, "package", path), "x");
        const report = await audit(directory);
        expect(failedOf(report)).to.have.members(["package-cid", ...expected]);
        expect(report.verdict).to.equal("invalid");
      } finally {
        await rm(directory, { recursive: true });
      }
    });
  }

  it("notices a circuit that is honest by its manifest but not by its model", async () => {
    // manifest and circuit changed together: only compiling the model again can tell
    const directory = join(root, "tampered");
    await cp(clean, directory, { recursive: true });
    try {
      const { serializeManifest } = await import("../../verifier/hub/manifest.ts");
      const path = join(directory, "package/manifest.json");
      const manifest = parseManifest(await readFile(path));
      const circuit = Buffer.from("another circuit");
      await writeFile(join(directory, "package/circuit/mock.txt"), circuit);
      const files = {
        ...manifest.files,
        "circuit/mock.txt": { bytes: circuit.length, keccak256: keccakHex(circuit) },
      };
      await writeFile(path, serializeManifest({ ...manifest, files }));
      expect(failedOf(await audit(directory))).to.have.members(["package-cid", "circuit-recompiled"]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it("says so when the key does not follow from its transcript, and when that cannot be known", async () => {
    const bad: ProofSystem["verifySetup"] = async () => [{ name: "proving key", ok: false, detail: "other powers" }];
    const report = await audit(clean, true, bad);
    expect(failedOf(report)).to.deep.equal(["key-rebuilt"]);
  });

  it("accepts a late claimer's own proof only with the slash that the market took", async () => {
    const directory = join(root, "late");
    await cp(clean, directory, { recursive: true });
    const data = parseChainData(serializeChainData(original)) as Mutable<ChainData>;
    if (data.claim === null) throw new Error("claimed");
    data.settlement.place.timestamp = data.claim.place.timestamp + data.request.proofWindow;
    const { claimer } = data.claim;
    const write = (slash: unknown): Promise<void> =>
      writeFile(join(directory, "chain.json"), serializeChainData({ ...data, slash } as ChainData));
    await write({ claimer, burnt: 200n, toPayee: 200n });
    expect(failedOf(await audit(directory)), "right by itself, but not what happened").to.deep.equal(["chain-data"]);
    await write({ claimer, burnt: 199n, toPayee: 201n });
    expect(failedOf(await audit(directory))).to.deep.equal(["chain-data", "slash"]);
    await write(null);
    expect(failedOf(await audit(directory))).to.deep.equal(["chain-data", "slash"]);
  });

  it("is not fooled by a seal for another payee's context", async () => {
    const directory = join(root, "stolen");
    await cp(clean, directory, { recursive: true });
    const data = parseChainData(serializeChainData(original)) as Mutable<ChainData>;
    data.settlement.seal = toHex(
      mockSeal(toBytes(original.key), {
        context: contextOf(original.chainId, original.market, original.jobId, chain.accounts[3]?.address as Hex),
        input: toBytes(original.request.input),
        output: toBytes(original.settlement.output),
      }),
    );
    await writeFile(join(directory, "chain.json"), serializeChainData(data));
    expect(failedOf(await audit(directory))).to.have.members(["chain-data", "proof", "proof-on-chain"]);
  });

  it("is not fooled by a settlement that is right in everything but never happened", async () => {
    // the same job, settled for another payee with a proof of its own: every hash and every proof fits
    const directory = join(root, "invented");
    await cp(clean, directory, { recursive: true });
    const data = parseChainData(serializeChainData(original)) as Mutable<ChainData>;
    const payee = chain.accounts[3]?.address as Hex;
    const context = contextOf(data.chainId, data.market, data.jobId, payee);
    const { input } = data.request;
    const claimed = { context, input: toBytes(input), output: toBytes(data.settlement.output) };
    Object.assign(data.settlement, { payee, seal: toHex(mockSeal(toBytes(data.key), claimed)) });
    Object.assign(data, { context });
    Object.assign(data.claim ?? {}, { claimer: payee });
    await writeFile(join(directory, "chain.json"), serializeChainData(data));
    expect(failedOf(await audit(directory))).to.deep.equal(["chain-data"]);
    expect((await audit(directory, false)).verdict).to.equal("indeterminate");
  });

  describe("of an optimistic job", () => {
    /** A claimed and proposed job; `right` is what the model gives. */
    async function proposed(wrong: boolean) {
      const { deployment } = chain;
      const [operator, challenger] = [chain.senderOf(2), chain.senderOf(3)];
      const request = await chain.makeRequest(original.model.modelId, {
        ...{ input: original.request.input, mode: 1, nonce: original.request.nonce + nonce++ },
        ...{ proposerBond: 1001n, challengerBond: 501n, challengeWindow: 600n, collateral: 401n },
      });
      const jobId = await chain.submitRequest(request);
      const right = original.settlement.output;
      await operator.send(calls.claim(deployment, request), { pollMs: 1 });
      const output = wrong ? flip(right) : right;
      await operator.send(calls.propose(deployment, request, output), { pollMs: 1 });
      return {
        request,
        challenge: () =>
          challenger.send(calls.challenge(deployment, request, keccakHex(toBytes(output))), { pollMs: 1 }),
        prove: async () => {
          const context = contextOf(deployment.chainId, deployment.market, jobId, challenger.address);
          const claim = { context, input: toBytes(request.input), output: toBytes(right) };
          const seal = toHex(mockSeal(toBytes(original.key), claim));
          await challenger.send(calls.fulfil(deployment, request, challenger.address, right, seal), { pollMs: 1 });
        },
        settle: async () => {
          await chain.networkHelpers.time.increase(600);
          await operator.send(calls.settle(deployment, request), { pollMs: 1 });
        },
        /** Audits what the chain says, and what it says after `tamper`. */
        audit: async (tamper?: (data: Mutable<ChainData>) => void): Promise<AuditReport> => {
          const directory = join(root, "optimistic");
          await cp(clean, directory, { recursive: true });
          try {
            const data = (await collectChainData(chain.chain, jobId)) as Mutable<ChainData>;
            tamper?.(data);
            await writeFile(join(directory, "chain.json"), serializeChainData(data));
            return await audit(directory);
          } finally {
            await rm(directory, { recursive: true });
          }
        },
      };
    }
    let nonce = 1n;

    it("is valid without a proof where nobody challenged, and says loudly that nothing was proven", async () => {
      const job = await proposed(false);
      await job.settle();
      const report = await job.audit();
      expect(report.checks.filter(({ ok }) => ok !== true)).to.deep.equal([]);
      expect([report.verdict, report.proven]).to.deep.equal(["valid", false]);
      expect(report.notices.join()).to.contain("UNPROVEN");
      const names = report.checks.map(({ name }) => name);
      expect(names).to.include("unchallenged");
      expect(names).to.not.include.members(["proof"]);
      const tampers: [(data: Mutable<ChainData>) => void, string[]][] = [
        [(d) => (d.request.mode = 0), ["job-id", "unchallenged"]],
        [(d) => ((d as { proposal: unknown }).proposal = null), ["unchallenged", "payee"]],
        [(d) => void (d.proposal !== null && (d.proposal.output = flip(d.proposal.output))), ["unchallenged"]],
        [(d) => void (d.proposal !== null && (d.proposal.proposer = zero)), ["payee"]],
        [(d) => (d.settlement.payee = zero), ["context", "payee"]],
        [(d) => void (d.proposal !== null && (d.proposal.place.timestamp += 2n)), ["times"]],
        [(d) => void (d.proposal !== null && (d.proposal.place.timestamp -= 1200n)), ["times"]],
        [
          (d) => ((d as { challenge: unknown }).challenge = { challenger: zero, place: d.proposal?.place }),
          ["unchallenged", "times"],
        ],
        [
          (d) => {
            const nothing = { burnt: 0n, toPayee: 0n, toChallenger: 0n };
            Object.assign(d, { dispute: { upheld: true, proposer: zero, challenger: null, ...nothing } });
          },
          ["dispute"],
        ],
        [(d) => (d.settlement.seal = "0x01"), ["proof", "proof-on-chain", "times", "dispute"]],
      ];
      for (const [i, [tamper, expected]] of tampers.entries()) {
        expect(failedOf(await job.audit(tamper)), `tamper ${i}`).to.have.members(["chain-data", ...expected]);
      }
    });

    it("is invalid when a wrong output became final because nobody challenged it", async () => {
      const job = await proposed(true);
      await job.settle();
      const report = await job.audit();
      expect(failedOf(report)).to.deep.equal(["output"]);
      expect(report.verdict).to.equal("invalid");
    });

    it("is valid when a proof overturned the proposal, with and without a challenge before it, if the bonds went right", async () => {
      for (const challenged of [true, false]) {
        const job = await proposed(true);
        if (challenged) await job.challenge();
        await job.prove();
        const report = await job.audit();
        expect(report.checks.filter(({ ok }) => ok !== true)).to.deep.equal([]);
        expect([report.verdict, report.proven]).to.deep.equal(["valid", true]);
        // 401 and 1001, half of each burnt, rounded up
        const { detail } = report.checks.find(({ name }) => name === "dispute") ?? {};
        expect(detail).to.contain(
          challenged ? "702 burnt, 200 to its payee, 500 to" : "702 burnt, 700 to its payee, 0 to",
        );
        const tampers: ((d: Mutable<NonNullable<ChainData["dispute"]>>) => void)[] = [
          (d) => (d.upheld = true),
          (d) => (d.burnt -= 1n),
          (d) => (d.toPayee += 1n),
          (d) => (d.toChallenger += 1n),
          (d) => (d.proposer = zero),
          (d) => (d.challenger = zero),
        ];
        for (const tamper of tampers) {
          const tampered = await job.audit((d) => void (d.dispute !== null && tamper(d.dispute)));
          expect(failedOf(tampered)).to.deep.equal(["chain-data", "dispute"]);
        }
        expect(failedOf(await job.audit((d) => Object.assign(d, { dispute: null })))).to.deep.equal([
          "chain-data",
          "dispute",
        ]);
        // A challenge in the second of the proof would have earned nothing.
        const hurried = await job.audit((d) => {
          if (d.challenge !== null) d.challenge.place.timestamp = d.settlement.place.timestamp;
        });
        expect(failedOf(hurried)).to.deep.equal(challenged ? ["chain-data", "dispute"] : []);
      }
    });

    it("is valid when a proof upheld the proposal: its proposer earned, the proof's payee has the challenger's bond", async () => {
      const job = await proposed(false);
      await job.challenge();
      await job.prove();
      const report = await job.audit();
      expect(report.checks.filter(({ ok }) => ok !== true)).to.deep.equal([]);
      expect(report.checks.find(({ name }) => name === "dispute")?.detail).to.contain("upheld the proposal: 501");
      const late = (d: Mutable<ChainData>): void => void (d.settlement.place.timestamp += 1200n);
      expect(failedOf(await job.audit(late))).to.deep.equal(["chain-data", "times"]);
      const early = (d: Mutable<ChainData>): void =>
        void (d.challenge !== null && (d.challenge.place.timestamp += 600n));
      expect(failedOf(await job.audit(early))).to.deep.equal(["chain-data", "times"]);
    });
  });

  it("reads nothing through links or pipes, and gives a verdict without a package", async () => {
    const directory = join(root, "links");
    const key = join(directory, "package/setup/key.bin");
    await cp(clean, directory, { recursive: true });
    await rm(key);
    await symlink(join(clean, "package/setup/key.bin"), key);
    const expected = ["package-cid", "key", "graph-recompiled", "circuit-recompiled", "key-rebuilt"];
    expect(failedOf(await audit(directory))).to.include.members(expected);
    await rm(key);
    execFileSync("mkfifo", [key]);
    expect(failedOf(await audit(directory))).to.include.members(expected);
    await rm(join(directory, "package"), { recursive: true });
    expect((await audit(directory)).verdict).to.equal("invalid");
  });

  it("notices a file that the package should not have", async () => {
    const directory = join(root, "extra");
    await cp(clean, directory, { recursive: true });
    await writeFile(join(directory, "package/extra.txt"), "x");
    expect(failedOf(await audit(directory))).to.have.members(["package-cid", "package-files"]);
    await rm(join(directory, "package/extra.txt"));
    await writeFile(join(directory, "package/setup/extra.bin"), "x");
    expect(failedOf(await audit(directory))).to.deep.equal(["package-cid"]);
  });
});
