// SPDX-License-Identifier: GPL-3.0-or-later
// The demo's result for people.
import type { DemoReport } from "../demo.ts";

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
