// SPDX-License-Identifier: GPL-3.0-or-later

/** What a model is refused for. */
export interface Named {
  readonly node: string;
  readonly operator: string;
  readonly reason: string;
}

/** Why something was not done: a refusal if it names what for, else a failure. */
export interface Shortfall {
  readonly reason: string;
  /** of a VerigradError */
  readonly code?: string;
  readonly refusals?: readonly Named[];
}

/** What one model gave. */
export interface Measured {
  readonly compiled: true;
  /** Largest error of any output on input.json, in real units, and over the largest float value of the same output. */
  readonly maxError: number;
  readonly relError: number;
  /** Whether the largest value of the first output with several is the same as onnxruntime's; null without one. */
  readonly sameClass: boolean | null;
  /** Whose outputs those are: onnxruntime's, or our interpreter's for a file that onnxruntime refuses. */
  readonly reference: "onnxruntime" | "interpreter";
  readonly reason: null;
  readonly nodes: number;
  /** Whether groth16 has a circuit for the whole graph. */
  readonly groth16: boolean;
  readonly calibrateMs: number;
  readonly compileMs: number;
  readonly executeMs: number;
  readonly peakMiB: number;
  /** With --prove: that input.json's execution was proven and verified on chain, or why not. */
  readonly proof?: Proven | ({ readonly proven: false } & Shortfall);
}

/** What proving one execution took; only with --prove. */
export interface Proven {
  readonly proven: true;
  readonly setupMs: number;
  readonly proveMs: number;
  /** inside the call, on a simulated chain */
  readonly verifyGas: number;
  /** what nodes claim by: it takes no more, whatever it verifies */
  readonly mostVerifyGas: number;
  readonly keyBytes: number;
  readonly sealBytes: number;
}

/** Why one model gave nothing. */
export type Refused = { readonly compiled: false } & Shortfall;

/** One line of the report. */
export type Result = { readonly name: string } & (Measured | Refused);
