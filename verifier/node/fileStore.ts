// SPDX-License-Identifier: GPL-3.0-or-later
// The embedded job store: one append-only file of JSON lines in a directory that one process holds. The last line of a
// job counts; a line cut short by a crash was never promised to anybody and is dropped.
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, mkdir, open, readFile, rename, rm, writeFile, type FileHandle } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { bytes, hash32, address, requestSchema, toJson } from "../chain/types.ts";
import { EMPTY_CURSOR, type Cursor } from "../chain/watcher.ts";
import { VerigradError } from "../errors.ts";
import { FINAL, type Job, type JobStore } from "./types.ts";

const position = z.strictObject({
  blockNumber: z.int(),
  blockHash: hash32,
  transactionHash: hash32,
  logIndex: z.int(),
});
const signed = z.strictObject({ hash: hash32, nonce: z.int(), raw: bytes, replaced: z.array(hash32).default([]) });
const jobSchema: z.ZodType<Job> = z.strictObject({
  jobId: hash32,
  request: requestSchema,
  requestedAt: position,
  status: z.enum(["open", "claiming", "proving", "proven", "submitting", "settled", "dropped", "setAside"]),
  reason: z.string().nullable(),
  failures: z.int(),
  proposal: z.strictObject({ output: bytes, position }).nullable(),
  claim: signed.nullable(),
  proof: z.strictObject({ output: bytes, seal: bytes }).nullable(),
  fulfil: signed.nullable(),
  settlement: z.strictObject({ payee: address, position }).nullable(),
  endedAt: z.int().nullable(),
});
const cursorSchema: z.ZodType<Cursor> = z.strictObject({
  checkpoints: z.array(z.strictObject({ number: z.int(), hash: hash32 })),
});
const lineSchema = z.union([z.strictObject({ job: jobSchema }), z.strictObject({ cursor: cursorSchema })]);

/** What the file may hold beyond what counts before it is rewritten: a node that runs for months must not fill the disk. */
const WASTE_BYTES = 8 * 2 ** 20;

/** Data directories that this process holds: its own lock is no stale one. */
const held = new Set<string>();

/**
 * Opens (and makes) a store. Errors: STORE_LOCKED when another node uses the directory, STORE_CORRUPT when a line other
 * than the last does not parse.
 */
export async function openFileStore(directory: string): Promise<JobStore> {
  const root = resolve(directory);
  await mkdir(root, { recursive: true, mode: 0o700 });
  await lock(root);
  try {
    const path = join(root, "jobs.jsonl");
    const state = await load(path);
    return storeOver(root, path, await compact(path, state), state);
  } catch (error) {
    await unlock(root);
    throw error;
  }
}

interface State {
  readonly jobs: Map<string, Job>;
  cursor: Cursor;
}

/** A file of lines, and how long it was when it held nothing but what counts. */
interface Lines {
  readonly file: FileHandle;
  readonly compacted: number;
}

function storeOver(root: string, path: string, opened: Lines, state: State): JobStore {
  let lines = opened;
  let appended = 0;
  let queue: Promise<unknown> = Promise.resolve();
  let closed = false;
  /** One append at a time, each on the disk before it counts and the call resolves. */
  const append = (line: unknown, apply: () => void): Promise<void> => {
    const write = queue.then(async () => {
      if (closed) throw new VerigradError("STORE_CLOSED", "the job store is closed", { consequence: "ESCALATE" });
      const text = `${toJson(line)}\n`;
      await lines.file.appendFile(text);
      await lines.file.datasync();
      apply();
      appended += text.length;
      if (appended <= lines.compacted + WASTE_BYTES) return;
      const old = lines.file;
      lines = await compact(path, state);
      appended = 0;
      await old.close();
    });
    queue = write.catch(() => undefined);
    return write;
  };
  return {
    get: async (jobId) => state.jobs.get(jobId) ?? null,
    list: async (filter) =>
      [...state.jobs.values()].filter((job) => filter?.open !== true || !FINAL.includes(job.status)),
    put: (job) => append({ job }, () => state.jobs.set(job.jobId, job)),
    cursor: async () => state.cursor,
    setCursor: async (cursor) => {
      if (isSame(cursor, state.cursor)) return;
      await append({ cursor }, () => (state.cursor = cursor));
    },
    close: async () => {
      await queue;
      if (closed) return;
      closed = true;
      await lines.file.close();
      await unlock(root);
    },
  };
}

/** A cursor is set at each tick, also when no block came: equal ones take no line. */
function isSame(a: Cursor, b: Cursor): boolean {
  return (
    a.checkpoints.length === b.checkpoints.length &&
    a.checkpoints.every(({ number, hash }, i) => number === b.checkpoints[i]?.number && hash === b.checkpoints[i]?.hash)
  );
}

async function load(path: string): Promise<State> {
  const state: State = { jobs: new Map(), cursor: EMPTY_CURSOR };
  let count = 0;
  for await (const line of wholeLines(path)) {
    count++;
    if (line === "") continue;
    const parsed = lineSchema.safeParse(jsonOrNull(line));
    if (!parsed.success) {
      throw new VerigradError("STORE_CORRUPT", `${path}, line ${count} is damaged`, { consequence: "ESCALATE" });
    }
    if ("job" in parsed.data) state.jobs.set(parsed.data.job.jobId, parsed.data.job);
    else state.cursor = parsed.data.cursor;
  }
  return state;
}

/** Lines that end: what follows the last newline was cut short. Never the whole file at once, which a string may not hold. */
async function* wholeLines(path: string): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        yield Buffer.concat([...rest, chunk.subarray(from, end)]).toString("utf8");
        rest = [];
        from = end + 1;
      }
      rest.push(chunk.subarray(from));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function jsonOrNull(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Rewrites the file with what counts, by one rename, and opens it for appending. */
async function compact(path: string, state: State): Promise<Lines> {
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", 0o600);
  let compacted = 0;
  try {
    for (const line of [...[...state.jobs.values()].map((job) => ({ job })), { cursor: state.cursor }]) {
      const text = `${toJson(line)}\n`;
      await file.appendFile(text);
      compacted += text.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  return { file: await open(path, "a", 0o600), compacted };
}

async function lock(root: string): Promise<void> {
  const path = join(root, "lock");
  const own = join(root, `lock.${randomUUID()}`);
  await writeFile(own, String(process.pid), { mode: 0o600 });
  try {
    await acquire(root, own, path);
  } finally {
    await rm(own, { force: true });
  }
}

/** A link appears with its content, so nobody ever reads a lock that is not yet written. */
async function acquire(root: string, own: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await link(own, path);
      held.add(root);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const pid = Number(await readFile(path, "utf8").catch(() => ""));
      if (held.has(root) || (pid !== process.pid && isAlive(pid))) break;
      await rm(path, { force: true }); // its holder is gone
    }
  }
  throw new VerigradError("STORE_LOCKED", `another node uses ${root}`, { data: { directory: root } });
}

async function unlock(root: string): Promise<void> {
  held.delete(root);
  await rm(join(root, "lock"), { force: true });
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
