// SPDX-License-Identifier: GPL-3.0-or-later
// The demo's result, and how it is shown to people.
import type { Attack } from "./attacks.ts";

export interface DemoReport {
  readonly model: string;
  /** top-1 on held-out samples, 0..1 */
  readonly floatAccuracy: number;
  readonly integerAccuracy: number;
  readonly samples: number;
  /** largest absolute difference of a logit, in the model's own units */
  readonly maxError: number;
  readonly constraints: number;
  readonly publicSignals: number;
  readonly compileMs: number;
  readonly setupMs: number;
  readonly setupCached: boolean;
  /** a development key: whoever made it could forge proofs */
  readonly insecureSetup: boolean;
  readonly proveColdMs: number;
  readonly proveMs: number;
  readonly verifyMs: number;
  /** request, claim, fulfil, register: whole transactions of plain jobs; verify: inside the call */
  readonly gas: Readonly<Record<"register" | "registerKey" | "request" | "claim" | "fulfil" | "verify", number>>;
  readonly jobStatus: string;
  readonly digit: { readonly read: number; readonly label: number; readonly margin: number; readonly outcome: string };
  readonly audit: {
    readonly verdict: string;
    readonly checks: readonly { readonly name: string; readonly ok: boolean | null }[];
  };
  readonly attacks: readonly Attack[];
  readonly refundedAfterExpiry: boolean;
  /** everything above is as it should be */
  readonly ok: boolean;
  readonly totalMs: number;
}

const number = (value: number): string => value.toLocaleString("en-US");
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/** Sections of two columns; no lines longer than a terminal's 100 characters. */
export function table(report: DemoReport): string {
  const { gas, digit, audit, attacks } = report;
  const failed = audit.checks.filter(({ ok }) => ok !== true);
  const sections: [string, [string, string][]][] = [
    [
      "Model",
      [
        ["model", report.model],
        ["accuracy, float model", `${percent(report.floatAccuracy)} of ${report.samples} held-out samples`],
        ["accuracy, integer graph", percent(report.integerAccuracy)],
        ["largest error of a logit", report.maxError.toFixed(4)],
        ["constraints, public signals", `${number(report.constraints)}, ${report.publicSignals}`],
        ["key", report.insecureSetup ? "INSECURE development set-up" : "ceremony"],
      ],
    ],
    [
      "Time",
      [
        ["compile (calibration and circom included)", seconds(report.compileMs)],
        ["set-up", `${seconds(report.setupMs)}${report.setupCached ? " (cached key)" : ""}`],
        ["prove, cold / warm", `${seconds(report.proveColdMs)} / ${seconds(report.proveMs)}`],
        ["verify off chain", seconds(report.verifyMs)],
      ],
    ],
    ["Gas", Object.entries(gas).map(([name, value]): [string, string] => [name, number(value)])],
    [
      "Settlement",
      [
        ["job", report.jobStatus],
        ["the dApp read", `${digit.read} (label ${digit.label}), ${digit.outcome}, margin ${number(digit.margin)}`],
        ["audit", `${audit.verdict}: ${audit.checks.length - failed.length} of ${audit.checks.length} checks hold`],
        ...failed.map(({ name, ok }): [string, string] => [ok === null ? "  undecided" : "  FAILED", name]),
        ["refund of the expired job", report.refundedAfterExpiry ? "arrived" : "MISSING"],
      ],
    ],
    [
      "Attacks",
      attacks.map(({ name, rejected, error, unalteredSucceeded }): [string, string] => [
        name,
        `${rejected ? `rejected: ${error}` : "ACCEPTED"}${unalteredSucceeded ? "" : " (but the valid one failed too)"}`,
      ]),
    ],
  ];
  const width = Math.max(...sections.flatMap(([, rows]) => rows.map(([name]) => name.length)));
  const lines = sections.flatMap(([title, rows]) => [
    "",
    title,
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
  ]);
  return `${lines.join("\n")}\n\n${report.ok ? "All as it should be" : "NOT as it should be"}, in ${seconds(report.totalMs)}.\n`;
}
