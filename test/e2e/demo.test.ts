// SPDX-License-Identifier: GPL-3.0-or-later
// The demo as a user runs it: a process of its own, whose last line is the report.
import { expect } from "chai";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { DemoReport, ServedReport } from "../../scripts/demo/report.ts";

const run = promisify(execFile);

describe("./dev demo --json", function () {
  this.timeout(300_000);
  let report: DemoReport;
  const systems = (): readonly ServedReport[] => [report, report.tensorcheck];

  before(async () => {
    const { stdout } = await run("node", ["scripts/demo.ts", "--json"], { maxBuffer: 1 << 24 });
    report = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as DemoReport;
  });

  it("settles the main job with the label of the image, the same output proven with either proof system", () => {
    for (const { jobStatus, digit, ok } of systems()) {
      expect(jobStatus).to.equal("Settled");
      expect(digit.outcome).to.equal("Read");
      expect(digit.read).to.equal(digit.label);
      expect(ok).to.equal(true);
    }
    expect(report.sameOutput).to.equal(true);
    expect(report.digit).to.deep.equal(report.tensorcheck.digit);
  });

  it("loses at most 0.3 points of accuracy to integers, on samples kept apart", () => {
    expect(report.samples).to.equal(360);
    expect(report.floatAccuracy).to.be.greaterThan(0.96);
    expect(report.floatAccuracy - report.integerAccuracy).to.be.at.most(0.003);
  });

  it("says that its keys are INSECURE", () => {
    expect(systems().map(({ insecureSetup }) => insecureSetup)).to.deep.equal([true, true]);
  });

  it("audits as valid, every check made", () => {
    for (const { audit } of systems()) {
      expect(audit.verdict).to.equal("valid");
      expect(audit.checks.length).to.be.greaterThan(15);
      expect(audit.checks.every(({ ok }) => ok === true)).to.equal(true);
    }
  });

  it("rejects each attack with its named error, and the unaltered transaction succeeds", () => {
    const errors = ({ attacks }: ServedReport) => Object.fromEntries(attacks.map(({ name, error }) => [name, error]));
    const common = {
      "changed output": "InvalidProof",
      "changed input": "InvalidProof",
      "changed input, in the request": "WrongState",
      "public input + r": "ScalarOutOfField",
      "replayed settlement": "WrongState",
      "another payee with the same proof": "InvalidProof",
    };
    expect(errors(report)).to.deep.equal({
      ...common,
      "negated proof for a settled job": "WrongState",
      "key nobody contributed to": "ForgeableKey",
      "proof whose job has expired": "JobDeadlinePassed",
    });
    expect(errors(report.tensorcheck)).to.deep.equal({
      ...common,
      "changed commitment": "InvalidProof",
      "key of another set-up": "MalformedKey",
    });
    for (const { rejected, unalteredSucceeded } of systems().flatMap(({ attacks }) => attacks)) {
      expect(rejected).to.equal(true);
      expect(unalteredSucceeded).to.equal(true);
    }
    expect(report.refundedAfterExpiry).to.equal(true);
  });

  it("stays inside the limits of gas and constraints", () => {
    const { gas, constraints } = report;
    expect(constraints).to.be.at.most(1_500);
    expect(gas.verify).to.be.at.most(245_000);
    expect(gas.request).to.be.at.most(120_000);
    expect(gas.claim).to.be.at.most(80_000);
    expect(gas.fulfil).to.be.at.most(gas.verify + 115_000);
    expect(report.tensorcheck.gas.verify).to.be.at.most(380_000);
  });
});
