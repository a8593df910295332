// SPDX-License-Identifier: GPL-3.0-or-later

/** What the caller should do about an error. Listed with every code in docs/error-codes.md. */
export type Consequence =
  /** The same call may succeed later: nothing is wrong with its input. */
  | "RETRY"
  /** The input is wrong, now and later: tell whoever made it. */
  | "REJECT"
  /** Something that should never happen did: stop and let a person look. */
  | "ESCALATE";

/** The one error class of Verigrad: a stable code, what to do, typed data for programs, and a line for people. */
export class VerigradError extends Error {
  readonly code: string;
  readonly consequence: Consequence;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { consequence?: Consequence; data?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "VerigradError";
    this.code = code;
    this.consequence = options.consequence ?? "REJECT";
    this.data = options.data ?? {};
  }
}
