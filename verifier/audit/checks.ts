// SPDX-License-Identifier: GPL-3.0-or-later
// The checks of an audit, each by itself: it says what it found, or why it could not look.
import type { ChainReader } from "../chain/client.ts";
import { VerigradError } from "../errors.ts";
import type { ProofSystem } from "../proofs/types.ts";

/** ok: true holds, false does not, null could not be checked. */
export interface AuditCheck {
  readonly name: string;
  readonly ok: boolean | null;
  readonly detail: string;
}

export type Verdict = "valid" | "invalid" | "indeterminate";

/** Thrown by a check's body: it looked, and what it saw is wrong. */
export class Refuted extends Error {}
/** Thrown by a check's body: it could not look. */
export class Undecided extends Error {}

/** A check's body: gives a line about what it saw; throws Refuted, Undecided or a VerigradError otherwise. */
export type CheckBody = () => Promise<string> | string;

/** A check by its name. */
export type Named = readonly [name: string, body: CheckBody];

export interface AuditDependencies {
  readonly proofSystem: ProofSystem;
  /** asks the deployed proof system too; without it that check stays undecided */
  readonly chain?: ChainReader;
  /** the ceremony's powers-of-tau file, where the set-up is not a development one */
  readonly ptau?: string;
  /** text of the opening, where the job's input is committed; without it nothing is said about input and output */
  readonly opening?: string;
}

export function demand(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Refuted(otherwise);
}

/** Demands that two texts are equal. */
export function demandEqual(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [String(actual), String(expected)];
  demand(a.toLowerCase() === b.toLowerCase(), `${what}: expected ${shorten(b)}, found ${shorten(a)}`);
}

const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);

/** Runs one check. A VerigradError refutes, but those that ask to be tried again leave it undecided. */
export async function runCheck(name: string, body: CheckBody): Promise<AuditCheck> {
  try {
    return { name, ok: true, detail: await body() };
  } catch (error) {
    if (error instanceof Undecided) return { name, ok: null, detail: error.message };
    if (error instanceof Refuted) return { name, ok: false, detail: error.message };
    if (error instanceof VerigradError) {
      const undecided = error.consequence === "RETRY" || error.code === "ABORTED";
      return { name, ok: undecided ? null : false, detail: `${error.code}: ${error.message}` };
    }
    throw error;
  }
}

/** invalid if anything is refuted; valid only if everything was checked and holds. */
export function verdictOf(checks: readonly AuditCheck[]): Verdict {
  if (checks.some(({ ok }) => ok === false)) return "invalid";
  return checks.every(({ ok }) => ok === true) ? "valid" : "indeterminate";
}
