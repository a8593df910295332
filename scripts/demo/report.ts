// SPDX-License-Identifier: GPL-3.0-or-later
// The demo's result, and how it is shown to people.
import type { Attack } from "./field.ts";

/** The job in one proof system. */
export interface ServedReport {
  readonly compileMs: number;
  readonly setupMs: number;
  readonly setupCached: boolean;
  /** a development key: whoever made it could forge proofs */
  readonly insecureSetup: boolean;
  readonly proveColdMs: number;
  readonly proveMs: number;
  readonly verifyMs: number;
  readonly proofBytes: number;
  /** request, claim, fulfil, register: whole transactions of plain jobs; verify: inside the call */
  readonly gas: Readonly<Record<"register" | "registerKey" | "request" | "claim" | "fulfil" | "verify", number>>;
  readonly jobStatus: string;
  readonly digit: { readonly read: number; readonly label: number; readonly margin: number; readonly outcome: string };
  readonly audit: {
    readonly verdict: string;
    readonly checks: readonly { readonly name: string; readonly ok: boolean | null }[];
  };
  readonly attacks: readonly Attack[];
  /** everything above is as it should be */
  readonly ok: boolean;
}

/** The figures outside `tensorcheck` are groth16's. */
export interface DemoReport extends ServedReport {
  readonly model: string;
  /** top-1 on held-out samples, 0..1 */
  readonly floatAccuracy: number;
  readonly integerAccuracy: number;
  readonly samples: number;
  /** largest absolute difference of a logit, in the model's own units */
  readonly maxError: number;
  readonly constraints: number;
  readonly publicSignals: number;
  readonly refundedAfterExpiry: boolean;
  readonly tensorcheck: ServedReport;
  /** both proof systems proved the same output bytes */
  readonly sameOutput: boolean;
  readonly totalMs: number;
}

const number = (value: number): string => value.toLocaleString("en-US");
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/** A row: its name, and a cell for each proof system. */
type Row = readonly [string, ...string[]];

const attackOutcome = ({ rejected, error, unalteredSucceeded }: Attack): string =>
  `${rejected ? `rejected: ${error}` : "ACCEPTED"}${unalteredSucceeded ? "" : " (but the valid one failed too)"}`;

/** Sections of rows, groth16's column and tensorcheck's; no lines longer than a terminal's 100 characters. */
export function table(report: DemoReport): string {
  const systems: readonly ServedReport[] = [report, report.tensorcheck];
  const each = (name: string, cell: (system: ServedReport) => string): Row => [name, ...systems.map(cell)];
  const failures = systems.flatMap(({ audit }, s) =>
    audit.checks
      .filter(({ ok }) => ok !== true)
      .map(({ name, ok }): Row => [
        ok === null ? "  undecided" : "  FAILED",
        ...systems.map((_, t) => (s === t ? name : "")),
      ]),
  );
  const attacks = [...new Set(systems.flatMap((system) => system.attacks.map(({ name }) => name)))];
  const sections: [string, Row[]][] = [
    [
      "Model",
      [
        ["model", report.model],
        ["accuracy, float model", `${percent(report.floatAccuracy)} of ${report.samples} held-out samples`],
        ["accuracy, integer graph", percent(report.integerAccuracy)],
        ["largest error of a logit", report.maxError.toFixed(4)],
        ["constraints, public signals", `${number(report.constraints)}, ${report.publicSignals} (groth16)`],
      ],
    ],
    [
      "Time",
      [
        ["", "groth16", "tensorcheck"],
        each("compile (groth16: and calibrate)", ({ compileMs }) => seconds(compileMs)),
        each("set-up", ({ setupMs, setupCached }) => `${seconds(setupMs)}${setupCached ? " (cached)" : ""}`),
        each("prove, cold / warm", ({ proveColdMs, proveMs }) => `${seconds(proveColdMs)} / ${seconds(proveMs)}`),
        each("verify off chain", ({ verifyMs }) => seconds(verifyMs)),
        each("bytes of a proof", ({ proofBytes }) => number(proofBytes)),
        each("key", ({ insecureSetup }) => (insecureSetup ? "INSECURE development" : "ceremony")),
      ],
    ],
    [
      "Gas",
      Object.keys(report.gas).map((name) => each(name, ({ gas }) => number(gas[name as keyof ServedReport["gas"]]))),
    ],
    [
      "Settlement",
      [
        each("job", ({ jobStatus }) => jobStatus),
        each("the dApp read", ({ digit }) => `${digit.read} (label ${digit.label}), ${digit.outcome}`),
        each("margin", ({ digit }) => number(digit.margin)),
        each(
          "audit",
          ({ audit: { verdict, checks } }) =>
            `${verdict}: ${checks.filter(({ ok }) => ok === true).length} of ${checks.length} checks hold`,
        ),
        ...failures,
        ["outputs proven", report.sameOutput ? "the same" : "DIFFERENT"],
        ["refund of the expired job", report.refundedAfterExpiry ? "arrived" : "MISSING"],
      ],
    ],
    [
      "Attacks",
      attacks.map((name) =>
        each(name, (system) => {
          const attack = system.attacks.find((one) => one.name === name);
          return attack === undefined ? "" : attackOutcome(attack);
        }),
      ),
    ],
  ];
  const rows = sections.flatMap(([, all]) => all);
  const widths = [0, 1].map((column) =>
    Math.max(...rows.filter(({ length }) => length > column + 1).map((row) => (row[column] ?? "").length)),
  );
  const lines = sections.flatMap(([title, all]) => [
    "",
    title,
    ...all.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd()),
  ]);
  return `${lines.join("\n")}\n\n${report.ok ? "All as it should be" : "NOT as it should be"}, in ${seconds(report.totalMs)}.\n`;
}
