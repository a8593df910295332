// SPDX-License-Identifier: GPL-3.0-or-later
// The demo as a user runs it: a process of its own, whose last line is the report.
import { expect } from "chai";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { DemoReport } from "../../scripts/demo/report.ts";

const run = promisify(execFile);

describe("./dev demo --json", function () {
  this.timeout(300_000);
  let report: DemoReport;

  before(async () => {
    const { stdout } = await run("node", ["scripts/demo.ts", "--json"], { maxBuffer: 1 << 24 });
    report = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as DemoReport;
  });

  it("settles the main job with the label of the image", () => {
    expect(report.jobStatus).to.equal("Settled");
    expect(report.digit.outcome).to.equal("Read");
    expect(report.digit.read).to.equal(report.digit.label);
    expect(report.ok).to.equal(true);
  });

  it("loses at most 0.3 points of accuracy to integers, on samples kept apart", () => {
    expect(report.samples).to.equal(360);
    expect(report.floatAccuracy).to.be.greaterThan(0.96);
    expect(report.floatAccuracy - report.integerAccuracy).to.be.at.most(0.003);
  });

  it("says that its key is INSECURE", () => {
    expect(report.insecureSetup).to.equal(true);
  });

  it("audits as valid, every check made", () => {
    expect(report.audit.verdict).to.equal("valid");
    expect(report.audit.checks.length).to.be.greaterThan(15);
    expect(report.audit.checks.every(({ ok }) => ok === true)).to.equal(true);
  });

  it("rejects each attack with its named error, and the unaltered transaction succeeds", () => {
    expect(Object.fromEntries(report.attacks.map(({ name, error }) => [name, error]))).to.deep.equal({
      "changed output": "InvalidProof",
      "changed input": "InvalidProof",
      "changed input, in the request": "WrongState",
      "public input + r": "ScalarOutOfField",
      "replayed settlement": "WrongState",
      "negated proof for a settled job": "WrongState",
      "another payee with the same proof": "InvalidProof",
      "key nobody contributed to": "ForgeableKey",
      "proof whose job has expired": "JobDeadlinePassed",
    });
    expect(report.attacks.every(({ rejected, unalteredSucceeded }) => rejected && unalteredSucceeded)).to.equal(true);
    expect(report.refundedAfterExpiry).to.equal(true);
  });

  it("stays inside the limits of gas and constraints", () => {
    const { gas, constraints } = report;
    expect(constraints).to.be.at.most(1_500);
    expect(gas.verify).to.be.at.most(245_000);
    expect(gas.request).to.be.at.most(120_000);
    expect(gas.claim).to.be.at.most(80_000);
    expect(gas.fulfil).to.be.at.most(gas.verify + 115_000);
  });
});
