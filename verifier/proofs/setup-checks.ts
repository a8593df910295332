// SPDX-License-Identifier: GPL-3.0-or-later
// Checks of a set-up, made one after the other whatever the others found.
import type { SetupCheck } from "./types.ts";

class Failed extends Error {}

/** Ends a check: it has failed, and why. */
export function demand(condition: boolean, otherwise: string): void {
  if (!condition) throw new Failed(otherwise);
}

/** Each check's body says what it found, or throws; a body that throws has failed. */
export async function runSetupChecks(
  bodies: Readonly<Record<string, () => Promise<string>>>,
): Promise<readonly SetupCheck[]> {
  const checks: SetupCheck[] = [];
  for (const [name, body] of Object.entries(bodies)) {
    try {
      checks.push({ name, ok: true, detail: await body() });
    } catch (error) {
      checks.push({ name, ok: false, detail: error instanceof Error ? error.message : String(error) });
    }
  }
  return checks;
}

/** What failed, in a line; null if nothing did. */
export function failureOf(checks: readonly SetupCheck[]): string | null {
  const failed = checks.filter(({ ok }) => !ok);
  return failed.length === 0 ? null : failed.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
}
