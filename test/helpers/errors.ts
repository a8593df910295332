// SPDX-License-Identifier: GPL-3.0-or-later
import { VerigradError } from "../../verifier/errors.ts";

/** The code of the VerigradError that a call throws or rejects with; "none" if it succeeds. Anything else is rethrown. */
export async function codeOf(call: (() => unknown) | Promise<unknown>): Promise<string> {
  return (await errorOf(call))?.code ?? "none";
}

/** The VerigradError that a call throws or rejects with; null if it succeeds. Anything else is rethrown. */
export async function errorOf(call: (() => unknown) | Promise<unknown>): Promise<VerigradError | null> {
  try {
    await (typeof call === "function" ? call() : call);
    return null;
  } catch (error) {
    if (error instanceof VerigradError) return error;
    throw error;
  }
}
