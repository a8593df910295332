// SPDX-License-Identifier: GPL-3.0-or-later
// A job store that forgets: for demonstrations and tests.
import { EMPTY_CURSOR } from "../chain/watcher.ts";
import { FINAL, type Job, type JobStore } from "./types.ts";

export function memoryStore(): JobStore {
  const jobs = new Map<string, Job>();
  let current = EMPTY_CURSOR;
  return {
    get: async (jobId) => jobs.get(jobId) ?? null,
    list: async (filter) => [...jobs.values()].filter((job) => filter?.open !== true || !FINAL.includes(job.status)),
    put: async (job) => {
      jobs.set(job.jobId, job);
    },
    cursor: async () => current,
    setCursor: async (cursor) => {
      current = cursor;
    },
    close: async () => undefined,
  };
}
