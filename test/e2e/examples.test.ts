// SPDX-License-Identifier: GPL-3.0-or-later
// The examples over a chain: registered, asked for, claimed, proven and settled by a node, audited. Real circuits and
// proofs. digits goes this way in the demo; what takes longer than a minute runs in `./dev test:deep` only.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { HDNodeWallet } from "ethers";
import { auditMainJob, withNode } from "../../scripts/demo/mainJob.ts";
import { writePackage } from "../../verifier/compile/write.ts";
import type { Address } from "../../verifier/chain/types.ts";
import { execute } from "../../verifier/graph/execute.ts";
import { quantizeSample, type Sample } from "../../verifier/graph/samples.ts";
import { openPackage } from "../../verifier/hub/package.ts";
import { openHub } from "../../verifier/hub/store.ts";
import { openProver } from "../../verifier/node/prover.ts";
import { setupDevelopment } from "../../verifier/proofs/groth16/index.ts";
import {
  awaitResult,
  buildRequest,
  decodeOutput,
  encodeInput,
  registerPackage,
  requestInference,
} from "../../verifier/sdk/index.ts";
import { encodeTensors } from "../../verifier/tensor/codec.ts";
import { buildExample, DEEP_EXAMPLES, readExample, SMALL_EXAMPLES } from "../helpers/examples.ts";
import { newLocalMarket, type LocalMarket } from "../helpers/local-market.ts";

const FUNDS = 1_000_000_000n;
const FEE = 2_000_000n;
const CACHE = join(import.meta.dirname, "../../.cache/setup");
const GROTH16_MODULE = new URL("../../verifier/proofs/groth16/index.ts", import.meta.url).href;
/** Set by scripts/test.ts --deep. */
const deep = process.env["VERIGRAD_TEST_DEEP"] === "1";

describe("examples over a chain", function () {
  this.timeout(deep ? 1_800_000 : 300_000);
  let work: string;
  let market: LocalMarket;
  let requester: HDNodeWallet;
  let operator: HDNodeWallet;

  before(async () => {
    work = await mkdtemp(join(tmpdir(), "verigrad-examples-"));
    market = await newLocalMarket(2, FUNDS);
    [requester, operator] = market.accounts as [HDNodeWallet, HDNodeWallet];
  });
  after(async () => {
    await market.close();
    await rm(work, { recursive: true, force: true });
  });

  for (const name of [...SMALL_EXAMPLES, ...(deep ? DEEP_EXAMPLES : [])]) {
    it(`${name}: register, request, claim, prove, settle, audit`, async () => {
      const { chain, reader, token, owner } = market;
      const directory = join(work, name);
      const { files, graph } = await buildExample(name);
      await writePackage(directory, files);
      await setupDevelopment(directory, { cacheDir: CACHE });
      const royalty = { royaltyPayee: owner.address as Address, royaltyBps: 500 };
      const { modelId, insecure } = await registerPackage(directory, reader, market.send(owner), royalty, {
        pollMs: 20,
      });
      expect(insecure).to.equal(true);
      const hub = await openHub(join(work, `${name}-hub`));
      const cid = await hub.add(directory);

      const [sample] = (await readExample(name)).heldOut as [Sample];
      const { manifest, outputSpecs } = await openPackage(directory);
      const before = await reader.balanceOf(token, operator.address as Address);
      const prover = openProver({ module: GROTH16_MODULE, name: "groth16", memoryMb: 2048, timeoutMs: 600_000 });
      const lines: string[] = [];
      const node = { chain, reader, hub, prover, operator, modelId, dataDirectory: join(work, `${name}-node`) };
      const settled = await withNode({ ...node, log: (line) => lines.push(line) }, async () => {
        const request = buildRequest({
          requester: requester.address as Address,
          modelId,
          input: encodeInput(manifest, sample),
          token,
          maxFee: FEE,
          now: (await reader.head()).timestamp,
        });
        const { jobId } = await requestInference(reader, market.send(requester), request, { pollMs: 50 });
        const output = await awaitResult(reader, jobId, { pollMs: 100, timeoutMs: 1_500_000 });
        return { jobId, output };
      }).finally(() => prover.close());

      // What settled is what the integer graph gives, to the byte, and the node went the whole way.
      const expected = execute(graph, quantizeSample(graph.inputs, sample));
      expect(Buffer.from(settled.output).toString("hex")).to.equal(
        Buffer.from(encodeTensors(outputSpecs, expected)).toString("hex"),
      );
      expect(decodeOutput(manifest, settled.output)).to.have.length(graph.outputs.length);
      expect((await reader.job(settled.jobId)).state).to.equal("Settled");
      expect(lines.filter((line) => / sent (claim|fulfil)$/.test(line))).to.deep.equal([
        "  node: sent claim",
        "  node: sent fulfil",
      ]);
      expect(await reader.balanceOf(token, operator.address as Address)).to.be.greaterThan(before);

      const audit = await auditMainJob(reader, hub, cid, settled.jobId, join(work, `${name}-audit`));
      expect(audit.checks.filter(({ ok }) => ok !== true)).to.deep.equal([]);
      expect(audit.verdict).to.equal("valid");
      expect(audit.notices.join()).to.contain("INSECURE");
    });
  }
});
