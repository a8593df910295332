// SPDX-License-Identifier: GPL-3.0-or-later
// What a node knows of a job, and where it keeps it.
import type { Cursor } from "../chain/watcher.ts";
import type { SignedTransaction } from "../chain/transactions.ts";
import type { Address, EventPosition, Hex, Request } from "../chain/types.ts";

/**
 * open -> claiming -> proving -> proven -> submitting -> settled | dropped | setAside. Each arrow is written down before
 * what it stands for is done. The chain, not this field, decides what comes next (decide.ts): after a crash or a
 * reorganisation the same record is looked at again beside the chain's state.
 */
export type JobStatus =
  | "open"
  | "claiming"
  | "proving"
  | "proven"
  | "submitting"
  /** it was settled, and the payee is this node */
  | "settled"
  /** nothing (more) to earn here; the reason says why */
  | "dropped"
  /** it failed again and again: a person should look */
  | "setAside";

export interface Job {
  readonly jobId: Hex;
  readonly request: Request;
  readonly requestedAt: EventPosition;
  readonly status: JobStatus;
  readonly reason: string | null;
  /** failed proofs and refused settlements so far */
  readonly failures: number;
  /** OPTIMISTIC: the output that its claimer proposed */
  readonly proposal: { readonly output: Hex; readonly position: EventPosition } | null;
  readonly claim: SignedTransaction | null;
  readonly proof: { readonly output: Hex; readonly seal: Hex } | null;
  readonly fulfil: SignedTransaction | null;
  readonly settlement: { readonly payee: Address; readonly position: EventPosition } | null;
  /** number of the block at which it got a final status; a fork below it opens the job again */
  readonly endedAt: number | null;
}

export const FINAL: readonly JobStatus[] = ["settled", "dropped", "setAside"];

/** Where jobs are kept. The embedded store is a file; a database can stand in its place. */
export interface JobStore {
  get(jobId: Hex): Promise<Job | null>;
  /** Jobs in the order in which they came; with `open`, without those in a final status. */
  list(filter?: { open: boolean }): Promise<Job[]>;
  /** Durable when it resolves. */
  put(job: Job): Promise<void>;
  cursor(): Promise<Cursor>;
  setCursor(cursor: Cursor): Promise<void>;
  close(): Promise<void>;
}

/** Structured logging, as pino does it. */
export interface Logger {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** Milliseconds since 1970. */
export interface Clock {
  now(): number;
}
