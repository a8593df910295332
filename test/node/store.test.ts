// SPDX-License-Identifier: GPL-3.0-or-later
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import type { Cursor } from "../../verifier/chain/watcher.ts";
import { openFileStore } from "../../verifier/node/fileStore.ts";
import { memoryStore } from "../../verifier/node/memoryStore.ts";
import type { Job, JobStatus } from "../../verifier/node/types.ts";
import { codeOf } from "../helpers/errors.ts";
import { sampleJob, sampleRequest } from "../helpers/jobs.ts";

const STATUSES: JobStatus[] = ["open", "claiming", "proving", "proven", "submitting", "settled", "dropped", "setAside"];

describe("the embedded job store", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "verigrad-store-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("after any writes and a reopening, holds what a store in memory holds", async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ id: fc.integer({ min: 0, max: 4 }), status: fc.constantFrom(...STATUSES), failures: fc.nat(9) }),
        fc.record({ block: fc.nat(1000) }),
      ),
      { maxLength: 12 },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const path = join(directory, String(run++));
        const model = memoryStore();
        for (const step of list) {
          const file = await openFileStore(path); // every step in a process of its own
          for (const store of [file, model]) {
            if ("block" in step) {
              await store.setCursor({ checkpoints: [{ number: step.block, hash: `0x${"ab".repeat(32)}` }] });
            } else {
              await store.put({ ...sampleJob(step.id), status: step.status, failures: step.failures });
            }
          }
          await file.close();
        }
        const file = await openFileStore(path);
        expect(await file.list()).to.deep.equal(await model.list());
        expect(await file.list({ open: true })).to.deep.equal(await model.list({ open: true }));
        expect(await file.cursor()).to.deep.equal(await model.cursor());
        await file.close();
      }),
      { numRuns: 20 },
    );
  });

  it("forgets a line that a crash cut short, whole lines never", async () => {
    const store = await openFileStore(directory);
    await store.put(sampleJob(1));
    await store.put({ ...sampleJob(1), status: "claiming" });
    await store.close();
    const path = join(directory, "jobs.jsonl");
    await appendFile(
      path,
      JSON.stringify({ job: sampleJob(2) }, (_k, v: unknown) => (typeof v === "bigint" ? `${v}` : v)).slice(0, 50),
    );
    const again = await openFileStore(directory);
    expect((await again.list()).map(({ jobId, status }) => [jobId, status])).to.deep.equal([
      [sampleJob(1).jobId, "claiming"],
    ]);
    await again.close();
  });

  it("reads transactions that were signed before replacements were", async () => {
    const signed = { hash: sampleJob(3).jobId, nonce: 3, raw: "0x00" } as const;
    const line = JSON.stringify({ job: { ...sampleJob(1), claim: signed } }, (_k, v: unknown) =>
      typeof v === "bigint" ? `${v}` : v,
    );
    await writeFile(join(directory, "jobs.jsonl"), `${line}\n`);
    const store = await openFileStore(directory);
    expect((await store.get(sampleJob(1).jobId))?.claim).to.deep.equal({ ...signed, replaced: [] });
    await store.close();
  });

  it("refuses to go on with a damaged line, and says which", async () => {
    const store = await openFileStore(directory);
    await store.put(sampleJob(1));
    await store.close();
    const path = join(directory, "jobs.jsonl");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"failures":0', '"failures":"none"'));
    expect(await codeOf(openFileStore(directory))).to.equal("STORE_CORRUPT");
    await truncate(path, 0);
    await (await openFileStore(directory)).close(); // the refusal held no lock
  });

  it("is held by one node at a time, and freed by the death of its holder", async () => {
    const store = await openFileStore(directory);
    expect(await codeOf(openFileStore(directory))).to.equal("STORE_LOCKED");
    await store.close();
    await writeFile(join(directory, "lock"), "1"); // a process that lives
    expect(await codeOf(openFileStore(directory))).to.equal("STORE_LOCKED");
    await writeFile(join(directory, "lock"), "4194304"); // beyond any pid
    await (await openFileStore(directory)).close();
    await writeFile(join(directory, "lock"), String(process.pid)); // ours, of an earlier life (a container's pid 1)
    const last = await openFileStore(directory);
    expect(await codeOf(last.close())).to.equal("none");
    expect(await codeOf(last.put(sampleJob(1)))).to.equal("STORE_CLOSED");
  });

  it("shows its content to its owner alone", async () => {
    const store = await openFileStore(join(directory, "new"));
    await store.put(sampleJob(1));
    expect((await stat(join(directory, "new/jobs.jsonl"))).mode & 0o077).to.equal(0);
    expect((await stat(join(directory, "new"))).mode & 0o077).to.equal(0);
    await store.close();
  });

  it("does not grow with time: what no longer counts is thrown away, and a cursor that did not move takes no line", async () => {
    const path = join(directory, "jobs.jsonl");
    const cursorAt = (block: number): Cursor => ({
      checkpoints: Array.from({ length: 256 }, (_, i) => ({
        number: block + i,
        hash: `0x${"ab".repeat(32)}` as const,
      })),
    });
    const store = await openFileStore(directory);
    await store.put(sampleJob(1));
    await store.setCursor(cursorAt(0));
    const { size } = await stat(path);
    for (let i = 0; i < 20; i++) await store.setCursor(cursorAt(0));
    expect((await stat(path)).size, "blocks that did not come").to.equal(size);
    let largest = 0;
    for (let block = 1; block <= 900; block++) {
      await store.setCursor(cursorAt(block));
      if (block % 10 === 0) largest = Math.max(largest, (await stat(path)).size);
    }
    expect(largest, "of 22 MB that were written").to.be.within(8e6, 9e6);
    await store.put({ ...sampleJob(1), status: "settled" });
    await store.put(sampleJob(2));
    expect((await stat(path)).mode & 0o077).to.equal(0);
    await store.close();
    const again = await openFileStore(directory);
    expect(await again.cursor()).to.deep.equal(cursorAt(900));
    expect((await again.list()).map(({ status }) => status)).to.deep.equal(["settled", "open"]);
    await again.close();
  });

  it("reads lines of any length, whatever bytes they are cut at", async () => {
    const jobs = [1, 2, 3].map((id): Job => {
      const input = `0x${"07".repeat(65_536)}` as const;
      return { ...sampleJob(id), reason: "é".repeat(id), request: { ...sampleRequest, input } };
    });
    const store = await openFileStore(directory);
    for (const job of jobs) await store.put(job);
    await store.close();
    const again = await openFileStore(directory);
    expect(await again.list()).to.deep.equal(jobs);
    await again.close();
  });

  it("knows jobs by id", async () => {
    const store = await openFileStore(directory);
    const job: Job = sampleJob(3);
    await store.put(job);
    expect(await store.get(job.jobId)).to.deep.equal(job);
    expect(await store.get(`0x${"00".repeat(32)}`)).to.equal(null);
    await store.close();
  });
});
