// SPDX-License-Identifier: GPL-3.0-or-later
import { VerigradError } from "../../verifier/errors.ts";

/** The VerigradError that a call throws; anything else, or nothing, fails the test. */
export function errorOf(call: () => unknown): VerigradError {
  try {
    call();
  } catch (error) {
    if (error instanceof VerigradError) return error;
    throw error;
  }
  throw new Error("did not throw");
}

/** The code of the VerigradError that a call throws. */
export const codeOf = (call: () => unknown): string => errorOf(call).code;

/** The code of the VerigradError that a promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof VerigradError) return error.code;
    throw error;
  }
  throw new Error("did not reject");
}
